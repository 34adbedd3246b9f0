"""An assistant at work: which lines are laid on it, and when nothing is asked at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from projects import Project

from pytest_llmlearn.adapters.git import GitHistory
from pytest_llmlearn.adapters.session import LATEST, SessionReader

LIVE = {"CLAUDECODE": "1"}


@dataclass
class FakeHistory:
    """A history that knows which lines are in no commit, and notes each question."""

    lines: Mapping[str, Sequence[bool]]
    asked: list[list[str]] = field(default_factory=list)

    def uncommitted(self, paths: Sequence[str]) -> Mapping[str, Sequence[bool]]:
        self.asked.append(list(paths))
        return {path: self.lines[path] for path in paths if path in self.lines}


def a_reader(
    root: Path, lines: Mapping[str, Sequence[bool]] | None = None, environ: Mapping[str, str] = LIVE
) -> tuple[SessionReader, FakeHistory]:
    """A reader on a machine that is not Devin's, and the history that it asks."""
    history = FakeHistory(lines or {})
    return SessionReader(root, history, environ=environ, devin=root / "no-devin"), history


def write(root: Path, path: str, *, time: int = 0) -> None:
    """A file below `root`, last changed at that second."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("a = 1\nb = 2\n", encoding="utf-8")
    os.utime(root / path, (time, time))


def test_lines_in_no_commit_are_laid_on_the_session(tmp_path: Path) -> None:
    """Weakly, with the variable that gave it away; other lines are left to other readers."""
    reader, _ = a_reader(tmp_path, {"a.py": [True, False]})
    new, old = reader.read(["a.py", "b.py"])["a.py"]
    assert old is None
    assert new is not None
    assert (new.type, new.tool, new.model, new.confidence) == ("ai", "claude", None, 0.5)
    assert new.evidence == "live session (CLAUDECODE), not committed"


def test_the_sessions_model_is_that_of_its_lines(tmp_path: Path) -> None:
    """Where the environment names one."""
    reader, _ = a_reader(tmp_path, {"a.py": [True]}, {"COPILOT_MODEL": "gpt-5"})
    answer = reader.read(["a.py"])["a.py"][0]
    assert answer is not None
    assert (answer.tool, answer.model) == ("copilot", "gpt-5")


def test_a_file_that_is_all_committed_is_left_out(tmp_path: Path) -> None:
    """As is one that the history does not know."""
    reader, _ = a_reader(tmp_path, {"a.py": [False, False], "empty.py": []})
    assert reader.read(["a.py", "empty.py", "unknown.py"]) == {}


def test_without_a_session_nothing_is_asked(tmp_path: Path) -> None:
    """The usual case costs nothing."""
    write(tmp_path, "a.py")
    reader, history = a_reader(tmp_path, {"a.py": [True]}, {})
    assert reader.read(["a.py"]) == {}
    assert not reader.says_anything()
    assert reader.standing() == ""
    assert history.asked == []


def test_devins_machine_is_known_by_a_file(tmp_path: Path) -> None:
    """It sets no variable; any variable comes first."""
    mark = tmp_path / ".devin"
    mark.touch()
    history = FakeHistory({"a.py": [True]})
    answer = SessionReader(tmp_path, history, environ={}, devin=mark).read(["a.py"])["a.py"][0]
    assert answer is not None
    assert (answer.tool, answer.evidence) == ("devin", f"live session ({mark}), not committed")
    other = SessionReader(tmp_path, history, environ=LIVE, devin=mark).session
    assert other is not None
    assert other.tool == "claude"


def test_a_session_says_something_once_something_python_is_in_no_commit(tmp_path: Path) -> None:
    """A live session over a clean tree tells nothing."""
    write(tmp_path, "app/a.py")
    write(tmp_path, "notes.txt")
    changed, _ = a_reader(tmp_path, {"app/a.py": [True]})
    clean, _ = a_reader(tmp_path, {"app/a.py": [False], "notes.txt": [True]})
    assert changed.says_anything()
    assert not clean.says_anything()


def test_only_the_latest_changed_files_are_asked_about(tmp_path: Path) -> None:
    """One question, about so many files that it stays cheap; what was just written is among them."""
    for number in range(LATEST + 20):
        write(tmp_path, f"app/m{number}.py", time=1_000 + number)
    write(tmp_path, "first.py", time=10_000)
    reader, history = a_reader(tmp_path, {"first.py": [True]})
    assert reader.says_anything()
    assert [len(asked) for asked in history.asked] == [LATEST]
    assert history.asked[0][0] == "first.py"


def test_installed_and_hidden_folders_are_not_asked_about(tmp_path: Path) -> None:
    """What lies in environments and builds is not the project's; links lead elsewhere."""
    for folder in (".venv", "venv/lib", "node_modules", "build"):
        write(tmp_path, f"project/{folder}/a.py")
    write(tmp_path, "elsewhere/a.py")
    (tmp_path / "project" / "linked").symlink_to(tmp_path / "elsewhere")
    reader, history = a_reader(tmp_path / "project")
    assert not reader.says_anything()
    assert history.asked == []


def test_the_look_for_changed_files_ends_in_time(tmp_path: Path) -> None:
    """Out of time, nothing is known."""
    write(tmp_path, "a.py")
    history = FakeHistory({"a.py": [True]})
    assert not SessionReader(tmp_path, history, environ=LIVE, seconds=-1.0).says_anything()


@pytest.mark.parametrize("other", [{}, {"CURSOR_AGENT": "1"}, {"CLAUDE_CODE": "1"}])
def test_another_session_or_none_makes_older_answers_void(tmp_path: Path, other: Mapping[str, str]) -> None:
    """What was laid on a session is not remembered beyond it."""
    assert a_reader(tmp_path)[0].standing() != a_reader(tmp_path, environ=other)[0].standing()
    assert a_reader(tmp_path)[0].standing() == a_reader(tmp_path)[0].standing()


@pytest.mark.parametrize("path", ["project/.gitignore", ".gitignore", ".git/info/exclude"])
def test_what_is_ignored_makes_older_answers_void(tmp_path: Path, path: str) -> None:
    """An ignored file is left out; a list from the root to the repository's top decides it."""
    (tmp_path / "project").mkdir()
    (tmp_path / ".git" / "info").mkdir(parents=True)
    before = a_reader(tmp_path / "project")[0].standing()
    (tmp_path / path).write_text("made.py\n", encoding="utf-8")
    assert a_reader(tmp_path / "project")[0].standing() != before


def test_lists_above_the_repository_decide_nothing(tmp_path: Path) -> None:
    """They belong to another one."""
    (tmp_path / "project" / ".git").mkdir(parents=True)
    before = a_reader(tmp_path / "project")[0].standing()
    (tmp_path / ".gitignore").write_text("made.py\n", encoding="utf-8")
    assert a_reader(tmp_path / "project")[0].standing() == before


def test_a_real_history_tells_what_is_in_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines written since, and files not added yet; ignored ones are left out, committed lines to others."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    project = Project(tmp_path / "project").write({"a.py": "a = 1\n", ".gitignore": "made.py\n"}).commit("Begin")
    project.write({"a.py": "a = 1\nb = 2\n", "new.py": "n = 1\n", "made.py": "m = 1\n"})
    reader = SessionReader(project.root, GitHistory(project.root), environ=LIVE, devin=tmp_path / "no-devin")
    answers = reader.read(["a.py", "new.py", "made.py"])
    assert {path: [line and line.type for line in lines] for path, lines in answers.items()} == {
        "a.py": [None, "ai"],
        "new.py": ["ai"],
    }
    assert reader.says_anything()
