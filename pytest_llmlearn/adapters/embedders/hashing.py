"""Vectors without weights: a text's words, their neighbours, pieces and concepts, hashed into 384 numbers.

Signed feature hashing (Weinberger et al. 2009, https://arxiv.org/abs/0902.2206): each feature has a place and a sign by
its own BLAKE2b, so a text has the same vector in every process and on every machine. It knows spellings, and of
meanings only the table of domain/concepts.py: that "coroutine" belongs to `await`, and "regex" to "pattern".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmlearn.domain.concepts import concepts
from pytest_llmlearn.domain.words import words
from pytest_llmlearn.errors import MissingExtra

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Matrix

DIMENSION = 384
VERSION = 2
"""Part of the name: another number wherever a text would get another vector."""
WORD, PAIR, PIECES, CONCEPT = 1.0, 0.5, 0.5, 1.0
"""What a word weighs, a pair of words that follow one another, all the pieces of a word together, and a concept that
words speak of. Among 0 to 1.5 a concept of 1 tells the labelled pairs apart well, and prompts no worse than without."""
PIECE = 4
MOST_WORDS = 2000
"""Words of a text that are looked at."""


class Hashing:
    """The embedder. Holds nothing."""

    def __init__(self) -> None:
        """Raises:
        MissingExtra: numpy is not installed.
        """
        if find_spec("numpy") is None:
            raise MissingExtra("vectors", "finding lessons by meaning")

    @property
    def name(self) -> str:
        return f"hashing:{VERSION}"

    @property
    def dimension(self) -> int:
        return DIMENSION

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row of 384 numbers and length 1 for each text, in order."""
        import numpy

        return numpy.array([_row(text) for text in texts], dtype=numpy.float32).reshape(len(texts), DIMENSION)


def _row(text: str) -> list[float]:
    counts: Counter[str] = Counter()
    found = list(_words(text))[:MOST_WORDS]
    counts.update(found)
    pairs = Counter(pairwise(found))
    row = [0.0] * DIMENSION
    for word, count in counts.items():
        weight = math.sqrt(count)
        for at, share in _of_word(word):
            row[at] += weight * share
    for (one, other), count in pairs.items():
        at, sign = _place(f"2:{one} {other}")
        row[at] += PAIR * math.sqrt(count) * sign
    for concept, count in Counter(concepts(text)).items():
        at, sign = _place(f"4:{concept}")
        row[at] += CONCEPT * math.sqrt(count) * sign
    length = math.sqrt(math.fsum(number * number for number in row))
    if length == 0:  # nothing in it, or features that cancel out to the last bit
        at, sign = _place("0:")
        row[at] = length = sign
    return [number / length for number in row]


def _words(text: str) -> Iterator[str]:
    found = False
    for word in words(text):
        found = True
        yield word
    if not found:  # stop words, numbers and signs alone are better than nothing
        yield from text.lower().split()


@lru_cache(maxsize=16384)
def _of_word(word: str) -> tuple[tuple[int, float], ...]:
    """A word's places and what each adds: its own, and those of its pieces of four characters, ends marked."""
    at, sign = _place(f"1:{word}")
    marked = f"<{word}>"
    pieces = [_place(f"3:{marked[start : start + PIECE]}") for start in range(max(1, len(marked) - PIECE + 1))]
    share = PIECES / math.sqrt(len(pieces))
    return ((at, WORD * sign), *((place, share * sign) for place, sign in pieces))


def _place(feature: str) -> tuple[int, float]:
    number = int.from_bytes(blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return (number >> 1) % DIMENSION, 1.0 if number & 1 else -1.0
