"""Mistakes of one statement: planted in code that passes, or left when a failing unit is repaired but for one place.

Pure functions over texts: whether a test really fails by it is found out by running. A mistake is an edit of
characters, so that the layout of everything else stays as it was.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from statements import head, parsed, statements, units


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """`red` is the text with the mistake; `planted` and `meant` the statement with it and without, as written."""

    kind: str
    red: str
    green: str
    planted: str
    meant: str
    unit: str


REPAIRED = "of the passing generation"
Span = tuple[int, int]


class Text:
    """A text that parses, and where its nodes stand in it, by characters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        tree = parsed(text)
        self.tree = tree if tree is not None and "\f" not in text else ast.Module(body=[], type_ignores=[])

    def at(self, line: int, column: int) -> int:
        """Columns of a tree count bytes."""
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode(errors="replace"))

    def span(self, node: ast.expr | ast.stmt) -> Span:
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno or 0, node.end_col_offset or 0)

    def line_around(self, position: int) -> Span:
        """The line that holds a character, without its margin and its end."""
        first = self.text.rfind("\n", 0, position) + 1
        line = self.text[first:].splitlines()[0]
        return first + len(line) - len(line.lstrip()), first + len(line.rstrip())

    def head_span(self, node: ast.stmt) -> Span:
        """A statement without what is inside it, up to the end of its line."""
        first, last = self.span(node)
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            last = first + len(self.text[first : self.span(body[0])[0]].rstrip())
        return first, last


def planted(text: str) -> Iterator[Edit]:
    """Every mistake of every kind that can be planted in a text, kind by kind, in the text's order."""
    whole = Text(text)
    for kind, plant in KINDS.items():
        for name, unit in units(text).items():
            if isinstance(unit, ast.ClassDef):
                continue
            for statement in statements(unit):
                if isinstance(statement, ast.stmt):
                    yield from _edits(whole, kind, plant, name, statement)
    yield from _missing_imports(whole)


Plant = Callable[[Text, ast.stmt], Iterator[tuple[Span, str]]]


def _edits(whole: Text, kind: str, plant: Plant, name: str, statement: ast.stmt) -> Iterator[Edit]:
    for (first, last), new in plant(whole, statement):
        red = f"{whole.text[:first]}{new}{whole.text[last:]}"
        if parsed(red) is None or red == whole.text:
            continue
        start, end = whole.head_span(statement)
        if kind == "removed None check":
            yield Edit(
                kind=kind, red=red, green=whole.text, planted="", meant=whole.text[first:last].strip(), unit=name
            )
            continue
        if not start <= first <= last <= end:  # an `except` is no part of its `try`
            start, end = whole.line_around(first)
        wrong = red[start : end + len(new) - (last - first)]
        yield Edit(kind=kind, red=red, green=whole.text, planted=wrong, meant=whole.text[start:end], unit=name)


def _own(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement's head."""
    for name, value in ast.iter_fields(statement):
        if name in ("body", "orelse", "finalbody", "handlers", "cases"):
            continue
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, ast.AST):
                yield from (node for node in ast.walk(entry) if isinstance(node, ast.expr))


def _wrong_operator(whole: Text, statement: ast.stmt) -> Iterator[tuple[Span, str]]:
    arithmetic = {ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.Mult: ast.Add(), ast.Div: ast.Mult()}
    compared = {ast.Eq: ast.NotEq(), ast.NotEq: ast.Eq(), ast.Lt: ast.Gt(), ast.Gt: ast.Lt(), ast.In: ast.NotIn()}
    for node in _own(statement):
        if isinstance(node, ast.BinOp) and type(node.op) in arithmetic:
            new: ast.expr = ast.BinOp(left=node.left, op=arithmetic[type(node.op)], right=node.right)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in compared:
            new = ast.Compare(left=node.left, ops=[compared[type(node.ops[0])]], comparators=node.comparators)
        else:
            continue
        yield whole.span(node), ast.unparse(new)


def _off_by_one(whole: Text, statement: ast.stmt) -> Iterator[tuple[Span, str]]:
    for node in _own(statement):
        inside: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
            inside = node.args
        elif isinstance(node, ast.Subscript):
            inside = [node.slice]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            inside = [node.right]
        for entry in inside:
            if isinstance(entry, ast.Constant) and type(entry.value) is int:
                yield whole.span(entry), str(entry.value + 1)
            elif isinstance(node, ast.Call) and isinstance(entry, ast.Call):
                yield whole.span(entry), f"{ast.unparse(entry)} - 1"


def _wrong_attribute(whole: Text, statement: ast.stmt) -> Iterator[tuple[Span, str]]:
    for node in _own(statement):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield whole.span(node), f"{ast.unparse(node.value)}.{_other_name(node.attr)}"


def _other_name(name: str) -> str:
    known = {"append": "push", "items": "entries", "strip": "trim", "get": "fetch", "split": "explode"}
    return known.get(name, f"{name}s" if not name.endswith("s") else name[:-1] or "x")


def _swapped_arguments(whole: Text, statement: ast.stmt) -> Iterator[tuple[Span, str]]:
    for node in _own(statement):
        if isinstance(node, ast.Call) and len(node.args) >= 2:
            args = [node.args[1], node.args[0], *node.args[2:]]
            yield whole.span(node), ast.unparse(ast.Call(func=node.func, args=args, keywords=node.keywords))


def _missing_return(whole: Text, statement: ast.stmt) -> Iterator[tuple[Span, str]]:
    if isinstance(statement, ast.Return) and statement.value is not None:
        yield whole.span(statement), ast.unparse(statement.value)


def _wrong_exception(whole: Text, statement: ast.stmt) -> Iterator[tuple[Span, str]]:
    if isinstance(statement, ast.Raise) and statement.exc is not None:
        named = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        if isinstance(named, ast.Name):
            yield whole.span(named), "KeyError" if named.id != "KeyError" else "ValueError"
    if isinstance(statement, ast.Try):
        for handler in statement.handlers:
            if isinstance(handler.type, ast.Name):
                yield whole.span(handler.type), "OSError" if handler.type.id != "OSError" else "KeyError"


def _wrong_default(whole: Text, statement: ast.stmt) -> Iterator[tuple[Span, str]]:
    given: list[ast.expr] = []
    if isinstance(statement, ast.FunctionDef):
        given = [*statement.args.defaults, *(entry for entry in statement.args.kw_defaults if entry is not None)]
    else:
        for node in _own(statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 2:
                given += node.args[1:] if node.func.attr in ("get", "pop", "setdefault") else []
            elif isinstance(node, ast.Call):
                given += [word.value for word in node.keywords]
    for value in given:
        if isinstance(value, ast.Constant):
            yield whole.span(value), _other_value(value.value)


def _other_value(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return repr(not value)
    return repr(value + 7) if isinstance(value, int | float) else "None"


def _wrong_literal(whole: Text, statement: ast.stmt) -> Iterator[tuple[Span, str]]:
    for node in _own(statement):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if re.fullmatch(r"[\w ]{2,}", node.value) and whole.text[slice(*whole.span(node))][:1] in ("'", '"'):
            yield whole.span(node), repr(node.value[:-1])


def _removed_check(whole: Text, statement: ast.stmt) -> Iterator[tuple[Span, str]]:
    """A guard that leaves early where something is missing."""
    if not isinstance(statement, ast.If) or statement.orelse or len(statement.body) != 1:
        return
    if not isinstance(statement.body[0], ast.Return | ast.Raise | ast.Continue):
        return
    missing = ast.unparse(statement.test)
    if re.search(r"\bis None\b|^not [\w.]+$|\bnot in\b|== (0|'')", missing):
        first, last = whole.span(statement)
        first = whole.at(statement.lineno, 0)
        yield (first, last + len(whole.text[last:]) - len(whole.text[last:].lstrip("\r\n"))), ""


def _missing_imports(whole: Text) -> Iterator[Edit]:
    for node in whole.tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and len(node.names) == 1 and node.lineno == node.end_lineno:
            first, last = whole.at(node.lineno, 0), whole.starts[node.lineno]
            red = whole.text[:first] + whole.text[last:]
            meant = whole.text[first:last].strip()
            if parsed(red) is not None:
                yield Edit(kind="missing import", red=red, green=whole.text, planted="", meant=meant, unit="")


KINDS: dict[str, Plant] = {
    "wrong operator": _wrong_operator,
    "off by one": _off_by_one,
    "wrong attribute name": _wrong_attribute,
    "swapped arguments": _swapped_arguments,
    "missing return": _missing_return,
    "wrong exception": _wrong_exception,
    "wrong default": _wrong_default,
    "wrong literal": _wrong_literal,
    "removed None check": _removed_check,
}

AWAITS = (
    ("fetch", "value = await self.load(key)", "value = self.load(key)"),
    ("total", "parts = await gather_parts(self.names)", "parts = gather_parts(self.names)"),
    ("close", "await self.flush()", "self.flush()"),
)
"""No generation that passes awaits anything, so these few are our own: a method, its right statement, its wrong one."""

AWAITING = """import asyncio


async def gather_parts(names):
    await asyncio.sleep(0)
    return [len(name) for name in names]


class Shelf:
    def __init__(self):
        self.names = ["one", "three"]
        self.open = True

    async def load(self, key):
        await asyncio.sleep(0)
        return self.names[key]

    async def flush(self):
        await asyncio.sleep(0)
        self.names.clear()

    async def fetch(self, key):
        value = await self.load(key)
        return value.upper()

    async def total(self):
        parts = await gather_parts(self.names)
        return sum(parts)

    async def close(self):
        await self.flush()
        self.open = False
"""
AWAITING_TEST = """import asyncio

from shelf import Shelf


def test_fetch():
    assert asyncio.run(Shelf().fetch(1)) == "THREE"


def test_total():
    assert asyncio.run(Shelf().total()) == 8


def test_close():
    shelf = Shelf()
    asyncio.run(shelf.close())
    assert shelf.names == []
"""


def missing_awaits() -> Iterator[Edit]:
    for method, right, wrong in AWAITS:
        red = AWAITING.replace(right, wrong, 1)
        yield Edit(kind="missing await", red=red, green=AWAITING, planted=wrong, meant=right, unit=f"Shelf.{method}")


def repaired(failing: str, passing: str) -> Iterator[Edit]:
    """Repairs of one statement: that of a unit of the failing text replaced by what the passing one has in its place.

    The units that differ least come first.
    """
    before, after = units(failing), units(passing)
    whole, other = Text(failing), Text(passing)
    found: list[tuple[int, Edit]] = []
    for name, unit in before.items():
        if isinstance(unit, ast.ClassDef) or name not in after or isinstance(after[name], ast.ClassDef):
            continue
        olds = [node for node in statements(unit)[1:] if isinstance(node, ast.stmt)]
        news = [node for node in statements(after[name])[1:] if isinstance(node, ast.stmt)]
        codes = SequenceMatcher(None, [*map(head, olds)], [*map(head, news)], autojunk=False).get_opcodes()
        different = sum(max(b - a, d - c) for tag, a, b, c, d in codes if tag != "equal")
        for tag, a, b, c, d in codes:
            if tag != "replace" or b - a != d - c:
                continue
            for old, new in zip(olds[a:b], news[c:d], strict=True):
                edit = _exchanged(whole, other, name, old, new)
                if edit is not None:
                    found.append((different, edit))
    found.sort(key=lambda entry: entry[0])
    yield from (edit for _, edit in found)


def _exchanged(whole: Text, other: Text, name: str, old: ast.stmt, new: ast.stmt) -> Edit | None:
    if hasattr(old, "body") != hasattr(new, "body") or isinstance(old, ast.Try) or isinstance(new, ast.Try):
        return None
    first, last = whole.head_span(old)
    meant = other.text[slice(*other.head_span(new))]
    if hasattr(old, "body") and "\n" in meant + whole.text[first:last]:
        return None
    green = f"{whole.text[:first]}{meant}{whole.text[last:]}"
    if parsed(green) is None:
        return None
    wrong = whole.text[first:last]
    return Edit(kind=REPAIRED, red=whole.text, green=green, planted=wrong, meant=meant, unit=name)
