"""Patterns and where they match."""

from __future__ import annotations

import ast
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.matchers.pattern import atoms_of, compiled, metavariables_of
from pytest_llmlearn.domain.matchers.shape import Shapes
from pytest_llmlearn.domain.matchers.view import View
from pytest_llmlearn.domain.tree import Span
from pytest_llmlearn.errors import BadPattern

NUMPY = {"np": "numpy", "bool_": "numpy.bool", "helpers": ".helpers"}


def seen(pattern: str, code: str, imports: Mapping[str, str] | None = None, inside: str = "") -> list[str]:
    """The lines of what matches."""
    lines = syntax.lines(code)
    return [
        lines[match.span.line - 1].strip()
        for node in syntax.nodes(code)
        for match in Shapes().matches(compiled(pattern), node, imports, inside=inside)
    ]


@pytest.mark.parametrize(
    ("pattern", "those", "not_those"),
    [
        ("$X == $X", ["a == a", "f(1) == f(1)"], ["a == b", "f(1) == f(2)", "a != a"]),
        ("$_ == $_", ["a == a", "a == b"], ["a < b"]),
        ("$X.$A - $Y.$A", ["p.x - q.x"], ["p.x - q.y"]),
        ("f(...)", ["f()", "f(1, *a, k=2, **b)", "g(f())"], ["g()", "x.f()"]),
        ("f($X)", ["f(1)"], ["f()", "f(1, 2)", "f(1, k=2)"]),
        ("f(..., key=$V, ...)", ["f(key=1)", "f(1, a=2, key=3, b=4)"], ["f(1)", "f(yek=1)"]),
        ("f(a=1, b=2)", ["f(b=2, a=1)"], ["f(a=1)", "f(a=1, b=2, c=3)", "f(a=2, b=1)"]),
        ("f($K=None)", ["f(x=None)"], ["f(x=1)", "f(None)"]),
        ("open('...', mode='rb')", ["open('x', mode='rb')", "open(f'{x}', mode='rb')"], ["open(x, mode='rb')"]),
        ("[..., $X, ...]", ["[1]", "[1, 2]"], ["[]", "(1,)"]),
        ("{..., 'k': $V, ...}", ["{'k': 1}", "{**a, 'b': 0, 'k': 1}"], ["{'b': 'k'}"]),
        ("$X[$I:]", ["a[1:]"], ["a[1]", "a[1:2]"]),
        ("a < $X < b", ["a < 1 < b"], ["a < b", "a < 1 <= b"]),
        ("$X = open(...)", ["f = open(p)", "f: IO = open(p)"], ["f, g = open(p)[0]", "f = g = open(p)", "open(p)"]),
        ("from a import $X", ["from a import b", "from a import b, c as d"], ["import a", "from .a import b"]),
        ("import a.b", ["import a.b", "import c, a.b as d"], ["import a"]),
        ("except_", [], ["except_x"]),
        ("lambda $X: $X", ["lambda a: a"], ["lambda a: b", "lambda: a"]),
        ("f'{$X}-{$X:>3}'", ["f'{a}-{a:>3}'"], ["f'{a}-{b:>3}'"]),
        ("raise $E(...) from None", ["raise E(1) from None"], ["raise E(1)", "raise E from None"]),
    ],
)
def test_a_pattern_matches_what_it_says(pattern: str, those: list[str], not_those: list[str]) -> None:
    """Each of these statements, and none of those."""
    assert [code for code in those if seen(pattern, code)] == those
    assert [code for code in not_those if seen(pattern, code)] == []


@pytest.mark.parametrize(
    ("pattern", "code", "found"),
    [
        ("$X.append($Y)\nreturn $X", "def f():\n    a.append(1)\n    return a\n", ["a.append(1)"]),
        ("$X.append($Y)\nreturn $X", "def f():\n    a.append(1)\n    return b\n", []),
        ("$X = open(...)\n...\n$X.read()", "def f():\n    a = open(p)\n    g()\n    a.read()\n", ["a = open(p)"]),
        ("try:\n    ...\nexcept $E:\n    pass", "try:\n    f()\nexcept OSError:\n    pass\n", ["try:"]),
        ("try:\n    ...\nexcept $E:\n    pass", "try:\n    f()\nexcept OSError:\n    raise\n", []),
        ("def $F(..., $A=[], ...): ...", "@d\ndef f(x, a=[], *, k) -> X:\n    1\n", ["def f(x, a=[], *, k) -> X:"]),
        ("def $F(..., $A=[], ...):\n    ...", "def f(x, a=(), *, k=[1]):\n    return 1\n", []),
        ("def $F($A: int): ...", "def f(x: int = 1):\n    pass\n", ["def f(x: int = 1):"]),
        ("for $I in range(len($X)): ...", "for i in range(len(a)):\n    print(a[i])\n", ["for i in range(len(a)):"]),
        ("class $C(Base): ...", "class D(Base):\n    x = 1\n", ["class D(Base):"]),
    ],
)  # fmt: skip
def test_statements_match_statements_that_stand_together(pattern: str, code: str, found: list[str]) -> None:
    """Of one block, `...` being any of them; decorators, annotations and defaults may be there or not."""
    assert seen(pattern, code) == found


def test_dotted_names_match_whatever_they_were_imported_as() -> None:
    """Through the aliases of the file, in the pattern too."""
    code = "numpy.bool(1)\nnp.bool(2)\nbool_(3)\nbool(4)\nhelpers.bool(5)\n"
    assert seen("numpy.bool(...)", code, NUMPY) == ["numpy.bool(1)", "np.bool(2)", "bool_(3)"]
    assert seen("np.bool(...)", code, NUMPY) == ["numpy.bool(1)", "np.bool(2)", "bool_(3)"]
    assert seen("bool(...)", code, NUMPY) == ["bool(4)"]


def test_inside_is_a_function_around_it() -> None:
    """By the last part of its name or its dotted qualname."""
    code = "class C:\n    def f(self):\n        def g():\n            x()\n        y()\n\ndef h():\n    x()\n"
    for inside, lines in (("", 2), ("f", 1), ("C.f", 1), ("C.f.<locals>.g", 1), ("h", 1), ("C", 0), ("D.f", 0)):
        assert len(seen("x()", code, inside=inside)) == lines, inside


def test_a_sighting_says_what_was_recognised() -> None:
    """The pattern in one line, at the expression; of a statement with a body its head."""
    (node,) = syntax.nodes("def f(a,\n      b=[]):\n    return a\n")
    matcher = Matcher(fingerprint="f", rule_id="r", kind="shape", body={"pattern": "def $F(..., $A=[]):\n  ..."})
    (sighting,) = Shapes().sightings(matcher, View(path="p", node=node, text=""))
    assert (sighting.span, sighting.why) == (Span(1, 0, 2, 10), "`def $F(..., $A=[]): ...`")


@pytest.mark.parametrize(
    "text", ["", "...", "$X", "f(", "x = = 1", "...\n...", "x" * 30_000, "(" * 400 + ")" * 400, "$x"]
)
def test_what_cannot_be_read_or_matches_everything_is_no_pattern(text: str) -> None:
    """One clear error, with the pattern in it."""
    with pytest.raises(BadPattern) as caught:
        compiled(text)
    assert caught.value.reason


def test_atoms_are_what_must_stand_there() -> None:
    """Identifiers and literals; no metavariable, and nothing that may be cut otherwise."""
    pattern = "from a.b import c\n$X = np.f('k', 1.50, *$Y, key=True, **$Z)\nf'p{q}'"
    assert atoms_of(pattern) == {"a", "b", "c", "np", "f", "'k'", "1.5", "key", "q"}
    assert metavariables_of(pattern) == {"$X", "$Y", "$Z"}


def test_many_ellipses_take_no_time() -> None:
    """What could be tried in countless ways is given up instead."""
    pattern = "f(" + ", ".join(["..."] + [f"$X{n}, ..." for n in range(12)]) + ", $Q, $Q)"
    assert seen(pattern, "f(" + ", ".join(f"a{n}" for n in range(60)) + ")") == []


@cache
def written() -> list[str]:
    """Expressions and statements of this project."""
    found = []
    for path in sorted(Path(syntax.__file__).parent.glob("[a-c]*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.expr | ast.stmt) and not isinstance(node, ast.Constant | ast.Name | ast.Starred):
                text = ast.unparse(node)
                if len(text) < 400 and not isinstance(node, ast.Slice | ast.FormattedValue | ast.JoinedStr):
                    found.append(text)
    return found


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_pattern_made_of_code_matches_that_code(dice: random.Random) -> None:
    """As it stands, and with names replaced by metavariables; and its atoms stand in the code."""
    text = dice.choice(written())
    try:
        tree = ast.parse(text)
    except SyntaxError:  # a part of something that says nothing alone
        return
    chosen: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and dice.random() < 0.4:
            node.id = chosen.setdefault(node.id, f"META{len(chosen)}")
    loose = ast.unparse(tree).replace("META", "$M")
    for pattern in (text, loose):
        try:
            compiled(pattern)
        except BadPattern:  # nothing but one name was left
            assert pattern.strip().startswith("$") or "..." in pattern
            continue
        (node,) = syntax.nodes(text)
        assert next(Shapes().matches(compiled(pattern), node), None) is not None, (pattern, text)
