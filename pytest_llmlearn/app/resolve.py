"""From the names a test uses to the definitions they stand for, in the project's own files, without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.occurrence import Binding
from pytest_llmlearn.domain.reach import CALL, Chain, Import, imports_of
from pytest_llmlearn.domain.source import Unit
from pytest_llmlearn.hookspecs import Surroundings

REEXPORTS = 4
"""Modules followed from where a name is imported to where it is defined."""
BASES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A definition in the project: a function, a class, an instance of one, or a module (`dotted`, no qualname).

    `missing` is a name that was asked of a module and is not there.
    """

    path: str
    kind: Literal["function", "class", "instance", "module"]
    qualname: str = ""
    line: int = 1
    dotted: str = ""
    missing: str = ""


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
                return self._walk(self._bound(binding), chain[length:])
        imported = self._imports.get(chain[0]) if chain else None
        if imported is None:
            return None
        target = self._imported(imported, self._path, REEXPORTS)
        return self._walk(target, chain[1:]) if target is not None else None

    def unit(self, target: Target) -> Unit:
        """The unit that a target names; the module's first line for a module."""
        text = self._surroundings.text(target.path) or ""
        if target.kind == "module":
            return replace(source.unit_at(text, None), line=1)
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
        return target

    def _step(self, target: Target, part: str) -> Target | None:
        if target.kind == "module":
            return None if part == CALL else self._member(target, part, REEXPORTS)
        if target.kind == "function":
            return None
        if part == CALL and target.kind == "class":
            return replace(target, kind="instance")
        return self._method(target, "__call__" if part == CALL else part, BASES)

    def _member(self, module: Target, name: str, left: int) -> Target | None:
        text = self._surroundings.text(module.path) or ""
        unit = source.unit_named(text, name)
        if unit is not None:
            return Target(
                path=module.path, kind="class" if unit.kind == "class" else "function", qualname=name, line=unit.line
            )
        again = imports_of(text).get(name)
        if again is not None and left:
            return self._imported(again, module.path, left - 1)
        if module.dotted:
            below = self._surroundings.own_module(f"{module.dotted}.{name}", self._path)
            if below is not None:
                return Target(path=below, kind="module", dotted=f"{module.dotted}.{name}")
        # What a star import brings, or an assignment makes, is there although no definition is.
        known = name in _assigned_names(text) or "*" in imports_of(text) or source.parse(text) is None
        return None if known else replace(module, missing=name)

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


@lru_cache(maxsize=256)
def _assigned_names(text: str) -> frozenset[str]:
    tree = source.parse(text)
    names = {
        node.id
        for statement in (tree.body if tree else ())
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return frozenset(names)
