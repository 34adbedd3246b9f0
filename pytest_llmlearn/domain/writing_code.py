"""Pieces of code as text: taken out of a file where they stand, and written with other names."""

from __future__ import annotations

import ast
import copy
import textwrap
from collections.abc import Mapping, Sequence

from pytest_llmlearn.domain import parsing
from pytest_llmlearn.domain.tree import Span
from pytest_llmlearn.domain.unifying import dumped, name_of

_ATOMS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.List, ast.Dict, ast.Set, ast.JoinedStr,
          ast.ListComp, ast.SetComp, ast.DictComp)  # fmt: skip


class Written:
    """A file's text, in which the positions of its tree are found."""

    def __init__(self, text: str) -> None:
        self._lines = [line.removesuffix("\r") for line in text.split("\n")]

    def line(self, number: int) -> str:
        """The line of that number, from 1."""
        return self._lines[number - 1]

    def span(self, first: ast.AST, last: ast.AST | None = None) -> Span:
        """From where a piece begins to where it, or another one, ends."""
        last = last if last is not None else first
        line, end = first.lineno, last.end_lineno  # type: ignore[attr-defined]
        return Span(
            line,
            self._column(line, first.col_offset),  # type: ignore[attr-defined]
            end,
            self._column(end, last.end_col_offset),  # type: ignore[attr-defined]
        )

    def point(self, code: ast.AST) -> Span:
        """Where a piece begins."""
        span = self.span(code)
        return Span(span.line, span.column, span.line, span.column)

    def follows(self, span: Span) -> bool:
        """Whether code follows on the line where the stretch ends; a comment is none."""
        rest = self.line(span.end_line)[span.end_column :].strip()
        return bool(rest) and not rest.startswith("#")

    def text_of(self, code: ast.AST) -> str:
        """An expression's text, in parentheses where it may need them; written anew where it has no place."""
        text = ""
        if isinstance(code, ast.expr):
            span = self.span(code)
            text = _cut(self._lines, span)
            try:
                if dumped(parsing.expression(f"({text}\n)")) != dumped(code):
                    text = ""
            except (SyntaxError, ValueError):
                text = ""
        text = text or ast.unparse(code)
        return text if isinstance(code, _ATOMS) else f"({text})"

    def _column(self, number: int, offset: int) -> int:
        line = self.line(number)
        return offset if line.isascii() else len(line.encode("utf-8", "replace")[:offset].decode("utf-8", "ignore"))


class Template:
    """Pieces of a text, to be written with other names. All statements stand in a row, or it is one expression."""

    def __init__(self, text: str, pieces: Sequence[ast.AST]) -> None:
        self._written = Written(text)
        self._lines = text.split("\n")
        self._pieces = pieces

    def expression(self, names: Mapping[str, str], *, alone: bool = False) -> str | None:
        """The expression as it stands in place of another, in parentheses where it may need them, which it does not
        where it stands `alone`; None where it cannot be written."""
        (piece,) = self._pieces
        text = self._renamed(names)
        if text is None:
            return None
        return text if alone or isinstance(piece, _ATOMS) else f"({text})"

    def statements(self, names: Mapping[str, str]) -> str | None:
        """The statements, dedented; None where they cannot be written."""
        text = self._renamed(names)
        if text is None:
            return None
        indent = " " * self._pieces[0].col_offset  # type: ignore[attr-defined]
        return textwrap.dedent(f"{indent}{text}")

    def _renamed(self, names: Mapping[str, str]) -> str | None:
        span = self._written.span(self._pieces[0], self._pieces[-1])
        text = _cut(self._lines, span)
        if all(name == other for name, other in names.items()):
            return text
        if any(isinstance(node, ast.JoinedStr) for piece in self._pieces for node in ast.walk(piece)):
            return self._anew(names)
        places = []
        for piece in self._pieces:
            for node in ast.walk(piece):
                name = name_of(node)
                if name is None or name not in names:
                    continue
                at = self._written.span(node)
                places.append((Span(at.line, at.column, at.line, at.column + len(name)), names[name]))
        lines = list(self._lines)
        end = span.end_column
        for at, name in sorted(places, reverse=True):
            line = lines[at.line - 1]
            lines[at.line - 1] = f"{line[: at.column]}{name}{line[at.end_column :]}"
            if at.line == span.end_line:
                end += len(name) - (at.end_column - at.column)
        if any("\n" in name for name in names.values()):
            return None
        return _cut(lines, Span(span.line, span.column, span.end_line, end))

    def _anew(self, names: Mapping[str, str]) -> str | None:
        """Written by Python: what stands in an f-string has no place of its own before 3.12."""
        parts = []
        for piece in self._pieces:
            made = copy.deepcopy(piece)
            for node in ast.walk(made):
                if isinstance(node, ast.Name) and node.id in names:
                    node.id = names[node.id]
                elif isinstance(node, ast.arg) and node.arg in names:
                    node.arg = names[node.arg]
            parts.append(ast.unparse(made))
        indent = " " * self._pieces[0].col_offset  # type: ignore[attr-defined]
        first, _, rest = "\n".join(parts).partition("\n")
        return f"{first}\n{textwrap.indent(rest, indent)}" if rest else first


def _cut(lines: Sequence[str], span: Span) -> str:
    if span.line == span.end_line:
        return lines[span.line - 1][span.column : span.end_column]
    middle = lines[span.line : span.end_line - 1]
    return "\n".join((lines[span.line - 1][span.column :], *middle, lines[span.end_line - 1][: span.end_column]))
