"""What a test names: the objects that a failing statement, then its function, then its module reach.

A reference is a chain of names as written, `()` standing for a call: `Calculator(1).add(2)` is
`("Calculator", "()", "add", "()")`. Local variables are followed back to what was assigned to them, so that
`assert total == 3` reaches the call that made `total`. Nothing is executed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pytest_llmlearn.domain import source

CALL = "()"
EXPANSIONS = 6
"""How many assignments are followed back at most."""
CHAIN_LIMIT = 12
REFERENCE_LIMIT = 60

Chain = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What one name of a module stands for: `name` of `module`, or the module itself where `name` is empty.

    `level` counts the leading dots of a relative import.
    """

    module: str
    name: str = ""
    level: int = 0


@dataclass(frozen=True)
class Reached:
    """What the test's text names around `line`, nearest first, without repetition. Worked out when asked for."""

    text: str
    line: int | None

    @cached_property
    def statement(self) -> tuple[Chain, ...]:
        """What the statement at the line names; of an import statement, what it binds."""
        scope = self._function or source.parse(self.text)
        return _statement(scope, self.line, self._assigned) if scope is not None else ()

    @cached_property
    def function(self) -> tuple[Chain, ...]:
        """What the function around the line names, latest before the line first."""
        if self._function is None or self.line is None:
            return ()
        return _distinct(_expanded(_body_chains(self._function, self.line), self._assigned))

    @property
    def imports(self) -> Mapping[str, Import]:
        """What the module imports."""
        return imports_of(self.text)

    @cached_property
    def _function(self) -> source.Definition | None:
        return _function_at(self.text, self.line)

    @cached_property
    def _assigned(self) -> Mapping[str, list[Chain]]:
        if self._function is None or self.line is None:
            return {}
        return {**_set_up(self.text, self._function), **_assignments(self._function, self.line)}


@lru_cache(maxsize=256)
def imports_of(text: str) -> Mapping[str, Import]:
    """Every name that an import statement binds, wherever in the module it stands."""
    tree = source.parse(text)
    found: dict[str, Import] = {}
    for node in source.statements(tree) if tree else ():
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    found[alias.asname] = Import(module=alias.name)
                else:
                    top = alias.name.partition(".")[0]
                    found.setdefault(top, Import(module=top))
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = Import(module=node.module or "", name=alias.name, level=node.level)
    return found


def _function_at(text: str, line: int | None) -> source.Definition | None:
    if line is None:
        return None
    around = [
        node
        for _, node in source.defined(text)
        if not isinstance(node, ast.ClassDef) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(around, key=lambda node: (node.end_lineno or 0) - node.lineno) if around else None


def _statement(scope: ast.AST, line: int | None, assigned: Mapping[str, list[Chain]]) -> tuple[Chain, ...]:
    if line is None:
        return ()
    best: ast.stmt | None = None
    for node in source.statements(scope):
        if node.lineno <= line <= (node.end_lineno or node.lineno) and (
            best is None or (node.lineno, -(node.end_lineno or 0)) >= (best.lineno, -(best.end_lineno or 0))
        ):
            best = node
    if best is None:
        return ()
    if isinstance(best, ast.Import | ast.ImportFrom):
        return tuple((alias.asname or alias.name.partition(".")[0],) for alias in best.names)
    parts: Iterable[ast.AST] = (best,)
    if hasattr(best, "body"):  # of a compound statement, the head alone
        parts = [part for name, value in ast.iter_fields(best) if name not in _BODIES for part in _nodes(value)]
    return _distinct(_expanded([chain for part in parts for chain in _chains(part)], assigned))


_BODIES = frozenset({"body", "orelse", "finalbody", "handlers", "decorator_list", "cases"})


def _nodes(value: object) -> list[ast.AST]:
    if isinstance(value, ast.AST):
        return [value]
    return [entry for entry in value if isinstance(entry, ast.AST)] if isinstance(value, list) else []


def _chains(node: ast.AST) -> Iterator[Chain]:
    """Maximal chains in `node`, outermost call first, then those in its arguments."""
    if isinstance(node, ast.Name | ast.Attribute | ast.Call):
        chain = _chain(node)
        if chain:
            yield chain
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute | ast.Call):
            if isinstance(inner, ast.Call):
                for argument in (*inner.args, *(keyword.value for keyword in inner.keywords)):
                    yield from _chains(argument)
                inner = inner.func
            else:
                inner = inner.value
        if not isinstance(inner, ast.Name):
            yield from _chains(inner)
        return
    for child in ast.iter_child_nodes(node):
        yield from _chains(child)


def _chain(node: ast.AST) -> Chain | None:
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            parts.append(CALL)
            node = node.func
        elif isinstance(node, ast.Await):
            node = node.value
        elif isinstance(node, ast.Name):
            parts.append(node.id)
            return tuple(reversed(parts))[:CHAIN_LIMIT]
        else:
            return None


def _body_chains(function: ast.AST, line: int) -> list[Chain]:
    """The function's chains: those of statements up to `line`, latest first, then those behind it."""
    before: list[tuple[int, Chain]] = []
    after: list[tuple[int, Chain]] = []
    for node in ast.walk(function):
        if isinstance(node, ast.expr):
            chain = _chain(node) if isinstance(node, ast.Call) else None
            if chain:
                (before if node.lineno <= line else after).append((node.lineno, chain))
    names = [chain for node in ast.walk(function) if isinstance(node, ast.Name) and (chain := _chain(node))]
    ordered = [chain for _, chain in sorted(before, key=lambda item: -item[0])]
    return [*ordered, *(chain for _, chain in sorted(after, key=lambda item: item[0])), *names]


def _assignments(function: ast.AST, line: int) -> dict[str, list[Chain]]:
    """For each local name (`x`, `self.x`) the chains of the value given to it last before `line`."""
    given: dict[str, tuple[int, list[Chain]]] = {}
    for node in ast.walk(function):
        for target, value in _bound(node):
            at = getattr(target, "lineno", 0)
            chains = list(_chains(value))
            for name in _target_names(target):
                if at <= line and chains and at >= given.get(name, (0, []))[0]:
                    given[name] = (at, chains)
    return {name: chains for name, (_, chains) in given.items()}


def _bound(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield target, node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            if item.optional_vars is not None:
                yield item.optional_vars, item.context_expr


def _target_names(target: ast.AST) -> Iterator[str]:
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _target_names(element)
    elif isinstance(target, ast.Starred):
        yield from _target_names(target.value)
    else:
        chain = _chain(target)
        if chain and CALL not in chain:
            yield ".".join(chain)


def _set_up(text: str, function: source.Definition) -> dict[str, list[Chain]]:
    """What the other methods of the test's class give to `self.…` (`setUp` and the like)."""
    for _, node in source.defined(text):
        if isinstance(node, ast.ClassDef) and function in node.body:
            found: dict[str, list[Chain]] = {}
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method is not function:
                    given = _assignments(method, method.end_lineno or method.lineno)
                    found.update({name: chains for name, chains in given.items() if name.startswith(("self.", "cls."))})
            found.update({f"self.{name[4:]}": chains for name, chains in found.items() if name.startswith("cls.")})
            return found
    return {}


def _expanded(chains: Iterable[Chain], assigned: Mapping[str, list[Chain]]) -> Iterator[Chain]:
    for chain in chains:
        yield from _expand(chain, assigned, EXPANSIONS)


def _expand(chain: Chain, assigned: Mapping[str, list[Chain]], left: int) -> Iterator[Chain]:
    """The chain with its local name replaced by what was assigned to it; the chain itself where nothing was."""
    for length in (2, 1):
        name = ".".join(chain[:length])
        values = assigned.get(name) if len(chain) >= length and CALL not in chain[:length] else None
        if values and left:
            for value in values:
                if value[: len(chain[:length])] == chain[:length]:
                    yield value  # `x = x.next()`: following it back would never end
                else:
                    yield from _expand((*value, *chain[length:])[:CHAIN_LIMIT], assigned, left - 1)
            return
    yield chain


def _distinct(chains: Iterable[Chain]) -> tuple[Chain, ...]:
    kept: dict[Chain, None] = {}
    for chain in chains:
        kept.setdefault(chain)
        if len(kept) >= REFERENCE_LIMIT:
            break
    return tuple(kept)
