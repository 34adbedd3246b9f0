"""What keeps the truth in order: putting away, erasing, and measuring it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pytest_llmlearn.domain.pattern import State

if TYPE_CHECKING:
    from pytest_llmlearn.domain.audit import Stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Aging:
    """When a pattern was last seen, with those merged into it, and its latest other sign of life."""

    fingerprint: str
    last_seen: datetime
    renewed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a pattern speaks of, for asking whether that is still there.

    `places` are the distinct paths and units in which it was seen; `handed_in` says that some of them were told by
    somebody, and may never have been here. `renewed_because` is why it was retired once before a sign of life came.
    """

    fingerprint: str
    rule_id: str
    symbols: tuple[str, ...]
    contexts: tuple[str, ...]
    last_seen: datetime
    state: State
    places: tuple[tuple[str | None, str], ...] = ()
    handed_in: bool = False
    renewed_because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was erased with a pattern. `moved_aside` names damaged files kept from before, which may hold it too."""

    patterns: int
    occurrences: int
    moved_aside: tuple[str, ...] = ()


class Upkeep(Protocol):
    """The truth's own housekeeping. Each method is one transaction, and doing it twice is doing it once.

    Every method may raise `errors.StoreError`; where there is no store yet, nothing is made and nothing is done.
    """

    @property
    def exists(self) -> bool: ...

    def aging(self, before: datetime) -> Sequence[Aging]:
        """Patterns last seen before that, which are neither archived, merged nor enforced."""
        ...

    def archive(self, fingerprints: Sequence[str]) -> int:
        """Put these away; how many were not yet."""
        ...

    def restore(self, fingerprint: str) -> None:
        """Take one back, archived or retired: as good as a sign of life.

        Raises:
            UnknownPattern: there is none with exactly this fingerprint.
        """
        ...

    def subjects(
        self, fingerprints: Sequence[str] | None = None, *, placed: datetime | None = None
    ) -> Sequence[Subject]:
        """Of these patterns, or of all that could be shown.

        Where `placed` is given, places are told only of those that were seen last at that time or before.
        """
        ...

    def retire(self, reasons: Mapping[str, str]) -> int:
        """Retire patterns, each for its reason; how many were not yet."""
        ...

    def forget(self, fingerprint: str) -> Erased:
        """Erase a pattern, and those merged into it, for good: rows, texts nobody else needs, words, free pages.

        Raises:
            UnknownPattern: there is none with exactly this fingerprint.
            StoreUnavailable: another process still reads what was erased; its bytes remain until it is done.
        """
        ...

    def merged(self, prefix: str) -> Sequence[str]:
        """Merged patterns whose own fingerprint begins so, or that were merged into exactly this one."""
        ...

    def alike(self) -> Sequence[tuple[str, Sequence[str]]]:
        """Groups of patterns that may be one, the first seen first, each with why: `symbol` or `fix`."""
        ...

    def private_texts(self, before: datetime | None, *, erase: bool) -> int:
        """How many private texts were last seen red before that, all of them for None; erased if so asked."""
        ...

    def told_before(self, before: datetime, *, erase: bool) -> int:
        """How many records older than that still hold texts or names; erased if so asked, their counts stay."""
        ...

    def unanswered(self, before: datetime) -> int:
        """How many exposures older than that were never judged."""
        ...

    def unmerged(self, *, merge: bool) -> bool:
        """Whether the full-text index lies in pieces; if so asked they are made one."""
        ...

    def free_share(self) -> float:
        """Pages of the file that are free, 0 to 1."""
        ...

    def compact(self) -> None:
        """Give free pages back.

        Raises:
            StoreUnavailable: another process still reads them.
        """
        ...

    def maintained(self) -> datetime | None:
        """When it was maintained last; before the first time, when its first run began."""
        ...

    def maintain(self) -> None:
        """It was maintained now."""
        ...

    def stock(self, since: datetime) -> Stock:
        """What there is to measure; the share of occurrences is that since then."""
        ...

    def texts(self) -> Iterator[tuple[str, str]]:
        """All texts that people or programs wrote, each with its `table.column`; equal ones of a column once."""
        ...


class Alone(Protocol):
    """One process at a time."""

    def held(self) -> AbstractContextManager[bool]:
        """Hold the lock while it lasts; False where another process does."""
        ...
