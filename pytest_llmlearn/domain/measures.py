"""How good the answers of a replay were: what was found, what was kept silent, and how true the scores are.

Every figure but the calibration error is a ratio of two sums over questions, so that one bootstrap serves them all.
It draws whole tasks: attempts at one task are alike, and counting them as independent would make every interval too
narrow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias

from pytest_llmlearn.domain.replay import Level, Scored

Measure: TypeAlias = Callable[[Scored], tuple[float, float]]
"""What one answer adds to the numerator and to the denominator."""

BINS = 10
ROUNDS = 1_000
"""Resamples of a bootstrap."""
THRESHOLDS = tuple(step / 20 for step in range(20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A ratio of two sums with its 95 % interval over tasks; `value` is None of nothing."""

    count: float
    of: float
    low: float | None = None
    high: float | None = None

    @property
    def value(self) -> float | None:
        return self.count / self.of if self.of else None


def recall(level: Level, first: int) -> Measure:
    """Of failing attempts, those of which one of the first lessons names a failure."""
    return lambda row: (0.0, 0.0) if row.passed else (float(row.hit(level, first)), 1.0)


def ceiling(level: Level) -> Measure:
    """Of failing attempts, those with a failure that was seen before."""
    return lambda row: (0.0, 0.0) if row.passed else (float(level in row.repeats), 1.0)


def repeats_found(level: Level, first: int) -> Measure:
    """Of failing attempts with a failure that was seen before, those that were found."""
    return lambda row: (0.0, 0.0) if row.passed or level not in row.repeats else (float(row.hit(level, first)), 1.0)


def first_right(level: Level) -> Measure:
    """Of all answers that hold a lesson, those whose first names a failure that comes."""
    return lambda row: (float(row.hit(level, 1)), 1.0) if row.told else (0.0, 0.0)


def lessons_right(level: Level) -> Measure:
    """Of all lessons shown, to attempts that pass too, those that name a failure that comes."""
    return lambda row: (float(sum(level in one.right for one in row.told)), float(len(row.told)))


def lessons_shown(passed: bool | None = None) -> Measure:
    """Lessons a question; of those that passed, or failed, alone."""
    return lambda row: (float(len(row.told)), 1.0) if passed in (None, row.passed) else (0.0, 0.0)


def tokens_shown(passed: bool | None = None) -> Measure:
    """Tokens of guidance a question; of those that passed, or failed, alone."""
    return lambda row: (float(row.tokens), 1.0) if passed in (None, row.passed) else (0.0, 0.0)


def silent(passed: bool | None = None) -> Measure:
    """Of the questions, those that were answered with nothing; of those that passed, or failed, alone."""
    return lambda row: (float(not row.told), 1.0) if passed in (None, row.passed) else (0.0, 0.0)


def brier(level: Level) -> Measure:
    """The mean square of what a lesson's score was off, taking it for the chance of being right: 0 is best."""
    return lambda row: (sum((one.score - (level in one.right)) ** 2 for one in row.told), float(len(row.told)))


def figure(rows: Iterable[Scored], measure: Measure, drawn: Resamples | None = None) -> Figure:
    """The ratio over these answers; with resamples of their tasks also its interval."""
    sums: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for row in rows:
        count, of = measure(row)
        known = sums[row.task]
        sums[row.task] = (known[0] + count, known[1] + of)
    low, high = drawn.interval(sums) if drawn is not None else (None, None)
    counts, wholes = (sum(part) for part in zip(*sums.values(), strict=True)) if sums else (0.0, 0.0)
    return Figure(count=counts, of=wholes, low=low, high=high)


class Resamples:
    """Tasks drawn with replacement, as often as there are tasks, `rounds` times; equal for equal seeds."""

    def __init__(self, tasks: Iterable[str], *, seed: int = 0, rounds: int = ROUNDS) -> None:
        self._tasks = sorted(set(tasks))
        self._rounds = [_drawn(seed, number, len(self._tasks)) for number in range(rounds)] if self._tasks else []

    def interval(self, sums: Mapping[str, tuple[float, float]]) -> tuple[float | None, float | None]:
        """The 2.5 % and 97.5 % points of the ratio; None where hardly a resample has anything to divide by."""
        nothing = (0.0, 0.0)
        listed = [sums.get(task, nothing) for task in self._tasks]
        counts, wholes = [count for count, _ in listed], [of for _, of in listed]
        ratios = []
        for drawn in self._rounds:
            whole = sum([wholes[index] for index in drawn])
            if whole:
                ratios.append(sum([counts[index] for index in drawn]) / whole)
        if len(ratios) * 2 < len(self._rounds) or not ratios:
            return None, None
        ratios.sort()
        last = len(ratios) - 1
        return ratios[round(0.025 * last)], ratios[round(0.975 * last)]


def _drawn(seed: int, number: int, size: int) -> list[int]:
    """`size` indexes below `size`, from a counter under a hash: the same on every machine, and no state is kept."""
    found: list[int] = []
    block = 0
    while len(found) < size:
        digest = blake2b(f"{seed}:{number}:{block}".encode(), digest_size=64).digest()
        # 64 bits for each: what the remainder prefers is far below anything that a resample could show.
        found += [int.from_bytes(digest[start : start + 8]) % size for start in range(0, 64, 8)]
        block += 1
    return found[:size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Lessons whose scores lie from `low` up to `high`: how many, their mean score, and the share that was right."""

    low: float
    high: float
    count: int
    score: float
    right: float


def bins(rows: Iterable[Scored], level: Level, number: int = BINS) -> tuple[Bin, ...]:
    """Bins of equal width over 0 to 1; the last one holds 1 too. Empty bins are there with count 0."""
    kept: list[list[tuple[float, bool]]] = [[] for _ in range(number)]
    for row in rows:
        for one in row.told:
            kept[min(int(one.score * number), number - 1)].append((one.score, level in one.right))
    return tuple(
        Bin(
            low=place / number,
            high=(place + 1) / number,
            count=len(found),
            score=sum(score for score, _ in found) / len(found) if found else 0.0,
            right=sum(right for _, right in found) / len(found) if found else 0.0,
        )
        for place, found in enumerate(kept)
    )


def calibration_error(found: Sequence[Bin]) -> float | None:
    """The expected calibration error: how far score and share right lie apart, weighted by the bins' counts.

    After Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.
    """
    total = sum(one.count for one in found)
    return sum(one.count * abs(one.score - one.right) for one in found) / total if total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a threshold would show: the share of questions answered, lessons a question, the share of them that is
    right, the recall that is left, and the passing attempts that are left alone."""

    threshold: float
    answered: float
    lessons: float
    right: float | None
    recall: float | None
    silent_passing: float | None


def risk_coverage(
    rows: Sequence[Scored], level: Level, first: int, thresholds: Sequence[float] = THRESHOLDS
) -> tuple[Coverage, ...]:
    """The table over thresholds, made of answers for which none was in force."""
    table = []
    for threshold in thresholds:
        kept = [row.above(threshold) for row in rows]
        table.append(
            Coverage(
                threshold=threshold,
                answered=1.0 - (figure(kept, silent()).value or 0.0) if kept else 0.0,
                lessons=figure(kept, lessons_shown()).value or 0.0,
                right=figure(kept, lessons_right(level)).value,
                recall=figure(kept, recall(level, first)).value,
                silent_passing=figure(kept, silent(True)).value,
            )
        )
    return tuple(table)
