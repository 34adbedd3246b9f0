"""Places in a text: lines and characters as the client counts them, and as Python does.

A client counts lines from 0, ended by `\\n`, `\\r\\n` or `\\r`, and in a line UTF-8 bytes, UTF-16 units or code points,
as was agreed on; Python's columns are code points, and its lines count from 1. A place outside of the text is taken for
the nearest one in it, and one within a character for that before the character.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#position
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from lsprotocol import types

from pytest_llmlearn.domain.tree import Span

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_ENDS = "\r\n"


def lines_of(text: str) -> list[str]:
    """The lines with their ends; the last one has none, and is empty where the text ends with one."""
    if "\r" not in text:
        lines = text.split("\n")
        return [f"{line}\n" for line in lines[:-1]] + lines[-1:]
    found = _LINE.findall(text)
    if len(found) > 1 and not found[-1] and not found[-2].endswith(("\r", "\n")):
        found.pop()  # the empty match behind the last line
    return found


def units(text: str, encoding: Encoding) -> int:
    """How long the client takes the text to be."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-16":
        return len(text) + sum(character > "\uffff" for character in text)
    return len(text.encode("utf-8", "surrogatepass"))


def to_column(line: str, character: int, encoding: Encoding) -> int:
    """The client's character in this line as a column of code points, in front of the line's end."""
    whole = len(line.rstrip(_ENDS))
    if character <= 0:
        return 0
    if encoding == "utf-32" or line.isascii():
        return min(character, whole)
    passed = 0
    for column in range(whole):
        passed += units(line[column], encoding)
        if passed > character:
            return column
    return whole


def to_character(line: str, column: int, encoding: Encoding) -> int:
    """A column of code points as the client's character, in front of the line's end."""
    whole = line.rstrip(_ENDS)
    return units(whole[: max(column, 0)], encoding)


def to_place(lines: Sequence[str], position: types.Position, encoding: Encoding) -> tuple[int, int]:
    """The client's position as line (from 0) and column."""
    if position.line < 0:
        return 0, 0
    if position.line >= len(lines):
        return len(lines) - 1, len(lines[-1].rstrip(_ENDS))
    return position.line, to_column(lines[position.line], position.character, encoding)


def to_position(lines: Sequence[str], line: int, column: int, encoding: Encoding) -> types.Position:
    """A line (from 0) and a column as the client's position."""
    if line < 0:
        return types.Position(0, 0)
    if line >= len(lines):
        return types.Position(len(lines) - 1, to_character(lines[-1], len(lines[-1]), encoding))
    return types.Position(line, to_character(lines[line], column, encoding))


def to_range(lines: Sequence[str], span: Span, encoding: Encoding) -> types.Range:
    """A stretch of text as the client's range; never one that ends before it begins."""
    start = to_position(lines, span.line - 1, span.column, encoding)
    end = to_position(lines, span.end_line - 1, span.end_column, encoding)
    return types.Range(start, end if (end.line, end.character) >= (start.line, start.character) else start)


def to_span(lines: Sequence[str], given: types.Range, encoding: Encoding) -> Span:
    """The client's range as a stretch of text; never one that ends before it begins."""
    start, end = sorted((to_place(lines, given.start, encoding), to_place(lines, given.end, encoding)))
    return Span(start[0] + 1, start[1], end[0] + 1, end[1])
