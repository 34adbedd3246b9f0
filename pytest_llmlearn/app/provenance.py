"""Who wrote what: every reader is asked, the surest answer counts, and nothing unchanged is asked twice.

An answer is remembered by the file's text, the commit it was found at, and all else that decided it. Where only the
commit has moved on, the history says in one question which files it touched.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from typing import TypeVar

from pytest_llmlearn.app.ports import ProvenanceCache, Remembered
from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.provenance import FileProvenance, Provenance, first_answers
from pytest_llmlearn.hookspecs import History, ProvenanceReader

VERSION = "1"
"""Of what the readers do with what they find: a change of theirs makes older answers void."""

log = logging.getLogger(__name__)

T = TypeVar("T")

Answers = Mapping[str, Sequence[Provenance | None]]


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
        self._faults: dict[str, str] = {}

    @property
    def notices(self) -> list[str]:
        """Sentences that a person should read: of the readers that were asked, and of those that failed."""
        said = [notice for reader in self._made or () for notice in reader.notices]
        return [*dict.fromkeys([*said, *self._faults.values()])]

    def load(self, paths: Iterable[str]) -> None:
        """Ask for all of these files at once; what is known is not asked again."""
        wanted = sorted({path for path in paths if path not in self._known})
        if not wanted:
            return
        if self._cache is None or self._history is None:
            self._known.update(self._read(wanted))
            return
        standing = self._standing()
        if standing is None:
            self._known.update(self._read(wanted))
            return
        digests = {path: _digest(self._text_of(path) or "") for path in wanted}
        heads = self._history.heads(wanted)
        kept, renewed = self._remembered(self._cache.get(wanted), standing, digests, heads)
        found = self._read([path for path in wanted if path not in kept])
        self._known.update(kept)
        self._known.update(found)
        fresh = {**found, **{path: kept[path] for path in renewed}}
        if fresh and not self._faults:  # what a reader failed to say is not to be remembered as its answer
            self._cache.put(
                {
                    path: Remembered(
                        digest=digests[path], commit=heads.get(path, ""), standing=standing, provenance=provenance
                    )
                    for path, provenance in fresh.items()
                }
            )

    def of(self, path: str) -> FileProvenance:
        """One file's provenance."""
        self.load([path])
        return self._known[path]

    def anywhere(self) -> bool:
        """Whether anything in the repository is known to be a model's."""
        return any(known.generated for known in self._known.values()) or any(
            self._guarded(reader, reader.says_anything, False) for reader in self._readers
        )

    @property
    def _readers(self) -> Sequence[ProvenanceReader]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def _remembered(
        self,
        remembered: Mapping[str, Remembered],
        standing: str,
        digests: Mapping[str, str],
        heads: Mapping[str, str],
    ) -> tuple[dict[str, FileProvenance], set[str]]:
        """What of the remembered still holds, and of that, what was found at another commit."""
        kept: dict[str, FileProvenance] = {}
        elsewhere: dict[str, list[str]] = {}
        for path, one in remembered.items():
            if one.digest != digests[path] or one.standing != standing:
                continue
            if one.commit == heads.get(path, ""):
                kept[path] = one.provenance
            elif one.commit and path in heads:
                elsewhere.setdefault(one.commit, []).append(path)
        renewed: set[str] = set()
        for commit, paths in elsewhere.items():
            renewed |= self._history.untouched(paths, commit) if self._history is not None else frozenset()
        kept.update((path, remembered[path].provenance) for path in renewed)
        return kept, renewed

    def _standing(self) -> str | None:
        """The digest of all that decides beside texts and commits; None where a reader cannot say."""
        said: list[str] = [VERSION]
        for reader in self._readers:
            standing = self._guarded(reader, reader.standing, None)
            if standing is None:
                return None
            said += (reader.name, standing)
        return _digest("\0".join(said))

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
            self._faults[reader.name] = (
                f"who wrote a line was not asked of {reader.name!r}, which failed: {type(error).__name__}: {error}"
            )
            return otherwise


def _length(text: str) -> int:
    lines = source.lines_of(text)
    return len(lines) - (not lines[-1])


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
