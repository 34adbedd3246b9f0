"""Which state a record earns, what its count brings, and what counts as independent."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.effect import Arm, Comparison, Difference, Effect
from pytest_llmlearn.domain.evolution import (
    Record,
    always_inject,
    always_slots,
    detailed,
    earns_its_place,
    promotes,
    severity,
    showable,
    state,
    tier,
)
from pytest_llmlearn.domain.finding import SEVERITIES
from pytest_llmlearn.domain.pattern import HIDDEN
from pytest_llmlearn.domain.recurrence import Seen, independent
from tests.builders import at


def a_record(**changes: Any) -> Record:
    """A minor mistake seen once."""
    return Record(**{"frequency": 1, "severity": "minor", **changes})


RECORDS = st.builds(
    Record,
    frequency=st.integers(0, 40),
    severity=st.sampled_from(SEVERITIES),
    fixes=st.integers(0, 3),
    recurrences=st.integers(0, 3),
    word=st.sampled_from([None, "right", "wrong", "enforce"]),
    imported=st.booleans(),
    stub=st.booleans(),
    retired_because=st.sampled_from([None, "the symbol is gone"]),
    renewed=st.booleans(),
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "candidate"),
        ({"frequency": 100, "recurrences": 1}, "candidate"),
        ({"fixes": 1}, "active"),
        ({"recurrences": 2}, "active"),
        ({"word": "right"}, "active"),
        ({"word": "enforce"}, "enforced"),
        ({"word": "wrong", "fixes": 3}, "muted"),
        ({"word": "wrong", "retired_because": "gone"}, "muted"),
        ({"imported": True}, "quarantined"),
        ({"imported": True, "recurrences": 1}, "quarantined"),
        ({"imported": True, "fixes": 1}, "active"),
        ({"imported": True, "word": "right"}, "active"),
        ({"imported": True, "word": "enforce"}, "enforced"),
        ({"stub": True, "fixes": 3, "recurrences": 9}, "candidate"),
        ({"stub": True, "word": "right"}, "active"),
        ({"retired_because": "gone", "fixes": 1}, "retired"),
        ({"retired_because": "gone", "word": "enforce"}, "retired"),
        ({"retired_because": "gone", "fixes": 1, "renewed": True}, "active"),
        ({"retired_because": "gone", "renewed": True}, "candidate"),
    ],
)
def test_the_state_that_a_record_earns(changes: dict[str, Any], expected: str) -> None:
    """By outcomes of tests and a person's last word, never by a count alone."""
    assert state(a_record(**changes)) == expected


@given(RECORDS, st.integers(0, 1000))
def test_a_count_moves_no_state(record: Record, frequency: int) -> None:
    """However often it came."""
    assert state(replace(record, frequency=frequency)) == state(record)


@given(RECORDS)
def test_outcomes_promote_no_stub(record: Record) -> None:
    """Only a person's word does; and without it no stub is shown."""
    nobody = replace(record, stub=True, word=None)
    assert state(nobody) in ("candidate", "quarantined", "retired")
    assert not showable(nobody)
    assert not always_inject(nobody)


@given(RECORDS)
def test_hidden_states_are_never_shown(record: Record) -> None:
    """Nor always shown."""
    if state(record) in HIDDEN:
        assert not showable(record)
        assert not always_inject(record)


def test_a_candidate_may_be_shown() -> None:
    """Unless nothing but told-apart failures was counted."""
    assert showable(a_record())
    assert not showable(a_record(frequency=0))


@pytest.mark.parametrize(("frequency", "expected"), [(1, "new"), (4, "new"), (5, "established"), (14, "established")])
def test_contexts_and_fix_come_at_five(frequency: int, expected: str) -> None:
    """Before, a pattern is told bare."""
    assert tier(frequency) == expected
    assert detailed(frequency) is (expected != "new")


@pytest.mark.parametrize(
    ("first", "frequency", "expected"),
    [("minor", 14, "minor"), ("minor", 15, "major"), ("major", 15, "major"), ("critical", 99, "critical")],
)
def test_a_minor_mistake_counts_as_major_at_fifteen(first: Any, frequency: int, expected: str) -> None:
    """And what is graver stays as grave."""
    assert severity(a_record(severity=first, frequency=frequency)) == expected


@given(RECORDS, st.integers(0, 40))
def test_severity_never_falls_by_count(record: Record, more: int) -> None:
    """Gravest first in the list of severities."""
    later = replace(record, frequency=record.frequency + more)
    assert SEVERITIES.index(severity(later)) <= SEVERITIES.index(severity(record))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"frequency": 14, "fixes": 1}, False),
        ({"fixes": 1}, True),
        ({"word": "enforce"}, True),
        ({}, False),
        ({"fixes": 1, "word": "wrong"}, False),
        ({"fixes": 1, "retired_because": "gone"}, False),
    ],
)
def test_an_active_pattern_is_always_shown_from_fifteen(changes: dict[str, Any], expected: bool) -> None:
    """A candidate is not, however often it came."""
    assert always_inject(a_record(**{"frequency": 15, **changes})) is expected


def an_effect(shown: tuple[int, int], held: tuple[int, int] = (0, 0)) -> Effect:
    """So many that did not recur, of so many, shown and held back."""
    return Effect(
        shown=Arm(avoided=shown[0], recurred=shown[1] - shown[0]), held=Arm(avoided=held[0], recurred=held[1] - held[0])
    )


@pytest.mark.parametrize(
    ("shown", "held", "expected"),
    [
        ((0, 9), (0, 0), True),
        ((0, 10), (0, 0), False),
        ((7, 10), (0, 0), False),
        ((8, 10), (0, 0), True),
        ((8, 10), (9, 9), True),
        ((8, 10), (10, 10), False),
        ((3, 10), (1, 10), True),
        ((5, 10), (5, 10), False),
    ],
)
def test_a_lesson_earns_its_place(shown: tuple[int, int], held: tuple[int, int], expected: bool) -> None:
    """Doubt speaks for it below ten; then it must be above those held back, or one half where these are few."""
    assert earns_its_place(an_effect(shown, held)) is expected
    assert always_inject(a_record(frequency=15, fixes=1), an_effect(shown, held)) is expected


def test_what_harms_has_no_place() -> None:
    """Though the mistake itself stays away."""
    worse = Difference(value=0.5, low=0.2, high=0.8)
    ten = Arm(avoided=5, other=5)
    comparison = Comparison(shown=ten, held=Arm(avoided=10), others=worse)
    harm = Effect(shown=Arm(avoided=500, other=500), held=Arm(avoided=10), comparison=comparison)
    assert harm.shown.not_recurring_low > harm.held.not_recurring_low
    assert not earns_its_place(harm)


@pytest.mark.parametrize(("limit", "slots"), [(0, 0), (1, 0), (5, 2), (10, 5)])
def test_half_of_the_slots_are_for_the_question(limit: int, slots: int) -> None:
    """At least."""
    assert always_slots(limit) == slots


def test_a_sure_culprit_under_a_test_that_was_green_promotes() -> None:
    """Not what a body was searched for, a test in its red phase, a stub, or a test that wavers."""
    assert promotes("frame", was_green=True)
    assert promotes("statement", was_green=True)
    assert promotes("single-unit", was_green=True)
    assert not promotes("test-body", was_green=True)
    assert not promotes("frame", was_green=False)
    assert not promotes("frame", was_green=True, stub=True)
    assert not promotes("frame", was_green=True, flaky=True)


def seen(code: str = "c1", unit: str = "u1", session: str | None = "s1", minutes: float = 0, **more: Any) -> Seen:
    """An occurrence of one unit in one session."""
    return Seen(unit=unit, code=code, session=session, time=at(minutes), **more)


@pytest.mark.parametrize(
    ("occurrences", "expected"),
    [
        ([], 0),
        ([seen()], 1),
        ([seen(), seen()], 1),
        ([seen("c1"), seen("c2")], 1),
        ([seen("c1"), seen("c1", session="s2")], 1),
        ([seen("c1"), seen("c1", unit="u2")], 1),
        ([seen("c1"), seen("c2", session="s2")], 2),
        ([seen("c1"), seen("c2", unit="u2")], 2),
        ([seen("c1", "u1"), seen("c2", "u1"), seen("c1", "u2")], 2),
        ([seen("c1", session=None), seen("c2", session=None, minutes=60)], 1),
        ([seen("c1", session=None), seen("c2", session=None, minutes=61)], 2),
        ([seen(f"c{n}", session=None, minutes=50 * n) for n in range(9)], 1),
        ([seen("c1"), seen("c2", session=None, minutes=50)], 1),
        ([seen("c1"), seen("c2", session=None, minutes=70)], 2),
        ([seen("c1", session=None, run="r1"), seen("c2", session=None, run="r1", minutes=200)], 1),
    ],
)
def test_two_are_independent_by_code_and_by_place_or_time(occurrences: list[Seen], expected: int) -> None:
    """One editing loop is one recurrence, and so is one code seen by many."""
    assert independent(occurrences) == expected


SEEN = st.builds(
    seen,
    code=st.sampled_from(["c1", "c2", "c3", "c4"]),
    unit=st.sampled_from(["u1", "u2", "u3"]),
    session=st.sampled_from([None, "s1", "s2"]),
    minutes=st.sampled_from([0, 30, 59, 61, 120, 200, 500]),
    run=st.sampled_from([None, "r1", "r2"]),
)


@given(st.lists(SEEN, max_size=12), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(occurrences: list[Seen], random: Any) -> None:
    """The same events in another order count the same."""
    shuffled = list(occurrences)
    random.shuffle(shuffled)
    assert independent(shuffled) == independent(occurrences)


@given(st.lists(SEEN.filter(lambda one: one.session is not None), max_size=9))
def test_it_is_the_largest_set_of_which_each_two_are_independent(occurrences: list[Seen]) -> None:
    """As trying all sets finds it."""

    def apart(one: Seen, other: Seen) -> bool:
        return one.code != other.code and (one.unit, one.session) != (other.unit, other.session)

    largest = max(
        size
        for size in range(len(occurrences) + 1)
        for chosen in combinations(occurrences, size)
        if all(apart(one, other) for one, other in combinations(chosen, 2))
    )
    assert independent(occurrences) == largest


def test_counting_stops_where_enough_is_known() -> None:
    """Two are enough to promote."""
    many = [seen(f"c{n}", f"u{n}") for n in range(50)]
    assert independent(many) == 50
    assert independent(many, at_most=2) == 2


@pytest.mark.timeout(120)  # against running without an end; how long it takes is for benchmarks to say
def test_ten_thousand_occurrences_are_counted_soon() -> None:
    """Also where every place is wanted by several codes."""
    many = [seen(f"c{n % 3000}", f"u{n * 7 % 100}", f"s{n % 20}" if n % 2 else None, n) for n in range(10_000)]
    assert independent(many, at_most=2) == 2
