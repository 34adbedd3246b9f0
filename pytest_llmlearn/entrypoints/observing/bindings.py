"""What the names of a test stood for: the project's classes, functions, instances and modules, with their places.

Looked up while the test's variables are alive, without calling anything; no value is kept.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_llmlearn.domain.occurrence import BINDING_LIMIT
from pytest_llmlearn.entrypoints.observing import look
from pytest_llmlearn.entrypoints.observing.places import Places
from pytest_llmlearn.entrypoints.observing.text import clean

_NAMES = 400
# By identity: a class may define what its hash and its comparison do.
_PLAIN = frozenset(map(id, (int, str, float, bool, bytes, list, dict, tuple, set, frozenset, complex, type(None))))
_NAME_LIMIT = 120


class Scope:
    """The names that some code uses, and what they stand for there."""

    def __init__(
        self, code: types.CodeType, variables: Mapping[str, Any], values: Mapping[str, Any], statement: str
    ) -> None:
        # Names with `@` are those that pytest's rewriting of assertions adds.
        names = dict.fromkeys(name for name in _names(code) if name[:1] != "@")
        # What the failing statement names matters most, and the number of bindings is bounded.
        first = [name for name in names if name in statement]
        self.names = list(dict.fromkeys([*first, *names]))[:_NAMES]
        self._variables = variables
        self._globals = values

    def value(self, name: str) -> Any:
        """What `name` stands for, None where it stands for nothing (or for a builtin)."""
        if name in self._variables:
            return self._variables[name]
        return self._globals.get(name)


def of_frame(frame: types.FrameType, statement: str) -> Scope:
    """The scope of a live frame."""
    return Scope(frame.f_code, frame.f_locals, frame.f_globals, statement)


def of_function(function: types.FunctionType, arguments: Mapping[str, Any]) -> Scope:
    """The scope of a function that is not running: its globals, what it closes over, and its arguments."""
    code, closed = function.__code__, {}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            closed[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    return Scope(code, {**closed, **arguments}, function.__globals__, "")


def bindings(scopes: Sequence[Scope], places: Places, test_path: str) -> list[dict[str, Any]]:
    """Bindings of the scopes, the first scope's first, one for each name, none of the test's own file."""
    found: dict[str, dict[str, Any]] = {}
    for scope in scopes:
        for name in scope.names:
            value = scope.value(name)
            if id(type(value)) in _PLAIN:
                continue
            for told, place in _told(name, value, scope, places, test_path):
                if told not in found and place["path"] != test_path:
                    found[told] = {"name": clean(told)[:_NAME_LIMIT], **place}
                    if len(found) == BINDING_LIMIT:
                        return list(found.values())
    return list(found.values())


def _told(name: str, value: Any, scope: Scope, places: Places, test_path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    place = _place(value, places)
    if place is not None:
        yield name, place
    if look.is_module(value):
        # `calc.add` compiles to the names `calc` and `add`: those that the module has are its attributes.
        yield from _attributes(name, value, scope, places, place is not None, depth=2)
    elif place is not None and place["kind"] == "instance" and place["path"] == test_path:
        for attribute in scope.names:
            inner = _held(value, attribute)
            if id(type(inner)) not in _PLAIN:
                inner_place = _place(inner, places)
                if inner_place is not None:
                    yield f"{name}.{attribute}", inner_place


def _attributes(
    name: str, module: Any, scope: Scope, places: Places, inside: bool, depth: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    members = look.instance_vars(module)
    if depth == 0 or not (inside or members.get("__file__") is None):  # a package without a file may hold the project's
        return
    for attribute in scope.names:
        inner = members.get(attribute)
        if id(type(inner)) in _PLAIN:
            continue
        place = _place(inner, places)
        if place is not None:
            yield f"{name}.{attribute}", place
        if look.is_module(inner) and inner is not module:
            yield from _attributes(f"{name}.{attribute}", inner, scope, places, place is not None, depth - 1)


def _held(instance: Any, attribute: str) -> Any:
    own = look.instance_vars(instance)
    if attribute in own:
        return own[attribute]
    for base in look.mro(type(instance)):
        members = look.class_vars(base)
        if attribute in members:
            return members[attribute]
    return None


def _place(value: Any, places: Places) -> dict[str, Any] | None:
    """Where the definition behind `value` stands, if that is in the project."""
    if look.is_module(value):
        file = look.instance_vars(value).get("__file__")
        return _placed(file, 1, "", "module", places)
    if look.is_class(value):
        return _class_place(value, "class", places)
    code = look.code_of(value)
    if code is not None:
        return _placed(code.co_filename, code.co_firstlineno, code.co_qualname, "function", places)
    return _class_place(type(value), "instance", places)


def _class_place(cls: type, kind: str, places: Places) -> dict[str, Any] | None:
    name = look.class_module(cls)
    if name in ("", "builtins"):
        return None
    members = look.class_vars(cls)
    line = members.get("__firstlineno__", 0)  # Python 3.13 and later; 0 is not known
    module = sys.modules.get(name)
    file = look.instance_vars(module).get("__file__") if module is not None else None
    if file is None:  # a module that was executed without being registered: its functions know their file
        codes = (look.code_of(member) for member in members.values())
        file = next((code.co_filename for code in codes if code is not None), None)
    qualname = look.class_qualname(cls)
    return _placed(file, line if type(line) is int else 0, qualname, kind, places)


def _placed(file: Any, line: int, qualname: str, kind: str, places: Places) -> dict[str, Any] | None:
    if type(file) is not str or not places.inside(file):
        return None
    return {"path": places.told(file), "line": line, "qualname": clean(qualname)[:_NAME_LIMIT], "kind": kind}


def _names(code: types.CodeType, depth: int = 2) -> Iterator[str]:
    """Names that the code uses, its inner functions' and comprehensions' too."""
    yield from code.co_varnames
    yield from code.co_freevars
    yield from code.co_cellvars
    yield from code.co_names
    if depth:
        for constant in code.co_consts:
            if type(constant) is types.CodeType:
                yield from _names(constant, depth - 1)
