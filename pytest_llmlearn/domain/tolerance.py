"""How far off a value may be: the tolerances of the ways in which tests compare numbers.

Each is a relative and an absolute one, with the defaults that numpy, math, torch, unittest and pytest document; None
stands for one that is not written out.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence

Options = dict[str, ast.expr]
Tolerance = tuple[float | None, float | None]


def number(node: ast.expr | None) -> float | None:
    """The number that a literal is."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = number(node.operand)
        return -value if value is not None else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, power = number(node.left), number(node.right)
        whole = power is not None and power == int(power) and abs(power) <= 30
        return math.pow(base, power) if base and power is not None and whole and abs(base) <= 1000 else None
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        try:
            return float(node.value)
        except OverflowError:
            return None
    return None


def approx(arguments: Sequence[ast.expr], options: Options) -> Tolerance:
    """`pytest.approx(expected, rel=1e-6, abs=1e-12)`; an absolute tolerance alone puts the relative one aside."""
    relative = arguments[1] if len(arguments) > 1 else options.get("rel")
    absolute = arguments[2] if len(arguments) > 2 else options.get("abs")
    default = 0.0 if absolute is not None else 1e-6
    return _value(relative, default), _value(absolute, 1e-12)


def _value(node: ast.expr | None, default: float) -> float | None:
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return default
    return number(node)


def _shares(relative: tuple[str, float], absolute: tuple[str, float], at: int = 2) -> Callable[..., Tolerance]:
    def tolerance(arguments: Sequence[ast.expr], options: Options) -> Tolerance:
        first = arguments[at] if len(arguments) > at else options.get(relative[0])
        second = arguments[at + 1] if len(arguments) > at + 1 else options.get(absolute[0])
        return _value(first, relative[1]), _value(second, absolute[1])

    return tolerance


def _places(name: str, default: float) -> Callable[..., Tolerance]:
    def tolerance(arguments: Sequence[ast.expr], options: Options) -> Tolerance:
        if "delta" in options:
            return 0.0, number(options["delta"])
        places = _value(arguments[2] if len(arguments) > 2 else options.get(name), default)
        return 0.0, None if places is None else 0.5 * 10.0 ** -min(max(places, -30.0), 30.0)

    return tolerance


def _isclose(arguments: Sequence[ast.expr], options: Options) -> Tolerance:
    """`math.isclose` and `numpy.isclose`: the names of the options tell them apart."""
    if "rtol" in options or "atol" in options:
        return _value(options.get("rtol"), 1e-5), _value(options.get("atol"), 1e-8)
    return _value(options.get("rel_tol"), 1e-9), _value(options.get("abs_tol"), 0.0)


CLOSE: dict[str, Callable[..., Tolerance]] = {
    "allclose": _shares(("rtol", 1e-5), ("atol", 1e-8)),
    "assert_allclose": _shares(("rtol", 1e-7), ("atol", 0.0)),
    "assert_close": _shares(("rtol", 1.3e-6), ("atol", 1e-5)),
    "assertAlmostEqual": _places("places", 7),
    "assert_almost_equal": _places("decimal", 7),
    "assert_array_almost_equal": _places("decimal", 6),
    "isclose": _isclose,
}
