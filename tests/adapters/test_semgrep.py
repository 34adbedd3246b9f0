"""Semgrep as we ask it, and whatever may become of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.semgrep import program
from pytest_llmlearn.adapters.semgrep.answer import read
from pytest_llmlearn.adapters.semgrep.scanner import SemgrepScanner
from pytest_llmlearn.errors import ScannerUnavailable
from tests.scanning import FakeSemgrep

BAD = 'def find(name):\n    cursor.execute(f"SELECT {name}")\n'
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the program that stands in is a script")


@pytest.fixture
def fake(tmp_path: Path) -> FakeSemgrep:
    (tmp_path / "app.py").write_text(BAD, encoding="utf-8")
    return FakeSemgrep(tmp_path / "bin")


def _scanner(fake: FakeSemgrep, how: str = "", seconds: float = 60.0, **more: object) -> SemgrepScanner:
    environ: Mapping[str, str] = {**os.environ, "FAKE_SEMGREP": how}
    root = fake.program.parent.parent
    return SemgrepScanner(root, environ, program=str(fake.program), seconds=seconds, **more)  # type: ignore[arg-type]


def test_a_finding_has_all_that_is_known_of_it(fake: FakeSemgrep) -> None:
    """Rule, place, weakness, severity in our words, and what to do instead."""
    (flaw,) = _scanner(fake).scan(["app.py"]).flaws
    assert (flaw.path, flaw.line, flaw.rule_id, flaw.severity) == (
        "app.py",
        2,
        "security.sql-built-from-parts",
        "critical",
    )
    assert (flaw.cwe, flaw.owasp, flaw.fix) == (("CWE-89",), ("A03",), "Use parameterized queries.")


def test_it_is_never_asked_to_go_to_the_network(fake: FakeSemgrep) -> None:
    """No metrics, no check for newer versions, rules from files, whichever engine."""
    _scanner(fake, "half").scan(["app.py"])
    asked = [json.loads(line) for line in fake.asked]
    assert ["--experimental" in words for words in asked] == [True, False]
    for words in asked:
        assert {"--metrics=off", "--disable-version-check"} <= set(words)
        configs = [words[at + 1] for at, word in enumerate(words) if word == "--config"]
        assert configs and all(Path(config).is_file() for config in configs)
        assert not any(Path(config).name == "audit.yml" for config in configs)


def test_the_plain_engine_answers_where_the_faster_one_fails(fake: FakeSemgrep) -> None:
    """It takes longer, and finds the same."""
    assert len(_scanner(fake, "half").scan(["app.py"]).flaws) == 1


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("crash", "Stack_overflow"),
        ("memory", "ran out of memory"),
        ("garbage", "failed (status 0)"),
        ("old", "too old"),
    ],
)
def test_what_becomes_of_it_is_one_sentence(fake: FakeSemgrep, how: str, said: str) -> None:
    """Never a traceback of somebody else's."""
    with pytest.raises(ScannerUnavailable) as caught:
        _scanner(fake, how).scan(["app.py"]) if how != "old" else _scanner(fake, how).terms()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_that_hangs_is_stopped_with_its_children(fake: FakeSemgrep) -> None:
    """Nothing of it runs on."""
    started = time.monotonic()
    with pytest.raises(ScannerUnavailable, match="did not end within 1 seconds"):
        _scanner(fake, "hang", seconds=1.0).scan(["app.py"])
    assert time.monotonic() - started < 30
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(fake.program) not in running


def test_a_missing_one_is_told_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither beside the interpreter nor on PATH."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ScannerUnavailable, match=r"pip install 'pytest-llmlearn\[security\]'") as caught:
        SemgrepScanner(tmp_path, {"PATH": str(tmp_path)}).terms()
    assert caught.value.missing
    with pytest.raises(ScannerUnavailable, match="there is no program nowhere"):
        SemgrepScanner(tmp_path, {"PATH": str(tmp_path)}, program="nowhere").terms()


def test_a_users_own_rules_are_heard_too(fake: FakeSemgrep, tmp_path: Path) -> None:
    """Their weaknesses are told by number, whatever else their label says."""
    (tmp_path / "mine.yml").write_text("rules: []", encoding="utf-8")
    (tmp_path / "app.py").write_text(f"{BAD}yaml.load(x)\n", encoding="utf-8")
    found = _scanner(fake, configs=["mine.yml"]).scan(["app.py"]).flaws
    assert [(flaw.rule_id, flaw.cwe) for flaw in found] == [
        ("security.sql-built-from-parts", ("CWE-89",)),
        ("security.my-yaml", ("CWE-502",)),
    ]


@pytest.mark.parametrize(("text", "said"), [("bad", "cannot be used"), (None, "there are no rules at mine.yml")])
def test_bad_rules_of_a_user_cost_only_themselves(
    fake: FakeSemgrep, tmp_path: Path, text: str | None, said: str
) -> None:
    """One sentence, and what ours find."""
    if text is not None:
        (tmp_path / "mine.yml").write_text(text, encoding="utf-8")
    answer = _scanner(fake, configs=["mine.yml"]).scan(["app.py"])
    assert len(answer.flaws) == 1
    (problem,) = answer.problems
    assert said in problem.message


def test_other_rules_are_other_terms(fake: FakeSemgrep, tmp_path: Path) -> None:
    """What was scanned under others is scanned again."""
    (tmp_path / "mine.yml").write_text("rules: []", encoding="utf-8")
    plain, audited = _scanner(fake).terms(), _scanner(fake, audit=True).terms()
    first = _scanner(fake, configs=["mine.yml"]).terms()
    (tmp_path / "mine.yml").write_text("rules: [1]", encoding="utf-8")
    assert len({plain, audited, first, _scanner(fake, configs=["mine.yml"]).terms()}) == 4
    assert plain == _scanner(fake).terms()


def test_what_was_asked_is_told_rule_by_rule(fake: FakeSemgrep, tmp_path: Path) -> None:
    """Neither audit's unless they were, nor those of a user that could not be used or are in no file here."""
    (tmp_path / "mine.yml").write_text("rules:\n  - id: 'my-yaml'\n", encoding="utf-8")
    plain = _scanner(fake).scan(["app.py"]).asked
    assert "security.sql-built-from-parts" in plain and "async.coroutine-not-awaited" in plain
    assert plain < _scanner(fake, audit=True).scan(["app.py"]).asked
    both = _scanner(fake, configs=["mine.yml"]).scan(["app.py"]).asked
    assert "security.my-yaml" in both and "security.my-yaml" not in plain
    (tmp_path / "mine.yml").write_text("bad", encoding="utf-8")
    assert _scanner(fake, configs=["mine.yml"]).scan(["app.py"]).asked == plain


def test_progress_is_told_piece_by_piece(fake: FakeSemgrep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where somebody watches are the files handed over in pieces."""
    monkeypatch.setattr("pytest_llmlearn.adapters.semgrep.scanner.PIECE", 2)
    paths = [f"m{number}.py" for number in range(3)]
    for path in paths:
        (tmp_path / path).write_text("x = 1\n", encoding="utf-8")
    told: list[tuple[int, int]] = []
    _scanner(fake).scan(paths, lambda done, whole: told.append((done, whole)))
    assert told == [(0, 3), (2, 3), (3, 3)]


def test_complaints_are_of_a_file_or_a_rule() -> None:
    """A file that was not heard whole is told apart from one that no rule could look at."""
    printed = {
        "results": [],
        "errors": [
            {"type": ["PartialParsing", []], "path": "a.py", "message": "Syntax error"},
            {"type": "Timeout", "path": "./b.py", "message": "Timeout"},
            {"type": "Rule parse error", "rule_id": "x.mine", "message": "Invalid pattern"},
        ],
    }
    answer = read(json.dumps(printed), ["a.py", "b.py"])
    assert answer is not None
    assert (answer.partial, answer.unheard) == ({"a.py"}, {"b.py"})
    assert [(one.path, one.rule) for one in answer.problems] == [("a.py", None), ("b.py", None), (None, "mine")]


def test_one_mistake_that_two_rules_see_is_one_finding() -> None:
    """The graver one stands for it; another weakness at the same place is another finding."""

    def result(check: str, severity: str, cwe: str) -> dict[str, object]:
        about = {"category": "security", "confidence": "HIGH", "cwe": [cwe]}
        place = {"start": {"line": 1, "col": 1}, "end": {"line": 1, "col": 2}, "path": "a.py"}
        return {**place, "check_id": check, "extra": {"severity": severity, "message": "m", "metadata": about}}

    results = [result("a", "INFO", "CWE-89"), result("b", "ERROR", "CWE-89"), result("c", "INFO", "CWE-20")]
    answer = read(json.dumps({"results": results, "errors": []}), ["a.py"])
    assert answer is not None
    assert [flaw.check for flaw in answer.flaws] == ["b", "c"]
    assert answer.hidden == {("a.py", "security.a")}


@pytest.mark.skipif(program.find(os.environ) is None, reason="Semgrep is not installed")
def test_the_real_one_finds_sql_built_from_parts_without_a_network(tmp_path: Path) -> None:
    """With our rules, in a test's folder too, and not where `# nosemgrep` stands."""
    text = "import sqlite3\n\n\ndef find(name):\n    cursor = sqlite3.connect('x').cursor()\n"
    text += "    return cursor.execute(f\"SELECT * FROM users WHERE name = '{name}'\")"
    for path, more in {"app.py": "\n", "tests/test_a.py": "\n", "quiet.py": "  # nosemgrep\n"}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text + more, encoding="utf-8")
    # Where anything were asked of the network, this would be asked.
    unplugged = {
        **os.environ,
        "HOME": str(tmp_path),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    answer = SemgrepScanner(tmp_path, unplugged).scan(["app.py", "quiet.py", "tests/test_a.py"])
    assert [(flaw.path, flaw.cwe) for flaw in answer.flaws] == [
        ("app.py", ("CWE-89",)),
        ("tests/test_a.py", ("CWE-89",)),
    ]
    assert not answer.problems
    assert not (tmp_path / ".semgrep").exists()
