"""Who wrote what: every reader is asked, the surest answer counts, and nothing unchanged is asked twice.

An answer is remembered by the file's text, the commit it was found at, and all else that decided it. Where only the
commit has moved on, the history says in one question which files it touched. What was found while any of these moved,
or while a reader failed, is told and not remembered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import TypeVar

from pytest_llmlearn.app.ports import ProvenanceCache, Remembered
from pytest_llmlearn.domain import source, tally
from pytest_llmlearn.domain.provenance import FileProvenance, Provenance, first_answers
from pytest_llmlearn.domain.tally import FileTally
from pytest_llmlearn.hookspecs import History, ProvenanceReader, StandingByPath

VERSION = "2"
"""Of what is made of the readers' answers: another one makes older answers void."""

log = logging.getLogger(__name__)

T = TypeVar("T")

Answers = Mapping[str, Sequence[Provenance | None]]
Told = Callable[[int, int], None]
"""Hears how many files are done, and of how many."""
PIECE = 200
"""Files asked for at once where somebody waits and watches. Many: a history is read once for all of them."""


class Origins:
    """The provenance of files. `readers` are made when first needed; without a `cache` nothing is remembered."""

    def __init__(
        self,
        readers: Callable[[], Sequence[ProvenanceReader]],
        text_of: Callable[[str], str | None],
        *,
        history: History | None = None,
        cache: ProvenanceCache | None = None,
    ) -> None:
        self._make = readers
        self._made: Sequence[ProvenanceReader] | None = None
        self._text_of = text_of
        self._history = history
        self._cache = cache
        self._known: dict[str, FileProvenance] = {}
        self._tallies: dict[str, FileTally] = {}
        self._rows: dict[str, Remembered] = {}
        """What the cache holds of the known files, or would hold."""
        self._faults: dict[str, str] = {}
        self._failures = 0
        self._asked = False
        """Whether history and cache were: what was not is not made for the sake of its notices, or of its end."""

    @property
    def notices(self) -> list[str]:
        """Sentences that a person should read: of the readers that were asked, and of those that failed."""
        said = [notice for reader in self._made or () for notice in reader.notices]
        if self._history is not None and self._asked:
            said += self._history.notices
        return [*dict.fromkeys([*said, *self._faults.values()])]

    def load(self, paths: Iterable[str], *, keep: bool = False, told: Told | None = None) -> None:
        """Ask for all of these files at once; what is known is not asked again.

        `keep` has the cache make the folder that it needs; else it writes only where there is one. With `told`, which
        hears how many of the files are known by now, they are asked for and remembered a few at a time.
        """
        wanted = sorted({path for path in paths if path not in self._known})
        if not wanted:
            return
        if self._cache is None or self._history is None or (standings := self._standings(wanted)) is None:
            for some in _pieces(wanted, told):
                self._known.update(self._read(some))
            return
        texts = {path: self._text_of(path) for path in wanted}
        digests = {path: _digest(text) for path, text in texts.items() if text is not None}
        self._asked = True
        heads = self._history.heads(wanted)
        remembered = self._cache.get({path: standings[path] for path in digests})
        kept, renewed = self._holding(remembered, digests, heads)
        self._known.update((path, row.provenance) for path, row in kept.items())
        self._rows.update(kept)
        self._tallies.update((path, row.tally) for path, row in kept.items() if row.tally is not None)
        self._remember({path: kept[path] for path in renewed}, keep=keep)
        for some in _pieces([path for path in wanted if path not in kept], told, done=len(kept)):
            failures = self._failures
            found = self._read(some)
            self._known.update(found)
            now = self._standings(some)
            if failures != self._failures or now is None:
                continue
            # The history leaves out a file of which more than the commit decides.
            after = self._history.heads(some)
            fresh = {
                path: Remembered(
                    digest=digests[path],
                    commit=heads.get(path, ""),
                    standing=standings[path],
                    provenance=provenance,
                )
                for path, provenance in found.items()
                if path in digests and after.get(path) == heads.get(path) and now[path] == standings[path]
            }
            self._remember(fresh, keep=keep)

    def of(self, path: str, *, keep: bool = False) -> FileProvenance:
        """One file's provenance."""
        self.load([path], keep=keep)
        return self._known[path]

    def tallies(self, paths: Iterable[str], *, keep: bool = False, told: Told | None = None) -> dict[str, FileTally]:
        """The counts of each of these files that can be read; those of a file that has not changed are remembered."""
        wanted = [*dict.fromkeys(paths)]
        self.load(wanted, keep=keep, told=told)
        fresh: dict[str, Remembered] = {}
        for path in wanted:
            text = self._text_of(path) if path not in self._tallies else None
            if text is not None:
                self._tallies[path] = counted = tally.of_file(path, text, self._known[path])
                if path in self._rows:
                    fresh[path] = replace(self._rows[path], tally=counted)
        self._remember(fresh, keep=keep)
        return {path: self._tallies[path] for path in wanted if path in self._tallies}

    def anywhere(self) -> bool:
        """Whether anything in the repository is known to be a model's."""
        return any(known.generated for known in self._known.values()) or any(
            self._guarded(reader, reader.says_anything, False) for reader in self._readers
        )

    def forget(self) -> None:
        """Ask anew from now on: what decides has changed. What is remembered by content is not touched."""
        self._known.clear()
        self._tallies.clear()
        self._rows.clear()

    def clear(self) -> None:
        """Erase what is remembered."""
        self.forget()
        if self._cache is not None:
            self._cache.clear()

    def close(self) -> None:
        """Let go of the cache, which writes what it could not write before."""
        if self._cache is not None and self._asked:
            self._cache.close()

    @property
    def _readers(self) -> Sequence[ProvenanceReader]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def _remember(self, rows: Mapping[str, Remembered], *, keep: bool) -> None:
        self._rows.update(rows)
        if rows and self._cache is not None:
            self._cache.put(rows, make=keep)

    def _holding(
        self,
        remembered: Mapping[str, Remembered],
        digests: Mapping[str, str],
        heads: Mapping[str, str],
    ) -> tuple[dict[str, Remembered], set[str]]:
        """What of the remembered still holds, and which of it was found at another commit."""
        kept: dict[str, Remembered] = {}
        elsewhere: dict[str, list[str]] = {}
        for path, one in remembered.items():
            if one.digest != digests[path]:
                continue
            if one.commit == heads.get(path, ""):
                kept[path] = one
            elif one.commit and path in heads:
                elsewhere.setdefault(one.commit, []).append(path)
        renewed: set[str] = set()
        for commit, paths in elsewhere.items():
            renewed |= self._history.untouched(paths, commit) if self._history is not None else frozenset()
        kept.update((path, replace(remembered[path], commit=heads[path])) for path in renewed)
        return kept, renewed

    def _standings(self, paths: Sequence[str]) -> dict[str, str] | None:
        """By path, the digest of all that decides beside text and commits; None where a reader cannot say."""
        everywhere: list[str] = [VERSION]
        nowhere: Mapping[str, str] = {}
        own: dict[str, list[str]] = {}
        for reader in self._readers:
            standing = self._guarded(reader, reader.standing, None)
            if standing is None:
                return None
            everywhere += (reader.name, standing)
            if isinstance(reader, StandingByPath):
                failures = self._failures
                local = self._guarded(reader, partial(reader.standing_of, paths), nowhere)
                if failures != self._failures:
                    return None
                for path, standing in local.items():
                    own.setdefault(path, []).extend((reader.name, standing))
        common = _digest("\0".join(everywhere))
        return {path: _digest("\0".join([common, *own[path]])) if path in own else common for path in paths}

    def _read(self, paths: Sequence[str]) -> dict[str, FileProvenance]:
        if not paths:
            return {}
        nothing: Answers = {}
        answers = [self._guarded(reader, partial(reader.read, paths), nothing) for reader in self._readers]
        return {
            path: first_answers([answer.get(path) for answer in answers], _length(self._text_of(path) or ""))
            for path in paths
        }

    def _guarded(self, reader: ProvenanceReader, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except Exception as error:  # a reader may be anyone's; what it raises costs its own answers only
            log.exception("reader %r failed", reader.name)
            self._failures += 1
            self._faults[reader.name] = (
                f"who wrote a line was not asked of {reader.name!r}, which failed: {type(error).__name__}: {error}"
            )
            return otherwise


def _pieces(paths: Sequence[str], told: Told | None, *, done: int = 0) -> Iterator[Sequence[str]]:
    """The paths, all at once or, with `told`, a few at a time."""
    if told is None:
        if paths:
            yield paths
        return
    whole = done + len(paths)
    told(done, whole)
    for start in range(0, len(paths), PIECE):
        yield paths[start : start + PIECE]
        told(min(done + start + PIECE, whole), whole)


def _length(text: str) -> int:
    lines = source.lines_of(text)
    return len(lines) - (not lines[-1])


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
