"""Older states of the project, put beside it for a while, and its tests run there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmlearn.domain.occurrence import Occurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit: its id, and when it was made, aware."""

    commit: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What the tests said: ids as the occurrences have them. `found` is False where there was no test to be run."""

    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    occurrences: tuple[Occurrence, ...] = ()
    found: bool = True


class Worktrees(Protocol):
    """The project's history. What the user has checked out, and its index and hooks, are not touched."""

    def revision(self, name: str) -> Revision:
        """The commit of that name.

        Raises:
            CannotHeal: there is none, or no repository.
        """
        ...

    def changed(self, red: Revision, green: Revision) -> Sequence[str]:
        """The project's files that differ, paths from its root.

        Raises:
            CannotHeal: git does not tell.
        """
        ...

    def checkout(self, revision: Revision) -> AbstractContextManager[Path]:
        """The project's root as it was then, in a folder that is gone afterwards, whatever happens.

        Raises:
            CannotHeal: it cannot be put anywhere, or the project was not there yet.
        """
        ...

    def python_files(self, root: Path) -> Sequence[str]:
        """The Python files below such a root, paths from there."""
        ...


class Trial(Protocol):
    """Runs tests in a process of its own, within a time."""

    def __call__(self, root: Path, tests: Sequence[str]) -> Tried:
        """What these tests (ids or files) say in the project at `root`.

        Raises:
            CannotHeal: they could not be run.
        """
        ...
