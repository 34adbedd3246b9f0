"""What a report counts, and in which order it tells it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.effect import Exposure, Outcome
from pytest_llmlearn.domain.report import GROUPS, WEEKS, Known, Period, Repair, Report, Sighting, monday_of, report
from tests.builders import at

MARCH = Period(since=at(days=-28), until=at(days=0))


def seen(fingerprint: str = "1:a", code: int = 1, **changes: Any) -> Sighting:
    """A sighting of today, in run-1."""
    values: dict[str, Any] = {"run": "run-1", "time": at(0), "model": "model-a", "path": "app/a.py"}
    return Sighting(fingerprint=fingerprint, code=code, **{**values, **changes})


def known(**changes: Any) -> Known:
    """A mistake that is new."""
    values: dict[str, Any] = {"rule_id": "type.none-value", "category": "type", "severity": "major"}
    return Known(**{**values, **changes})


def made(*sightings: Sighting, facts: dict[str, Known] | None = None, period: Period = MARCH, **more: Any) -> Report:
    """The report of these; what nobody said more of is a new mistake."""
    every = {one.fingerprint: known() for one in sightings} | (facts or {})
    return report("shop", period, made=at(1), sightings=sightings, known=every, **more)


def fix(fingerprint: str = "1:a", **changes: Any) -> Repair:
    """A repair of today."""
    values: dict[str, Any] = {"difference": "", "bad": "a", "good": "b", "verified": 1, "time": at(0)}
    return Repair(fingerprint=fingerprint, **{**values, **changes})


def test_a_mistake_counts_as_often_as_its_code_differs() -> None:
    """One broken function that fails fifteen tests in two runs is one."""
    found = made(seen(times=15), seen(run="run-2"), seen(code=2, model="model-b"))
    (one,) = found.new.items
    assert (one.times, one.failures) == (2, 17)
    assert (found.runs, found.times, found.failures, found.mistakes) == (2, 2, 17, 1)


def test_what_is_not_known_is_left_out() -> None:
    """A muted pattern is told nowhere, not even in a sum."""
    found = report("shop", MARCH, made=at(1), sightings=[seen()], known={}, repairs=[fix()])
    assert found.empty
    assert (found.models.total, found.weeks) == (0, ())


def test_recurring_and_new_are_told_apart() -> None:
    """What came in most code stands first among the recurring, the gravest among the new."""
    again, grave = known(recurring=True), known(severity="critical")
    found = made(
        seen("1:a"),
        seen("1:b"),
        seen("1:b", 2),
        seen("1:c"),
        seen("1:d"),
        facts={"1:a": again, "1:b": again, "1:d": grave},
    )
    assert [one.fingerprint for one in found.recurring.items] == ["1:b", "1:a"]
    assert [one.fingerprint for one in found.new.items] == ["1:d", "1:c"]


def test_models_categories_and_files_have_their_shares() -> None:
    """A mistake of two models counts for both; a file that is not known has no row."""
    found = made(
        seen("1:a"), seen("1:a", 2, model="model-b"), seen("1:b", 3, path=None), facts={"1:a": known(recurring=True)}
    )
    assert [(one.name, one.mistakes, one.recurring, one.times) for one in found.models.items] == [
        ("model-a", 2, 1, 2),
        ("model-b", 1, 1, 1),
    ]
    assert [(one.name, one.mistakes, one.times) for one in found.files.items] == [("app/a.py", 1, 2)]
    assert [one.name for one in found.categories.items] == ["type"]


def test_weeks_have_no_gaps_and_know_what_was_new() -> None:
    """A mistake is new in the week in which it was first seen, and was seen before in every later one."""
    first = at(days=-21)
    facts = {"1:a": known(first_seen=first), "1:b": known(first_seen=at(0))}
    found = made(seen("1:a", time=first), seen("1:a"), seen("1:b"), facts=facts)
    assert [(one.monday, one.new, one.again) for one in found.weeks] == [
        (date(2026, 1, 26), 0, 0),
        (date(2026, 2, 2), 1, 0),
        (date(2026, 2, 9), 0, 0),
        (date(2026, 2, 16), 0, 0),
        (date(2026, 2, 23), 1, 1),
    ]


@given(st.datetimes(min_value=datetime(1970, 1, 8), max_value=datetime(9998, 1, 1)), st.integers(-14, 14))
def test_a_week_begins_on_the_monday_in_utc(moment: datetime, hours: int) -> None:
    """Wherever the runner's clock is."""
    aware = moment.replace(tzinfo=UTC) + timedelta(hours=hours)
    monday = monday_of(aware)
    assert monday.weekday() == 0
    assert timedelta() <= aware.date() - monday < timedelta(days=7)


def test_many_years_are_cut_to_the_latest_weeks() -> None:
    """How many are not drawn is told; the first of all is that of the first sighting."""
    period = Period(since=datetime(1, 1, 1, tzinfo=UTC), until=at(0))
    found = made(seen(time=at(days=-7 * 99)), seen(), period=period)
    assert (len(found.weeks), found.weeks_before) == (WEEKS, 100 - WEEKS)
    assert found.weeks[-1].monday == monday_of(at(0))


@pytest.mark.parametrize(("kind", "weeks"), [("run", 0), ("runs", 1)])
def test_a_run_has_no_trend(kind: Any, weeks: int) -> None:
    """And the latest runs have the weeks in which they were."""
    period = Period(since=at(days=-90), until=at(0), runs=("run-1",), kind=kind)
    assert len(made(seen(), period=period).weeks) == weeks


def test_lists_are_cut_and_say_so() -> None:
    """Ten thousand mistakes, of which a few are shown."""
    many = [seen(f"1:{n:05}", n, model=f"model-{n}", path=f"app/{n}.py") for n in range(10_000)]
    found = made(*many, top=5)
    assert (len(found.new.items), found.new.rest, found.mistakes) == (5, 9_995, 10_000)
    assert (len(found.models.items), found.models.total) == (GROUPS, 10_000)


def test_each_mistake_was_repaired_once() -> None:
    """By the fix that was verified most often; the latest repair first."""
    found = made(
        facts={"1:a": known(), "1:b": known()},
        repairs=[fix(good="seldom"), fix(good="often", verified=3), fix("1:b", time=at(days=-1)), fix("1:muted")],
    )
    assert [(one.repair.fingerprint, one.repair.good) for one in found.mended.items] == [("1:a", "often"), ("1:b", "b")]
    assert not found.empty


def test_lessons_without_an_opportunity_are_not_told() -> None:
    """Silence is no success."""
    outcomes: dict[str, list[Outcome]] = {
        "1:a": ["avoided", "recurred"],
        "1:b": ["no-opportunity"],
        "1:c": ["avoided"] * 2,
    }
    exposures = [Exposure(fingerprint=name, outcome=one) for name, ones in outcomes.items() for one in ones]
    found = made(facts=dict.fromkeys(outcomes, known()), exposures=exposures)
    assert [(one.fingerprint, one.effect.shown.avoided) for one in found.helped.items] == [("1:c", 2), ("1:a", 1)]
