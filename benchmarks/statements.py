"""How many statements differ between two states of a unit: a second opinion, which shares nothing with the product.

A statement is one node, a compound one its head alone; handlers and cases count as statements. The number is the edit
distance between the two lists of heads: each insertion, removal and change is one, and what was only moved counts.
"""

import ast
from collections.abc import Iterator, Sequence

_INSIDE = ("body", "handlers", "cases", "orelse", "finalbody")
Unit = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_HEADED = ast.stmt | ast.ExceptHandler | ast.match_case


def parsed(text: str) -> ast.Module | None:
    """The tree of a text, None where it is no Python."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def units(text: str) -> dict[str, Unit]:
    """Functions and classes by qualified name; the last one where a name is defined twice."""
    tree = parsed(text)
    return dict(_units(tree, "")) if tree is not None else {}


def _units(tree: ast.AST, prefix: str) -> Iterator[tuple[str, Unit]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Unit):
            yield f"{prefix}{node.name}", node
            yield from _units(node, f"{prefix}{node.name}.")
        elif isinstance(node, _HEADED):
            yield from _units(node, prefix)


def innermost(text: str, line: int) -> str:
    """The qualified name of the smallest function or class around a line; empty for the module."""
    around = [(node.end_lineno or 0) - node.lineno for node in units(text).values() if _holds(node, line)]
    return next((name for name, node in units(text).items() if around and _holds(node, line)
                 and (node.end_lineno or 0) - node.lineno == min(around)), "")  # fmt: skip


def _holds(node: Unit, line: int) -> bool:
    first = min([node.lineno, *(entry.lineno for entry in node.decorator_list)])
    return first <= line <= (node.end_lineno or node.lineno)


def statements(unit: ast.AST) -> list[_HEADED]:
    """All statements below and with a node, outer ones first, docstrings and other bare strings left out."""
    found: list[_HEADED] = []
    waiting: list[ast.AST] = [unit]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            continue
        if isinstance(node, _HEADED):
            found.append(node)
        waiting += [inner for name in reversed(_INSIDE) for inner in reversed(getattr(node, name, None) or [])]
    return found


def head(node: ast.AST) -> str:
    """What a statement says without what is inside it, and without where it stands."""
    kept = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        if name not in _INSIDE:
            kept += [ast.dump(entry) if isinstance(entry, ast.AST) else repr(entry)
                     for entry in (value if isinstance(value, list) else [value])]  # fmt: skip
    return " ".join(kept)


def imports(text: str) -> list[str]:
    """The module's own import statements."""
    tree = parsed(text)
    return [head(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)] if tree else []


def code_lines(text: str) -> list[str]:
    """Lines without blank ones and comments, for text that does not parse."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def distance(before: Sequence[str], after: Sequence[str]) -> int:
    """The fewest insertions, removals and changes that make one list the other."""
    row = list(range(len(after) + 1))
    for index, old in enumerate(before, 1):
        above, row = row, [index]
        for column, new in enumerate(after, 1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (old != new)))
    return row[-1]


def changed(red: str, green: str, qualname: str, line: int | None = None) -> int | None:
    """How many statements of a unit differ between two files; None where one of them has no such unit.

    Without a name it is the module's statement at that line, which is there or is not; where that is an import, or no
    line is known, all of the module's imports. Where the red file does not parse: how many lines of the file.
    """
    tree = parsed(red)
    if tree is None:
        return distance(code_lines(red), code_lines(green))
    if not qualname:
        at = [node for node in tree.body if line and node.lineno <= line <= (node.end_lineno or 0)]
        if not at or isinstance(at[0], ast.Import | ast.ImportFrom):
            return distance(imports(red), imports(green))
        present = parsed(green)
        return 0 if present is not None and ast.dump(at[0]) in map(ast.dump, present.body) else None
    before, after = units(red).get(qualname), units(green).get(qualname)
    if before is None or after is None:
        return None
    return distance([*map(head, statements(before))], [*map(head, statements(after))])


def whole(red: str, green: str) -> int:
    """How far apart two files are: statements where both parse, else lines."""
    before, after = parsed(red), parsed(green)
    if before is None or after is None:
        return distance(code_lines(red), code_lines(green))
    return distance([*map(head, statements(before))], [*map(head, statements(after))])
