"""How alike two requests are."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain import request
from pytest_llmlearn.domain.request import LIMIT, MEANING_FLOOR, WORDS, Counts

WORD = st.text(alphabet="abcdef", min_size=2, max_size=6)


def weighted(asked: Sequence[str], **known: int) -> dict[str, float]:
    return request.weights(asked, 100, known)


def test_a_request_is_known_again_whatever_its_white_space() -> None:
    """Lines may be broken elsewhere; another word is another request."""
    first = request.digest_of("write a  stack\n\tclass\n")
    assert first == request.digest_of(" write a stack class")
    assert first != request.digest_of("write a stack classes")
    assert len(first) == 16


def test_a_long_request_is_known_by_its_beginning() -> None:
    """By as much of it as is kept."""
    assert request.digest_of("x" * LIMIT) == request.digest_of("x" * LIMIT + " and more")
    assert request.digest_of("x" * LIMIT) != request.digest_of("x" * (LIMIT - 1) + "y")


def test_half_a_character_does_no_harm() -> None:
    """A lone surrogate has a digest as well."""
    assert len(request.digest_of("\ud800 stack")) == 16


def test_the_words_of_a_request_are_stemmed_once_each_and_bounded() -> None:
    """In their order."""
    assert request.words_of("stacks and queues; a stack of queues") == ("stack", "queu")
    assert len(request.words_of(" ".join(f"word{number}x" for number in range(5_000)))) <= WORDS


def test_a_rarer_word_weighs_more() -> None:
    """One that stands in no request as much as one that stands in a single one."""
    found = weighted(["rare", "common", "unknown"], rare=1, common=90)
    assert found["rare"] == found["unknown"] > found["common"] > 0


def test_equal_words_are_as_alike_as_can_be() -> None:
    """And nothing in common is not alike at all."""
    asked = weighted(["stack", "push", "pop"], stack=3)
    assert request.by_words(asked)({"stack", "push", "pop"}) == pytest.approx(1.0)
    assert request.by_words(asked)({"tree", "leaf"}) == 0.0
    assert request.by_words({})({"stack"}) == 0.0 == request.by_words(asked)(set())


def test_words_that_only_the_other_has_make_it_less_alike() -> None:
    """A long request is not like a short one that it contains."""
    asked = weighted(["stack", "push"])
    alone = request.by_words(asked)({"stack", "push"})
    assert alone > request.by_words(asked)({"stack", "push", "tree"}) > request.by_words(asked)({"stack", "tree"})


def test_a_rare_word_in_common_makes_more_alike_than_a_common_one() -> None:
    """All else being equal."""
    asked = weighted(["write", "dijkstra"], write=80, dijkstra=1)
    assert request.by_words(asked)({"dijkstra", "x"}) > request.by_words(asked)({"write", "x"})


@given(st.lists(WORD, min_size=1, max_size=12, unique=True), st.sets(WORD, min_size=1, max_size=12), st.data())
def test_likeness_by_words_stays_in_bounds_and_grows_with_words_in_common(
    asked: list[str], held: set[str], data: st.DataObject
) -> None:
    """0 to 1; a foreign word that becomes a common one never makes it less."""
    known = {word: data.draw(st.integers(1, 100)) for word in asked}
    weights = request.weights(asked, 100, known)
    before = request.by_words(weights)(held)
    assert 0.0 <= before <= 1.0 + 1e-9
    missing = [word for word in asked if word not in held]
    foreign = [word for word in held if word not in asked]
    if missing and foreign:
        after = request.by_words(weights)((held - {foreign[0]}) | {missing[0]})
        assert after >= before - 1e-9


def test_meaning_below_the_floor_is_nothing() -> None:
    """All requests of one project are a little alike; more cosine is never less."""
    assert request.by_meaning(MEANING_FLOOR) == 0.0 == request.by_meaning(-1.0)
    assert request.by_meaning(1.0) == 1.0 == request.by_meaning(1.0000001)
    steps = [request.by_meaning(number / 50) for number in range(51)]
    assert steps == sorted(steps)


def test_both_count_the_same_and_words_alone_where_there_is_no_vector() -> None:
    """A likeness by meaning of 0 is one; none is none."""
    assert request.alike(0.6, None) == 0.6
    assert request.alike(0.6, 0.0) == pytest.approx(0.3)
    assert request.alike(1.0, 1.0) == 1.0


def test_counts_are_of_all_models_and_of_each() -> None:
    """A model that is not named has none."""
    counts = Counts(models={"a": 2, "b": 3}, requests=4)
    assert (counts.attempts, counts.by("a"), counts.by("c"), counts.by(None)) == (5, 2, 0, 0)
