"""Which calls of a text make coroutines, as far as its own definitions, the project's and known libraries tell."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from pytest_llmlearn.detectors.known_coroutines import BLOCKING, BLOCKING_METHODS, COROUTINES
from pytest_llmlearn.domain import names as naming
from pytest_llmlearn.domain.coroutines import Call, calls, receivers
from pytest_llmlearn.hookspecs import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a call calls: its dotted name in a library, or its qualified name in the project."""

    name: str
    makes_coroutine: bool | None


def in_unit(evidence: Evidence) -> tuple[Call, ...]:
    """The calls written in the culprit's unit; all of the file's where the unit is no function or class."""
    unit = evidence.unit
    return calls(evidence.text) if unit.kind in ("module", "imports") else calls(evidence.text, unit.start, unit.end)


def library_name(call: Call, text: str) -> str:
    """The callee as a dotted name: its imports resolved, a method named by its receiver's class."""
    imported = naming.imported(text)
    head, _, last = call.name.rpartition(".")
    made = receivers(text).class_of(call) if head else None
    if made is not None and head not in ("self", "cls"):
        first, _, rest = made.partition(".")
        return f"{imported.get(first, first)}{'.' if rest else ''}{rest}.{last}"
    first, _, rest = call.name.partition(".")
    if first in imported:
        return f"{imported[first]}.{rest}" if rest else imported[first]
    return call.name


def target(call: Call, evidence: Evidence) -> Target:
    """What `call` calls, and whether that makes a coroutine; None where it cannot be told."""
    text = evidence.text
    defined = naming.defined(text)
    head, _, last = call.name.rpartition(".")
    own = _own_name(call, text)
    if own in defined:
        return Target(name=own.replace("<locals>.", ""), makes_coroutine=naming.runs_as_coroutine(defined[own]))
    library = library_name(call, text)
    if library in COROUTINES:
        return Target(name=library, makes_coroutine=True)
    if not head and (last not in naming.imported(text) or _is_parameter(last, call, text)):
        return Target(name=call.name, makes_coroutine=None)
    answer = _asked(own, library, evidence)
    return Target(name=_last_two(own if head else last), makes_coroutine=answer)


def _asked(own: str, library: str, evidence: Evidence) -> bool | None:
    """What the project's other files say; libraries' sources are not searched for it, which would cost too much."""
    if evidence.path is None or own.startswith(("self.", "cls.")):
        return None
    first = own.partition(".")[0]
    module = naming.imported(evidence.text).get(first, "") or library.rpartition(".")[0]
    while module and not evidence.surroundings.own_module(module, evidence.path):
        shorter = module.rpartition(".")[0]
        if module.startswith(".") and not shorter.strip("."):
            break
        module = shorter
    if not module and first not in naming.defined(evidence.text):
        return None
    return evidence.surroundings.is_coroutine_function(own, evidence.path)


def _own_name(call: Call, text: str) -> str:
    """The callee's qualified name, were it defined in this text."""
    head, _, last = call.name.rpartition(".")
    if not head:
        if _is_parameter(last, call, text):
            return f"{call.scope}.<parameter>.{last}"
        scope = call.scope
        while scope:
            if (nested := f"{scope}.<locals>.{last}") in naming.defined(text):
                return nested
            scope = scope.rpartition(".")[0].removesuffix(".<locals>")
        return last
    made = receivers(text).class_of(call)
    return f"{made}.{last}" if made else call.name


def _is_parameter(name: str, call: Call, text: str) -> bool:
    function = naming.defined(text).get(call.scope)
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    arguments = function.args
    return any(entry.arg == name for entry in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))


def _last_two(name: str) -> str:
    return ".".join(name.replace("<locals>.", "").split(".")[-2:])


def blocking(call: Call, text: str) -> tuple[str, str] | None:
    """The name of the blocking library call that this is, and what to use in a coroutine; None for any other."""
    name = library_name(call, text)
    if name in BLOCKING and call.name not in naming.defined(text):
        return name, BLOCKING[name]
    owner, _, method = name.rpartition(".")
    methods, instead = BLOCKING_METHODS.get(owner, (frozenset(), ""))
    return (name, instead) if method in methods else None
