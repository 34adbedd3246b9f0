"""Lessons on the command line: printed, reworded, opened in an editor; and a pattern with all that is known of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn import Memory, Occurrence
from pytest_llmlearn.domain.lesson import Lesson
from pytest_llmlearn.entrypoints import lesson_form
from pytest_llmlearn.entrypoints.cli import lessons, main
from pytest_llmlearn.errors import BadInput
from tests.entrypoints.test_cli import OCCURRENCE

LESSON_KEYS = {
    "rule_id", "when", "instead", "because", "bad", "good", "signature", "imports", "rivals", "standing", "version",
    "by",
}  # fmt: skip


@pytest.fixture
def learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One mistake in the memory of the project that is the current folder; its fingerprint."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    with Memory.open(tmp_path) as memory:
        return memory.record([Occurrence.from_dict(OCCURRENCE)])[0]


def llmlearn(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def parsed(*words: str) -> Any:
    done = llmlearn(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_lesson_is_printed_part_by_part(learned: str) -> None:
    """When, instead, because and the code that failed; made by template."""
    lesson = parsed("lesson", "show", learned)
    assert set(lesson) == LESSON_KEYS
    assert lesson["instead"].startswith("Await 'load_user'") and lesson["because"] and "load_user" in lesson["bad"]
    assert (lesson["by"], lesson["version"], lesson["standing"]) == (
        "template",
        0,
        "seen once, by gpt-4o, not yet proven",
    )
    text = llmlearn("lesson", "show", learned[:8]).stdout
    assert "instead      Await 'load_user'" in text and "(made by template)" in text


def test_rewording_single_parts_keeps_the_others(learned: str) -> None:
    """And what recall says is what the person wrote."""
    before = parsed("lesson", "show", learned)
    after = parsed("lesson", "edit", learned, "--instead", "Await it.", "--good", "user = await load_user(i)")
    assert (after["instead"], after["good"]) == ("Await it.", "user = await load_user(i)")
    assert (after["by"], after["version"], after["because"]) == ("person", 1, before["because"])
    match = parsed("recall", "load a user in an async endpoint")["matches"][0]
    assert (match["lesson"], match["good"]) == ("Await it.", "user = await load_user(i)")
    assert "Await it." in llmlearn("show", learned).stdout


def test_versions_are_kept_and_taken_back(learned: str) -> None:
    """The oldest first; `--reset` is one of them, and the template speaks again."""
    assert llmlearn("lesson", "show", learned, "--versions").stdout == "nobody reworded this lesson\n"
    llmlearn("lesson", "edit", learned, "--when", "in endpoints")
    llmlearn("lesson", "edit", learned, "--because", "A coroutine is no user.")
    assert parsed("lesson", "edit", learned, "--reset")["by"] == "template"
    versions = parsed("lesson", "show", learned, "--versions")
    assert [(one["version"], one["when"], one["because"]) for one in versions] == [
        (1, "in endpoints", None), (2, "in endpoints", "A coroutine is no user."), (3, None, None)
    ]  # fmt: skip
    assert all(one["time"].endswith("Z") for one in versions)
    assert "the template's words again" in llmlearn("lesson", "show", learned, "--versions").stdout


def test_an_empty_text_leaves_a_part_out(learned: str) -> None:
    """Which is another thing than not to mention it."""
    assert parsed("lesson", "edit", learned, "--bad", "")["bad"] == ""


def test_what_a_person_writes_is_redacted_cleaned_and_cut(learned: str) -> None:
    """It ends up in prompts, and the file may be shared."""
    secret = "ghp_" + "a1B2c3D4e5F6" * 3
    text = f"Use {secret} </system>\n" + "x" * 1000
    lesson = parsed("lesson", "edit", learned, "--instead", text, "--good", "y\n" * 100)
    assert secret not in lesson["instead"] and "</system>" not in lesson["instead"] and "\n" not in lesson["instead"]
    assert len(lesson["instead"]) <= 320 and len(lesson["good"].splitlines()) <= 12
    stored = b"".join(path.read_bytes() for path in Path(".llmlearn/state").iterdir() if path.is_file())
    assert secret.encode() not in stored


def test_without_a_terminal_it_is_said_what_to_do(learned: str) -> None:
    """No editor is opened where nobody sits, and nothing is changed."""
    done = llmlearn("lesson", "edit", learned)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no terminal" in done.stderr and "--instead" in done.stderr
    assert parsed("lesson", "show", learned, "--versions") == []


class Terminal:
    """A stream that says it is one."""

    @staticmethod
    def isatty() -> bool:
        return True


class Seat:
    """Streams of a person at a terminal."""

    stdin = stdout = Terminal()


def typed(monkeypatch: pytest.MonkeyPatch, write: Any) -> None:
    """From now on a person sits at a terminal, whose editor makes `write(form)` of the form."""
    monkeypatch.setattr(lessons, "sys", Seat)
    monkeypatch.setattr(click, "edit", lambda text, **_: write(text))


def test_the_editor_shows_the_lesson_as_it_reads(learned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is changed in the form is kept, and nothing else."""
    typed(monkeypatch, lambda form: form.replace("Await 'load_user'", "Always await 'load_user'"))
    done = llmlearn("lesson", "edit", learned)
    assert done.exit_code == 0 and "Always await 'load_user'" in done.stdout
    (version,) = parsed("lesson", "show", learned, "--versions")
    assert version["instead"].startswith("Always await") and version["because"] is None and version["bad"] is None


@pytest.mark.parametrize("write", [lambda form: None, lambda form: form])
def test_leaving_the_editor_changes_nothing(learned: str, monkeypatch: pytest.MonkeyPatch, write: Any) -> None:
    """Without saving, or with the form as it was."""
    typed(monkeypatch, write)
    assert llmlearn("lesson", "edit", learned).stdout == "nothing was changed\n"
    assert parsed("lesson", "show", learned, "--versions") == []


A_LESSON = Lesson(rule_id="type.x", when="", instead="Check it.", because="", standing="seen once", bad="a\n\n  b")


def test_the_form_gives_back_what_was_changed() -> None:
    """Parts over several lines, a part left out, a part whose line is gone."""
    form = lesson_form.filled(A_LESSON)
    assert lesson_form.changed(A_LESSON, form) == {}
    assert lesson_form.changed(A_LESSON, form.replace("\n", "\r\n")) == {}
    assert lesson_form.changed(A_LESSON, form.replace("Check it.", "")) == {"instead": ""}
    assert lesson_form.changed(A_LESSON, "== good\n\nx = 1\n\n  y\n\n") == {"good": "x = 1\n\n  y"}
    assert lesson_form.changed(A_LESSON, "all is gone") == {}


@pytest.mark.parametrize("text", ["== god\nx", "== good\nx\n== good\ny"])
def test_a_part_that_is_none_is_named(text: str) -> None:
    """Nothing is changed then."""
    with pytest.raises(BadInput, match=r"god|twice"):
        lesson_form.changed(A_LESSON, text)


def test_a_pattern_is_explained_with_all_that_is_known(learned: str) -> None:
    """Its state and why, how sure it is and of what that is made, its surroundings and what came of it."""
    found = parsed("show", learned)
    assert set(found["lesson_parts"]) == LESSON_KEYS
    assert found["contexts"] == {"coroutine": 1} and found["verified_fixes"] == []
    assert set(found["confidence"]) >= {"value", "observed", "success", "recency", "steadiness", "wording"}
    assert found["effect"]["verdict"] == "inconclusive"
    text = llmlearn("show", learned).stdout
    assert "candidate: seen, not yet proven; no verified fixes, no independent recurrences" in text
    assert "contexts     coroutine (1)" in text and "effect       nothing known" in text
    assert "observed 0.03, success 0.00" in text


def test_a_lesson_that_is_not_there_is_one_sentence(learned: str) -> None:
    """On standard error, exit status 1."""
    for words in (("show", "1:ffff"), ("edit", "1:ffff", "--when", "x"), ("show", "1:ffff", "--versions")):
        done = llmlearn("lesson", *words)
        assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
