"""What `Memory` reports: what came of the mistakes of a run, or of a period."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlearn.app.annotate import Annotating
    from pytest_llmlearn.app.ports import Clock, Lessons, Store
    from pytest_llmlearn.app.ports.chronicle import Chronicle
    from pytest_llmlearn.app.report import Reporting
    from pytest_llmlearn.domain.finding import Rule
    from pytest_llmlearn.domain.recurring import Standing
    from pytest_llmlearn.domain.report import Report

TOP = 20
"""Mistakes of a list that are told in words."""


class ReportOfMemory:
    """The part of `Memory` around reports."""

    root: Path
    _store: Store
    _lessons: Lessons
    _clock: Clock
    _chronicle: Callable[[], Chronicle]

    if TYPE_CHECKING:

        def standings(self, fingerprints: Collection[str], run: str | None = None) -> Mapping[str, Standing]: ...
        def _annotating(self, run: str | None) -> Annotating: ...
        def _rules(self) -> Mapping[str, Rule]: ...

    def report_since(self, since: datetime, *, top: int = TOP) -> Report:
        """Of all from that time (aware) until now; `top` of each list."""
        return self._reporting().of_time(since, self._clock(), top=top)

    def report_of_latest(self, count: int, *, top: int = TOP) -> Report:
        """Of the latest runs that recorded something, so many at most."""
        return self._reporting().of_latest(count, self._clock(), top=top)

    def report_of_run(self, run: str, *, top: int = TOP) -> Report:
        """Of one run, by its id or the beginning of it; `last` is the last that recorded anything.

        Raises:
            UnknownRun: there is none, or nothing was recorded of it.
        """
        from pytest_llmlearn.errors import UnknownRun

        found = self._annotating(None).run_named(run)
        if found is None:
            raise UnknownRun(run)
        return self._reporting().of_run(found, self._clock(), top=top)

    def _reporting(self) -> Reporting:
        from pytest_llmlearn.app.report import Reporting

        return Reporting(
            project=self.root.name,
            chronicle=self._chronicle(),
            store=self._store,
            lessons=self._lessons,
            standings=self.standings,
            rules=self._rules,
        )
