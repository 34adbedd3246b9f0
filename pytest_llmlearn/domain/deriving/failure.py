"""Matchers from a failure: shapes of the piece of code that failed, from the very one to what is general in it.

Nobody can tell from one failure how much of it was the mistake. So each failure gives a few shapes, each of a level
whose odds are known beforehand (`LEVELS`); what then happens to the code they fire on decides (`domain.proof`).
Invariant: a shape matches the code that it was made of, on the line that failed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.deriving.focus import Aim, focuses, line_of
from pytest_llmlearn.domain.deriving.shapes import ANY, hole, known_in, rest, written
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.matchers.caught import is_caught
from pytest_llmlearn.domain.matchers.pattern import atoms_of, compiled
from pytest_llmlearn.domain.matchers.shape import Shapes
from pytest_llmlearn.domain.names import imported
from pytest_llmlearn.domain.proof import BY_VALUE, SPEAKS, TRIED, WIDE
from pytest_llmlearn.domain.source import parse
from pytest_llmlearn.domain.tree import Node
from pytest_llmlearn.errors import BadPattern

MOST = 8
"""Shapes of one failure; the surest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """What failed, as it was written down: `exception` may be dotted; `line` (from 1) is of `text`."""

    fingerprint: str
    rule_id: str
    exception: str
    message: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How a shape is made of a piece: from which `form` of it; with its `constants` and the `names` that are the
    writer's own, or with any in their place; to be found in the same function (`here`) or anywhere. `confidence` is
    that of a shape that was not tried yet."""

    form: str
    constants: bool
    names: bool
    here: bool
    confidence: float


def _levels(*rows: tuple[str, str, str, float]) -> tuple[Level, ...]:
    """Rows of form, what stays (`exact` all, `named` names, `fixed` constants), place and confidence."""
    return tuple(
        Level(
            form=form,
            constants=stays in ("exact", "fixed"),
            names=stays in ("exact", "named"),
            here=place == "here",
            confidence=confidence,
        )
        for form, stays, place, confidence in rows
    )


LEVELS: Mapping[Aim, Sequence[Level]] = {
    "call": _levels(
        ("first", "exact", "anywhere", SPEAKS),
        ("first", "exact", "here", SPEAKS),
        ("whole", "fixed", "anywhere", SPEAKS),
        ("whole", "exact", "here", SPEAKS),
        ("first", "fixed", "anywhere", TRIED),
        ("callee", "exact", "here", TRIED),
        ("callee", "exact", "anywhere", WIDE),
    ),
    "item": _levels(
        ("whole", "named", "here", SPEAKS),
        ("whole", "exact", "here", SPEAKS),
        ("index", "named", "here", TRIED),
        ("base", "exact", "here", TRIED),
    ),
    "key": _levels(("whole", "exact", "anywhere", SPEAKS), ("whole", "exact", "here", SPEAKS)),
    "raise": _levels(("whole", "exact", "here", SPEAKS), ("whole", "exact", "anywhere", TRIED)),
    "member": _levels(("whole", "exact", "anywhere", SPEAKS)),
    "attribute": _levels(
        ("whole", "exact", "here", SPEAKS),
        ("whole", "exact", "anywhere", WIDE),
        ("of", "exact", "here", TRIED),
    ),
    "convert": _levels(
        ("whole", "exact", "anywhere", SPEAKS), ("whole", "exact", "here", SPEAKS), ("callee", "exact", "here", TRIED)
    ),
    "keyword": _levels(("keyword", "exact", "anywhere", SPEAKS), ("keyword", "exact", "here", SPEAKS)),
    "divide": _levels(
        ("right", "exact", "here", SPEAKS), ("whole", "fixed", "here", SPEAKS), ("right", "exact", "anywhere", TRIED)
    ),
    "import": _levels(("name", "exact", "anywhere", SPEAKS)),
    "unpack": _levels(("whole", "fixed", "anywhere", SPEAKS), ("whole", "exact", "here", SPEAKS)),
    "operate": _levels(("whole", "exact", "anywhere", SPEAKS), ("whole", "exact", "here", SPEAKS)),
    "iterate": _levels(("whole", "fixed", "here", SPEAKS),),
    "mapping": _levels(("used", "named", "here", SPEAKS),),
    "array": _levels(("used", "named", "here", SPEAKS),),
}  # fmt: skip
"""The levels of each kind of piece. Measured over streams of generated code, those that speak at once fired on the
failing line many times for each passing file they fired in; those to be tried first did not, until they had been right
twice (`docs/evaluation.md`)."""


def from_failure(failure: Failed, *, safe: Callable[[str], bool]) -> list[Matcher]:
    """The shapes of what failed on that line, surest first; none where the text does not parse.

    `safe` tells whether a text from the code may be written down.
    """
    made: dict[str, Matcher] = {}
    for patterns, inside, unless, raises, confidence in _shapes(failure, safe):
        body: dict[str, Any] = {"pattern": patterns[0]}
        if len(patterns) > 1:
            body["either"] = list(patterns[1:])
        if inside:
            body["inside"] = inside
        if unless:
            body["unless"] = unless
        if raises:
            body["raises"] = raises
        matcher = Matcher(
            fingerprint=failure.fingerprint,
            rule_id=failure.rule_id,
            kind="shape",
            body=body,
            atoms=frozenset.intersection(*map(atoms_of, patterns)),
            origin="failure",
            confidence=confidence,
        )
        known = made.get(matcher.key)
        if known is None or known.confidence < confidence:
            made[matcher.key] = matcher
    return sorted(made.values(), key=lambda matcher: -matcher.confidence)[:MOST]


def _shapes(failure: Failed, safe: Callable[[str], bool]) -> Iterator[tuple[list[str], str, list[str], str, float]]:
    """Patterns, any of which will do, with the function they are to be found in, what must not stand there, the
    exception that must not be caught there, and how sure they are; one of the patterns matches what failed."""
    imports = imported(failure.text)
    read = _read(failure.text)
    if read is None:
        return
    tree, shapes = read.tree, read.shapes
    around, inside = _around(tree, failure.line)
    known = known_in(tree, around, imports, safe)
    piece = next((node for node in reversed(read.nodes) if node.span.line <= failure.line), None)
    if piece is None:
        return
    exception = failure.exception.rpartition(".")[2]
    for focus in focuses(line_of(tree, failure.line, imports), exception, failure.message):
        guards = _asking(focus.aim, focus.piece) if focus.aim == "key" or exception in _OF_KINDS else ()
        asked = [
            pattern
            for pattern in (written(guard, known, constants=True, names=True) for guard in guards)
            if pattern is not None and not any(shapes.matches(compiled(pattern), piece, imports, inside=inside))
        ]
        forms = _alike(focus.aim, focus.piece)
        for form, code in _forms(focus.aim, focus.piece, focus.name):
            forms[form] = [code]
        for level in LEVELS[focus.aim]:
            if level.form not in forms or (level.here and not inside):
                continue
            where = inside if level.here else ""
            right: list[str] = []
            others: list[str] = []
            raises = exception if exception.isidentifier() else ""
            for code in forms[level.form]:
                pattern = written(code, known, constants=level.constants, names=level.names)
                if pattern is None or not _says_something(pattern):
                    continue
                found = shapes.matches(compiled(pattern), piece, imports, inside=where)
                on = [match.span for match in found if match.span.line <= failure.line <= match.span.end_line]
                (right if on else others).append(pattern)
                if any(is_caught(exception, span, piece) for span in on):
                    raises = ""  # it came all the same, raised again
            if right:
                unless = asked if level.here or focus.aim == "key" else []
                by_value = exception in _OF_VALUES and focus.aim != "raise"
                sure = min(level.confidence, BY_VALUE) if by_value else level.confidence
                yield list(dict.fromkeys([*right, *others])), where, unless, raises, sure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A text that was read: nothing of it is changed by whoever looks at it."""

    tree: ast.Module
    nodes: tuple[Node, ...]
    shapes: Shapes


@lru_cache(maxsize=1)
def _read(text: str) -> _Text | None:
    """The text's trees; None where it does not parse. One text at a time is kept, for they are large: failures of one
    file come together."""
    tree = parse(text)
    try:
        return _Text(tree=tree, nodes=syntax.nodes(text), shapes=Shapes()) if tree is not None else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _says_something(pattern: str) -> bool:
    """Whether it can be read, and anything but metavariables is asked for."""
    try:
        return bool(atoms_of(pattern))
    except BadPattern:  # what was masked can be more than patterns can say
        return False


def _alike(aim: Aim, piece: ast.AST) -> dict[str, list[ast.AST]]:
    """The ways in which code uses what it takes for a mapping, or for an array."""
    if aim not in ("mapping", "array") or not isinstance(piece, ast.expr):
        return {}

    def asked(name: str) -> ast.Attribute:
        return ast.Attribute(value=piece, attr=name, ctx=ast.Load())

    if aim == "array":
        row = ast.Subscript(value=piece, slice=ast.Tuple(elts=[hole(), rest()], ctx=ast.Load()), ctx=ast.Load())
        return {"used": [row, *map(asked, _OF_ARRAYS)]}
    item = ast.Subscript(value=piece, slice=ast.Constant(value=ANY), ctx=ast.Load())
    calls = [ast.Call(func=asked(name), args=[rest()], keywords=[]) for name in _OF_MAPPINGS]
    return {"used": [item, *calls, ast.Compare(left=hole(), ops=[ast.In()], comparators=[piece])]}


def _asking(aim: Aim, piece: ast.AST) -> Iterator[ast.AST]:
    """How code asks first what a thing is, or whether it has a key, before it uses it so."""
    if aim == "key" and isinstance(piece, ast.Subscript):
        yield ast.Compare(left=piece.slice, ops=[ast.In()], comparators=[piece.value])
    named: ast.AST | None = piece if aim in ("mapping", "array") else None
    if aim in ("item", "attribute") and isinstance(piece, ast.Subscript | ast.Attribute):
        named = piece.value
    if isinstance(named, ast.Name | ast.Attribute):
        for name in ("isinstance", "hasattr"):
            yield ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=[named, rest()], keywords=[])


_OF_KINDS = frozenset({"TypeError", "AttributeError"})
"""What is raised where a thing is of another kind: one may ask for that first."""
_OF_VALUES = frozenset({"IndexError", "ValueError", "ZeroDivisionError", "OverflowError"})
"""What is raised where a value is out of bounds: the same line is right with another value. Only code that raises it by
itself has decided that."""
_OF_ARRAYS = ("shape", "astype", "ndim", "dtype")
_OF_MAPPINGS = ("get", "items", "keys")


def _around(tree: ast.Module, line: int) -> tuple[ast.AST | None, str]:
    """The innermost function around a line, and the qualified name of the outermost one."""
    function: ast.AST | None = None
    name = ""
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, above = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if not (getattr(child, "lineno", 0) <= line <= (getattr(child, "end_lineno", None) or 0)):
                continue
            inner = above
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                inner = f"{above}.{child.name}" if above else child.name
                if not isinstance(child, ast.ClassDef):
                    function = child
                    name = name or inner
            waiting.append((child, inner))
    return function, name


def _forms(aim: Aim, piece: ast.AST, name: str) -> Iterator[tuple[str, ast.AST]]:
    """The forms of a piece by their names: the whole, and what of it the exception is about."""
    if isinstance(piece, ast.ImportFrom):
        named = [alias for alias in piece.names if alias.name == name] or piece.names
        yield "name", ast.ImportFrom(module=piece.module, names=[ast.alias(named[0].name)], level=piece.level)
    elif isinstance(piece, ast.Import):
        named = [alias for alias in piece.names if f"{alias.name}.".startswith(f"{name}.")] or piece.names
        yield "name", ast.Import(names=[ast.alias(named[0].name)])
    elif isinstance(piece, ast.For | ast.AsyncFor):
        yield "whole", type(piece)(target=piece.target, iter=piece.iter, body=[ast.Expr(value=rest())], orelse=[])
    elif isinstance(piece, ast.expr | ast.Raise | ast.Assign | ast.AugAssign):
        yield "whole", piece
    if isinstance(piece, ast.Subscript):
        yield "index", ast.Subscript(value=hole(), slice=piece.slice, ctx=ast.Load())
        yield "base", ast.Subscript(value=piece.value, slice=hole(), ctx=ast.Load())
    elif isinstance(piece, ast.Call):
        if name:
            keyword = ast.keyword(arg=name, value=hole())
            yield "keyword", ast.Call(func=piece.func, args=[rest()], keywords=[keyword])
        if piece.args:
            yield "first", ast.Call(func=piece.func, args=[piece.args[0], rest()], keywords=[])
        yield "callee", ast.Call(func=piece.func, args=[rest()], keywords=[])
    elif isinstance(piece, ast.BinOp):
        yield "right", ast.BinOp(left=hole(), op=piece.op, right=piece.right)
    elif isinstance(piece, ast.Attribute):
        yield "of", ast.Attribute(value=hole(), attr=piece.attr, ctx=ast.Load())
