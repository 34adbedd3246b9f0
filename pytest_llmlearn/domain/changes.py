"""What an operation changed, seen from a file's text before and after it.

How complex it was is measured, never asked of whoever made it:

- structural: something that others hold on to changed: a signature (or that a function is async), decorators, the bases
  or the fields of a class, imports; or a function or class was removed, renamed or moved
- creative: else, a new function or class, with the imports that it brings
- surgical: else, the bodies of one function, or the module's own statements, by at most `SURGICAL_STATEMENTS`
- structural: else, several functions at once; creative: else, one written anew

Text that is not Python, or does not parse, is not measured; what is equal but for layout, comments and docstrings is
surgical.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.generation import Complexity
from pytest_llmlearn.domain.source import Definition

SURGICAL_STATEMENTS = 8
"""Statements that a surgical change adds or removes, at most, whichever are more."""
SUFFIXES = (".py", ".pyi", ".pyw")

_BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")
_COUNTED: tuple[tuple[tuple[type[ast.AST], ...], str], ...] = (
    ((ast.Await, ast.AsyncFor, ast.AsyncWith), "await"),
    ((ast.Try, ast.TryStar), "try"),
    ((ast.Raise,), "raise"),
    ((ast.With,), "with"),
    ((ast.Assert,), "assert"),
    ((ast.Return,), "return"),
    ((ast.Yield, ast.YieldFrom), "yield"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What was changed, in words and by measure, and which public functions and classes were left as they were."""

    measured: Complexity | None = None
    changes: tuple[str, ...] = ()
    preserved: tuple[str, ...] = ()


def compare(before: str, after: str, path: str) -> Changes:
    """The changes from one text of the file at `path` to the other; an empty text is no file."""
    if not path.endswith(SUFFIXES) or before == after:
        return Changes()
    old, new = source.parse(before), source.parse(after)
    if old is None or new is None:
        return Changes()
    return _Comparison(before, after, old, new).changes()


class _Comparison:
    """The work of one comparison. Definitions are known by their qualified names; the last of two counts."""

    def __init__(self, before: str, after: str, old: ast.Module, new: ast.Module) -> None:
        self._old = _definitions(before)
        self._new = _definitions(after)
        self._before, self._after = before, after
        self._old_module, self._new_module = _Module.of(old), _Module.of(new)
        self._said: list[str] = []
        self._structural = False
        self._creative = False
        self._touched: dict[str, int] = {}

    def changes(self) -> Changes:
        same = [name for name in self._old if name in self._new and not self._compare(name)]
        self._compare_names()
        self._compare_module()
        imports = self._compare_imports()
        if not self._said:
            self._said.append("changed comments, docstrings or layout")
        return Changes(
            measured=self._measure(imports), changes=tuple(self._said), preserved=tuple(self._preserved(same))
        )

    def _measure(self, imports: bool) -> Complexity:
        if not self._before.strip():
            return "creative"
        if self._structural or (imports and not self._creative):
            return "structural"
        if self._creative:
            return "creative"
        if len(self._touched) <= 1 and sum(self._touched.values()) <= SURGICAL_STATEMENTS:
            return "surgical"
        return "structural" if len(self._touched) > 1 else "creative"

    def _compare_imports(self) -> bool:
        old, new = self._old_module.imports, self._new_module.imports
        self._said += [f"added import {name}" for name in sorted(new - old)]
        self._said += [f"removed import {name}" for name in sorted(old - new)]
        return old != new

    def _compare(self, name: str) -> bool:
        """Whether the definition of that name in both texts differs in itself; its nested ones speak for themselves."""
        old, new = self._old[name], self._new[name]
        if _segment(self._before, old) == _segment(self._after, new) and type(old) is type(new):
            return False
        said = len(self._said)
        if isinstance(old, ast.ClassDef) or isinstance(new, ast.ClassDef):
            self._compare_class(name, old, new)
        else:
            self._compare_function(name, old, new)
        return len(self._said) > said

    def _compare_class(self, name: str, old: Definition, new: Definition) -> None:
        if not (isinstance(old, ast.ClassDef) and isinstance(new, ast.ClassDef)):
            self._say_structural(f"made {name} {'a class' if isinstance(new, ast.ClassDef) else 'a function'}")
            return
        if _dumped([*old.bases, *old.keywords]) != _dumped([*new.bases, *new.keywords]):
            self._say_structural(f"changed bases of {name}")
        self._compare_decorators(name, old, new)
        if _own(old) != _own(new):
            self._say_structural(f"changed fields of {name}")

    def _compare_function(self, name: str, old: Definition, new: Definition) -> None:
        assert not isinstance(old, ast.ClassDef) and not isinstance(new, ast.ClassDef)
        if type(old) is not type(new):
            self._say_structural(
                f"made {name} {'async' if isinstance(new, ast.AsyncFunctionDef) else 'no longer async'}"
            )
        if ast.dump(old.args) != ast.dump(new.args) or _dumped([old.returns]) != _dumped([new.returns]):
            self._say_structural(f"changed signature of {name}")
        self._compare_decorators(name, old, new)
        was, now = _own(old), _own(new)
        if was != now:
            self._said += [*_counted_changes(name, old, new)] or [f"changed body of {name}"]
            self._touched[name] = max(_distance(Counter(was), Counter(now)), 1)

    def _compare_decorators(self, name: str, old: Definition, new: Definition) -> None:
        if _dumped(old.decorator_list) != _dumped(new.decorator_list):
            self._say_structural(f"changed decorators of {name}")

    def _compare_names(self) -> None:
        """Added, removed, renamed and moved definitions; those inside one that is new or gone go with it."""
        gone = [name for name in self._old if name not in self._new]
        come = [name for name in self._new if name not in self._old]
        bodies: dict[str, list[str]] = {}
        for name in gone:
            bodies.setdefault(_anonymous(self._old[name]), []).append(name)
        came_from: dict[str, str] = {}
        for name in come:
            same = bodies.get(_anonymous(self._new[name]), [])
            if same:
                came_from[name] = same.pop(0)
        taken = set(came_from.values())
        for name in come:
            if name in came_from:
                old = came_from[name]
                if not _around(name, came_from):
                    moved = old.rpartition(".")[2] == name.rpartition(".")[2]
                    self._say_structural(f"{'moved' if moved else 'renamed'} {old} to {name}")
            elif not _around(name, come):
                self._said.append(f"added {_kind(name, self._new)} {name}")
                self._creative = True
        for name in gone:
            if name not in taken and not _around(name, gone):
                self._say_structural(f"removed {_kind(name, self._old)} {name}")

    def _compare_module(self) -> None:
        old, new = self._old_module, self._new_module
        self._said += [f"added variable {name}" for name in new.variables if name not in old.variables]
        self._said += [f"removed variable {name}" for name in old.variables if name not in new.variables]
        self._said += [
            f"changed variable {name}"
            for name, value in new.variables.items()
            if old.variables.get(name, value) != value
        ]
        if old.statements != new.statements:
            self._said.append("changed the module's own statements")
        if count := _distance(old.counted, new.counted):
            self._touched[""] = count

    def _say_structural(self, sentence: str) -> None:
        self._said.append(sentence)
        self._structural = True

    def _preserved(self, same: Sequence[str]) -> Iterator[str]:
        """Public ones that are the same as a whole, the outermost alone; nobody else can use what is local."""
        changed = [name for name in {**self._old, **self._new} if name not in set(same)]
        whole: set[str] = set()
        for name in same:
            if "<locals>" in name or any(part.startswith("_") for part in name.split(".")) or _around(name, whole):
                continue
            if not any(other.startswith(f"{name}.") for other in changed):
                whole.add(name)
                yield name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Module:
    """What stands at the module's top level beside definitions."""

    imports: frozenset[str]
    variables: Mapping[str, str]
    statements: Counter[str]

    @property
    def counted(self) -> Counter[str]:
        return self.statements + Counter(f"{name}={value}" for name, value in self.variables.items())

    @classmethod
    def of(cls, tree: ast.Module) -> _Module:
        imports: set[str] = set()
        variables: dict[str, str] = {}
        statements: Counter[str] = Counter()
        for node in tree.body:
            if isinstance(node, Definition) or _is_text(node):
                continue
            name = _assigned(node)
            if name is not None:
                variables[name] = ast.unparse(node)
            elif not isinstance(node, ast.Import | ast.ImportFrom):
                statements[_text(node)] += 1
        for statement in source.statements(tree):
            if isinstance(statement, ast.Import):
                imports.update(_imported(alias) for alias in statement.names)
            elif isinstance(statement, ast.ImportFrom):
                origin = "." * statement.level + (statement.module or "")
                imports.update(f"{_imported(alias)} from {origin}" for alias in statement.names)
        return cls(imports=frozenset(imports), variables=variables, statements=statements)


def _imported(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _assigned(node: ast.stmt) -> str | None:
    """The name of a module's variable, where the statement gives one its value."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return node.target.id if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else None


def _definitions(text: str) -> dict[str, Definition]:
    return dict(source.defined(text))


def _segment(text: str, node: Definition) -> str:
    lines = source.lines_of(text)
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return "\n".join(lines[start - 1 : node.end_lineno])


def _text(node: ast.stmt) -> str:
    """A statement that may hold definitions: they are compared by themselves."""
    return ast.unparse(node) if not any(isinstance(inner, Definition) for inner in ast.walk(node)) else _head(node)


def _head(node: ast.AST) -> str:
    """A statement without the statements in it."""
    held = [f"{name}={_value(value)}" for name, value in ast.iter_fields(node) if name not in _BLOCKS]
    return f"{type(node).__name__}({', '.join(held)})"


def _value(value: object) -> str:
    if isinstance(value, ast.AST):
        return ast.dump(value)
    return f"[{', '.join(map(_value, value))}]" if isinstance(value, list) else repr(value)


def _own(node: Definition) -> tuple[str, ...]:
    """The statements of a definition that are not another definition's, each without those in it, in their order."""
    return tuple(_head(inner) for inner in _statements(node.body))


def _statements(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    for node in body:
        if isinstance(node, Definition):
            continue
        if not isinstance(node, ast.Pass) and not _is_text(node):
            yield node
        for block in _BLOCKS:
            yield from _statements(getattr(node, block, None) or ())


def _distance(was: Counter[str], now: Counter[str]) -> int:
    """Statements added or removed, whichever are more."""
    return max((was - now).total(), (now - was).total())


def _is_text(node: ast.AST) -> bool:
    """Whether a statement only says something: a docstring, of whatever."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _anonymous(node: Definition) -> str:
    """The whole definition but for its name: what is equal in this was renamed or moved."""
    parts = [ast.dump(inner) for inner in node.body if not _is_text(inner)]
    parts += [_value(value) for name, value in ast.iter_fields(node) if name not in (*_BLOCKS, "name")]
    return f"{type(node).__name__}: {parts}"


def _dumped(nodes: Sequence[ast.AST | None]) -> list[str | None]:
    return [None if node is None else ast.dump(node) for node in nodes]


def _around(name: str, others: Mapping[str, str] | Sequence[str] | set[str]) -> bool:
    """Whether one of the others holds the definition of that name."""
    parts = name.split(".")
    return any(".".join(parts[:end]) in others for end in range(1, len(parts)))


def _kind(name: str, known: Mapping[str, Definition]) -> str:
    if isinstance(known[name], ast.ClassDef):
        return "class"
    return "method" if isinstance(known.get(name.rpartition(".")[0]), ast.ClassDef) else "function"


def _counted_changes(name: str, old: Definition, new: Definition) -> Iterator[str]:
    was, now = _kinds(old), _kinds(new)
    for _, word in _COUNTED:
        if was[word] != now[word]:
            yield f"{'added' if now[word] > was[word] else 'removed'} {word} in {name}"


def _kinds(definition: Definition) -> Counter[str]:
    """How many of each telling construct a function's own code has."""
    found: Counter[str] = Counter()
    waiting: list[ast.AST] = list(definition.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Definition | ast.Lambda):
            continue
        for kinds, word in _COUNTED:
            if isinstance(node, kinds):
                found[word] += 1
        waiting.extend(ast.iter_child_nodes(node))
    return found
