"""Semgrep's own tests of rules: https://semgrep.dev/docs/writing-rules/testing-rules.

Never `--validate`, which fetches rules from a registry. What a run says of one rule it may say beside all others, so
rules are left out and asked for again until nothing is refused.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_llmlearn.adapters.semgrep import program
from pytest_llmlearn.domain.cleaning import flat
from pytest_llmlearn.domain.graduation import Graduate
from pytest_llmlearn.domain.rule_file import RuleFile
from pytest_llmlearn.errors import ScannerUnavailable

SECONDS = 120.0
_SAID = 200
_MISMATCH = "rule id mismatch"
_OFFLINE = ("--metrics=off", "--disable-version-check")


class SemgrepRuleTests:
    """`ports.RuleTests`. `named` is the program's path, where it is not to be looked for."""

    def __init__(self, environ: Mapping[str, str], named: str = "") -> None:
        self._environ = environ
        self._named = named

    def failing(self, rules: Sequence[Graduate]) -> Mapping[str, str]:
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
            left = list(rules)
            while left:
                blocks = tuple((one.fingerprint, one.block) for one in left)
                (folder / "learned.yml").write_text(RuleFile(blocks=blocks).text(), encoding="utf-8")
                # A test of a rule that is not there ends all of them.
                (folder / "learned.py").write_text("".join(one.cases for one in left), encoding="utf-8")
                new = self._refused(found, folder, _sections(left))
                if not new:
                    break
                failed |= new
                left = [one for one in left if one.name not in new]
        return failed

    def _refused(self, found: str, folder: Path, sections: Mapping[str, range]) -> dict[str, str]:
        """Rules that Semgrep refuses; where it refuses none, those whose tests fail."""
        command = [found, "scan", "--test", "--json", *_OFFLINE, "--config", "learned.yml", "learned.py"]
        _, printed, said = self._run(command, folder)
        # A rule that finds nothing at all has no line in the answer: there is none then.
        silent = {name: "Semgrep does not find the code that failed" for name in sections if f"'{name}'" in said}
        if _MISMATCH in said and silent:
            return silent
        checks = (_told(printed, said).get("results") or {}).get("learned.yml", {}).get("checks", {})
        refused: dict[str, str] = {}
        failed: dict[str, str] = {}
        for error in (each for check in checks.values() for each in check.get("errors") or ()):
            name = str(error.get("rule_id") or "").rpartition(".")[2]
            if name in sections:
                refused[name] = f"Semgrep refuses it: {flat(str(error.get('message')), _SAID)}"
        for name, section in sections.items():
            expected, reported = _lines(checks.get(name) or {}, section)
            if not expected or expected != reported:
                failed[name] = f"its test fails: it should find lines {expected}, and finds {reported}"
        if refused or failed:
            return refused or failed
        status, said = self._scanned(found, folder)
        if status in (2, 7):
            raise ScannerUnavailable(f"Semgrep cannot use the rules (exit {status}): {flat(said, _SAID)}")
        return {}

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


def _told(printed: str, said: str) -> dict[str, Any]:
    try:
        told = json.loads(printed)
    except ValueError:
        raise ScannerUnavailable(f"Semgrep did not say how its tests ended: {flat(said, _SAID)}") from None
    return told if isinstance(told, dict) else {}


def _sections(rules: Sequence[Graduate]) -> dict[str, range]:
    """The lines that each rule's test has among all: what one rule finds in another's is no fault of it."""
    found, start = {}, 1
    for one in rules:
        end = start + one.cases.count("\n")
        found[one.name] = range(start, end)
        start = end
    return found


def _lines(check: Mapping[str, Any], section: range) -> tuple[list[int], list[int]]:
    """The lines of a test, from 1, at which its rule should be found, and those at which it was."""
    told = [(lines.get("expected_lines") or (), lines.get("reported_lines") or ()) for lines in
            (check.get("matches") or {}).values()]  # fmt: skip
    expected = sorted({line - section.start + 1 for one, _ in told for line in one if line in section})
    reported = sorted({line - section.start + 1 for _, one in told for line in one if line in section})
    return expected, reported
