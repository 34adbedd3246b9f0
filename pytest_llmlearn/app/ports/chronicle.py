"""What happened in a period, as a report is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pytest_llmlearn.domain.effect import Exposure
from pytest_llmlearn.domain.report import Period, Ran, Repair, Sighting


class Chronicle(Protocol):
    """What a store can tell of a period. In the same file, and as safe; nothing here writes.

    What was merged into a pattern counts for that one. What was told apart, and what passed when it was run again, is
    not among the sightings.
    """

    def latest(self, count: int) -> Sequence[Ran]:
        """The latest runs that recorded something, so many at most, oldest first."""
        ...

    def run(self, run_id: str) -> Ran | None:
        """The run of that id; None where there is none."""
        ...

    def sightings(self, period: Period) -> Sequence[Sighting]:
        """What was seen: of all in that time, or in its runs."""
        ...

    def repairs(self, period: Period) -> Sequence[Repair]:
        """The fixes that were verified in that time."""
        ...

    def judged(self, period: Period) -> Sequence[Exposure]:
        """Lessons of which runs of the tests said in that time what came of showing them, or did not show them."""
        ...
