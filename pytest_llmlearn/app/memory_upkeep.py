"""What `Memory` says of its own upkeep: put away, take back, erase, merge, measure, keep in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlearn.domain.due import due
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.errors import CannotMerge, UnknownPattern

if TYPE_CHECKING:
    from pytest_llmlearn.app.heal import Healer
    from pytest_llmlearn.app.maintain import Maintained, Maintenance
    from pytest_llmlearn.app.ports import Clock, Store
    from pytest_llmlearn.app.ports.upkeep import Erased, Upkeep
    from pytest_llmlearn.app.runs import Runs
    from pytest_llmlearn.domain.audit import Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Patterns that may be one, the first seen first; `why` is `symbol` (equal at that level) or `fix` (the same)."""

    why: str
    patterns: tuple[Pattern, ...]


class UpkeepOfMemory:
    """The part of `Memory` around keeping it in order."""

    _store: Store
    _upkeep: Upkeep
    _maintenance: Maintenance
    _runs: Runs
    _healer: Healer
    _clock: Clock

    if TYPE_CHECKING:

        def pattern(self, fingerprint: str) -> Pattern: ...
        def _redact(self, text: str) -> str: ...

    def archive(self, fingerprints: Sequence[str]) -> list[Pattern]:
        """Put patterns away: not shown until their mistake is made again, or they are taken back.

        Raises:
            UnknownPattern: one names none or several; nothing was put away.
        """
        found = [self.pattern(fingerprint) for fingerprint in fingerprints]
        self._upkeep.archive([pattern.fingerprint for pattern in found])
        return found

    def restore(self, fingerprints: Sequence[str]) -> list[Pattern]:
        """Take archived or retired patterns back, in the state that they have earned.

        Raises:
            UnknownPattern: one names none or several; nothing was taken back.
        """
        found = [self.pattern(fingerprint).fingerprint for fingerprint in fingerprints]
        for fingerprint in found:
            self._upkeep.restore(fingerprint)
        return [self.pattern(fingerprint) for fingerprint in found]

    def forget(self, fingerprint: str) -> Erased:
        """Erase a pattern for good, with those merged into it: rows, texts, tests, words, and the bytes of them.

        Raises:
            UnknownPattern: none or several are named so.
            StoreUnavailable: another process still reads what was erased; its bytes remain until it is done.
        """
        erased = self._upkeep.forget(self.pattern(fingerprint).fingerprint)
        # What the last runs were like is told in files of its own, by the names of tests.
        self._runs.awaits()
        self._healer.failed()
        return erased

    def merge(self, one: str, other: str) -> tuple[Pattern, Pattern]:
        """Make two patterns one; the one seen first is the parent, and shows the sum. Parent, and what the child was.

        Raises:
            UnknownPattern: none or several are named so.
            CannotMerge: they are one already, or of different categories.
        """
        parent, child = sorted(
            (self.pattern(one), self.pattern(other)), key=lambda pattern: (pattern.first_seen, pattern.fingerprint)
        )
        if parent.fingerprint == child.fingerprint:
            raise CannotMerge(one, other, "they are one pattern already")
        if parent.category != child.category:
            raise CannotMerge(one, other, f"one is of the category {parent.category}, the other of {child.category}")
        self._store.merge(parent.fingerprint, child.fingerprint)
        return self.pattern(parent.fingerprint), child

    def split(self, fingerprint: str) -> list[Pattern]:
        """Take the merging back: of the one merged pattern named so, or of all that were merged into this one.

        Raises:
            UnknownPattern: none is named so, or several merged ones are.
        """
        whole = self.pattern(fingerprint).fingerprint
        if whole.startswith(fingerprint) or whole.partition(":")[2].startswith(fingerprint):
            children = self._upkeep.merged(whole)
        else:
            children = self._upkeep.merged(fingerprint)
            if len(children) > 1:
                raise UnknownPattern(fingerprint, children)
        for child in children:
            self._store.split(child)
        return [self.pattern(child) for child in children]

    def alike(self) -> list[Alike]:
        """Patterns that may be one."""
        return [
            Alike(why=why, patterns=tuple(self.pattern(fingerprint) for fingerprint in group))
            for why, group in self._upkeep.alike()
        ]

    def audit(self) -> Audit:
        """Measure the memory itself."""
        from pytest_llmlearn.app.audit import audit  # only who measures pays for it

        return audit(self._upkeep, self._redact, self._clock())

    def maintain(self, *, dry_run: bool = False, if_due: bool = False) -> Maintained:
        """Do what is due, or with `dry_run` say what it would be; with `if_due` only where a day has passed.

        Raises:
            StoreError: the store cannot be written; what was done before stays done.
        """
        return self._maintenance.run(dry_run=dry_run, if_due=if_due)

    @property
    def maintenance_due(self) -> bool:
        """Whether a day has passed since the memory was kept in order, or since its first run."""
        return due(self._upkeep.maintained(), self._clock())
