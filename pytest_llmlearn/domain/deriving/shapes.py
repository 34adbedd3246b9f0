"""Pieces of code as patterns: what is the writer's own becomes a metavariable, what is a library's stays.

Names of parameters stay too, since whoever writes a function anew keeps them; so do names that a module defines. Names
that imports bind are written out, so that a pattern holds whatever a library is imported as.
"""

from __future__ import annotations

import ast
import builtins
import copy
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

STRING = 80
"""Characters of a string that a pattern may keep."""
PATTERN = 400
"""Characters of a pattern; a longer one is of one text only."""
_LINES = 1
"""Line breaks of a pattern: a `for` has `...` below it."""
ANY = "..."
_NAMES = "XYZABCDEFGHIJKLMNOPQRSTUVW"
_HOLE = "_llmhole_"
_HOLED = re.compile(rf"{_HOLE}(\d+)")
_REST = "_llmrest"
_SELVES = frozenset({"self", "cls"})
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the names of a piece are: `kept` stay as they are, `imports` stand for those dotted names.

    `safe` tells whether a text may be written down as it is.
    """

    kept: Collection[str]
    imports: Mapping[str, str]
    safe: Callable[[str], bool]


def known_in(
    tree: ast.Module, around: ast.AST | None, imports: Mapping[str, str], safe: Callable[[str], bool]
) -> Known:
    """What names are in a function (None: at the top of the module)."""
    kept = {name for node in tree.body for name in _defined(node)}
    if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef):
        kept |= {argument.arg for argument in ast.walk(around.args) if isinstance(argument, ast.arg)}
    return Known(kept=kept - set(imports), imports=imports, safe=safe)


def written(piece: ast.AST, known: Known, *, constants: bool, names: bool = False) -> str | None:
    """The pattern of an expression or a statement; without `constants` only None, True and False stay of them.

    None where it would be longer than a pattern may be.
    """
    masking = _Masking(known, constants=constants, names=names)
    masked = masking.visit(copy.deepcopy(piece))
    try:
        text = ast.unparse(ast.fix_missing_locations(masked))
    except (ValueError, RecursionError):  # what was put together here may be nothing that Python can say
        return None
    text = _HOLED.sub(lambda hole: masking.called(int(hole[1])), text).replace(_REST, ANY)
    return text if len(text) <= PATTERN and text.count("\n") <= _LINES else None


def hole() -> ast.expr:
    """Any expression at all."""
    return ast.Name(id=f"{_HOLE}999", ctx=ast.Load())


def rest() -> ast.expr:
    """Any more arguments."""
    return ast.Name(id=_REST, ctx=ast.Load())


def _defined(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


class _Masking(ast.NodeTransformer):
    """Puts holes in the place of what is the writer's own; the same name is the same hole."""

    def __init__(self, known: Known, *, constants: bool, names: bool) -> None:
        self._names = names
        self._known = known
        self._constants = constants
        self._holes: dict[str, int] = {}

    def called(self, number: int) -> str:
        """The metavariable of a hole."""
        if number == 999:
            return "$_"
        return f"${_NAMES[number]}" if number < len(_NAMES) else f"$X{number}"

    def _hole(self, name: str) -> ast.Name:
        number = self._holes.setdefault(name, len(self._holes))
        return ast.Name(id=f"{_HOLE}{number}", ctx=ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = node.id
        if name.startswith(_HOLE) or name == _REST or name in _SELVES or name in self._known.kept:
            return node
        target = self._known.imports.get(name)
        if target is not None:
            return node if target.startswith(".") else _chain(target)
        if name in _BUILTINS or self._names:
            return node
        return self._hole(name)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        value = node.value
        if value is None or isinstance(value, bool) or value is Ellipsis:
            return hole() if value is Ellipsis else node
        if isinstance(value, str):
            # The reader of patterns takes exactly this string for any.
            kept = self._constants and len(value) <= STRING and self._known.safe(value) and value != ANY
            return ast.Constant(value=value if kept else ANY)
        return node if self._constants and not isinstance(value, bytes) else hole()

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Constant(value=ANY)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return hole()

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        node.value = self.visit(node.value)
        return node


def _chain(dotted: str) -> ast.expr:
    first, *rest = dotted.split(".")
    made: ast.expr = ast.Name(id=first, ctx=ast.Load())
    for part in rest:
        made = ast.Attribute(value=made, attr=part, ctx=ast.Load())
    return made
