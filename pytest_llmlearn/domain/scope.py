"""Which names mean something at a place in a file, and which do not."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from functools import cached_property

from pytest_llmlearn.domain.source import Definition

BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__package__", "__spec__", "__class__"}
SELVES = frozenset({"self", "cls"})
Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Scopes:
    """The names of one file's tree."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree

    @cached_property
    def known(self) -> frozenset[str]:
        """What is bound in the module itself or imported anywhere in it, with Python's own names."""
        found = set(BUILTINS)
        waiting: list[ast.AST] = list(self._tree.body)
        while waiting:
            node = waiting.pop()
            found.update(_bound(node))
            if isinstance(node, ast.Global):
                found.update(node.names)
            if not isinstance(node, _SCOPES):
                waiting += ast.iter_child_nodes(node)
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import | ast.ImportFrom | ast.Global):
                found.update(_bound(node) if not isinstance(node, ast.Global) else node.names)
        return frozenset(found)

    @cached_property
    def stars(self) -> bool:
        """Whether some names are not known, for the file imports `*`."""
        return any(
            isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names)
            for node in ast.walk(self._tree)
        )

    def function_at(self, line: int) -> Function | None:
        """The innermost function around a line."""
        found: Function | None = None
        for node in ast.walk(self._tree):
            if isinstance(node, Function) and node.lineno <= line <= (node.end_lineno or 0):
                found = node if found is None or node.lineno >= found.lineno else found
        return found

    def unbound(self) -> frozenset[tuple[str, str]]:
        """Names that are read and bound nowhere they could be, with the outermost function that reads them; attributes
        of `self` that nothing in the file gives, likewise."""
        return frozenset(self._unbound())

    def unbound_names(self) -> frozenset[str]:
        """The same names without where they are read."""
        return frozenset(name for _, name in self._unbound())

    def _unbound(self) -> Iterator[tuple[str, str]]:
        given = self._attributes()
        for name, piece in _pieces(self._tree, ""):
            local = bound(piece) | self.known
            for node in ast.walk(piece):
                if isinstance(node, ast.Name):
                    if isinstance(node.ctx, ast.Load) and node.id not in local:
                        yield name, node.id
                elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
                    known = node.attr in given or node.attr.startswith("__")
                    if not known:
                        yield name, f"self.{node.attr}"

    def _attributes(self) -> frozenset[str]:
        found = set()
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(node.attr)
            elif isinstance(node, ast.ClassDef):
                for entry in node.body:
                    found.update(_bound(entry))
                    for part in ast.iter_child_nodes(entry):
                        found.update(_bound(part))
        return frozenset(found)


def _pieces(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    """The outermost functions with their qualified names, and the statements outside of them."""
    for child in getattr(node, "body", ()):
        if isinstance(child, ast.ClassDef):
            yield from _pieces(child, f"{prefix}{child.name}.")
        else:
            yield (f"{prefix}{child.name}" if isinstance(child, Function) else prefix), child


def bound(node: ast.AST) -> frozenset[str]:
    """All names that a piece of code binds, at any depth."""
    return frozenset(name for each in ast.walk(node) for name in _bound(each))


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that this very node binds."""
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, Definition):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (name.asname or name.name.partition(".")[0] for name in node.names)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        if node.name:
            yield node.name
    elif isinstance(node, ast.MatchMapping):
        if node.rest:
            yield node.rest
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names
