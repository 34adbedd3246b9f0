"""What the last commits did, on histories that real git made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.git import GitHistory
from pytest_llmlearn.domain.history import Logged
from tests.projects import Project, clean_environment


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "work")
    project.root.mkdir()
    return project


def log(root: Path, since: str | None = None, limit: int = 100) -> list[Logged]:
    found = GitHistory(root, environ=clean_environment()).log(since, limit)
    assert found is not None
    return [*found]


def done(logged: Logged) -> list[tuple[str, str]]:
    return sorted((file.operation, file.path) for file in logged.files)


def test_each_commit_with_its_python_files_newest_first(project: Project) -> None:
    """With the blobs they left; other files are left out."""
    project.write({"a.py": "a = 1\n", "pkg/b.py": "b = 1\n", "c.txt": "c\n"}).commit("One")
    project.write({"a.py": "a = 2\n"})
    (project.root / "pkg/b.py").unlink()
    project.commit("Two: with\n\na body: and colons\n:100644 not a change\n")
    second, first = log(project.root)
    assert done(second) == [("delete", "pkg/b.py"), ("edit", "a.py")]
    assert done(first) == [("create", "a.py"), ("create", "pkg/b.py")]
    assert second.commit.message.rstrip().endswith(":100644 not a change")
    edited = next(file for file in second.files if file.path == "a.py")
    assert edited.blob == project.git("rev-parse", "HEAD:a.py").strip()


def test_a_renaming_is_no_change_unless_the_text_changed(project: Project) -> None:
    """Under another name every line is as it was."""
    text = "".join(f"line_{number} = {number}\n" for number in range(50))
    project.write({"a.py": text, "b.py": text.replace("line", "other")}).commit("One")
    project.git("mv", "a.py", "moved.py")
    project.git("mv", "b.py", "changed.py")
    project.write({"changed.py": text.replace("line", "other") + "more = 1\n"}).commit("Two")
    assert done(log(project.root)[0]) == [("edit", "changed.py")]


def test_merges_are_left_out_and_what_they_merged_is_not(project: Project) -> None:
    """Each change comes once."""
    project.write({"a.py": "a = 1\n"}).commit("One")
    project.git("checkout", "-q", "-b", "side")
    project.write({"b.py": "b = 1\n"}).commit("Side")
    project.git("checkout", "-q", "-")
    project.write({"c.py": "c = 1\n"}).commit("Main")
    project.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    assert sorted(one.commit.message.strip() for one in log(project.root)) == ["Main", "One", "Side"]


def test_since_a_commit_only_what_came_after(project: Project) -> None:
    """And all of it where that commit is lost, as after the history was rewritten."""
    for number in range(3):
        project.write({"a.py": f"a = {number}\n"}).commit(f"{number}")
    first = project.git("rev-parse", "HEAD~2").strip()
    assert [one.commit.message.strip() for one in log(project.root, first)] == ["2", "1"]
    assert len(log(project.root, "0" * 39 + "1")) == 3
    assert len(log(project.root, "--not a commit")) == 3
    assert len(log(project.root, limit=2)) == 2


def test_a_project_in_a_folder_of_a_repository_sees_its_own(project: Project) -> None:
    """Paths from its root; changes elsewhere are left out."""
    project.write({"sub/a.py": "a = 1\n", "other.py": "b = 1\n", "subtle.py": "c = 1\n"}).commit("One")
    assert done(log(project.root / "sub")[0]) == [("create", "a.py")]


def test_the_end_of_a_shallow_clone_wrote_nothing(project: Project, tmp_path: Path) -> None:
    """It looks as if it had written all that is older."""
    for number in range(3):
        project.write({f"a{number}.py": "a = 1\n"}).commit(f"{number}")
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "-q", "--depth", "2", f"file://{project.root}", str(clone)],
        check=True,
        env=clean_environment(),
        capture_output=True,
    )
    assert [done(one) for one in log(clone)] == [[("create", "a2.py")]]


def test_names_of_any_characters_come_as_they_are(project: Project) -> None:
    """Blanks, quotes, line ends and other alphabets."""
    name = 'ein "Name"\nmit ä.py'
    project.write({name: "a = 1\n"}).commit("One")
    assert done(log(project.root)[0]) == [("create", name)]


def test_without_a_repository_or_a_commit_there_is_nothing(project: Project) -> None:
    """No error, no notice."""
    history = GitHistory(project.root, environ=clean_environment())
    assert history.log(None, 10) == []
    project.git("init", "-q")
    assert GitHistory(project.root, environ=clean_environment()).log(None, 10) == []
    assert [*history.notices] == []
