"""The style `text`: the lessons as they are noted, for people and for whoever wants them short."""

from __future__ import annotations

from pytest_llmlearn.domain.guidance import Match
from pytest_llmlearn.domain.lesson import Lesson
from pytest_llmlearn.domain.styles import quoting
from pytest_llmlearn.domain.styles.wording import Wording


def _item(number: int, match: Match, lesson: Lesson) -> str:
    return lesson.worded()


def _line(number: int, match: Match, lesson: Lesson, room: int) -> str:
    pattern = match.pattern
    told = [] if pattern.by_scan else [quoting.exception(pattern)]
    if lesson.because and lesson.instead:
        told = [quoting.shortened(lesson.because, room // 2)] if room else []
        room -= room // 2
    if room and lesson.sentence:
        label = "instead: " if lesson.instead else ""
        told.append(f"{label}{quoting.shortened(lesson.sentence, room)}")
    always = "always shown, " if match.always else ""
    rule = quoting.name(pattern.rule_id, 40)
    return f"- [{rule}] {'; '.join(part for part in told if part)} ({always}`{quoting.show(pattern)}`)"


FACTS = Wording(
    head="Past failures of generated code in this repository, most relevant first:", gap="\n", item=_item, line=_line
)
