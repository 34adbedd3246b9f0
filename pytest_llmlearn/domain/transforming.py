"""What a fix does to a syntax tree: the smallest pieces that are replaced, and what stands in their place.

Pieces are expressions where both sides are the same statement but for these, else whole statements.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_llmlearn.domain.fragment import is_hole
from pytest_llmlearn.domain.unifying import dumped

_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One piece that is replaced. `old` and `new` are pieces of the bad and of the good side.

    An `expression` has one of each. `statements` are in a row; without any `old` ones the `new` ones are put `after`
    the statement `beside`, or before it. `async` puts the word before the statement `old`.
    """

    kind: Literal["expression", "statements", "async"]
    old: tuple[ast.AST, ...]
    new: tuple[ast.AST, ...]
    beside: ast.stmt | None = None
    after: bool = False


class Untellable(Exception):
    """What is not shown would have to be known."""


def changes(bad: Sequence[ast.stmt], good: Sequence[ast.stmt]) -> list[Change] | None:
    """What makes the one the other, in order; None where it cannot be told from what is shown, or nothing does."""
    try:
        return list(_between(bad, good)) or None
    except Untellable:
        return None


def _between(bad: Sequence[ast.stmt], good: Sequence[ast.stmt]) -> Iterator[Change]:
    if is_hole(bad) or is_hole(good):
        if is_hole(bad) and is_hole(good):
            return
        raise Untellable
    head = 0
    while head < min(len(bad), len(good)) and _alike(bad[head], good[head]):
        head += 1
    tail = 0
    while tail < min(len(bad), len(good)) - head and _alike(bad[-1 - tail], good[-1 - tail]):
        tail += 1
    old, new = bad[head : len(bad) - tail], good[head : len(good) - tail]
    if not old and not new:
        return
    if len(old) == len(new) and all(_kindred(one, two) for one, two in zip(old, new, strict=True)):
        try:
            yield from [each for one, two in zip(old, new, strict=True) for each in _inside(one, two)]
            return
        except Untellable:
            pass  # whole statements, then
    if any(_has_hole(each) for each in (*old, *new)):
        raise Untellable
    if old:
        yield Change(kind="statements", old=tuple(old), new=tuple(new))
    elif head:
        yield Change(kind="statements", old=(), new=tuple(new), beside=bad[head - 1], after=True)
    elif tail:
        yield Change(kind="statements", old=(), new=tuple(new), beside=bad[len(bad) - tail])
    else:
        raise Untellable


def _alike(one: ast.AST, two: ast.AST) -> bool:
    return dumped(one) == dumped(two)


def _kindred(one: ast.AST, two: ast.AST) -> bool:
    return type(one) is type(two) or _became_async(one, two)


def _became_async(one: ast.AST, two: ast.AST) -> bool:
    return type(two).__name__ == f"Async{type(one).__name__}"


def _inside(one: ast.AST, two: ast.AST) -> Iterator[Change]:
    """The changes between two pieces of one kind, as small as they can be."""
    if _alike(one, two):
        return
    if _became_async(one, two):
        yield Change(kind="async", old=(one,), new=(two,))
    found: list[Change] = []
    for name in one._fields:
        if name == "ctx":
            continue
        before, after = getattr(one, name, None), getattr(two, name, None)
        if isinstance(before, list) and isinstance(after, list):
            if name in _BODIES and all(isinstance(each, ast.stmt) for each in (*before, *after)):
                found += _blocks(before, after)
                continue
            if len(before) != len(after):
                raise Untellable
            for old, new in zip(before, after, strict=True):
                found += _pieces(old, new)
        else:
            found += _pieces(before, after)
    yield from found


def _blocks(before: Sequence[ast.stmt], after: Sequence[ast.stmt]) -> list[Change]:
    if bool(before) != bool(after):  # an `else` came or went
        raise Untellable
    return list(_between(before, after))


def _pieces(old: object, new: object) -> list[Change]:
    if not isinstance(old, ast.AST) or not isinstance(new, ast.AST):
        if old != new or type(old) is not type(new):
            raise Untellable
        return []
    if _alike(old, new):
        return []
    if type(old) is type(new) and not isinstance(old, ast.JoinedStr | ast.Constant | ast.Name):
        try:
            return list(_inside(old, new))
        except Untellable:
            pass
    if isinstance(old, ast.expr) and isinstance(new, ast.expr):
        return [Change(kind="expression", old=(old,), new=(new,))]
    raise Untellable


def _has_hole(node: ast.AST) -> bool:
    return any(is_hole(getattr(each, name, None) or ()) for each in ast.walk(node) for name in ("body", "orelse")
               if isinstance(getattr(each, name, None), list))  # fmt: skip
