"""What `Memory` annotates: mistakes at their places, for whoever reviews a change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlearn.app.annotate import Annotating
    from pytest_llmlearn.app.ports import Clock, Lessons, Store
    from pytest_llmlearn.app.record import Recorder, Recording
    from pytest_llmlearn.domain.annotation import Annotation
    from pytest_llmlearn.domain.entry import Entry
    from pytest_llmlearn.domain.finding import Rule
    from pytest_llmlearn.domain.flaw import Flaw
    from pytest_llmlearn.domain.occurrence import Occurrence
    from pytest_llmlearn.domain.recurring import Standing
    from pytest_llmlearn.hookspecs import Detector


class AnnotationsOfMemory:
    """The part of `Memory` around annotations; paths in them are from the project's root."""

    _store: Store
    _lessons: Lessons
    _detectors: Callable[[], Sequence[Detector]]
    _clock: Clock
    _everything: bool

    if TYPE_CHECKING:

        def _recorder(self, *, everything: bool) -> Recorder: ...
        def standings(self, fingerprints: Collection[str], run: str | None = None) -> Mapping[str, Standing]: ...

    def annotations(self, recording: Recording, run: str | None = None) -> list[Annotation]:
        """Of what a run recorded, most recurrent first, each mistake once a place; `run` is its id."""
        return self._annotating(run).recorded(recording)

    def annotations_of_run(self, run: str) -> list[Annotation]:
        """The same of a run of the past, by its id or the beginning of it; `last` is the last that recorded anything.

        Raises:
            UnknownRun: there is none, or nothing was recorded of it.
        """
        from pytest_llmlearn.errors import UnknownRun

        found = self._annotating(None).run_named(run)
        if found is None:
            raise UnknownRun(run)
        return self._annotating(found).stored(found)

    def annotations_of_scan(self, flaws: Sequence[Flaw], run: str | None = None) -> list[Annotation]:
        """Of what a scan found, whoever wrote it."""
        return self._annotating(run).scanned(flaws)

    def identified(self, occurrence: Occurrence) -> Entry | None:
        """What a failure would be recorded as in a run; None where it would not be. Nothing is written."""
        from pytest_llmlearn.domain.entry import Run

        now = self._clock()
        run = Run(run_id="", started=now, finished=now)
        (entry,) = self._recorder(everything=self._everything).entries(run, [occurrence])
        return entry

    def _annotating(self, run: str | None) -> Annotating:
        from pytest_llmlearn.app.annotate import Annotating

        return Annotating(
            store=self._store,
            lessons=self._lessons,
            rules=self._rules,
            standings=lambda fingerprints: self.standings(fingerprints, run),
        )

    def _rules(self) -> Mapping[str, Rule]:
        return {rule.rule_id: rule for each in reversed(self._detectors()) for rule in each.rules}
