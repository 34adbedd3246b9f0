"""The truth: what failed, and the patterns it came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmlearn.domain.entry import Counted, Entry, Run
from pytest_llmlearn.domain.pattern import Pattern, Word

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A pattern found by words: its searchable text (stemmed words, blank-separated), and full text's own rank."""

    pattern: Pattern
    words: str
    rank: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """As much of a pattern as tells whether a question may be about it: reading a whole one takes ten times as long.

    `words` and `rank` are those of `Hit`; `symbols` are those of the pattern.
    """

    fingerprint: str
    kin: str
    rule_id: str
    exception: str
    symbols: tuple[str, ...]
    path: str | None
    words: str
    rank: float

    def ranked(self, rank: float) -> Glimpse:
        """The same with another rank."""
        if rank == self.rank:
            return self
        return Glimpse(  # hundreds for each question: `replace` takes three times as long
            fingerprint=self.fingerprint,
            kin=self.kin,
            rule_id=self.rule_id,
            exception=self.exception,
            symbols=self.symbols,
            path=self.path,
            words=self.words,
            rank=rank,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """How much the store holds. `bytes` is of the database's files; `held` of the private texts within them."""

    patterns: int
    occurrences: int
    runs: int
    bytes: int
    held: int
    schema: str
    generations: int = 0


class Store(Protocol):
    """The truth: runs, patterns and occurrences. One writer at a time; readers never wait for it.

    Every method may raise `errors.StoreError`; reading a store that does not exist yet is reading an empty one.
    """

    @property
    def notices(self) -> Sequence[str]:
        """Sentences that a person should read: a damaged file moved aside, a fallback taken."""
        ...

    def record(self, run: Run, entries: Sequence[Entry]) -> list[Counted]:
        """Write a run and its entries in one transaction; one answer for each entry, in order."""
        ...

    def patterns(
        self, *, category: str | None = None, limit: int | None = None, shown: bool = False, path: str | None = None
    ) -> list[Pattern]:
        """Patterns, most frequent and then latest first; with `shown` only those that may be shown unasked.

        Merged ones are one. With `path` only those that were seen last in that file, relative to the root.
        """
        ...

    def matching(self, prefix: str) -> list[Pattern]:
        """Patterns whose fingerprint begins so, with or without its version; at most ten.

        A fingerprint that was merged into another is found as that one.
        """
        ...

    def occurrences(
        self, *, fingerprint: str | None = None, run: str | None = None, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Occurrences, oldest first, with the keys that `llmlearn occurrences --format json` prints."""
        ...

    def search(self, terms: Sequence[str], symbols: Sequence[str], limit: int) -> list[Hit]:
        """Shown patterns with any of the stemmed words or exact symbols, best rank first."""
        ...

    def glimpses(
        self,
        terms: Sequence[str],
        symbols: Sequence[str],
        also: Sequence[str],
        limit: int,
        *,
        model: str | None = None,
    ) -> list[Glimpse]:
        """What `search` would find, and those of the fingerprints `also` that are shown, in any order.

        With `model` only what it was seen doing is searched for: what others did takes no place.
        """
        ...

    def named(self, fingerprints: Sequence[str]) -> list[Hit]:
        """Those of these patterns that are shown, with a rank of 0."""
        ...

    def rarity(self, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        """How many patterns there are, and in how many of them each word stands."""
        ...

    def say(self, fingerprint: str, word: Word | None) -> None:
        """Write down what a person said of a pattern; None takes it back."""
        ...

    def merge(self, parent: str, child: str) -> None:
        """From now on `child` counts for `parent`, and is shown no more."""
        ...

    def split(self, child: str) -> None:
        """Take the merging of this one back."""
        ...

    def failed_before(self, nodeids: Sequence[str]) -> frozenset[str]:
        """Which of these tests failed in an earlier run, and for which a red unit is still held."""
        ...

    def statistics(self) -> Statistics: ...

    def clear(self) -> None:
        """Erase everything for good, free pages too."""
        ...

    def close(self) -> None: ...
