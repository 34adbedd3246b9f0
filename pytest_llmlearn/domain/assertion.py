"""What a failing statement says of its two values: which of them is under test, and what is measured of it.

Read from the syntax tree of `assert …` and of calls such as `self.assertEqual(…)`. A literal is what was expected.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

from pytest_llmlearn.domain.literal import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The two values of an assertion, as its statement orders them."""

    """What the failing statement says of its two values."""

    swapped: bool = False
    """The expected value comes first."""
    measures: Kind | None = None
    """What the value under test is of another: its length, its shape, its type."""
    likely: Kind = "value"
    """The kind where the message tells nothing."""

    def pair(self, left: str, right: str) -> tuple[str, str]:
        """(got, expected)"""
        return (right, left) if self.swapped else (left, right)


_EXPECTED = re.compile(r"(?:^|_)(?:exp|expect|expected|want|wanted|correct|truth|reference|ref|target)(?:_|$)")
TOLD_BY_CALL: dict[str, Kind] = {
    "isinstance": "type", "issubclass": "type", "callable": "type", "hasattr": "missing element",
    "assertIsInstance": "type", "assertIn": "missing element", "assertNotIn": "extra element",
    "assertIsNotNone": "none", "assertTrue": "truth", "assertFalse": "truth",
}  # fmt: skip


def sides_of(statement: ast.stmt | None) -> Sides:
    """What `statement` tells; the defaults where it is unknown or no assertion."""
    if isinstance(statement, ast.Assert):
        test = statement.test
        if isinstance(test, ast.Compare) and len(test.comparators) == 1:
            return _compared(test.left, test.comparators[0])
        if isinstance(test, ast.Call):
            return Sides(likely=TOLD_BY_CALL.get(called_name(test), "truth"))
        return Sides(likely="truth")
    if isinstance(statement, ast.Expr) and isinstance(call := statement.value, ast.Call):
        likely = TOLD_BY_CALL.get(called_name(call), "value")
        if len(call.args) >= 2:
            return replace(_compared(call.args[0], call.args[1]), likely=likely)
        return Sides(likely=likely)
    return Sides()


def _compared(left: ast.expr, right: ast.expr) -> Sides:
    swapped = _is_expected(left) and not _is_expected(right)
    under_test = right if swapped else left
    measures: Kind | None = None
    if isinstance(under_test, ast.Call) and called_name(under_test) == "len":
        measures = "length"
    elif isinstance(under_test, ast.Attribute | ast.Subscript):
        node = under_test.value if isinstance(under_test, ast.Subscript) else under_test
        if isinstance(node, ast.Attribute) and node.attr == "shape":
            measures = "shape"
    if measures is None and any(_asks_type(part) for part in ast.walk(under_test)):
        measures = "type"
    return Sides(swapped=swapped, measures=measures)


def _asks_type(node: ast.AST) -> bool:
    """`type(x)` or `x.__class__`, as in `type(x).__name__ == 'Point'`."""
    if isinstance(node, ast.Call):
        return called_name(node) == "type" and len(node.args) == 1
    return isinstance(node, ast.Attribute) and node.attr == "__class__"


def _is_expected(node: ast.expr) -> bool:
    """Whether the expression reads as a fixed value: a literal, `approx(...)`, or a name that says so."""
    match node:
        case ast.Constant():
            return True
        case ast.UnaryOp(operand=operand):
            return _is_expected(operand)
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return all(map(_is_expected, elements))
        case ast.Dict(values=values):
            return all(map(_is_expected, values))
        case ast.Call():
            return called_name(node) == "approx"
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _EXPECTED.search(name.lower()) is not None
    return False


def called_name(call: ast.Call) -> str:
    """The last part of the name that is called; empty where it has none."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
