"""From the names a test uses to the definitions they stand for, in the project's own files, without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.occurrence import Binding
from pytest_llmlearn.domain.reach import CALL, Chain, Import, assigned_at_top, imports_of
from pytest_llmlearn.domain.source import Unit
from pytest_llmlearn.hookspecs import Surroundings

REEXPORTS = 4
"""Modules followed from where a name is imported to where it is defined."""
BASES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A definition in the project: a function, a class, an instance of one, or a module (`dotted`, no qualname).

    `missing` is a name that was asked of a module and is not there. `made_by` is the function that returned an
    instance. A `variable` is what a module's top level assigns to a name: a constant, a lambda.
    """

    path: str
    kind: Literal["function", "class", "instance", "variable", "module"]
    qualname: str = ""
    line: int = 1
    dotted: str = ""
    missing: str = ""
    made_by: Target | None = None


class Resolver:
    """Resolves chains of names as one test file would. `bindings` are what the names really stood for, if seen."""

    def __init__(
        self,
        surroundings: Surroundings,
        path: str,
        imports: Mapping[str, Import],
        bindings: Iterable[Binding] = (),
    ) -> None:
        self._surroundings = surroundings
        self._path = path
        self._imports = imports
        self._bindings = {binding.name: binding for binding in bindings}

    def resolve(self, chain: Chain) -> Target | None:
        """The deepest definition that the chain reaches: `("calc", "add", "()")` is the method `Calc.add`."""
        for length in range(min(len(chain), 3), 0, -1):
            binding = self._bindings.get(".".join(chain[:length]))
            if binding is not None and CALL not in chain[:length]:
                written = self._written(chain) if "<locals>" in binding.qualname else None
                # A decorator's wrapper stood there when it ran; the function it wraps is what was written.
                return written or self._walk(self._bound(binding), chain[length:])
        return self._written(chain)

    def _written(self, chain: Chain) -> Target | None:
        """What the chain reaches by the text of the imports alone."""
        imported = self._imports.get(chain[0]) if chain else None
        if imported is not None:
            target = self._imported(imported, self._path, REEXPORTS)
        else:
            target = self._starred(self._imports, chain[0], self._path, REEXPORTS) if chain else None
        return self._walk(target, chain[1:]) if target is not None else None

    def unit(self, target: Target) -> Unit:
        """The unit that a target names; the module's first line for a module."""
        text = self._surroundings.text(target.path) or ""
        if target.kind == "module":
            return replace(source.unit_at(text, None), line=1)
        if target.kind == "variable":
            node = assigned_at_top(text)[target.qualname]
            end = node.end_lineno or node.lineno
            return Unit(qualname=target.qualname, kind="variable", start=node.lineno, line=node.lineno, end=end)
        return source.unit_named(text, target.qualname) or source.unit_at(text, target.line)

    def _bound(self, binding: Binding) -> Target:
        if binding.kind == "module":
            return Target(path=binding.path, kind="module", dotted=binding.name)
        kind: Literal["function", "class", "instance"] = (
            "class" if binding.kind == "class" else "instance" if binding.kind == "instance" else "function"
        )
        return Target(path=binding.path, kind=kind, qualname=binding.qualname, line=max(binding.line, 1))

    def _walk(self, target: Target, rest: Chain) -> Target:
        for part in rest:
            following = self._step(target, part)
            if following is None:
                break
            target = following
            if target.missing:
                break
        # An instance that nothing more was asked of speaks of the function that made it.
        return target.made_by if target.made_by is not None else target

    def _step(self, target: Target, part: str) -> Target | None:
        if target.kind == "module":
            return None if part == CALL else self._member(target, part, REEXPORTS)
        if target.kind == "function":
            return self._returned(target) if part == CALL else None
        if target.kind == "variable":
            return None
        if part == CALL and target.kind == "class":
            return replace(target, kind="instance")
        return self._method(target, "__call__" if part == CALL else part, BASES)

    def _returned(self, function: Target) -> Target | None:
        """The instance that a function returns, where its text says so: `return Order()`, `return self`, `-> Order`."""
        text = self._surroundings.text(function.path) or ""
        node = next((node for name, node in source.defined(text) if name == function.qualname), None)
        if node is None or isinstance(node, ast.ClassDef):
            return None
        owner = function.qualname.rpartition(".")[0]
        names = {_class_named(value.value, owner) for value in source.statements(node) if isinstance(value, ast.Return)}
        if node.returns is not None and not names - {None}:
            names = {_class_named(node.returns, owner)}
        name = names.pop() if len(names) == 1 else None
        if name is None:
            return None
        unit = source.unit_named(text, name)
        made = (
            Target(path=function.path, kind="class", qualname=name, line=unit.line)
            if unit and unit.kind == "class"
            else None
        )
        made = made or self._member(Target(path=function.path, kind="module"), name, REEXPORTS)
        if made is None or made.kind != "class":
            return None
        return replace(made, kind="instance", made_by=function)

    def _member(self, module: Target, name: str, left: int) -> Target | None:
        text = self._surroundings.text(module.path) or ""
        unit = source.unit_named(text, name)
        if unit is not None:
            return Target(
                path=module.path, kind="class" if unit.kind == "class" else "function", qualname=name, line=unit.line
            )
        imports = imports_of(text)
        if name in imports and left:
            return self._imported(imports[name], module.path, left - 1)
        if name in assigned_at_top(text):
            return Target(path=module.path, kind="variable", qualname=name)
        starred = self._starred(imports, name, module.path, left - 1) if left else None
        if starred is not None:
            return starred
        if module.dotted:
            below = self._surroundings.own_module(f"{module.dotted}.{name}", self._path)
            if below is not None:
                return Target(path=below, kind="module", dotted=f"{module.dotted}.{name}")
        # What a star import brings is there although no definition of it is in sight.
        known = any(key.startswith("*") for key in imports) or source.parse(text) is None
        return None if known else replace(module, missing=name)

    def _starred(self, imports: Mapping[str, Import], name: str, near: str, left: int) -> Target | None:
        """The name, if one of the modules that are imported whole defines it."""
        for key, imported in imports.items():
            if not key.startswith("*") or left <= 0:
                continue
            path = self._surroundings.own_module("." * imported.level + imported.module, near)
            found = self._member(Target(path=path, kind="module"), name, left - 1) if path else None
            if found is not None and not found.missing:
                return found
        return None

    def _imported(self, imported: Import, near: str, left: int) -> Target | None:
        dotted = "." * imported.level + imported.module
        path = self._surroundings.own_module(dotted, near) if dotted.strip(".") or imported.level else None
        if not imported.name:
            return Target(path=path, kind="module", dotted=dotted) if path else None
        if path is not None:
            member = self._member(Target(path=path, kind="module", dotted=dotted), imported.name, left)
            if member is not None and not member.missing:
                return member
        separator = "" if dotted.endswith(".") else "."
        below = self._surroundings.own_module(f"{dotted}{separator}{imported.name}", near)
        if below is not None:
            return Target(path=below, kind="module", dotted=f"{dotted}{separator}{imported.name}")
        return Target(path=path, kind="module", dotted=dotted, missing=imported.name) if path else None

    def _method(self, owner: Target, name: str, left: int) -> Target | None:
        text = self._surroundings.text(owner.path) or ""
        unit = source.unit_named(text, f"{owner.qualname}.{name}")
        if unit is not None:
            return Target(path=owner.path, kind="function", qualname=unit.qualname, line=unit.line)
        if not left:
            return None
        for qualname, node in source.defined(text):
            if qualname != owner.qualname or not isinstance(node, ast.ClassDef):
                continue
            for base in node.bases:
                inherited = self._base(base, owner.path, text)
                found = self._method(inherited, name, left - 1) if inherited is not None else None
                if found is not None:
                    return found
        return None

    def _base(self, base: ast.expr, path: str, text: str) -> Target | None:
        if not isinstance(base, ast.Name):
            return None
        target = self._member(Target(path=path, kind="module"), base.id, REEXPORTS)
        return target if target is not None and target.kind == "class" else None


def _class_named(value: ast.expr | None, owner: str) -> str | None:
    """The class whose instance an expression is: of `Order(…)`, `Order` in an annotation, `self` of `owner`."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id
    if isinstance(value, ast.Name):
        return owner or None if value.id == "self" else value.id
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    return None
