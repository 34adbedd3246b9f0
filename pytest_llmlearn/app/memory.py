"""One object for every face: what was learned, and how to learn more.

`Memory` arranges the use cases over the ports; it knows no database, no git and no pytest. The stable library call
is `pytest_llmlearn.Memory.open`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from pytest_llmlearn.app.likely import Likely
from pytest_llmlearn.app.memory_annotations import AnnotationsOfMemory
from pytest_llmlearn.app.memory_chat import ChatOfMemory
from pytest_llmlearn.app.memory_committed import CommittedOfMemory
from pytest_llmlearn.app.memory_exposures import ExposuresOfMemory
from pytest_llmlearn.app.memory_generations import GenerationsOfMemory
from pytest_llmlearn.app.memory_lessons import LessonsOfMemory
from pytest_llmlearn.app.memory_lifecycle import LifecycleOfMemory
from pytest_llmlearn.app.memory_matchers import MatchersOfMemory
from pytest_llmlearn.app.memory_mend import MendOfMemory
from pytest_llmlearn.app.memory_places import PlacesOfMemory
from pytest_llmlearn.app.memory_provenance import ProvenanceOfMemory
from pytest_llmlearn.app.memory_report import ReportOfMemory
from pytest_llmlearn.app.memory_rules import RulesOfMemory
from pytest_llmlearn.app.memory_scan import ScanOfMemory
from pytest_llmlearn.app.memory_upkeep import UpkeepOfMemory
from pytest_llmlearn.app.memory_watch import WatchOfMemory
from pytest_llmlearn.app.memory_words import WordsOfMemory
from pytest_llmlearn.app.ports import Clock, Fixes, Lessons, Statistics, Store
from pytest_llmlearn.app.provenance import Origins
from pytest_llmlearn.app.recall import Recall
from pytest_llmlearn.domain.bounds import HALF_LIFE_DAYS
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.finding import Rule
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.errors import UnknownPattern
from pytest_llmlearn.hookspecs import Detector, Surroundings

if TYPE_CHECKING:
    from pytest_llmlearn.app.chats import Chats
    from pytest_llmlearn.app.classify import Classifier
    from pytest_llmlearn.app.committed import CommittedLessons
    from pytest_llmlearn.app.derive import Deriving
    from pytest_llmlearn.app.events import Telling
    from pytest_llmlearn.app.exposures import Delivery
    from pytest_llmlearn.app.fold import Fold
    from pytest_llmlearn.app.generations import Generations
    from pytest_llmlearn.app.graduate import Graduation
    from pytest_llmlearn.app.heal import Healer
    from pytest_llmlearn.app.heal_between import Between
    from pytest_llmlearn.app.inquiry import Inquiry
    from pytest_llmlearn.app.judging import Judging
    from pytest_llmlearn.app.maintain import Maintenance
    from pytest_llmlearn.app.meaning import Meaning
    from pytest_llmlearn.app.memory_scan import RecordRun
    from pytest_llmlearn.app.ports.chronicle import Chronicle
    from pytest_llmlearn.app.ports.exposures import Exposures
    from pytest_llmlearn.app.ports.matchers import Matchers
    from pytest_llmlearn.app.ports.requests import Requests
    from pytest_llmlearn.app.ports.rules import LearnedRules
    from pytest_llmlearn.app.ports.upkeep import Upkeep
    from pytest_llmlearn.app.prove import Proving
    from pytest_llmlearn.app.record import Recorder, Recording
    from pytest_llmlearn.app.runs import Runs
    from pytest_llmlearn.app.scan import Scanning
    from pytest_llmlearn.app.watch import Watch


class Memory(
    LessonsOfMemory,
    ExposuresOfMemory,
    GenerationsOfMemory,
    ProvenanceOfMemory,
    LifecycleOfMemory,
    WordsOfMemory,
    PlacesOfMemory,
    ChatOfMemory,
    UpkeepOfMemory,
    ScanOfMemory,
    WatchOfMemory,
    MatchersOfMemory,
    MendOfMemory,
    RulesOfMemory,
    CommittedOfMemory,
    AnnotationsOfMemory,
    ReportOfMemory,
):
    """The memory of one project. A context manager; `close()` by hand otherwise."""

    def __init__(
        self,
        root: Path,
        *,
        store: Store,
        lessons: Lessons,
        surroundings: Surroundings,
        origins: Origins,
        inquiry: Inquiry,
        generations: Callable[[], Generations],
        runs: Runs,
        exposures: Exposures,
        delivery: Delivery,
        judging: Judging,
        upkeep: Upkeep,
        maintenance: Maintenance,
        fixes: Fixes,
        healer: Healer,
        committed: CommittedLessons,
        telling: Telling,
        fold: Callable[[], Fold],
        between: Callable[[str | None], Between],
        scanning: Callable[[RecordRun], Scanning],
        watch: Callable[[], Watch],
        matchers: Matchers,
        deriving: Callable[[], Deriving],
        proving: Callable[[], Proving],
        matcher_hits: int = 0,
        derives: bool = True,
        learned_rules: LearnedRules,
        graduation: Graduation,
        chats: Callable[[], Chats],
        chronicle: Callable[[], Chronicle],
        detectors: Callable[[], Sequence[Detector]],
        redact: Callable[[str], str],
        clock: Clock,
        everything: bool = False,
        hold: bool = True,
        half_life_days: float = HALF_LIFE_DAYS,
        requests: Requests | None = None,
        meaning: Meaning | None = None,
        siblings: Callable[[str], Sequence[str]] = lambda path: (),
        state: Callable[[], object | None] = lambda: None,
        strict: bool = False,
        min_confidence: float = 0.0,
        erase_index: Callable[[], object] = lambda: None,
        code_state: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.root = root
        self._store = store
        self._lessons = lessons
        self._recall = Recall(
            store,
            lessons,
            lambda path: surroundings.text(path),
            half_life=half_life_days,
            gone=lambda now, fingerprints: (
                learned_rules.read().enforced.intersection(fingerprints) or maintenance.gone(now, fingerprints)
            ),
            likely=Likely(requests, only=strict) if requests is not None else None,
            meaning=meaning,
            siblings=siblings,
            state=state,
            strict=strict,
            min_confidence=min_confidence,
        )
        self._meaning = meaning
        self._erase_index = erase_index
        self._surroundings = surroundings
        self._origins = origins
        self._inquiry = inquiry
        self._make_generations = generations
        self._made_generations: Generations | None = None
        self._runs = runs
        self._exposures = exposures
        self._delivery = delivery
        self._judging = judging
        self._upkeep = upkeep
        self._maintenance = maintenance
        self._fixes = fixes
        self._healer = healer
        self._committed = committed
        self._telling = telling
        self._fold = fold
        self._code_state = code_state
        self._between = between
        self._scanning = scanning
        self._watch = watch
        self._matchers = matchers
        self._deriving = deriving
        self._proving = proving
        self._matcher_hits = matcher_hits
        self._derives = derives
        self._learned_rules = learned_rules
        self._graduation = graduation
        self._chats = chats
        self._chronicle = chronicle
        self._detectors = detectors
        self._redact = redact
        self._clock = clock
        self._everything = everything
        self._hold = hold
        self._classifier: Classifier | None = None

    def record(self, occurrences: Sequence[Occurrence]) -> list[str]:
        """Record failures handed in, whatever the provenance of their code.

        Absolute paths below the root become relative to it, as those of a run are.

        Returns:
            The fingerprint of the gravest finding of each, in order.

        Raises:
            StoreError: the store cannot be written; nothing was recorded then.
        """
        now = self._clock()
        run = Run(run_id=uuid4().hex, started=now, finished=now, command="record", failed=len(occurrences))
        recording = self._recorder(everything=True).record(run, [self._from_root(one) for one in occurrences])
        self._telling.recorded(run, recording.entries)
        self._healer.failed()
        return [entry.fingerprint.exact for entry in recording.entries]

    def _from_root(self, occurrence: Occurrence) -> Occurrence:
        # A linked root has two names, and what was handed in may use either.
        roots = {f"{root.as_posix().rstrip('/')}/" for root in (self.root, self.root.resolve())}

        def told(path: str) -> str:
            return next((path.removeprefix(root) for root in roots if path.startswith(root)), path)

        return occurrence.replace(
            path=told(occurrence.path) if occurrence.path is not None else None,
            frames=tuple(replace(frame, path=told(frame.path)) for frame in occurrence.frames),
        )

    def record_run(self, run: Run, occurrences: Sequence[Occurrence]) -> Recording:
        """Record the failures of one test run that can be laid on LLM-written code, or on any with `everything`."""
        self._committed.catch_up(gone=False)
        run = self._in_its_state(run)
        recording = self._recorder(everything=self._everything).record(run, occurrences)
        self._telling.recorded(run, recording.entries)
        self._healer.failed()
        return recording

    def _in_its_state(self, run: Run) -> Run:
        return replace(run, state=self._code_state()) if run.state is None else run

    def patterns(self, *, category: str | None = None, limit: int | None = None) -> list[Pattern]:
        """Patterns, most frequent and then latest first."""
        self._committed.catch_up()
        return self._store.patterns(category=category, limit=limit)

    def pattern(self, fingerprint: str) -> Pattern:
        """The pattern whose fingerprint is, or begins with, this one.

        Raises:
            UnknownPattern: none or several do.
        """
        self._committed.catch_up()
        found = self._store.matching(fingerprint)
        exact = [pattern for pattern in found if pattern.fingerprint == fingerprint]
        if len(exact or found) != 1:
            raise UnknownPattern(fingerprint, (pattern.fingerprint for pattern in found))
        return (exact or found)[0]

    def occurrences(self, fingerprint: str | None = None, limit: int | None = None) -> list[dict[str, Any]]:
        """What was recorded, oldest first, as builtins."""
        return self._store.occurrences(fingerprint=fingerprint, limit=limit)

    def rule(self, rule_id: str) -> Rule | None:
        """The rule of that id, if a registered detector brings it."""
        return next((rule for each in self._detectors() for rule in each.rules if rule.rule_id == rule_id), None)

    def statistics(self) -> Statistics:
        """How much the store holds."""
        return self._store.statistics()

    def clear(self) -> None:
        """Erase all that was learned, and what was found out of who wrote the code, for good."""
        self._store.clear()
        self._erase_index()
        self._runs.awaits()
        self._healer.failed()
        self.forget_scans()
        self.forget_chats()
        self.forget_provenance()

    @property
    def notices(self) -> list[str]:
        """Sentences that a person should read: a damaged store moved aside, a detector that failed."""
        faults = self._classifier.faults.values() if self._classifier is not None else ()
        generations = self._made_generations.notices if self._made_generations is not None else ()
        meaning = self._meaning.notices if self._meaning is not None else ()
        return [
            *self._store.notices,
            *self._committed.notices,
            *self._telling.notices,
            *meaning,
            *self._origins.notices,
            *generations,
            *faults,
        ]

    @property
    def behind(self) -> bool:
        """Whether a question met texts that are not found by meaning yet: `llmlearn index` gives them vectors."""
        return self._meaning is not None and self._meaning.behind

    @property
    def ready(self) -> bool:
        """Whether what finds lessons by meaning is loaded, or cannot be: before that, words and names alone answer."""
        return self._meaning is None or self._meaning.ready

    def make_vectors(self, limit: int) -> bool:
        """For a process that lives on: load what finds lessons by meaning, and give at most `limit` texts that were
        learned since their vectors. Whether all have one then; what goes wrong is among `notices`."""
        return self._meaning is None or self._meaning.catch_up(limit)

    def close(self) -> None:
        """Let go of the store; what was recorded is written already."""
        self._origins.close()
        if self._meaning is not None:
            self._meaning.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _recorder(self, *, everything: bool) -> Recorder:
        # Whoever asks records nothing: a question pays for none of this.
        from pytest_llmlearn.app.attribute import Attribution
        from pytest_llmlearn.app.classify import Classifier
        from pytest_llmlearn.app.record import Recorder

        if self._classifier is None:
            self._classifier = Classifier(self._detectors())
        return Recorder(
            store=self._store,
            surroundings=self._surroundings,
            attribution=Attribution(self._surroundings, self._origins, everything=everything),
            classifier=self._classifier,
            redact=self._redact,
            hold=self._hold,
            learned=(lambda laid: self._deriving().failed(laid)) if self._derives else None,
        )
