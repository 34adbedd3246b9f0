"""What a memory is worth, measured on itself: duplicates, lessons nobody saw, candidates that came to nothing, leaks.

Counts of rows alone; nothing here says what any text was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pytest_llmlearn.domain import nearness
from pytest_llmlearn.domain.audit_bounds import Bounds
from pytest_llmlearn.domain.pattern import State
from pytest_llmlearn.domain.words import words

AGED_DAYS = 90
"""Days after which a candidate that was seen once has come to nothing."""
GROWTH_WEEKS = 4
"""Weeks over which growth is averaged."""
FEW = 20
"""Patterns below which shares are not held against their bounds: of three lessons one is a third."""
EXAMPLES = 5
"""Groups of duplicates that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One pattern as far as an audit goes. Merged ones are no patterns of their own. `shown` counts its exposures."""

    fingerprint: str
    rule_id: str
    symbol_key: str
    lesson: str
    message: str
    state: State
    frequency: int
    first_seen: datetime
    last_seen: datetime
    symbols: tuple[str, ...] = ()
    stub: bool = False
    archived: bool = False
    shown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One table: its rows, and its bytes with its indexes, None where SQLite cannot tell."""

    table: str
    rows: int
    bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What the store measured of itself. `recent_share` is that of the occurrences of the last `GROWTH_WEEKS`."""

    patterns: tuple[Kept, ...] = ()
    sizes: tuple[Size, ...] = ()
    bytes: int = 0
    recent_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The outcome. `duplicates` and `near_duplicates` count patterns that could go, the first of each group stays.

    Groups are of fingerprints, at most `EXAMPLES` of each kind, the first seen first. `junk` counts patterns that can
    help nobody, each once: duplicates of either kind, candidates that aged out, stubs, and failures told apart.
    `secrets` are texts that redaction would still change, by where they stand. Growth is a week's, averaged.
    """

    patterns: int
    active: int
    duplicates: int
    near_duplicates: int
    never_shown: int
    aged: int
    junk: int
    secrets: Mapping[str, int]
    weekly_patterns: float
    weekly_bytes: float
    bytes: int
    sizes: tuple[Size, ...] = ()
    duplicate_groups: tuple[tuple[str, ...], ...] = field(default=())
    near_groups: tuple[tuple[str, ...], ...] = field(default=())

    def above(self, bounds: Bounds) -> list[str]:
        """A sentence for each bound that is passed, with what to do."""
        return [
            sentence
            for passed, sentence in (
                (
                    self._share(self.duplicates, bounds.duplicates),
                    f"{self._of(self.duplicates)} are exact duplicates, above the bound of {bounds.duplicates:g} "
                    "(audit_max_duplicates): see `llmlearn merge --suggest`",
                ),
                (
                    self._share(self.near_duplicates, bounds.near_duplicates),
                    f"{self._of(self.near_duplicates)} say nearly what another says, above the bound of "
                    f"{bounds.near_duplicates:g} (audit_max_near_duplicates): see `llmlearn merge --suggest`",
                ),
                (
                    self.active >= FEW and self.never_shown > bounds.never_shown * self.active,
                    f"{self.never_shown} of {self.active} active lessons were never shown, above the bound of "
                    f"{bounds.never_shown:g} (audit_max_never_shown): they reach nobody",
                ),
                (
                    self._share(self.aged, bounds.aged),
                    f"{self._of(self.aged)} were seen once, more than {AGED_DAYS} days ago, above the bound of "
                    f"{bounds.aged:g} (audit_max_aged): `llmlearn archive` puts them away",
                ),
                (
                    self._share(self.junk, bounds.junk),
                    f"{self._of(self.junk)} can help nobody, above the bound of {bounds.junk:g} (audit_max_junk)",
                ),
                (
                    self.leaks > bounds.secrets,
                    f"{self.leaks} stored texts hold what redaction would hide today, above the bound of "
                    f"{bounds.secrets} (audit_max_secrets), in {', '.join(sorted(self.secrets))}: "
                    "`llmlearn forget` erases a pattern with all its texts",
                ),
                (
                    self.weekly_patterns > bounds.weekly_patterns,
                    f"{self.weekly_patterns:g} patterns a week were added, above the bound of "
                    f"{bounds.weekly_patterns} (audit_max_weekly_patterns)",
                ),
            )
            if passed
        ]

    @property
    def leaks(self) -> int:
        """Texts that redaction would still change."""
        return sum(self.secrets.values())

    def _share(self, count: int, bound: float) -> bool:
        return self.patterns >= FEW and count > bound * self.patterns

    def _of(self, count: int) -> str:
        return f"{count} of {self.patterns} patterns"


def audit(stock: Stock, secrets: Mapping[str, int], now: datetime) -> Audit:
    """Measure what is kept. `secrets` counts, by table and column, the texts that redaction would still change."""
    # The one seen first stays, whatever order the rows came in.
    kept = sorted(stock.patterns, key=lambda one: (one.first_seen, one.fingerprint))
    exact = _exact(kept)
    near = _near(kept)
    beyond = {one for group in exact for one in group[1:]}
    # What is exactly equal is near too, and counted once.
    beside = {one for group in near for one in group[1:]} - beyond
    aged = {one.fingerprint for one in kept if _aged(one, now)}
    useless = {one.fingerprint for one in kept if one.stub or not one.frequency}
    active = [one for one in kept if one.state in ("active", "enforced") and not one.archived]
    since = now - timedelta(weeks=GROWTH_WEEKS)
    return Audit(
        patterns=len(kept),
        active=len(active),
        duplicates=len(beyond),
        near_duplicates=len(beside),
        never_shown=sum(not one.shown for one in active),
        aged=len(aged),
        junk=len(beyond | beside | aged | useless),
        secrets=dict(secrets),
        weekly_patterns=sum(since < one.first_seen <= now for one in kept) / GROWTH_WEEKS,
        weekly_bytes=round(stock.bytes * stock.recent_share / GROWTH_WEEKS, 1),
        bytes=stock.bytes,
        sizes=stock.sizes,
        duplicate_groups=tuple(tuple(group) for group in exact[:EXAMPLES]),
        near_groups=tuple(tuple(group) for group in near if not beyond.issuperset(group[1:]))[:EXAMPLES],
    )


def _aged(one: Kept, now: datetime) -> bool:
    lonely = one.state == "candidate" and one.frequency <= 1 and not one.archived
    return lonely and now - one.last_seen > timedelta(days=AGED_DAYS)


def _exact(kept: Iterable[Kept]) -> list[list[str]]:
    """Groups of equal symbol level and equal lesson but for case and blanks."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in kept:
        groups.setdefault((one.symbol_key, " ".join(one.lesson.casefold().split())), []).append(one.fingerprint)
    return [group for group in groups.values() if len(group) > 1]


def _near(kept: Iterable[Kept]) -> list[list[str]]:
    """Groups within one rule whose lesson, message and symbols are near one another by their words."""
    by_rule: dict[str, dict[str, Sequence[str]]] = {}
    for one in kept:
        # A symbol counts as a whole too: `numpy.asscalar` and `numpy.asfarray` are two mistakes in much the same words.
        text = [*words(f"{one.lesson}\n{one.message}"), *one.symbols]
        by_rule.setdefault(one.rule_id, {})[one.fingerprint] = text
    return [group for texts in by_rule.values() for group in nearness.clusters(texts)]
