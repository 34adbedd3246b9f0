"""What every parser does: whole code as Python reads it, and of broken code what is intact."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.parser import TolerantParser
from pytest_llmlearn.app.ports.parser import Parser
from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.tree import Node, Span

SOURCES = Path(syntax.__file__).resolve().parents[1]


@pytest.fixture(params=[TolerantParser], ids=["ast"])
def parser(request: Any) -> Parser:
    """Each parser that there is."""
    made: Parser = request.param()
    return made


def told(node: Node, above: int = 0) -> Any:
    """A node as values, so many lines lower."""
    at = Span(node.span.line + above, node.span.column, node.span.end_line + above, node.span.end_column)
    return (node.kind, node.text, at, [(role, told(child, above)) for role, child in node.children])


def kinds(nodes: tuple[Node, ...]) -> list[str]:
    return [kind for node in nodes for kind in [node.kind, *kinds(tuple(child for _, child in node.children))]]


def statements(parser: Parser, text: str) -> list[str]:
    """The lines on which a simple statement is seen, as they stand in the text."""
    lines = syntax.lines(text)

    def walk(node: Node) -> list[str]:
        below = [
            line for role, child in node.children if role in ("body", "orelse", "handlers") for line in walk(child)
        ]
        return below or [lines[node.span.line - 1].strip()]

    return [line for node in parser.parse(text).body for line in walk(node)]


def test_whole_code_has_the_kinds_of_pythons_own_tree(parser: Parser) -> None:
    """Every class of a node is there as often as `ast` has it, but for contexts and operators."""
    text = (SOURCES / "domain" / "syntax.py").read_text(encoding="utf-8")
    left_out = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.Module)
    own = [type(node).__name__ for node in ast.walk(ast.parse(text)) if not isinstance(node, left_out)]
    seen = kinds(parser.parse(text).body)
    assert sorted(kind for kind in seen if kind != "identifier") == sorted(own)


def test_pieces_are_the_whole_and_stand_by_themselves(parser: Parser) -> None:
    """The pieces of whole code hold what the whole holds, where it stands; their texts joined are the file."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("domain/*.py"))[:12]]
    texts.append(
        'x = """\nimport y\ndef f(): pass\n"""\n@a\n@b(\n1)\n\nclass C: pass\nif x:\n  1\nelse:\n  2\ny = 1 + \\\n2\n'
    )
    for text in texts:
        pieces = parser.pieces(text, lambda part: None)
        assert "".join(piece.text for piece in pieces) == text
        found, above = [], 0
        for piece in pieces:
            found += [told(node, above) for node in piece.body]
            above += piece.height
        assert found == [told(node) for node in parser.parse(text).body]


def test_known_pieces_are_taken_as_they_are(parser: Parser) -> None:
    """What was read the last time is the very same object."""
    first = parser.pieces("a = 1\n\nb = 2\n", lambda part: None)
    again = parser.pieces("a = 1\n\nc = 3\nb = 2\n", {piece.text: piece for piece in first}.get)
    assert [piece in first for piece in again] == [True, False, True]


def test_a_string_that_is_closed_later_is_one_piece_then(parser: Parser) -> None:
    """What was known of its beginning, when it was still open, does not stand in the way."""
    first = parser.pieces('a = """\nb = 1\n', lambda part: None)
    again = parser.pieces('a = """\nb = 1\n"""\n', {piece.text: piece for piece in first}.get)
    assert [len(piece.body) for piece in again] == [1]
    assert not again[0].gaps


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a = 1\nb = (\nc = 3\n", ["a = 1", "c = 3"]),
        ("def f():\n    a = foo(1\n    return a\n\ndef g():\n    return 2\n", ["return a", "return 2"]),
        ("def f(x\n    a = 1\n    return a\n", ["a = 1", "return a"]),
        ("class C:\n    def f():\n        self.\n        x = 1\n    def g():\n        pass\n", ["x = 1", "pass"]),
        ("a = 1\nif a:\n    b = 2\nelif a b:\n    c = 3\nelse:\n    d = 4\n", ["a = 1", "b = 2", "c = 3", "d = 4"]),
        ("try:\n    a = 1\nexcept Value Error:\n    b = 2\nc = 3\n", ["a = 1", "b = 2", "c = 3"]),
        ('def f():\n    """\n    x = 1\n\ndef g():\n    """Do."""\n    y = 2\n', ["x = 1", "y = 2"]),
        ("x = f(\n    1,\n    2\ny = 3\nz = 4\n", ["y = 3", "z = 4"]),
        ("import a\nfrom b import\nimport c\n", ["import a", "import c"]),
        ("for x in y:\n    \nz = 1\n", ["z = 1"]),
        ("Here is the code:\n```python\nimport a\n```\n", ["import a"]),
    ],
)  # fmt: skip
def test_what_is_intact_in_broken_code_is_seen(parser: Parser, text: str, seen: list[str]) -> None:
    """The statements beside the broken one, and nothing that nobody wrote."""
    found = statements(parser, text)
    assert [line for line in found if line in seen] == seen
    assert not [line for line in found if line not in seen and not line.endswith((":", '"""'))]
    assert parser.parse(text).gaps


def test_nothing_stands_in_for_what_was_left_out(parser: Parser) -> None:
    """A broken head leaves its statements, and no condition or `pass` that nobody wrote."""
    (found,) = parser.parse("class C:\n    def f(self:\n        a = 1\n    b = = 2\n").body
    assert kinds((found,)) == ["ClassDef", "Assign", "Name", "Constant"]


def test_columns_are_characters(parser: Parser) -> None:
    """Not bytes: what comes after an umlaut stands where an editor shows it."""
    (statement,) = parser.parse("ü = 'ß' + ñandú\n").body
    value = statement.children[1][1]
    assert value.span == Span(1, 4, 1, 15)
    assert value.children[1][1].span == Span(1, 10, 1, 15)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_editors_have_them(parser: Parser, end: str) -> None:
    """A form feed or a separator of paragraphs ends no line."""
    text = end.join(["\ufeffa = 1", "\fb = '\u2028\x0b'", "def f():", "\treturn b", ""])
    assert [node.span.line for node in parser.parse(text).body] == [1, 2, 3]
    pieces = parser.pieces(text, lambda part: None)
    assert sum(piece.height for piece in pieces) == 4


@pytest.mark.parametrize(
    "text",
    ["", "\n", "\0", "\r" * 100,
     "a = '\0'\n", "a = '\ud800'\nb = \udfff\n", "(" * 5_000, "x = " + "-" * 100_000 + "1", "a." * 5_000,
     "if x:\n" * 300, "\\", '"""', "é" * 1_000 + "(", "@\n" * 100, "x = \ufeff1\n"],
    ids=lambda text: repr(text[:8]),
)  # fmt: skip
def test_no_text_raises(parser: Parser, text: str) -> None:
    """Whatever the bytes: there is an answer."""
    parser.parse(text)
    assert "".join(piece.text for piece in parser.pieces(text, lambda part: None)) == text


def test_too_long_a_text_is_a_gap() -> None:
    """Beyond a limit nothing is read, and that is told."""
    tree = TolerantParser(longest=10).parse("a = 1\nb = 22\n")
    assert (tree.body, tree.gaps) == ((), (Span(1, 0, 2, 6),))


def test_what_python_warns_of_is_not_told(parser: Parser) -> None:
    """The text is somebody's, who hears of an odd escape when it is compiled."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert parser.parse("a = '\\d'\nassert (a, 1)\n").body
        parser.parse("a = '\\d'\nb = (\n")
    assert caught == []
