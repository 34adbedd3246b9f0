"""Which texts say nearly the same, by the words they share.

Two texts are near where their sets of stemmed words overlap (Jaccard: shared words by all words) to at least `NEAR`. No
vectors, no chance: every near pair is found. Only texts that share one of their rarest words are compared, which loses
none (prefix filtering: R. J. Bayardo, Y. Ma, R. Srikant, WWW 2007, "Scaling up all pairs similarity search").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping
from fractions import Fraction
from typing import TypeVar

NEAR = Fraction(17, 20)
"""0.85: of a lesson of a dozen words one may differ."""

K = TypeVar("K", bound=Hashable)


def nearness(one: Collection[str], other: Collection[str]) -> Fraction:
    """Shared words by all words, 0 to 1; 0 where both are empty, for silence says nothing alike."""
    first, second = frozenset(one), frozenset(other)
    together = len(first | second)
    return Fraction(len(first & second), together) if together else Fraction(0)


def clusters(texts: Mapping[K, Collection[str]], least: Fraction = NEAR) -> list[list[K]]:
    """The keys of texts that are near one another, directly or by way of others; those that stand alone are left out.

    Clusters and their members are in the order of the mapping. `least` is above 0 and at most 1.
    """
    # Equal texts are one, or a thousand copies of one would be compared with one another.
    keys: dict[frozenset[str], list[K]] = {}
    for key, words in texts.items():
        if words:
            keys.setdefault(frozenset(words), []).append(key)
    distinct = list(keys)
    group = list(range(len(distinct)))
    for one, other in _near_pairs(distinct, least):
        group[_top(group, other)] = _top(group, one)
    joined: dict[int, list[K]] = {}
    for place, words in enumerate(distinct):
        joined.setdefault(_top(group, place), []).extend(keys[words])
    order = {key: place for place, key in enumerate(texts)}
    found = [sorted(members, key=order.__getitem__) for members in joined.values() if len(members) > 1]
    return sorted(found, key=lambda members: order[members[0]])


def _near_pairs(texts: list[frozenset[str]], least: Fraction) -> Iterable[tuple[int, int]]:
    # In whole numbers: there are many pairs to look at, and fractions take ten times as long.
    part, of = least.numerator, least.denominator
    often = Counter(word for words in texts for word in words)
    ordered = [sorted(words, key=lambda word: (often[word], word)) for words in texts]
    # The shorter before the longer: what is looked up is never longer than what asks.
    places = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    holding: dict[str, list[int]] = {}
    for place in places:
        size = len(texts[place])
        prefix = ordered[place][: size - -(-part * size // of) + 1]
        candidates = {other for word in prefix for other in holding.get(word, ())}
        for other in sorted(candidates):
            length = len(texts[other])
            # Shared by all is at least `least` where shared is at least least / (1 + least) of both lengths.
            if of * length >= part * size and (part + of) * len(texts[place] & texts[other]) >= part * (size + length):
                yield other, place
        for word in prefix:
            holding.setdefault(word, []).append(place)


def _top(group: list[int], place: int) -> int:
    while group[place] != place:
        group[place] = group[group[place]]
        place = group[place]
    return place
