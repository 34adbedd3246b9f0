"""Which imports a file lacks, and where they belong."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

from pytest_llmlearn.domain.scope import bound
from pytest_llmlearn.domain.source import parse
from pytest_llmlearn.domain.tree import Span


def read_at(tree: ast.Module, span: Span) -> frozenset[str]:
    """The names that are read on the lines of a stretch."""
    return frozenset(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and span.line <= node.lineno <= max(span.end_line, span.line)
    )


def missing(tree: ast.Module, statements: Sequence[str], read: Collection[str]) -> list[str]:
    """Those of the import statements that the file has not, whose names are `read` and mean nothing else in it."""
    have = {key for node in ast.walk(tree) for key in _keys(node)}
    taken = bound(tree)
    wanted = []
    for statement in statements:
        parsed = parse(statement)
        if parsed is None or len(parsed.body) != 1:
            continue
        (node,) = parsed.body
        keys, names = _keys(node), bound(node)
        if keys and not keys <= have and not names & taken and not names.isdisjoint(read):
            wanted.append(statement)
    return wanted


def _keys(node: ast.AST) -> set[tuple[str | None, int, str, str | None]]:
    """What an import statement imports, name by name."""
    if isinstance(node, ast.ImportFrom):
        return {(node.module, node.level, one.name, one.asname) for one in node.names}
    return {(None, 0, one.name, one.asname) for one in node.names} if isinstance(node, ast.Import) else set()


def line_for(tree: ast.Module) -> int:
    """The line before which an import belongs: after the first block of imports, the docstring, or at the top."""
    line = 1
    for node in tree.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and line == 1
        if not isinstance(node, ast.Import | ast.ImportFrom) and not docstring:
            break
        line = (node.end_lineno or node.lineno) + 1
    return line
