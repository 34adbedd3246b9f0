"""Texts that say nearly the same."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.nearness import NEAR, clusters, nearness
from tests.growth import growth

TEXTS = st.lists(st.frozensets(st.sampled_from("abcdefghijklmnop"), max_size=9), max_size=12)


def test_nearness_is_shared_words_by_all_words() -> None:
    """Three shared of five."""
    assert nearness("abcd", "bcde") == Fraction(3, 5)


def test_two_silences_are_not_alike() -> None:
    """Texts without a word are no duplicates."""
    assert nearness("", "") == 0
    assert clusters({1: "", 2: ""}) == []


@given(TEXTS, st.sampled_from([Fraction(1, 2), Fraction(3, 4), NEAR, Fraction(1)]))
def test_every_near_pair_is_in_one_cluster_and_nothing_else(texts: list[frozenset[str]], least: Fraction) -> None:
    """The same as comparing all with all, and joining what is near."""
    group = {place: {place} for place in range(len(texts))}
    for one, other in combinations(range(len(texts)), 2):
        if nearness(texts[one], texts[other]) >= least and group[one] is not group[other]:
            group[one] |= group[other]
            for member in group[one]:
                group[member] = group[one]
    expected = sorted({tuple(sorted(members)) for members in group.values() if len(members) > 1})
    assert [tuple(cluster) for cluster in clusters(dict(enumerate(texts)), least)] == expected


def test_members_keep_their_order() -> None:
    """The first one given is the first of its cluster, however long it is."""
    long, short = "abcdefghijklmn", "abcdefghijklm"
    assert clusters({"long": long, "short": short}) == [["long", "short"]]


def test_many_texts_of_one_template_are_not_compared_with_one_another() -> None:
    """Ten times as many lessons of one rule cost no more than some thirty times as much."""

    def lessons(count: int) -> dict[int, list[str]]:
        words = ("import", "modul", "exist", "project")
        return {number: [*words, f"name{number}", f"x{number}"] for number in range(count)}

    few, many = lessons(500), lessons(5_000)
    assert growth(lambda: clusters(few), lambda: clusters(many)) < 30


def test_copies_are_not_compared_with_one_another() -> None:
    """A thousand equal texts are one cluster, at once."""
    assert clusters(dict.fromkeys(range(20_000), "abc")) == [list(range(20_000))]
