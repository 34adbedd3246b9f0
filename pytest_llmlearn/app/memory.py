"""One object for every face: what was learned, and how to learn more.

`Memory` arranges the use cases over the ports; it knows no database, no git and no pytest. The stable library call
is `pytest_llmlearn.Memory.open`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from pytest_llmlearn.app.attribute import Attribution
from pytest_llmlearn.app.classify import Classifier
from pytest_llmlearn.app.ports import Clock, Coverage, Statistics, Store
from pytest_llmlearn.app.provenance import Origins, Told
from pytest_llmlearn.app.recall import recall
from pytest_llmlearn.app.record import Recorder, Recording
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.finding import Rule
from pytest_llmlearn.domain.generation import Generation
from pytest_llmlearn.domain.guidance import Guidance, Query
from pytest_llmlearn.domain.marks import Mark
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.pattern import Pattern, State
from pytest_llmlearn.domain.rollup import FileAccount
from pytest_llmlearn.domain.tally import Summary
from pytest_llmlearn.errors import UnknownPattern
from pytest_llmlearn.hookspecs import Detector, Surroundings

if TYPE_CHECKING:
    from pytest_llmlearn.app.generations import Generations, Recorded
    from pytest_llmlearn.app.inquiry import Inquiry
    from pytest_llmlearn.app.outcomes import Watched
    from pytest_llmlearn.app.watch import Watch
    from pytest_llmlearn.domain.models import ModelRates


class Memory:
    """The memory of one project. A context manager; `close()` by hand otherwise."""

    def __init__(
        self,
        root: Path,
        *,
        store: Store,
        surroundings: Surroundings,
        origins: Origins,
        inquiry: Inquiry,
        generations: Callable[[], Generations],
        watch: Watch,
        detectors: Callable[[], Sequence[Detector]],
        redact: Callable[[str], str],
        clock: Clock,
        everything: bool = False,
        hold: bool = True,
    ) -> None:
        self.root = root
        self._store = store
        self._surroundings = surroundings
        self._origins = origins
        self._inquiry = inquiry
        self._make_generations = generations
        self._made_generations: Generations | None = None
        self._watch = watch
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
        return self._recorder(everything=self._everything).record(run, occurrences)

    def watched(
        self,
        run: Run,
        *,
        passed: Collection[str],
        occurrences: Sequence[Occurrence],
        recording: Recording | None,
        loaded: Iterable[str],
    ) -> Watched:
        """Join a run of the tests with the generations that await their first one, where anything was recorded yet.

        `passed` are the ids of the tests that passed, `loaded` the project's own files that its tests loaded, both with
        paths from the project's root. `recording` is what `record_run` made of `occurrences`; None where nothing
        failed. Commits that the history has gained are read before.

        Raises:
            StoreError: the ledger cannot be written.
            OSError: what the run was like cannot be noted.
        """
        return self._watch.run(run, passed=passed, occurrences=occurrences, recording=recording, loaded=loaded)

    def import_history(self) -> int:
        """Take in what assistants committed, and what traces tell, since that was last done; how many were new.

        Raises:
            StoreError: the ledger cannot be written.
        """
        return self._watch.gather()

    def models(self) -> list[ModelRates]:
        """What came of what each model wrote, those with most generations first."""
        return self._watch.models()

    def recall(self, query: Query) -> Guidance:
        """The lessons that matter for what is about to be written, or none.

        `query.path` may be absolute or use backslashes, where it lies below the root.
        """
        if query.path is not None:
            query = replace(query, path=self._relative(query.path))
        return recall(self._store, query, self._clock(), self._surroundings.text)

    def _relative(self, path: str) -> str:
        prefix = self.root.as_posix().rstrip("/") + "/"
        return path.replace("\\", "/").removeprefix(prefix).removeprefix("./")

    def patterns(self, *, category: str | None = None, limit: int | None = None) -> list[Pattern]:
        """Patterns, most frequent and then latest first."""
        return self._store.patterns(category=category, limit=limit)

    def pattern(self, fingerprint: str) -> Pattern:
        """The pattern whose fingerprint is, or begins with, this one.

        Raises:
            UnknownPattern: none or several do.
        """
        found = self._store.matching(fingerprint)
        exact = [pattern for pattern in found if pattern.fingerprint == fingerprint]
        if len(exact or found) != 1:
            raise UnknownPattern(fingerprint, (pattern.fingerprint for pattern in found))
        return (exact or found)[0]

    def occurrences(self, fingerprint: str | None = None, limit: int | None = None) -> list[dict[str, Any]]:
        """What was recorded, oldest first, as builtins."""
        return self._store.occurrences(fingerprint=fingerprint, limit=limit)

    def mute(self, fingerprint: str) -> Pattern:
        """Never show this pattern again; a person said that it is wrong or of no use."""
        return self._set_state(fingerprint, "muted")

    def unmute(self, fingerprint: str) -> Pattern:
        """Show this pattern again."""
        return self._set_state(fingerprint, "candidate")

    def _set_state(self, fingerprint: str, state: State) -> Pattern:
        pattern = self.pattern(fingerprint)
        self._store.set_state(pattern.fingerprint, state)
        return self.pattern(pattern.fingerprint)

    def rule(self, rule_id: str) -> Rule | None:
        """The rule of that id, if a registered detector brings it."""
        return next((rule for each in self._detectors() for rule in each.rules if rule.rule_id == rule_id), None)

    def statistics(self) -> Statistics:
        """How much the store holds."""
        return self._store.statistics()

    def clear(self) -> None:
        """Erase all that was learned, and what was found out of who wrote the code, for good."""
        self._store.clear()
        self._watch.awaits()
        self.forget_provenance()

    def forget_provenance(self) -> None:
        """Erase what was found out of who wrote the code. It is found out again when it is asked for."""
        self._origins.clear()

    def record_generation(self, **event: Any) -> str:
        """Record one operation of a model on a file, by the keys that docs/generations.md lists; its id.

        Only `path` and `time` are required. The same event twice is one generation.

        Raises:
            BadGeneration: a key is unknown, missing or has a value that it cannot have; nothing was recorded.
            StoreError: the store cannot be written; nothing was recorded.
        """
        return self._generations.record(event, way="library").id

    def add_generation(self, event: Mapping[str, Any]) -> Recorded:
        """The same for an event that a tool handed in: its id, and whether it was new."""
        return self._generations.record(event)

    def generations(
        self, *, model: str | None = None, path: str | None = None, limit: int | None = None
    ) -> list[Generation]:
        """Generations, oldest first; with a limit, the latest so many."""
        return self._generations.all(model=model, path=None if path is None else self._relative(path), limit=limit)

    def generation(self, identifier: str) -> Generation:
        """The generation whose id is, or begins with, this one.

        Raises:
            UnknownGeneration: none or several do.
        """
        return self._generations.one(identifier)

    def generation_coverage(self) -> Coverage:
        """Of how many generations prompt, reasoning, model and tests are known."""
        return self._generations.coverage()

    def rate(self, identifier: str, rating: int | str) -> Generation:
        """Say how good a generation was: 1 to 5, `up` for 5 or `down` for 1.

        Raises:
            BadGeneration: it is none of these.
            UnknownGeneration: no generation is named so, or several are.
        """
        return self._generations.rate(identifier, rating)

    def reopen(self, identifier: str, why: str) -> Generation:
        """Say that a generation's task was taken up again, and why.

        Raises:
            BadGeneration: it is not said why.
            UnknownGeneration: no generation is named so, or several are.
        """
        return self._generations.reopen(identifier, why)

    def provenance(self, path: str, *, keep: bool = False) -> FileAccount:
        """Who wrote a file: its lines, functions and classes, and the whole; `path` is absolute or from the root.

        `keep` remembers the answer even where `.llmlearn/` has to be made for it.

        Raises:
            BadInput: the path leads outside the project, to nothing, or to a file that is no text.
        """
        return self._inquiry.of_file(path, keep=keep)

    def provenance_summary(self, path: str | None = None, *, keep: bool = False, told: Told | None = None) -> Summary:
        """How much of the project's Python files, or of those at or below `path`, is whose.

        `keep` is as for `provenance`; `told` hears how many files are done, and of how many.

        Raises:
            BadInput: the path leads outside the project, or to nothing.
        """
        return self._inquiry.summary(path, keep=keep, told=told)

    def mark(
        self,
        path: str,
        *,
        lines: tuple[int, int] | None = None,
        model: str | None = None,
        human: bool = False,
        by: str | None = None,
    ) -> Mark:
        """Say who wrote a file, or `lines` of it (from 1, both included): a model, or a human. Wins over all else.

        Raises:
            BadInput: not exactly one of `model` and `human`, no such file in the project, or no such lines in it.
            OSError: it cannot be written.
        """
        return self._inquiry.mark(path, lines=lines, model=model, human=human, by=by)

    def unmark(self, path: str, *, lines: tuple[int, int] | None = None, by: str | None = None) -> Mark:
        """Take back what was said of a file, or of `lines` of it.

        Raises:
            BadInput: nothing was said of that file, or there are no such lines in it.
            OSError: it cannot be written.
        """
        return self._inquiry.unmark(path, lines=lines, by=by)

    @property
    def knows_generated_code(self) -> bool:
        """Whether anything in the repository is known to be a model's."""
        return self._origins.anywhere()

    @property
    def notices(self) -> list[str]:
        """Sentences that a person should read: a damaged store moved aside, a detector that failed."""
        faults = self._classifier.faults.values() if self._classifier is not None else ()
        generations = self._made_generations.notices if self._made_generations is not None else ()
        return [*self._store.notices, *self._origins.notices, *generations, *faults]

    @property
    def _generations(self) -> Generations:
        if self._made_generations is None:
            self._made_generations = self._make_generations()
        return self._made_generations

    def close(self) -> None:
        """Let go of the store; what was recorded is written already."""
        self._origins.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _recorder(self, *, everything: bool) -> Recorder:
        if self._classifier is None:
            self._classifier = Classifier(self._detectors())
        return Recorder(
            store=self._store,
            surroundings=self._surroundings,
            attribution=Attribution(self._surroundings, self._origins, everything=everything),
            classifier=self._classifier,
            redact=self._redact,
            hold=self._hold,
        )
