"""The statements around a line, and what the innermost of them calls.

Only the branches that hold the line are walked, so that a long file costs no more than a short one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pytest_llmlearn.domain.names import dotted, imported
from pytest_llmlearn.domain.source import parse

_HEADS = ("test", "iter", "target", "items", "subject", "decorator_list", "args", "returns", "bases", "keywords")
"""Fields of a compound statement that belong to its first line."""


def enclosing(text: str, line: int | None) -> tuple[ast.stmt, ...]:
    """The statements whose lines hold `line`, outermost first; empty where the text does not parse."""
    tree = parse(text) if line is not None and text else None
    if tree is None or line is None:
        return ()
    found: list[ast.stmt] = []
    node: ast.AST | None = tree
    while node is not None:
        node = next((child for child in _blocks(node) if _holds(child, line)), None)
        if isinstance(node, ast.stmt):
            found.append(node)
    return tuple(found)


def statement_at(text: str, line: int | None) -> ast.stmt | None:
    """The smallest statement that holds `line`."""
    around = enclosing(text, line)
    return around[-1] if around else None


def raises_itself(text: str, line: int | None) -> bool:
    """Whether the statement at `line` is a `raise`."""
    return isinstance(statement_at(text, line), ast.Raise)


def library_calls(text: str, line: int | None) -> tuple[str, ...]:
    """Dotted names of the imported callables that the statement at `line` calls, outermost first, each once.

    Names that are imported relatively, and methods of local values, are left out: they are nobody else's API.
    """
    statement = statement_at(text, line)
    if statement is None:
        return ()
    origin = imported(text)
    found: dict[str, None] = {}
    for part in head(statement):
        for node in ast.walk(part):
            if isinstance(node, ast.Call) and (name := dotted(node.func)) is not None:
                root, dot, rest = name.partition(".")
                if root in origin and not origin[root].startswith("."):
                    found[f"{origin[root]}{dot}{rest}"] = None
    return tuple(found)


def api_name(text: str, line: int | None, short: str) -> str:
    """The dotted name of a callable that a message names by its last parts, as the failing statement or the imports
    tell it; `short` itself where they do not. With an empty `short`, the only library call of the statement, or empty.
    """
    calls = library_calls(text, line)
    if not short:
        return calls[0] if len(calls) == 1 else ""
    first, last = short.partition(".")[0], short.rpartition(".")[2]
    for call in calls:
        if call.rpartition(".")[2] == last:
            return call
        if call.rpartition(".")[2] == first:
            return f"{call}.{last}"
    origin = imported(text)
    if first in origin and not origin[first].startswith("."):
        return origin[first] + short[len(first) :]
    return short


def head(statement: ast.stmt) -> Iterator[ast.AST]:
    """The statement itself, or of a compound one the expressions of its first line."""
    if not hasattr(statement, "body"):
        yield statement
        return
    for name in _HEADS:
        value = getattr(statement, name, None)
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            yield from value


def _blocks(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        yield from getattr(node, name, None) or ()


def _holds(node: ast.AST, line: int) -> bool:
    if isinstance(node, ast.match_case):
        return bool(node.body) and node.pattern.lineno <= line <= (node.body[-1].end_lineno or line)
    start, end = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
    if start is None or end is None:
        return False
    decorators = getattr(node, "decorator_list", ())
    return bool(min([start, *(entry.lineno for entry in decorators)]) <= line <= end)
