"""Lines laid on commits: by blame, several files at a time, or at once for files that were only ever added."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pytest_llmlearn.adapters.git.added import WORDS as ADDED
from pytest_llmlearn.adapters.git.added import added_once
from pytest_llmlearn.adapters.git.asking import Again, Failed, Refused, Repository
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
    repository: Repository, paths: Sequence[str], meanwhile: Callable[[], None] | None
) -> Iterator[tuple[str, Spans | None]]:
    """The spans of those of `paths` (from the top) that a commit may know, as they are found.

    None for a file that git does not know; a file of which git failed to say, or not in time, is left out. `meanwhile`
    is called once, while git is at work.
    """
    left = list(paths)
    if len(left) >= FEW:
        process = repository.begin(ADDED)
        if meanwhile is not None:
            meanwhile()
        once = _added(repository, process, left)
        yield from once.items()
        left = [path for path in left if path not in once]
        meanwhile = None
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
    repository: Repository, paths: list[str], meanwhile: Callable[[], None] | None
) -> Iterator[tuple[str, Spans | None]]:
    blaming = _Blaming(repository)
    try:
        if len(paths) == 1:
            with suppress(Failed):
                yield paths[0], blaming.spans(paths[0], meanwhile)
        elif paths:
            yield from blaming.together(paths, meanwhile)
    except Refused as refusal:  # what was found until then still counts
        repository.notice(str(refusal))


class _Blaming:
    """Blame of several files of one repository, `AT_ONCE` of them at a time."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._running: set[subprocess.Popen[bytes]] = set()
        self._refusal: Refused | None = None

    def together(
        self, paths: Sequence[str], meanwhile: Callable[[], None] | None
    ) -> Iterator[tuple[str, Spans | None]]:
        """The spans of these files, as they are found.

        Raises:
            Refused: of some of them nothing was found, for the repository does not answer, or not in time.
        """
        # A thread for each process: one whose output nobody takes stands still as soon as its pipe is full.
        from concurrent.futures import ThreadPoolExecutor, as_completed

        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            blaming = {pool.submit(self.spans, path): path for path in paths}
            if meanwhile is not None:
                meanwhile()
            for future in as_completed(blaming):
                error = future.exception()
                if isinstance(error, Refused):
                    self._refusal = error
                elif not isinstance(error, Failed):
                    yield blaming[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in [*self._running]:
                process.kill()
            pool.shutdown()
        if self._refusal is not None:
            raise self._refusal

    def spans(self, path: str, meanwhile: Callable[[], None] | None = None) -> Spans | None:
        """The spans of one file, None where git does not know it.

        Raises:
            Failed: git did not say.
            Refused: the repository does not answer, or did not do so before.
        """
        while self._refusal is None:
            process = self._repository.blaming(path)
            self._running.add(process)
            try:
                if meanwhile is not None:
                    meanwhile()
                output = self._repository.answer(process, strict=True)
                return None if output is None else list(_spans(output))
            except Again:  # at most once: the words are others then
                meanwhile = None
            finally:
                end(process)
                self._running.discard(process)
        raise self._refusal


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
