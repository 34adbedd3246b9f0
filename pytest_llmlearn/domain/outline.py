"""Code as a list of steps: one for every statement, a compound one by its head alone, each knowing its parent.

A list is what two states of a unit are compared by: wrapping a statement in an `if` then adds one step and moves none.
Invariant: comments, layout, docstrings and other bare strings make no step; equal code makes equal keys.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from itertools import groupby

from pytest_llmlearn.domain.source import Definition, lines_of, parse

_BRANCHES = ("body", "handlers", "cases", "orelse", "finalbody")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_BARE_STRING = re.compile(r"""[rbuf]{0,2}(\"{3}|'{3})""", re.IGNORECASE)
_WHITE = re.compile(r"\s+")
_COMMENT = re.compile(r"\s+#[^'\"]*$")

_AROUND = "if True:\n"
"""What makes indented text parse."""
LINE = "line"
"""The kind of a step of text that does not parse."""


class Step:
    """One statement, one head of a compound statement, or a line of its own such as `else:`.

    `key` is equal for equal code. `parent` is the index of the head it stands below (-1 for none), `branch` the
    block of that head; `first` and `last` are its lines in the text, from 1. `counted` is False for lines that are
    no statement (`else:`, `finally:`). `text` is its code on one line, without comments.
    """

    # A plain slotted class: two hundred of them are made for one comparison, and frozen ones take three times as long.
    __slots__ = ("_tokens", "branch", "counted", "depth", "first", "key", "kind", "last", "node", "parent", "text")

    def __init__(
        self,
        *,
        key: str,
        kind: str,
        parent: int,
        branch: str,
        depth: int,
        first: int,
        last: int,
        text: str,
        node: ast.AST | None = None,
        counted: bool = True,
    ) -> None:
        self.key = key
        self.kind = kind
        self.parent = parent
        self.branch = branch
        self.depth = depth
        self.first = first
        self.last = last
        self.text = text
        self.node = node
        self.counted = counted
        self._tokens: frozenset[str] | None = None

    @property
    def tokens(self) -> frozenset[str]:
        """The words and signs of its text."""
        if self._tokens is None:
            self._tokens = frozenset(_TOKEN.findall(self.text))
        return self._tokens

    @property
    def is_definition(self) -> bool:
        """Whether it is the head of a function or a class."""
        return self.kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef") or (
            self.kind == LINE and self.text.startswith(("def ", "async def ", "class "))
        )


def readable(text: str) -> str | None:
    """The text as it parses, None where it does not: a unit with a string at the margin could not be dedented."""
    if parse(text) is not None:
        return text
    if text[:1] in (" ", "\t"):
        wrapped = f"{_AROUND}{text}"
        if parse(wrapped) is not None:
            return wrapped
    return None


def outline(text: str, keys: dict[str, str]) -> tuple[Step, ...]:
    """The steps of a text that parses, in order; none where it does not.

    `keys` remembers the key of every written line between two calls: writing a tree out costs more than all the rest,
    and two states of a unit share most of their lines.

    Raises:
        RecursionError: an expression is nested too deeply.
    """
    tree = parse(text)
    if tree is None:
        return ()
    reader = _Reader(text, keys)
    body: Sequence[ast.stmt] = tree.body
    if text.startswith(_AROUND) and len(body) == 1 and isinstance(body[0], ast.If):
        body = body[0].body
        reader.added = 1
    reader.block(body, -1, "body", 0)
    return tuple(reader.steps)


class _Reader:
    """Walks a tree once, outer statements first."""

    def __init__(self, text: str, keys: dict[str, str]) -> None:
        self.steps: list[Step] = []
        self.added = 0
        """Lines put before the text to make it parse."""
        self._keys = keys
        self._lines = lines_of(text)
        self._ascii = text.isascii()

    def block(self, body: Sequence[ast.stmt], parent: int, branch: str, depth: int) -> None:
        kept = [node for node in body if not _is_bare_string(node) and not isinstance(node, ast.Pass)]
        if not kept and body:
            # A body of a docstring alone does what `pass` does.
            self._add("Pass", "Pass", "pass", body[0].lineno, body[-1].end_lineno or 0, parent, branch, depth, None)
        if depth == 0 or self.steps[parent].kind == "ClassDef":
            kept = self._in_any_order(kept)
        for node in kept:
            self.statement(node, parent, branch, depth)

    def _in_any_order(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        """Definitions that stand together by their name, imports by their code: to move them changes nothing."""
        ordered: list[ast.stmt] = []
        for kind, together in groupby(body, _sort):
            if kind == "definition":
                ordered += sorted(together, key=lambda node: node.name)  # type: ignore[attr-defined]
            elif kind == "import":
                ordered += sorted(together, key=_written_anew)
            else:
                ordered += together
        return ordered

    def statement(self, node: ast.stmt, parent: int, branch: str, depth: int) -> None:
        kind = type(node).__name__
        if isinstance(node, Definition):
            for decorator in node.decorator_list:
                key, text = f"@{_written_anew(decorator)}", f"@{self._shown(decorator)}"
                end = decorator.end_lineno or decorator.lineno
                self._add(key, "Decorator", text, decorator.lineno, end, parent, branch, depth, decorator)
        if isinstance(node, ast.Try | ast.TryStar):
            index = self._add(kind, kind, "try:", node.lineno, node.lineno, parent, branch, depth, None)
        elif (first := _first_inside(node)) is not None:
            last = max(node.lineno, first.lineno - 1)
            text = self._shown_head(node, first)
            key = self._keys.get(text, "")
            if not key:
                key = _written_anew(_head(node)).strip()
                self._keys[text or key] = key
            text = text or key
            index = self._add(key, kind, text, node.lineno, last, parent, branch, depth, node)
        else:
            end = node.end_lineno or node.lineno
            text = self._shown(node)
            self._add(self._key(node, text), kind, text, node.lineno, end, parent, branch, depth, node)
            return
        for name in _BRANCHES:
            self._branch(node, name, getattr(node, name, None) or (), index, depth)

    def _branch(self, node: ast.stmt, name: str, inside: Sequence[ast.AST], index: int, depth: int) -> None:
        if name in ("handlers", "cases"):
            for entry in inside:
                text = _written_anew(_head(entry)).strip()
                line = getattr(entry, "lineno", None) or entry.pattern.lineno  # type: ignore[attr-defined]
                body: Sequence[ast.stmt] = entry.body  # type: ignore[attr-defined]
                # `except` stands at the depth of its `try`, `case` inside its `match`.
                deep = depth + (name == "cases")
                own = self._add(text, name, text, line, max(line, body[0].lineno - 1), index, name, deep, entry)
                self.block(body, own, "body", deep + 1)
            return
        statements = [entry for entry in inside if isinstance(entry, ast.stmt)]
        if name == "orelse" and isinstance(node, ast.If) and _is_elif(node, self._lines):
            self.elif_(statements[0], index, depth)
            return
        if name in ("orelse", "finalbody") and statements:
            text = "else:" if name == "orelse" else "finally:"
            line = max(self.steps[-1].last + self.added, statements[0].lineno - 1)
            self._add(text, name, text, line, line, index, name, depth, None, counted=False)
        if statements:
            self.block(statements, index, name, depth + 1)

    def elif_(self, node: ast.stmt, parent: int, depth: int) -> None:
        """An `elif` is the `if` that it is in the tree, at the depth at which it is written."""
        before = len(self.steps)
        self.statement(node, parent, "orelse", depth)
        step = self.steps[before]
        step.text = step.text if step.text.startswith("elif") else f"el{step.text}"

    def _add(
        self,
        key: str,
        kind: str,
        text: str,
        first: int,
        last: int,
        parent: int,
        branch: str,
        depth: int,
        node: ast.AST | None,
        *,
        counted: bool = True,
    ) -> int:
        self.steps.append(
            Step(
                key=key, kind=kind, parent=parent, branch=branch, depth=depth, first=first - self.added,
                last=last - self.added, text=text,
                node=node, counted=counted,
            )
        )  # fmt: skip
        return len(self.steps) - 1

    def _shown(self, node: ast.stmt | ast.expr) -> str:
        """Its code as written where that is one line, else written anew on one."""
        line = self._lines[node.lineno - 1] if node.lineno <= len(self._lines) else ""
        if node.lineno != node.end_lineno:
            return _written_anew(node)
        if self._ascii:
            return line[node.col_offset : node.end_col_offset]
        return line.encode("utf-8", "replace")[node.col_offset : node.end_col_offset].decode("utf-8", "replace")

    def _shown_head(self, node: ast.stmt, first: ast.stmt) -> str:
        """The head as written, where it is one line; else empty."""
        line = _COMMENT.sub("", self._lines[node.lineno - 1].strip()).rstrip()
        whole = all(line.count(opening) == line.count(closing) for opening, closing in ("()", "[]", "{}"))
        return line if line.endswith(":") and whole and first.lineno > node.lineno else ""

    def _key(self, node: ast.stmt, text: str) -> str:
        """Its code as Python would write it, where quotes, blanks and parentheses make no difference."""
        if node.lineno != node.end_lineno:
            return text
        key = self._keys.get(text)
        if key is None:
            key = self._keys[text] = _written_anew(node)
        return key


def _written_anew(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except ValueError:  # some f-strings Python cannot write out again
        return ast.dump(node)


def _sort(node: ast.stmt) -> str:
    if isinstance(node, Definition):
        return "definition"
    return "import" if isinstance(node, ast.Import | ast.ImportFrom) else ""


def _is_bare_string(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_elif(node: ast.If, lines: Sequence[str]) -> bool:
    """Whether its `else` holds one `if` only, written as `elif`."""
    if len(node.orelse) != 1 or not isinstance(node.orelse[0], ast.If):
        return False
    inner = node.orelse[0]
    return lines[inner.lineno - 1].lstrip().startswith("elif")


def _first_inside(node: ast.stmt) -> ast.stmt | None:
    """The first statement of a compound one."""
    body = getattr(node, "body", None)
    if isinstance(node, ast.Match):
        return node.cases[0].body[0]
    return body[0] if isinstance(body, list) and body and isinstance(body[0], ast.stmt) else None


def _head(node: ast.AST) -> ast.AST:
    """A compound statement without what is in it and without decorators; the tree itself is shared and stays whole."""
    fields = {name: getattr(node, name) for name in node._fields if hasattr(node, name)}
    for name in (*_BRANCHES, "decorator_list"):
        if name in fields:
            fields[name] = []
    copy = type(node)(**fields)
    for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
        if hasattr(node, name):
            setattr(copy, name, getattr(node, name))
    return copy


def written(text: str) -> tuple[Step, ...]:
    """The lines of a text that does not parse, as steps: blank lines, comments and strings at a line's start make none.

    A line's parent is the nearest one above that is indented less.
    """
    steps: list[Step] = []
    above: list[tuple[int, int]] = []
    closing = ""
    for number, line in enumerate(lines_of(text), 1):
        stripped = line.strip()
        if closing:
            closing = "" if closing in stripped else closing
            continue
        opened = _BARE_STRING.match(stripped)
        if opened:
            mark = opened.group(1)
            closing = "" if mark in stripped[opened.end() :] else mark
            continue
        if not stripped or stripped.startswith("#"):
            continue
        stripped = _COMMENT.sub("", stripped)
        indent = len(line.expandtabs()) - len(line.expandtabs().lstrip())
        while above and above[-1][0] >= indent:
            above.pop()
        parent = above[-1][1] if above else -1
        steps.append(
            Step(
                key=_WHITE.sub(" ", stripped), kind=LINE, parent=parent, branch="body", depth=len(above),
                first=number, last=number, text=stripped, counted=any(map(str.isalnum, stripped)),
            )
        )  # fmt: skip
        above.append((indent, len(steps) - 1))
    return tuple(steps)
