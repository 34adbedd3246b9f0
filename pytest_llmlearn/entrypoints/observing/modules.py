"""What a failure shows of library modules that are imported anyway: names they lack, arguments they refuse.

Only dictionaries are looked at; no module is asked for an attribute, for some load themselves when they are. Each fact
is told once a process.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_llmlearn.entrypoints.observing import look
from pytest_llmlearn.entrypoints.observing.places import Places

NAMES = 4_000
"""Names of a module that are told at most; one with more is not told whole."""
_LOOKED_AT = 60
_MODULES = 8
_COMPILED = (".so", ".pyd")
_MISSING = re.compile(r"cannot import name '(?P<name>\w{1,100})' from '(?P<of>[\w.]{1,200})'")
_OF_MODULE = re.compile(r"^`?(?:module )?['`]?(?P<of>[\w.]{1,200})['`]? has no attribute ['`](?P<name>\w{1,100})")
_REFUSED = re.compile(r"(?:^|\.)(?P<called>\w{1,100})\(\) got an unexpected keyword argument '(?P<keyword>\w{1,100})'")
_TAKES_ANY = 0x08
"""The flag of code that takes any keyword (`inspect.CO_VARKEYWORDS`)."""

Told = dict[str, Any]


class Modules:
    """Tells of the modules of one process; `places` tells the project's own, of which nothing is told."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._told: set[tuple[str, ...]] = set()

    def of(
        self, error: BaseException, message: str, levels: Sequence[tuple[types.FrameType, int]]
    ) -> Iterator[Told]:  # fmt: skip
        """What this failure shows, in builtins: mappings with `module`, and some of `names`, `lacks`, `refuses`,
        `takes`, as `domain.seen_modules` has them. `levels` are those of its traceback, outermost first."""
        kind = type(error)
        frames = [frame for frame, _ in levels if self._places.inside(frame.f_code.co_filename)]
        if issubclass(kind, AttributeError | ImportError):
            match = _MISSING.search(message) or _OF_MODULE.search(message)
            module = sys.modules.get(match["of"]) if match is not None else None
            if match is not None and module is not None:
                yield from self._lacks(match["of"], module, match["name"])
        elif issubclass(kind, TypeError) and frames:
            match = _REFUSED.search(message)
            if match is not None:
                yield from self._refuses(match["called"], match["keyword"], frames[-1])
        if frames:
            yield from self._compiled(frames[-1])

    def _lacks(self, name: str, module: Any, missing: str) -> Iterator[Told]:
        if self._is_library(module) and missing[:1] != "_" and self._first("lacks", name, missing):
            yield {"module": name, "lacks": [missing]}

    def _refuses(self, called: str, keyword: str, frame: types.FrameType) -> Iterator[Told]:
        for module, value in _reached(called, frame):
            held = sys.modules.get(module)
            if held is None or not self._is_library(held) or not self._first("refuses", module, called, keyword):
                continue
            told: Told = {"module": module, "refuses": {called: [keyword]}}
            code = None if look.is_class(value) else look.code_of(value)
            if code is not None and code.co_name == called:
                names = list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
                told["takes"] = {called: [*names, *(["**"] if code.co_flags & _TAKES_ANY else [])]}
            yield told

    def _compiled(self, frame: types.FrameType) -> Iterator[Told]:
        """The names of compiled modules that the function uses, whose source tells nothing."""
        found = 0
        for used in frame.f_code.co_names[:_LOOKED_AT]:
            value = frame.f_globals.get(used)
            if not look.is_module(value):
                continue
            names = look.instance_vars(value)
            name, file = names.get("__name__"), names.get("__file__")
            if type(name) is not str or type(file) is not str or not file.endswith(_COMPILED):
                continue
            if found < _MODULES and self._is_library(value) and self._first("names", name):
                found += 1
                public = [one for one in names if type(one) is str and one[:1] != "_"]
                if "__getattr__" not in names and len(public) <= NAMES:
                    yield {"module": name, "names": public}

    def _is_library(self, module: Any) -> bool:
        names = look.instance_vars(module) if look.is_module(module) else {}
        name, file = names.get("__name__"), names.get("__file__")
        if type(name) is not str or name.partition(".")[0] in sys.stdlib_module_names:
            return False
        return type(file) is str and not self._places.inside(file)

    def _first(self, *fact: str) -> bool:
        if fact in self._told:
            return False
        self._told.add(fact)
        return True


def _reached(called: str, frame: types.FrameType) -> Iterator[tuple[str, Any]]:
    """The callable of that name as the function reaches it: in a module that it names, or by its own name."""
    for used in frame.f_code.co_names[:_LOOKED_AT]:
        value = frame.f_globals.get(used, frame.f_locals.get(used) if used in frame.f_code.co_varnames else None)
        if used == called and value is not None:
            own = getattr(look.function_of(value), "__module__", None)
            module = look.class_module(value) if look.is_class(value) else own
            if type(module) is str:
                yield module, value
        elif look.is_module(value):
            yield from _inside(value, called, frame.f_code.co_names)


def _inside(module: Any, called: str, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """In a module, or in one below it that the function names too."""
    held = look.instance_vars(module)
    if type(held.get("__name__")) is str and called in held:
        yield held["__name__"], held[called]
    for inner in names[:_LOOKED_AT]:
        below = held.get(inner)
        if look.is_module(below):
            deeper = look.instance_vars(below)
            if type(deeper.get("__name__")) is str and called in deeper:
                yield deeper["__name__"], deeper[called]
