"""The style `prompt`: numbered directives, ready to be pasted between a base instruction and the task.

A person chooses this style; nothing that is brought unasked is worded by it.
"""

from __future__ import annotations

from pytest_llmlearn.domain.guidance import Match
from pytest_llmlearn.domain.lesson import Lesson
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.styles import mood, quoting
from pytest_llmlearn.domain.styles.wording import Wording

_UNKNOWN = "unknown"


def _item(number: int, match: Match, lesson: Lesson) -> str:
    pattern = match.pattern
    indent = " " * len(f"{number}. ")
    lines = [f"{number}. {_directive(pattern, lesson, lesson.sentence)}"]
    # The pair stands together or not at all: what failed is of no use to a writer who is not told what passed.
    if lesson.good:
        for label, code in (
            ("Bad:", lesson.failed),
            ("Good:", lesson.passed),
            *(("Good, another way:", rival) for rival in lesson.passed_too),
        ):
            lines += quoting.evidence(label, code, indent)
    lines.append(f"{indent}{_seen(match)}")
    return "\n".join(lines)


def _directive(pattern: Pattern, lesson: Lesson, sentence: str) -> str:
    if lesson.by_scan and sentence:
        return f"NEVER let this stand: {mood.opened(sentence)}"
    said = mood.directive(sentence, security=pattern.category == "security")
    if not said:
        return f"ALWAYS bear in mind: {quoting.name(pattern.rule_id, 40)}"
    return said


def _seen(match: Match) -> str:
    """The count and the model that makes the mistake most often."""
    count = match.pattern.seen
    models = [quoting.name(model) for model in match.pattern.models if model != _UNKNOWN]
    seen = f"Seen: {count} time{'' if count == 1 else 's'} | Model: {models[0] if models else _UNKNOWN}"
    return f"{seen} | Always shown" if match.always else seen


def _line(number: int, match: Match, lesson: Lesson, room: int) -> str:
    pattern = match.pattern
    sentence = quoting.shortened(lesson.sentence, room) if room else ""
    always = "always shown, " if match.always else ""
    return f"{number}. {_directive(pattern, lesson, sentence)} ({always}`{quoting.show(pattern)}`)"


PROMPT = Wording(head="CRITICAL: Avoid these common mistakes:", gap="\n\n", item=_item, line=_line)
