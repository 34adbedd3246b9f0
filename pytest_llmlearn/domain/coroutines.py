"""What a text does with the coroutines it makes: awaited, handed on, or lost.

Read from the syntax tree alone. Only what is plain from the text counts as lost; a coroutine that is handed to a
function nobody knows may well be awaited there.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from pytest_llmlearn.domain.names import dotted
from pytest_llmlearn.domain.source import parse

Fate = Literal["dropped", "used", "entered", "unknown"]
"""`dropped`: nobody keeps it; `used`: as if it were the value; `entered`: by `with` or `async with`; `unknown`:
handed on, and perhaps awaited there."""
Function = ast.FunctionDef | ast.AsyncFunctionDef

CONSUMERS = frozenset(
    {"create_task", "ensure_future", "gather", "run", "run_until_complete", "run_coroutine_threadsafe", "wait_for"}
    | {"wait", "as_completed", "shield", "start_soon", "start", "spawn", "timeout", "as_future", "create_eager_task"}
)
"""Last part of the names of functions that await what they are given, or give back something to await."""
VALUE_FUNCTIONS = frozenset(
    {"len", "list", "tuple", "set", "dict", "str", "int", "float", "bool", "sum", "min", "max", "sorted", "print"}
    | {"repr", "format", "abs", "round", "enumerate", "zip", "range", "bytes", "any", "all", "reversed", "isinstance"}
    | {"dumps", "hash", "iter", "next", "vars"}
)
"""Functions that want a value: a coroutine given to them is one that nobody awaits."""
_OF_A_COROUTINE = frozenset(
    {"send", "throw", "close", "cr_await", "cr_code", "cr_frame", "cr_running", "cr_origin", "__await__"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call in some function of a text.

    `name` is the callee as written (`self.load`, `asyncio.sleep`); `scope` the qualified name of the function around
    it, empty at the module's level; `owner` the class that `self` stands for there, if any; `in_async` whether that
    function is `async def`; `awaited` whether the call's value is awaited; `fate` what becomes of it if it is a
    coroutine, None where it is taken care of.
    """

    name: str
    line: int
    scope: str
    owner: str
    in_async: bool
    awaited: bool
    fate: Fate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """What is known on the way down the tree; `parents` is one growing map, shared by all scopes of a walk."""

    qualname: str = ""
    owner: str = ""
    node: Function | ast.Module | None = None
    parents: dict[ast.AST, ast.AST]
    loads: Mapping[str, Sequence[ast.Name]] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()

    @property
    def in_async(self) -> bool:
        return isinstance(self.node, ast.AsyncFunctionDef)


@lru_cache(maxsize=256)
def calls(text: str, first: int = 1, last: int = sys.maxsize) -> tuple[Call, ...]:
    """Every call whose callee is a name or a chain of attributes, in the order of its lines.

    `first` and `last` bound the lines that are looked at: a function of a long file costs no more than itself.
    """
    tree = parse(text)
    if tree is None:
        return ()
    found = _calls(tree, _Scope(node=tree, parents={}), first, last)
    return tuple(sorted((call for call in found if first <= call.line <= last), key=lambda call: call.line))


def _calls(node: ast.AST, scope: _Scope, first: int, last: int) -> Iterator[Call]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt) and (child.lineno > last or (child.end_lineno or child.lineno) < first):
            continue
        scope.parents[child] = node
        if isinstance(child, ast.ClassDef):
            name = f"{scope.qualname}.{child.name}".lstrip(".")
            yield from _calls(child, _Scope(qualname=name, owner=name, parents=scope.parents), first, last)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = ".<locals>" if scope.node is not None and scope.qualname else ""
            name = f"{scope.qualname}{inside}.{child.name}".lstrip(".")
            yield from _calls(child, _of_function(child, name, scope), first, last)
        elif isinstance(child, ast.Lambda):
            inner = _Scope(qualname=scope.qualname, owner=scope.owner, parents=scope.parents)
            yield from _calls(child, inner, first, last)
        else:
            if isinstance(child, ast.Call) and (callee := _callee(child)):
                yield Call(
                    name=callee,
                    line=child.func.end_lineno or child.lineno,
                    scope=scope.qualname,
                    owner=scope.owner,
                    in_async=scope.in_async,
                    awaited=isinstance(node, ast.Await),
                    fate=_fate(child, scope),
                )
            yield from _calls(child, scope, first, last)


def _of_function(node: Function, qualname: str, around: _Scope) -> _Scope:
    """The scope of a function, with where it reads which name, and the names it declares to be another scope's."""
    loads: dict[str, list[ast.Name]] = {}
    shared: set[str] = set()
    parents = around.parents
    pending: list[ast.AST] = [node]
    while pending:
        outer = pending.pop()
        for inner in ast.iter_child_nodes(outer):
            parents[inner] = outer
            if isinstance(inner, ast.Name):
                if isinstance(inner.ctx, ast.Load):
                    loads.setdefault(inner.id, []).append(inner)
            elif isinstance(inner, ast.Global | ast.Nonlocal):
                shared.update(inner.names)
            else:
                pending.append(inner)
    return _Scope(
        qualname=qualname,
        owner=around.owner,
        node=node,
        parents=parents,
        loads=loads,
        shared=frozenset(shared),
    )


def _callee(node: ast.Call) -> str | None:
    """`Client().get` for `Client(...).get(...)`, else the dotted name."""
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        made = dotted(node.func.value.func)
        return f"{made}().{node.func.attr}" if made else None
    return dotted(node.func)


def _fate(node: ast.expr, scope: _Scope, seen: frozenset[str] = frozenset()) -> Fate | None:
    """What becomes of the value of `node`, should it be a coroutine."""
    parent = scope.parents.get(node)
    while isinstance(parent, ast.IfExp | ast.NamedExpr | ast.Starred | ast.List | ast.Tuple | ast.Set | ast.BoolOp):
        if isinstance(parent, ast.IfExp) and node is parent.test:
            return "used"
        node, parent = parent, scope.parents.get(parent)
    if isinstance(parent, ast.Expr):
        return "dropped"
    if isinstance(parent, ast.Call):
        return _fate_of_argument(node, parent)
    if isinstance(parent, ast.keyword):
        call = scope.parents.get(parent)
        return _fate_of_argument(parent, call) if isinstance(call, ast.Call) else "unknown"
    if isinstance(parent, ast.Attribute):
        return "unknown" if parent.attr in _OF_A_COROUTINE else "used"
    if isinstance(parent, ast.Assign | ast.AnnAssign):
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and isinstance(scope.node, Function):
            return _fate_of_variable(targets[0].id, scope, seen)
        return "used" if any(isinstance(target, ast.Tuple | ast.List) for target in targets) else "unknown"
    if isinstance(parent, ast.If | ast.While | ast.Assert | ast.For | ast.comprehension | ast.AsyncFor | ast.AugAssign):
        return "used"
    if isinstance(parent, ast.Compare):
        return None if _compared_with_none(parent) else "used"
    if isinstance(parent, ast.BinOp | ast.UnaryOp | ast.FormattedValue | ast.Subscript):
        return "used"
    if isinstance(parent, ast.withitem):
        return "entered"
    return None if isinstance(parent, ast.Await) else "unknown"


def _compared_with_none(node: ast.Compare) -> bool:
    return any(isinstance(entry, ast.Constant) and entry.value is None for entry in node.comparators)


def _fate_of_argument(node: ast.AST, call: ast.Call) -> Fate | None:
    if node is call.func:
        return "used"
    name = (dotted(call.func) or "").rpartition(".")[2]
    if not name and isinstance(call.func, ast.Attribute):
        name = call.func.attr
    if name in CONSUMERS:
        return None
    return "used" if name in VALUE_FUNCTIONS else "unknown"


def _fate_of_variable(name: str, scope: _Scope, seen: frozenset[str]) -> Fate | None:
    """Of a coroutine kept in a local variable: lost if no use could await it."""
    if name in seen or name in scope.shared:
        return "unknown"
    uses = scope.loads.get(name)
    if not uses:
        return "dropped"
    fates = {_fate(use, scope, seen | {name}) for use in uses}
    if None in fates:
        return None
    return "unknown" if fates & {"unknown", "entered"} else "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receivers:
    """Which class a name's value is an instance of, per function and per class of a text.

    `local` maps (function, variable) and `attribute` (class, attribute) to the class's name as written.
    """

    local: Mapping[tuple[str, str], str]
    attribute: Mapping[tuple[str, str], str]

    def class_of(self, call: Call) -> str | None:
        """The class of the value before the last dot of the callee, where an assignment or annotation tells it."""
        head, _, _ = call.name.rpartition(".")
        if head.endswith("()"):
            return head[:-2]
        if head in ("self", "cls"):
            return call.owner or None
        if head.startswith("self.") and head.count(".") == 1:
            return self.attribute.get((call.owner, head.partition(".")[2]))
        if "." in head or not head:
            return None
        scope = call.scope
        while scope:
            if (scope, head) in self.local:
                return self.local[scope, head]
            scope = scope.rpartition(".<locals>")[0]
        return self.local.get(("", head))


@lru_cache(maxsize=64)
def receivers(text: str) -> Receivers:
    """Classes of variables and attributes: from `x = C(...)`, `with C(...) as x`, `x: C`."""
    tree = parse(text)
    local: dict[tuple[str, str], str] = {}
    attribute: dict[tuple[str, str], str] = {}

    def visit(node: ast.AST, scope: str, owner: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                name = f"{scope}.{child.name}".lstrip(".")
                visit(child, name, name)
                continue
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = ".<locals>" if scope and scope != owner else ""
                name = f"{scope}{inside}.{child.name}".lstrip(".")
                for argument in (*child.args.posonlyargs, *child.args.args, *child.args.kwonlyargs):
                    if made := _annotated(argument.annotation):
                        local[name, argument.arg] = made
                visit(child, name, owner)
                continue
            for target, made in _bindings(child, lambda name: local.get((scope, name))):
                written = dotted(target)
                if written is None:
                    continue
                if written.startswith("self.") and written.count(".") == 1:
                    attribute.setdefault((owner, written[5:]), made)
                elif "." not in written:
                    local[scope, written] = made
            visit(child, scope, owner)

    if tree is not None:
        visit(tree, "", "")
    return Receivers(local=local, attribute=attribute)


def _bindings(node: ast.AST, known: Callable[[str], str | None]) -> Iterator[tuple[ast.expr, str]]:
    pairs: list[tuple[ast.expr, ast.expr | None]] = []
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign):
        if made := _annotated(node.annotation):
            yield node.target, made
        return
    elif isinstance(node, ast.With | ast.AsyncWith):
        pairs = [(item.optional_vars, item.context_expr) for item in node.items if item.optional_vars is not None]
    for target, value in pairs:
        made = dotted(value.func) if isinstance(value, ast.Call) else None
        made = known(value.id) if isinstance(value, ast.Name) else made
        if made:
            yield target, made


def _annotated(node: ast.expr | None) -> str | None:
    """The class that an annotation names: `C`, `"C"`, `C | None`, `Optional[C]`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if node.value.replace(".", "").isidentifier() else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _annotated(node.left)
    if isinstance(node, ast.Subscript) and dotted(node.value) in ("Optional", "typing.Optional"):
        return _annotated(node.slice)
    return dotted(node) if node is not None else None
