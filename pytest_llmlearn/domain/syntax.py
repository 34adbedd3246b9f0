"""Python's own syntax trees as neutral trees, with columns in characters.

Whole code only: what does not parse raises. The tolerant reading of broken code is an adapter's (`adapters.parser`).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Sequence
from re import compile as pattern
from threading import Lock
from typing import Any

from pytest_llmlearn.domain import parsing
from pytest_llmlearn.domain.tree import Node, Span

DEPTH = 150
"""How deep a statement may be nested, in nodes; deeper ones are left out, so that whoever walks a tree may recurse."""

_OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.MatMult: "@", ast.Div: "/", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&", ast.FloorDiv: "//",
    ast.Invert: "~", ast.Not: "not", ast.UAdd: "+", ast.USub: "-", ast.And: "and", ast.Or: "or", ast.Eq: "==",
    ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Is: "is", ast.IsNot: "is not",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_QUIET = Lock()
_LINES = pattern(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_ODD = pattern("[\ud800-\udfff\0]")


class TooDeep(ValueError):
    """A statement that is nested deeper than `DEPTH`."""


def nodes(text: str, first_line: int = 1) -> tuple[Node, ...]:
    """The statements at the top of `text`; `ast`'s kinds and roles, without contexts (`Load`, `Store`) and operators.

    What an `ast` class carries as plain text is the node's `text`: the identifier, the operator (several of a
    comparison with commas between), a constant's `repr`, the module of `from … import` with its leading dots, a name
    that is imported or caught. Further identifiers are children of the kind `identifier` (`asname`, `names`,
    `kwd_attrs`). A decorated definition spans from its `def` or `class` line, as in `ast`. The text's first line is
    counted as `first_line`.

    Raises:
        SyntaxError: the text does not parse (null bytes included).
        TooDeep: a statement is nested deeper than `DEPTH`.
        RecursionError, MemoryError: it is nested deeper than Python can read.
    """
    # The text is anyone's: an odd escape in it must not warn the user. What warns is the whole process's, so that two
    # threads that each put it back would leave it silent for good.
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module = parsing.module(readable(text))
        except ValueError as error:  # null bytes, before Python 3.12
            raise SyntaxError(str(error)) from error
    return tuple(_Making(text, first_line - 1).statements(module.body))


def readable(text: str) -> str:
    """The text with a mark of byte order and lone surrogates replaced, character by character, so that `ast` reads it.

    A form feed in the mark's place stands for no column, as Python's own tokenizer has it.
    """
    if text.startswith("\ufeff"):
        text = "\f" + text[1:]
    return text if text.isascii() else _ODD.sub(lambda found: "\0" if found[0] == "\0" else "\ufffd", text)


def lines(text: str) -> list[str]:
    """The lines as Python and editors count them: ended by `\\n`, `\\r\\n` or `\\r` only, the ends included."""
    found = _LINES.findall(text)
    if found and not found[-1]:
        found.pop()
    return found


class _Making:
    """The nodes of one text."""

    def __init__(self, text: str, above: int) -> None:
        # Only lines that are not ASCII count otherwise in bytes than in characters.
        self._wide: dict[int, bytes] = {}
        if not text.isascii():
            numbered = enumerate(lines(readable(text)), 1)
            self._wide = {number: line.encode() for number, line in numbered if not line.isascii()}
        self._above = above

    def statements(self, body: Sequence[ast.stmt]) -> list[Node]:
        return [self._node(statement, 1) for statement in body]

    def _column(self, line: int, column: int) -> int:
        wide = self._wide.get(line)
        return column if wide is None else len(wide[:column].decode(errors="replace"))

    def _node(self, node: Any, depth: int) -> Node:
        if depth > DEPTH:
            raise TooDeep(f"nested deeper than {DEPTH} nodes")
        kind = type(node)
        fields, text, ordered = _SHAPES.get(kind) or _shape(kind)
        children: list[tuple[str, Node]] = []
        deeper = depth + 1
        for role in fields:
            value = getattr(node, role)
            if value is None:
                continue
            if value.__class__ is list:
                children += [(role, self._node(item, deeper)) for item in value if item is not None]
            else:
                children.append((role, self._node(value, deeper)))
        line = getattr(node, "lineno", None)
        if line is None:
            span = _around(children)
        else:
            column, end_line, end = node.col_offset, node.end_lineno, node.end_col_offset
            if self._wide:
                column, end = self._column(line, column), self._column(end_line, end)
            span = Span(line + self._above, column, end_line + self._above, end)
        if not ordered and len(children) > 1:
            children.sort(key=_start)
        extra = _IDENTIFIERS.get(kind)
        if extra is not None:
            children += [(extra[0], Node("identifier", name, span)) for name in extra[1](node)]
        made = Node(kind.__name__, "" if text is None else text(node), span, tuple(children))
        if kind in _EMPTY_HEADS:
            made.children = tuple((role, _placed(child, span)) for role, child in made.children)
        return made


_NOWHERE = Span(0, 0, 0, 0)
_EMPTY_HEADS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _placed(child: Node, span: Span) -> Node:
    """An empty list of parameters stands at its function's start."""
    if child.span is _NOWHERE:
        child.span = Span(span.line, span.column, span.line, span.column)
    return child


def _around(children: Sequence[tuple[str, Node]]) -> Span:
    spans = [child.span for _, child in children if child.span is not _NOWHERE]
    if not spans:
        return _NOWHERE
    first, last = min(spans), max(spans, key=lambda span: (span.end_line, span.end_column))
    return Span(first.line, first.column, last.end_line, last.end_column)


def _start(pair: tuple[str, Node]) -> tuple[int, int]:
    span = pair[1].span
    return (span.line, span.column)


_TEXTS: dict[type, Callable[[Any], str]] = {
    ast.Name: lambda node: node.id,
    ast.Attribute: lambda node: node.attr,
    ast.Constant: lambda node: repr(node.value),
    ast.arg: lambda node: node.arg,
    ast.keyword: lambda node: node.arg or "",
    ast.FunctionDef: lambda node: node.name,
    ast.AsyncFunctionDef: lambda node: node.name,
    ast.ClassDef: lambda node: node.name,
    ast.alias: lambda node: node.name,
    ast.ImportFrom: lambda node: "." * node.level + (node.module or ""),
    ast.ExceptHandler: lambda node: node.name or "",
    ast.BinOp: lambda node: _OPERATORS[type(node.op)],
    ast.AugAssign: lambda node: _OPERATORS[type(node.op)],
    ast.UnaryOp: lambda node: _OPERATORS[type(node.op)],
    ast.BoolOp: lambda node: _OPERATORS[type(node.op)],
    ast.Compare: lambda node: ",".join([_OPERATORS[type(op)] for op in node.ops]),
    ast.FormattedValue: lambda node: chr(node.conversion) if node.conversion > 0 else "",
    ast.comprehension: lambda node: "async" if node.is_async else "",
    ast.MatchAs: lambda node: node.name or "",
    ast.MatchStar: lambda node: node.name or "",
    ast.MatchMapping: lambda node: node.rest or "",
    ast.MatchSingleton: lambda node: repr(node.value),
}
_IDENTIFIERS: dict[type, tuple[str, Callable[[Any], Sequence[str]]]] = {
    ast.alias: ("asname", lambda node: [node.asname] if node.asname else []),
    ast.Global: ("names", lambda node: node.names),
    ast.Nonlocal: ("names", lambda node: node.names),
    ast.MatchClass: ("kwd_attrs", lambda node: node.kwd_attrs),
}
_ORDERED = (ast.Name, ast.Constant, ast.Attribute, ast.Module, ast.JoinedStr, ast.If, ast.For, ast.Return, ast.Expr,
            ast.Assign, ast.BinOp, ast.Compare, ast.Subscript, ast.List, ast.Tuple, ast.keyword, ast.BoolOp,
            ast.UnaryOp, ast.With, ast.While, ast.Try, ast.FormattedValue)  # fmt: skip
"""Whose fields already come in the order of the source."""
_PLAIN = {"ctx", "op", "ops", "type_comment", "kind", "type_ignores", "simple", "conversion", "level", "is_async",
          "id", "attr", "arg", "name", "asname", "module", "rest", "kwd_attrs", "str"}  # fmt: skip
_SHAPES: dict[type, tuple[tuple[str, ...], Callable[[Any], str] | None, bool]] = {}


def _shape(kind: type) -> tuple[tuple[str, ...], Callable[[Any], str] | None, bool]:
    """The roles of a class of `ast`, what text it carries, and whether its fields come in the order of the source."""
    fields: list[str] = [role for role in kind._fields if role not in _PLAIN]  # type: ignore[attr-defined]
    if kind in (ast.Constant, ast.MatchSingleton):
        fields.remove("value")
    if kind in (ast.Global, ast.Nonlocal):
        fields.remove("names")
    text = _TEXTS.get(kind)
    if text is None and "name" in kind._fields and kind is not ast.ExceptHandler:  # type: ignore[attr-defined]
        # Parameters of types, of newer Pythons; a type alias's name is a node.
        def text(node: Any) -> str:
            return node.name if isinstance(node.name, str) else ""

        if kind.__name__ == "TypeAlias":
            fields.insert(0, "name")
    _SHAPES[kind] = (tuple(fields), text, kind in _ORDERED)
    return _SHAPES[kind]
