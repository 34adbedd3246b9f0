"""What the names in a text stand for, as its own statements say: imports, definitions, top-level bindings.

Everything is read from the syntax tree alone; what only running the code could tell is left out or None.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pytest_llmlearn.domain.source import definitions, parse

Function = ast.FunctionDef | ast.AsyncFunctionDef

_NOT_COROUTINE = frozenset({"asynccontextmanager", "contextmanager", "property", "cached_property", "fixture"})
_MAKES_NAMES = frozenset({"globals", "exec", "setattr", "vars", "locals", "_convert_", "_convert", "modules"})
"""Names whose use at a module's top may bind names there that stand nowhere; `modules` is that of `sys`."""
_GLOBALS_CALL = re.compile(r"\bglobals\(\)|\bsys\.modules\[__name__\]")
_GLOBALS = re.compile(r"^[ \t]+global[ \t]+([\w, \t]+)", re.MULTILINE)
_TRANSPARENT = frozenset({"staticmethod", "classmethod", "abstractmethod", "override", "final", "wraps", "overload"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One name that an import statement binds.

    `module` is the module asked for, with its leading dots where it is relative; `name` what is taken from it,
    None for `import module`; `local` the name it gets here; `line` the statement's line; `top_level` whether it
    binds in the module itself.
    """

    local: str
    module: str
    name: str | None
    line: int
    top_level: bool

    @property
    def target(self) -> str:
        """The dotted name that `local` stands for."""
        if self.name is None:
            return self.module if self.local != self.module.partition(".")[0] else self.local
        return f"{self.module}{'' if self.module.endswith('.') else '.'}{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopLevel:
    """Names that a module's own statements bind. `stars` are the modules it takes everything from, as written.

    `complete` is False where names may come from elsewhere: a module `__getattr__`, `globals()`, `exec`.
    """

    names: frozenset[str]
    stars: tuple[str, ...]
    complete: bool


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` for a name or a chain of attributes on one, else None."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return ".".join(reversed(parts))


@lru_cache(maxsize=128)
def imports(text: str) -> tuple[Imported, ...]:
    """Every name bound by an import statement anywhere in the text, in its order; `import *` is left out."""
    tree = parse(text)
    return tuple(_imports(tree, top_level=True)) if tree is not None else ()


def _imports(node: ast.AST, *, top_level: bool) -> Iterator[Imported]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                local = alias.asname or alias.name.partition(".")[0]
                yield Imported(local=local, module=alias.name, name=None, line=child.lineno, top_level=top_level)
        elif isinstance(child, ast.ImportFrom):
            module = "." * child.level + (child.module or "")
            for alias in child.names:
                if alias.name != "*":
                    yield Imported(
                        local=alias.asname or alias.name,
                        module=module,
                        name=alias.name,
                        line=child.lineno,
                        top_level=top_level,
                    )
        elif not isinstance(child, ast.expr):
            inner = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            yield from _imports(child, top_level=top_level and not inner)


@lru_cache(maxsize=128)
def imported(text: str) -> Mapping[str, str]:
    """Local name to the dotted name it stands for, over the whole text; the last import of a name counts."""
    return {entry.local: entry.target for entry in imports(text)}


@lru_cache(maxsize=128)
def defined(text: str) -> Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Qualified name to its definition; the last one where a name is defined twice."""
    tree = parse(text)
    return dict(definitions(tree)) if tree is not None else {}


def defines(text: str, name: str) -> bool:
    """Whether a function or class of that bare name is defined anywhere in the text."""
    return any(qualname.rpartition(".")[2] == name for qualname in defined(text))


@lru_cache(maxsize=128)
def bound_anywhere(text: str) -> frozenset[str]:
    """Names that some statement other than an import binds in some scope: assigned, defined, a parameter."""
    tree = parse(text)
    found: set[str] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
    return frozenset(found)


@lru_cache(maxsize=256)
def top_level(text: str) -> TopLevel | None:
    """What the module of this text binds at its top level; None where it does not parse."""
    tree = parse(text)
    if tree is None:
        return None
    names: set[str] = set()
    stars: list[str] = []
    complete = _GLOBALS_CALL.search(text) is None
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            complete = complete and node.name != "__getattr__"
            complete = complete and all(_decorator_name(one) != "global_enum" for one in node.decorator_list)
        elif isinstance(node, ast.Import):
            names.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if any(alias.name == "*" for alias in node.names):
                stars.append("." * node.level + (node.module or ""))
            names.update(alias.asname or alias.name for alias in node.names if alias.name != "*")
        elif isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                names.add(node.id)
            complete = complete and node.id not in _MAKES_NAMES
        elif isinstance(node, ast.Attribute) and node.attr in _MAKES_NAMES:
            complete = False
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            if isinstance(node, ast.ExceptHandler):
                pending.extend(node.body)
            else:
                pending.extend(ast.iter_child_nodes(node))
    for declared in _GLOBALS.findall(text):
        names.update(re.findall(r"\w+", declared))
    return TopLevel(names=frozenset(names), stars=tuple(stars), complete=complete and "__getattr__" not in names)


def runs_as_coroutine(node: ast.AST) -> bool | None:
    """Whether calling this definition makes a coroutine; None where a decorator decides it.

    An async generator does not, nor what `asynccontextmanager` or `property` wraps.
    """
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    wrappers = {_decorator_name(decorator) for decorator in node.decorator_list}
    if wrappers & _NOT_COROUTINE:
        return False
    if wrappers - _TRANSPARENT:
        return None
    return isinstance(node, ast.AsyncFunctionDef) and not _yields(node)


def _decorator_name(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return (dotted(target) or "?").rpartition(".")[2]


def _yields(node: Function) -> bool:
    pending: list[ast.AST] = list(node.body)
    while pending:
        inner = pending.pop()
        if isinstance(inner, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(inner))
    return False
