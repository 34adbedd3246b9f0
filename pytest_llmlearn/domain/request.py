"""Requests: what was asked for, what it led to, and how alike two of them are.

Two requests are alike as far as their words are, the rarer a word the more, and as far as their meaning is, where there
are vectors. Invariant: a request is as alike to itself as can be, and nothing is more alike than that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from pytest_llmlearn.domain import words

LIMIT = 4_000
"""Characters of a request that are kept, and by which it is known again."""
WORDS = 600
"""Words of one that are kept."""
MEANING_FLOOR = 0.35
"""Cosine of two requests that have nothing to do with one another: below it they are not alike at all. With
all-MiniLM-L6-v2 two requests of other tasks of one project have 0.2 to 0.5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as the store remembers it. `attempts` counts what models made of it, failed or not; `failed` those that
    failed."""

    key: str
    words: frozenset[str]
    attempts: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A mistake that was made under a request: of what kin, by which model, and how often."""

    request: str
    pattern: str
    kin: str
    model: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How often something was attempted, or one kin of mistake made: by each model, and under how many requests."""

    models: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0

    @property
    def attempts(self) -> int:
        return sum(self.models.values())

    def by(self, model: str | None) -> int:
        """How often by this model; 0 where none is named."""
        return self.models.get(model, 0) if model is not None else 0


NONE = Counts()


def normal(text: str) -> str:
    """By what a request is known again: its first `LIMIT` characters, whatever their white space."""
    return " ".join(text[:LIMIT].split())


def digest_of(text: str) -> bytes:
    """The digest of a request's normal form: 16 bytes."""
    return blake2b(normal(text).encode("utf-8", "replace"), digest_size=16).digest()


def words_of(text: str) -> tuple[str, ...]:
    """The stemmed words of a request, each once, in their order."""
    return tuple(dict.fromkeys(words.words(text[:LIMIT])))[:WORDS]


def weights(asked: Sequence[str], total: int, known: Mapping[str, int]) -> dict[str, float]:
    """How much each word of a question tells among `total` requests, of which `known` says how many hold it."""
    return {word: math.log(1.0 + max(total, 1) / max(known.get(word, 0), 1)) for word in asked}


def by_words(weighted: Mapping[str, float]) -> Callable[[Collection[str]], float]:
    """How alike by words the question is to requests with such words: 0 to 1, the cosine of the two weighted sets.

    Of the words that only the remembered request has, the weight is taken for that of the question's own on average:
    looking up each would take longer than all else. What depends on the question alone is computed once.
    """
    squares = {word: weight * weight for word, weight in weighted.items()}
    own = math.fsum(squares.values())

    def likeness(held: Collection[str]) -> float:
        common = [square for word, square in squares.items() if word in held]
        if not common:
            return 0.0
        shared = math.fsum(common)
        foreign = (len(held) - len(common)) * own / len(squares)
        return shared / math.sqrt(own * (shared + foreign))

    return likeness


def by_meaning(cosine: float) -> float:
    """How alike by meaning: 0 to 1 from the cosine of two vectors."""
    return min(max((cosine - MEANING_FLOOR) / (1.0 - MEANING_FLOOR), 0.0), 1.0)


def alike(words: float, meaning: float | None) -> float:
    """Both together; words alone where there is no vector."""
    return words if meaning is None else (words + meaning) / 2.0
