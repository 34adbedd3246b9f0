"""Sums of literals, worked out.

pytest shows a side of an assertion that is arithmetic as it is written, with the values filled in: `(4 * 5)`. Only
numbers, and joined or repeated strings and lists of constants, are worked out, and only to a bounded size.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

from pytest_llmlearn.domain import parsing

_TEXT_LIMIT: Final = 200
_SIZE_LIMIT: Final = 200
"""Items of a string or list that comes out."""
_NUMBER_LIMIT: Final = 10**12
"""No operand is larger, and a power's exponent is far smaller."""
_EXPONENT_LIMIT: Final = 20
_OPERATIONS: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
}  # fmt: skip


def worked_out(text: str) -> str:
    """The `repr` of what `text` comes to; `text` itself where it is no arithmetic of literals."""
    if not text.startswith("(") or len(text) > _TEXT_LIMIT or "\0" in text:
        return text
    try:
        with warnings.catch_warnings():  # the text is anyone's: an odd escape in it must not warn the user
            warnings.simplefilter("ignore")
            body = parsing.expression(text)
            return repr(_result(body)) if isinstance(body, ast.BinOp) else text
    except (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
        return text


def _result(node: ast.expr) -> Any:
    """The value; raises ValueError or what the operation raises where there is none to be had."""
    if not isinstance(node, ast.BinOp):
        return ast.literal_eval(node)
    operation = _OPERATIONS.get(type(node.op))
    left, right = _result(node.left), _result(node.right)
    if operation is None:
        raise ValueError(type(node.op).__name__)
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    if numbers:
        if abs(left) > _NUMBER_LIMIT or abs(right) > _NUMBER_LIMIT:
            raise ValueError("too large")
        if isinstance(node.op, ast.Pow) and abs(right) > _EXPONENT_LIMIT:
            raise ValueError("too high a power")
    elif isinstance(node.op, ast.Mult):
        items, times = (right, left) if isinstance(left, int) else (left, right)
        if not isinstance(items, str | list | tuple) or not isinstance(times, int) or len(items) * times > _SIZE_LIMIT:
            raise ValueError("no sequence of that length")
    elif not isinstance(node.op, ast.Add):
        raise ValueError("no numbers")
    return operation(left, right)
