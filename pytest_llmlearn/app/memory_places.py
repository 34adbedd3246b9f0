"""What `Memory` knows of places: of a file, and of what its code uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports import Store
    from pytest_llmlearn.domain.pattern import Pattern

NAMED = 5
"""Patterns that are told of one symbol, at most."""


class PlacesOfMemory:
    """The part of `Memory` around where mistakes were made."""

    _store: Store

    if TYPE_CHECKING:

        def _relative(self, path: str) -> str: ...

    def in_file(self, path: str) -> list[Pattern]:
        """The patterns that were seen last in this file, and may be shown; most frequent first."""
        return self._store.patterns(shown=True, path=self._relative(path))

    def of_symbols(self, symbols: Sequence[str]) -> list[Pattern]:
        """Patterns that name one of these symbols exactly, and may be shown; most frequent first, at most `NAMED`."""
        found = [hit.pattern for hit in self._store.search((), symbols, NAMED)] if symbols else []
        return sorted(found, key=lambda pattern: -pattern.frequency)
