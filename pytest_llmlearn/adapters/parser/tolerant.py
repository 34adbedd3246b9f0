"""Python's own parser, made tolerant: what does not parse is isolated, and the rest is read as if it were not there.

Where a whole text does not parse, it is cut at what begins in its first column; in a piece that does not parse, the
lines that Python names are left out one after the other. Invariant: no node is made up; what was left out is a gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.tree import Node, Span, Tree

LONGEST = 2_000_000
"""Characters of a text that is read; a longer one is a gap as a whole."""
TRIES = 16
"""How many lines of one piece are left out before all of it is given up."""
_START = re.compile(r"[^\W\d]|@")
_HARD = re.compile(r"(?:async\s+def|def|class|import|from|@|if|for|while|with|try|return|raise)\b|@")
_WRAPPER = "_llm_gap_"
_HEADER = re.compile(
    r"(?P<indent>\s*)(?:(?:async\s+)?(?:def|for|with)|class|if|elif|else|while|try|except|finally|match|case)\b"
)
_REFUSALS = (SyntaxError, syntax.TooDeep, RecursionError, MemoryError)


class TolerantParser:
    """Reads what it can. Stateless, for any thread."""

    def __init__(self, *, longest: int = LONGEST) -> None:
        self._longest = longest

    def parse(self, text: str) -> Tree:
        """The tree of what can be read of `text`; what cannot is told as gaps. Never raises for what the text is."""
        if len(text) > self._longest:
            return Tree(body=(), gaps=(_whole(syntax.lines(text), 1),))
        try:
            return Tree(body=syntax.nodes(text))
        except _REFUSALS:
            pass
        body: list[Node] = []
        gaps: list[Span] = []
        for first, piece in pieces(syntax.lines(text)):
            found, missing = _recovered(piece, first)
            body += found
            gaps += missing
        return Tree(body=tuple(body), gaps=tuple(gaps))


def pieces(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The stretches that begin with a name, a keyword or a decorator in the first column, each with its first line."""
    start = 0
    decorated = False
    for number, line in enumerate(lines):
        if _START.match(line) and not re.match(r"(?:else|elif|except|finally)\b", line):
            if number > start and not decorated:
                yield start + 1, lines[start:number]
                start = number
            decorated = line.startswith("@")
    if start < len(lines):
        yield start + 1, lines[start:]


def _recovered(lines: list[str], first: int) -> tuple[tuple[Node, ...], list[Span]]:
    """The statements of a piece, and the lines that had to be left out."""
    lines = list(lines)
    left_out: dict[int, str] = {}
    for _ in range(TRIES):
        try:
            found = syntax.nodes("".join(lines), first)
        except SyntaxError as error:
            number = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
            number = _blamed(lines, number, error.msg)
            if number in left_out and not lines[number].strip():
                number = next((near for near in range(number - 1, -1, -1) if lines[near].strip()), -1)
                if number < 0:
                    break
            _leave_out(lines, number, left_out)
        except (syntax.TooDeep, RecursionError, MemoryError):
            break
        else:
            gaps = [Span(first + number, 0, first + number, len(was.rstrip("\r\n"))) for number, was in left_out.items()]
            return _unwrapped(found), sorted(gaps)
    return (), [_whole(lines, first)]


def _blamed(lines: list[str], number: int, message: str) -> int:
    """The line to leave out for what Python says of one."""
    return number


def _leave_out(lines: list[str], number: int, left_out: dict[int, str]) -> None:
    line = lines[number]
    end = line[len(line.rstrip("\r\n")) :]
    indent = line[: len(line) - len(line.lstrip())].rstrip("\r\n")
    if number in left_out:
        lines[number] = end
        return
    left_out[number] = line
    header = _HEADER.match(line)
    body = lines[number + 1] if number + 1 < len(lines) else ""
    deeper = len(body) - len(body.lstrip()) > len(indent) and body.strip()
    lines[number] = indent + (f"if {_WRAPPER}:" if header and deeper else "pass") + end


def _unwrapped(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The nodes without what stood in for lines that were left out."""
    return nodes


def _whole(lines: list[str], first: int) -> Span:
    if not lines:
        return Span(first, 0, first, 0)
    return Span(first, 0, first + len(lines) - 1, len(lines[-1].rstrip("\r\n")))
