"""The labelled pairs are well made, and the shipped calibrations are what they give."""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from importlib.util import find_spec

import pytest

from pytest_llmlearn.adapters.embedders import choose
from pytest_llmlearn.adapters.embedders.calibrations import labelled_pairs
from pytest_llmlearn.app.calibrate import Calibrated, calibrate
from pytest_llmlearn.app.ports.vectors import Embedder
from pytest_llmlearn.detectors import async_rules, import_rules, logic, runtime_rules, syntax, type_errors
from pytest_llmlearn.domain.calibrating import KINDS, SHARE, Pair
from pytest_llmlearn.domain.similarity import BAR, SHIPPED, Calibration, calibration
from pytest_llmlearn.errors import EmbedderUnavailable, MissingExtra

PAIRS = labelled_pairs()
CATEGORIES = {"async", "type", "import", "security", "syntax", "logic", "runtime"}
FORMS = {"request", "mistake", "code", "prompt"}
# Where the weights of this machine lie, whatever a test makes of the environment later.
ENVIRON = dict(os.environ)


@cache
def shipped(setting: str) -> Embedder:
    """An embedder that the project ships constants for, or a reason to skip."""
    if find_spec("numpy") is None:
        pytest.skip("numpy is not installed (extra vectors)")
    try:
        embedder = choose(setting, environ=ENVIRON)
    except (MissingExtra, EmbedderUnavailable) as error:
        pytest.skip(str(error))
    assert embedder is not None
    return embedder


@cache
def calibrated(setting: str) -> Calibrated:
    """All pairs through an embedder that the project ships; some seconds for a model."""
    return calibrate(shipped(setting), PAIRS)


def texts(pair: Pair) -> frozenset[str]:
    """Both texts, in no order."""
    return frozenset((" ".join(pair.one.casefold().split()), " ".join(pair.other.casefold().split())))


def test_there_are_pairs_enough_of_every_kind() -> None:
    """Near misses too: negations, the same library or the same words with another mistake."""
    counts = Counter(pair.kind for pair in PAIRS)
    assert len(PAIRS) >= 200
    assert set(counts) == set(KINDS)
    assert counts["near miss"] >= 50
    assert min(counts.values()) >= 50


def test_a_kind_says_whether_the_two_are_the_same() -> None:
    """Two kinds do, three do not."""
    sides = {(pair.kind, pair.same) for pair in PAIRS}
    assert len(sides) == len(KINDS)
    assert {kind for kind, same in sides if same} == {"like words", "other words"}
    assert sum(SHARE[kind] for kind, same in sides if same) == sum(SHARE[kind] for kind, same in sides if not same) == 1


def test_all_categories_and_forms_are_there() -> None:
    """In both halves of the split."""
    for half in (True, False):
        chosen = [pair for pair in PAIRS if pair.held_out is half]
        assert {pair.category for pair in chosen} == CATEGORIES
        assert {pair.form for pair in chosen} == FORMS
        assert {pair.kind for pair in chosen} == set(KINDS)
        assert len(chosen) > 0.4 * len(PAIRS)


def test_every_text_says_something() -> None:
    """And is what it is: no pair is of a text and itself, or of a text and a part of it."""
    for pair in PAIRS:
        one, other = " ".join(pair.one.casefold().split()), " ".join(pair.other.casefold().split())
        assert len(one) >= 9 and len(other) >= 9, pair
        assert one not in other and other not in one, pair


def test_no_pair_is_there_twice() -> None:
    """In whatever order, case or spacing."""
    assert [list(pair) for pair, count in Counter(map(texts, PAIRS)).items() if count > 1] == []


def test_no_pair_is_contained_in_another() -> None:
    """Each of its texts in one of the other's."""
    joined = [tuple(texts(pair)) for pair in PAIRS]
    within = [
        (small, large)
        for small in joined
        for large in joined
        if small is not large
        and ((small[0] in large[0] and small[1] in large[1]) or (small[0] in large[1] and small[1] in large[0]))
    ]
    assert within == []


def test_the_negations_that_are_promised_are_there() -> None:
    """What was asked for by name."""
    known = {(pair.one, pair.other): pair.same for pair in PAIRS}
    assert known["async without await", "forgot await"] is True
    assert known["async without await", "awaited a plain value that is not a coroutine"] is False
    assert (
        known["missing timeout on an HTTP request", "removed the timeout, as asked, because uploads take minutes"]
        is False
    )


@pytest.mark.parametrize("setting", ["minilm", "hashing"])
def test_the_shipped_constants_are_what_the_pairs_give(setting: str) -> None:
    """Rounded; who changes the pairs, the embedder or the fit runs tools/calibrate_similarity.py again."""
    found = calibrated(setting)
    constants = SHIPPED[found.embedder]
    assert constants.slope == pytest.approx(found.curve.slope, abs=0.02)
    assert constants.middle == pytest.approx(found.curve.middle, abs=0.002)


@pytest.mark.parametrize(("setting", "auc", "precision"), [("minilm", 0.87, 0.80), ("hashing", 0.82, 0.80)])
def test_similarity_tells_pairs_apart_that_it_was_not_fitted_to(setting: str, auc: float, precision: float) -> None:
    """Held out; the figures are on the page about similarity. What is unrelated does not reach the bar."""
    told = calibrated(setting).held_out
    assert told.auc >= auc
    assert told.precision >= precision
    assert told.recall >= 0.5
    assert told.shown["unrelated"] <= 0.02
    assert told.ece <= 0.08


def others() -> list[str]:
    """Mistakes that are not of a missing await: what the built-in rules say of theirs, and some awaits gone wrong."""
    rules = (
        *async_rules.RULES,
        *import_rules.RULES,
        *logic.RULES,
        *runtime_rules.RULES,
        *syntax.RULES,
        *type_errors.RULES,
    )
    same = {async_rules.NEVER_AWAITED, async_rules.GATHER}
    return [
        *dict.fromkeys(rule.meaning for rule in rules if rule not in same),
        "awaited a plain value",
        "one coroutine is awaited twice",
        "removed an await that was not needed",
        "forgot to close the file",
        "forgot the import",
        "return without a value",
        "async generator looped over by a plain for",
        "request without a timeout",
        "SQL without bound parameters",
        "function without a docstring",
    ]


@pytest.mark.parametrize("setting", ["minilm", "hashing"])
def test_forgot_await_is_found_by_async_without_await(setting: str) -> None:
    """First of all among sixty other mistakes, and over the bar."""
    embedder = shipped(setting)
    wrong = others()
    assert len(wrong) >= 30
    rows = embedder.embed(["async without await", "forgot await", *wrong])
    found = [float(row @ rows[0]) for row in rows[1:]]
    assert found[0] > max(found[1:])
    assert calibration(embedder.name).similarity(found[0]) >= BAR


def test_an_embedder_that_tells_nothing_cannot_be_calibrated() -> None:
    """One sentence says so, and nothing is kept."""

    class Same:
        """Gives all texts one vector."""

        name = "same"
        dimension = 1

        def embed(self, texts: list[str]) -> list[One]:
            return [One() for _ in texts]

    class One:
        """A vector of one number, 1."""

        def __matmul__(self, other: object) -> float:
            return 1.0

    with pytest.raises(EmbedderUnavailable, match="same cannot be calibrated"):
        calibrate(Same(), PAIRS)  # type: ignore[arg-type]


def test_constants_are_curves() -> None:
    """For embedders by their whole name, the version of the weights in it."""
    assert all(isinstance(curve, Calibration) and ":" in name for name, curve in SHIPPED.items())
