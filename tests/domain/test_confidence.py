"""Confidence is a sum of four clamped parts, and only words a lesson."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.confidence import confidence, faded, measured
from pytest_llmlearn.domain.rates import Rate
from tests.builders import at

FINITE = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(min_value=0, max_value=10**9)


@pytest.mark.parametrize(
    ("times", "success", "days", "variance", "value"),
    [(10, 1, 0, 0, 1.0), (1, 1, 0, 0, 0.73), (50, 0, 0, 0, 0.6), (50, 0, 300, 0, 0.4), (10, 1, 300, 5, 0.7)],
)
def test_the_sum_of_its_parts(times: int, success: float, days: float, variance: float, value: float) -> None:
    """No part counts more for being beyond its range, and none less than nothing."""
    assert confidence(times, success, days, variance).value == value


@pytest.mark.parametrize(("times", "part"), [(0, 0), (5, 0.15), (10, 0.3), (50, 0.3)])
def test_observations_count_up_to_ten(times: int, part: float) -> None:
    """Ten are as good as fifty."""
    assert confidence(times, None, 30, None).observed == pytest.approx(part)


@pytest.mark.parametrize(("rate", "part"), [(None, 0), (0, 0), (0.5, 0.2), (1, 0.4)])
def test_success_counts_most(rate: float | None, part: float) -> None:
    """What was not measured is no success."""
    assert confidence(1, rate, 0, 0).success == pytest.approx(part)


@pytest.mark.parametrize(("days", "part"), [(-5, 0.2), (0, 0.2), (15, 0.1), (30, 0), (300, 0)])
def test_recency_is_gone_after_thirty_days(days: float, part: float) -> None:
    """A clock that is ahead gives no more than the present."""
    assert confidence(1, 1, days, 0).recency == pytest.approx(part)


@pytest.mark.parametrize(("variance", "part"), [(None, 0), (0, 0.1), (0.25, 0.075), (1, 0), (3, 0)])
def test_steady_outcomes_count_a_little(variance: float | None, part: float) -> None:
    """Without outcomes nothing is steady."""
    assert confidence(1, 1, 0, variance).steadiness == pytest.approx(part)


@given(COUNTS, st.none() | FINITE, FINITE, st.none() | FINITE)
def test_it_stays_within_0_and_1(times: int, success: float | None, days: float, variance: float | None) -> None:
    """Whatever comes in, and the parts add up to it."""
    found = confidence(times, success, days, variance)
    assert 0 <= found.value <= 1
    assert found.value == pytest.approx(found.observed + found.success + found.recency + found.steadiness)


@given(COUNTS, st.floats(0, 1), st.floats(0, 400), st.floats(0, 1), st.floats(0, 1))
def test_more_success_is_never_less_confidence(
    times: int, one: float, days: float, variance: float, other: float
) -> None:
    """With all else equal."""
    low, high = sorted((one, other))
    assert confidence(times, low, days, variance).value <= confidence(times, high, days, variance).value


@pytest.mark.parametrize(
    ("times", "success", "days", "wording"),
    [
        (2, 1, 0, "new"),
        (3, 1, 0, "firm"),
        (10, 0.75, 30, "firm"),
        (10, 0.5, 15, "firm"),
        (5, 0.5, 30, "open"),
        (10, 0, 30, "open"),
        (9, 0, 30, "weak"),
    ],
)
def test_it_is_worded_by_steps(times: int, success: float, days: float, wording: str) -> None:
    """New below three observations, then firm from 0.7, open from 0.4; a sum of 0.7 is not rounded below it."""
    assert confidence(times, success, days, 0).wording == wording


def test_it_is_measured_by_outcomes() -> None:
    """Of outcomes that are 0 or 1 the variance is p (1 - p); fifteen days ago is half as recent."""
    found = measured(5, Rate(count=1, of=2), at(), at(days=15))
    assert (found.observed, found.success, found.recency, found.steadiness) == pytest.approx((0.15, 0.2, 0.1, 0.075))


def test_without_outcomes_nothing_is_measured() -> None:
    """Neither success nor steadiness."""
    assert measured(10, Rate(count=0, of=0), at(), at()).value == 0.5


@pytest.mark.parametrize(("of", "gone"), [(4, False), (5, True)])
def test_a_lesson_that_always_fails_fades_after_five_uses(of: int, gone: bool) -> None:
    """Its number alone would stay at 0.6."""
    assert faded(confidence(50, 0, 0, 0), Rate(count=0, of=of)) is gone


def test_a_lesson_with_little_confidence_fades() -> None:
    """Seen once, long ago, never used."""
    assert faded(confidence(1, None, 90, None), Rate(count=0, of=0))
    assert not faded(confidence(1, None, 0, None), Rate(count=0, of=0))
