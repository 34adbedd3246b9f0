"""What a style is: how one lesson is worded in full and on one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pytest_llmlearn.domain.guidance import Match
from pytest_llmlearn.domain.lesson import Lesson

ASIDE: Mapping[str, str] = {"firm": "well founded", "open": "does it hold here?", "weak": "weakly founded"}
"""What a lesson is called by its confidence; of what is new nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A style.

    `head` stands above the lessons, `gap` between all of them. `item` words one lesson, given its number from 1 on, its
    match, and as much of its lesson as is to be said. `line` words it on one line: its last argument is how many
    characters the sentence may take, 0 for none. `asides` are what a lesson is called by its confidence.
    """

    head: str
    gap: str
    item: Callable[[int, Match, Lesson], str]
    line: Callable[[int, Match, Lesson, int], str]
    asides: Mapping[str, str] = field(default_factory=lambda: ASIDE)

    def joined(self, items: list[str]) -> str:
        """The whole text; "" for no item."""
        return self.gap.join((self.head, *items)) if items else ""
