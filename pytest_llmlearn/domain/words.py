"""Words and symbols of a text, as full-text search sees them.

Identifiers fall apart at underscores and capitals, so that `load_user`, `LoadUser` and "load a user" meet; a light
stemmer makes `loads`, `loading` and `loaded` one. The same function prepares what is stored and what is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_TOKEN = re.compile(r"[^\W_]+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_SYMBOL = re.compile(
    r"\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|\b[a-z]+(?:_[a-z0-9]+)+\b|\b[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+\b"
)

_COMMON = """
    a about above after again all also always am an and any are as at be because been before being below between
    both but by can could did do does doing done down each either else every few for from further had has have having
    he her here hers him his how i if in into is it its itself just let like may me might more most must my need no nor
    not now of off on once one only or other our out over own please same shall she should so some such than that the
    their them then there these they this those through to too under until up us use used using very was we were what
    when where whether which while who whom why will with without would write writes written you your
    code create function implement make method module python return returns self def class param parameter arg args
    add get set put look work run try want take show see keep know help explain need please thing things kind
    given example none true false str int list dict bool float none type value values input output result"""
STOP_WORDS = frozenset(_COMMON.split())
"""Words too common in requests for code to tell one mistake from another."""

MAX_WORD = 40


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """`word` (lower case) without its common English endings; deliberately light, and idempotent enough to search."""
    if len(word) > 5 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ations", "ation", "ions", "ion", "ive", "ings", "ing", "ers", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "aeiousl":
        word = word[:-1]
    return word


def words(text: str) -> Iterator[str]:
    """The stemmed words of `text` in their order, stop words, numbers and single letters left out."""
    for found, _ in spelled(text):
        yield found


def spelled(text: str) -> Iterator[tuple[str, str]]:
    """The same words, each with how it is written there, in lower case: ("pars", "parse")."""
    for token in _TOKEN.findall(text):
        parts = (token,) if token.isalpha() and token.islower() else _PART.findall(token)
        for part in parts:
            lower = part.lower()
            if 1 < len(lower) <= MAX_WORD and lower not in STOP_WORDS and not lower.isdigit():
                yield stem(lower), lower


def symbols(text: str) -> frozenset[str]:
    """What in `text` reads as a symbol: dotted, snake_case or CamelCase names, and the last part of dotted ones."""
    found = set(_SYMBOL.findall(text))
    found |= {name.rpartition(".")[2] for name in found if "." in name}
    return frozenset(found)
