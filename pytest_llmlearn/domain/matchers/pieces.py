"""A file as recognisers see it: its pieces, and what its names stand for.

A piece is told of the file only what concerns the names that stand in it, so that it need not be looked at again
because of what is done elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.tree import Node, Span

GAP = "Gap"
"""The kind of a piece that could not be read: a node without children, over the whole of it."""
_WORD = re.compile(r"[^\W\d]\w*")
_DEFINITIONS = frozenset({"FunctionDef", "AsyncFunctionDef", "ClassDef"})
_CAPTURES = frozenset({"MatchAs", "MatchStar", "MatchMapping", "ExceptHandler", "TypeVar", "ParamSpec", "TypeVarTuple"})
_TARGETS = frozenset({"targets", "target", "optional_vars"})
_UNPACKED = frozenset({"Tuple", "List", "Starred"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A stretch of a file that was read by itself: whole lines, whose texts joined are the file.

    Lines of its statements and gaps are counted from its own first line, so that it may stand anywhere. `open` is what
    it leaves open at its end, a string's quotes or `(`, where that is why it does not parse.
    """

    text: str
    body: tuple[Node, ...] = ()
    gaps: tuple[Span, ...] = ()
    open: str = ""

    @property
    def height(self) -> int:
        """How many lines end in it."""
        return self.text.count("\n") + (self.text.count("\r") - self.text.count("\r\n") if "\r" in self.text else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a piece does to the names of its file: what its imports bind, what else it binds, whether it imports `*`.

    `unread` are words of what could not be read, any of which may be a name that is bound there.
    """

    imports: Mapping[str, str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    stars: bool = False
    unread: frozenset[str] = frozenset()


def names_of(node: Node) -> Names:
    """What a piece binds, in whatever scope: `import a.b` binds `a`, `from .x import y` binds `y` to `.x.y`."""
    imports: dict[str, str] = {}
    bound: set[str] = set()
    stars = False
    pending = [node]
    while pending:
        node = pending.pop()
        kind = node.kind
        if kind == "Import":
            for _, alias in node.children:
                if alias.children:
                    imports[alias.children[0][1].text] = alias.text
                else:
                    top = alias.text.partition(".")[0]
                    imports[top] = top
            continue
        if kind == "ImportFrom":
            dot = "" if not node.text or node.text.endswith(".") else "."
            for _, alias in node.children:
                if alias.text == "*":
                    stars = True
                else:
                    imports[alias.children[0][1].text if alias.children else alias.text] = node.text + dot + alias.text
            continue
        if kind in _DEFINITIONS or kind in _CAPTURES or kind == "arg":
            if node.text:
                bound.add(node.text)
        elif kind in ("Global", "Nonlocal"):
            bound.update(child.text for _, child in node.children)
        elif kind == "NamedExpr":
            bound.add(node.children[0][1].text)
        for role, child in node.children:
            if role in _TARGETS or role == "name":
                _targets(child, bound)
            if child.children or (child.text and child.kind in _CAPTURES):
                pending.append(child)
            elif child.kind == "arg":
                bound.add(child.text)
    return Names(imports=imports, bound=frozenset(bound), stars=stars)


def _targets(node: Node, bound: set[str]) -> None:
    if node.kind == "Name":
        bound.add(node.text)
    elif node.kind in _UNPACKED:
        for _, child in node.children:
            _targets(child, bound)


def together(several: Iterable[Names]) -> Names:
    """What all pieces of a file do; of two imports of one name the later counts.

    What could not be read may bind its words, but for those that an import is seen to bind.
    """
    imports: dict[str, str] = {}
    bound: set[str] = set()
    unread: set[str] = set()
    stars = False
    for names in several:
        imports.update(names.imports)
        bound |= names.bound
        unread |= names.unread
        stars = stars or names.stars
    return Names(imports=imports, bound=frozenset(bound | (unread - imports.keys())), stars=stars)


def read_in(piece: Piece) -> Names:
    """What a piece does to the names of its file, as far as it could be read."""
    if not piece.gaps and len(piece.body) == 1:
        return names_of(piece.body[0])
    found = together(map(names_of, piece.body))
    lines = syntax.lines(piece.text) if piece.gaps else []
    unread = "".join(line for gap in piece.gaps for line in lines[gap.line - 1 : gap.end_line])
    return Names(imports=found.imports, bound=found.bound, stars=found.stars, unread=words_of(unread))


def words_of(text: str) -> frozenset[str]:
    """The identifiers and keywords that stand in a text, in its strings and comments too."""
    return frozenset(_WORD.findall(text))


def constants_of(node: Node) -> set[str]:
    """The literals of a piece, as `repr` writes them."""
    found = set()
    pending = [node]
    while pending:
        node = pending.pop()
        for _, child in node.children:
            if child.children:
                pending.append(child)
            elif child.kind == "Constant":
                found.add(child.text)
    return found
