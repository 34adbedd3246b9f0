"""What the units of one file use of one another: a test that calls one of them reaches what that one calls.

By names alone, nothing is executed: a bare name is a definition of the module's, `self.name` a method of the class
around, `Class.name` a method of that class. Calls through other objects are not followed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from pytest_llmlearn.domain import source


def reached_within(text: str, qualnames: Iterable[str]) -> frozenset[str]:
    """These units of the file with all that they use of it, directly or by others."""
    uses = _uses(text)
    found: set[str] = set()
    waiting = list(qualnames)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += uses.get(name, ())
    return frozenset(found)


@lru_cache(maxsize=256)
def _uses(text: str) -> Mapping[str, frozenset[str]]:
    definitions = dict(source.defined(text))
    found = {}
    for name, node in definitions.items():
        if isinstance(node, ast.ClassDef):
            # Who names a class makes one of it; its other methods are reached by who calls them.
            used = {method for method in (f"{name}.__init__", f"{name}.__post_init__") if method in definitions}
        else:
            used = set(_named(node, name.rpartition(".")[0], definitions))
        found[name] = frozenset(used - {name})
    return found


def _named(function: ast.AST, owner: str, definitions: Mapping[str, source.Definition]) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            name = node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            inside = owner if node.value.id in ("self", "cls") else node.value.id
            name = f"{inside}.{node.attr}"
        else:
            continue
        if name in definitions:
            yield name
