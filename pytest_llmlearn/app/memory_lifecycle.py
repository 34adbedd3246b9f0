"""What `Memory` says of the life of a lesson: what healed its mistake, how it stands, whether it helps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.fix import Fix, Healing
from pytest_llmlearn.domain.occurrence import Occurrence

if TYPE_CHECKING:
    from pytest_llmlearn.app.events import Telling
    from pytest_llmlearn.app.heal import Healed, Healer
    from pytest_llmlearn.app.heal_between import Between, HealedBetween
    from pytest_llmlearn.app.ports import Fixes
    from pytest_llmlearn.domain.pattern import Pattern


class LifecycleOfMemory:
    """The part of `Memory` around what becomes of mistakes."""

    _fixes: Fixes
    _healer: Healer
    _between: Callable[[str | None], Between]
    _telling: Telling
    _redact: Callable[[str], str]

    if TYPE_CHECKING:

        def pattern(self, fingerprint: str) -> Pattern: ...
        def _in_its_state(self, run: Run) -> Run: ...
        def derive_from_fixes(self, fixes: Iterable[Fix]) -> None: ...

    def heal(
        self,
        run: Run,
        *,
        passed: Collection[str],
        skipped: Collection[str] = (),
        occurrences: Sequence[Occurrence],
    ) -> Healed:
        """Mine fixes of the tests that a run saw green and that were red before; note the first time of green ones.

        `passed` and `skipped` are ids of tests as `occurrences` have them. Not for a run that was broken off.

        Raises:
            StoreError: the store cannot be written; nothing was.
            OSError: what the tests said cannot be noted.
        """
        healed = self._healer.run(
            run, passed=passed, skipped=skipped, occurrences=occurrences, always=self._telling.wanted
        )
        if self._telling.wanted:
            failing = {self._redact(occurrence.nodeid) for occurrence in occurrences}
            told = self._in_its_state(run)
            self._telling.tested(told, passed=passed, skipped=skipped, failing=failing, name=self._healer.name)
        self.derive_from_fixes(mined.fix for mined in healed.fixes)
        return healed

    def heal_between(
        self, red: str, green: str, test: str | None = None, *, python: str | None = None
    ) -> HealedBetween:
        """Mine fixes from two commits, by running a test at both; without one, those that the difference concerns.

        `python` runs the tests: without one, the interpreter of the active environment, else of `.venv` or `venv` in
        the project, else this one. It needs pytest and this package.

        Raises:
            CannotHeal: a commit is unknown, the test passes at `red` or fails at `green`, or it cannot be run.
            StoreError: the store cannot be written; nothing was.
        """
        healed = self._between(python).heal(red, green, test)
        self.derive_from_fixes(mined.fix for mined in healed.fixes)
        return healed

    def fixes(self, fingerprint: str | None = None) -> Sequence[Fix]:
        """Verified fixes, of one pattern or all, most often verified and then latest first.

        Raises:
            UnknownPattern: no pattern is named so, or several are.
        """
        return self._fixes.fixes(None if fingerprint is None else self.pattern(fingerprint).fingerprint)

    def healings(self, fingerprint: str | None = None) -> Sequence[Healing]:
        """What became of red tests, fixes and what was none, oldest first.

        Raises:
            UnknownPattern: no pattern is named so, or several are.
        """
        return self._fixes.healings(None if fingerprint is None else self.pattern(fingerprint).fingerprint)
