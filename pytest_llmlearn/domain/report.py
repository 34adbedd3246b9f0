"""A report: what came of the mistakes of a period, for people.

What recurred and what was new, by model, category, file and week, what was repaired, and which lessons helped. A
mistake counts as often as its code differs, as patterns do: a broken function that fails fifteen tests is one. Pure: it
is made of what was read, and every list is cut and says how much was left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Generic, Literal, TypeVar

from pytest_llmlearn.domain.effect import Effect, Exposure, effect
from pytest_llmlearn.domain.finding import SEVERITIES

TOP = 20
"""Mistakes of a list that are shown, unless more are asked for."""
GROUPS = 12
"""Models, categories and files that are shown."""
WEEKS = 53
"""Weeks that are drawn: the latest."""
NOBODY = "unknown"

Kind = Literal["period", "run", "runs"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a report is of. Times are aware, UTC, both included; `runs` are ids, None for all that was then.

    `kind` says how it was asked for: all of a time, one run, or the latest runs.
    """

    since: datetime
    until: datetime
    runs: tuple[str, ...] | None = None
    kind: Kind = "period"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run that recorded something; times are aware, UTC."""

    run_id: str
    started: datetime
    finished: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One mistake in one piece of code (`code` tells such pieces apart), seen in one run so many `times`.

    `fingerprint` is that of the pattern that it counts for, `time` when it was seen there last.
    """

    fingerprint: str
    code: int
    run: str
    time: datetime
    model: str
    path: str | None
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a mistake, also from before the period: see `domain.recurring.Standing`, and `Pattern`."""

    rule_id: str
    category: str
    severity: str
    recurring: bool = False
    enforced: bool = False
    committed: bool = False
    seen: int = 1
    first_seen: datetime | None = None
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A verified fix of a mistake: what it changed, in words and as code, and in how many pieces of it in the period.

    `time` is when it was verified last.
    """

    fingerprint: str
    difference: str
    bad: str
    good: str
    verified: int
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is to be learned of a mistake: see `domain.lesson.Lesson`. `failed` and `passed` are code."""

    because: str = ""
    lesson: str = ""
    failed: str = ""
    passed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake in the period: `times` in how much different code, `failures` how often in all.

    `paths` are those of the period, most often first.
    """

    fingerprint: str
    known: Known
    times: int
    failures: int
    last_seen: datetime
    paths: tuple[str, ...] = ()
    words: Words = Words()


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a model, a category or a file had of the mistakes: how many, of which recurring, in how much code."""

    name: str
    mistakes: int
    recurring: int
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The mistakes of a week that begins on `monday` (UTC): those seen for the first time, and those seen before."""

    monday: date
    new: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A mistake that was repaired, with the fix."""

    rule_id: str
    repair: Repair


@dataclass(frozen=True, slots=True, kw_only=True)
class Helped:
    """What came of showing the lesson of a mistake, as far as it was judged in the period."""

    fingerprint: str
    rule_id: str
    effect: Effect
    words: Words = Words()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[T]):
    """The first of a list, and how many more there are."""

    items: tuple[T, ...] = ()
    rest: int = 0

    @property
    def total(self) -> int:
        """How many there are in all."""
        return len(self.items) + self.rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole. `project` is its name, `made` when the report was; `runs` counts those that saw any mistake.

    `times` and `failures` are those of all mistakes. `weeks` are without a gap, oldest first; `weeks_before` counts
    those that are not drawn.
    """

    project: str
    made: datetime
    period: Period
    runs: int = 0
    times: int = 0
    failures: int = 0
    recurring: Listed[Mistake] = field(default_factory=Listed)
    new: Listed[Mistake] = field(default_factory=Listed)
    models: Listed[Share] = field(default_factory=Listed)
    categories: Listed[Share] = field(default_factory=Listed)
    files: Listed[Share] = field(default_factory=Listed)
    weeks: tuple[Week, ...] = ()
    weeks_before: int = 0
    mended: Listed[Mended] = field(default_factory=Listed)
    helped: Listed[Helped] = field(default_factory=Listed)

    @property
    def mistakes(self) -> int:
        """How many different ones were seen."""
        return self.recurring.total + self.new.total

    @property
    def empty(self) -> bool:
        """Whether nothing is to be told."""
        return not (self.mistakes or self.mended.total or self.helped.total)


def report(
    project: str,
    period: Period,
    *,
    made: datetime,
    sightings: Iterable[Sighting],
    known: Mapping[str, Known],
    repairs: Iterable[Repair] = (),
    exposures: Iterable[Exposure] = (),
    top: int = TOP,
) -> Report:
    """The report; what is not `known` may not be shown, and is left out. Words are given to what is listed later."""
    seen = [one for one in sightings if one.fingerprint in known]
    by_mistake: dict[str, list[Sighting]] = {}
    for one in seen:
        by_mistake.setdefault(one.fingerprint, []).append(one)
    mistakes = [_mistake(name, ones, known[name]) for name, ones in by_mistake.items()]
    weeks, before = ([], 0) if period.kind == "run" else _weeks(period, seen, known)
    return Report(
        project=project,
        made=made,
        period=period,
        runs=len({one.run for one in seen}),
        times=len({one.code for one in seen}),
        failures=sum(one.times for one in seen),
        recurring=listed(sorted((one for one in mistakes if one.known.recurring), key=_rank), top),
        new=listed(sorted((one for one in mistakes if not one.known.recurring), key=_rank_new), top),
        models=_shares(seen, known, lambda one: one.model),
        categories=_shares(seen, known, lambda one: known[one.fingerprint].category),
        files=_shares(seen, known, lambda one: one.path or ""),
        weeks=tuple(weeks),
        weeks_before=before,
        mended=listed(_mended(repairs, known), top),
        helped=listed(_helped(exposures, known), top),
    )


def listed(items: Iterable[T], top: int) -> Listed[T]:
    """The first `top` of these."""
    every = tuple(items)
    return Listed(items=every[:top], rest=max(len(every) - top, 0))


def _mistake(fingerprint: str, seen: Sequence[Sighting], known: Known) -> Mistake:
    return Mistake(
        fingerprint=fingerprint,
        known=known,
        times=len({one.code for one in seen}),
        failures=sum(one.times for one in seen),
        last_seen=max(one.time for one in seen),
        paths=_often(one.path for one in seen if one.path),
    )


def _often(names: Iterable[str]) -> tuple[str, ...]:
    counted = Counter(names)
    return tuple(sorted(counted, key=lambda name: (-counted[name], name)))


def _rank(one: Mistake) -> tuple[int, int, bool, int, str]:
    """What recurred most in the period first, then what was ever seen most."""
    return -one.times, -one.known.seen, not one.known.enforced, _gravity(one.known), one.fingerprint


def _rank_new(one: Mistake) -> tuple[int, int, float, str]:
    """The gravest first, of these what was seen most, then the latest."""
    return _gravity(one.known), -one.times, -one.last_seen.timestamp(), one.fingerprint


def _gravity(known: Known) -> int:
    return SEVERITIES.index(known.severity) if known.severity in SEVERITIES else len(SEVERITIES)


def _shares(seen: Sequence[Sighting], known: Mapping[str, Known], name_of: Callable[[Sighting], str]) -> Listed[Share]:
    groups: dict[str, list[Sighting]] = {}
    for one in seen:
        if name := name_of(one):
            groups.setdefault(name, []).append(one)
    found = []
    for name, ones in groups.items():
        mistakes = {one.fingerprint for one in ones}
        recurring = sum(known[one].recurring for one in mistakes)
        times = len({one.code for one in ones})
        found.append(Share(name=name, mistakes=len(mistakes), recurring=recurring, times=times))
    return listed(sorted(found, key=lambda share: (-share.mistakes, -share.times, share.name)), GROUPS)


def monday_of(time: datetime) -> date:
    """The first day of its week, in UTC."""
    day = time.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def _weeks(period: Period, seen: Sequence[Sighting], known: Mapping[str, Known]) -> tuple[list[Week], int]:
    """Each week of the period, from that of the first sighting where all of some runs were asked for."""
    if not seen:
        return [], 0
    found: dict[date, set[str]] = {}
    for one in seen:
        found.setdefault(monday_of(one.time), set()).add(one.fingerprint)
    first, last = monday_of(period.since), monday_of(period.until)
    if period.kind == "runs" or (last - first).days // 7 >= WEEKS:
        first = min(found)
    last = max(last, *found) if period.kind == "period" else max(found)
    count = (last - first).days // 7 + 1
    drawn = [last - timedelta(weeks=back) for back in range(min(count, WEEKS))][::-1]
    weeks = []
    for monday in drawn:
        names = found.get(monday, set())
        starts = (known[name].first_seen for name in names)
        new = sum(1 for first_seen in starts if first_seen is None or monday_of(first_seen) >= monday)
        weeks.append(Week(monday=monday, new=new, again=len(names) - new))
    return weeks, count - len(drawn)


def _mended(repairs: Iterable[Repair], known: Mapping[str, Known]) -> list[Mended]:
    """Each mistake once, with the fix that was verified most often; the latest first."""
    best: dict[str, Repair] = {}
    for one in repairs:
        other = best.get(one.fingerprint)
        if one.fingerprint in known and (other is None or _worth(one) > _worth(other)):
            best[one.fingerprint] = one
    latest = sorted(best.values(), key=lambda one: (one.time, one.fingerprint), reverse=True)
    return [Mended(rule_id=known[one.fingerprint].rule_id, repair=one) for one in latest]


def _worth(one: Repair) -> tuple[int, datetime, str]:
    return one.verified, one.time, one.good


def _helped(exposures: Iterable[Exposure], known: Mapping[str, Known]) -> list[Helped]:
    """Lessons that had an opportunity to help, those that helped most often first."""
    judged: dict[str, list[Exposure]] = {}
    for one in exposures:
        if one.fingerprint in known:
            judged.setdefault(one.fingerprint, []).append(one)
    found = [
        Helped(fingerprint=name, rule_id=known[name].rule_id, effect=effect(ones)) for name, ones in judged.items()
    ]
    told = [one for one in found if one.effect.shown.opportunities]
    return sorted(told, key=lambda one: (-one.effect.shown.avoided, one.effect.shown.recurred, one.fingerprint))
