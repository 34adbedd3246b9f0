"""What every history keeps to, git's and its stand-in alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from pytest_llmlearn.adapters.git import GitBlame, GitHistory
from pytest_llmlearn.adapters.git.reader import Chronicle
from tests.fakes import FakeHistory
from tests.repositories import Repository, own_configuration

__all__ = ["own_configuration"]

NOTES = "refs/notes/ai"
NOBODY = "0123456789" * 4


class World(Protocol):
    """A repository in the making, and its history as a reader would ask it, which has been asked nothing yet."""

    def commit(self, files: Mapping[str, str | None], message: str = "Change") -> str: ...
    def write(self, path: str, text: str | None) -> None: ...
    def note(self, ref: str, commit: str, text: str) -> None: ...
    def ignore(self, path: str) -> None: ...
    def history(self) -> Chronicle: ...


class InGit:
    """A world on disk."""

    def __init__(self, folder: Path) -> None:
        self._repository = Repository(folder)

    def commit(self, files: Mapping[str, str | None], message: str = "Change") -> str:
        for path, text in files.items():
            self.write(path, text)
        self._repository.git("add", "-A")
        self._repository.git("commit", "-q", "--allow-empty", "-m", message)
        return self._repository.git("rev-parse", "HEAD").strip()

    def write(self, path: str, text: str | None) -> None:
        if text is None:
            (self._repository.top / path).unlink()
        else:
            self._repository.write(path, text)

    def note(self, ref: str, commit: str, text: str) -> None:
        self._repository.git("notes", "--ref", ref, "add", "-f", "-m", text, commit)

    def ignore(self, path: str) -> None:
        with (self._repository.top / ".git" / "info" / "exclude").open("a") as excluded:
            excluded.write(f"/{path}\n")

    def history(self) -> Chronicle:
        return GitHistory(self._repository.top)


class InMemory:
    """A world of the stand-in."""

    def __init__(self) -> None:
        self._history = FakeHistory()
        self.commit, self.write, self.note = self._history.commit, self._history.write, self._history.note

    def ignore(self, path: str) -> None:
        self._history.ignored.add(path)

    def history(self) -> Chronicle:
        return self._history


@pytest.fixture(params=["git", "fake"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """A world of the kind under test."""
    made: dict[str, Callable[[], World]] = {"git": lambda: InGit(tmp_path / "project"), "fake": InMemory}
    return made[request.param]()


def test_each_line_has_the_commit_and_the_line_that_it_was_then(world: World) -> None:
    """What came above it later moves it now, not then."""
    first = world.commit({"a.py": "a = 1\nb = 2\n"})
    second = world.commit({"a.py": "z = 0\na = 1\nb = 2\n"})
    lines = world.history().origins(["a.py"])["a.py"]
    assert [line and (line.commit, line.path, line.line) for line in lines] == [
        (second, "a.py", 1),
        (first, "a.py", 1),
        (first, "a.py", 2),
    ]


def test_an_uncommitted_line_has_no_origin(world: World) -> None:
    """It is none's yet."""
    first = world.commit({"a.py": "a = 1\nb = 2\n"})
    world.write("a.py", "a = 1\nx = 9\nb = 2\n")
    history = world.history()
    assert [line and line.commit for line in history.origins(["a.py"])["a.py"]] == [first, None, first]
    assert history.uncommitted(["a.py"]) == {"a.py": [False, True, False]}


def test_an_untracked_file_is_uncommitted_and_an_ignored_one_is_left_out(world: World) -> None:
    """So is one that does not exist."""
    world.commit({"a.py": "a = 1\n"})
    world.ignore("left.py")
    world.write("new.py", "a = 1\nb = 2\n")
    world.write("left.py", "a = 1\n")
    history = world.history()
    paths = ["a.py", "new.py", "left.py", "none.py"]
    assert history.uncommitted(paths) == {"a.py": [False], "new.py": [True, True]}
    assert history.origins(paths).keys() == {"a.py"}


def test_before_the_first_commit_all_is_uncommitted(world: World) -> None:
    """And nothing has an origin, a head or a past."""
    world.write("a.py", "a = 1\n")
    history = world.history()
    assert history.uncommitted(["a.py"]) == {"a.py": [True]}
    assert history.origins(["a.py"]) == {}
    assert history.heads(["a.py"]) == {}
    assert history.touching(["a.py"]) == {}
    assert [*history.latest()] == []
    assert history.notices == []


def test_a_commit_is_told_with_its_people_its_parents_and_its_message(world: World) -> None:
    """Those that are not known are left out, and so is what is no commit's id."""
    first = world.commit({"a.py": "a = 1\n"})
    second = world.commit({"a.py": "a = 2\n"}, "Double it\n\nAssisted-by: Codex:GPT-5")
    known = world.history().commits({first, second, NOBODY, "HEAD", "--all", ""})
    assert known.keys() == {first, second}
    assert known[second].parents == (first,)
    assert known[first].parents == ()
    assert known[second].message.strip() == "Double it\n\nAssisted-by: Codex:GPT-5"
    assert (known[second].author.name, known[second].committer.email) == ("Ada Byron", "ada@example.org")
    assert known[second].time.utcoffset() is not None


def test_notes_are_those_of_the_commits_that_have_one(world: World) -> None:
    """Under that reference; whole, whatever lines they have."""
    first = world.commit({"a.py": "a = 1\n"})
    second = world.commit({"a.py": "a = 2\n"})
    assert world.history().state(NOTES) == ""
    world.note(NOTES, first, "a.py\n  0123 1-2\n---\n{}")
    world.note("refs/notes/other", second, "seen")
    history = world.history()
    noted = history.notes(NOTES, [first, second, NOBODY])
    assert {commit: note.rstrip("\n") for commit, note in noted.items()} == {first: "a.py\n  0123 1-2\n---\n{}"}
    assert history.notes("refs/notes/none", [first]) == {}
    before = history.state(NOTES)
    world.note(NOTES, second, "more")
    assert "" != before != world.history().state(NOTES)


def test_the_commits_that_touched_a_file_come_newest_first(world: World) -> None:
    """Those that made, changed and removed it; of no other file."""
    first = world.commit({"a.py": "a = 1\n", "b.py": "b = 1\n"})
    second = world.commit({"a.py": "a = 2\n"})
    third = world.commit({"a.py": None})
    found = world.history().touching(["a.py", "b.py", "c.py"])
    assert {name: [change.commit for change in changes] for name, changes in found.items()} == {
        "a.py": [third, second, first],
        "b.py": [first],
    }
    assert found["a.py"][0].parents == (second,)


def test_a_file_is_untouched_if_no_commit_since_changed_it(world: World) -> None:
    """And none is since a commit that nobody knows."""
    first = world.commit({"a.py": "a = 1\n", "b.py": "b = 1\n"})
    second = world.commit({"a.py": "a = 2\n"})
    history = world.history()
    assert history.heads(["a.py", "b.py"]) == {"a.py": second, "b.py": second}
    assert history.untouched(["a.py", "b.py"], first) == {"b.py"}
    assert history.untouched(["a.py", "b.py"], second) == {"a.py", "b.py"}
    assert history.untouched(["a.py", "b.py"], NOBODY) == frozenset()
    world.commit({"a.py": "a = 1\n"})
    assert world.history().untouched(["a.py", "b.py"], first) == {"b.py"}


def test_the_log_tells_what_each_commit_did(world: World) -> None:
    """Newest first, to Python files."""
    first = world.commit({"a.py": "a = 1\n", "a.md": "a\n"})
    second = world.commit({"a.py": "a = 2\n", "b.py": "b = 1\n"})
    history = world.history()
    log = history.log(None, 10) or []
    assert [(one.commit.id, [(file.operation, file.path) for file in one.files]) for one in log] == [
        (second, [("edit", "a.py"), ("create", "b.py")]),
        (first, [("create", "a.py")]),
    ]
    assert [one.commit.id for one in history.log(first, 10) or []] == [second]
    assert [one.commit.id for one in history.log(None, 1) or []] == [second]


def test_the_reader_of_git_reads_any_history(world: World) -> None:
    """Whom the commits name, line by line, and whether any names an assistant."""
    world.commit({"a.py": "a = 1\n"})
    reader = GitBlame(world.history())
    assert not reader.says_anything()
    world.commit({"a.py": "a = 1\nb = 2\n"}, "Add b\n\nCo-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>")
    reader = GitBlame(world.history())
    assert [line and (line.type, line.model) for line in reader.read(["a.py"])["a.py"]] == [
        ("human", None),
        ("ai", "Claude Sonnet 5"),
    ]
    assert reader.says_anything()
    assert reader.standing() == GitBlame(world.history()).standing()
