"""Recognises what is no code: prose and fences of the answer around it, and code that ends before its end.

While somebody types, all code is cut off: only settled text is looked at, and of it only what could not be read.
"""

from __future__ import annotations

import codeop
import textwrap
import warnings
from collections.abc import Iterable

from pytest_llmlearn.domain.matcher import Kind, Matcher, Sighting
from pytest_llmlearn.domain.matchers.view import View
from pytest_llmlearn.domain.prose import is_prose, prose_told
from pytest_llmlearn.domain.source import lines_of
from pytest_llmlearn.domain.tree import Span

_LINES = 400
"""Lines of a stretch that are looked at."""


class Text:
    """`view.Recogniser` of the kind `text`."""

    kind: Kind = "text"

    def sightings(self, matcher: Matcher, view: View) -> Iterable[Sighting]:
        if not view.settled or view.node.kind != "Gap":
            return
        lines = lines_of(view.text)[:_LINES]
        start = view.node.span.line
        if matcher.body.get("what") == "prose":
            for number, line in enumerate(lines):
                if is_prose(line):
                    span = _line(start + number, line, view.node.span.column if number == 0 else 0)
                    yield Sighting(
                        matcher=matcher, span=span, confidence=matcher.confidence, why=f"{prose_told(line)} in the code"
                    )
                    return
        elif matcher.body.get("what") == "cut" and view.last and _is_cut_off(lines):
            number = max(at for at, line in enumerate(lines) if line.strip())
            yield Sighting(
                matcher=matcher,
                span=_line(start + number, lines[number], view.node.span.column if number == 0 else 0),
                confidence=matcher.confidence,
                why="the code ends before its end",
            )


def _line(number: int, line: str, offset: int) -> Span:
    indent = len(line) - len(line.lstrip())
    return Span(number, offset + indent, number, offset + len(line.rstrip()))


def _is_cut_off(lines: Iterable[str]) -> bool:
    """Whether more text might have made it whole: something is left open at its end."""
    text = textwrap.dedent("\n".join(lines)).strip("\n")
    if not text.strip():
        return False
    try:
        with warnings.catch_warnings():  # the text is anyone's: an odd escape in it must not warn the user
            warnings.simplefilter("ignore")
            return codeop.compile_command(text, symbol="exec") is None
    except SyntaxError as error:
        last = text.count("\n") + 1
        return "unterminated" in (error.msg or "") and (error.lineno or 0) >= last
    except (ValueError, OverflowError, RecursionError, MemoryError):  # null bytes, and nesting that nobody writes
        return False
