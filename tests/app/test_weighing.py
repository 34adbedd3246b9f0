"""What a score is made of, and that nothing speaks against itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from pytest_llmlearn.app.likely import Chance
from pytest_llmlearn.app.ports import Hit
from pytest_llmlearn.app.ports.requests import Kindred
from pytest_llmlearn.app.weighing import BESIDE, SPEAKS, Question, Spoken, expected, spoken_of, worth
from pytest_llmlearn.domain import chance
from pytest_llmlearn.domain.chance import Around, Seen
from pytest_llmlearn.domain.guidance import Candidate, Query
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.rates import Rate
from pytest_llmlearn.domain.request import Counts
from pytest_llmlearn.domain.score import TOLERANCE, probability
from tests.builders import at

NOW = at(days=30)
KIN = "KeyError:'Q'"
WORDS = {"load": 2.0, "user": 2.0, "row": 1.5}


def a_pattern(**changes: Any) -> Pattern:
    values: dict[str, Any] = {
        "fingerprint": "1:aaaa", "symbol_key": "1:s", "rule_id": "type.none-value", "category": "type",
        "severity": "major", "exception": "TypeError", "message": "m", "lesson": "Check for None.", "frequency": 4,
        "raw_count": 6, "state": "active", "first_seen": at(), "last_seen": at(days=10), "symbols": ("numpy.mean",),
        "models": ("model-b",), "path": "app/users.py", "line": 1, "unit": "app.users:load", "bad": "", "kin": KIN,
    }  # fmt: skip
    return Pattern(**{**values, **changes})


def a_question(*, now: datetime = NOW, around: Mapping[str, float] | None = None, **changes: Any) -> Question:
    return Question(
        query=Query(**{"text": "load the rows of a user", **changes}),
        now=now,
        asked={"load": "load", "user": "user", "row": "rows"},
        weighted=WORDS,
        around=around or {},
        named=(),
    )


def a_chance(
    *, same: float = 1.0, tried: float = 4.0, model: str | None = None, counts: Counts | None = None
) -> Chance:
    counts = counts or Counts(models={"model-b": 4}, requests=2)
    measured = chance.features(
        KIN,
        model=model,
        seen=Seen(same=same, nearest=1.0),
        around=Around(same=tried),
        everything=Counts(models={"model-a": 40, "model-b": 40}),
        counts=counts,
        exception=counts,
    )
    return Chance(
        pattern=Kindred(fingerprint="1:aaaa", kin=KIN, frequency=4), measured=measured, supported=True, same=same
    )


def told(pattern: Pattern, words: str, question: Question | None = None) -> Spoken:
    return spoken_of(question or a_question(), Hit(pattern=pattern, words=words, rank=-1.0))


def of_experience(pattern: Pattern, question: Question | None = None, **changes: Any) -> Candidate:
    return expected(question or a_question(), a_chance(**changes), pattern, None, 1.0)


def of_words(pattern: Pattern, question: Question | None = None) -> Candidate:
    return told(pattern, "load user", question).candidate(1.0)


@pytest.mark.parametrize("words", ["", "load", "load user", "load user row", "other"])
@pytest.mark.parametrize("doubt", [1.0, 0.3, 0.01])
def test_the_parts_sum_to_the_score(words: str, doubt: float) -> None:
    """Of what the question speaks of, of what experience expects, and of both."""
    spoken = told(a_pattern(), words)
    for candidate in (
        spoken.candidate(doubt),
        expected(a_question(), a_chance(), a_pattern(), spoken, doubt),
        expected(a_question(), a_chance(), a_pattern(), None, doubt),
    ):
        assert probability(candidate.parts.values()) == pytest.approx(candidate.score, abs=TOLERANCE)
        assert all(name == part.name and part.about for name, part in candidate.parts.items())


CHANGES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "frequency": ({"frequency": 2}, {"frequency": 9}),
    "recency": ({"last_seen": at()}, {"last_seen": at(days=29)}),
    "severity": ({"severity": "minor"}, {"severity": "major"}),
    "more severity": ({"severity": "major"}, {"severity": "critical"}),
    "same model": ({"models": ("model-b",)}, {"models": ("model-b", "model-a")}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_of_two_that_are_equal_otherwise_the_one_that_weighs_more_scores_higher(
    change: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """Where the question speaks of both."""
    less, more = (of_words(a_pattern(**one), a_question(model="model-a")) for one in change)
    assert more.score > less.score


@pytest.mark.parametrize("name", ["frequency", "recency", "severity", "more severity"])
def test_of_two_that_are_as_likely_the_one_that_weighs_more_scores_higher(name: str) -> None:
    """Where experience speaks for both; how often it was seen founds the lesson."""
    less, more = (of_experience(a_pattern(**one)) for one in CHANGES[name])
    assert more.score > less.score


def test_the_half_life_says_how_fast_a_chance_ages() -> None:
    """As long as it is set."""
    fast, slow = (
        expected(a_question(), a_chance(), a_pattern(last_seen=at()), None, 1.0, days).score for days in (5.0, 500.0)
    )
    assert fast < slow


def test_how_often_it_was_avoided_when_shown_moves_a_chance() -> None:
    """Once it was shown often enough to tell; a lesson that never helps loses."""
    never, half, always = (
        of_experience(a_pattern(success=Rate(count=count, of=10))).score for count in (0, 5, 10)
    )  # fmt: skip
    unmeasured = of_experience(a_pattern(success=Rate(count=0, of=0))).score
    assert never < half < always and never < unmeasured


def test_a_model_that_makes_it_is_likelier_to_make_it_again() -> None:
    """By the model's own rate, all else being equal."""
    counts = Counts(models={"model-a": 6, "model-b": 1}, requests=2)
    own, other = (of_experience(a_pattern(), model=model, counts=counts).score for model in ("model-a", "model-b"))
    assert own > other


def test_a_mistake_with_what_the_file_imports_is_likelier() -> None:
    """The library is what its symbols begin with, stemmed as all words are."""
    for symbol, word in (("numpy.mean", "numpy"), ("requests.get", "request")):
        pattern = a_pattern(symbols=(symbol,))
        without = of_experience(pattern, a_question(path="app/x.py", around={"sqlite": 1.0}))
        beside = of_experience(pattern, a_question(path="app/x.py", around={word: 1.0}))
        assert beside.score > without.score and "libraries" in beside.parts


def test_the_same_file_and_names_in_common_lift_what_the_words_left_open() -> None:
    """Never to less."""
    nowhere = of_words(a_pattern(), a_question()).score
    elsewhere = of_words(a_pattern(), a_question(path="app/other.py", around={"row": 2.0})).score
    here = of_words(a_pattern(), a_question(path="app/users.py")).score
    assert here > elsewhere >= nowhere


def test_both_together_are_no_less_than_either() -> None:
    """What the question speaks of and experience expects."""
    spoken = told(a_pattern(), "load user row")
    alone = of_experience(a_pattern()).score
    both = expected(a_question(), a_chance(), a_pattern(), spoken, 0.5)
    assert both.score >= max(alone, spoken.chance(0.5)) - TOLERANCE


def test_what_experience_adds_beside_its_chance_is_bounded() -> None:
    """By what decides whether a pattern is looked at as a whole."""
    best = a_pattern(severity="critical", last_seen=NOW, frequency=1000, success=Rate(count=50, of=50))
    found = of_experience(best, a_question(path="app/x.py", around={"numpy": 1.0}))
    beside = sum(part.contribution for part in found.parts.values()) - a_chance().log_odds
    assert 0 < beside <= BESIDE


def test_words_are_worth_less_the_more_like_requests_were_tried() -> None:
    """What came of those is known; a symbol that is named loses less; a higher score is never worth less."""
    steps = [number / 100 for number in range(101)]
    for named in (False, True):
        for doubt in (1.0, 0.5, 0.1, 0.01):
            found = [worth(score, doubt, named=named) for score in steps]
            assert found == sorted(found) and all(value <= score for value, score in zip(found, steps, strict=True))
    assert worth(0.8, 0.2, named=True) > worth(0.8, 0.2, named=False)
    assert worth(0.8, 1.0, named=False) == 0.8 > SPEAKS


def test_reasons_say_what_came_before() -> None:
    """Of this request, of a like one, or nothing of either."""
    here = of_experience(a_pattern()).reasons
    like = expected(a_question(), replace(a_chance(), same=0.1), a_pattern(), None, 1.0).reasons
    neither = expected(a_question(), replace(a_chance(), same=0.0, supported=False), a_pattern(), None, 1.0).reasons
    assert here[0] == "came of this request before" and like[0] == "came of a like request"
    assert neither == ("seen 4 times",)
