"""What a version history says of lines and commits, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pytest_llmlearn.domain.signs import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a line came into its history: the commit, and its path and line (from 1) in that commit.

    `path` is seen from the top of the repository, with `/`; after a renaming it is the old one.
    """

    commit: str
    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit. `time` is when it was committed (aware, UTC); `parents` are ids, the first parent first.

    `author` and `committer` are as the mailmap has them, `signed_author` and `signed_committer` as they signed.
    """

    id: str
    time: datetime
    parents: tuple[str, ...]
    author: Identity
    committer: Identity
    signed_author: Identity
    signed_committer: Identity
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One commit that touched a file: its id and time, without what it says of its author."""

    commit: str
    time: datetime
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one commit did to one file: `path` is relative to the project's root, `blob` what it holds afterwards.

    A file under another name is edited where its text changed too; `blob` is None of a file that is gone.
    """

    operation: Literal["create", "edit", "delete"]
    path: str
    blob: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One commit with what it did to the project's Python files."""

    commit: Commit
    files: tuple[Written, ...]
