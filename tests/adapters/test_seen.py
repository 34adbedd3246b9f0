"""Whether a run that passed can tell anything new, by one small file."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.last_run.seen import SeenFile, head
from tests.projects import Project

RAN = ("tests/test_a.py::test_one",)
LOADED = ("app/a.py",)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with a memory."""
    project = Project(tmp_path)
    project.write({".gitignore": ".llmlearn/\n", "app/a.py": "a = 1\n", "tests/test_a.py": "def test_one(): pass\n"})
    project.commit("First")
    project.write({".llmlearn/state/memory.db": ""})
    return project


def unchanged(project: Project, loaded: Collection[str] = LOADED, ran: Collection[str] = RAN) -> bool:
    return SeenFile(project.root).unchanged(loaded, lambda: ran)


def saw(project: Project, *, awaiting: bool = False) -> None:
    SeenFile(project.root).saw(LOADED, RAN, awaiting=awaiting)


def test_without_a_memory_nothing_can_be_told_and_nothing_is_written(tmp_path: Path) -> None:
    """A run in a project that never learned anything leaves no trace."""
    seen = SeenFile(tmp_path)
    assert not seen.watched
    assert seen.unchanged(LOADED, lambda: RAN)
    seen.saw(LOADED, RAN, awaiting=True)
    seen.awaits()
    assert list(tmp_path.iterdir()) == []


def test_the_first_run_is_looked_at_and_the_same_again_is_not(project: Project) -> None:
    """Nothing was seen before it."""
    assert not unchanged(project)
    saw(project)
    assert unchanged(project)


def test_fewer_files_are_nothing_new_and_another_one_is(project: Project) -> None:
    """Tests are run in parts all day; what was loaded once is known."""
    saw(project)
    assert unchanged(project, ())
    assert not unchanged(project, (*LOADED, "app/b.py"))
    SeenFile(project.root).saw(["app/b.py"], RAN, awaiting=False)
    assert unchanged(project, (*LOADED, "app/b.py"))


def test_another_commit_is_something_new(project: Project) -> None:
    """However references are kept: in a file of their own, packed, on another branch, or none at all."""
    saw(project)
    project.git("commit", "-q", "--allow-empty", "-m", "Second")
    assert not unchanged(project)
    saw(project)
    project.git("pack-refs", "--all")
    saw(project)
    project.git("commit", "-q", "--allow-empty", "-m", "Third")
    assert not unchanged(project)
    saw(project)
    project.git("checkout", "-q", "--detach", "HEAD~1")
    assert not unchanged(project)


def test_a_worktree_is_at_its_own_commit(project: Project, tmp_path: Path) -> None:
    """Its `.git` is a file, its references lie in the repository it belongs to."""
    project.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Project(tmp_path / "side")
    before = head(side.root)
    side.git("commit", "-q", "--allow-empty", "-m", "There")
    assert head(side.root) != before
    assert before


def test_no_repository_is_one_state(tmp_path: Path) -> None:
    """Nothing to be read, nothing that changes."""
    assert head(tmp_path) == ""


@pytest.mark.parametrize("path", ["app/a.py", "tests/test_a.py"])
def test_while_one_awaits_changed_code_and_changed_tests_are_new(project: Project, path: str) -> None:
    """What no test had reached may be reached now."""
    saw(project, awaiting=True)
    assert unchanged(project)
    assert not unchanged(project, ran=(*RAN, "tests/test_a.py::test_two"))
    os.utime(project.root / path, ns=(1, 1))
    assert not unchanged(project)


def test_while_none_awaits_changed_code_is_nothing_new(project: Project) -> None:
    """There is nothing it could tell of."""
    saw(project)
    os.utime(project.root / "app/a.py", ns=(1, 1))
    assert unchanged(project, ran=(*RAN, "tests/test_a.py::test_two"))


def test_a_recorded_generation_makes_the_next_run_be_looked_at(project: Project) -> None:
    """Whatever that run is like."""
    saw(project)
    SeenFile(project.root).awaits()
    assert not unchanged(project)


def test_a_trace_that_somebody_left_makes_it_too(project: Project) -> None:
    """It tells of code that a model wrote."""
    saw(project)
    project.write({".agent-trace/traces.jsonl": "{}\n"})
    assert not unchanged(project)


def test_another_memory_has_seen_nothing(project: Project) -> None:
    """The database was moved aside, and a new one made."""
    saw(project)
    database = project.root / ".llmlearn/state/memory.db"
    database.rename(database.with_name("damaged"))
    project.write({".llmlearn/state/memory.db": ""})
    assert not unchanged(project)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 0}', b'{"version": 1, "loaded": 3}', b"\xff\xfe\x00"]
)
def test_a_damaged_file_is_nothing_seen_and_is_written_anew(project: Project, content: bytes) -> None:
    """Never an error: it is a shadow."""
    file = project.root / ".llmlearn/state/seen.json"
    file.write_bytes(content)
    assert not unchanged(project)
    saw(project)
    assert unchanged(project)
    assert json.loads(file.read_bytes())["loaded"] == [*LOADED]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_the_file_is_its_owners(project: Project) -> None:
    """It names files of the project."""
    saw(project)
    assert (project.root / ".llmlearn/state/seen.json").stat().st_mode & 0o077 == 0
