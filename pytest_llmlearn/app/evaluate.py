"""Would memory have named the next mistake? A stream of past generations, replayed: ask, score, then learn.

What is asked, what answers and what learns is memory itself, in scratch folders; nobody's store is opened. A question
never holds what only came later: not the code (unless editing is what is judged), the tests or the failures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

from pytest_llmlearn.app.baselines import Baselines
from pytest_llmlearn.app.scratch import Learned
from pytest_llmlearn.domain.edit_time import Met, Watched
from pytest_llmlearn.domain.guidance import Guidance, Query
from pytest_llmlearn.domain.replay import Alarm, Attempt, Scored, Seen, judged, judged_lines

OURS = "ours"
"""Memory as it answers: silent below its threshold."""
OPEN = "ours, threshold off"
LINES = "ours, on the line"
"""What memory's watchers said of lines, where it has any."""

Told = Callable[[int, int | None], None]
"""Told of progress: how many questions are asked, of how many, if that is known."""
Row = tuple[str, Scored]
"""The name of a retriever, and its judged answer to one question."""


class Watcher(Protocol):
    """Looks at code that was just written, and says on which line a learned mistake is made again."""

    def alarms(self, path: str, text: str, model: str | None) -> Sequence[Alarm]:
        """The lines of `text` that look like learned mistakes, surest first."""
        ...


class Scratch(Protocol):
    """A memory for a while; a context manager that leaves nothing behind."""

    def recall(self, query: Query) -> Guidance: ...

    def learn(self, attempt: Attempt) -> Learned:
        """Take in what the tests said of an attempt."""
        ...

    def repeat(self, learned: Learned) -> None:
        """Take in what another scratch memory has learned already."""
        ...

    @property
    def watcher(self) -> Watcher | None:
        """What knows this memory's mistakes by sight; None while nothing does."""
        ...

    @property
    def notices(self) -> Sequence[str]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How is asked: for how many lessons, with which threshold (None: the default one), by the request or, with
    `edit_time`, by the code."""

    limit: int = 5
    threshold: float | None = None
    edit_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What came of a replay: judged answers by retriever, in the order of the stream.

    `unasked` attempts had no code to ask with; they were learned from all the same. `watched` is what was seen in each
    attempt's code before it ran, where that is asked for, any-task.
    """

    rows: Mapping[str, Sequence[Scored]]
    attempts: int
    patterns: int
    unasked: int = 0
    notices: tuple[str, ...] = ()
    watched: Sequence[Watched] = ()


@dataclass(slots=True)
class _Tally:
    """Answers as they come in, each with the place of its question in the stream."""

    rows: dict[str, list[tuple[int, Scored]]] = field(default_factory=dict)
    patterns: set[str] = field(default_factory=set)
    attempts: int = 0
    unasked: int = 0
    watched: list[Watched] = field(default_factory=list)

    def add(self, place: int, found: Iterable[Row]) -> None:
        for name, row in found:
            self.rows.setdefault(name, []).append((place, row))

    def evaluation(self, notices: Iterable[str]) -> Evaluation:
        names = sorted(self.rows, key=lambda name: name not in (OURS, OPEN, LINES))
        ordered = {name: [row for _, row in sorted(self.rows[name], key=lambda each: each[0])] for name in names}
        return Evaluation(
            rows=ordered,
            attempts=self.attempts,
            patterns=len(self.patterns),
            unasked=self.unasked,
            notices=tuple(dict.fromkeys(notices)),
            watched=tuple(self.watched),
        )


def any_task(
    attempts: Iterable[Attempt],
    scratches: Callable[[], Scratch],
    terms: Terms,
    baselines: Baselines,
    told: Told | None = None,
) -> Evaluation:
    """Everything seen earlier may be used: another attempt at the same task too.

    Raises:
        BadOccurrence: a failure of the stream has a value that no failure has.
    """
    tally, seen, met = _Tally(), Seen(), Met()
    with scratches() as scratch:
        for place, attempt in enumerate(attempts):
            tally.attempts += 1
            if _askable(attempt, terms):
                alarms = _alarms(scratch, attempt, terms)
                if alarms is not None:
                    tally.watched.append(met.judged(attempt, alarms))
                tally.add(place, asked(scratch, attempt, seen, terms, alarms))
                tally.add(place, _opponents(baselines, attempt, seen, terms))
            else:
                tally.unasked += 1
            laid = scratch.learn(attempt).laid
            met.learn(attempt)
            seen.learn(attempt.task, laid)
            baselines.learn(attempt, laid)
            tally.patterns.update(fingerprint for fingerprint, _ in laid)
            if told is not None:
                told(place + 1, None)
        return tally.evaluation(scratch.notices)


LeftOut = Callable[[Sequence[Learned], Terms, Sequence[str]], Iterator[list[tuple[int, list[Row]]]]]
"""Calls `left_out` for each of these tasks, side by side or one after another."""


def cross_task(
    attempts: Iterable[Attempt],
    scratches: Callable[[], Scratch],
    terms: Terms,
    baselines: Baselines,
    each: LeftOut,
    told: Told | None = None,
) -> Evaluation:
    """Nothing learned from the very task may be used: each task is asked of memories that never saw it.

    Which mistake a failure is is found out once; then every task has a memory that learns all others in their order.

    Raises:
        BadOccurrence: a failure of the stream has a value that no failure has.
    """
    tally, seen = _Tally(), Seen()
    journal: list[Learned] = []
    questions: Counter[str] = Counter()
    with scratches() as scratch:
        for place, attempt in enumerate(attempts):
            tally.attempts += 1
            if not _askable(attempt, terms):
                tally.unasked += 1
            else:
                tally.add(place, _opponents(baselines, attempt, seen, terms, but=attempt.task))
                questions[attempt.task] += 1
            learned = scratch.learn(attempt)
            journal.append(learned)
            seen.learn(attempt.task, learned.laid)
            baselines.learn(attempt, learned.laid)
            tally.patterns.update(fingerprint for fingerprint, _ in learned.laid)
            if told is not None:
                told(0, place + 1)
        notices = list(scratch.notices)
    done = 0
    for found in each(journal, terms, list(questions)):
        for place, rows in found:
            tally.add(place, rows)
        done += len(found)
        if told is not None:
            told(done, questions.total())
    return tally.evaluation(notices)


def left_out(
    journal: Sequence[Learned], scratches: Callable[[], Scratch], terms: Terms, task: str
) -> list[tuple[int, list[Row]]]:
    """Ask for one task alone, of a memory that learns all others in their order; the answers by place."""
    found = []
    seen = Seen()
    last = max((place for place, learned in enumerate(journal) if learned.attempt.task == task), default=-1)
    with scratches() as scratch:
        for place, learned in enumerate(journal[: last + 1]):
            if learned.attempt.task != task:
                scratch.repeat(learned)
                seen.learn(learned.attempt.task, learned.laid)
            elif _askable(learned.attempt, terms):
                alarms = _alarms(scratch, learned.attempt, terms)
                found.append((place, list(asked(scratch, learned.attempt, seen, terms, alarms))))
    return found


def asked(
    scratch: Scratch, attempt: Attempt, seen: Seen, terms: Terms, alarms: Sequence[Alarm] | None = None
) -> Iterator[Row]:
    """The answers of memory to one question: as it is, and with the threshold off; its alarms, if it was watched."""
    query = Query(
        text=(attempt.code or "") if terms.edit_time else attempt.prompt,
        path=attempt.path,
        model=attempt.model,
        limit=terms.limit,
        channel="evaluate",
    )
    for name, threshold in ((OURS, terms.threshold), (OPEN, 0.0)):
        guidance = scratch.recall(replace(query, threshold=threshold))
        answer = [(match.pattern.fingerprint, match.score, match.always) for match in guidance.matches]
        yield name, judged(attempt, answer, seen, tokens=guidance.tokens)
    if alarms is not None:
        yield LINES, judged_lines(attempt, alarms, seen)


def _alarms(scratch: Scratch, attempt: Attempt, terms: Terms) -> Sequence[Alarm] | None:
    """What is seen in the code; None where nobody looks."""
    watcher = scratch.watcher if terms.edit_time else None
    return watcher.alarms(attempt.path, attempt.code or "", attempt.model) if watcher is not None else None


def _opponents(
    baselines: Baselines, attempt: Attempt, seen: Seen, terms: Terms, but: str | None = None
) -> Iterator[Row]:
    ranked = baselines.ranked(attempt, terms.limit, but) if baselines.names else {}
    for name, fingerprints in ranked.items():
        yield name, judged(attempt, [(one, 0.0, False) for one in fingerprints], seen, but=but)


def _askable(attempt: Attempt, terms: Terms) -> bool:
    return not terms.edit_time or bool(attempt.code)
