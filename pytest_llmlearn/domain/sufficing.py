"""Whether what is shown of a fix is all that it changed, and changes anything.

A fix shows five lines of up to ten changed statements. What it says of itself is of all of them: where the same is said
of what is shown, nothing else was changed.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence

from pytest_llmlearn.domain import repair
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.fragment import Fragment, is_hole
from pytest_llmlearn.domain.hunk import Hunk, difference
from pytest_llmlearn.domain.unifying import dumped

Parts = Sequence[tuple[Fragment, Fragment]]


def is_whole(fix: Fix, parts: Parts) -> bool:
    """Whether nothing was changed but what is shown; a fix that says nothing of itself is taken at its word."""
    if not fix.difference:
        return True
    removed: list[str] = []
    added: list[str] = []
    for bad, good in parts:
        hunk = difference(bad.text, good.text)
        if isinstance(hunk, Hunk):
            removed += hunk.removed
            added += hunk.added
    return repair.told_of(removed, added, fix.imports) == fix.difference


def is_complete(function: ast.stmt) -> bool:
    """Whether a function is shown to its end: nothing is left out of it, and it ends by returning or raising."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    shown = not any(is_hole(getattr(node, "body", None) or ()) for node in ast.walk(function) if _has_body(node))
    return shown and isinstance(function.body[-1], ast.Return | ast.Raise)


def _has_body(node: ast.AST) -> bool:
    return isinstance(getattr(node, "body", None), list)


def is_inert(parts: Parts) -> bool:
    """Whether the good side does what the bad one does: it only gives a value a name before it is used, or no more."""
    return all(_inlined(bad.body) == _inlined(good.body) for bad, good in parts)


def _inlined(body: Sequence[ast.stmt]) -> str:
    """The statements with each value put where the name is read that it was given just before, if that is once."""
    rest = [copy.deepcopy(statement) for statement in body]
    return "\n".join(map(dumped, _inline(rest)))


def _inline(rest: list[ast.stmt]) -> list[ast.stmt]:
    for statement in rest:
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(statement, name, None)
            if isinstance(inner, list):
                setattr(statement, name, _inline(inner))
    place = 0
    while place + 1 < len(rest):
        given = _named(rest[place])
        reads = [
            node
            for later in rest[place + 1 :]
            for node in ast.walk(later)
            if isinstance(node, ast.Name) and node.id == given
        ]
        follows = [node for node in ast.walk(rest[place + 1]) if isinstance(node, ast.Name) and node.id == given]
        if given is None or len(reads) != 1 or len(follows) != 1 or not isinstance(reads[0].ctx, ast.Load):
            place += 1
            continue
        value = rest[place].value  # type: ignore[attr-defined]
        rest[place + 1] = _Put(reads[0], value).visit(rest[place + 1])
        del rest[place]
        place = max(0, place - 1)
    return rest


def _named(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


class _Put(ast.NodeTransformer):
    def __init__(self, name: ast.Name, value: ast.expr) -> None:
        self._name = name
        self._value = value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._value if node is self._name else node


def likeness(one: Sequence[ast.AST], two: Sequence[ast.AST]) -> float:
    """The share of words and signs that two pieces have in common, own names left out; 1 where all are."""
    first, second = (frozenset(_signs(each)) for each in (one, two))
    return len(first & second) / (len(first | second) or 1)


def _signs(body: Sequence[ast.AST]) -> Iterator[str]:
    for node in (node for each in body for node in ast.walk(each)):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.Constant):
            yield repr(node.value)
        elif isinstance(node, ast.stmt | ast.operator | ast.cmpop | ast.unaryop | ast.boolop):
            yield type(node).__name__
