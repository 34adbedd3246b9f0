"""Of which class a value is, where the piece itself says so: a literal, or what a call of a class gives.

A variable counts where its function binds it once, and nothing else can.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_llmlearn.domain.matchers.reading import Reading, child
from pytest_llmlearn.domain.matchers.targets import resolved, split
from pytest_llmlearn.domain.matchers.view import View, World
from pytest_llmlearn.domain.tree import Node, Span

_LITERALS = {
    "List": "list", "ListComp": "list", "Dict": "dict", "DictComp": "dict", "Set": "set", "SetComp": "set",
    "Tuple": "tuple", "JoinedStr": "str",
}  # fmt: skip
_MAKERS = {
    "list": "list", "dict": "dict", "set": "set", "tuple": "tuple", "str": "str", "int": "int", "float": "float",
    "frozenset": "frozenset", "bytes": "bytes", "bytearray": "bytearray", "bool": "bool", "sorted": "list",
    "len": "int", "repr": "str", "input": "str", "range": "range", "complex": "complex",
}  # fmt: skip


_SETS_ANYTHING = {("Name", "setattr"), ("Name", "vars"), ("Name", "exec"), ("Attribute", "__dict__")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """The attribute `name` that is asked of an instance of the class `qualname` of `module`."""

    module: str
    qualname: str
    name: str
    span: Span
    guards: frozenset[str]


def of_values(found: Reading, view: View, world: World) -> Iterator[Value]:
    """The attributes that are asked of values of a known class."""
    for asked in found.asks:
        made = class_of(asked.value, asked.scope, found, view, world)
        if made is not None:
            span = asked.node.span
            yield Value(module=made[0], qualname=made[1], name=asked.node.text, span=span, guards=asked.guards)
    for chain in found.chains:
        if len(chain.parts) < 2 or chain.deferred:
            continue
        bound = only_value(chain.parts[0], chain.scope, found)
        made = class_of(bound[0], bound[1], found, view, world) if bound is not None else None
        if made is not None:
            span = chain.nodes[1].span
            yield Value(module=made[0], qualname=made[1], name=chain.parts[1], span=span, guards=chain.guards)


def only_value(name: str, scope: int, found: Reading) -> tuple[Node, int] | None:
    """What the one assignment of a function's variable gives it, with the number of that function."""
    at = found.binding(name, scope)
    if not at or name in found.shared:  # what a module binds, every other piece may bind again
        return None
    stores = found.stores[at][name]
    if len(stores) != 1 or stores[0].kind != "Name":
        return None
    around, role = found.parents[id(stores[0])]
    if role not in ("targets", "target") or around.kind not in ("Assign", "NamedExpr"):
        return None
    value = child(around, "value")
    return (value, at) if value is not None else None


def class_of(node: Node, scope: int, found: Reading, view: View, world: World, hops: int = 3) -> tuple[str, str] | None:
    """(module, class) of a value; `builtins` is the module of literals."""
    if node.kind in _LITERALS:
        return "builtins", _LITERALS[node.kind]
    if node.kind == "Constant":
        return _of_constant(node.text)
    if node.kind == "Name" and hops:
        bound = only_value(node.text, scope, found)
        return class_of(bound[0], bound[1], found, view, world, hops - 1) if bound is not None else None
    if node.kind != "Call":
        return None
    callee = node.children[0][1]
    if callee.kind == "Name" and callee.text in _MAKERS:
        own = callee.text in view.bound or callee.text in view.imports or view.stars
        return None if own else ("builtins", _MAKERS[callee.text])
    parts: list[str] = []
    while callee.kind == "Attribute" and callee.children:
        parts.append(callee.text)
        callee = callee.children[0][1]
    if callee.kind != "Name":
        return None
    target = resolved((callee.text, *reversed(parts)), scope, found, view)
    if target is None or "." not in target:
        return None
    module, qualname = split(target, world)
    return (module, qualname) if qualname and world.members(module, qualname) is not None else None


def _of_constant(text: str) -> tuple[str, str] | None:
    if text[:1] in "'\"":
        return "builtins", "str"
    if text[:2] in ("b'", 'b"'):
        return "builtins", "bytes"
    if text.isdigit():
        return "builtins", "int"
    return ("builtins", "float") if text.replace(".", "", 1).isdigit() else None


def of_own(found: Reading) -> Iterator[Value]:
    """The attributes asked of `self` that nothing in its class gives, where the class has no bases.

    A subclass may give them all the same: that is known only where it was learned.
    """
    lacking: dict[int, frozenset[str] | None] = {}
    for chain in found.chains:
        if len(chain.parts) < 2 or chain.parts[0] not in ("self", "cls"):
            continue
        owner = owner_of(chain.nodes[0], found)
        if owner is None:
            continue
        if id(owner) not in lacking:
            lacking[id(owner)] = _given(owner)
        given = lacking[id(owner)]
        name = chain.parts[1]
        if given is not None and name not in given and not name.startswith("__"):
            yield Value(module="", qualname=owner.text, name=name, span=chain.nodes[1].span, guards=chain.guards)


def owner_of(node: Node, found: Reading) -> Node | None:
    """The innermost class around a node."""
    while node.kind != "ClassDef":
        around = found.parents.get(id(node))
        if around is None:
            return None
        node = around[0]
    return node


def _given(owner: Node) -> frozenset[str] | None:
    """The attributes that a class of its own gives its instances, and all that are set on anything in it."""
    if any(role in ("bases", "keywords", "decorator_list") for role, _ in owner.children):
        return None
    given: set[str] = set()
    pending = [(role, child) for role, child in owner.children]
    while pending:
        role, node = pending.pop()
        if node.kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
            if node.text in ("__getattr__", "__getattribute__"):
                return None
            given.add(node.text)
        elif (node.kind, node.text) in _SETS_ANYTHING:
            return None
        elif node.kind in ("Name", "Attribute") and role in ("targets", "target", "elts", "optional_vars"):
            given.add(node.text)
        elif node.kind == "Constant" and node.text[1:-1].isidentifier():
            given.add(node.text[1:-1])  # what `__slots__` may name
        pending += node.children
    return frozenset(given)
