"""A share, its interval, and when there is too little to tell one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.rates import ENOUGH, Rate, wilson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(count: int, of: int, low: float, high: float) -> None:
    """Four published examples, to four digits."""
    assert wilson(count, of) == pytest.approx((low, high), abs=0.00006)


@given(st.integers(0, 5_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_share_lies_in_its_interval(case: tuple[int, int]) -> None:
    """Whatever was counted: within 0 to 1, and around the share."""
    rate = Rate(count=case[0], of=case[1])
    assert 0 <= rate.low <= rate.rate <= rate.high <= 1


@given(st.integers(0, 1_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_is_the_same_from_either_side(case: tuple[int, int]) -> None:
    """Counting what failed instead of what passed mirrors it."""
    count, of = case
    low, high = wilson(count, of)
    assert wilson(of - count, of) == pytest.approx((1 - high, 1 - low))


def test_more_cases_of_the_same_share_tell_more() -> None:
    """Ten times as many make the interval narrower."""
    few, many = Rate(count=8, of=10), Rate(count=80, of=100)
    assert many.high - many.low < few.high - few.low


def test_nothing_tells_nothing() -> None:
    """Of no cases the share may be anything."""
    assert (Rate(count=0, of=0).low, Rate(count=0, of=0).high) == (0.0, 1.0)


def test_below_ten_cases_there_is_not_enough() -> None:
    """Nine are too few, ten are enough."""
    assert ENOUGH == 10
    assert not Rate(count=9, of=9).enough
    assert Rate(count=0, of=10).enough
