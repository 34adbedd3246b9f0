"""The code of a verified fix as syntax: at most five lines of a unit, of which some may be left out.

A fragment holds heads without what stands below them, and `…` where lines were left out. Invariant: what cannot be read
without guessing at what was left out is not read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_llmlearn.domain.excerpt import ELLIPSIS
from pytest_llmlearn.domain.source import lines_of, parse

HOLE = "..."
"""What stands for a body that is not shown; the code that is looked at may have any there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Statements that stand together: their tree, and the text that the tree's positions are of."""

    text: str
    body: tuple[ast.stmt, ...]


def fragment(text: str) -> Fragment | None:
    """A text in which nothing is left out but bodies; None where anything else is, or it does not parse."""
    if ELLIPSIS in text:
        return None
    lines = [line for line in lines_of(text) if line.strip()]
    if not lines:
        return None
    base = _indent(lines[0])
    lines = [line[base:] if not line[:base].strip() else line for line in lines]
    if any(_indent(line) < 0 for line in lines):
        return None
    whole = "\n".join(_with_bodies(lines))
    tree = parse(whole)
    return Fragment(text=whole, body=tuple(tree.body)) if tree is not None and tree.body else None


def stretches(bad: str, good: str) -> list[tuple[Fragment, Fragment]] | None:
    """The pairs of fragments between which both sides left out the same; None where a change is not shown whole.

    A `…` at an end says that the change goes on there; between two lines, that something stands there on both sides.
    """
    before, after = _parts(bad), _parts(good)
    if before is None or after is None or len(before) != len(after):
        return None
    pairs = []
    for one, two in zip(before, after, strict=True):
        left, right = fragment(one), fragment(two)
        if left is None or right is None:
            return None
        pairs.append((left, right))
    return pairs


def single(text: str) -> Iterator[Fragment]:
    """Each line by itself, as far as it can be read so: one line is one statement, or the head of one."""
    for line in lines_of(text):
        found = fragment(line.strip())
        if found is None and line.strip().startswith("elif "):
            found = fragment(line.strip().removeprefix("el"))
        if found is not None:
            yield found


def is_hole(body: Sequence[ast.stmt]) -> bool:
    """Whether the body was not shown."""
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        return False
    value = body[0].value
    return isinstance(value, ast.Constant) and value.value is ...


def _parts(text: str) -> list[str] | None:
    parts: list[list[str]] = [[]]
    for line in lines_of(text):
        if line.strip() == ELLIPSIS:
            parts.append([])
        elif line.strip():
            parts[-1].append(line)
    return None if not all(parts) else ["\n".join(part) for part in parts]


def _with_bodies(lines: Sequence[str]) -> Iterator[str]:
    for place, line in enumerate(lines):
        yield line
        deeper = place + 1 < len(lines) and _indent(lines[place + 1]) > _indent(line)
        if line.rstrip().endswith(":") and not deeper:
            yield f"{' ' * (_indent(line) + 4)}{HOLE}"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
