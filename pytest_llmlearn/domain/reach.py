"""What a test names: the objects that a failing statement, then its function, then its module reach.

A reference is a chain of names as written, `()` standing for a call: `Calculator(1).add(2)` is
`("Calculator", "()", "add", "()")`. Local variables are followed back to what was assigned to them, so that
`assert total == 3` reaches the call that made `total`. Nothing is executed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    def parameters(self) -> tuple[str, ...]:
        """The names of the function's parameters: fixtures, or values it is run with."""
        if self._function is None or isinstance(self._function, ast.ClassDef):
            return ()
        arguments = self._function.args
        names = (argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))
        return tuple(name for name in names if name not in ("self", "cls"))

    @cached_property
    def opaque(self) -> bool:
        """Whether the function uses values whose making its text does not show: parameters, names of its module."""
        given = {*self.parameters, *assigned_at_top(self.text)}
        return any(chain[0] in given for chain in (*self.statement, *self.function))

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
def assigned_at_top(text: str) -> Mapping[str, ast.stmt]:
    """The names that the module's top level assigns to, each with its last statement."""
    tree = source.parse(text)
    found: dict[str, ast.stmt] = {}
    for node in tree.body if tree is not None else ():
        for target, _ in _bound(node):
            found.update(dict.fromkeys(_target_names(target), node))
    return found


def fixture(text: str, name: str) -> source.Definition | None:
    """The fixture of that name in a test file or conftest."""
    for qualname, node in source.defined(text):
        if qualname.rpartition(".")[2] == name and any(
            "fixture" in ast.unparse(decorator) for decorator in node.decorator_list
        ):
            return node
    return None


_IMPORT = re.compile(
    r"^[ \t]*((?:from\b[^\n#(]*\bimport\b|import\b)[^\n#(\\]*)(?:\(([^)]*)\)[ \t]*)?(?:#.*)?$", re.MULTILINE
)
_IMPORTING = re.compile(r"\bimport\b")


def import_lines(text: str) -> str:
    """The text's import statements alone, from which `imports_of` tells the same as from all of it, or a little more.

    Parsing a whole file takes many times as long. Where a line has the word otherwise, or what was found does not
    parse, the answer is the text itself.
    """
    found = []
    for match in _IMPORT.finditer(text):
        names = re.sub(r"#[^\n]*", "", match[2]) if match[2] is not None else None
        found.append(f"{match[1]}({names})" if names is not None else match[1].rstrip())
    alone = "\n".join(found)
    if len(found) != len(_IMPORTING.findall(text)) or (found and source.parse(alone) is None):
        return text
    return alone


@lru_cache(maxsize=256)
def imports_of(text: str) -> Mapping[str, Import]:
    """Every name that an import statement binds, wherever in the module it stands; star imports as `*module`."""
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
                if alias.name == "*":
                    # All of them, under keys that no name has.
                    found[f"*{'.' * node.level}{node.module or ''}"] = Import(
                        module=node.module or "", level=node.level
                    )
                    continue
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


_BUILT_IN = {
    "len": "__len__", "iter": "__iter__", "list": "__iter__", "tuple": "__iter__", "set": "__iter__",
    "sorted": "__iter__", "sum": "__iter__", "next": "__next__", "reversed": "__reversed__", "str": "__str__",
    "repr": "__repr__", "bool": "__bool__", "int": "__int__", "float": "__float__", "abs": "__abs__",
    "hash": "__hash__", "round": "__round__",
}  # fmt: skip
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "__add__", ast.Sub: "__sub__", ast.Mult: "__mul__", ast.Div: "__truediv__", ast.Mod: "__mod__",
    ast.FloorDiv: "__floordiv__", ast.Pow: "__pow__", ast.MatMult: "__matmul__", ast.BitAnd: "__and__",
    ast.BitOr: "__or__", ast.BitXor: "__xor__", ast.LShift: "__lshift__", ast.RShift: "__rshift__",
    ast.Eq: "__eq__", ast.NotEq: "__eq__", ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__", ast.GtE: "__ge__",
}  # fmt: skip


def _chains(node: ast.AST) -> Iterator[Chain]:
    """Maximal chains in `node`, outermost first, then those in its arguments."""
    chain, beside = _chain(node)
    if chain is not None:
        yield chain
    for child in beside:
        yield from _chains(child)


def _chain(node: ast.AST) -> tuple[Chain | None, list[ast.AST]]:
    """The chain that `node` is, None where it does not begin with a name, and the expressions beside it.

    Operators and the built-in functions that ask an object stand as the methods they call: `len(x)` is
    `("x", "__len__", "()")`.
    """
    parts: list[str] = []
    beside: list[ast.AST] = []
    top = node
    while True:
        step = _step(node)
        if step is None:
            break
        names, node, others = step
        parts += names
        beside += others
    if isinstance(node, ast.Name):
        return (*reversed([*parts, node.id]),)[:CHAIN_LIMIT], beside
    return None, list(ast.iter_child_nodes(top if node is top else node)) + ([] if node is top else beside)


def _step(node: ast.AST) -> tuple[tuple[str, ...], ast.AST, Sequence[ast.AST]] | None:
    """One step inwards: the parts it adds (last one first), what it is asked of, and the expressions beside it."""
    if isinstance(node, ast.Attribute):
        return (node.attr,), node.value, ()
    if isinstance(node, ast.Await):
        return (), node.value, ()
    if isinstance(node, ast.Call):
        keywords = [keyword.value for keyword in node.keywords]
        method = _BUILT_IN.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if method is not None and node.args:
            return (CALL, method), node.args[0], [*node.args[1:], *keywords]
        return (CALL,), node.func, [*node.args, *keywords]
    if isinstance(node, ast.Subscript):
        return (CALL, "__getitem__"), node.value, [node.slice]
    if isinstance(node, ast.BinOp):
        return (CALL, _OPERATORS[type(node.op)]), node.left, [node.right]
    if isinstance(node, ast.Compare):
        operator, (first, *rest) = node.ops[0], node.comparators
        if isinstance(operator, ast.In | ast.NotIn):
            return (CALL, "__contains__"), first, [node.left, *rest]
        name = _OPERATORS.get(type(operator))
        return ((CALL, name) if name else ()), node.left, node.comparators
    return None


def _body_chains(function: ast.AST, line: int) -> list[Chain]:
    """The function's chains: calls and operations up to `line`, latest first, those behind it, then bare names."""
    found: list[tuple[int, Chain]] = []
    names: list[Chain] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            names.append((node.id,))
        elif isinstance(node, ast.Call | ast.Subscript | ast.BinOp | ast.Compare):
            chain, _ = _chain(node)
            if chain is not None:
                found.append((node.lineno, chain))
    before = sorted((entry for entry in found if entry[0] <= line), key=lambda entry: -entry[0])
    after = sorted((entry for entry in found if entry[0] > line), key=lambda entry: entry[0])
    return [*(chain for _, chain in (*before, *after)), *names]


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
        chain, _ = _chain(target)
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
