"""The attributes of a class, as its source and that of its bases define them; None wherever they may come from else."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection

from pytest_llmlearn.domain.names import dotted

_PLAIN_DECORATORS = frozenset({"dataclass", "final", "total_ordering", "runtime_checkable"})
_DYNAMIC = frozenset({"__getattr__", "__getattribute__"})
_OF_ALL_CLASSES = frozenset({"mro", "register"})
"""What a class has of its metaclass, that of abstract ones included."""
_BASES = 12


def attributes(node: ast.ClassDef, text: str, base: Callable[[ast.expr], Collection[str] | None]) -> set[str] | None:
    """All attributes of the class, and of its instances that its methods set.

    `text` is its module's; `base` gives those of a base class, None where they are not known.
    """
    if node.keywords or any(_last(entry) not in _PLAIN_DECORATORS for entry in node.decorator_list):
        return None
    found = set(_OF_ALL_CLASSES)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute):
            if isinstance(inner.ctx, ast.Store):
                found.add(inner.attr)
            elif inner.attr == "__dict__":
                return None
        elif isinstance(inner, ast.Name) and inner.id in ("setattr", "vars", "locals", "exec"):
            return None
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str) and inner.value.isidentifier():
            found.add(inner.value)  # what `__slots__` and the like may name
    pending: list[ast.stmt] = list(node.body)
    while pending:
        entry = pending.pop()
        if isinstance(entry, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(entry.name)
        elif isinstance(entry, ast.Import | ast.ImportFrom):
            found.update(alias.asname or alias.name.partition(".")[0] for alias in entry.names)
        else:
            found.update(
                one.id for one in ast.walk(entry) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            )
            pending += [one for one in ast.walk(entry) if isinstance(one, ast.FunctionDef) and one is not entry]
    found.update(re.findall(rf"^{re.escape(node.name)}\.(\w+)\s*=", text, re.MULTILINE))
    for one in node.bases:
        inherited = base(one)
        if inherited is None:
            return None
        found.update(inherited)
    return None if found & _DYNAMIC and _defines_dynamic(node) else found


def _defines_dynamic(node: ast.ClassDef) -> bool:
    names = {entry.name for entry in node.body if isinstance(entry, ast.FunctionDef)}
    return bool(names & _DYNAMIC)


def _last(node: ast.expr) -> str:
    while isinstance(node, ast.Call):
        node = node.func
    return (dotted(node) or "?").rpartition(".")[2]
