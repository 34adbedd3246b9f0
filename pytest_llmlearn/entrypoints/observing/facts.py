"""What an exception object itself says beside its message, read without calling user code."""

from __future__ import annotations

import builtins
import re
import sys
import types
from collections.abc import Iterable
from typing import Any

from pytest_llmlearn.entrypoints.observing import look
from pytest_llmlearn.entrypoints.observing.places import Places
from pytest_llmlearn.entrypoints.observing.text import clean, one_line

FACT_LIMIT = 200
NEAR_LIMIT = 5
_CANDIDATES = 6_000
_CLOSEST = 12
_CALLABLE = re.compile(
    r"([\w.<>]+)\(\) (?:got an unexpected keyword|missing \d+ required|takes |got multiple values|got some positional)"
)
_IMPORTED = re.compile(r"cannot import name '([^']{1,100})' from (?:partially initialized module )?'([^']{1,200})'")
_QUOTED = re.compile(r"'([^'\W][\w.]{0,99})'")


class Facts:
    """Reads facts; what is near a missing name is remembered, for one mistake often fails many tests."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._near: dict[tuple[str, str, int], str] = {}

    def of(self, error: BaseException, message: str, frame: types.FrameType | None) -> dict[str, str]:
        """Facts of this exception; `message` is its text, `frame` the innermost frame of its traceback."""
        kind = type(error)
        found: dict[str, object] = {}
        if issubclass(kind, AttributeError):
            self._attribute(error, found)
        elif issubclass(kind, ImportError):
            self._import(error, message, found)
        elif issubclass(kind, NameError):
            self._name(error, message, frame, found)
        elif issubclass(kind, SyntaxError):
            for key in ("lineno", "offset", "text"):
                found[key] = _member(SyntaxError, key, error)
        elif issubclass(kind, TypeError):
            found["parameters"] = _parameters(message, frame)
        elif issubclass(kind, KeyError):
            arguments = _member(BaseException, "args", error)
            if type(arguments) is tuple and arguments and look.exactly(arguments[0], str, int):
                found["key"] = repr(arguments[0])[:80]
        told = {key: value for key, value in found.items() if look.exactly(value, str, int) and value != ""}
        return {key: one_line(str(value), FACT_LIMIT) for key, value in told.items()}

    def _attribute(self, error: BaseException, found: dict[str, object]) -> None:
        name, owner = _member(AttributeError, "name", error), _member(AttributeError, "obj", error)
        if type(name) is not str:
            return
        found["name"] = name
        kind, owner_name, names = _described(owner)
        found["of"], found["of_kind"] = owner_name, kind
        found["near"] = self._nearest(f"{kind} {owner_name}", name, names)

    def _import(self, error: BaseException, message: str, found: dict[str, object]) -> None:
        path = _member(ImportError, "path", error)
        found["name"] = _member(ImportError, "name", error)
        found["path"] = self._places.told(path) if type(path) is str else None
        match = _IMPORTED.search(message)
        missing = _member(ImportError, "name_from", error)
        if type(missing) is not str and match:
            missing = match[1]
        if type(missing) is not str:
            return
        found["name_from"] = missing
        name = found["name"] if type(found["name"]) is str else match[2] if match else ""
        found["name"] = name
        module = sys.modules.get(name)
        if module is not None:
            found["near"] = self._nearest(f"module {name}", missing, look.instance_vars(module))

    def _name(
        self, error: BaseException, message: str, frame: types.FrameType | None, found: dict[str, object]
    ) -> None:
        name = _member(NameError, "name", error)
        if type(name) is not str:
            match = _QUOTED.search(message)
            name = match[1] if match else None
        if name is None:
            return
        found["name"] = name
        if frame is not None:
            names = [*frame.f_code.co_varnames, *frame.f_globals, *vars(builtins)]
            found["near"] = self._nearest(f"frame {frame.f_code.co_filename}:{frame.f_code.co_qualname}", name, names)

    def _nearest(self, owner: str, name: str, names: Iterable[str]) -> str:
        candidates = [other for other in names if type(other) is str and other != name][:_CANDIDATES]
        key = (owner, name, len(candidates))
        if key not in self._near:
            self._near[key] = ",".join(nearest(name, candidates))
        return self._near[key]


def nearest(name: str, candidates: Iterable[str]) -> list[str]:
    """At most `NEAR_LIMIT` of `candidates` that resemble `name`, the closest first."""
    if not name or len(name) > 80:
        return []
    private, letters, room = name.startswith("_"), set(name.lower()), max(2, len(name) // 2)
    scored = []
    for other in candidates:
        if abs(len(other) - len(name)) > room or (other.startswith("_") and not private):
            continue
        theirs = set(other.lower())
        shared = len(letters & theirs) / max(len(letters), len(theirs), 1)
        if shared >= 0.5:
            # A common beginning breaks ties: letters alone cannot tell `add` from `dad`.
            scored.append((shared + 0.2 * (other[:2].lower() == name[:2].lower()), other))
    if not scored:
        return []
    from difflib import get_close_matches  # only a failure of this sort pays for it

    scored.sort(reverse=True)
    closest = [other for _, other in scored[:_CLOSEST]]
    return [clean(other) for other in get_close_matches(name, closest, NEAR_LIMIT, 0.6)]


def _member(cls: type, key: str, error: BaseException) -> Any:
    """The attribute as the built-in class holds it, whatever a subclass defines under that name."""
    for base in look.mro(cls):
        descriptor = look.class_vars(base).get(key)
        if descriptor is not None:
            return descriptor.__get__(error)
    return None


def _described(owner: object) -> tuple[str, str, list[str]]:
    """Kind, name and attribute names of the object that lacks an attribute."""
    if owner is None:
        return "none", "NoneType", []
    if type(owner) is types.CoroutineType:
        return "coroutine", owner.__qualname__, []
    if look.is_module(owner):
        names = look.instance_vars(owner)
        name = names.get("__name__")
        return "module", name if type(name) is str else "", list(names)
    if look.is_class(owner):
        assert isinstance(owner, type)
        return "class", look.class_name(owner), _names_of(owner)
    return "instance", look.class_name(type(owner)), [*look.instance_vars(owner), *_names_of(type(owner))]


def _names_of(cls: type) -> list[str]:
    return list(dict.fromkeys(name for base in look.mro(cls) if base is not object for name in look.class_vars(base)))


def _parameters(message: str, frame: types.FrameType | None) -> str | None:
    """The parameters of the callable that a `TypeError` names, where the frame's names lead to it."""
    match = _CALLABLE.match(message)
    if match is None or frame is None:
        return None
    *owners, name = match[1].replace("<locals>.", "").split(".")
    wanted = [*owners, name]
    for value in _reach(wanted[0], frame):
        for step in wanted[1:]:
            inner = [look.class_vars(base).get(step) for base in look.mro(value)] if look.is_class(value) else []
            value = next((one for one in inner if one is not None), None)
        if look.is_class(value):
            value = next((c["__init__"] for c in map(look.class_vars, look.mro(value)) if "__init__" in c), None)
        code = look.code_of(value)
        if code is not None and code.co_name == name:
            count = code.co_argcount + code.co_kwonlyargcount
            names = code.co_varnames[:count]
            return ",".join(names[1:] if names[:1] in (("self",), ("cls",)) else names)
    return None


def _reach(name: str, frame: types.FrameType) -> list[Any]:
    """Candidates for the object that `name` is, from the frame's variables, modules and instances."""
    variables = frame.f_locals
    found = [scope[name] for scope in (variables, frame.f_globals) if name in scope]
    for used in (*frame.f_code.co_names, *frame.f_code.co_varnames):
        value = variables.get(used, frame.f_globals.get(used))
        if value is None:
            continue
        if look.is_module(value):
            scopes = [look.instance_vars(value)]
        else:
            kinds = look.mro(value if look.is_class(value) else type(value))
            found += [base for base in kinds if look.class_qualname(base).rpartition(".")[2] == name]
            scopes = [look.class_vars(base) for base in kinds]
            code = look.code_of(value)
            if code is not None and code.co_name == name:
                found.append(value)
        found += [scope[name] for scope in scopes if name in scope]
    return found
