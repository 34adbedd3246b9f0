"""Mending: what repairs a mistake that was seen in a text, by the fixes that were verified for it."""

from __future__ import annotations

from collections.abc import Callable

from pytest_llmlearn.app.ports import Fixes
from pytest_llmlearn.app.watch import Looked
from pytest_llmlearn.domain.matcher import Sighting
from pytest_llmlearn.domain.mending import Mend, mend

Look = Callable[[str, str], Looked]


class Mending:
    """The use case. `look` sees mistakes in the text of a path, those of candidates too, as nobody is typing."""

    def __init__(self, fixes: Fixes, look: Look) -> None:
        self._fixes = fixes
        self._look = look

    def mend(self, path: str, text: str, sighting: Sighting) -> Mend | None:
        """The edits of the fix that was verified most often of those that apply where the mistake was seen; None where
        none surely does. With them the text parses, and the mistake is seen once less.

        Raises:
            StoreError: the fixes cannot be read.
        """
        fingerprint = sighting.matcher.fingerprint
        fixes = self._fixes.fixes(fingerprint)
        if not fixes:
            return None
        before = self._seen(path, text, fingerprint)
        return mend(
            text, fixes, sighting.span, gone=lambda result: self._seen(path, result, fingerprint) < max(before, 1)
        )

    def _seen(self, path: str, text: str, fingerprint: str) -> int:
        return sum(one.matcher.fingerprint == fingerprint for one in self._look(path, text).sightings)
