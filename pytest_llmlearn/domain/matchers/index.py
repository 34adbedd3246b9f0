"""A quick search of many matchers: those all of whose atoms stand in a piece of code.

Each is filed under its rarest atom, so that a piece with a few hundred words asks after a handful of thousands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from pytest_llmlearn.domain.matcher import Matcher


class MatcherIndex:
    """The matchers, surest first, as they were handed in. Never changes."""

    __slots__ = ("_always", "_by_atom", "_keys")

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        often = Counter(atom for matcher in matchers for atom in matcher.atoms)
        self._by_atom: dict[str, list[tuple[int, Matcher]]] = {}
        self._always: list[tuple[int, Matcher]] = []
        for rank, matcher in enumerate(matchers):
            if matcher.atoms:
                rarest = min(matcher.atoms, key=lambda atom: (often[atom], -len(atom), atom))
                self._by_atom.setdefault(rarest, []).append((rank, matcher))
            else:
                self._always.append((rank, matcher))
        self._keys = frozenset(self._by_atom)

    def standing_in(self, atoms: Collection[str]) -> Iterator[Matcher]:
        """The matchers whose atoms are all among these, in their order."""
        there = atoms if isinstance(atoms, (set, frozenset)) else frozenset(atoms)
        found = list(self._always)
        for atom in self._keys.intersection(there):
            found += [ranked for ranked in self._by_atom[atom] if ranked[1].atoms <= there]
        found.sort(key=lambda ranked: ranked[0])
        return (matcher for _, matcher in found)
