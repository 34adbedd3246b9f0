"""The import statement that a text lacks for a name it uses, where that can be told."""

from __future__ import annotations

import ast
import re

from pytest_llmlearn.detectors.known_names import aliases, homes
from pytest_llmlearn.detectors.known_packages import distribution_of
from pytest_llmlearn.domain import names as naming
from pytest_llmlearn.domain.source import parse
from pytest_llmlearn.hookspecs import Evidence


def import_for(name: str, evidence: Evidence, told: str = "") -> tuple[str, str]:
    """The import statement that would bind `name`, and what it would bind; empty where none surely would.

    `told` is the failing statement and the message, which count where the text is not at hand.
    """
    imported_inside = naming.imported(evidence.text).get(name)
    if imported_inside is not None:
        module, _, last = imported_inside.rpartition(".")
        written = f"from {module} import {last}" if module else f"import {last}"
        return (written if last == name else f"{written} as {name}"), imported_inside
    if evidence.text and name in naming.bound_anywhere(evidence.text):
        return "", ""  # a variable of another scope, or a definition that comes too late
    asked = _attributes_asked(evidence.text, name) or set(re.findall(rf"(?<![\w.]){re.escape(name)}\.(\w+)", told))
    if f"forget to import '{name}'" in told:
        return f"import {name}", name
    home = homes().get(name)
    alias = aliases().get(name)
    if alias is not None and (asked or not evidence.text):
        return f"import {alias} as {name}", alias
    if asked and _is_module(name, evidence):
        has = evidence.surroundings.names(name)
        if has is None or asked & set(has):
            return f"import {name}", name
    fits = name in _VALUES or (bool(asked) and name in _WITH_ATTRIBUTES) or _is_called(evidence.text, name)
    if home is not None and (fits or not name.islower() or not evidence.text):
        return f"from {home} import {name}", f"{home}.{name}"
    return "", ""


_WITH_ATTRIBUTES = frozenset({"datetime", "chain"})
_VALUES = frozenset({"pi", "inf", "ndimage", "models", "ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits"})


def _attributes_asked(text: str, name: str) -> set[str]:
    """Attributes that the text asks of `name`."""
    tree = parse(text) if text else None
    return {
        node.attr
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    }


def _is_called(text: str, name: str) -> bool:
    """Whether the text calls `name`, or decorates with it."""
    tree = parse(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            return True
        decorators = getattr(node, "decorator_list", ())
        if any(isinstance(entry, ast.Name) and entry.id == name for entry in decorators):
            return True
    return False


def _is_module(name: str, evidence: Evidence) -> bool:
    surroundings = evidence.surroundings
    return (
        surroundings.is_stdlib(name)
        or distribution_of(name) is not None
        or surroundings.own_module(name, evidence.path) is not None
        or surroundings.installed(name) is True
    )
