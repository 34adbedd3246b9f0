"""The style `markdown`: one heading and a list, for a page or a comment on a pull request.

Links, images, mentions and references of what is quoted stay text: punctuation is escaped as CommonMark has it, and
what the hosts turn into links by themselves stands in code spans (github.github.com/gfm, autolinks).
"""

from __future__ import annotations

import re

from pytest_llmlearn.domain.guidance import Match
from pytest_llmlearn.domain.lesson import Lesson
from pytest_llmlearn.domain.styles import quoting
from pytest_llmlearn.domain.styles.wording import Wording

_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINKED = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|www\.)[^\s`]+|mailto:[^\s`]+|[\w.+/-]*@[\w.+/-]*|[\w./-]*#\w+|\bGH-\d+|\b[0-9a-f]{7,40}\b",
    re.IGNORECASE,
)
"""What a host makes a link or a mention of: addresses, names after an at sign, numbers of issues, commits."""
_RUN = ("code that failed", "code that passed instead", "code that passed too")
_FOUND = ("code with the mistake", "code without it", "code without it, another way")
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~!&$]")


def escaped(sentence: str) -> str:
    """A sentence as Markdown that shows just its characters; code spans of its own stay spans."""
    pieces: list[str] = []
    end = 0
    for found in _SPAN.finditer(sentence):
        pieces += (_plain(sentence[end : found.start()]), quoting.span(found.group(1), len(sentence)))
        end = found.end()
    return "".join((*pieces, _plain(sentence[end:])))


def _plain(text: str) -> str:
    pieces: list[str] = []
    end = 0
    for found in _LINKED.finditer(text):
        pieces += (_marked(text[end : found.start()]), quoting.span(found.group(), len(text)))
        end = found.end()
    return "".join((*pieces, _marked(text[end:])))


def _marked(text: str) -> str:
    return _MARKUP.sub(lambda found: f"\\{found.group()}", text)


def _item(number: int, match: Match, lesson: Lesson) -> str:
    pattern = match.pattern
    rule = quoting.span(pattern.rule_id, 40)
    said = escaped(lesson.sentence) or rule or "A failure"
    lines = [f"- **{said}** ({f'{rule}, ' if rule else ''}{escaped(lesson.standing)})"]
    if lesson.because and lesson.instead and not lesson.by_scan:
        lines.append(f"  - because: {escaped(lesson.because)}")
    where, message = quoting.span(quoting.place(pattern)), quoting.span(pattern.message)
    raised = "" if lesson.by_scan else quoting.span(quoting.exception(pattern))
    seen = f"{raised}{f': {message}' if message else ''}" if raised else ""
    if lesson.by_scan:
        lines.append(f"  - found by a scan{f' in {where}' if where else ''}")
    elif where or seen:
        lines.append(f"  - {f'in {where}' if where else 'failed'}{f' with {seen}' if seen else ''}")
    if lesson.when:
        lines.append(f"  - when: {escaped(lesson.when)}")
    failed, passed, too = _FOUND if lesson.by_scan else _RUN
    for label, code in ((failed, lesson.failed), (passed, lesson.passed), *((too, one) for one in lesson.passed_too)):
        if code:
            lines += [f"  - {label}:", *quoting.block(code, "    ")]
    return "\n".join(lines)


def _line(number: int, match: Match, lesson: Lesson, room: int) -> str:
    pattern = match.pattern
    rule = quoting.span(pattern.rule_id, 40)
    sentence = escaped(quoting.shortened(lesson.sentence, room)) if room and lesson.sentence else ""
    always = "always shown, " if match.always else ""
    raised = "" if lesson.by_scan else quoting.span(quoting.exception(pattern), 40)
    told = "; ".join(part for part in (raised, sentence) if part)
    return f"- {rule}: {told} ({always}`{quoting.show(pattern)}`)"


MARKDOWN = Wording(
    head="### Past failures of generated code in this repository, most relevant first\n",
    gap="\n",
    item=_item,
    line=_line,
)
