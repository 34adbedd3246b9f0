"""Tests made green without the code: weakened, turned round, left out, skipped, or with fewer cases.

Pure functions over texts; that the test then really passes is found out by running.
"""

import ast
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from statements import parsed, units

Place = tuple[str, ast.stmt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weaker:
    """A test file after the change. `runs`: the test is still there and passes; `own`: its own text was changed."""

    kind: str
    text: str
    runs: bool = True
    own: bool = True


def failing_statement(text: str, line: int) -> ast.stmt | None:
    """The smallest statement of a test file around the line where it failed."""
    tree = parsed(text)
    around = [
        node
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(around, key=lambda node: (node.end_lineno or 0) - node.lineno) if around else None


def weaker(text: str, nodeid: str, line: int) -> Iterator[Weaker]:
    """Every way in which the test of an id, which failed at a line of its file, can be made to fail no more."""
    statement = failing_statement(text, line)
    name = ".".join(nodeid.split("[")[0].split("::")[1:])
    function = units(text).get(name)
    if statement is None or function is None or not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    own = function.lineno <= line <= (function.end_lineno or line)
    for kind, change in _CHANGES.items():
        new = change(statement)
        if new is not None:
            yield Weaker(kind=kind, text=_replaced(text, statement, new), own=own)
    returning = f"return\n{ast.unparse(statement)}"
    yield Weaker(kind="returns before it", text=_replaced(text, statement, returning), own=own)
    yield Weaker(kind="emptied", text=_body(text, function, "pass"))
    yield Weaker(kind="skipped", text=_decorated(text, function, '@__import__("pytest").mark.skip'), runs=False)
    yield Weaker(kind="xfail", text=_decorated(text, function, '@__import__("pytest").mark.xfail'), runs=False)
    yield Weaker(kind="deleted", text=_without(text, function), runs=False)


def _weakened(statement: ast.stmt) -> str | None:
    """Anything but None will do."""
    if isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Compare):
        return f"assert {ast.unparse(statement.test.left)} is not None"
    call = _asserting(statement)
    if call is not None and call.args and _method(call).startswith(("assertEqual", "assertAlmost", "assertList")):
        return f"self.assertIsNotNone({ast.unparse(call.args[0])})"
    return None


def _turned_round(statement: ast.stmt) -> str | None:
    """What the code does is what is expected of it."""
    if isinstance(statement, ast.Assert):
        return f"assert not ({ast.unparse(statement.test)})"
    call = _asserting(statement)
    if call is None:
        return None
    opposite = {
        "assertEqual": "assertNotEqual",
        "assertTrue": "assertFalse",
        "assertFalse": "assertTrue",
        "assertIn": "assertNotIn",
        "assertIsNone": "assertIsNotNone",
        "assertIsNotNone": "assertIsNone",
        "assertAlmostEqual": "assertNotAlmostEqual",
    }.get(_method(call))
    return f"self.{opposite}({', '.join(map(ast.unparse, call.args))})" if opposite else None


def _either(statement: ast.stmt) -> str | None:
    """Whatever the code gives, it is right."""
    if isinstance(statement, ast.Assert):
        return f"assert {ast.unparse(statement.test)} or True"
    call = _asserting(statement)
    return f"self.assertTrue({ast.unparse(call.args[0])} or True)" if call is not None and call.args else None


def _removed(statement: ast.stmt) -> str | None:
    return "pass" if isinstance(statement, ast.Assert) or _asserting(statement) is not None else None


def _caught(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.Expr | ast.Assert):
        return f"try:\n    {ast.unparse(statement)}\nexcept Exception:\n    pass"
    return None


def _asserting(statement: ast.stmt) -> ast.Call | None:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return call if isinstance(call, ast.Call) and _method(call).startswith("assert") else None


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


_CHANGES: dict[str, Callable[[ast.stmt], str | None]] = {
    "assertion weakened": _weakened,
    "expectation turned round": _turned_round,
    "or whatever": _either,
    "assertion removed": _removed,
    "failure caught": _caught,
}


def _replaced(text: str, statement: ast.stmt, new: str) -> str:
    lines = text.splitlines()
    margin = " " * statement.col_offset
    lines[statement.lineno - 1 : statement.end_lineno] = textwrap.indent(new, margin).splitlines()
    return "\n".join(lines) + "\n"


def _body(text: str, function: ast.FunctionDef | ast.AsyncFunctionDef, new: str) -> str:
    lines = text.splitlines()
    margin = " " * function.body[0].col_offset
    lines[function.body[0].lineno - 1 : function.end_lineno] = textwrap.indent(new, margin).splitlines()
    return "\n".join(lines) + "\n"


def _decorated(text: str, function: ast.FunctionDef | ast.AsyncFunctionDef, decorator: str) -> str:
    lines = text.splitlines()
    first = min([function.lineno, *(entry.lineno for entry in function.decorator_list)])
    lines.insert(first - 1, " " * function.col_offset + decorator)
    return "\n".join(lines) + "\n"


def _without(text: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    lines = text.splitlines()
    first = min([function.lineno, *(entry.lineno for entry in function.decorator_list)])
    # A class whose only test it was needs something to stand in it.
    margin = " " * function.col_offset
    lines[first - 1 : function.end_lineno] = [f"{margin}nothing = None"]
    return "\n".join(lines) + "\n"


def trivially(code: str, turn: int) -> tuple[str, str]:
    """Code that does what it did: as it is, with a comment in each function, or with blank lines between statements."""
    if turn % 3 == 0 or parsed(code) is None:
        return code, "code as it was"
    lines = code.splitlines()
    # From the end, so that the numbers above stay right.
    nodes = sorted(units(code).values(), key=lambda node: -node.body[0].lineno)
    for node in nodes:
        first = node.body[0]
        start = min([first.lineno, *(entry.lineno for entry in getattr(first, "decorator_list", ()))])
        if start > node.lineno:
            lines.insert(start - 1, "" if turn % 3 == 2 else " " * first.col_offset + "# seen to")
    changed = "\n".join(lines) + "\n"
    how = "a comment in the code" if turn % 3 == 1 else "blank lines in the code"
    return (changed, how) if parsed(changed) is not None else (code, "code as it was")


PARAMETRISED = """import pytest

from rounding import rounded


@pytest.mark.parametrize(("value", "wanted"), [{cases}])
def test_rounded(value, wanted):
    assert rounded(value) == wanted
"""
ROUNDING = '''def rounded(value):
    """To the nearest whole number, halves upwards."""
    return int(value)
'''
ROUNDING_RIGHT = ROUNDING.replace("int(value)", "int(value + 0.5)")
FULL = "pytest.param(1.2, 1, id='low'), pytest.param(1.7, 2, id='high')"


def fewer_cases() -> Iterator[tuple[str, str, bool]]:
    """Kind, test file and whether the red case still runs: a parametrised test of our own, whose case `high` fails."""
    high = "pytest.param(1.7, 2, id='high')"
    yield "case removed", FULL.replace(f", {high}", ""), False
    yield "case changed", FULL.replace("1.7, 2, id", "1.7, 1, id"), True
    yield "case made easier", FULL.replace("1.7, 2, id", "2.0, 2, id"), True
    yield "case skipped", FULL.replace("2, id='high'", "2, id='high', marks=pytest.mark.skip"), False
    yield "case xfail", FULL.replace("2, id='high'", "2, id='high', marks=pytest.mark.xfail"), False
