"""Recognises names that nothing binds: not the file, not an import, not the interpreter."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_llmlearn.domain.matcher import Kind, Matcher, Sighting
from pytest_llmlearn.domain.matchers.reading import Chain, is_guarded, reading
from pytest_llmlearn.domain.matchers.view import View

_OF_MODULES = frozenset(
    {"__name__", "__file__", "__doc__", "__package__", "__spec__", "__loader__", "__path__", "__dict__"}
    | {"__builtins__", "__annotations__", "__cached__", "__class__", "__module__", "__qualname__", "__all__"}
    | {"__annotate__", "__conditional_annotations__", "__firstlineno__", "__type_params__", "__static_attributes__"}
)
_FROM_OUTSIDE = frozenset({"_", "reveal_type", "reveal_locals", "get_ipython", "WindowsError", "exit", "quit"})
"""Names that something else than the code may bind."""
_LAZY_ANNOTATIONS = (3, 14)
"""The version from which annotations are not evaluated unless somebody asks."""
_MAKES_NAMES = frozenset({"exec", "globals", "locals", "vars", "eval"})


class Undefined:
    """`view.Recogniser` of the kind `undefined`."""

    kind: Kind = "undefined"

    def __init__(self) -> None:
        self._looked: tuple[View, tuple[Chain, ...]] | None = None

    def sightings(self, matcher: Matcher, view: View) -> Iterable[Sighting]:
        if view.stars or view.world is None:
            return
        wanted = None if matcher.body.get("any") else matcher.body.get("name")
        for chain in self._unbound(view):
            name = chain.parts[0]
            if wanted is None or name == wanted:
                yield Sighting(
                    matcher=matcher,
                    span=chain.nodes[0].span,
                    confidence=matcher.confidence,
                    why=f"nothing binds `{name}`",
                )

    def _unbound(self, view: View) -> tuple[Chain, ...]:
        """The names in this piece that nothing binds; looked for once, for all matchers that ask."""
        looked = self._looked
        if looked is None or looked[0] is not view:
            looked = (view, tuple(_unbound(view)))
            self._looked = looked
        return looked[1]


def _unbound(view: View) -> Iterable[Chain]:
    found = reading(view.node)
    builtin = view.world.builtin_names() if view.world is not None else None
    if builtin is None or found.words & _MAKES_NAMES:
        return
    known = (view.bound, view.imports, builtin, _OF_MODULES, _FROM_OUTSIDE)
    told: set[tuple[str, int]] = set()
    for chain in found.chains:
        name = chain.parts[0]
        if any(name in names for names in known):
            continue
        if found.binding(name, chain.scope) is not None or is_guarded(chain.guards, ("NameError",)):
            continue
        if chain.deferred or (_is_annotation(chain, view) and _are_lazy(view)):
            continue
        if (name, chain.nodes[0].span.line) not in told:
            told.add((name, chain.nodes[0].span.line))
            yield chain


def _is_annotation(chain: Chain, view: View) -> bool:
    parents = reading(view.node).parents
    node = chain.nodes[0]
    while (around := parents.get(id(node))) is not None:
        if around[1] in ("annotation", "returns"):
            return True
        node = around[0]
    return False


def _are_lazy(view: View) -> bool:
    """Whether annotations of this file are not evaluated."""
    if view.imports.get("annotations") == "__future__.annotations":
        return True
    version = view.world.python() if view.world is not None else None
    return version is None or version >= _LAZY_ANNOTATIONS
