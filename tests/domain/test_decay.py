"""A lesson ages by the time since it was last alive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.decay import days_since, last_alive, renewed, renews, to_archive, weight
from pytest_llmlearn.domain.effect import Exposure, Outcome
from tests.builders import at


@pytest.mark.parametrize(("days", "expected"), [(0, 1), (90, 0.5), (180, 0.25), (270, 0.125)])
def test_the_weight_halves_with_each_half_life(days: float, expected: float) -> None:
    """Ninety days, where nothing else is said."""
    assert weight(at(), at(days=days)) == pytest.approx(expected)


def test_the_half_life_is_the_callers() -> None:
    """Seven days."""
    assert weight(at(), at(days=14), half_life=7) == pytest.approx(0.25)


def test_what_was_seen_in_the_future_weighs_one() -> None:
    """A clock was ahead; no day has passed."""
    assert weight(at(days=3), at()) == 1
    assert days_since(at(days=3), at()) == 0


@pytest.mark.parametrize("half_life", [0, -1, float("nan")])
def test_a_half_life_is_positive(half_life: float) -> None:
    """Anything else is the caller's mistake."""
    with pytest.raises(ValueError, match="half-life"):
        weight(at(), at(), half_life)


@given(st.floats(-1000, 100_000), st.floats(0, 1000), st.floats(0.01, 10_000))
def test_the_weight_never_rises_with_time(days: float, more: float, half_life: float) -> None:
    """And stays within 0 and 1."""
    earlier = weight(at(), at(days=days), half_life)
    assert 0 <= weight(at(), at(days=days + more), half_life) <= earlier <= 1


def test_what_was_not_seen_for_180_days_is_archived() -> None:
    """Not a minute sooner."""
    assert to_archive(at(), at(days=180))
    assert not to_archive(at(minutes=1), at(days=180))
    assert to_archive(at(), at(days=30), days=30)


def test_what_was_seen_in_the_future_is_not_archived() -> None:
    """However far ahead the clock was."""
    assert not to_archive(at(days=400), at())


@pytest.mark.parametrize(
    ("outcome", "shown", "expected"),
    [
        ("recurred", True, True),
        ("recurred", False, True),
        ("avoided", True, True),
        ("avoided", False, False),
        ("other-failure", True, False),
        ("no-opportunity", True, False),
        (None, True, False),
    ],
)
def test_a_recurrence_or_a_prevented_one_renews(outcome: Outcome | None, shown: bool, expected: bool) -> None:
    """What was avoided without the lesson was not prevented by it."""
    assert renews(Exposure(fingerprint="1:a", shown=shown, outcome=outcome)) is expected


def test_the_latest_sign_of_life_counts() -> None:
    """In whatever order they come; a judgement without a time says nothing."""
    signs = [
        Exposure(fingerprint="1:a", outcome="avoided", judged=at(days=5)),
        Exposure(fingerprint="1:a", outcome="recurred", judged=at(days=3)),
        Exposure(fingerprint="1:a", outcome="no-opportunity", judged=at(days=9)),
        Exposure(fingerprint="1:a", outcome="avoided"),
    ]
    assert last_alive(at(), signs) == last_alive(at(), signs[::-1]) == at(days=5)
    assert last_alive(at(days=7), signs) == at(days=7)


def test_a_retired_pattern_is_renewed_by_what_came_later() -> None:
    """What was known when it was retired is none of it."""
    signs = [Exposure(fingerprint="1:a", outcome="avoided", judged=at(days=5))]
    assert renewed(at(days=4), at(), signs)
    assert not renewed(at(days=5), at(), signs)
    assert renewed(at(days=5), at(days=6))
