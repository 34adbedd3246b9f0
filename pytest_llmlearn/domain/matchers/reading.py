"""What a piece of code uses: its imports, its names and attributes, its calls, and what guards each of them.

One walk for each piece, whoever asks. What stands under a guard (`except ImportError`, `if TYPE_CHECKING`, `hasattr`)
says by itself that it may not be there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pytest_llmlearn.domain.tree import Node, Span

FUNCTIONS = frozenset({"FunctionDef", "AsyncFunctionDef", "Lambda"})
COMPREHENSIONS = frozenset({"ListComp", "SetComp", "DictComp", "GeneratorExp"})
CONDITION = "?"
"""Guard of what runs only where something is found to be there: `if TYPE_CHECKING`, `if hasattr(...)`."""
ANYTHING = "*"
"""Guard of what runs under `except:`."""

_CONDITIONS = frozenset(
    {"TYPE_CHECKING", "version_info", "hexversion", "platform", "hasattr", "getattr", "find_spec", "__version__"}
    | {"implementation", "python_version", "modules", "PY2", "PY3", "LooseVersion", "Version", "parse_version"}
    | {"__name__"}
)
"""Names that stand in a condition that asks what is there."""
_CATCHERS = ("suppress", "raises", "assertRaises", "assert_raises", "warns", "catch")
"""With what the names of functions begin that expect an exception, or take it."""
_STORED = frozenset({"targets", "target", "optional_vars"})
_BINDING = frozenset({"ExceptHandler", "MatchAs", "MatchStar", "MatchMapping", "TypeVar", "ParamSpec", "TypeVarTuple"})
"""Kinds whose text is a name that they bind."""
_UNPACKED = frozenset({"Tuple", "List", "Starred"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One name that is imported: of `import module` the `name` is empty. `guards` are caught around it."""

    module: str
    name: str
    local: str
    span: Span
    guards: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A name that is read, with the attributes asked of it: `parts` of `np.linalg.norm`, and the nodes of each step.

    `deferred` says that it stands in an annotation that is perhaps never evaluated.
    """

    parts: tuple[str, ...]
    nodes: tuple[Node, ...]
    guards: frozenset[str]
    deferred: bool = False
    scope: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call; `parts` of its callee, empty where that is no dotted name. `scope` is the number of its function."""

    node: Node
    parts: tuple[str, ...]
    guards: frozenset[str]
    in_async: bool
    scope: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An attribute that is asked of what is no name, nor an attribute of one: `node` of `value`."""

    node: Node
    value: Node
    guards: frozenset[str]
    scope: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All of one piece. `parents` maps the identity of a node to the node around it and its role there.

    `stores` are the names that each function binds, by its number (0 is the piece itself); `probed` the names of
    attributes that are set, or asked for by `hasattr` or `getattr`; `around` the function around each function;
    `ambiguous` the names that several imports bind to different things.
    """

    imports: tuple[Imported, ...]
    chains: tuple[Chain, ...]
    calls: tuple[Called, ...]
    asks: tuple[Asked, ...]
    withs: tuple[tuple[Node, Called, bool], ...]
    parents: dict[int, tuple[Node, str]]
    stores: dict[int, dict[str, list[Node]]]
    around: dict[int, int]
    shared: frozenset[str]
    probed: frozenset[str]
    words: frozenset[str]
    ambiguous: frozenset[str]

    def binding(self, name: str, scope: int) -> int | None:
        """The number of the function that binds the name for a use in `scope`; None for none."""
        while True:
            if name in self.stores.get(scope, ()):
                return scope
            if scope == 0:
                return None
            scope = self.around[scope]


@dataclass(frozen=True, slots=True)
class _Here:
    """What is known on the way down."""

    guards: frozenset[str] = frozenset()
    scope: int = 0
    in_async: bool = False
    in_function: bool = False
    deferred: bool = False


@dataclass(slots=True)
class _Walk:
    imports: list[Imported] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    asks: list[Asked] = field(default_factory=list)
    withs: list[tuple[Node, Called, bool]] = field(default_factory=list)
    parents: dict[int, tuple[Node, str]] = field(default_factory=dict)
    stores: dict[int, dict[str, list[Node]]] = field(default_factory=dict)
    around: dict[int, int] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    probed: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    def visit(self, node: Node, here: _Here, *, stored: bool = False) -> None:
        kind = node.kind
        if kind == "Name":
            self._name(node, here, stored=stored)
        elif kind == "Attribute":
            self._attribute(node, here, stored=stored)
        elif kind in FUNCTIONS:
            self._function(node, here)
        elif kind == "ClassDef":
            self._bind(node.text, node, here)
            self._inner(node, _Here(guards=here.guards, scope=self._scope(here), in_function=False))
        elif kind in ("Import", "ImportFrom"):
            self._import(node, here)
        elif kind in ("Try", "TryStar"):
            self._try(node, here)
        elif kind in ("If", "IfExp", "While", "BoolOp"):
            self._condition(node, here)
        elif kind in ("With", "AsyncWith"):
            self._with(node, here)
        elif kind in COMPREHENSIONS:
            self._comprehension(node, here)
        else:
            self._other(node, here, stored=stored)

    def _other(self, node: Node, here: _Here, *, stored: bool) -> None:
        kind = node.kind
        if kind == "Call":
            self._called(node, here)
            here = _guarded(here, _caught_by(node))
        elif kind in ("Global", "Nonlocal"):
            self.shared.update(child.text for role, child in node.children if role == "names")
        elif node.text and kind in _BINDING:
            self._bind(node.text, node, here)
        for role, child in node.children:
            self.parents[id(child)] = (node, role)
            inner = here
            if role == "annotation":
                # What annotates a variable of a function is never evaluated.
                inner = _deferred(here)
            held = role in _STORED or (stored and kind in _UNPACKED)
            self.visit(child, inner, stored=held)

    def _inner(self, node: Node, here: _Here) -> None:
        for role, child in node.children:
            self.parents[id(child)] = (node, role)
            self.visit(child, _deferred(here) if role in ("annotation", "returns") else here)

    def _name(self, node: Node, here: _Here, *, stored: bool) -> None:
        self.words.add(node.text)
        if stored:
            self._bind(node.text, node, here)
            if self.parents[id(node)][0].kind != "AugAssign":
                return
        self.chains.append(
            Chain(
                parts=(node.text,), nodes=(node,), guards=here.guards, deferred=here.deferred, scope=here.scope
            )
        )  # fmt: skip

    def _attribute(self, node: Node, here: _Here, *, stored: bool) -> None:
        steps = [node]
        while steps[-1].kind == "Attribute" and steps[-1].children:
            inner = steps[-1].children[0][1]
            self.parents[id(inner)] = (steps[-1], "value")
            steps.append(inner)
        self.words.update(step.text for step in steps[:-1])
        last = steps[-1]
        if last.kind != "Name":
            if len(steps) > 2 or not stored:
                self.asks.append(Asked(node=steps[-2], value=last, guards=here.guards, scope=here.scope))
            self.visit(last, here)
            return
        self.words.add(last.text)
        steps.reverse()
        if stored:  # what is set need not have been there
            self.probed.add(steps.pop().text)
        self.chains.append(
            Chain(
                parts=tuple(step.text for step in steps),
                nodes=tuple(steps),
                guards=here.guards,
                deferred=here.deferred,
                scope=here.scope,
            )
        )

    def _called(self, node: Node, here: _Here) -> Called:
        parts = dotted(node.children[0][1]) if node.children else ()
        if parts[-1:] in (("hasattr",), ("getattr",)):
            self.probed.update(
                child.text[1:-1] for role, child in node.children if role == "args" and child.kind == "Constant"
            )
        made = Called(node=node, parts=parts, guards=here.guards, in_async=here.in_async, scope=here.scope)
        self.calls.append(made)
        return made

    def _function(self, node: Node, here: _Here) -> None:
        if node.kind != "Lambda":
            self._bind(node.text, node, here)
        scope = self._scope(here)
        # What guards the definition says that it may not be there, so its body is guarded too.
        inner = _Here(
            guards=here.guards, scope=scope, in_async=node.kind == "AsyncFunctionDef", in_function=True
        )  # fmt: skip
        for role, child in node.children:
            self.parents[id(child)] = (node, role)
            if role == "args":
                self._parameters(child, here, inner)
            elif role == "returns":
                self.visit(child, here)
            elif role == "body":
                self.visit(child, inner)
            else:
                self.visit(child, here if role == "decorator_list" else inner)

    def _parameters(self, node: Node, outside: _Here, inside: _Here) -> None:
        for role, child in node.children:
            self.parents[id(child)] = (node, role)
            if child.kind == "arg":
                self._bind(child.text, child, inside)
                for inner_role, annotation in child.children:
                    self.parents[id(annotation)] = (child, inner_role)
                    self.visit(annotation, outside)
            else:
                self.visit(child, outside)

    def _comprehension(self, node: Node, here: _Here) -> None:
        inner = _Here(
            guards=here.guards, scope=self._scope(here), in_async=here.in_async, in_function=here.in_function
        )  # fmt: skip
        for role, child in node.children:
            self.parents[id(child)] = (node, role)
            self.visit(child, inner)

    def _import(self, node: Node, here: _Here) -> None:
        for role, alias in node.children:
            self.parents[id(alias)] = (node, role)
            as_name = next((child.text for inner, child in alias.children if inner == "asname"), "")
            top = alias.text.partition(".")[0] if node.kind == "Import" else alias.text
            self.words.update((*alias.text.split("."), *node.text.split("."), as_name))
            self.imports.append(
                Imported(
                    module=alias.text if node.kind == "Import" else node.text,
                    name="" if node.kind == "Import" else alias.text,
                    local=as_name or top,
                    span=alias.span if alias.span.line else node.span,
                    guards=here.guards,
                )
            )

    def _try(self, node: Node, here: _Here) -> None:
        caught: set[str] = set()
        for role, child in node.children:
            if role == "handlers":
                kinds = [part for inner, part in child.children if inner == "type"]
                caught.update(*(_names(part) for part in kinds) if kinds else {ANYTHING})
        tried = _guarded(here, caught)
        fallen = _guarded(here, {CONDITION} if caught & {"ImportError", "ModuleNotFoundError"} else set())
        for role, child in node.children:
            self.parents[id(child)] = (node, role)
            self.visit(child, tried if role == "body" else fallen if role in ("handlers", "orelse") else here)

    def _condition(self, node: Node, here: _Here) -> None:
        if node.kind == "BoolOp":
            asks = any(_CONDITIONS & _names(child) for _, child in node.children)
        else:
            asks = any(_CONDITIONS & _names(child) for role, child in node.children if role == "test")
        inner = _guarded(here, {CONDITION}) if asks else here
        for role, child in node.children:
            self.parents[id(child)] = (node, role)
            self.visit(child, inner)

    def _with(self, node: Node, here: _Here) -> None:
        caught: set[str] = set()
        for role, item in node.children:
            self.parents[id(item)] = (node, role)
            if role != "items":
                continue
            for inner, child in item.children:
                self.parents[id(child)] = (item, inner)
                self.visit(child, here, stored=inner == "optional_vars")
                if inner == "context_expr" and child.kind == "Call":
                    entered = next(call for call in reversed(self.calls) if call.node is child)
                    self.withs.append((node, entered, node.kind == "AsyncWith"))
                    caught |= _caught_by(child)
        inside = _guarded(here, caught)
        for role, child in node.children:
            if role != "items":
                self.visit(child, inside)

    def _bind(self, name: str, node: Node, here: _Here) -> None:
        self.words.add(name)
        self.stores.setdefault(here.scope, {}).setdefault(name, []).append(node)

    def _scope(self, here: _Here) -> int:
        number = len(self.around) + 1
        self.around[number] = here.scope
        return number


def _deferred(here: _Here) -> _Here:
    return _Here(
        guards=here.guards,
        scope=here.scope,
        in_async=here.in_async,
        in_function=here.in_function,
        deferred=here.deferred or here.in_function,
    )


def _guarded(here: _Here, guards: set[str]) -> _Here:
    if not guards:
        return here
    return _Here(
        guards=here.guards | guards,
        scope=here.scope,
        in_async=here.in_async,
        in_function=here.in_function,
        deferred=here.deferred,
    )


def _caught_by(call: Node) -> set[str]:
    """The exceptions that are named to a function that expects them."""
    parts = dotted(call.children[0][1]) if call.children else ()
    if not parts or not parts[-1].startswith(_CATCHERS):
        return set()
    return set().union(*(_names(part) for role, part in call.children if role == "args"))


def _names(node: Node) -> set[str]:
    """The names and attributes below a node."""
    found: set[str] = set()
    pending = [node]
    while pending:
        one = pending.pop()
        if one.kind in ("Name", "Attribute"):
            found.add(one.text)
        pending += (child for _, child in one.children)
    return found


def dotted(node: Node) -> tuple[str, ...]:
    """The parts of a name or a chain of attributes on one, else none."""
    parts: list[str] = []
    while node.kind == "Attribute" and node.children:
        parts.append(node.text)
        node = node.children[0][1]
    if node.kind != "Name":
        return ()
    parts.append(node.text)
    return tuple(reversed(parts))


def children(node: Node, role: str) -> Iterator[Node]:
    """The children in that role."""
    return (child for one, child in node.children if one == role)


def child(node: Node, role: str) -> Node | None:
    """The first child in that role."""
    return next(children(node, role), None)


def is_guarded(guards: frozenset[str], exceptions: Sequence[str]) -> bool:
    """Whether code under these guards may fail with one of the exceptions and go on, or is not run at all."""
    return not guards.isdisjoint((*exceptions, "Exception", "BaseException", ANYTHING, CONDITION))


@lru_cache(maxsize=256)
def reading(node: Node) -> Reading:
    """The reading of a piece; the same node is read once."""
    walk = _Walk()
    walk.visit(node, _Here())
    targets: dict[str, set[str]] = {}
    for entry in walk.imports:
        targets.setdefault(entry.local, set()).add(f"{entry.module}.{entry.name}" if entry.name else "")
    return Reading(
        ambiguous=frozenset(name for name, several in targets.items() if len(several) > 1),
        imports=tuple(walk.imports),
        chains=tuple(walk.chains),
        calls=tuple(walk.calls),
        asks=tuple(walk.asks),
        withs=tuple(walk.withs),
        parents=walk.parents,
        stores=walk.stores,
        around=walk.around,
        shared=frozenset(walk.shared),
        probed=frozenset(walk.probed),
        words=frozenset(walk.words),
    )
