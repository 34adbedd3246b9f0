"""How likely a kin of mistake is to be made next: what must hold whatever the weights were fitted to."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain import chance
from pytest_llmlearn.domain.chance import ABOUT, UNSEEN, WEIGHTS, Around, Near, Seen
from pytest_llmlearn.domain.request import NONE, Counts

TINY = 1e-9
KINS = ("assert:test_add", "KeyError:'Q'", "SyntaxError:invalid syntax")
MODELS = ("model-a", "model-b", "model-c")


def log_odds(
    kin: str = "KeyError:'Q'",
    *,
    model: str | None = None,
    seen: Seen = UNSEEN,
    around: Around | None = None,
    everything: Counts = NONE,
    counts: Counts = NONE,
    exception: Counts | None = None,
    symbols: bool = False,
) -> float:
    measured = chance.features(
        kin,
        model=model,
        seen=seen,
        around=around or Around(),
        everything=everything,
        counts=counts,
        exception=counts if exception is None else exception,
        symbols=symbols,
    )
    return math.fsum(part.contribution for part in chance.parts(measured))


def one_more(counts: Counts, model: str, *, requests: int = 0) -> Counts:
    """The same with one more attempt of that model."""
    return Counts(models={**counts.models, model: counts.by(model) + 1}, requests=counts.requests + requests)


@st.composite
def a_past(draw: st.DrawFn) -> tuple[str, str, Counts, Counts, bool]:
    """A kin, a model, what was attempted, how often the kin was made, and whether it names a symbol."""
    made = {model: draw(st.integers(0, 20)) for model in MODELS}
    made = {model: count for model, count in made.items() if count} or {MODELS[0]: 1}
    attempted = {model: made.get(model, 0) + draw(st.integers(0, 200)) for model in MODELS}
    counts = Counts(models=made, requests=draw(st.integers(1, sum(made.values()))))
    return (
        draw(st.sampled_from(KINS)),
        draw(st.sampled_from(MODELS)),
        Counts(models=attempted),
        counts,
        draw(st.booleans()),
    )


Past = tuple[str, str, Counts, Counts, bool]


def test_each_part_has_its_weight_and_says_what_it_is() -> None:
    """No more and no fewer than are measured, in one order."""
    measured = chance.features("KeyError:'Q'", model=None, seen=UNSEEN, around=Around(), everything=NONE, counts=NONE)
    assert list(measured) == list(WEIGHTS) == list(ABOUT)
    for part in chance.parts(measured):
        assert part.contribution == pytest.approx(part.value * WEIGHTS[part.name]) and part.about


def test_with_nothing_known_nothing_is_likely() -> None:
    """Whatever the kin, the model, and what it names."""
    for kin in KINS:
        for symbols in (False, True):
            odds = log_odds(kin, model="model-a", symbols=symbols)
            assert 1 / (1 + math.exp(-odds)) < 0.5


@given(a_past(), st.integers(1, 12), st.integers(0, 12))
def test_failing_so_again_under_the_same_request_never_makes_it_less_likely(
    past: Past, made: int, otherwise: int
) -> None:
    """One more attempt, by whatever model, with all counts as they are after it."""
    kin, model, everything, counts, symbols = past
    for _ in range(made):
        counts, everything = one_more(counts, model), one_more(everything, model)
    same = Near(likeness=1.0, attempts=1).same
    tried = (made + otherwise) * same
    before = log_odds(
        kin, model=model, seen=Seen(same=made * same, nearest=1.0), around=Around(same=tried), everything=everything,
        counts=counts, symbols=symbols,
    )  # fmt: skip
    after = log_odds(
        kin, model=model, seen=Seen(same=(made + 1) * same, nearest=1.0), around=Around(same=tried + same),
        everything=one_more(everything, model), counts=one_more(counts, model), symbols=symbols,
    )  # fmt: skip
    assert after >= before - TINY


@given(a_past(), st.integers(0, 12))
def test_failing_so_for_the_first_time_where_nothing_like_it_did_makes_it_likelier(past: Past, otherwise: int) -> None:
    """A mistake that was made elsewhere, now under this very request."""
    kin, model, everything, counts, symbols = past
    same = Near(likeness=1.0, attempts=1).same
    before = log_odds(
        kin, model=model, around=Around(same=otherwise * same), everything=everything, counts=counts, symbols=symbols
    )
    after = log_odds(
        kin, model=model, seen=Seen(same=same, nearest=1.0), around=Around(same=(otherwise + 1) * same),
        everything=one_more(everything, model), counts=one_more(counts, model, requests=1), symbols=symbols,
    )  # fmt: skip
    assert after >= before - TINY


@given(a_past(), st.floats(1, 12), st.floats(0, 5), st.floats(0, 20), st.floats(0, 20))
def test_more_of_it_under_like_requests_never_makes_it_less_likely(
    past: Past, same: float, more: float, near: float, other: float
) -> None:
    """All else being equal: of the same request once it was made there, and of near ones."""
    kin, model, everything, counts, symbols = past
    seen = Seen(same=same, near=near, nearest=1.0)
    around = Around(same=same + more + other, near=near + more + other)

    def told(told: Seen) -> float:
        return log_odds(
            kin, model=model, seen=told, around=around, everything=everything, counts=counts, symbols=symbols
        )

    assert told(replace(seen, same=same + more)) >= told(seen) - TINY
    assert told(replace(seen, near=near + more)) >= told(seen) - TINY


@given(a_past(), st.integers(1, 12), st.floats(0, 0.6))
def test_the_same_request_speaks_no_less_than_one_that_is_only_like_it(past: Past, made: int, likeness: float) -> None:
    """Of one remembered request, under which the mistake was made each time."""
    kin, model, everything, counts, symbols = past
    for _ in range(made):
        counts, everything = one_more(counts, model), one_more(everything, model)

    def told(near: Near) -> float:
        return log_odds(
            kin,
            model=model,
            seen=Seen(same=near.same * made, near=near.weight * made, nearest=near.likeness),
            around=Around.of([near]),
            everything=everything,
            counts=counts,
            symbols=symbols,
        )

    equal, like = (told(Near(likeness=each, attempts=made)) for each in (1.0, likeness))
    assert equal >= like - TINY


@given(a_past())
def test_a_model_that_makes_it_more_often_is_likelier_to_make_it(past: Past) -> None:
    """Of two that were asked as often."""
    kin, model, everything, counts, symbols = past
    other = next(one for one in MODELS if one != model)
    few, many = sorted((counts.by(model), counts.by(other)))
    asked = max(everything.by(model), everything.by(other))
    everything = Counts(models={**everything.models, model: asked, other: asked})
    counts = Counts(models={**counts.models, model: many, other: few}, requests=counts.requests)

    def told(asking: str) -> float:
        return log_odds(kin, model=asking, everything=everything, counts=counts, symbols=symbols)

    assert told(model) >= told(other) - TINY


@given(st.floats(0, 1), st.integers(0, 1000))
def test_an_attempt_is_of_the_same_request_or_of_another(likeness: float, attempts: int) -> None:
    """Its share of both is never more than the whole; a liker request is no less the same."""
    near = Near(likeness=likeness, attempts=attempts)
    assert 0.0 <= near.same <= 1.0 and 0.0 <= near.weight <= 1.0 and near.same + near.weight <= 1.0 + TINY
    assert Near(likeness=min(likeness + 0.1, 1.0), attempts=attempts).same >= near.same
    assert Around.of([near, near]).same == pytest.approx(2 * near.same * attempts)


@given(a_past(), st.floats(0, 1e6), st.floats(0, 1e6))
def test_whatever_was_counted_is_a_probability(past: Past, same: float, near: float) -> None:
    """More mistakes than attempts too: two stores of the same folder may disagree for a moment."""
    kin, model, _, counts, symbols = past
    odds = log_odds(
        kin, model=model, seen=Seen(same=same, near=near, nearest=1.0), everything=NONE, counts=counts, symbols=symbols
    )
    assert math.isfinite(odds) and odds < 700
