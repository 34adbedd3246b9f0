"""Events of generations as they are handed in: one JSON document, a list of events, or JSON lines.

What cannot be read is told by its place, beside what can.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_llmlearn.errors import BadInput


def read(raw: bytes, name: str) -> list[tuple[str, Mapping[str, Any] | BadInput]]:
    """Each event by its place ("line 3"), or why there is none at that place. `name` is that of the input.

    Raises:
        BadInput: it is no text in UTF-8, or holds nothing.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name} is no text in UTF-8: byte {error.start} is not") from None
    if not text.strip():
        raise BadInput(f"{name} holds no event")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return list(_lines(text))
    if isinstance(whole, list):
        return [(f"event {number}", _event(value)) for number, value in enumerate(whole, 1)]
    first = len(text) - len(text.lstrip())
    return [(f"line {text.count(chr(10), 0, first) + 1}", _event(whole))]


def _lines(text: str) -> Iterator[tuple[str, Mapping[str, Any] | BadInput]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"line {number}", _parsed(line)


def _parsed(line: str) -> Mapping[str, Any] | BadInput:
    try:
        return _event(json.loads(line))
    except json.JSONDecodeError as error:
        return BadInput(f"no JSON: {error.msg} at character {error.pos + 1}")
    except (ValueError, RecursionError):  # a number of thousands of digits, thousands of brackets
        return BadInput("no JSON that can be read")


def _event(value: object) -> Mapping[str, Any] | BadInput:
    return value if isinstance(value, dict) else BadInput("an event is a JSON object")
