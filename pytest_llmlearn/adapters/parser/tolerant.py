"""Python's own parser, made tolerant: what does not parse is isolated, and the rest is read as if it were not there.

A text is cut at what begins in its first column. What parses by itself stands by itself: the pieces of whole code are
together what Python reads. In a piece that does not parse, the statements that Python stumbles over are left out.
Invariant: no node is made up; what was left out is a gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from pytest_llmlearn.adapters.parser.mending import mended, whole
from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.matchers.pieces import Piece
from pytest_llmlearn.domain.tree import Node, Span, Tree

LONGEST = 2_000_000
"""Characters of a text that is read; a longer one is a gap as a whole."""
_START = r"(?!(?:else|elif|except|finally)\b)(?:[^\W\d]|@)"
_CUT = re.compile(rf"\n(?={_START})")
_CUT_AT_RETURNS = re.compile(rf"(?:\n|\r(?!\n))(?={_START})")
_DEFINES = re.compile(r"^(?:(?:async +)?def|class|import|from|@)\b", re.MULTILINE)
_REFUSALS = (SyntaxError, syntax.TooDeep, RecursionError, MemoryError)
_QUOTES = re.compile("\"\"\"|'''")
_STRINGS = 64
"""How many pieces may be cut out of the strings of one statement."""
_JOINED = 4
"""How many pieces after one that does not parse may belong to it, where no string is open."""


_UNREAD: tuple[Node, ...] = (Node("Unread", "", Span(0, 0, 0, 0)),)
"""The body of a piece that does not parse and was not mended yet."""


class _Read(Protocol):
    """How a stretch is read: its text, the number of its first line, and whether to mend it if it does not parse."""

    def __call__(self, part: str, line: int, *, mend: bool) -> Piece: ...


class TolerantParser:
    """Reads what it can. Stateless, for any thread."""

    def __init__(self, *, longest: int = LONGEST) -> None:
        self._longest = longest

    def parse(self, text: str) -> Tree:
        """The tree of what can be read of `text`; what cannot is told as gaps. Never raises for what the text is."""
        if len(text) <= self._longest:
            try:
                return Tree(body=syntax.nodes(text))
            except _REFUSALS:
                pass
        body: list[Node] = []
        gaps: list[Span] = []
        for piece in self._pieces(text, _read):
            body += piece.body
            gaps += piece.gaps
        return Tree(body=tuple(body), gaps=tuple(gaps))

    def pieces(self, text: str, known: Callable[[str], Piece | None]) -> Sequence[Piece]:
        """The same in pieces, of which those that `known` has are not read again."""

        def read(part: str, line: int, *, mend: bool) -> Piece:
            piece = known(part)
            return piece if piece is not None else _read(part, 1, mend=mend)

        return list(self._pieces(text, read))

    def _pieces(self, text: str, read: _Read) -> Iterator[Piece]:
        if len(text) > self._longest:
            yield Piece(text=text, gaps=(whole(syntax.lines(text), 1),))
            return
        parts = _cut(text)
        number, line = 0, 1
        while number < len(parts):
            count = 1
            while parts[number + count - 1].startswith("@") and number + count < len(parts):
                count += 1
            part = parts[number] if count == 1 else "".join(parts[number : number + count])
            piece = read(part, line, mend=False)
            if piece.open:
                joined = _joined(piece, parts[number + count :], line, read)
                if joined is not None:
                    piece, more = joined
                    count += more
            if piece.body is _UNREAD:
                piece = replace(read(piece.text, line, mend=True), open=piece.open)
            yield piece
            number += count
            line += piece.height


def _cut(text: str) -> list[str]:
    """The text at what begins in its first column; what carries on a statement does not begin one."""
    cuts = _CUT_AT_RETURNS if "\r" in text else _CUT
    ends = [found.end() for found in cuts.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True) if start < end]


def _read(part: str, line: int, *, mend: bool) -> Piece:
    if not mend:
        try:
            return Piece(text=part, body=syntax.nodes(part, line))
        except SyntaxError as error:
            return Piece(text=part, body=_UNREAD, open=_left_open(part, error))
        except _REFUSALS:  # nested too deeply
            return Piece(text=part, gaps=(whole(syntax.lines(part), line),))
    body, gaps = mended(part, line)
    return Piece(text=part, body=body, gaps=gaps)


def _left_open(part: str, error: SyntaxError) -> str:
    message = error.msg or ""
    if "unterminated triple-quoted" in message:
        line = syntax.lines(part)[max((error.lineno or 1) - 1, 0)]
        found = _QUOTES.search(line, max((error.offset or 1) - 1, 0)) or _QUOTES.search(line)
        return found[0] if found else ""
    if "was never closed" in message:
        return "("
    return "\\" if "unexpected EOF" in message or part.rstrip("\r\n").endswith("\\") else ""


def _joined(piece: Piece, following: list[str], line: int, read: _Read) -> tuple[Piece, int] | None:
    """The piece with those after it that belong to it, and how many they are; None where none do."""
    text, taken, defines = piece.text, 0, False
    while taken < _STRINGS and piece.open in ('"""', "'''"):
        closing = next((n for n, part in enumerate(following[taken:], taken) if piece.open in part), None)
        if closing is None:
            break
        between = "".join(following[taken : closing + 1])
        text += between
        taken = closing + 1
        piece = read(text, line, mend=False)
        if piece.body is not _UNREAD and not piece.gaps:
            return piece, taken
        defines = defines or _DEFINES.search(between) is not None
    if taken:  # a string with definitions in it, before code that does not parse, is rather one that is being typed
        return None if defines else (piece, taken)
    for part in following[:_JOINED]:
        if _DEFINES.match(part):
            return None
        text += part
        taken += 1
        piece = read(text, line, mend=False)
        if piece.body is not _UNREAD and not piece.gaps:
            return piece, taken
    return None
