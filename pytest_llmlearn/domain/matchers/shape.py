"""The recogniser of shapes: patterns of the syntax tree, found in a piece of code.

A shape's body is `pattern`, optionally `either`, patterns any of which will do as well, `inside`, the last part or the
dotted qualname of a function around it, `unless`, patterns that stand in that function where it is no mistake, and
`raises`, the name of an exception that is no mistake where it is caught.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pytest_llmlearn.domain.matcher import Kind, Matcher, Sighting
from pytest_llmlearn.domain.matchers.caught import is_caught
from pytest_llmlearn.domain.matchers.pattern import Pattern, compiled, is_dots, named
from pytest_llmlearn.domain.matchers.unify import Bindings, Reading
from pytest_llmlearn.domain.matchers.view import View
from pytest_llmlearn.domain.tree import Node, Span

_Place: TypeAlias = tuple[Node, tuple[str, ...]]
_NAMED = frozenset({"Call", "Name", "Attribute"})
_SCOPES = frozenset({"FunctionDef", "AsyncFunctionDef", "ClassDef"})
_WITH_BODIES = _SCOPES | {
    "If", "For", "AsyncFor", "While", "With", "AsyncWith", "Try", "TryStar", "ExceptHandler", "match_case"
}  # fmt: skip
_BODIES = ("body", "orelse", "finalbody")
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A place where a pattern matches: the node, or the statements that stand together, and what `$X` stands for."""

    nodes: tuple[Node, ...]
    bindings: Bindings

    @property
    def span(self) -> Span:
        """From the first to the last; of a statement with a body its head only."""
        first, last = self.nodes[0], self.nodes[-1]
        head = [child.span for role, child in last.children if role not in _BODIES and role != "handlers"]
        if not any(role == "body" and child.kind != "Constant" for role, child in last.children) or last.kind in (
            "Lambda",
            "IfExp",
        ):
            end = (last.span.end_line, last.span.end_column)
        else:
            ends = [(span.end_line, span.end_column) for span in head if span.line >= last.span.line]
            end = max(ends, default=(last.span.line, last.span.column + 1))
        return Span(first.span.line, first.span.column, *end)


class Shapes:
    """Finds patterns. One may be used by several threads: what it keeps is replaced whole."""

    kind: Kind = "shape"

    def __init__(self) -> None:
        self._last: _Places | None = None

    def sightings(self, matcher: Matcher, view: View) -> Iterator[Sighting]:
        """Where the matcher's pattern stands in this piece.

        Raises:
            BadPattern: it cannot be read.
        """
        body = matcher.body
        found = [
            sighting
            for text in (body["pattern"], *body.get("either", ()))
            for sighting in self._of(compiled(str(text)), matcher, view)
        ]
        raises, inside = str(body.get("raises") or ""), str(body.get("inside") or "")
        if found and raises:
            found = [sighting for sighting in found if not is_caught(raises, sighting.span, view.node)]
        for text in body.get("unless", ()) if found else ():
            if any(self.matches(compiled(str(text)), view.node, view.imports, inside=inside)):
                return
        yield from found

    def _of(self, pattern: Pattern, matcher: Matcher, view: View) -> Iterator[Sighting]:
        why = "`" + _shortened(pattern.text) + "`"
        for match in self.matches(pattern, view.node, view.imports, inside=str(matcher.body.get("inside") or "")):
            yield Sighting(matcher=matcher, span=match.span, confidence=matcher.confidence, why=why)

    def matches(
        self, pattern: Pattern, node: Node, imports: Mapping[str, str] | None = None, *, inside: str = ""
    ) -> Iterator[Match]:
        """All places in `node` where the pattern matches, one way each; `imports` as in `View`."""
        places = self._last
        if places is None or places.root is not node:
            places = self._last = _Places(node)
        known = imports or {}
        if pattern.is_expression or len(pattern.nodes) == 1:
            wanted = pattern.nodes[0]
            for candidate, names in places.candidates(wanted, known):
                if inside and not _is_inside(inside, names):
                    continue
                found = next(Reading(known).nodes(wanted, candidate, {}), None)
                if found is not None:
                    yield Match(nodes=(candidate,), bindings=found)
            return
        for statements, names in places.blocks:
            if inside and not _is_inside(inside, names):
                continue
            for start in range(len(statements)):
                yield from _from(pattern, statements[start:], known)


def _from(pattern: Pattern, statements: tuple[Node, ...], imports: Mapping[str, str]) -> Iterator[Match]:
    """The pattern's statements, if the first of these is the first of them; the shortest way."""
    wanted = pattern.nodes
    while is_dots(wanted[0]):
        wanted = wanted[1:]
    while is_dots(wanted[-1]):
        wanted = wanted[:-1]
    simple = not any(is_dots(node) for node in wanted)
    lengths = (len(wanted),) if simple else range(1, len(statements) + 1)
    for length in lengths:
        if length > len(statements):
            return
        found = next(Reading(imports).sequence(wanted, statements[:length], {}), None)
        if found is not None:
            yield Match(nodes=statements[:length], bindings=found)
            return


class _Places:
    """The nodes of a piece by their kind and what names them, and its blocks of statements, each with the functions
    around it."""

    __slots__ = ("blocks", "by_kind", "by_name", "root")

    def __init__(self, root: Node) -> None:
        self.root = root
        self.by_kind: dict[str, list[_Place]] = {}
        self.by_name: dict[tuple[str, str], list[_Place]] = {}
        self.blocks: list[tuple[tuple[Node, ...], tuple[str, ...]]] = [((root,), ())]
        pending: list[tuple[Node, str, tuple[str, ...]]] = [(root, "", ())]
        by_kind, by_name = self.by_kind, self.by_name
        while pending:
            node, scope, functions = pending.pop()
            kind, children = node.kind, node.children
            place = (node, functions)
            by_kind.setdefault(kind, []).append(place)
            if kind in _NAMED:
                by_name.setdefault((kind, _name_of(node)), []).append(place)
            if not children:
                continue
            if kind in _SCOPES:
                scope = f"{scope}.{node.text}" if scope else node.text
                if kind != "ClassDef":
                    functions = (*functions, scope)
            if kind in _WITH_BODIES:
                for role in _BODIES:
                    block = tuple(child for its, child in children if its == role)
                    if block:
                        self.blocks.append((block, functions))
            pending.extend([(child, scope, functions) for _, child in reversed(children)])

    def candidates(self, wanted: Node, imports: Mapping[str, str]) -> list[_Place]:
        """The nodes that may match: of the kind, and named as the pattern or imported as what may be that."""
        name = _name_of(wanted) if wanted.kind in _NAMED else ""
        if not name or named(name) is not None:
            kinds = _KINDS.get(wanted.kind, (wanted.kind,))
            return [place for kind in kinds for place in self.by_kind.get(kind, ())]
        names = {name, *(own for own, target in imports.items() if target.rpartition(".")[2] == name)}
        if name in imports:
            names.add(imports[name].rpartition(".")[2])
        kinds = _KINDS.get(wanted.kind, (wanted.kind,))
        found = [place for kind in kinds for each in names for place in self.by_name.get((kind, each), ())]
        if len(found) > 1 and (len(names) > 1 or len(kinds) > 1):
            found.sort(key=lambda place: (place[0].span.line, place[0].span.column))
        return found


def _name_of(node: Node) -> str:
    """The last part of the name of a name, an attribute, or of what is called."""
    if node.kind == "Call":
        node = node.children[0][1]
        return node.text if node.kind in ("Name", "Attribute") else ""
    return node.text


def _is_inside(name: str, functions: tuple[str, ...]) -> bool:
    name = name.replace(".<locals>", "")
    return any(function == name or function.endswith("." + name) for function in functions)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


_KINDS = {
    "Assign": ("Assign", "AnnAssign"),
    "Attribute": ("Attribute", "Name"),
    "Name": ("Name", "Attribute"),
}
"""Code of which kinds a pattern of a kind may match: `numpy.bool` is `bool` too, where it was imported so."""
