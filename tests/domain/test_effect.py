"""Whether a lesson helps is told by what came of it, shown and held back, or not told at all."""

from __future__ import annotations

from collections.abc import Iterable
from math import comb
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain import beta
from pytest_llmlearn.domain.effect import (
    NOTHING,
    OUTCOMES,
    Exposure,
    Outcome,
    compare,
    effect,
    eligible,
    held_back,
    propensity,
)


def exposures(outcome: Outcome | None, count: int, *, shown: bool = True, share: float = 0.5) -> list[Exposure]:
    """So many exposures of one outcome, each in a session of its own."""
    arm = "shown" if shown else "held"
    return [
        Exposure(fingerprint="1:a", shown=shown, session=f"{arm} {outcome} {n}", propensity=1 - share, outcome=outcome)
        for n in range(count)
    ]


def trial(shown: tuple[int, int], held: tuple[int, int], share: float = 0.5) -> list[Exposure]:
    """So many recurrences of so many, shown and held back."""
    return [
        *exposures("recurred", shown[0], share=share),
        *exposures("avoided", shown[1] - shown[0], share=share),
        *exposures("recurred", held[0], shown=False, share=share),
        *exposures("avoided", held[1] - held[0], shown=False, share=share),
    ]


@pytest.mark.parametrize(
    ("count", "of", "bound"),
    # One-sided 95 % limits of Clopper and Pearson, as tables have them: Beta(count, of - count + 1).
    [
        (10, 10, 0.7411),
        (9, 10, 0.6058),
        (8, 10, 0.4931),
        (7, 10, 0.3934),
        (5, 10, 0.2224),
        (1, 10, 0.0051),
        (19, 20, 0.7839),
        (15, 20, 0.5444),
        (29, 30, 0.8514),
    ],
)
def test_the_beta_quantile_is_as_tabulated(count: int, of: int, bound: float) -> None:
    """To the four digits of the tables."""
    assert beta.quantile(0.05, count, of - count + 1) == pytest.approx(bound, abs=6e-5)


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0.001, 0.999))
def test_for_whole_numbers_it_is_the_binomial_tail(a: int, b: int, x: float) -> None:
    """I_x(a, b) is the chance of at least `a` successes in a + b - 1 trials (DLMF 8.17.5)."""
    n = a + b - 1
    tail = sum(comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(a, n + 1))
    assert beta.cumulative(x, a, b) == pytest.approx(tail, abs=1e-12)


@given(st.floats(0.2, 5000), st.floats(0.2, 5000), st.floats(0.001, 0.999))
def test_quantile_and_distribution_undo_one_another(a: float, b: float, chance: float) -> None:
    """Wherever the distribution rises enough for a float to tell."""
    share = beta.quantile(chance, a, b)
    below, above = beta.cumulative(share - 1e-12, a, b), beta.cumulative(share + 1e-12, a, b)
    assert below - 1e-9 <= chance <= above + 1e-9


def test_many_cases_are_no_trouble() -> None:
    """A million of them, half of each kind."""
    assert beta.lower_bound(500_000, 1_000_000) == pytest.approx(0.5 - 1.6449 * 0.0005, abs=1e-6)


@pytest.mark.parametrize("arguments", [(0.5, 0, 1), (0.5, 1, -1)])
def test_the_parameters_are_positive(arguments: tuple[float, float, float]) -> None:
    """There is no other beta distribution."""
    with pytest.raises(ValueError, match="positive"):
        beta.cumulative(*arguments)


@pytest.mark.parametrize(("count", "of"), [(3, 2), (-1, 2)])
def test_a_count_is_of_no_fewer(count: int, of: int) -> None:
    """Nor is it negative."""
    with pytest.raises(ValueError, match="no share"):
        beta.lower_bound(count, of)


def test_of_nothing_the_lower_bound_is_the_chance_itself() -> None:
    """The prior is uniform: one share in twenty is below a twentieth."""
    assert NOTHING.shown.not_recurring_low == pytest.approx(0.05)


def test_the_success_rate_after_injection() -> None:
    """Fourteen of fifteen are 0.93, with the interval of fifteen."""
    rate = effect([*exposures("avoided", 14), *exposures("recurred", 1)]).success_rate_after_injection
    assert (rate.count, rate.of, round(rate.rate, 2)) == (14, 15, 0.93)
    assert rate.low == pytest.approx(0.7018, abs=1e-4)
    assert rate.high == pytest.approx(0.9881, abs=1e-4)


def test_no_opportunity_is_no_success() -> None:
    """Nor is what nobody has judged."""
    found = effect([*exposures("no-opportunity", 20), *exposures(None, 5), *exposures("recurred", 1)])
    assert (found.shown.success.count, found.shown.success.of) == (0, 1)
    assert (found.shown.no_opportunity, found.shown.awaiting) == (20, 5)


def test_another_failure_is_neither_success_nor_recurrence() -> None:
    """The mistake stayed away, and still the code failed."""
    arm = effect([*exposures("other-failure", 3), *exposures("avoided", 1)]).shown
    assert (arm.success.count, arm.recurrence.count, arm.not_recurring.count, arm.opportunities) == (1, 0, 4, 4)


@pytest.mark.parametrize(
    ("shown", "held", "low", "high"),
    # Newcombe 1998, table II, method 10.
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.809),
        ((10, 10), (0, 10), 0.6075, 1.0),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 10), -0.2775, 0.2775),
    ],
)
def test_the_interval_of_a_difference_is_as_published(
    shown: tuple[int, int], held: tuple[int, int], low: float, high: float
) -> None:
    """With equal weights it is Newcombe's own."""
    found = compare(trial(shown, held)).recurrence
    assert found.value == pytest.approx(shown[0] / shown[1] - held[0] / held[1])
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("shown", "held", "verdict"),
    [
        ((5, 100), (9, 10), "helped"),
        ((90, 100), (1, 10), "harmed"),
        ((50, 100), (5, 10), "inconclusive"),
        ((0, 100), (9, 9), "inconclusive"),
        ((0, 9), (100, 100), "inconclusive"),
        ((0, 0), (0, 0), "inconclusive"),
    ],
)
def test_the_verdict_is_what_the_whole_interval_says(
    shown: tuple[int, int], held: tuple[int, int], verdict: str
) -> None:
    """And below ten in either arm nothing is said."""
    assert effect(trial(shown, held)).comparison.verdict == verdict


def test_new_failures_harm() -> None:
    """Though the mistake comes as often as without the lesson."""
    found = compare([*exposures("other-failure", 15), *exposures("avoided", 20, shown=False)])
    assert found.others.low > 0
    assert found.verdict == "harmed"


def test_one_failure_traded_for_another_is_inconclusive() -> None:
    """It neither helped nor harmed."""
    found = compare([*exposures("other-failure", 15), *exposures("recurred", 15, shown=False)])
    assert found.recurrence.high < 0 < found.others.low
    assert found.verdict == "inconclusive"


def test_what_could_not_be_held_back_is_not_compared() -> None:
    """A person's own question has no counterpart."""
    asked = [Exposure(fingerprint="1:a", outcome="avoided") for _ in range(50)]
    assert compare([*asked, *exposures("recurred", 10, shown=False)]).shown.opportunities == 0
    assert effect(asked).shown.opportunities == 50


def test_a_session_is_one_case_with_its_gravest_outcome() -> None:
    """Chance decided once for all that the session was shown."""
    outcomes: tuple[Outcome, ...] = ("avoided", "recurred", "other-failure", "avoided", "no-opportunity")
    same = [Exposure(fingerprint="1:a", session="s", propensity=0.9, outcome=outcome) for outcome in outcomes]
    other = Exposure(fingerprint="1:b", session="s", propensity=0.9, outcome="avoided")
    found = compare([*same, other]).shown
    assert (found.recurred, found.avoided, found.other) == (1, 1, 0)


def test_exposures_without_a_session_are_cases_of_their_own() -> None:
    """Nothing ties them together."""
    apart = [Exposure(fingerprint="1:a", propensity=0.5, outcome="avoided") for _ in range(3)]
    assert compare(apart).shown.avoided == 3


def test_weights_undo_a_share_that_was_changed() -> None:
    """While mistakes were common half was held back, while they were rare a tenth: by plain counting it would help."""
    common = [
        *exposures("recurred", 50), *exposures("avoided", 0), *exposures("recurred", 50, shown=False),
    ]  # fmt: skip
    rare = [
        Exposure(fingerprint="1:rare", shown=shown, session=f"r{shown}{n}", propensity=0.9, outcome="avoided")
        for shown, count in ((True, 90), (False, 10))
        for n in range(count)
    ]
    found = compare([*common, *rare])
    assert found.shown.recurrence.rate < found.held.recurrence.rate
    assert found.recurrence.value == pytest.approx(0)
    assert found.verdict == "inconclusive"


EXPOSURES = st.lists(
    st.builds(
        Exposure,
        fingerprint=st.sampled_from(["1:a", "1:b"]),
        shown=st.booleans(),
        session=st.sampled_from([None, *(f"s{n}" for n in range(30))]),
        propensity=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
        outcome=st.sampled_from([None, *OUTCOMES]),
    ),
    max_size=60,
)


@given(EXPOSURES, st.randoms(use_true_random=False))
def test_the_order_of_exposures_does_not_matter(known: list[Exposure], random: Any) -> None:
    """The same ones give the same effect to the last bit, and every interval holds its value."""
    shuffled = list(known)
    random.shuffle(shuffled)
    found = effect(known)
    assert effect(shuffled) == found
    for difference in (found.comparison.recurrence, found.comparison.others):
        assert -1 <= difference.low <= difference.value <= difference.high <= 1


def sessions(count: int) -> Iterable[str]:
    return (f"session-{n}" for n in range(count))


def test_holding_back_is_stable() -> None:
    """The same lesson in the same session has the same lot, in every process and on every machine."""
    first = [held_back("1:a", session, 0.5) for session in sessions(16)]
    assert first == [held_back("1:a", session, 0.5) for session in sessions(16)]
    assert "".join(str(int(one)) for one in first) == "0011010101101100"


@given(st.text(), st.text(), st.text())
def test_a_share_of_0_holds_nothing_back_and_of_1_all(fingerprint: str, session: str, seed: str) -> None:
    """Whatever the names."""
    assert not held_back(fingerprint, session, 0, seed)
    assert held_back(fingerprint, session, 1, seed)


@given(st.text(), st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_greater_share_holds_back_no_fewer(fingerprint: str, session: str, one: float, other: float) -> None:
    """Who was held back stays so."""
    low, high = sorted((one, other))
    assert held_back(fingerprint, session, high) or not held_back(fingerprint, session, low)


def test_the_share_is_what_is_held_back() -> None:
    """About one in ten; and lessons and seeds draw apart from one another."""
    lots = [held_back("1:a", session, 0.1) for session in sessions(5000)]
    assert 430 < sum(lots) < 570
    assert lots != [held_back("1:b", session, 0.1) for session in sessions(5000)]
    assert lots != [held_back("1:a", session, 0.1, "another") for session in sessions(5000)]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_one(share: float) -> None:
    """Anything else is a wrong setting."""
    with pytest.raises(ValueError, match="from 0 to 1"):
        held_back("1:a", "s", share)


def test_the_propensity_is_the_chance_of_being_shown() -> None:
    """All but the share; certain for who may not be held back."""
    assert propensity(0.1) == 0.9
    assert propensity(0.1, eligible=False) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"state": "candidate"}, True),
        ({"severity": "critical"}, True),
        ({"category": "security"}, True),
        ({"category": "security", "severity": "critical"}, False),
        ({"state": "enforced"}, False),
        ({"session": None}, False),
        ({"session": ""}, False),
        ({"channel": "command"}, False),
        ({"channel": "library"}, False),
        ({"channel": "mcp"}, False),
        ({"channel": "lsp"}, False),
        ({"channel": "diagnostic"}, False),
        ({"channel": "evaluate"}, False),
        ({"channel": "one that nobody knows"}, False),
    ],
)
def test_only_what_is_brought_unasked_may_be_held_back(changes: dict[str, Any], expected: bool) -> None:
    """In a known session, and nothing that a person enforced or that guards against harm."""
    usual = {"channel": "hook", "session": "s", "state": "active", "category": "async", "severity": "major"}
    assert eligible(**{**usual, **changes}) is expected
