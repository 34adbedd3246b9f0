"""What matchers have to prove."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlearn.domain import proof
from pytest_llmlearn.domain.matcher import Trials
from tests.fake_matchers import a_matcher


@pytest.mark.parametrize(
    ("start", "needed"), [(proof.SPEAKS, 0), (proof.BY_VALUE, 1), (proof.TRIED, 2), (proof.WIDE, 3)]
)
def test_a_shape_speaks_after_so_many_right_ones(start: float, needed: int) -> None:
    """As documented: at once, once, twice, three times."""
    for right in range(5):
        matcher = proof.tried(a_matcher(confidence=start, trials=Trials(right=right)))
        assert (proof.held_back(matcher) is None) == (right >= needed)


def test_what_fires_on_passing_code_is_held_back_however_often_it_was_right() -> None:
    """Unless so many hits are allowed."""
    matcher = proof.tried(a_matcher(trials=Trials(right=50, wrong=1)))
    assert proof.held_back(matcher) == "fires on passing code"
    assert proof.held_back(matcher, hits=1) is None


def test_silence_counts_little_and_once() -> None:
    """A shape that stands nowhere else is silent too."""
    for start in (proof.TRIED, proof.BY_VALUE):
        silent = proof.confidence(start, Trials(silent=1_000))
        assert start < silent < proof.BARS["failure"]


def test_what_a_pattern_names_is_trusted_sooner_than_what_only_looks_alike() -> None:
    """A shape of the same confidence is not used yet."""
    at_large = a_matcher(kind="api", origin="pattern", confidence=0.6)
    assert proof.held_back(at_large) is None
    assert proof.held_back(replace(at_large, kind="shape", origin="failure")) == "not sure enough yet"
