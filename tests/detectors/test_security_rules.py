"""The shipped Semgrep rules: what each must flag and must leave alone, and what it has to say of itself."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "pytest_llmlearn" / "detectors" / "rules"
CASES = Path(__file__).parent / "rules"
ENOUGH = 3
# Beside this interpreter first: an environment that is not activated has it there and not on PATH.
SEMGREP = shutil.which("semgrep", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
ANNOTATION = re.compile(r"#\s*(ruleid|ok):\s*(.+)")

pytest.importorskip("ruamel.yaml", reason="comes with semgrep")
from ruamel.yaml import YAML  # noqa: E402


def shipped() -> dict[str, dict[str, Any]]:
    """Every shipped rule by its id, with the name of its file."""
    rules: dict[str, dict[str, Any]] = {}
    for path in sorted(RULES.glob("*.yml")):
        for rule in YAML(typ="safe").load(path.read_text(encoding="utf-8"))["rules"]:
            assert rule["id"] not in rules, f"{rule['id']} stands twice"
            rules[rule["id"]] = {**rule, "file": path.stem}
    return rules


def test_each_rule_has_cases_on_both_sides() -> None:
    """A rule without three mistakes to find and three sound lines to pass is not known to work."""
    counted: Counter[tuple[str, str]] = Counter()
    for path in CASES.glob("*.py"):
        for kind, ids in ANNOTATION.findall(path.read_text(encoding="utf-8")):
            counted.update((kind, one.strip()) for one in ids.split(","))
    few = {
        rule: (counted["ruleid", rule], counted["ok", rule])
        for rule in shipped()
        if min(counted["ruleid", rule], counted["ok", rule]) < ENOUGH
    }
    assert not few


def test_each_rule_says_what_it_is_about() -> None:
    """A finding carries a sentence, a remedy, how sure it is, and for security the weakness by number."""
    for name, rule in shipped().items():
        about = rule["metadata"]
        assert rule["message"].endswith("."), name
        assert about["fix"], name
        assert about["confidence"] in ("HIGH", "MEDIUM", "LOW"), name
        assert rule["severity"] in ("ERROR", "WARNING", "INFO"), name
        if about["category"] == "security":
            assert about["cwe"], name
            assert about["owasp"], name


def test_unsure_rules_live_apart() -> None:
    """What is off by default is one file, so that leaving it out takes no list of names."""
    apart = {name for name, rule in shipped().items() if rule["file"] == "audit"}
    assert apart == {name for name, rule in shipped().items() if rule["metadata"]["confidence"] == "LOW"}


def test_what_ships_is_what_was_edited() -> None:
    """The shipped files are made from tools/security_rules; an edit at the wrong end would be lost."""
    spec = importlib.util.spec_from_file_location("security_rules", ROOT / "tools" / "security_rules.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.files() == {path.name: path.read_text(encoding="utf-8") for path in RULES.iterdir() if path.is_file()}
    documented = tool.PAGE.read_text(encoding="utf-8")
    assert tool.page(tool.edited(), documented) == documented


@pytest.mark.skipif(SEMGREP is None, reason="no semgrep")
def test_rules_find_the_mistakes_and_nothing_else(tmp_path: Path) -> None:
    """Semgrep's own check of the cases: every line marked is flagged by that rule, and no other line of the file."""
    assert SEMGREP is not None
    done = subprocess.run(
        [SEMGREP, "scan", "--test", "--metrics=off", "--disable-version-check", "--json", "--config", RULES, CASES],
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(tmp_path)},
        check=False,
    )
    answer = json.loads(done.stdout)
    wrong = {
        rule: (sorted(set(lines["expected_lines"]) ^ set(lines["reported_lines"])))
        for result in answer["results"].values()
        for rule, check in result["checks"].items()
        for lines in check["matches"].values()
        if set(lines["expected_lines"]) != set(lines["reported_lines"])
    }
    assert not wrong
    assert not answer["config_with_errors"]
    checked = {rule for result in answer["results"].values() for rule in result["checks"]}
    assert checked == set(shipped())
