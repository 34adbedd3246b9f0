"""Which files a project holds: as git has it, and by walking where no git does."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmlearn.adapters import walking
from pytest_llmlearn.adapters.git import listing
from tests.projects import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two tracked files, one of which is gone; one that is new, and one that is ignored."""
    made = Project(tmp_path / "top")
    made.root.mkdir()
    made.write({"a.py": "", "src/ä b.py": "", "gone.py": "", "notes.md": "", ".gitignore": "ignored/\n"}).commit("all")
    (made.root / "gone.py").unlink()
    return made.write({"new\nline.py": "", "ignored/x.py": "", "ignored/deep/y.py": ""})


def test_tracked_files_and_those_that_git_would_track(project: Project) -> None:
    """By their own names, however odd; one that is gone is still tracked, and whoever reads it finds out."""
    assert listing.files(project.root, ".py") == ["a.py", "gone.py", "new\nline.py", "src/ä b.py"]


def test_links_are_not_counted_once_more(project: Project) -> None:
    """With git and without it: the lines are those of the files that they lead to."""
    (project.root / "again.py").symlink_to("a.py")
    project.git("add", "-A")
    listed = listing.files(project.root, ".py")
    assert listed is not None
    assert "a.py" in listed and "again.py" not in listed
    walked = walking.files(project.root, ".py")
    assert "a.py" in walked and "again.py" not in walked


def test_a_project_within_a_repository(project: Project) -> None:
    """Paths are from its root, and what lies beside it is left out."""
    assert listing.files(project.root / "src", ".py") == ["ä b.py"]


def test_a_project_that_the_repository_around_it_ignores(project: Project) -> None:
    """git has nothing to say of it, so it is walked."""
    assert listing.files(project.root / "ignored", ".py") is None


def test_a_repository_that_nobody_added(project: Project) -> None:
    """A clone within the clone belongs to the project."""
    inner = Project(project.root / "inner")
    inner.root.mkdir()
    inner.write({"z.py": ""}).commit("inner")
    found = listing.files(project.root, ".py")
    assert found is not None
    assert "inner/z.py" in found


def test_a_file_in_conflict_is_listed_once(project: Project) -> None:
    """git lists each of its stages."""
    project.git("checkout", "-q", "-b", "side")
    project.write({"a.py": "side\n"}).commit("side")
    project.git("checkout", "-q", "-")
    project.write({"a.py": "main\n"}).commit("main")
    with pytest.raises(Exception, match="merge"):
        project.git("merge", "side")
    found = listing.files(project.root, ".py")
    assert found is not None
    assert found.count("a.py") == 1


def test_without_a_repository_or_git_nothing_is_told(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that there are no files."""
    assert listing.files(tmp_path, ".py") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert listing.files(project.root, ".py") is None


def test_a_walk_leaves_out_what_is_not_the_projects_own(tmp_path: Path) -> None:
    """Hidden folders, environments under any name, and what builds write; links lead nowhere."""
    Project(tmp_path).write({
        "a.py": "", "pkg/b.py": "", "pkg/c.txt": "", ".tox/d.py": "", "venv/e.py": "", "own-env/pyvenv.cfg": "",
        "own-env/lib/f.py": "", "pkg/__pycache__/g.py": "", "node_modules/h.py": "", "build/i.py": "",
    })  # fmt: skip
    (tmp_path / "pkg/loop").symlink_to(tmp_path)
    assert walking.files(tmp_path, ".py") == ["a.py", "pkg/b.py"]
