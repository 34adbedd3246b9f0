"""What a score is made of sums to it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.score import INTERCEPT, Part, Score, log_odds, probability

PARTS = (Part.intercept(-3.0), Part.of("words", 0.5, 4.0, "of the question's words"), Part.of("symbols", 2.0, 1.5))


def test_the_contributions_sum_to_the_log_odds() -> None:
    """The intercept's among them."""
    made = Score.of(PARTS)
    assert made.log_odds == -3.0 + 2.0 + 3.0 == sum(part.contribution for part in made.parts)
    assert math.log(made.probability / (1 - made.probability)) == pytest.approx(made.log_odds)


def test_parts_are_found_by_name_in_their_order() -> None:
    """As candidates and matches hold them."""
    named = Score.of(PARTS).by_name
    assert list(named) == [INTERCEPT, "words", "symbols"]
    assert named["words"].contribution == 2.0 and named["words"].about == "of the question's words"


def test_a_rounded_probability_is_still_that_of_its_parts() -> None:
    """Four digits are enough for whoever prints it."""
    assert Score(probability=round(probability(PARTS), 4), parts=PARTS).probability == 0.8808


def test_parts_that_come_to_something_else_are_refused() -> None:
    """An explanation that explains another number is none."""
    with pytest.raises(ValueError, match=r"the parts come to 0\.8808, not to 0\.5000"):
        Score(probability=0.5, parts=PARTS)


def test_two_parts_of_one_name_are_refused() -> None:
    """One of them would be lost where they are held by name."""
    with pytest.raises(ValueError, match="two parts have one name: words, words"):
        Score.of([Part.of("words", 1.0, 1.0), Part.of("words", 2.0, 1.0)])


def test_without_parts_nothing_is_known() -> None:
    """Even odds."""
    assert (log_odds([]), probability([])) == (0.0, 0.5)


@given(st.lists(st.floats(-1e6, 1e6), max_size=6))
def test_any_parts_come_to_a_probability(values: list[float]) -> None:
    """From 0 to 1, however far out."""
    parts = [Part.of(f"part {number}", value, 1.0) for number, value in enumerate(values)]
    assert 0.0 <= Score.of(parts).probability <= 1.0
