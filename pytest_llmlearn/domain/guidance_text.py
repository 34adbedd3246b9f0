"""The words in which an answer is given, within its budget.

The text states facts; it never commands, for lessons quote what anyone could have written into a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_llmlearn.domain.evolution import detailed
from pytest_llmlearn.domain.guidance import Guidance, Match, Query
from pytest_llmlearn.domain.lesson import Lesson

CHARACTERS_A_TOKEN = 4
"""How tokens are estimated where no tokenizer is installed."""
ASIDE: Mapping[str, str] = {"firm": "well founded", "open": "does it hold here?", "weak": "weakly founded"}
"""What a lesson is called by its confidence; of what is new nothing is said."""


def tokens(text: str) -> int:
    """An estimate of the text's length in tokens, rounded up."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


def shown_lesson(match: Match) -> Lesson:
    """The lesson as an answer shows it: of what is new without its surroundings, unless a person wrote them."""
    lesson = match.lesson
    if not detailed(match.pattern.frequency) and lesson.by == "template":
        lesson = replace(lesson, when="")
    aside = ASIDE.get(match.confidence.wording)
    return replace(lesson, standing=f"{lesson.standing}; {aside}") if aside else lesson


def guide(query: Query, matches: Sequence[Match]) -> Guidance:
    """Word the matches within the budget: code goes first when room is short, then the last lessons."""
    head = "Past failures of generated code in this repository, most relevant first:"
    kept: list[Match] = []
    parts = [head]
    for match in matches:
        lesson = shown_lesson(match)
        for form in (lesson.worded(), lesson.bare().worded()):
            if tokens("\n".join([*parts, form])) <= query.budget:
                kept.append(match)
                parts.append(form)
                break
    if not kept:
        # A budget too small for any wording still gets the matches; only the text stays empty.
        return Guidance(query=query, matches=tuple(matches))
    text = "\n".join(parts)
    return Guidance(query=query, matches=tuple(matches), text=text, tokens=tokens(text))
