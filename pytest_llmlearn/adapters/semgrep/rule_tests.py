"""Semgrep's own tests of rules: https://semgrep.dev/docs/writing-rules/testing-rules.

Never `--validate`, which fetches rules from a registry. What a run says of one rule it may say beside all others, so
rules are left out and asked for again until nothing is refused.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_llmlearn.adapters.semgrep import program
from pytest_llmlearn.domain.cleaning import flat
from pytest_llmlearn.domain.rule_file import RuleFile, name_of, read
from pytest_llmlearn.errors import ScannerUnavailable

SECONDS = 120.0
_SAID = 200
_OFFLINE = ("--metrics=off", "--disable-version-check")


class SemgrepRuleTests:
    """`ports.RuleTests`. `named` is the program's path, where it is not to be looked for."""

    def __init__(self, environ: Mapping[str, str], named: str = "") -> None:
        self._environ = environ
        self._named = named

    def failing(self, rules: str, cases: str) -> Mapping[str, str]:
        """Those that are refused or fail their tests; see `ports.RuleTests`."""
        found = program.find(self._environ, self._named)
        if found is None:
            raise ScannerUnavailable(
                "rules are checked by Semgrep, which is not installed (pip install 'pytest-llmlearn[security]')",
                missing=True,
            )
        failed: dict[str, str] = {}
        with tempfile.TemporaryDirectory(prefix="llmlearn-rules-") as scratch:
            folder = Path(scratch)
            (folder / "learned.py").write_text(cases, encoding="utf-8")
            blocks = read(rules).blocks
            while blocks:
                (folder / "learned.yml").write_text(RuleFile(blocks=blocks).text(), encoding="utf-8")
                new = self._refused(found, folder, [name_of(block) for _, block in blocks])
                if not new:
                    break
                failed |= new
                blocks = tuple(each for each in blocks if name_of(each[1]) not in new)
        return failed

    def _refused(self, found: str, folder: Path, names: list[str]) -> dict[str, str]:
        """Rules that Semgrep refuses; where it refuses none, those whose tests fail."""
        told = self._told(
            [found, "scan", "--test", "--json", *_OFFLINE, "--config", "learned.yml", "learned.py"], folder
        )
        checks = (told.get("results") or {}).get("learned.yml", {}).get("checks", {})
        refused: dict[str, str] = {}
        failed: dict[str, str] = {}
        for check in checks.values():
            for error in check.get("errors") or ():
                name = str(error.get("rule_id") or "").rpartition(".")[2]
                if name in names:
                    refused[name] = f"Semgrep refuses it: {flat(str(error.get('message')), _SAID)}"
        for name in names:
            check = checks.get(name)
            if check is None:
                failed[name] = "Semgrep did not test it"
            elif not check.get("passed"):
                failed[name] = f"its test fails: {_where(check)}"
        if refused or failed:
            return refused or failed
        status, said = self._scanned(found, folder)
        if status in (2, 7):
            raise ScannerUnavailable(f"Semgrep cannot use the rules (exit {status}): {flat(said, _SAID)}")
        return {}

    def _told(self, command: list[str], folder: Path) -> dict[str, Any]:
        _, printed, said = self._run(command, folder)
        try:
            told = json.loads(printed)
        except ValueError:
            raise ScannerUnavailable(f"Semgrep did not say how its tests ended: {flat(said, _SAID)}") from None
        return told if isinstance(told, dict) else {}

    def _scanned(self, found: str, folder: Path) -> tuple[int, str]:
        command = [found, "scan", "--quiet", *_OFFLINE, "--config", "learned.yml", "learned.py"]
        status, _, said = self._run(command, folder)
        return status, said

    def _run(self, command: list[str], folder: Path) -> tuple[int, str, str]:
        environ = {name: value for name, value in self._environ.items() if not name.startswith("SEMGREP_")}
        environ |= {
            "SEMGREP_SEND_METRICS": "off",
            "SEMGREP_SETTINGS_FILE": str(folder / "settings.yml"),
            "SEMGREP_LOG_FILE": str(folder / "semgrep.log"),
            "NO_COLOR": "1",
            "PYTHONUTF8": "1",
        }
        try:
            done = subprocess.run(
                command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                encoding="utf-8", errors="replace", timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ScannerUnavailable(f"Semgrep did not end its tests within {SECONDS:.0f} seconds") from None
        except OSError as error:
            raise ScannerUnavailable(f"{command[0]} cannot be started: {error.strerror or error}") from None
        return done.returncode, done.stdout, done.stderr


def _where(check: Mapping[str, Any]) -> str:
    """At which lines a rule was expected to fire, and where it did."""
    said = []
    for lines in (check.get("matches") or {}).values():
        expected, reported = lines.get("expected_lines"), lines.get("reported_lines")
        said.append(f"expected at lines {expected}, found at {reported}")
    return "; ".join(said) or "it found nothing"
