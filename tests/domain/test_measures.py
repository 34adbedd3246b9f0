"""How good answers were, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlearn.domain import measures
from pytest_llmlearn.domain.measures import Resamples
from pytest_llmlearn.domain.replay import Level, Scored
from tests.replaying import a_scored

REPEATED: frozenset[Level] = frozenset({"rule"})


def test_recall_counts_failing_attempts_with_a_hit_in_time() -> None:
    """What passes cannot be recalled, and the third lesson is no hit among the first two."""
    rows = [a_scored(False, False, True), a_scored(True), a_scored(), a_scored(True, passed=True)]
    assert measures.figure(rows, measures.recall("rule", 2)).value == pytest.approx(1 / 3)
    assert measures.figure(rows, measures.recall("rule", 5)).value == pytest.approx(2 / 3)
    assert measures.figure(rows, measures.recall("exact", 5)).value == 0


def test_repeats_found_is_of_what_could_be_found() -> None:
    """The ceiling is the share of failing attempts that repeat; of these one of two was found."""
    rows = [replace(a_scored(True), repeats=REPEATED), replace(a_scored(False), repeats=REPEATED), a_scored(False)]
    assert measures.figure(rows, measures.ceiling("rule")).value == pytest.approx(2 / 3)
    assert measures.figure(rows, measures.repeats_found("rule", 5)).value == pytest.approx(1 / 2)


def test_silence_is_measured_where_nothing_failed() -> None:
    """One passing attempt of two was left alone; the other got two lessons, each of them wrong."""
    rows = [a_scored(passed=True), a_scored(False, False, passed=True, tokens=80), a_scored(True, tokens=20)]
    assert measures.figure(rows, measures.silent(True)).value == pytest.approx(1 / 2)
    assert measures.figure(rows, measures.lessons_shown(True)).value == pytest.approx(1)
    assert measures.figure(rows, measures.tokens_shown(True)).value == pytest.approx(40)
    assert measures.figure(rows, measures.tokens_shown(False)).value == pytest.approx(20)
    assert measures.figure(rows, measures.lessons_right("rule")).value == pytest.approx(1 / 3)
    assert measures.figure(rows, measures.first_right("rule")).value == pytest.approx(1 / 2)


def test_of_nothing_there_is_no_share() -> None:
    """Not zero: nothing was asked."""
    assert measures.figure([], measures.recall("rule", 5)).value is None
    assert measures.figure([a_scored(passed=True)], measures.recall("rule", 5)).value is None
    assert Resamples([]).interval({}) == (None, None)


def test_the_brier_score_is_the_mean_square_off() -> None:
    """0.9 and right, 0.7 and wrong."""
    found = measures.figure([a_scored(True, False)], measures.brier("rule"))
    assert found.value == pytest.approx((0.1**2 + 0.7**2) / 2)


def test_bins_are_of_equal_width_and_the_last_one_holds_one() -> None:
    """Their counts weigh the calibration error."""
    certain = a_scored(True)
    certain = replace(certain, told=(replace(certain.told[0], score=1.0),))
    rows = [certain, a_scored(False, False)]
    found = measures.bins(rows, "rule")
    assert [one.count for one in found] == [0, 0, 0, 0, 0, 0, 0, 1, 0, 2]
    assert found[9].score == pytest.approx(0.95) and found[9].right == pytest.approx(0.5)
    assert measures.calibration_error(found) == pytest.approx((1 * 0.7 + 2 * 0.45) / 3)
    assert measures.calibration_error(measures.bins([], "rule")) is None


def test_scores_that_are_true_have_no_calibration_error() -> None:
    """Ten lessons of score 0.9, nine of them right."""
    rows = [a_scored(place != 0) for place in range(10)]
    assert measures.calibration_error(measures.bins(rows, "rule")) == pytest.approx(0)


def test_a_higher_threshold_shows_less() -> None:
    """The table is made of answers for which none was in force."""
    rows = [a_scored(False, True), a_scored(False, passed=True)]
    low, high = measures.risk_coverage(rows, "rule", 5, (0.0, 0.8))
    assert (low.lessons, low.recall) == (1.5, 1.0)
    assert low.right == pytest.approx(1 / 3)
    assert (high.lessons, high.recall, high.right) == (1.0, 0.0, 0.0)
    nothing = measures.risk_coverage(rows, "rule", 5, (0.95,))[0]
    assert (nothing.answered, nothing.right, nothing.silent_passing) == (0.0, None, 1.0)


def many(tasks: int, each: int) -> list[Scored]:
    """Attempts at each task all hit or all miss, by turns."""
    return [a_scored(task % 2 == 0, task=f"t{task:02d}") for task in range(tasks) for _ in range(each)]


def test_resamples_are_equal_for_equal_seeds_alone() -> None:
    """The same page tomorrow; another seed gives another interval of nearly the same width."""
    rows = many(20, 3)
    tasks = {row.task for row in rows}
    found = [measures.figure(rows, measures.recall("rule", 5), Resamples(tasks, seed=seed)) for seed in (1, 1, 2)]
    assert (found[0].low, found[0].high) == (found[1].low, found[1].high)
    draws = [Resamples(tasks, seed=seed, rounds=3)._rounds for seed in (1, 2)]
    assert draws[0] != draws[1]


def test_the_interval_does_not_narrow_with_attempts_at_the_same_tasks() -> None:
    """Sixty attempts at one task are not sixty witnesses."""
    few, more = many(20, 1), many(20, 60)
    drawn = Resamples({row.task for row in few})
    narrow, wide = (measures.figure(rows, measures.recall("rule", 5), drawn) for rows in (few, more))
    assert (narrow.low, narrow.high) == (wide.low, wide.high)
    assert narrow.low is not None and narrow.high is not None
    # Of 20 fair coins: 0.5 plus or minus twice the square root of 0.25 / 20.
    assert narrow.low == pytest.approx(0.28, abs=0.06) and narrow.high == pytest.approx(0.72, abs=0.06)


def test_every_task_is_drawn_equally_often() -> None:
    """Within what chance allows: 30 tasks, 1,000 rounds, a thousand draws of each expected."""
    drawn = Resamples([str(number) for number in range(30)])._rounds
    counts = [sum(round_.count(index) for round_ in drawn) for index in range(30)]
    assert sum(counts) == 30_000 and min(counts) > 850 and max(counts) < 1150
