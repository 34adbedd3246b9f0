"""Writing events: what a run taught, told to a file beside the store, so that other stores can learn it too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from pytest_llmlearn.app.ports import Fixes
from pytest_llmlearn.app.ports.events import EventLog
from pytest_llmlearn.domain.entry import Entry, Run
from pytest_llmlearn.domain.events import Event, Noted, Recorded, Tested
from pytest_llmlearn.domain.fix import Fix, Healing, Red


class Telling:
    """The use case; with `log` None nothing is told. What cannot be written costs itself, and is noticed."""

    def __init__(self, log: EventLog | None) -> None:
        self._log = log
        self.notices: list[str] = []

    @property
    def wanted(self) -> bool:
        """Whether anything is to be told."""
        return self._log is not None

    def recorded(self, run: Run, entries: Sequence[Entry]) -> None:
        """What a run recorded; nothing, where it recorded nothing."""
        if entries:
            self._tell(Recorded(run=run, entries=tuple(entries)))

    def tested(
        self, run: Run, *, passed: Collection[str], skipped: Collection[str], failing: Collection[str],
        name: Callable[[str], str],
    ) -> None:  # fmt: skip
        """What the tests of a run said; `name` gives the id that the store has for a test."""
        if self._log is not None:
            self._tell(
                Tested(
                    run=run,
                    passed=tuple(sorted({*map(name, passed)})),
                    skipped=tuple(sorted({*map(name, skipped)})),
                    failing=tuple(sorted(failing)),
                )
            )

    def noted(
        self, time: datetime, green: Collection[str], healed: Collection[str], healings: Sequence[Healing]
    ) -> None:
        """What became of red tests; which tests were green for the first time is told with the run."""
        if healings or healed:
            rows = tuple(replace(one, occurrence=None) for one in healings)
            self._tell(Noted(time=time, green=tuple(green) if not rows else (), healed=tuple(healed), healings=rows))

    def _tell(self, event: Event) -> None:
        if self._log is None:
            return
        try:
            self._log.add(event)
        except OSError as error:
            said = f"events could not be written: {error.strerror or error}"
            self.notices += [said] if said not in self.notices else []


class ToldFixes:
    """`ports.Fixes` of a store, each note of which is told."""

    def __init__(self, fixes: Fixes, telling: Telling) -> None:
        self._fixes = fixes
        self._telling = telling

    def red_tests(self) -> Sequence[str]:
        """As the store's."""
        return self._fixes.red_tests()

    def red_scans(self) -> Sequence[str]:
        """As the store's."""
        return self._fixes.red_scans()

    def never_green(self, nodeids: Collection[str]) -> Sequence[str]:
        """As the store's."""
        return self._fixes.never_green(nodeids)

    def reds(self, nodeids: Collection[str]) -> Sequence[Red]:
        """As the store's."""
        return self._fixes.reds(nodeids)

    def note(
        self, *, time: datetime, green: Collection[str] = (), healed: Collection[str] = (), healings: Sequence[Healing]
    ) -> Sequence[Fix]:
        """As the store's, and told."""
        found = self._fixes.note(time=time, green=green, healed=healed, healings=healings)
        self._telling.noted(time, green, healed, healings)
        return found

    def fixes(self, fingerprint: str | None = None) -> Sequence[Fix]:
        """As the store's."""
        return self._fixes.fixes(fingerprint)

    def healings(self, fingerprint: str | None = None) -> Sequence[Healing]:
        """As the store's."""
        return self._fixes.healings(fingerprint)
