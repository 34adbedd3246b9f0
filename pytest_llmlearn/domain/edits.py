"""Edits of a text: what an editor is told to replace, and the text after it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_llmlearn.domain.tree import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A stretch of the text that is replaced; an empty one is an insertion."""

    span: Span
    text: str


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text after the edits."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for edit in sorted(edits, key=lambda each: each.span, reverse=True):
        start = starts[edit.span.line - 1] + edit.span.column
        end = starts[edit.span.end_line - 1] + edit.span.end_column
        text = text[:start] + edit.text + text[end:]
    return text
