"""Lessons shown to somebody about to write code, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pytest_llmlearn.domain.effect import Channel, Effect, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One lesson of an answer: whether it was `shown` or held back, and the chance that it had of being shown."""

    fingerprint: str
    shown: bool = True
    propensity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One answer: to whom its lessons went, by which channel, for which file, and what that was like at the time.

    `text_digest` and `pieces` (see `domain.written`) are None where no file was named or it was not there yet. `time`
    is aware, UTC.
    """

    time: datetime
    channel: Channel
    lessons: tuple[Shown, ...]
    session: str | None = None
    path: str | None = None
    unit: str | None = None
    model: str | None = None
    text_digest: str | None = None
    pieces: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """An exposure that no run of the tests has judged yet, with what its pattern is known by.

    `unit` is what was asked for, `pattern_path` and `pattern_unit` are where the mistake was made last. `by_scan` says
    that scans find the mistake: no test tells whether it was avoided.
    """

    id: int
    time: datetime
    fingerprint: str
    symbol_key: str
    symbols: tuple[str, ...]
    pattern_path: str | None
    pattern_unit: str
    session: str | None
    path: str | None
    unit: str | None
    text_digest: str | None
    by_scan: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """One operation of a model on a file, as far as it tells what was written: see `domain.generation.Generation`."""

    time: datetime
    path: str
    qualname: str | None
    session: str | None
    operation: str | None
    hunks: str | None


Code = tuple[str, str, str]
"""A fingerprint, a unit, and the digest of its code."""


class Exposures(Protocol):
    """The exposures. In the same file as the store, and as safe, but that what is shown may be lost."""

    def show(self, showing: Showing) -> bool:
        """Write down what is about to be shown; False where that cannot be done at once, and nothing was.

        Nothing is made for it. A lesson whose exposure still awaits a run is not written down again for the same
        session, path, unit and channel: it is one exposure. Without a session that is so while the text is the same.
        """
        ...

    def awaiting(self, limit: int) -> list[Awaiting]:
        """Those that no run has judged yet, the latest so many, oldest first."""
        ...

    def pieces(self, digests: Collection[str]) -> Mapping[str, frozenset[str]]:
        """What the texts of these digests were like when lessons were shown for them, as far as it is known."""
        ...

    def wrote(self, since: datetime) -> list[Wrote]:
        """What models wrote after that time, oldest first."""
        ...

    def first_failed(self, codes: Collection[Code]) -> Mapping[Code, datetime]:
        """When each pattern was first seen in that code."""
        ...

    def judge(self, outcomes: Mapping[int, Outcome], *, run: str, time: datetime) -> None:
        """Write down what came of exposures that await a run; a mistake that a lesson prevented renews its pattern."""
        ...

    def expire(self, before: datetime, *, time: datetime) -> int:
        """Of exposures of before that time that still await a run there was no opportunity; how many these were."""
        ...

    def effect(self, fingerprint: str | None = None) -> Effect:
        """What came of the exposures of this pattern and of those merged into it, or of all."""
        ...

    def effects(self, fingerprints: Collection[str]) -> Mapping[str, Effect]:
        """The same for several patterns; those that were never shown or held back are left out."""
        ...
