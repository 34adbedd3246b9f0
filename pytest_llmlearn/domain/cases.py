"""The cases of a test that are written out: rows of tables, and values put in place of names.

Nothing is evaluated; a table that is made by code has no rows here.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from pytest_llmlearn.domain.assertion import called_name
from pytest_llmlearn.domain.claims import is_literal

ROWS = 40
"""Rows of a table that are read as assertions of their own; longer ones are compared row by row as they are written."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def longest_table(tree: ast.AST) -> int:
    """Rows of the longest table that is written out, in a decorator or a loop; the product of several decorators."""
    product, longest = 1, 0
    for node in ast.walk(tree):
        if isinstance(node, Function):
            for decorator in node.decorator_list:
                if (table := parametrised(decorator)) is not None:
                    product *= max(1, len(table[1]))
        if isinstance(node, ast.For | ast.AsyncFor) and (table_rows := rows(node.iter, {})) is not None:
            longest = max(longest, len(table_rows))
    return max(product, longest)


def parametrised(decorator: ast.expr) -> tuple[list[str], list[ast.expr]] | None:
    """Names and rows of `pytest.mark.parametrize`, rows alone of `parameterized.expand` and `ddt.data`."""
    if not isinstance(decorator, ast.Call):
        return None
    name, arguments = called_name(decorator), list(decorator.args)
    options = {keyword.arg: keyword.value for keyword in decorator.keywords}
    if name == "parametrize":
        arguments += [options[key] for key in ("argnames", "argvalues") if key in options]
        found = rows(arguments[1], {}) if len(arguments) > 1 else None
        return (_argument_names(arguments[0]), found) if found is not None else None
    if name == "expand" and arguments:
        found = rows(arguments[0], {})
        return ([], found) if found is not None else None
    return ([], arguments) if name == "data" else None


def _argument_names(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [name.strip() for name in node.value.split(",") if name.strip()]
    if isinstance(node, ast.List | ast.Tuple):
        return [entry.value for entry in node.elts if isinstance(entry, ast.Constant) and isinstance(entry.value, str)]
    return []


def rows(node: ast.expr, values: Mapping[str, ast.expr]) -> list[ast.expr] | None:
    """What a loop goes over or a table holds, where it is written out."""
    if isinstance(node, ast.Name) and node.id in values:
        node = values[node.id]
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return None if any(isinstance(entry, ast.Starred) for entry in node.elts) else list(node.elts)
    if isinstance(node, ast.Call):
        name, inside = called_name(node), node.args[0] if node.args else None
        if name == "items" and isinstance(node.func, ast.Attribute):
            table = node.func.value
            table = values.get(table.id, table) if isinstance(table, ast.Name) else table
            if isinstance(table, ast.Dict) and None not in table.keys:
                pairs = zip(table.keys, table.values, strict=True)
                return [ast.Tuple(elts=[key, value], ctx=ast.Load()) for key, value in pairs if key is not None]
        count = inside.value if isinstance(inside, ast.Constant) and len(node.args) == 1 else None
        if name == "range" and isinstance(count, int):
            return [ast.Constant(value) for value in range(min(count, ROWS + 1))]
        if name == "enumerate" and inside is not None and (found := rows(inside, values)) is not None:
            return [ast.Tuple(elts=[ast.Constant(n), row], ctx=ast.Load()) for n, row in enumerate(found)]
        if name == "zip" and node.args:
            columns = [rows(column, values) for column in node.args]
            known = [column for column in columns if column is not None]
            if len(known) == len(columns):
                return [ast.Tuple(elts=list(row), ctx=ast.Load()) for row in zip(*known, strict=False)]
    return None


def targets(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Tuple | ast.List):
        return [entry.id if isinstance(entry, ast.Name) else "" for entry in node.elts]
    return []


def bound(names: Sequence[str], row: ast.expr) -> dict[str, ast.expr]:
    """The names with one row's values."""
    if isinstance(row, ast.Call) and called_name(row) == "param":
        values = list(row.args)
    elif len(names) == 1:
        values = [row]
    else:
        values = list(row.elts) if isinstance(row, ast.Tuple | ast.List) else []
    return dict(zip(names, values, strict=False))


def substituted(
    node: ast.expr, values: Mapping[str, ast.expr], hidden: frozenset[str], *, direct: bool = True
) -> ast.expr:
    """A copy of `node` with the values that are known in place of names, and `_` for every hidden one.

    `direct` puts calls, too, in place of the names that they were assigned to, where these are what is compared.
    """
    return _Values(values, hidden, direct).put(ast.parse(ast.unparse(node), mode="eval").body)


class _Values(ast.NodeTransformer):
    """Puts known values in place of names."""

    def __init__(self, values: Mapping[str, ast.expr], hidden: frozenset[str], direct: bool) -> None:
        self._values = values
        self._hidden = hidden
        self._direct = direct
        self._in_text = False

    def put(self, node: ast.expr) -> ast.expr:
        if self._direct:
            self._sides(node)
        found = self.visit(node)
        assert isinstance(found, ast.expr)
        return found

    def _sides(self, node: ast.expr) -> None:
        """`result` on a side of a comparison, or as an assertion's argument, is the call it was assigned."""
        if isinstance(node, ast.Compare):
            node.left = self._call(node.left)
            node.comparators = [self._call(entry) for entry in node.comparators]
        elif isinstance(node, ast.Call):
            node.args = [self._call(entry) for entry in node.args]
            for argument in node.args:
                self._sides(argument)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                self._sides(value)
        elif isinstance(node, ast.UnaryOp):
            self._sides(node.operand)

    def _call(self, node: ast.expr) -> ast.expr:
        value = self._values.get(node.id) if isinstance(node, ast.Name) else None
        inside = value.value if isinstance(value, ast.Await) else value
        return value if value is not None and isinstance(inside, ast.Call) else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        value = self._values.get(node.id)
        if value is not None and isinstance(node.ctx, ast.Load) and is_literal(value) and not self._in_text:
            return value
        return ast.Name(id="_", ctx=node.ctx) if node.id in self._hidden else node

    def visit_Await(self, node: ast.Await) -> ast.AST:
        return self.visit(node.value)  # type: ignore[no-any-return]  # to wait for a value claims nothing of it

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        # A string within an f-string cannot always be written out again: its quotes may be taken.
        before, self._in_text = self._in_text, True
        self.generic_visit(node)
        self._in_text = before
        return node
