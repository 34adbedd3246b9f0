"""Which pieces of a failing line an exception speaks of.

Every piece begins or stands on the line. What an exception does not speak of is left out where it can be told: each
piece becomes a shape that is looked for, and one that had nothing to do with the failure is a false alarm to come.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pytest_llmlearn.domain.type_wordings import read_attribute_error

Aim = Literal[
    "raise", "import", "keyword", "member", "attribute", "item", "key", "unpack", "iterate", "divide", "convert",
    "operate", "call", "mapping", "array",
]  # fmt: skip
"""What of a piece was wrong: that it was raised, imported, called with that keyword, a name that the module
lacks, asked for that attribute, item or key, unpacked, gone through, divided by, read as a number, used with that
operator, or called so at all; or that what it names was taken for a mapping or an array, which it is not."""
Piece: TypeAlias = ast.expr | ast.stmt | ast.comprehension
MESSAGE = 600
"""Characters of a message that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """A piece of code with what was wrong with it; `name` is the name, keyword or operator that the message tells."""

    aim: Aim
    piece: Piece
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The code that runs on one line, without the bodies of compound statements; `imports` as `names.imported`."""

    pieces: Sequence[Piece]
    number: int
    imports: Mapping[str, str]

    def of(self, *kinds: type) -> list[Piece]:
        """The pieces of these kinds that begin on the line; if none does, those that stand around it."""
        found = [piece for piece in self.pieces if isinstance(piece, kinds)]
        return [piece for piece in found if _first(piece) == self.number] or found


def line_of(tree: ast.Module, number: int, imports: Mapping[str, str]) -> Line:
    """What runs on that line."""
    return Line(pieces=tuple(_pieces(tree, number)), number=number, imports=imports)


def focuses(line: Line, exception: str, message: str) -> list[Focus]:
    """The pieces that the exception speaks of; `exception` without its module.

    Of a line on which nothing fits, its calls; none where it calls nothing either.
    """
    message = message[:MESSAGE].partition("\n")[0]
    raised = [piece for piece in line.of(ast.Raise) if isinstance(piece, ast.Raise) and piece.exc is not None]
    if raised:
        return [Focus(aim="raise", piece=piece) for piece in raised]
    for spoken_of, find in _READERS:
        if spoken_of(exception, message):
            found = list(find(line, message))
            if found:
                return [*found, *_mistaken(found, message)]
    return list(_calls(line, message))


def _mistaken(found: Sequence[Focus], message: str) -> Iterator[Focus]:
    """What was taken for something else: it would fail in the other ways too in which such a thing is used."""
    for aim, says in (("mapping", _NO_MAPPING), ("array", _NO_ARRAY)):
        if says.search(message) is None:
            continue
        for focus in found:
            piece = focus.piece
            named: ast.expr | None = None
            if isinstance(piece, ast.Subscript | ast.Attribute):
                named = piece.value
            elif isinstance(piece, ast.Compare):
                named = piece.comparators[-1]
            if isinstance(named, ast.Name | ast.Attribute):
                yield Focus(aim="mapping" if aim == "mapping" else "array", piece=named)


# What runs on a line ------------------------------------------------------------------------------------------------


def _first(piece: Piece) -> int:
    return int(piece.target.lineno if isinstance(piece, ast.comprehension) else piece.lineno)


def _last(piece: Piece) -> int:
    if isinstance(piece, ast.comprehension):
        return piece.iter.end_lineno or 0
    body = getattr(piece, "body", None)
    if isinstance(piece, ast.stmt) and isinstance(body, list) and body:
        return max(piece.lineno, int(body[0].lineno) - 1)
    return piece.end_lineno or piece.lineno


def _pieces(node: ast.AST, number: int) -> Iterator[Piece]:
    waiting: list[ast.AST] = [node]
    while waiting:
        around = waiting.pop()
        for child in ast.iter_child_nodes(around):
            end = getattr(child, "end_lineno", None)
            if end is not None and not (child.lineno <= number <= end):  # type: ignore[attr-defined]
                continue
            waiting.append(child)
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if isinstance(child, ast.expr | ast.stmt | ast.comprehension) and _first(child) <= number <= _last(child):
                yield child


# What exceptions speak of -------------------------------------------------------------------------------------------


def _subscripts(line: Line, message: str) -> Iterator[Focus]:
    found = [piece for piece in line.of(ast.Subscript) if isinstance(piece, ast.Subscript)]
    by: Callable[[ast.expr], bool] | None = None
    if "not tuple" in message:
        by = lambda index: isinstance(index, ast.Tuple)  # noqa: E731 - one of three small questions
    elif "not str" in message:
        by = lambda index: not isinstance(index, ast.Slice | ast.Tuple) and not _is_number(index)  # noqa: E731
    elif "slice" in message:
        by = lambda index: isinstance(index, ast.Slice)  # noqa: E731
    fitting = [piece for piece in found if by is None or by(piece.slice)]
    for piece in fitting or found:
        yield Focus(aim="item", piece=piece)


def _keys(line: Line, message: str) -> Iterator[Focus]:
    found = [piece for piece in line.of(ast.Subscript) if isinstance(piece, ast.Subscript)]
    named = [piece for piece in found if isinstance(piece.slice, ast.Constant) and repr(piece.slice.value) == message]
    for piece in named:
        yield Focus(aim="key", piece=piece, name=message)
    if not named:
        for piece in found:
            if not isinstance(piece.slice, ast.Slice | ast.Constant):
                yield Focus(aim="item", piece=piece)


def _attributes(line: Line, message: str) -> Iterator[Focus]:
    lacks = _MODULE_LACKS.match(message)
    if lacks is not None:
        for piece in line.of(ast.Attribute):
            if isinstance(piece, ast.Attribute) and piece.attr == lacks["name"]:
                yield Focus(aim="member", piece=piece, name=lacks["name"])
    read = read_attribute_error(message)
    if read is None:
        return
    for piece in line.of(ast.Attribute):
        if isinstance(piece, ast.Attribute) and piece.attr == read[1]:
            yield Focus(aim="attribute", piece=piece, name=read[1])


def _keywords(line: Line, message: str) -> Iterator[Focus]:
    match = _KEYWORD.search(message)
    for piece in line.of(ast.Call) if match is not None else ():
        if isinstance(piece, ast.Call) and any(keyword.arg == match["name"] for keyword in piece.keywords):  # type: ignore[index]
            yield Focus(aim="keyword", piece=piece, name=match["name"])  # type: ignore[index]


def _imports(line: Line, message: str) -> Iterator[Focus]:
    match = _CANNOT_IMPORT.search(message) or _NO_MODULE.search(message)
    name = match["name"] if match is not None else ""
    for piece in line.of(ast.Import, ast.ImportFrom):
        yield Focus(aim="import", piece=piece, name=name)


def _unpacked(line: Line, message: str) -> Iterator[Focus]:
    for piece in line.of(ast.Assign, ast.For, ast.comprehension):
        target = piece.targets[0] if isinstance(piece, ast.Assign) else piece.target  # type: ignore[union-attr]
        if isinstance(target, ast.Tuple | ast.List):
            yield Focus(aim="unpack", piece=piece)


def _iterated(line: Line, message: str) -> Iterator[Focus]:
    if message.startswith("argument of type"):
        for piece in line.of(ast.Compare):
            if isinstance(piece, ast.Compare) and any(isinstance(op, ast.In | ast.NotIn) for op in piece.ops):
                yield Focus(aim="operate", piece=piece)
        return
    for piece in line.of(ast.For, ast.comprehension):
        yield Focus(aim="iterate", piece=piece)
    for piece in line.of(ast.Call):
        if isinstance(piece, ast.Call) and (piece.args or piece.keywords):
            yield Focus(aim="call", piece=piece)


def _divided(line: Line, message: str) -> Iterator[Focus]:
    for piece in line.of(ast.BinOp, ast.AugAssign):
        if isinstance(piece.op, ast.Div | ast.FloorDiv | ast.Mod):  # type: ignore[union-attr]
            yield Focus(aim="divide", piece=piece)


def _converted(line: Line, message: str) -> Iterator[Focus]:
    for piece in line.of(ast.Call):
        if isinstance(piece, ast.Call) and isinstance(piece.func, ast.Name) and piece.func.id in _NUMBERS:
            yield Focus(aim="convert", piece=piece)


def _operated(line: Line, message: str) -> Iterator[Focus]:
    match = _OPERATOR.search(message)
    for piece in line.of(ast.BinOp, ast.AugAssign, ast.UnaryOp, ast.Compare):
        if match is None or _sign(piece) in (match["sign"].rstrip("="), ""):
            yield Focus(aim="operate", piece=piece)


def _calls(line: Line, message: str) -> Iterator[Focus]:
    """Calls of what was imported before any others, and none of what only names a value on the way."""
    calls = [piece for piece in line.of(ast.Call) if isinstance(piece, ast.Call)]
    foreign = [call for call in calls if _root(call.func) in line.imports]
    for call in foreign or calls:
        yield Focus(aim="call", piece=call)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _sign(piece: Piece) -> str:
    return _SIGNS.get(type(getattr(piece, "op", None)), "")


_SIGNS: Mapping[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
_NUMBERS = frozenset({"int", "float", "complex"})
_KEYWORD = re.compile(r"unexpected keyword argument '(?P<name>\w+)'|'(?P<other>\w+)' is an invalid keyword")
_CANNOT_IMPORT = re.compile(r"cannot import name '(?P<name>\w+)'")
_NO_MODULE = re.compile(r"No module named '(?P<name>[\w.]+)'")
_MODULE_LACKS = re.compile(r"^(?:partially initialized )?module '[\w.]+' has no attribute '(?P<name>\w+)'")
_NO_MAPPING = re.compile(
    r"object is not subscriptable|indices must be integers(?: or slices)?, not '?str"
    r"|has no attribute '(?:get|items|keys)'|^argument of type '[\w.]+' is not (?:iterable|a container)"
)
_NO_ARRAY = re.compile(
    r"^(?:list|tuple) indices must be integers or slices, not tuple"
    r"|^'(?:list|tuple)' object has no attribute '(?:shape|astype|ndim|dtype|size|reshape)'"
)
_OPERATOR = re.compile(r"operand type\(s\) for (?P<sign>\S+?)(?: or \S+)?:")


def _says(*parts: str) -> Callable[[str, str], bool]:
    return lambda exception, message: any(part in message for part in parts)


def _is(*names: str) -> Callable[[str, str], bool]:
    return lambda exception, message: exception in names


_Reader: TypeAlias = tuple[Callable[[str, str], bool], Callable[[Line, str], Iterable[Focus]]]
_READERS: tuple[_Reader, ...] = (
    (_is("ImportError", "ModuleNotFoundError"), _imports),
    (_is("KeyError"), _keys),
    (_is("AttributeError"), _attributes),
    (_is("ZeroDivisionError"), _divided),
    (_says("unexpected keyword argument", "invalid keyword argument"), _keywords),
    (_says("not subscriptable", "indices must be", "does not support item", "invalid index"), _subscripts),
    (_is("IndexError"), _subscripts),
    (_says("unpack"), _unpacked),
    (_says("is not iterable", "not a container"), _iterated),
    (_says("invalid literal for", "could not convert string"), _converted),
    (_says("unsupported operand", "bad operand", "not supported between", "can't concat", "can only concatenate"),
     _operated),
)  # fmt: skip
