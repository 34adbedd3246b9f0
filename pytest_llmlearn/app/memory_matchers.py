"""What `Memory` knows mistakes by: matchers, how they are derived, and how they prove themselves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlearn.domain import proof

if TYPE_CHECKING:
    from pytest_llmlearn.app.derive import Deriving
    from pytest_llmlearn.app.ports.matchers import Matchers
    from pytest_llmlearn.app.prove import Proved, Proving
    from pytest_llmlearn.domain.entry import Entry
    from pytest_llmlearn.domain.fix import Fix
    from pytest_llmlearn.domain.matcher import Matcher
    from pytest_llmlearn.domain.pattern import Pattern
    from pytest_llmlearn.domain.proof import Held

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A matcher with the confidence that its trials give it, and why it is held back; None where it is used."""

    matcher: Matcher
    held: Held | None


class MatchersOfMemory:
    """The part of `Memory` around matchers."""

    _matchers: Matchers
    _deriving: Callable[[], Deriving]
    _proving: Callable[[], Proving]
    _matcher_hits: int

    if TYPE_CHECKING:

        def pattern(self, fingerprint: str) -> Pattern: ...

    def matchers(self, fingerprint: str | None = None) -> Sequence[Standing]:
        """All matchers, or those of one pattern, those that are used first and the surest of them first.

        Raises:
            UnknownPattern: no pattern is named so, or several are.
        """
        found = self._matchers.every(None if fingerprint is None else self.pattern(fingerprint).fingerprint)
        standing = [Standing(matcher=one, held=proof.held_back(one, hits=self._matcher_hits)) for one in found]
        return sorted(standing, key=lambda one: one.held is not None)

    def prove_matchers(self, stop: Callable[[], bool] = lambda: False) -> Proved:
        """Try all matchers over the project's own files that passed as they are now: what fires there oftener than the
        setting `matcher_hits` allows is held back. For the background: files that did not change cost nothing;
        once `stop` is true, nothing more is looked at and nothing is decided.

        Raises:
            StoreError: the store cannot be read or written.
            OSError: what was found out cannot be remembered.
        """
        return self._proving().run(stop)

    @property
    def proof_due(self) -> bool:
        """Whether there are matchers, or code that passes, that the last `prove_matchers` of this memory did not know.

        Raises:
            StoreError: the store cannot be read.
        """
        return self._proving().due

    def learn_passing(self, texts: Sequence[tuple[str, str]], *, among: Sequence[Matcher] | None = None) -> None:
        """Learn from the texts of files whose tests pass, each with its path: what fires there was wrong. It is told to
        all matchers, or to those `among` them.

        Raises:
            StoreError: it cannot be written.
        """
        self._deriving().passed(texts, among=among)

    def derive_matchers(self, failures: Sequence[tuple[Entry, str]]) -> None:
        """Make matchers of failures that were recorded, each with the text of the file that it is laid on.

        Raises:
            StoreError: they cannot be written.
        """
        self._deriving().failed(failures)

    def derive_from_fixes(self, fixes: Iterable[Fix]) -> None:
        """Make matchers of fixes that were just found. A fault is logged: the fixes are written down already."""
        found = list(fixes)
        if not found:
            return
        try:
            self._proving().mended(found)
        except Exception:  # what recognises a mistake must not lose what mended it
            log.exception("nothing that recognises their mistakes could be derived from %d fixes", len(found))
