"""A lesson as a form to be edited by hand, and what was changed in it.

A part begins with a line `== name`; everything up to the next such line is its text. Lines above the first part are
remarks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_llmlearn.domain.lesson import PARTS, Lesson
from pytest_llmlearn.errors import BadInput

_HEAD = re.compile(r"^== *(\w+)[^\S\n]*$")
_ABOUT: Mapping[str, str] = {
    "when": "in what surroundings",
    "instead": "what is right",
    "because": "what goes wrong",
    "bad": "code that fails",
    "good": "code that passes",
}


def filled(lesson: Lesson) -> str:
    """The form with the lesson as it reads now."""
    width = max(map(len, PARTS))
    lines = [
        f"The lesson of {lesson.rule_id} ({lesson.standing}).",
        "",
        "Write below the line of a part; nothing there leaves the part out. Parts that are not changed stay as they",
        "are, as do those whose line is removed. Leave the editor without saving to change nothing.",
        "",
        *(f"    {part:<{width}}  {_ABOUT[part]}" for part in PARTS),
        "",
    ]
    for part in PARTS:
        lines += [f"== {part}", *getattr(lesson, part).split("\n"), ""]
    return "\n".join(lines)


def changed(lesson: Lesson, text: str) -> dict[str, str | None]:
    """The parts that were changed, with their new text.

    Raises:
        BadInput: a line names a part that no lesson has, or one twice.
    """
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        head = _HEAD.match(line)
        if head is None:
            current.append(line)
            continue
        name = head.group(1)
        if name not in PARTS or name in parts:
            wrong = "stands twice" if name in parts else f"is no part of a lesson; these are {', '.join(PARTS)}"
            raise BadInput(f"== {name} {wrong}; nothing was changed")
        current = parts[name] = []
    written = {name: "\n".join(lines).rstrip().lstrip("\n") for name, lines in parts.items()}
    return {name: new for name, new in written.items() if new != getattr(lesson, name)}
