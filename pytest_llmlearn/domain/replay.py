"""A replay of past generations: what is asked, what a lesson stands for, and whether it named what then failed.

The order is ask, score, learn. A question holds what exists before the code does: the request, the model and the path.
Each lesson stands for one signature only, that of its most frequent occurrence, so that grouping many failures into
one pattern wins nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Level = Literal["rule", "exact"]
"""How nearly two failures must agree: at `rule` quoted names are left out, and the number at the end of a test's."""
LEVELS: tuple[Level, ...] = get_args(Level)
Signature: TypeAlias = tuple[str, str]
"""The exception and what its message keeps; of a failed assertion "assert" and the test's name."""

SIGNED_CHARACTERS = 160
_ADDRESS = re.compile(r"0x[0-9a-f]+")
_PATH = re.compile(r"(?:/[^\s:'\"]+)+")
_NUMBER = re.compile(r"\d+")
_QUOTED = re.compile(r"'[^']*'")
_ORDINAL = re.compile(r"_?\d+$")
# What pytest raises by itself says nothing of the code either: only the test tells which expectation it was.
_ASSERTIONS = frozenset({"AssertionError", "Failed", "XPASS(strict)"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failing test of an attempt. `line` and `function` are where the attempt's own file failed, if it did."""

    nodeid: str
    exception: str
    message: str
    mro: tuple[str, ...] = ()
    when: str = "call"
    line: int | None = None
    function: str | None = None
    statement: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One generation of a stream, and what the tests said of it. `code` may be unknown; `path` is relative."""

    id: str
    task: str
    model: str
    prompt: str
    path: str
    passed: bool
    code: str | None = None
    failures: tuple[Failure, ...] = ()


def signature(failure: Failure, level: Level) -> Signature:
    """What two failures have in common that are one at this level."""
    exception = failure.exception.rpartition(".")[2]
    if exception in _ASSERTIONS:
        test = failure.nodeid.rpartition("::")[2].partition("[")[0]
        return "assert", _ORDINAL.sub("", test) if level == "rule" else test
    told = _ADDRESS.sub("X", failure.message.partition("\n")[0])
    told = _NUMBER.sub("N", _PATH.sub("P", told))[:SIGNED_CHARACTERS]
    return failure.exception, _QUOTED.sub("Q", told) if level == "rule" else told


def signatures(failures: Iterable[Failure], level: Level) -> frozenset[Signature]:
    return frozenset(signature(failure, level) for failure in failures)


class Seen:
    """Which signatures came so far, and under which lesson, told apart by task.

    `but` names a task of which nothing may be known, not even counts; None leaves nothing out.
    """

    def __init__(self) -> None:
        # In the order in which they came first: of two signatures as frequent the earlier one stands.
        self._under: dict[tuple[str, Level], dict[tuple[Signature, str], int]] = defaultdict(dict)
        self._tasks: dict[tuple[Level, Signature], set[str]] = defaultdict(set)

    def learn(self, task: str, laid: Iterable[tuple[str, Failure]]) -> None:
        """Failures of this task, each with the fingerprint of the pattern it was counted for."""
        for fingerprint, failure in laid:
            for level in LEVELS:
                found = signature(failure, level)
                counts = self._under[fingerprint, level]
                counts[found, task] = counts.get((found, task), 0) + 1
                self._tasks[level, found].add(task)

    def stands_for(self, fingerprint: str, level: Level, but: str | None = None) -> Signature | None:
        """The signature that this lesson stands for; None where it never came outside `but`."""
        counts: dict[Signature, int] = {}
        for (found, task), count in self._under.get((fingerprint, level), {}).items():
            if task != but:
                counts[found] = counts.get(found, 0) + count
        return max(counts, key=counts.__getitem__) if counts else None

    def repeats(self, failures: Iterable[Failure], level: Level, but: str | None = None) -> bool:
        """Whether any of these failures came before: what no retriever can better."""
        return any(self._tasks.get((level, found), set()) - {but} for found in signatures(failures, level))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One lesson of an answer: its score, and the levels at which it names a failure that then came.

    `always` says that it is shown whatever the question.
    """

    score: float
    right: frozenset[Level]
    always: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One answer, judged: `told` best first, `tokens` of its text; `repeats` are the levels at which a coming failure
    was seen before."""

    task: str
    passed: bool
    repeats: frozenset[Level]
    told: tuple[Told, ...]
    tokens: int = 0

    def hit(self, level: Level, first: int | None = None) -> bool:
        """Whether one of the first so many lessons names a failure that came."""
        return any(level in one.right for one in self.told[:first])

    def above(self, threshold: float) -> Scored:
        """The same answer with the lessons alone whose score reaches the threshold; of its tokens nothing is known."""
        kept = tuple(one for one in self.told if one.always or one.score >= threshold)
        return Scored(task=self.task, passed=self.passed, repeats=self.repeats, told=kept)


def judged(
    attempt: Attempt,
    answer: Sequence[tuple[str, float, bool]],
    seen: Seen,
    *,
    tokens: int = 0,
    but: str | None = None,
) -> Scored:
    """Hold an answer, given as (fingerprint, score, always) and best first, against what then failed.

    `seen` is what was learned before the attempt.
    """
    coming = {level: signatures(attempt.failures, level) for level in LEVELS}
    return Scored(
        task=attempt.task,
        passed=attempt.passed,
        repeats=frozenset(level for level in LEVELS if seen.repeats(attempt.failures, level, but)),
        told=tuple(
            Told(
                score=score,
                right=frozenset(level for level in LEVELS if seen.stands_for(fingerprint, level, but) in coming[level]),
                always=always,
            )
            for fingerprint, score, always in answer
        ),
        tokens=tokens,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Code just written that looks like a learned mistake, from `line` to `end` (0: it is one line): the pattern's
    fingerprint, and how surely."""

    fingerprint: str
    line: int
    score: float = 1.0
    end: int = 0


def judged_lines(attempt: Attempt, alarms: Sequence[Alarm], seen: Seen, but: str | None = None) -> Scored:
    """Hold alarms against what then failed: one is right where that very failure came on its line, or beside it."""
    coming: dict[tuple[Level, Signature], set[int]] = defaultdict(set)
    for one in attempt.failures:
        for level in LEVELS:
            if one.line is not None:
                coming[level, signature(one, level)].add(one.line)

    def right(alarm: Alarm) -> Iterator[Level]:
        for level in LEVELS:
            stands = seen.stands_for(alarm.fingerprint, level, but)
            lines = coming.get((level, stands), ()) if stands is not None else ()
            if any(alarm.line - 1 <= line <= max(alarm.line, alarm.end) + 1 for line in lines):
                yield level

    return Scored(
        task=attempt.task,
        passed=attempt.passed,
        repeats=frozenset(level for level in LEVELS if seen.repeats(attempt.failures, level, but)),
        told=tuple(Told(score=alarm.score, right=frozenset(right(alarm))) for alarm in alarms),
    )


def half(tasks: Iterable[str], which: Literal["all", "odd", "even"]) -> frozenset[str]:
    """Every other task, by its place (from 0) among the tasks sorted by name."""
    ordered = sorted(set(tasks))
    start = {"all": 0, "even": 0, "odd": 1}[which]
    return frozenset(ordered[start :: 1 if which == "all" else 2])


def chosen(rows: Iterable[Scored], tasks: frozenset[str]) -> Iterator[Scored]:
    """The answers to questions of these tasks."""
    return (row for row in rows if row.task in tasks)
