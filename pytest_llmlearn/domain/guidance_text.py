"""The words in which an answer is given, within its budget.

Every lesson of the answer is named before any is told in full: first each gets its shortest form, the last ones go
where there is no room for that, then each in its order gets the fullest form that there is room for, and last of all
other ways to the same fix. The text never exceeds the budget, its head included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pytest_llmlearn.domain.evolution import detailed
from pytest_llmlearn.domain.guidance import Candidate, Guidance, Match, Query, Style
from pytest_llmlearn.domain.lesson import Lesson
from pytest_llmlearn.domain.styles.context import CONTEXT
from pytest_llmlearn.domain.styles.facts import FACTS
from pytest_llmlearn.domain.styles.markdown import MARKDOWN
from pytest_llmlearn.domain.styles.prompt import PROMPT
from pytest_llmlearn.domain.styles.wording import ASIDE, Wording

CHARACTERS_A_TOKEN = 4
"""How tokens are estimated where no tokenizer is installed."""
COMPACT_TOKENS = 50
"""Tokens that a lesson on one line takes at most."""
_ROOM, _STEP = 160, 10
"""Characters of the sentence on such a line, and by how many they are lowered until the line fits."""
WORDINGS: Mapping[Style, Wording] = {"text": FACTS, "context": CONTEXT, "prompt": PROMPT, "markdown": MARKDOWN}

Count = Callable[[str], int]
"""How many tokens a text has."""


def tokens(text: str) -> int:
    """An estimate of the text's length in tokens, rounded up."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


def shown_lesson(match: Match, asides: Mapping[str, str] = ASIDE) -> Lesson:
    """The lesson as an answer shows it: of what is new without its surroundings, unless a person wrote them.

    `asides` are what it is called by its confidence.
    """
    lesson = match.lesson
    if not detailed(match.pattern.seen) and lesson.by == "template":
        lesson = replace(lesson, when="")
    said = (asides.get(match.confidence.wording), "always shown" if match.always else None)
    return replace(lesson, standing="; ".join((lesson.standing, *(aside for aside in said if aside))))


def guide(
    query: Query,
    matches: Sequence[Match],
    *,
    style: Style | None = None,
    below: Sequence[Candidate] = (),
    count: Count = tokens,
) -> Guidance:
    """Word the matches within the budget, in the question's style unless another is asked for.

    `count` tells a text's length in tokens. `below` is handed on. A budget too small for any wording still gets the
    matches; only the text stays empty.
    """
    wording = WORDINGS[style or query.style]
    forms = [_forms(wording, number, match, query.compact, count) for number, match in enumerate(matches, 1)]
    chosen = [min(of_one, key=count) for of_one in forms]
    while chosen and count(wording.joined(chosen)) > query.budget:
        chosen.pop()
    for fuller in (1, 0):  # other ways to the same fix come last
        for place in range(len(chosen)):
            for form in forms[place][fuller:]:
                widened = [*chosen[:place], form, *chosen[place + 1 :]]
                if count(wording.joined(widened)) <= query.budget:
                    chosen = widened
                    break
    text = wording.joined(chosen)
    return Guidance(query=query, matches=tuple(matches), text=text, tokens=count(text), below=tuple(below))


def _forms(wording: Wording, number: int, match: Match, compact: bool, count: Count) -> list[str]:
    """One lesson worded in full, without other ways, without code, and on one line: the fullest first."""
    lesson = shown_lesson(match, wording.asides)
    line = _line(wording, number, match, lesson, count)
    if compact:
        return [line, line]
    lessons = (lesson, replace(lesson, rivals=()), lesson.bare())
    return [*(wording.item(number, match, form) for form in lessons), line]


def _line(wording: Wording, number: int, match: Match, lesson: Lesson, count: Count) -> str:
    line = wording.line(number, match, lesson, 0)
    likely = CHARACTERS_A_TOKEN * (COMPACT_TOKENS - count(line))  # what the rest of the line leaves to the sentence
    for room in range(min(_ROOM, likely), 0, -_STEP):
        fuller = wording.line(number, match, lesson, room)
        if count(fuller) <= COMPACT_TOKENS:
            return fuller
    return line
