"""Lines laid on commits: by blame, several files at a time, or at once for files that were only ever added."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pytest_llmlearn.adapters.git.added import WORDS as ADDED
from pytest_llmlearn.adapters.git.added import added_once
from pytest_llmlearn.adapters.git.asking import Again, Refused, Repository
from pytest_llmlearn.adapters.git.repository import end
from pytest_llmlearn.domain.history import Origin

AT_ONCE = 4
"""Processes that blame at the same time."""
FEW = 4
"""Below this many files, blaming each costs less than looking through the history first."""

_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPED = {
    b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r", b'"': b'"', b"\\": b"\\",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Lines that came together: `first` and `count` as they are now (from 1), and where they stood in their commit."""

    first: int
    count: int
    commit: str
    path: str
    first_then: int

    @property
    def committed(self) -> bool:
        """Whether a commit holds them: git lays what is only in the working tree on a commit of zeros."""
        return bool(self.commit.strip("0"))

    def origins(self) -> list[Origin]:
        """Where each of the lines came from."""
        start = self.first_then
        return [Origin(commit=self.commit, path=self.path, line=line) for line in range(start, start + self.count)]


Spans = Sequence[Span]


def laid_on_commits(
    repository: Repository, paths: Sequence[str], meanwhile: Callable[[], None]
) -> Iterator[tuple[str, Spans | None]]:
    """The spans of those of `paths` (from the top) that a commit may know, as they are found.

    None for a file that git does not know; a file of which git failed to say, or not in time, is left out. `meanwhile`
    is called once, while git is at work.
    """
    left = list(paths)
    if len(left) >= FEW:
        process = repository.begin(ADDED)
        meanwhile()
        once = _added(repository, process, left)
        yield from once.items()
        left = [path for path in left if path not in once]
        yield from _blamed(repository, left, lambda: None)
    else:
        yield from _blamed(repository, left, meanwhile)


def _added(repository: Repository, process: subprocess.Popen[bytes], paths: list[str]) -> dict[str, Spans]:
    output = repository.answer(process)
    named = {os.fsencode(path): path for path in paths}
    once = added_once(output, repository.top, named) if output else {}
    return {
        named[path]: [Span(first=1, count=lines, commit=commit, path=named[path], first_then=1)] if lines else []
        for path, (commit, lines) in once.items()
    }


def _blamed(
    repository: Repository, paths: list[str], meanwhile: Callable[[], None]
) -> Iterator[tuple[str, Spans | None]]:
    todo = list(reversed(paths))
    running: dict[str, subprocess.Popen[bytes]] = {}
    begun = False
    try:
        while todo or running:
            while todo and len(running) < AT_ONCE:
                path = todo.pop()
                running[path] = repository.blaming(path)
            if not begun:
                begun = True
                meanwhile()
            path = next(iter(running))
            process = running.pop(path)
            try:
                output = repository.answer(process)
            except Again:
                todo.append(path)
            else:
                yield path, None if output is None else list(_spans(output))
    except Refused as refusal:  # what was found until then still counts
        repository.notice(str(refusal))
    finally:
        for process in running.values():
            end(process)


def _spans(output: bytes) -> Iterator[Span]:
    """Of what `git blame --incremental` prints: a head `COMMIT LINE-THEN LINE-NOW COUNT`, properties, `filename …`."""
    head: list[bytes] = []
    for line in output.split(b"\n"):
        if not head:
            head = line.split(b" ")
        elif line.startswith(b"filename "):
            yield Span(
                first=int(head[2]),
                count=int(head[3]),
                commit=head[0].decode("ascii"),
                path=_unquoted(line[len(b"filename ") :]),
                first_then=int(head[1]),
            )
            head = []


def _unquoted(name: bytes) -> str:
    """A path as git prints it: in quotes, with escapes, where it holds anything unusual."""
    if name[:1] == b'"':
        name = _ESCAPE.sub(lambda match: _ESCAPED.get(match[1]) or bytes([int(match[1], 8)]), name[1:-1])
    return name.decode("utf-8", "surrogateescape")
