"""What each of the last commits did to the project's Python files, for the price of one git process.

A commit at which a shallow clone's history ends seems to have written everything that is older; it is left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import PurePosixPath

from pytest_llmlearn.adapters.git.asking import Repository
from pytest_llmlearn.adapters.git.changes import COMMITS, commit
from pytest_llmlearn.adapters.git.repository import COMMIT, cut_commits
from pytest_llmlearn.domain.history import Commit, Logged, Written

_WORDS = ["log", "-z", "--raw", "--no-abbrev", "-M", "--no-merges", COMMITS]
_CHANGES = frozenset({b"A", b"M", b"T", b"D"})
_NO_CODE = frozenset({b"120000", b"160000"})
"""Modes of links and of submodules."""


def log(repository: Repository, folder: PurePosixPath, since: str | None, limit: int) -> list[Logged] | None:
    """As `hookspecs.History.log`, of the files below `folder`, seen from the repository's top.

    Raises:
        Refused: no answer can be had from this repository, or not in time.
    """
    words = [*_WORDS, f"--max-count={limit}", "HEAD"]
    output = repository.ask([*words, f"^{since}", "--"]) if since is not None and COMMIT.fullmatch(since) else None
    if output is None:  # from the beginning, or from a commit that this repository has lost
        output = repository.ask([*words, "--"])
    if output is None:
        return None
    below = b"" if folder == PurePosixPath() else os.fsencode(f"{folder}/")
    cut = cut_commits(repository.top)
    return [one for one in _logged(output, below) if one.commit.id not in cut]


def _logged(output: bytes, below: bytes) -> Iterator[Logged]:
    found: Commit | None = None
    files: list[Written] = []
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        record = token.lstrip(b"\n")
        if record.startswith(b":"):
            # `:MODE MODE BLOB BLOB STATUS`, then the path; of a renaming or a copy the old path and the new one.
            _, mode, _, blob, status = record.split(b" ")
            path = next(tokens)
            if status[:1] in (b"R", b"C"):
                path = next(tokens)
            if path.startswith(below) and path.endswith(b".py") and mode not in _NO_CODE:
                files += _written(status, blob, os.fsdecode(path[len(below) :]))
        elif record:
            if found is not None:
                yield Logged(commit=found, files=tuple(files))
            found, files = commit(record.decode("utf-8", "replace")), []
    if found is not None:
        yield Logged(commit=found, files=tuple(files))


def _written(status: bytes, blob: bytes, path: str) -> Iterator[Written]:
    change = {b"R": b"M", b"C": b"A"}.get(status[:1], status[:1])
    if status == b"R100" or change not in _CHANGES:
        return  # under another name, every line is as it was
    if change == b"D":
        yield Written(operation="delete", path=path, blob=None)
    else:
        yield Written(operation="create" if change == b"A" else "edit", path=path, blob=blob.decode("ascii"))
