"""Lessons one by one: worded from all that is known, and reworded by people.

What a person writes is redacted, cleaned and cut like all else before it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pytest_llmlearn.app.ports import Known, Lessons
from pytest_llmlearn.domain.finding import Rule
from pytest_llmlearn.domain.lesson import PARTS, Lesson, bounded, lesson
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.errors import BadInput

TEXT_LIMIT = 20_000
"""Characters of one part that are looked at; what is kept of it is far less."""


def lesson_of(pattern: Pattern, lessons: Lessons, rule: Rule | None) -> Lesson:
    """The pattern's lesson, with all that is known of it."""
    known = lessons.known([pattern.fingerprint]).get(pattern.fingerprint, Known())
    return lesson(pattern, rule=rule, contexts=known.contexts, fixes=known.fixes, reworded=known.reworded)


def reword(
    pattern: Pattern,
    lessons: Lessons,
    parts: Mapping[str, str | None],
    *,
    redact: Callable[[str], str],
    now: datetime,
    afresh: bool = False,
) -> None:
    """Keep a person's words for these parts; with `afresh` the template's stand for all others again.

    Raises:
        BadInput: a part is none that a lesson has.
    """
    for part in parts:
        if part not in PARTS:
            raise BadInput(f"a lesson has no part {part!r}; it has {', '.join(PARTS)}")
    # Redacted before it is cut: half a secret is not known for one.
    kept: dict[str, str | None] = {
        part: None if text is None else bounded(part, redact(text[:TEXT_LIMIT]))
        for part in PARTS
        if part in parts
        for text in (parts[part],)
    }
    lessons.reword(pattern.fingerprint, kept, now, afresh=afresh)
