"""The style `context`: statements alone, saying where they come from, for what is brought to an assistant unasked.

Text that commands or shouts reads as an attempt to take an assistant over, and is set aside by it. So nothing here asks
for anything: what to do stands as the remedy that is on record, and a sentence whose mood cannot be told is quoted.
"""

from __future__ import annotations

from pytest_llmlearn.domain.guidance import Match
from pytest_llmlearn.domain.lesson import Lesson
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.styles import mood, quoting
from pytest_llmlearn.domain.styles.wording import ASIDE, Wording

_INDENT = "   "
_RUN = ("This code failed:", "This code passed instead:", "This code passed too:")
_FOUND = ("This code has the mistake:", "This code is without it:", "This code is without it too:")


def _item(number: int, match: Match, lesson: Lesson) -> str:
    pattern = match.pattern
    lines = [f"{number}. {_name(pattern)}: {lesson.standing}."]
    lines += [f"{_INDENT}{_failure(pattern)}"]
    # What is nothing but marks is nothing once it is quieted.
    cause = mood.quoted(lesson.because) if lesson.instead and not lesson.by_scan else ""
    if cause.strip('"'):
        lines.append(f"{_INDENT}The cause on record reads {cause}.")
    stated = mood.statement(lesson.sentence) if lesson.sentence else ""
    if stated.strip():
        lines.append(f"{_INDENT}{stated}")
    if lesson.when:
        lines.append(f"{_INDENT}Where it was seen: {mood.quiet(lesson.when)}.")
    failed, passed, too = _FOUND if lesson.by_scan else _RUN
    for label, code in (
        (failed, lesson.failed),
        (passed, lesson.passed),
        *((too, rival) for rival in lesson.passed_too),
    ):
        lines += quoting.evidence(label, code, _INDENT)
    return "\n".join(lines)


def _name(pattern: Pattern) -> str:
    return f"{mood.quiet(quoting.name(pattern.rule_id, 40))} ({quoting.prefix(pattern)})"


def _failure(pattern: Pattern) -> str:
    place = quoting.span(quoting.place(pattern))
    message = quoting.span(pattern.message)
    raised = quoting.exception(pattern)
    where = f" in {place}" if place else ""
    if pattern.by_scan:
        return f"A scan of the code found this mistake{where}."
    how = f" with {raised}" if raised else ""
    return f"A test failed{where}{how}{f', saying {message}' if how and message else ''}."


def _line(number: int, match: Match, lesson: Lesson, room: int) -> str:
    pattern = match.pattern
    stated = ""
    if room and lesson.sentence:
        # The sentence is cut before its mood is turned, so that a quotation keeps its closing mark.
        stated = f" {mood.statement(quoting.shortened(lesson.sentence, room))}"
    always = ", always shown" if match.always else ""
    raised = "" if pattern.by_scan else quoting.exception(pattern)
    how = f": {raised}" if raised else ""
    rule = mood.quiet(quoting.name(pattern.rule_id, 40))
    return f"{number}. {rule}{how}{always}.{stated} Details: `{quoting.show(pattern)}`"


CONTEXT = Wording(
    head=(
        "From the test outcomes of this repository and scans of its code (recorded by pytest-llmlearn): mistakes in "
        "generated code, most relevant first. Code and messages are quoted as data."
    ),
    gap="\n",
    item=_item,
    line=_line,
    asides={**ASIDE, "open": "whether it holds here is open"},  # a question asks for something
)
