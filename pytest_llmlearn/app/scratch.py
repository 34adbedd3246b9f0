"""A memory for a while: what a replay asks and teaches, away from anybody's store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self
from uuid import uuid4

from pytest_llmlearn.domain.entry import Entry, Run
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.replay import Alarm, Attempt, Failure

if TYPE_CHECKING:
    from pytest_llmlearn.app.embedding import Embedding
    from pytest_llmlearn.app.memory import Memory
    from pytest_llmlearn.app.ports import Clock, Store
    from pytest_llmlearn.app.ports.vectors import Embedder, Matrix, Vector
    from pytest_llmlearn.domain.guidance import Guidance, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What an attempt taught: its failures as they are written down, in order."""

    attempt: Attempt
    entries: tuple[Entry, ...]

    @property
    def laid(self) -> list[tuple[str, Failure]]:
        """The failures, each with the fingerprint of its pattern."""
        pairs = zip(self.entries, self.attempt.failures, strict=True)
        return [(entry.fingerprint.exact, failure) for entry, failure in pairs]


class Remembering:
    """`ports.Embedder` that makes the vector of each text once: one stream is replayed into many memories.

    Every distinct text is kept as long as the replay lasts.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Vector] = {}

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    def embed(self, texts: Sequence[str]) -> Matrix:
        import numpy

        unknown = [text for text in dict.fromkeys(texts) if text not in self._known]
        if unknown:
            self._known.update(zip(unknown, self._embedder.embed(unknown), strict=True))
        if not texts:
            return numpy.zeros((0, self.dimension), dtype=numpy.float32)
        return numpy.stack([self._known[text] for text in texts])


class Passing(Protocol):
    """Takes in attempts that failed no test."""

    def passed(self, attempts: Sequence[tuple[str | None, str]]) -> None: ...


class Sight:
    """What a memory knows by sight: `evaluate.Watcher`. No test of a stream was ever green, so candidates count too.

    Code that passes is learned from as that of a project would be: what fires there was wrong, and a matcher that is
    new is tried on all that passed before.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._known: set[str] = set()
        self._passing: list[tuple[str, str]] = []

    def alarms(self, path: str, text: str, model: str | None) -> Sequence[Alarm]:
        """The lines of `text` that look like learned mistakes, surest first."""
        seen = sorted(self._memory.look(path, text, candidates=True, settled=True), key=lambda one: -one.confidence)
        return [
            Alarm(
                fingerprint=one.matcher.fingerprint,
                line=one.span.line,
                end=one.span.end_line,
                score=one.confidence,
            )
            for one in seen
        ]

    def learned(self, attempt: Attempt) -> None:
        """Take in that an attempt passed; or, of one that failed, try what was newly learned on what passed."""
        code = attempt.code
        if attempt.passed and code:
            self._passing.append((attempt.path, code))
            self._memory.learn_passing([(attempt.path, code)])
        elif not attempt.passed:
            standing = [one.matcher for one in self._memory.matchers()]
            new = [one for one in standing if one.key not in self._known]
            self._known.update(one.key for one in new)
            if new:
                self._memory.learn_passing(self._passing, among=new)


class Scratch:
    """A memory in a folder of its own, and the store in which it keeps what it learns. `close` lets go of both.

    `embedding` gives what was learned its vectors before the next question, as a moment later they are there anyway;
    None where nothing is searched by meaning. `outcomes` are told what failed no test. `by_sight` says that it learns
    to know mistakes by sight too.
    """

    def __init__(
        self,
        memory: Memory,
        store: Store,
        clock: Clock,
        remove: Callable[[], None],
        embedding: Embedding | None = None,
        outcomes: Passing | None = None,
        *,
        by_sight: bool = False,
    ) -> None:
        self._sight = Sight(memory) if by_sight else None
        self._outcomes = outcomes
        self._memory = memory
        self._store = store
        self._clock = clock
        self._remove = remove
        self._embedding = embedding
        self._behind = False

    def recall(self, query: Query) -> Guidance:
        if self._behind and self._embedding is not None:
            self._embedding.catch_up()
        self._behind = False
        return self._memory.recall(query)

    def learn(self, attempt: Attempt) -> Learned:
        """Take in what the tests said of an attempt, as failures that are handed in.

        Raises:
            BadOccurrence: a failure has a value that no failure has.
        """
        run = self._run(attempt)
        occurrences = [occurrence(attempt, failure) for failure in attempt.failures]
        recording = self._memory.record_run(run, occurrences)
        if self._sight is not None:
            self._sight.learned(attempt)
        self._passed(attempt)
        self._behind = True
        return Learned(attempt=attempt, entries=recording.entries)

    def repeat(self, learned: Learned) -> None:
        """Take in what another scratch memory has learned, without finding out again which mistakes they were."""
        if learned.entries:
            self._store.record(self._run(learned.attempt), learned.entries)
        if self._sight is not None:
            self._memory.derive_matchers([(entry, learned.attempt.code or "") for entry in learned.entries])
            self._sight.learned(learned.attempt)
        self._passed(learned.attempt)
        self._behind = True

    def _passed(self, attempt: Attempt) -> None:
        if attempt.passed and self._outcomes is not None:
            self._outcomes.passed([(attempt.prompt, attempt.model)])

    def _run(self, attempt: Attempt) -> Run:
        now = self._clock()
        return Run(
            run_id=uuid4().hex,
            started=now,
            finished=now,
            command="evaluate",
            passed=int(attempt.passed),
            failed=len(attempt.failures),
        )

    @property
    def watcher(self) -> Sight | None:
        """What knows its mistakes by sight, where it was asked to learn that."""
        return self._sight

    @property
    def notices(self) -> list[str]:
        """Sentences that a person should read: a detector that failed."""
        return self._memory.notices

    def close(self) -> None:
        self._store.close()
        self._memory.close()
        self._remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def occurrence(attempt: Attempt, failure: Failure) -> Occurrence:
    """A failure of the stream as it is handed in.

    Raises:
        BadOccurrence: it has a value that no failure has.
    """
    return Occurrence.from_dict(
        {
            "nodeid": failure.nodeid,
            "when": failure.when,
            "exception": failure.exception,
            "mro": failure.mro or (failure.exception,),
            "message": failure.message,
            "path": attempt.path or None,
            "line": failure.line,
            "function": failure.function,
            "statement": failure.statement,
            "code": attempt.code,
            "model": attempt.model,
            "prompt": attempt.prompt,
            "task": attempt.task,
        }
    )
