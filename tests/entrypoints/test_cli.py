"""The command line: what it prints, where, and with which exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn import Memory, Occurrence
from pytest_llmlearn.entrypoints.cli import main

OCCURRENCE: dict[str, Any] = {
    "nodeid": "tests/test_users.py::test_name",
    "when": "call",
    "exception": "TypeError",
    "mro": ["TypeError", "Exception"],
    "message": "'coroutine' object is not subscriptable",
    "path": "users.py",
    "line": 6,
    "function": "user_name",
    "statement": 'return user["name"]',
    "code": (
        "async def load_user(i):\n    return {}\n\nasync def user_name(i):\n    user = load_user(i)\n"
        '    return user["name"]\n'
    ),
    "model": "gpt-4o",
}
PATTERN_KEYS = {
    "fingerprint", "rule_id", "category", "severity", "frequency", "raw_count", "state", "first_seen", "last_seen",
    "models", "lesson", "path", "line",
}  # fmt: skip
OCCURRENCE_KEYS = {
    "nodeid", "when", "run", "path", "line", "function", "rule_id", "category", "severity", "fingerprint",
    "exception", "message", "model", "scope", "chosen_by", "flaky",
}  # fmt: skip
MATCH_KEYS = {
    "fingerprint", "rule_id", "category", "severity", "score", "reasons", "frequency", "last_seen", "models",
    "lesson", "bad", "good", "path", "line",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that is the current folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def learned(project: Path) -> str:
    """One mistake in the project's memory; its fingerprint."""
    with Memory.open(project) as memory:
        return memory.record([Occurrence.from_dict(OCCURRENCE)])[0]


def llmlearn(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, words, input=stdin)


def parsed(*words: str) -> Any:
    done = llmlearn(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_keys_that_scripts_read(learned: str) -> None:
    """Keys may be added, never changed."""
    (pattern,) = parsed("patterns")
    (occurrence,) = parsed("occurrences")
    answer = parsed("recall", "load a user in an async endpoint")
    assert set(pattern) >= PATTERN_KEYS
    assert set(occurrence) >= OCCURRENCE_KEYS
    assert set(answer) >= {"query", "abstained", "matches", "text", "tokens"}
    assert set(answer["matches"][0]) >= MATCH_KEYS
    assert pattern["fingerprint"] == occurrence["fingerprint"] == answer["matches"][0]["fingerprint"] == learned


def test_nothing_to_say_is_an_answer(learned: str) -> None:
    """Exit status 0, one sentence; nothing at all where it would be pasted into a prompt."""
    done = llmlearn("recall", "draw a bar chart of rainfall")
    assert (done.exit_code, done.stdout) == (0, "no lesson here matters for this\n")
    assert llmlearn("recall", "draw a bar chart", "--format", "prompt").stdout == ""


def test_the_prompt_form_is_ready_to_be_pasted(learned: str) -> None:
    """Numbered directives, how often, and by whom."""
    text = llmlearn("recall", "load a user in an async endpoint", "--format", "prompt").stdout
    assert "1. ALWAYS await 'load_user'" in text and text.endswith("Seen: 1 time | Model: gpt-4o\n")


def test_a_question_on_standard_input(learned: str) -> None:
    """A long prompt need not be an argument."""
    done = llmlearn("recall", "-", stdin="load a user in an async endpoint")
    assert "load_user" in done.stdout


def test_a_pattern_is_named_by_the_beginning_of_its_fingerprint(learned: str) -> None:
    """With its version or without."""
    for beginning in (learned, learned[:8], learned.partition(":")[2][:6]):
        done = llmlearn("show", beginning)
        assert done.exit_code == 0 and learned in done.stdout


def test_a_fingerprint_that_names_nothing_is_one_sentence(learned: str) -> None:
    """On standard error, exit status 1, with the way out."""
    done = llmlearn("show", "1:ffff")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == ("llmlearn: no pattern has the fingerprint '1:ffff'; `llmlearn patterns` lists them\n")


def test_muting_and_undoing_it(learned: str) -> None:
    """Muted patterns are listed, never recalled."""
    assert llmlearn("mute", learned[:8]).exit_code == 0
    assert parsed("patterns")[0]["state"] == "muted"
    assert parsed("recall", "load a user in an async endpoint")["abstained"]
    assert llmlearn("mute", learned, "--undo").exit_code == 0
    assert not parsed("recall", "load a user in an async endpoint")["abstained"]


def test_ingest_records_lines_and_says_how_many(project: Path) -> None:
    """From a file or standard input; the same failure twice is one pattern."""
    lines = json.dumps(OCCURRENCE) + "\n" + json.dumps(OCCURRENCE)
    (project / "failures.jsonl").write_text(lines, encoding="utf-8")
    assert llmlearn("ingest", "failures.jsonl").stdout == "recorded 2 occurrences of 1 pattern\n"
    assert llmlearn("ingest", "-", stdin=lines).exit_code == 0
    assert parsed("patterns")[0]["raw_count"] == 4


@pytest.mark.parametrize("words", [("ingest", "gone.jsonl"), ("ingest", "bad.jsonl")])
def test_a_file_that_cannot_be_ingested_is_one_sentence(project: Path, words: tuple[str, ...]) -> None:
    """And nothing is recorded."""
    (project / "bad.jsonl").write_text('{"nodeid": 1}\n', encoding="utf-8")
    done = llmlearn(*words)
    assert done.exit_code == 1 and done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert not (project / ".llmlearn").exists()


def test_clear_asks_first(learned: str) -> None:
    """Only a yes erases."""
    assert "nothing was erased" in llmlearn("clear", stdin="n\n").stdout
    assert len(parsed("patterns")) == 1
    assert "erased 1 patterns and 1 occurrences" in llmlearn("clear", "--yes").stdout
    assert parsed("patterns") == []
    assert "nothing to erase" in llmlearn("clear", "--yes").stdout


def test_doctor_prints_the_root_and_why(learned: str, project: Path) -> None:
    """The first thing to look at when something is not found."""
    report = parsed("doctor")
    assert report["root"] == str(project) and report["why"] == "the nearest folder upwards with .llmlearn/"
    assert report["store"]["patterns"] == 1 and report["problems"] == []


def test_a_root_that_is_not_there_is_named(project: Path) -> None:
    """A typing mistake is no empty memory."""
    done = llmlearn("--root", str(project / "nope"), "patterns")
    assert done.exit_code == 1 and "there is no folder" in done.stderr and "nope" in done.stderr


def test_doctor_names_a_bad_setting(project: Path) -> None:
    """Exit status 1, and the sentence that the run would print."""
    (project / "pyproject.toml").write_text("[tool.llmlearn]\nlimits = 3\n", encoding="utf-8")
    done = llmlearn("doctor")
    assert done.exit_code == 1 and "no setting 'limits'; did you mean 'limit'?" in done.stdout


def test_reading_creates_nothing(project: Path) -> None:
    """A look at a project that never learned leaves no trace."""
    for words in (("patterns",), ("occurrences",), ("recall", "x"), ("doctor",)):
        assert llmlearn(*words).exit_code == 0
    assert not (project / ".llmlearn").exists()


def test_wrong_usage_is_status_two(project: Path) -> None:
    """click's own: an unknown option, a value out of range."""
    assert llmlearn("recall", "x", "--limit", "99").exit_code == 2
    assert llmlearn("patterns", "--category", "nonsense").exit_code == 2


def test_plain_text_when_piped(learned: str) -> None:
    """No colour codes where nobody sees colours."""
    assert "\x1b" not in llmlearn("patterns").stdout + llmlearn("show", learned).stdout
