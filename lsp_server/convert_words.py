"""Lessons in the words that editors show: hovers, lenses, explanations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.domain.lesson import Lesson
    from pytest_llmlearn.domain.pattern import Pattern

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@&]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
"""What Markdown gives a meaning, addresses that editors make links of by themselves among it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """What is told above a function or class: `line` from 0."""

    line: int
    title: str
    fingerprint: str


def pattern_json(pattern: Pattern) -> dict[str, Any]:
    """A pattern in short, as the commands answer it."""
    return {
        "fingerprint": pattern.fingerprint,
        "rule_id": pattern.rule_id,
        "severity": pattern.severity,
        "frequency": pattern.frequency,
        "state": pattern.state,
        "word": pattern.word,
        "models": list(pattern.models),
        "path": pattern.path,
        "line": pattern.line,
    }


def explained(memory: Memory, fingerprint: str) -> dict[str, Any]:
    """All that is known of a pattern, as JSON, with a page of Markdown.

    Raises:
        UnknownPattern: none or several are named so.
    """
    pattern = memory.pattern(fingerprint)
    lesson = memory.lesson(pattern.fingerprint)
    return {
        **pattern_json(pattern),
        "lesson": lesson.sentence,
        "when": lesson.when,
        "because": lesson.because,
        "standing": lesson.standing,
        "bad": lesson.failed,
        "good": lesson.passed,
        "markdown": markdown(pattern, lesson),
    }


def markdown(pattern: Pattern, lesson: Lesson) -> str:
    """A lesson as Markdown: what is quoted is escaped or fenced."""
    parts = [f"**llmlearn** {escaped(pattern.rule_id)}: {escaped(lesson.because or lesson.sentence)}"]
    if lesson.because and lesson.instead:
        parts.append(f"Instead: {escaped(lesson.instead)}")
    if lesson.when:
        parts.append(f"When: {escaped(lesson.when)}")
    for title, code in (("Failed", lesson.failed), ("Passed instead", lesson.passed)):
        if code:
            parts.append(f"{title}:\n{fenced(code)}")
    parts.append(f"*{escaped(known_of(pattern, lesson))}*")
    return "\n\n".join(parts)


def plain(pattern: Pattern, lesson: Lesson) -> str:
    """The same for clients that show text as it is."""
    parts = [f"llmlearn {pattern.rule_id}: {lesson.because or lesson.sentence}"]
    if lesson.because and lesson.instead:
        parts.append(f"instead: {lesson.instead}")
    for title, code in (("failed:", lesson.failed), ("passed instead:", lesson.passed)):
        if code:
            parts.append("\n".join([title, *(f"    {line}" for line in code.splitlines())]))
    parts.append(f"({known_of(pattern, lesson)})")
    return "\n".join(parts)


def known_of(pattern: Pattern, lesson: Lesson) -> str:
    """How well it is founded, and where it was seen last."""
    where = f"; last in {pattern.path}:{pattern.line or 1}" if pattern.path else ""
    return f"{lesson.standing}{where}"


def fenced(code: str) -> str:
    """Code in a fence that it cannot end."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}python\n{code}\n{fence}"


def escaped(text: str) -> str:
    """Text in which nothing is taken for Markdown."""
    return _SPECIAL.sub(r"\\\1", text)


def lenses(patterns: Iterable[Pattern], lines_of_units: Mapping[str, int]) -> list[Lens]:
    """What was learned of each function and class, above it. `lines_of_units` are their lines, from 1."""
    by_unit: dict[str, list[Pattern]] = {}
    for pattern in patterns:
        qualname = pattern.unit.partition(":")[2]
        if qualname in lines_of_units:
            by_unit.setdefault(qualname, []).append(pattern)
    made = [
        Lens(line=lines_of_units[name] - 1, title=lens_title(known), fingerprint=known[0].fingerprint)
        for name, known in by_unit.items()
    ]
    return sorted(made, key=lambda lens: lens.line)


def lens_title(patterns: Sequence[Pattern]) -> str:
    """Such as `2 past mistakes of generated code here, 1 recurring`."""
    recurring = sum(pattern.frequency > 1 or pattern.recurrences > 0 for pattern in patterns)
    of_all = f"{len(patterns)} past mistake{'s' if len(patterns) > 1 else ''} of generated code here"
    return f"{of_all}, {recurring} recurring" if recurring else of_all
