"""Recognises misused coroutines: not awaited, blocking the loop, entered by the wrong `with`.

A matcher's body names what went wrong (`what`): `unawaited`, `blocking`, `plain` (awaited, and no coroutine) or
`entered` with the `wanted` statement; with `any` it fires for all of which the world knows as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_llmlearn.domain.coroutines import CONSUMERS, VALUE_FUNCTIONS
from pytest_llmlearn.domain.matcher import Kind, Matcher, Sighting
from pytest_llmlearn.domain.matchers.reading import Called, Reading, children, dotted, is_guarded, reading
from pytest_llmlearn.domain.matchers.targets import resolved, split
from pytest_llmlearn.domain.matchers.view import View, World
from pytest_llmlearn.domain.tree import Node, Span

_THROUGH = frozenset({"NamedExpr", "Starred", "List", "Tuple", "Set", "BoolOp"})
_LOOKED_AT = frozenset({"If", "While", "Assert", "For", "comprehension", "AugAssign", "BinOp", "UnaryOp", "Subscript"})
_OF_A_COROUTINE = frozenset({"send", "throw", "close", "add_done_callback", "__await__"})
_TRANSPARENT = frozenset({"staticmethod", "classmethod", "abstractmethod", "override", "final"})


class Awaiting:
    """`view.Recogniser` of the kind `awaiting`."""

    kind: Kind = "awaiting"

    def sightings(self, matcher: Matcher, view: View) -> Iterable[Sighting]:
        world = view.world
        if world is None:
            return
        found = reading(view.node)
        what = matcher.body.get("what")
        name = "" if matcher.body.get("any") else str(matcher.body.get("name", ""))
        if what == "entered":
            for span, entered in _entered(name, str(matcher.body.get("wanted", "")), found, view, world):
                yield _sighting(matcher, span, f"`{entered}` is entered by `{matcher.body.get('wanted')}`")
            return
        for call in found.calls:
            if name and not _may_be(name, call, view):
                continue
            if what == "unawaited":
                if _is_lost(call, found) and _makes_coroutine(call, found, view, world):
                    yield _sighting(matcher, call.node.span, f"`{_written(call)}` makes a coroutine: await it")
            elif what == "blocking":
                if call.in_async and not _is_awaited(call, found) and _stands_for(call, name, found, view):
                    yield _sighting(matcher, call.node.span, f"`{name}` blocks the event loop")
            elif what == "plain":
                awaited = _is_awaited(call, found)
                if awaited and name and _makes_coroutine(call, found, view, world) is False:
                    yield _sighting(matcher, call.node.span, f"`{name}` makes no coroutine")


def _sighting(matcher: Matcher, span: Span, why: str) -> Sighting:
    return Sighting(matcher=matcher, span=span, confidence=matcher.confidence, why=why)


def _written(call: Called) -> str:
    return ".".join(call.parts) or "the call"


def _may_be(name: str, call: Called, view: View) -> bool:
    """Whether the call may be one of what was learned by that name: by its last part, aliases looked through."""
    if not call.parts:
        return False
    last = name.rpartition(".")[2]
    target = view.imports.get(call.parts[0], call.parts[0]) if len(call.parts) == 1 else call.parts[-1]
    return target.rpartition(".")[2] == last


def _stands_for(call: Called, name: str, found: Reading, view: View) -> bool:
    """Whether the callee is the very function of that dotted name; a bare name is a builtin's."""
    if "." not in name:
        own = name in view.bound or name in view.imports or view.stars
        return call.parts == (name,) and not own
    return resolved(call.parts, call.scope, found, view) == name


def _is_awaited(call: Called, found: Reading) -> bool:
    around = found.parents.get(id(call.node))
    return around is not None and around[0].kind == "Await"


def _makes_coroutine(call: Called, found: Reading, view: View, world: World) -> bool | None:
    """Whether calling it makes a coroutine: by the piece's own definitions, else by what the world says."""
    if not call.parts:
        return None
    target = resolved(call.parts, call.scope, found, view)
    if target is not None:
        if "." not in target:
            return None
        module, qualname = split(target, world)
        return world.is_coroutine(module, qualname) if qualname else None
    own = _own(call, found)
    if own is not None:
        return _is_coroutine_definition(own)
    if len(call.parts) == 1 and found.binding(call.parts[0], call.scope) is None and call.parts[0] in view.bound:
        return world.is_coroutine_function(call.parts[0], view.path)
    return None


def _own(call: Called, found: Reading) -> Node | None:
    """The one definition in this piece that the call means: a function by its name, a method of its class by `self`."""
    if len(call.parts) == 1:
        at = found.binding(call.parts[0], call.scope)
        stores = found.stores[at][call.parts[0]] if at is not None else []
        one = stores[0] if len(stores) == 1 else None
        if one is None or one.kind not in ("FunctionDef", "AsyncFunctionDef"):
            return None
        around = found.parents.get(id(one))
        return None if around is not None and around[0].kind == "ClassDef" else one
    if len(call.parts) != 2 or call.parts[0] not in ("self", "cls"):
        return None
    node: Node | None = call.node
    while node is not None and node.kind != "ClassDef":
        around = found.parents.get(id(node))
        node = around[0] if around is not None else None
    named = [one for one in children(node, "body") if one.text == call.parts[1]] if node is not None else []
    return named[0] if len(named) == 1 and named[0].kind in ("FunctionDef", "AsyncFunctionDef") else None


def _is_coroutine_definition(node: Node) -> bool | None:
    wrappers = {(dotted(_callee(one)) or ("?",))[-1] for one in children(node, "decorator_list")}
    if wrappers - _TRANSPARENT:
        return None
    return node.kind == "AsyncFunctionDef" and not any(_yields(child) for child in children(node, "body"))


def _callee(node: Node) -> Node:
    return node.children[0][1] if node.kind == "Call" and node.children else node


def _yields(node: Node) -> bool:
    if node.kind in ("Yield", "YieldFrom"):
        return True
    if node.kind in ("FunctionDef", "AsyncFunctionDef", "Lambda", "ClassDef"):
        return False
    return any(_yields(child) for _, child in node.children)


def _is_lost(call: Called, found: Reading) -> bool:
    """Whether nothing can await what the call gives: dropped, or used as if it were its value."""
    return not is_guarded(call.guards, ("RuntimeWarning",)) and _lost(call.node, call.scope, found, frozenset())


def _lost(node: Node, scope: int, found: Reading, seen: frozenset[str]) -> bool:
    around, role = found.parents.get(id(node), (None, ""))
    while around is not None and (around.kind in _THROUGH or (around.kind == "IfExp" and role != "test")):
        node = around
        around, role = found.parents.get(id(node), (None, ""))
    if around is None:
        return False
    kind = around.kind
    if kind == "Expr" or kind in _LOOKED_AT or (kind == "IfExp" and role == "test"):
        return kind not in ("For", "comprehension") or role in ("iter", "ifs")
    if kind == "Attribute":
        return around.text not in _OF_A_COROUTINE
    if kind == "Compare":
        return not any(child.text == "None" for _, child in around.children)
    if kind == "FormattedValue":
        return True
    if kind == "Call" and role == "args":
        return _wants_value(around)
    if kind in ("Assign", "AnnAssign") and role == "value":
        return _variable_is_lost(around, scope, found, seen)
    return False


def _wants_value(call: Node) -> bool:
    parts = dotted(call.children[0][1])
    return bool(parts) and parts[-1] in VALUE_FUNCTIONS and parts[-1] not in CONSUMERS and len(parts) == 1


def _variable_is_lost(assignment: Node, scope: int, found: Reading, seen: frozenset[str]) -> bool:
    targets = [child for role, child in assignment.children if role in ("targets", "target")]
    if scope == 0 or len(targets) != 1 or targets[0].kind != "Name":
        return False
    name = targets[0].text
    if name in seen or name in found.shared or name not in found.stores.get(scope, {}):
        return False
    uses = [one for one in found.chains if one.parts[0] == name and found.binding(name, one.scope) == scope]
    return all(one.scope == scope and _lost(one.nodes[0], scope, found, seen | {name}) for one in uses)


def _entered(name: str, wanted: str, found: Reading, view: View, world: World) -> Iterator[tuple[Span, str]]:
    """What is entered by `with` and knows `async with` alone, or the other way round."""
    needed, absent = ("__aenter__", "__enter__") if wanted == "async with" else ("__enter__", "__aenter__")
    for _, call, is_async in found.withs:
        if is_async == (wanted == "async with") or not call.parts:
            continue
        target = resolved(call.parts, call.scope, found, view)
        if target is None or "." not in target or (name and target.rpartition(".")[2] != name.rpartition(".")[2]):
            continue
        module, qualname = split(target, world)
        members = world.members(module, qualname) if qualname else None
        # Some classes define the wrong one only to say that it is wrong.
        if members is not None and needed in members and (absent not in members or name):
            yield call.node.span, target
