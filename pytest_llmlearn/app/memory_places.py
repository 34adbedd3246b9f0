"""What `Memory` knows of places: of a file, and of what its code uses."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from pytest_llmlearn.domain.matcher import Trials

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports import Store
    from pytest_llmlearn.app.ports.matchers import Matchers
    from pytest_llmlearn.domain.pattern import Pattern

NAMED = 5
"""Patterns that are told of one symbol, at most."""


class PlacesOfMemory:
    """The part of `Memory` around where mistakes were made."""

    _store: Store
    _matchers: Matchers

    if TYPE_CHECKING:

        def _relative(self, path: str) -> str: ...

    def in_file(self, path: str) -> list[Pattern]:
        """The patterns that were seen last in this file, and may be shown; most frequent first."""
        return self._store.patterns(shown=True, path=self._relative(path))

    def of_symbols(self, symbols: Sequence[str]) -> list[Pattern]:
        """Patterns that name one of these symbols exactly, and may be shown; most frequent first, at most `NAMED`."""
        found = [hit.pattern for hit in self._store.search((), symbols, NAMED)] if symbols else []
        return sorted(found, key=lambda pattern: -pattern.frequency)

    def mistaken(self, matcher: str, line: str) -> None:
        """A person says that this matcher (by its key) fired on a line of code that is right: it counts as a trial, and
        makes the matcher less sure, or held back. The same line counts once.

        Raises:
            StoreError: it cannot be written.
        """
        digest = blake2b(f"line\0{' '.join(line.split())}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        self._matchers.tried({matcher: Trials(wrong=1)}, digest)
