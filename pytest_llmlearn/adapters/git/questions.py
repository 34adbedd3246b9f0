"""What one repository can be asked of commits, in one process each."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence

from pytest_llmlearn.adapters.git.asking import Repository
from pytest_llmlearn.adapters.git.changes import CHANGES, COMMITS, changes, commit
from pytest_llmlearn.adapters.git.repository import cut_commits
from pytest_llmlearn.domain.history import Change, Commit

# An id that is named somewhere, and that a clone lacks, is not an error; to be so, it has to be said before `--stdin`.
_NAMED = ["log", "-z", "--no-walk=unsorted", "--ignore-missing", "--stdin"]


def begin_reading(repository: Repository) -> subprocess.Popen[bytes]:
    """Start the process that `commits` feeds: begun early, it is ready when the ids are known."""
    return repository.begin([*_NAMED, COMMITS], asked=True)


def commits(
    repository: Repository,
    ids: Sequence[str],
    process: subprocess.Popen[bytes] | None = None,
    *,
    patience: float = 0.01,
) -> Iterator[Commit]:
    """Those of the commits that the repository has. `process` is one of `begin_reading`; `patience` as in `answer`."""
    output = repository.answer(process or begin_reading(repository), _lines(ids), patience=patience) or b""
    return (commit(record) for record in output.decode("utf-8", "replace").split("\0") if record)


def notes(repository: Repository, ref: str, ids: Sequence[str]) -> dict[str, str]:
    """The notes under `ref` of those of the commits that the repository has, and that have one."""
    output = repository.ask([*_NAMED, f"--notes={ref}", "--format=%H%x00%N"], _lines(ids)) or b""
    fields = output.decode("utf-8", "replace").split("\0")
    return {one: note for one, note in zip(fields[::2], fields[1::2], strict=False) if note.strip()}


def touching(repository: Repository, head: str, names: Sequence[str]) -> dict[str, tuple[Change, ...]] | None:
    """For each name, the commits up to `head` that touched it, newest first; None if git failed.

    A merge counts where its file is none of its parents'.
    """
    words = ["--literal-pathspecs", "log", *CHANGES, "-c", "--full-history", "--stdin"]
    output = repository.ask(words, _lines([head, "--", *names]))
    if output is None:
        return None
    # Where a shallow clone ends, every file looks as if it had just been added.
    cut = cut_commits(repository.top)
    found: dict[bytes, list[Change]] = {os.fsencode(name): [] for name in names}
    for change, files in changes(output):
        if change.commit not in cut:
            for name, _ in files:
                if name in found:
                    found[name].append(change)
    return {os.fsdecode(name): tuple(touched) for name, touched in found.items()}


def touched(repository: Repository, since: str, head: str) -> frozenset[str] | None:
    """The files that commits touched which only one of the two has behind it; None if git does not know them."""
    # Against each parent: a merge that keeps one side's file took it from the other.
    output = repository.ask(["log", *CHANGES, "-m", f"{since}...{head}", "--"])
    if output is None:
        return None
    return frozenset(os.fsdecode(name) for _, files in changes(output) for name, _ in files)


def ignored(repository: Repository, names: Sequence[str]) -> frozenset[str] | None:
    """Which of the files are neither tracked nor wanted; None if git failed."""
    question = b"".join(os.fsencode(name) + b"\0" for name in names)
    # It ends with 1 where none of them is ignored.
    output = repository.ask(["check-ignore", "-z", "--stdin"], question, fine=(0, 1))
    return None if output is None else frozenset(os.fsdecode(name) for name in output.split(b"\0"))


def _lines(words: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(word) + b"\n" for word in words)
