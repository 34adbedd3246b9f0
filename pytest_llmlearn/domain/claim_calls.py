"""What a call in a test claims: the assertions of unittest, numpy, pandas and mocks, and what must be raised."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from pytest_llmlearn.domain.assertion import called_name
from pytest_llmlearn.domain.claims import Claim, Kind, claim, compared, false, is_expected, near, true
from pytest_llmlearn.domain.tolerance import CLOSE, Options

MOCK_STRENGTH = {
    "assert_called_once_with": 10, "assert_has_calls": 9, "assert_called_with": 8, "assert_awaited_once_with": 10,
    "assert_has_awaits": 9, "assert_awaited_with": 8, "assert_any_call": 6, "assert_any_await": 6,
    "assert_called_once": 5, "assert_awaited_once": 5, "assert_called": 3, "assert_awaited": 3,
    "assert_not_called": 10, "assert_not_awaited": 10,
}  # fmt: skip


def of_call(call: ast.Call) -> Iterator[Claim]:
    """What a call such as `self.assertEqual(…)` or `mock.assert_called()` claims; nothing where it is no assertion."""
    name, arguments = called_name(call), call.args
    options = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if name in _UNITTEST:
        yield from _UNITTEST[name](arguments, options)
    elif name in CLOSE and len(arguments) >= 2:
        yield from near(arguments[0], arguments[1], CLOSE[name](arguments, options))
    elif name in MOCK_STRENGTH:
        values = ", ".join(map(ast.unparse, [*arguments, *(keyword.value for keyword in call.keywords)]))
        owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        yield claim("mock", owner, expected=values, literal=True, strength=MOCK_STRENGTH[name])
    elif ast.unparse(call.func) in ("self.fail", "pytest.fail", "fail"):
        yield claim("fail", "")
    elif name.lower().startswith(("assert", "check_", "verify_", "expect_")):
        yield claim("call", call)


def raised(call: ast.Call, body: Sequence[ast.stmt]) -> Claim | None:
    """What `with pytest.raises(…):` claims, or `warns`, `assertRaises…`, `assertLogs`; None for another manager."""
    name = called_name(call)
    if name not in _MANAGERS:
        return None
    kinds = call.args[0] if call.args else ast.Constant(None)
    pattern = next((keyword.value for keyword in call.keywords if keyword.arg == "match"), None)
    if name.endswith("Regex") and len(call.args) > 1:
        pattern = call.args[1]
    inside = ast.unparse(body[-1]) if body else ", ".join(map(ast.unparse, call.args[1:]))
    expected = f"{ast.unparse(kinds)}{f' matching {ast.unparse(pattern)}' if pattern is not None else ''}"
    return Claim(kind="raises", subject=inside, shape=inside, expected=expected, literal=True, strength=8)


_MANAGERS = frozenset({
    "raises", "warns", "deprecated_call", "assertRaises", "assertRaisesRegex", "assertWarns", "assertWarnsRegex",
    "assertLogs", "assertNoLogs", "RaisesGroup",
})  # fmt: skip


def _pair(operator: type[ast.cmpop]) -> Callable[..., Iterator[Claim]]:
    def claims(arguments: Sequence[ast.expr], options: Options) -> Iterator[Claim]:
        if len(arguments) >= 2:
            # What is left out of a comparison makes it as loose as a tolerance does.
            left_out = [
                name for name, value in options.items() if name.startswith("check_") and ast.unparse(value) == "False"
            ]
            for found in compared(arguments[0], operator(), arguments[1]):
                yield replace(found, tolerance=found.tolerance + len(left_out))

    return claims


def _one(kind: Literal["truth", "falsy"]) -> Callable[..., Iterator[Claim]]:
    def claims(arguments: Sequence[ast.expr], options: Options) -> Iterator[Claim]:
        if arguments:
            yield from true(arguments[0]) if kind == "truth" else false(arguments[0])

    return claims


def _none(operator: type[ast.cmpop]) -> Callable[..., Iterator[Claim]]:
    def claims(arguments: Sequence[ast.expr], options: Options) -> Iterator[Claim]:
        if arguments:
            yield from compared(arguments[0], operator(), ast.Constant(None))

    return claims


def _as(kind: Kind) -> Callable[..., Iterator[Claim]]:
    def claims(arguments: Sequence[ast.expr], options: Options) -> Iterator[Claim]:
        if len(arguments) >= 2:
            left, right = arguments[:2]
            if is_expected(left) and not is_expected(right):
                left, right = right, left
            yield claim(kind, left, right, literal=kind == "type")

    return claims


def _calling(arguments: Sequence[ast.expr], options: Options) -> Iterator[Claim]:
    """`assertRaises(ValueError, f, 1)`; as a context manager it is read with its block."""
    if len(arguments) >= 2:
        text = f"{ast.unparse(arguments[1])}({', '.join(map(ast.unparse, arguments[2:]))})"
        yield claim("raises", text, ast.unparse(arguments[0]), literal=True)


_UNITTEST: dict[str, Callable[..., Iterator[Claim]]] = {
    **dict.fromkeys(
        (
            "assertEqual", "assertEquals", "assertListEqual", "assertDictEqual", "assertTupleEqual", "assertSetEqual",
            "assertSequenceEqual", "assertMultiLineEqual", "assert_array_equal", "assert_equal", "assert_string_equal",
            "assert_frame_equal", "assert_series_equal", "assert_index_equal",
        ),
        _pair(ast.Eq),
    ),
    "assertNotEqual": _pair(ast.NotEq), "assertIs": _pair(ast.Is), "assertIsNot": _pair(ast.IsNot),
    "assertIn": _pair(ast.In), "assertNotIn": _pair(ast.NotIn), "assertLess": _pair(ast.Lt),
    "assertLessEqual": _pair(ast.LtE), "assertGreater": _pair(ast.Gt), "assertGreaterEqual": _pair(ast.GtE),
    "assertTrue": _one("truth"), "assertFalse": _one("falsy"), "assertIsNone": _none(ast.Is),
    "assertIsNotNone": _none(ast.IsNot), "assertIsInstance": _as("type"), "assertNotIsInstance": _as("not"),
    "assertCountEqual": _as("same elements"), "assertItemsEqual": _as("same elements"), "assertRegex": _as("matches"),
    "assertNotRegex": _as("not"), "assertRaises": _calling, "raises": _calling, "assertHasAttr": _as("has"),
}  # fmt: skip
