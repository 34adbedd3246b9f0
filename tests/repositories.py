"""Small git repositories in the making, for the tests that need real ones."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """git as it is out of the box, whoever runs the suite and from whichever hook."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


class Repository:
    """A repository in the making, by Ada Byron unless said otherwise."""

    def __init__(self, top: Path, *words: str) -> None:
        self.top = top
        top.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *words)

    def git(self, *words: str, **environment: str) -> str:
        """Run git there; its output."""
        people = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Ada Byron"), ("EMAIL", "ada@example.org"))
        }
        return subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *words],
            cwd=self.top, env={**os.environ, **people, **environment}, check=True, text=True, capture_output=True,
        ).stdout  # fmt: skip

    def write(self, path: str, content: str | bytes) -> None:
        """A file of the working tree."""
        (self.top / path).parent.mkdir(parents=True, exist_ok=True)
        (self.top / path).write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, trailer: str = "", files: dict[str, str | bytes] | None = None, **environment: str) -> str:
        """Write the files and commit everything; the commit."""
        for path, content in (files or {}).items():
            self.write(path, content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"Change\n\n{trailer}".strip(), **environment)
        return self.git("rev-parse", "HEAD").strip()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    return Repository(tmp_path / "project")
