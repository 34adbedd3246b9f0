"""What one assertion claims: of what, which value, how exactly.

An assertion is a statement of a test; a claim is what is left of it once the ways to write it are taken away, so that
`assertEqual(3, f())` and `assert f() == 3` are one. What is true whatever the code does claims nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pytest_llmlearn.domain.assertion import called_name
from pytest_llmlearn.domain.tolerance import CLOSE, approx, number

Kind = Literal[
    "equal", "same elements", "order", "element", "matches", "not", "type", "falsy", "has", "truth", "something",
    "either", "raises", "mock", "call", "fail",
]  # fmt: skip
STRENGTH: dict[Kind, int] = {
    "equal": 10, "same elements": 8, "raises": 8, "mock": 7, "call": 7, "order": 6, "element": 6, "matches": 6,
    "fail": 5, "falsy": 5, "not": 4, "type": 4, "has": 3, "truth": 3, "something": 2, "either": 1,
}  # fmt: skip
"""How much is claimed: the higher, the fewer values pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that a test asserts. `subject` and `expected` are code; the latter is empty where there is none.

    `shape` is the subject without its literals; `literal` whether the expected value is written out; `tolerance` how
    far off a value may be, as a share of the expected one where that is known; `strength` as in `STRENGTH`.
    """

    kind: Kind
    subject: str
    shape: str = ""
    expected: str = ""
    literal: bool = False
    tolerance: float = 0.0
    strength: int = 0

    @property
    def text(self) -> str:
        """The claim in a few words, for a sentence."""
        sign = {"equal": "==", "order": "", "element": "in", "not": "!=", "type": "is a", "raises": "raises"}.get(
            self.kind
        )
        if sign is None or not self.expected:
            return f"{self.kind}: {self.subject}" if self.subject else self.kind
        if self.kind == "element":
            return f"{self.expected} in {self.subject}"
        return " ".join(filter(None, (self.subject, "≈" if self.tolerance else sign, self.expected)))


def is_literal(node: ast.expr | None) -> bool:
    """A value that is written out: constants, and collections of such."""
    if isinstance(node, ast.UnaryOp):
        return is_literal(node.operand)
    if isinstance(node, ast.BinOp):
        return is_literal(node.left) and is_literal(node.right)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return all(map(is_literal, node.elts))
    if isinstance(node, ast.Dict):
        return all(key is not None and is_literal(key) for key in node.keys) and all(map(is_literal, node.values))
    return isinstance(node, ast.Constant)


def claim(
    kind: Kind,
    subject: ast.expr | str,
    expected: ast.expr | str = "",
    *,
    literal: bool = False,
    tolerance: float = 0.0,
    strength: int | None = None,
) -> Claim:
    return Claim(
        kind=kind,
        subject=subject if isinstance(subject, str) else ast.unparse(subject),
        shape=subject if isinstance(subject, str) else _shape(subject),
        expected=expected if isinstance(expected, str) else ast.unparse(expected),
        literal=literal or (isinstance(expected, ast.expr) and is_literal(expected)),
        tolerance=tolerance,
        strength=STRENGTH[kind] if strength is None else strength,
    )


class _Shape(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant("_")  # a string, for only strings may stand between the parts of an f-string


def _shape(node: ast.expr) -> str:
    # By way of text: the tree is shared, and a copy of one expression is soon parsed.
    return ast.unparse(_Shape().visit(ast.parse(ast.unparse(node), mode="eval").body))


def true(node: ast.expr) -> Iterator[Claim]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from true(value)
    elif isinstance(node, ast.BoolOp):
        # `or` with something that is always true is always true.
        if all(any(True for _ in true(value)) for value in node.values):
            yield claim("either", node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield from false(node.operand)
    elif isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
            yield from compared(left, operator, right)
    elif isinstance(node, ast.NamedExpr):
        yield from true(node.value)
    elif isinstance(node, ast.Call):
        yield from _told_by_call(node)
    elif isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
        if not (node.keys if isinstance(node, ast.Dict) else node.elts):
            yield claim("fail", "")
    elif isinstance(node, ast.Constant):
        if not node.value:
            yield claim("fail", "")
    elif not isinstance(node, ast.Lambda | ast.JoinedStr | ast.GeneratorExp):
        yield claim("truth", node)


_INVERSE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip


def false(node: ast.expr) -> Iterator[Claim]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from compared(node.left, _INVERSE[type(node.ops[0])](), node.comparators[0])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield from true(node.operand)
    elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        for value in node.values:
            yield from false(value)
    elif isinstance(node, ast.Constant):
        if node.value:
            yield claim("fail", "")
    else:
        yield claim("falsy", node)


def _told_by_call(node: ast.Call) -> Iterator[Claim]:
    """A call whose result is a truth value."""
    name, arguments = called_name(node), node.args
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if name in ("isinstance", "issubclass") and len(arguments) == 2:
        yield claim("type", arguments[0], arguments[1], literal=True)
    elif name in ("hasattr", "callable") and arguments:
        yield claim("has", arguments[0], ", ".join(map(ast.unparse, arguments[1:])))
    elif name == "bool" and len(arguments) == 1:
        yield from true(arguments[0])
    elif name == "all":
        yield from _of_all(arguments[0] if arguments else owner)
    elif name == "array_equal" and len(arguments) >= 2:
        yield from compared(arguments[0], ast.Eq(), arguments[1])
    elif name == "equals" and owner is not None and arguments:
        yield from compared(owner, ast.Eq(), arguments[0])
    elif name in CLOSE and len(arguments) >= 2:
        options = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        yield from near(arguments[0], arguments[1], CLOSE[name](arguments, options))
    elif name in ("startswith", "endswith", "issubset", "issuperset") and owner is not None and arguments:
        yield claim("matches", owner, arguments[0])
    elif name in ("match", "search", "fullmatch") and len(arguments) >= 2:
        yield claim("matches", arguments[1], arguments[0])
    else:
        yield claim("truth", node)


def _of_all(node: ast.expr | None) -> Iterator[Claim]:
    """`all(…)` claims of every element what it claims of one."""
    if isinstance(node, ast.GeneratorExp | ast.ListComp):
        over = " ".join(ast.unparse(part.iter) for part in node.generators)
        for claim in true(node.elt):
            yield Claim(
                kind=claim.kind, subject=f"{claim.subject} for all of {over}", shape=f"{claim.shape} for all of {over}",
                expected=claim.expected, literal=claim.literal, tolerance=claim.tolerance, strength=claim.strength,
            )  # fmt: skip
    elif node is not None:
        yield from true(node)


def compared(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Iterator[Claim]:
    if is_literal(left) and is_literal(right):
        return  # decided before any code ran
    equal = isinstance(operator, ast.Eq | ast.Is)
    if equal and isinstance(left, ast.Tuple | ast.List) and isinstance(right, ast.Tuple | ast.List):
        if len(left.elts) == len(right.elts):
            for one, other in zip(left.elts, right.elts, strict=True):
                yield from compared(one, operator, other)
            return
    elif ast.dump(left) == ast.dump(right):
        return  # a value is what it is
    near = _nearly(left, operator, right)
    if near is not None:
        yield near
        return
    if is_expected(left) and not is_expected(right):
        left, right = right, left
        operator = _MIRRORED.get(type(operator), type(operator))()
    if equal:
        yield from _equal(left, operator, right)
    elif isinstance(operator, ast.NotEq | ast.IsNot):
        nothing = isinstance(right, ast.Constant) and right.value is None
        yield claim("something", left) if nothing else claim("not", left, right)
    elif isinstance(operator, ast.In | ast.NotIn):
        negated = isinstance(operator, ast.NotIn)
        # `x in (1, 2)` is of x, `1 in xs` of xs.
        subject, expected = (right, left) if is_expected(left) or not is_expected(right) else (left, right)
        yield claim("not" if negated else "element", subject, expected)
    else:
        sign = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}[type(operator)]
        yield claim("order", left, f"{sign} {ast.unparse(right)}", literal=is_literal(right))


_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE,
    # Membership is no mirror; its sides were not exchanged, only named anew.
    ast.In: ast.In, ast.NotIn: ast.NotIn,
}  # fmt: skip


def is_expected(node: ast.expr) -> bool:
    """Written out, or a tolerance around something, or a name that says so."""
    if isinstance(node, ast.Name):
        return node.id.lower().startswith(("expect", "want", "correct", "truth"))
    return is_literal(node) or (isinstance(node, ast.Call) and called_name(node) == "approx")


def _equal(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Iterator[Claim]:
    if isinstance(right, ast.Call) and called_name(right) == "approx" and right.args:
        options = {keyword.arg: keyword.value for keyword in right.keywords if keyword.arg}
        yield from near(left, right.args[0], approx(right.args, options))
    elif isinstance(operator, ast.Eq) and isinstance(right, ast.Constant) and isinstance(right.value, bool):
        yield claim("truth" if right.value else "falsy", left)  # as every linter rewrites it
    else:
        yield claim("equal", left, right)


def near(left: ast.expr, right: ast.expr, tolerance: tuple[float | None, float | None]) -> Iterator[Claim]:
    """`left` is `right` but for a relative and an absolute tolerance; None for one that cannot be told."""
    if is_expected(left) and not is_expected(right):
        left, right = right, left
    if ast.dump(left) == ast.dump(right):
        return
    relative, absolute = tolerance
    size = number(right)
    # Of an unknown value the absolute tolerance itself is what can be compared.
    share = (absolute or 0.0) / abs(size) if size else (absolute or 0.0)
    unknown = relative is None or absolute is None
    yield claim("equal", left, right, tolerance=float("inf") if unknown else max(relative or 0.0, share))


def _nearly(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Claim | None:
    """`abs(a - b) < 0.1`"""
    if isinstance(operator, ast.Gt | ast.GtE):
        left, right = right, left
    elif not isinstance(operator, ast.Lt | ast.LtE):
        return None
    if not isinstance(left, ast.Call) or called_name(left) not in ("abs", "fabs") or len(left.args) != 1:
        return None
    inside, limit = left.args[0], number(right)
    if not isinstance(inside, ast.BinOp) or not isinstance(inside.op, ast.Sub) or limit is None:
        return None
    return next(near(inside.left, inside.right, (0.0, limit)), None)
