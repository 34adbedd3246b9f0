"""Events: where they are written, and what a store makes of those of others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.events import Event, Tested
from pytest_llmlearn.domain.fix import Red


class EventLog(Protocol):
    """A file to which events are added, each whole or not at all."""

    def add(self, event: Event) -> None:
        """Add one.

        Raises:
            OSError: it cannot be written.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Tests that failed in a run, by their ids; the run is only as much of it as rows tell."""

    run: Run
    nodeids: tuple[str, ...]


class FoldedRows(Protocol):
    """What folding asks of the store beside recording. In the same file, and as safe."""

    @property
    def underway(self) -> bool:
        """Whether folding was begun, and broken off before it ended."""
        ...

    def begin(self, runs: Collection[str]) -> None:
        """Folding of these runs begins, which are not known yet."""
        ...

    def end(self) -> None:
        """Folding has ended."""
        ...

    def recorded(self, runs: Collection[str]) -> frozenset[str]:
        """Which of these runs were recorded, here or by folding."""
        ...

    def folded(self, runs: Collection[str]) -> frozenset[str]:
        """Which of these runs, or what their tests said, came by folding."""
        ...

    def heard(self, runs: Collection[str]) -> frozenset[str]:
        """Of which of these runs it was folded what their tests said."""
        ...

    def latest(self) -> datetime | None:
        """When the latest run that is known was finished."""
        ...

    def settle(self) -> None:
        """Runs were recorded since folding began, and later ones before them: count as if each had come in its time."""
        ...

    def keep(self, tested: Sequence[Tested]) -> None:
        """Keep what the tests of runs said."""
        ...

    def tested(self) -> Sequence[Tested]:
        """What the tests of all folded runs said, in the order of time."""
        ...

    def failures(self) -> Sequence[Failed]:
        """Which tests failed in which runs, recorded here or folded, in the order of time; flaky ones did not."""
        ...

    def healed(self) -> Sequence[tuple[datetime, str]]:
        """When which tests were seen healed by who had seen them red, and not by folding."""
        ...

    def reds(self, failed: Mapping[str, str]) -> Sequence[Red]:
        """What these tests, by their ids, were laid on in those runs: as `Fixes.reds`."""
        ...

    def unheal(self) -> None:
        """Take back all that folding itself found to have become of red tests."""
        ...
