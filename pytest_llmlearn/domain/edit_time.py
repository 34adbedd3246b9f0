"""Mistakes seen while code is written: whether what was learned fires on the line that then fails, and nowhere else.

Looked at are failures that linters know nothing of: no assertion, no syntax error, no undefined name, and of those the
ones whose line in the attempt's own file is known. Each mistake counts once in an attempt, where it came first. The
order is look, judge, learn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_llmlearn.domain.replay import Alarm, Attempt, Failure, Signature, signature

Before = Literal["exact", "rule", "new"]
"""What came before of a failure: its exact signature, only that of its rule, or neither."""
NEAR = 1
"""Lines that an alarm may be beside the failing one and still be right."""
_QUOTED = re.compile(r'"[^"]*"')
_NO_MISTAKE_OF_THE_LINE = frozenset({"AssertionError", "Failed", "XPASS(strict)"})
_KNOWN_TO_LINTERS = frozenset({"SyntaxError", "IndentationError", "TabError", "NameError", "UnboundLocalError"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was seen in one attempt before it ran: each failure with what came of it before, and whether an alarm was
    on its line or beside it; for an attempt that passes, whether there was any alarm."""

    task: str
    passed: bool
    failures: tuple[tuple[Before, bool], ...] = ()
    alarms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """So many of so many."""

    count: int = 0
    of: int = 0

    @property
    def share(self) -> float | None:
        return self.count / self.of if self.of else None


class Met:
    """Which of these failures came so far."""

    def __init__(self) -> None:
        self._exact: set[Signature] = set()
        self._rule: set[Signature] = set()

    def judged(self, attempt: Attempt, alarms: Sequence[Alarm]) -> Watched:
        """Hold alarms against what then failed."""
        found = []
        for exact, failure in failing(attempt).items():
            line = failure.line or 0
            hit = any(alarm.line - NEAR <= line <= max(alarm.line, alarm.end) + NEAR for alarm in alarms)
            found.append((self._before(exact, _rule(failure)), hit))
        return Watched(task=attempt.task, passed=attempt.passed, failures=tuple(found), alarms=len(alarms))

    def learn(self, attempt: Attempt) -> None:
        for exact, failure in failing(attempt).items():
            self._exact.add(exact)
            self._rule.add(_rule(failure))

    def _before(self, exact: Signature, rule: Signature) -> Before:
        if exact in self._exact:
            return "exact"
        return "rule" if rule in self._rule else "new"


def failing(attempt: Attempt) -> Mapping[Signature, Failure]:
    """The failures of an attempt that are looked at, by their exact signature: the first of each."""
    found: dict[Signature, Failure] = {}
    for failure in attempt.failures:
        name = failure.exception.rpartition(".")[2]
        if failure.line is not None and name not in _NO_MISTAKE_OF_THE_LINE | _KNOWN_TO_LINTERS:
            found.setdefault(signature(failure, "exact"), failure)
    return found


def _rule(failure: Failure) -> Signature:
    """The signature at rule level, without what stands in double quotes too."""
    exception, told = signature(failure, "rule")
    return exception, _QUOTED.sub("Q", told)


def caught(rows: Iterable[Watched], before: Before) -> Caught:
    """Of the failures with that before them, those on whose line there was an alarm."""
    hits = [hit for row in rows for kind, hit in row.failures if kind == before]
    return Caught(count=sum(hits), of=len(hits))


def false_alarms(rows: Iterable[Watched]) -> Caught:
    """Of the attempts that pass, those in which there was any alarm."""
    passing = [row for row in rows if row.passed]
    return Caught(count=sum(row.alarms > 0 for row in passing), of=len(passing))
