"""One scale for the cosines of all embedders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.similarity import BAR, CAUTIOUS, SAME, SHIPPED, Calibration, calibration, similar

CURVES = [CAUTIOUS, *SHIPPED.values(), Calibration(slope=1000.0, middle=0.5), Calibration(slope=0.01, middle=-3.0)]
cosine = st.floats(-1.001, 1.001)


@pytest.mark.parametrize(("similarity", "expected"), [(0.69, False), (0.70, True), (0.71, True), (0.0, False)])
def test_the_bar_lets_0_70_in_and_0_69_not(similarity: float, expected: bool) -> None:
    """The default is part of what is promised."""
    assert similar(similarity) is expected


def test_the_bar_is_the_callers() -> None:
    """A stricter one, and one that lets all through."""
    assert not similar(0.70, bar=0.85)
    assert similar(0.0, bar=0.0)


@pytest.mark.parametrize("curve", CURVES, ids=str)
@given(one=cosine, other=cosine)
def test_more_cosine_is_never_less_similar(curve: Calibration, one: float, other: float) -> None:
    """Rounding beyond 1 and below -1 included."""
    low, high = sorted((one, other))
    assert 0 <= curve.similarity(low) <= curve.similarity(high) <= 1


@pytest.mark.parametrize("curve", CURVES, ids=str)
def test_equal_texts_are_similar_to_the_full(curve: Calibration) -> None:
    """Even where float16 on disk took a little off."""
    assert curve.similarity(1.0) == curve.similarity(1.0001) == curve.similarity(SAME) == 1.0


@pytest.mark.parametrize("curve", SHIPPED.values(), ids=SHIPPED)
def test_the_middle_is_even_chances(curve: Calibration) -> None:
    """And a cosine of nothing in common is far below the bar."""
    assert curve.similarity(curve.middle) == pytest.approx(0.5)
    assert curve.similarity(0.0) < 0.2


@pytest.mark.parametrize("curve", SHIPPED.values(), ids=SHIPPED)
@given(wanted=st.floats(0.05, 0.95))
def test_the_cosine_of_a_similarity_is_the_way_back(curve: Calibration, wanted: float) -> None:
    """So that many cosines can be compared with one bar."""
    assert curve.similarity(curve.cosine(wanted)) == pytest.approx(wanted)


def test_the_cosine_of_a_bar_stays_a_cosine() -> None:
    """A bar of 0 lets all in; one of 1 lets in what is equal; a flat curve does not lead out of -1 to 1."""
    curve = Calibration(slope=2.0, middle=0.3)
    assert curve.cosine(0.0) == -1.0
    assert curve.cosine(1.0) == SAME
    assert curve.cosine(0.01) == -1.0
    assert curve.cosine(0.99) == SAME


@pytest.mark.parametrize(("slope", "middle"), [(0, 0.5), (-3, 0.5), (float("nan"), 0.5), (4, float("inf"))])
def test_a_calibration_rises(slope: float, middle: float) -> None:
    """One that falls would show the least similar first."""
    with pytest.raises(ValueError, match="rises"):
        Calibration(slope=slope, middle=middle)


def test_an_unknown_embedder_is_taken_with_caution() -> None:
    """Many models give 0.8 to any two sentences: that is not similar until it was measured."""
    assert calibration("sentence-transformers:acme/large") is CAUTIOUS
    assert not similar(CAUTIOUS.similarity(0.85))
    assert similar(CAUTIOUS.similarity(0.92))


def test_the_users_own_calibration_counts_first() -> None:
    """Then the one shipped for these very weights, by the embedder's name."""
    own = Calibration(slope=5.0, middle=0.1)
    name = next(iter(SHIPPED))
    assert calibration(name) == SHIPPED[name]
    assert calibration(name, {name: own}) == own
    assert calibration(name, {"another": own}) == SHIPPED[name]


def test_each_shipped_calibration_reaches_the_bar_within_reason() -> None:
    """Neither nearly equal texts alone nor such as have hardly anything in common."""
    assert all(0.2 < curve.cosine(BAR) < 0.6 for curve in SHIPPED.values())
