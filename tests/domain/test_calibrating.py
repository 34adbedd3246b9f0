"""A curve is fitted to labelled pairs, and told how good it is."""

from __future__ import annotations

from math import exp

import pytest

from pytest_llmlearn.domain.calibrating import KINDS, Kind, Pair, figures, fit, weights
from pytest_llmlearn.domain.similarity import Calibration


def a_pair(same: bool = True, kind: Kind | None = None, one: str = "one") -> Pair:
    """A pair; without a kind it is of the first of its side."""
    kind = kind or ("like words" if same else "unrelated")
    return Pair(one=one, other="other", same=same, kind=kind, category="logic", form="mistake")


def drawn(curve: Calibration, each: int = 50) -> tuple[list[Pair], list[float]]:
    """Pairs at many cosines, at each with as many that are the same as the curve says."""
    pairs, found = [], []
    for step in range(-20, 100):
        cosine = step / 100
        same = round(each * curve.similarity(cosine))
        pairs += [a_pair(True)] * same + [a_pair(False)] * (each - same)
        found += [cosine] * each
    return pairs, found


def test_the_curve_that_made_the_labels_is_found_again() -> None:
    """Up to the weight of the sides, which moves the middle and not the slope."""
    curve = Calibration(slope=8.0, middle=0.4)
    fitted = fit(*drawn(curve))
    assert fitted.slope == pytest.approx(8.0, rel=0.03)
    assert fitted.middle == pytest.approx(0.4, abs=0.03)


def test_the_fit_is_the_best_of_its_neighbours() -> None:
    """No curve beside it is likelier, each side weighing a half."""
    pairs = [a_pair(same) for same in (True, False, True, False, True, True, False)]
    found = [0.9, 0.5, 0.3, 0.2, 0.6, 0.4, 0.1]
    fitted = fit(pairs, found)

    def unlikely(slope: float, middle: float) -> float:
        """The product of the chances of all labels, each to the power of its weight, turned round."""
        product = 1.0
        for pair, cosine, weight in zip(pairs, found, weights(pairs), strict=True):
            chance = 1 / (1 + exp(-slope * (cosine - middle)))
            product *= (chance if pair.same else 1 - chance) ** weight
        return -product

    best = unlikely(fitted.slope, fitted.middle)
    for turn, move in ((0.1, 0), (-0.1, 0), (0, 0.01), (0, -0.01), (0.1, 0.01), (-0.1, -0.01)):
        assert unlikely(fitted.slope + turn, fitted.middle + move) > best


def test_each_side_weighs_a_half_and_each_kind_its_share() -> None:
    """However many pairs there are of it."""
    pairs = [a_pair(True)] * 7 + [a_pair(False, "near miss")] * 3 + [a_pair(False, "unrelated")] * 20
    found = weights(pairs)
    assert sum(found[:7]) == pytest.approx(0.5)
    assert sum(found[7:10]) == pytest.approx(0.5 / 3)
    assert sum(found[10:]) == pytest.approx(1 / 3)


def test_one_side_alone_gives_no_curve() -> None:
    """There is nothing to tell apart."""
    with pytest.raises(ValueError, match="are needed"):
        fit([a_pair(True)] * 3, [0.1, 0.2, 0.3])


def test_cosines_that_tell_all_pairs_apart_give_no_curve() -> None:
    """The steeper the better, without end."""
    with pytest.raises(ValueError, match="tell all pairs apart"):
        fit([a_pair(True), a_pair(True), a_pair(False)], [0.9, 0.8, 0.2])


def test_cosines_that_fall_with_sameness_give_no_curve() -> None:
    """Nor do such as are all equal."""
    pairs = [a_pair(True), a_pair(False), a_pair(True), a_pair(False)]
    with pytest.raises(ValueError, match="no greater"):
        fit(pairs, [0.1, 0.9, 0.5, 0.4])


def test_figures_of_a_small_case_are_those_worked_out_by_hand() -> None:
    """Even chances at 0.5; the bar lies at 0.585."""
    curve = Calibration(slope=10.0, middle=0.5)
    pairs = [a_pair(True), a_pair(True), a_pair(False), a_pair(False)]
    told = figures(pairs, [0.9, 0.5, 0.7, 0.1], curve)
    assert told.auc == pytest.approx(3 / 4)
    assert told.precision == pytest.approx(1 / 2)
    assert told.recall == pytest.approx(1 / 2)
    assert told.shown["unrelated"] == 0.5
    high, likely, low = (1 / (1 + exp(-turned)) for turned in (4, 2, -4))
    assert told.brier == pytest.approx(((1 - high) ** 2 + 0.25 + likely**2 + low**2) / 4)
    assert told.ece == pytest.approx(((1 - high) + 0.5 + likely + low) / 4)


def test_equal_cosines_are_told_apart_by_halves() -> None:
    """As by a coin."""
    told = figures([a_pair(True), a_pair(False)], [0.3, 0.3], Calibration(slope=5.0, middle=0.5))
    assert told.auc == 0.5
    assert told.auc_of == {"unrelated": 0.5}
    assert set(told.shown) == set(KINDS)
    assert (told.precision, told.recall) == (0.0, 0.0)


def test_a_text_stands_with_all_that_it_is_compared_with() -> None:
    """On one side of the split, whatever the other text is."""
    assert (
        len(
            {
                Pair(one="a", other=other, same=True, kind="like words", category="", form="").held_out
                for other in "bcdefgh"
            }
        )
        == 1
    )
    sides = [a_pair(one=f"text {number}").held_out for number in range(200)]
    assert 70 < sum(sides) < 130
