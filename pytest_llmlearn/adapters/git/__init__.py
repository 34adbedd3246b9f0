"""git, read only: who wrote a line by its history, where a repository begins, which commit it is at.

Nothing here writes, fetches, asks or waits without an end; what hooks set for another repository is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from pytest_llmlearn.adapters.git.attributes import AttributesReader
from pytest_llmlearn.adapters.git.history import GitHistory
from pytest_llmlearn.adapters.git.reader import Chronicle, GitBlame
from pytest_llmlearn.adapters.git.repository import head_commit, toplevel
from pytest_llmlearn.hookspecs import Project, ProvenanceReader, hookimpl

__all__ = ["AttributesReader", "GitBlame", "GitHistory", "head_commit", "toplevel"]


@hookimpl
def llmlearn_register_provenance(register: Callable[[ProvenanceReader], None], project: Project) -> None:
    """The readers of attributes and of git's history."""
    register(AttributesReader(project.root, environ=project.environ, roster=project.assistants))
    # The project's history is the one of this package; others ask it through the smaller protocol.
    register(GitBlame(cast("Chronicle", project.history), project.assistants))
