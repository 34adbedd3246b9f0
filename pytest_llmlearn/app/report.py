"""Make a report of a period: read what happened, count it, and word what is listed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pytest_llmlearn.app.ports import Known as KnownLesson
from pytest_llmlearn.app.ports import Lessons, Store
from pytest_llmlearn.app.ports.chronicle import Chronicle
from pytest_llmlearn.domain.finding import Rule
from pytest_llmlearn.domain.lesson import lesson
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.recurring import Standing
from pytest_llmlearn.domain.report import TOP, Helped, Known, Listed, Mistake, Period, Report, Words, report

Standings = Callable[[Collection[str], str | None], Mapping[str, Standing]]
"""How these patterns stood when the run of that id began, or, without one, how they stand by now."""


class Reporting:
    """The use case. `rules` are by their ids."""

    def __init__(
        self,
        *,
        project: str,
        chronicle: Chronicle,
        store: Store,
        lessons: Lessons,
        standings: Standings,
        rules: Callable[[], Mapping[str, Rule]],
    ) -> None:
        self._project = project
        self._chronicle = chronicle
        self._store = store
        self._lessons = lessons
        self._standings = standings
        self._rules = rules

    def of_time(self, since: datetime, now: datetime, *, top: int = TOP) -> Report:
        """All from that time until now."""
        return self._made(Period(since=since, until=max(since, now)), now, top)

    def of_latest(self, count: int, now: datetime, *, top: int = TOP) -> Report:
        """The latest runs that recorded something, so many at most."""
        runs = self._chronicle.latest(count)
        period = Period(
            since=min((one.started for one in runs), default=now),
            until=max((one.finished for one in runs), default=now),
            runs=tuple(one.run_id for one in runs),
            kind="runs",
        )
        return self._made(period, now, top)

    def of_run(self, run: str, now: datetime, *, top: int = TOP) -> Report:
        """One run, by its id: what it saw recurs if it did as that run began. Empty where nothing is known of it."""
        ran = self._chronicle.run(run)
        since, until = (ran.started, ran.finished) if ran is not None else (now, now)
        return self._made(Period(since=since, until=until, runs=(run,), kind="run"), now, top)

    def _made(self, period: Period, now: datetime, top: int) -> Report:
        sightings = self._chronicle.sightings(period)
        repairs = self._chronicle.repairs(period)
        exposures = self._chronicle.judged(period)
        concerned = {one.fingerprint for one in sightings}
        concerned.update(one.fingerprint for one in repairs)
        concerned.update(one.fingerprint for one in exposures)
        told = {one.fingerprint: one for one in self._store.patterns() if one.fingerprint in concerned and _told(one)}
        run = period.runs[0] if period.kind == "run" and period.runs else None
        standings = self._standings(told.keys(), run) if told else {}
        made = report(
            self._project,
            period,
            made=now,
            sightings=sightings,
            known={name: _known(one, standings.get(name, Standing())) for name, one in told.items()},
            repairs=repairs,
            exposures=exposures,
            top=top,
        )
        return self._worded(made, told)

    def _worded(self, made: Report, told: Mapping[str, Pattern]) -> Report:
        """With words for what is listed; what is only counted needs none."""
        listed = [one.fingerprint for one in (*made.recurring.items, *made.new.items)]
        listed += [one.fingerprint for one in made.helped.items]
        words = self._words([told[name] for name in dict.fromkeys(listed)])

        def mistakes(found: Listed[Mistake]) -> Listed[Mistake]:
            return replace(found, items=tuple(replace(one, words=words[one.fingerprint]) for one in found.items))

        helped: tuple[Helped, ...] = tuple(replace(one, words=words[one.fingerprint]) for one in made.helped.items)
        return replace(
            made,
            recurring=mistakes(made.recurring),
            new=mistakes(made.new),
            helped=replace(made.helped, items=helped),
        )

    def _words(self, patterns: Sequence[Pattern]) -> dict[str, Words]:
        known = self._lessons.known([one.fingerprint for one in patterns])
        rules = self._rules() if patterns else {}
        found = {}
        for one in patterns:
            facts = known.get(one.fingerprint, KnownLesson())
            worded = lesson(
                one,
                rule=rules.get(one.rule_id),
                contexts=facts.contexts,
                fixes=facts.fixes,
                reworded=facts.reworded,
            )
            found[one.fingerprint] = Words(
                because=worded.because, lesson=worded.instead, failed=worded.failed, passed=worded.passed
            )
        return found


def _told(pattern: Pattern) -> bool:
    """Whether it may be told of: as what may be shown, and also what was put away for not being seen since."""
    return pattern.shown or (pattern.archived and replace(pattern, archived=False).shown)


def _known(pattern: Pattern, standing: Standing) -> Known:
    return Known(
        rule_id=pattern.rule_id,
        category=pattern.category,
        severity=pattern.severity,
        recurring=standing.recurring,
        enforced=standing.enforced or pattern.state == "enforced",
        committed=standing.committed,
        seen=max(standing.seen, pattern.seen, 1),
        first_seen=standing.first_seen or pattern.first_seen,
        models=standing.models or pattern.models,
    )
