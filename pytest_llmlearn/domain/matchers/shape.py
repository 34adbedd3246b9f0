"""The recogniser of shapes: patterns of the syntax tree, found in a piece of code.

A shape's body is `pattern` and optionally `inside`, the last part or the dotted qualname of a function around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_llmlearn.domain.matcher import Kind, Matcher, Sighting
from pytest_llmlearn.domain.matchers.pattern import Pattern, compiled, is_dots
from pytest_llmlearn.domain.matchers.unify import Bindings, Reading
from pytest_llmlearn.domain.matchers.view import View
from pytest_llmlearn.domain.tree import Node, Span

_FUNCTIONS = frozenset({"FunctionDef", "AsyncFunctionDef"})
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
            end = max([(span.end_line, span.end_column) for span in head if span.line >= last.span.line], default=(0, 0))
            end = max(end, (last.span.line, last.span.column + 1))
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
        pattern = compiled(str(matcher.body["pattern"]))
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
            for kind in _KINDS.get(wanted.kind, (wanted.kind,)):
                for candidate, names in places.by_kind.get(kind, ()):
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
                for match in _from(pattern, statements[start:], known):
                    yield match


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
    """The nodes of a piece by their kind, and its blocks of statements, each with the functions around it."""

    __slots__ = ("blocks", "by_kind", "root")

    def __init__(self, root: Node) -> None:
        self.root = root
        self.by_kind: dict[str, list[tuple[Node, tuple[str, ...]]]] = {}
        self.blocks: list[tuple[tuple[Node, ...], tuple[str, ...]]] = [((root,), ())]
        pending: list[tuple[Node, str, tuple[str, ...]]] = [(root, "", ())]
        by_kind = self.by_kind
        while pending:
            node, scope, functions = pending.pop()
            by_kind.setdefault(node.kind, []).append((node, functions))
            if not node.children:
                continue
            if node.kind in _FUNCTIONS:
                scope = f"{scope}.{node.text}" if scope else node.text
                functions = (*functions, scope)
            elif node.kind == "ClassDef":
                scope = f"{scope}.{node.text}" if scope else node.text
            for role in _BODIES:
                block = tuple(child for its, child in node.children if its == role)
                if block:
                    self.blocks.append((block, functions))
            pending.extend([(child, scope, functions) for _, child in reversed(node.children)])


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
