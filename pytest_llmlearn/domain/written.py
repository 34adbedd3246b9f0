"""What was written of a file since a moment, and whether a mistake could have been made in it.

A file is cut into pieces that do not overlap: each function and method, what a class says beside its methods, and each
other statement of the module. Of a moment only digests of the pieces are kept, from which no code can be read.
Comments, layout and the kind of quotes do not participate, or a formatter would have written everything.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.reach import imports_of

_COMMENT = re.compile(r"#[^\n]*")
_LAYOUT = re.compile(r"\s+|,(?=\s*[)\]}])")
_NAME = re.compile(r"[^\W\d]\w*")
_BUILT_IN = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece: its lines from `start` to `end`, both from 1, and a digest of its code.

    `qualname` is the function's, or that of the class around another statement, empty for the module's.
    """

    qualname: str
    is_function: bool
    start: int
    end: int
    state: str

    def within(self, qualname: str) -> bool:
        """Whether it is that function or class, or one within it."""
        return self.qualname == qualname or self.qualname.startswith(f"{qualname}.")


@lru_cache(maxsize=256)
def pieces(text: str) -> tuple[Piece, ...]:
    """The pieces of a text, in order; one that is all of it where it does not parse, none where it is blank."""
    tree = source.parse(text)
    lines = source.lines_of(text)
    if tree is None:
        return (_piece("", False, 1, len(lines), lines),)
    return tuple(_pieces(tree.body, "", lines))


def _pieces(body: Iterable[ast.stmt], prefix: str, lines: tuple[str, ...]) -> Iterator[Piece]:
    for node in body:
        start, end = node.lineno, node.end_lineno or node.lineno
        if not isinstance(node, source.Definition):
            yield _piece(prefix.rstrip("."), False, start, end, lines)
            continue
        start = _start(node)
        if not isinstance(node, ast.ClassDef):
            yield _piece(f"{prefix}{node.name}", True, start, end, lines)
            continue
        # Its own statements are pieces of its name; its head ends where they begin.
        yield _piece(f"{prefix}{node.name}", False, start, max(start, _start(node.body[0]) - 1), lines)
        yield from _pieces(node.body, f"{prefix}{node.name}.", lines)


def _start(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, source.Definition) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _piece(qualname: str, is_function: bool, start: int, end: int, lines: tuple[str, ...]) -> Piece:
    code = _LAYOUT.sub("", _COMMENT.sub("", "\n".join(lines[start - 1 : end]))).replace("'", '"')
    digest = blake2b(code.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return Piece(qualname=qualname, is_function=is_function, start=start, end=end, state=digest)


def states(text: str) -> frozenset[str]:
    """The digests of all its pieces."""
    return frozenset(piece.state for piece in pieces(text))


def written_since(text: str, known: Collection[str]) -> list[Piece]:
    """The pieces of a text that were not there when its states were `known`; code that only moved is none."""
    return [piece for piece in pieces(text) if piece.state not in known]


def home(text: str, qualname: str | None, line: int | None) -> Piece | None:
    """The piece that a failure lies in, by its line or else by its unit."""
    known = pieces(text)
    if line is not None:
        around = [piece for piece in known if piece.start <= line <= piece.end]
        # A decorated method's line may be that of its `def`; a class's head shares a line with nothing else.
        if around:
            return around[-1]
    if not qualname:
        return None
    above = [piece for piece in known if piece.qualname and f"{qualname}.".startswith(f"{piece.qualname}.")]
    return max(above, key=lambda piece: len(piece.qualname), default=None)


def names(text: str, piece: Piece) -> frozenset[str]:
    """The names in a piece, and what those of them that are imported stand for: its modules' names, and its own."""
    return _names(text, piece.start, piece.end)


@lru_cache(maxsize=2048)
def _names(text: str, start: int, end: int) -> frozenset[str]:
    code = _COMMENT.sub("", "\n".join(source.lines_of(text)[start - 1 : end]))
    found = set(_NAME.findall(code))
    for name, imported in imports_of(text).items():
        if name.partition(".")[0] in found:
            found.update(part for part in (*imported.module.split("."), imported.name) if part)
    return frozenset(found)


def could_be_made(symbols: Iterable[str], found: Collection[str]) -> bool:
    """Whether code with these names is such as the mistake is made in, told by the symbols that the mistake is of.

    Of `requests.fetch_json` it is code that uses `requests`: who avoids the mistake does not write its last name. Names
    that every code uses tell nothing.
    """
    for symbol in symbols:
        owner, _, last = symbol.rpartition(".")
        wanted = owner.rpartition(".")[2] if owner else last
        if wanted in found and wanted not in _BUILT_IN:
            return True
    return False
