"""Whether a tree of a pattern is a tree of code, and what its metavariables stand for.

Invariant: a metavariable stands for the same syntax everywhere, wherever that stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_llmlearn.domain.matchers.pattern import is_dots, metavariable, named
from pytest_llmlearn.domain.tree import Node

Bindings = Mapping[str, Node]
"""What each metavariable stands for; an identifier that is no node of its own stands as a `Name`."""
_FUEL = 20_000
_LOOSE = {
    "FunctionDef": frozenset({"decorator_list", "returns", "type_params"}),
    "AsyncFunctionDef": frozenset({"decorator_list", "returns", "type_params"}),
    "ClassDef": frozenset({"decorator_list", "type_params"}),
    "param": frozenset({"annotation", "default"}),
    "alias": frozenset({"asname"}),
}
"""What code may have beyond the pattern: roles that a pattern need not speak of."""
_UNORDERED = {"Call": "keywords", "Import": "names", "ImportFrom": "names"}
"""The role whose nodes may stand in any order; names of an import may be more than those of the pattern."""


@dataclass(slots=True)
class Reading:
    """One comparison: what names stand for in the code's file, and how many steps it may yet take."""

    imports: Mapping[str, str] = field(default_factory=dict)
    fuel: int = _FUEL

    def nodes(self, pattern: Node, code: Node, bound: Bindings) -> Iterator[Bindings]:
        """All ways in which the pattern's node is the code's."""
        self.fuel -= 1
        if self.fuel < 0:  # a pattern with many `...` against long code; not seen beats not answered
            return
        if pattern.kind == code.kind == "Attribute" and pattern.text != code.text and named(pattern.text) is None:
            return
        name = metavariable(pattern)
        if name is not None and (pattern.kind == "Expr" or code.kind not in _NO_EXPRESSION):
            yield from _bind(name, code, bound)
            return
        if pattern.kind in ("Name", "Attribute"):
            whole = dotted(pattern)
            if whole is not None and "_llm_meta_" not in whole:
                if self._named(whole, code):
                    yield bound
                return
        if pattern.kind == "Constant" and pattern.text == "'...'":
            if code.kind == "JoinedStr" or (code.kind == "Constant" and code.text[:1] in "'\""):
                yield bound
            return
        if pattern.kind != code.kind:
            if pattern.kind == "Assign" and code.kind == "AnnAssign":
                yield from self._annotated(pattern, code, bound)
            return
        if pattern.kind in ("Dict", "arguments"):
            pattern, code = _regrouped(pattern), _regrouped(code)
        identifier = named(pattern.text)
        if identifier is None:
            if pattern.text == code.text:
                yield from self._children(pattern, code, bound)
            return
        for more in _bind(identifier, Node("Name", code.text, code.span), bound):
            yield from self._children(pattern, code, more)

    def sequence(self, patterns: Sequence[Node], code: Sequence[Node], bound: Bindings) -> Iterator[Bindings]:
        """All ways in which the nodes are those of the code, in their order, `...` being any number of them."""
        if not patterns:
            if not code:
                yield bound
            return
        first, rest = patterns[0], patterns[1:]
        if is_dots(first):
            if not rest:
                yield bound
                return
            for start in range(len(code) + 1):
                yield from self.sequence(rest, code[start:], bound)
        elif code:
            for more in self.nodes(first, code[0], bound):
                yield from self.sequence(rest, code[1:], more)

    def _children(self, pattern: Node, code: Node, bound: Bindings) -> Iterator[Bindings]:
        if not pattern.children and not code.children:
            yield bound
            return
        wanted, there = _roles(pattern), _roles(code)
        loose = _LOOSE.get(pattern.kind, frozenset())
        for role in there:
            if role not in wanted and role not in loose:
                wanted[role] = []
        unordered = _UNORDERED.get(pattern.kind)
        more = pattern.kind != "Call" or any(is_dots(child) for role, child in pattern.children if role == "args")
        yield from self._roles(list(wanted.items()), there, (unordered, more), bound)

    def _roles(
        self,
        wanted: Sequence[tuple[str, list[Node]]],
        there: Mapping[str, list[Node]],
        loosely: tuple[str | None, bool],
        bound: Bindings,
    ) -> Iterator[Bindings]:
        if not wanted:
            yield bound
            return
        (role, patterns), rest = wanted[0], wanted[1:]
        code = there.get(role, [])
        if role == loosely[0]:
            found = self._any_order(patterns, code, bound, more=loosely[1])
        else:
            found = self.sequence(patterns, code, bound)
        for more in found:
            yield from self._roles(rest, there, loosely, more)

    def _any_order(
        self, patterns: Sequence[Node], code: Sequence[Node], bound: Bindings, *, more: bool
    ) -> Iterator[Bindings]:
        if not patterns:
            if more or not code:
                yield bound
            return
        first, rest = patterns[0], patterns[1:]
        for position, candidate in enumerate(code):
            for further in self.nodes(first, candidate, bound):
                yield from self._any_order(rest, [*code[:position], *code[position + 1 :]], further, more=more)

    def _annotated(self, pattern: Node, code: Node, bound: Bindings) -> Iterator[Bindings]:
        """`x: int = 1` is an assignment to `x` too."""
        roles = _roles(code)
        wanted = _roles(pattern)
        if "value" in roles and len(wanted["targets"]) == 1:
            for more in self.nodes(wanted["targets"][0], roles["target"][0], bound):
                yield from self.nodes(wanted["value"][0], roles["value"][0], more)

    def _named(self, whole: str, code: Node) -> bool:
        """Whether code says a dotted name, as it stands or as the imports of the file have it."""
        said = dotted(code)
        if said is None:
            return False
        return said == whole or resolved(said, self.imports) in (whole, resolved(whole, self.imports))


def dotted(node: Node) -> str | None:
    """`a.b.c` where the node is a name or attributes of one."""
    parts = []
    while node.kind == "Attribute":
        parts.append(node.text)
        node = node.children[0][1]
    if node.kind != "Name":
        return None
    return ".".join([node.text, *reversed(parts)])


def resolved(name: str, imports: Mapping[str, str]) -> str:
    """A dotted name with what its first part was imported as in its place."""
    first, dot, rest = name.partition(".")
    return imports.get(first, first) + dot + rest


def same(one: Node, other: Node) -> bool:
    """Whether two trees are equal, wherever they stand."""
    if one.kind != other.kind or one.text != other.text or len(one.children) != len(other.children):
        return False
    return all(
        a_role == b_role and same(a, b) for (a_role, a), (b_role, b) in zip(one.children, other.children, strict=True)
    )


_NO_EXPRESSION = frozenset(
    {"arguments", "arg", "keyword", "alias", "comprehension", "withitem", "match_case", "ExceptHandler", "Starred"}
)


def _bind(name: str, code: Node, bound: Bindings) -> Iterator[Bindings]:
    if name == "$_":
        yield bound
        return
    if code.kind == "Expr":
        code = code.children[0][1]
    if code.kind in ("arg", "param", "identifier"):
        code = Node("Name", code.text, code.span)
    known = bound.get(name)
    if known is None:
        yield {**bound, name: code}
    elif same(known, code):
        yield bound


def _roles(node: Node) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for role, child in node.children:
        found.setdefault(role, []).append(child)
    return found


def _regrouped(node: Node) -> Node:
    """A node whose roles are those that are compared: pairs of a dictionary, parameters with what belongs to them."""
    children: list[tuple[str, Node]] = []
    if node.kind == "Dict":
        key: list[tuple[str, Node]] = []
        for role, child in node.children:
            if role == "keys":
                key = [(role, child)]
            elif key or child.text != "_llm_dots":
                children.append(("pairs", Node("pair", "", child.span, (*key, (role, child)))))
                key = []
            else:
                children.append(("pairs", child))
        return Node(node.kind, "", node.span, tuple(children))
    if node.kind == "arguments":
        for role, child in node.children:
            if role in ("defaults", "kw_defaults"):
                if children:
                    last = children[-1][1]
                    children[-1] = (
                        "params",
                        Node("param", last.text, last.span, (*last.children, ("default", child))),
                    )
            else:
                stars = {"vararg": "*", "kwarg": "**"}.get(role, "")
                if child.text == "_llm_dots":
                    children.append(("params", child))
                else:
                    kind = "param" + stars
                    children.append(("params", Node(kind, child.text, child.span, child.children)))
        return Node(node.kind, "", node.span, tuple(children))
    return node
