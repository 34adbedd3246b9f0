"""Whether a piece of syntax tells anything of a mistake, or could stand in any code."""

from __future__ import annotations

import ast
from collections.abc import Callable

ENOUGH = 2
_COMMON = frozenset(
    {"append", "items", "keys", "values", "get", "join", "split", "strip", "format", "copy", "pop", "add", "update"}
)
_PLAIN = frozenset(
    {
        "len",
        "range",
        "print",
        "str",
        "int",
        "float",
        "list",
        "dict",
        "set",
        "isinstance",
        "super",
        "sum",
        "min",
        "max",
        "enumerate",
        "zip",
        "sorted",
        "abs",
        "any",
        "all",
        "tuple",
        "bool",
    }
)


def telling(node: ast.AST, free: Callable[[str], bool]) -> bool:
    """Whether names that may differ left out, enough remains: a symbol of some library, or several smaller signs."""
    return weight(node, free) >= ENOUGH


def weight(node: ast.AST, free: Callable[[str], bool]) -> float:
    """How much it tells: 2 for a name of a library, 1 for a common one or a constant, half for what shapes it."""
    found = 0.0
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute):
            found += 1 if each.attr in _COMMON else 2
        elif isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and not free(each.func.id):
            found += 0.5 if each.func.id in _PLAIN else 2
        elif isinstance(each, ast.keyword) and each.arg:
            found += 1
        elif isinstance(each, ast.Constant):
            found += 0.5 if each.value in (0, 1, None, True, False, "") else 1
        elif isinstance(each, ast.BinOp | ast.Compare | ast.BoolOp | ast.Subscript | ast.Await | ast.Call):
            found += 0.5
    return found
