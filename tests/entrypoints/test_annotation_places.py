"""Paths as a CI names them: from the top of the repository, wherever the tests run."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from pytest_llmlearn.entrypoints.annotations.places import Places
from pytest_llmlearn.entrypoints.annotations.publish import write
from tests.annotating import an_annotation


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With a project in a folder, and one file."""
    top = tmp_path / "repo"
    (top / ".git").mkdir(parents=True)
    (top / "packages/a/src").mkdir(parents=True)
    (top / "packages/a/src/users.py").write_text("\n" * 7 + "later()\n")
    return top


def test_a_project_in_a_folder_is_named_from_the_top(repository: Path) -> None:
    """As a pull request lists the file; by git's mark alone, or by what the CI calls its checkout."""
    root = repository / "packages/a"
    for environ in ({}, {"GITHUB_WORKSPACE": str(repository)}, {"CI_PROJECT_DIR": str(repository)}):
        assert Places(root, environ).of("src/users.py") == "packages/a/src/users.py"
    assert Places(repository, {}).of("packages/a/src/users.py") == "packages/a/src/users.py"


def test_a_mount_in_a_container_is_named_from_its_own_top(repository: Path) -> None:
    """The variable names a folder of the host's, which is not there, or holds another checkout."""
    root = repository / "packages/a"
    host = {"GITHUB_WORKSPACE": "/home/runner/work/repo/repo"}
    assert Places(root, host).of("src/users.py") == "packages/a/src/users.py"
    beside = repository.parent / "elsewhere"
    beside.mkdir()
    assert Places(root, {"GITHUB_WORKSPACE": str(beside)}).of("src/users.py") == "packages/a/src/users.py"
    # A checkout in a folder of the workspace is a repository of its own, and is shown by its own paths.
    assert Places(root, {"GITHUB_WORKSPACE": str(repository.parent)}).of("src/users.py") == "packages/a/src/users.py"


def test_without_git_the_checkout_or_the_setting_tells_it(repository: Path) -> None:
    """An image into which files were copied has no `.git`."""
    (repository / ".git").rmdir()
    root = repository / "packages/a"
    assert Places(root, {"GITHUB_WORKSPACE": str(repository)}).of("src/users.py") == "packages/a/src/users.py"
    assert Places(root, {}).of("src/users.py") == "src/users.py"
    assert Places(root, {}, "packages/a/").of("src/users.py") == "packages/a/src/users.py"
    assert Places(root, {}, "./packages//a").top == root.resolve()


def test_a_repository_inside_the_checkout_is_named_from_the_checkout(repository: Path) -> None:
    """A submodule's files stand in the list of the whole."""
    inner = repository / "packages/a"
    (inner / ".git").write_text("gitdir: ../../.git/modules/a\n")
    assert Places(inner, {"GITHUB_WORKSPACE": str(repository)}).of("src/users.py") == "packages/a/src/users.py"
    assert Places(inner, {}).of("src/users.py") == "src/users.py"


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_links_are_followed_inside_the_repository(repository: Path, tmp_path: Path) -> None:
    """A pull request knows the file, not the link; what lies outside is named as the link."""
    (repository / "packages/a/linked").symlink_to("src")
    (tmp_path / "outside.py").write_text("")
    (repository / "packages/a/out.py").symlink_to(tmp_path / "outside.py")
    (tmp_path / "through").symlink_to(repository / "packages/a")
    places = Places(tmp_path / "through", {})
    assert places.of("linked/users.py") == "packages/a/src/users.py"
    assert places.of("out.py") == "packages/a/out.py"
    assert places.of("gone/never.py") == "packages/a/gone/never.py"


def test_annotations_are_placed_with_the_hash_of_their_line(repository: Path) -> None:
    """What is not there, or has no such line, keeps what it had."""
    found = [
        an_annotation(),
        an_annotation(path="gone.py", line_hash="kept"),
        an_annotation(path=""),
        an_annotation(line=99),
    ]
    placed = Places(repository / "packages/a", {}).placed(found)
    assert [one.path for one in placed] == [
        "packages/a/src/users.py",
        "packages/a/gone.py",
        "",
        "packages/a/src/users.py",
    ]
    assert placed[0].line_hash.endswith(":1")
    assert [one.line_hash for one in placed[1:]] == ["kept", "", ""]


def test_half_a_file_is_not_left(tmp_path: Path) -> None:
    """A disk that is full: whoever uploads what is there would be refused, and not know why."""
    file = tmp_path / "made" / "report.sarif"
    write(file, "whole")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))
    try:
        with pytest.raises(OSError):
            write(file, "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(file.parent.iterdir()) == []
