"""Warnings in which pytest tells of failures that no test saw, read back into what had failed."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass
from typing import Any

from pytest_llmlearn.domain.occurrence import FRAME_LIMIT, LINKED_MESSAGE_LIMIT, MESSAGE_LIMIT, OUTER_FRAMES
from pytest_llmlearn.entrypoints.observing.capture import FUNCTION_LIMIT
from pytest_llmlearn.entrypoints.observing.places import Places
from pytest_llmlearn.entrypoints.observing.text import bounded, one_line

_NEVER_AWAITED = re.compile(r"coroutine '([^'\n]{1,400})' was never awaited")
_LEVEL = re.compile(r'^  File "([^"\n]+)", line (\d+), in (.+)$')
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?:: (.*))?$", re.DOTALL)
# What pytest adds below the traceback (`_pytest/tracemalloc.py`), and how Python joins one traceback to the next.
_AFTER = re.compile(r"\n\s*\n(?:Enable tracemalloc|Object allocated at)")
_BETWEEN = re.compile(
    r"\n\n(?:The above exception was the direct cause of|During handling of the above exception, another)[^\n]*\n\n"
)

CARRIERS = {
    "PytestUnhandledThreadExceptionWarning": "thread",
    "PytestUnraisableExceptionWarning": "unraisable",
}
"""The warnings that carry a whole traceback in their text, and where the exception was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A warning as the controller heard of it: all that is kept of it."""

    category: str
    message: str
    filename: str
    line: int
    when: str
    nodeid: str

    @property
    def coroutine(self) -> str | None:
        """The qualified name of the coroutine that was never awaited, where the warning says so."""
        return never_awaited(self.message) if self.category == "RuntimeWarning" else None


def never_awaited(message: str) -> str | None:
    """The qualified name in "coroutine 'x' was never awaited"; None in any other text."""
    match = _NEVER_AWAITED.search(message)
    return match[1] if match else None


def class_names(exception: str) -> list[str]:
    """The class and its bases where it is a builtin one, else the name alone: text does not tell more."""
    cls = vars(builtins).get(exception)
    if not isinstance(cls, type):
        return [exception]
    return [base.__name__ for base in cls.__mro__ if base is not object]


def lost_exception(text: str, places: Places) -> dict[str, Any] | None:
    """The exception whose traceback a carrier's text holds, in the shape of `Occurrence.to_dict` without its test.

    The last of a chain of tracebacks, as that is the one that was raised last. None where no traceback is there.
    """
    _, found, rest = _AFTER.split(text, maxsplit=1)[0].partition("\n\n")
    if not found:
        return None
    lines = _BETWEEN.split(rest)[-1].splitlines()
    levels: list[dict[str, Any]] = []
    end = 0
    for at, line in enumerate(lines):
        match = _LEVEL.match(line)
        if match:
            following = lines[at + 1] if at + 1 < len(lines) else ""
            statement = following if following.startswith("    ") else ""
            levels.append(
                {
                    "filename": match[1],
                    "line": int(match[2]),
                    "function": one_line(match[3], FUNCTION_LIMIT),
                    "statement": one_line(statement, 300),
                }
            )
        if line.startswith((" ", "Traceback ")):
            end = at + 1
    raised = _RAISED.match("\n".join(lines[end:]).strip())
    if raised is None:
        return None
    exception = raised[1][:FUNCTION_LIMIT]
    inside = [places.inside(level["filename"]) for level in levels]
    start = inside.index(True) if True in inside else 0
    frames = [_frame(level, places) for level in levels[start:]]
    wire: dict[str, Any] = {
        "exception": exception,
        "mro": class_names(exception),
        "message": bounded(raised[2] or "", MESSAGE_LIMIT),
        "frames": frames
        if len(frames) <= FRAME_LIMIT
        else frames[:OUTER_FRAMES] + frames[OUTER_FRAMES - FRAME_LIMIT :],
    }
    innermost = next((_frame(level, places) for level, own in zip(levels[::-1], inside[::-1], strict=True) if own), {})
    return {**wire, **innermost}


def _frame(level: dict[str, Any], places: Places) -> dict[str, Any]:
    return {
        "path": places.told(level["filename"]),
        **{key: value for key, value in level.items() if key != "filename"},
    }


def notice(warned: Warned, places: Places) -> dict[str, Any]:
    """The warning as a notice on an occurrence of the same test."""
    return {
        "kind": "warning",
        "category": warned.category,
        "message": bounded(warned.message, LINKED_MESSAGE_LIMIT),
        "path": places.told(warned.filename),
        "line": warned.line,
    }
