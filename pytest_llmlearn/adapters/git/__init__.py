"""git, read only: who wrote a line by its history, where a repository begins, which commit it is at.

Nothing here writes, fetches, asks or waits without an end; what hooks set for another repository is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_llmlearn.adapters.git.blame import GitBlame
from pytest_llmlearn.adapters.git.repository import head_commit, toplevel
from pytest_llmlearn.hookspecs import Project, ProvenanceReader, hookimpl

__all__ = ["GitBlame", "head_commit", "toplevel"]


@hookimpl
def llmlearn_register_provenance(register: Callable[[ProvenanceReader], None], project: Project) -> None:
    """The reader of git's history."""
    register(GitBlame(project.root, environ=project.environ))
