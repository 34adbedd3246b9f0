"""Keeping the memory in order: put away what is old, retire what is gone, erase what is due, and give room back.

Every task may be done at any time and twice: what is not due is left alone. One process does it at a time. Nothing that
was learned is deleted here, only texts whose days are over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pytest_llmlearn.app.ports import Clock
from pytest_llmlearn.app.ports.upkeep import Alone, Upkeep
from pytest_llmlearn.app.retire import UNSEEN, Retirement
from pytest_llmlearn.domain import decay
from pytest_llmlearn.domain.due import due

FREE_SHARE = 0.2
"""Share of free pages above which they are given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long what is kept, in days: shown unseen, private texts (0: none), what was told (0: for ever), and how long
    an exposure waits to be judged."""

    archive_days: float = decay.ARCHIVE_DAYS
    hold_days: int = 30
    keep_days: int = 0
    exposure_days: float = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task: what it is called, how much it did, or would do, and that as a sentence."""

    name: str
    count: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintained:
    """What was done, or would be. `alone` is False where another process was at it, and nothing was done here."""

    tasks: tuple[Task, ...] = ()
    alone: bool = True
    dry_run: bool = False

    @property
    def done(self) -> tuple[Task, ...]:
        """The tasks that found something to do."""
        return tuple(task for task in self.tasks if task.count)


class Maintenance:
    """The use case. `expire` closes exposures older than a moment, `trim` bounds what is remembered of provenance,
    `prove` tries what knows mistakes by sight over the project's own code; both say on how many files."""

    def __init__(
        self,
        upkeep: Upkeep,
        *,
        retirement: Retirement,
        alone: Alone,
        expire: Callable[[datetime], int],
        trim: Callable[[], int],
        prove: Callable[[], int],
        terms: Terms,
        clock: Clock,
    ) -> None:
        self._upkeep = upkeep
        self._retirement = retirement
        self._alone = alone
        self._expire = expire
        self._trim = trim
        self._prove = prove
        self._terms = terms
        self._clock = clock

    @property
    def due(self) -> bool:
        """Whether a day has passed since it was done, or since the first run where it never was."""
        return due(self._upkeep.maintained(), self._clock())

    def run(self, *, dry_run: bool = False, if_due: bool = False) -> Maintained:
        """Do what is due, or only say what it would be.

        Raises:
            StoreError: the store cannot be written; tasks done before stay done.
        """
        if not self._upkeep.exists:
            return Maintained(dry_run=dry_run)
        if dry_run:
            return Maintained(tasks=tuple(self._tasks(dry_run=True)), dry_run=True)
        with self._alone.held() as alone:
            if not alone or (if_due and not self.due):
                return Maintained(alone=alone)
            tasks = tuple(self._tasks(dry_run=False))
            self._upkeep.maintain()
            return Maintained(tasks=tasks)

    def _tasks(self, *, dry_run: bool) -> Iterator[Task]:
        now, act = self._clock(), not dry_run
        gone = self.gone(now)
        count = self._upkeep.retire(gone) if act else len(gone)
        yield Task(name="retire", count=count, said=f"{_patterns(count)} retired: what they speak of is gone")
        old = self.aged(now)
        count = self._upkeep.archive(old) if act else len(old)
        days = f"{self._terms.archive_days:g} days"
        yield Task(name="archive", count=count, said=f"{_patterns(count)} archived: unseen for {days}")
        yield self._private(now, act)
        if self._terms.keep_days:
            count = self._upkeep.told_before(_before(now, self._terms.keep_days), erase=act)
            said = f"texts of {count} records older than {self._terms.keep_days} days erased; their counts stay"
            yield Task(name="retention", count=count, said=said)
        limit = _before(now, self._terms.exposure_days)
        count = self._expire(limit) if act else self._upkeep.unanswered(limit)
        said = f"{count} exposures closed: no test told of them in {self._terms.exposure_days:g} days"
        yield Task(name="exposures", count=count, said=said)
        pieces = self._upkeep.unmerged(merge=act)
        yield Task(name="search", count=int(pieces), said="the full-text index was made one piece")
        free = self._upkeep.free_share()
        if free > FREE_SHARE and act:
            self._upkeep.compact()
        yield Task(name="compact", count=int(free > FREE_SHARE), said=f"{free:.0%} of the file given back")
        count = self._trim() if act else 0
        yield Task(name="provenance", count=count, said=f"{count} files forgotten that nobody asked for in long")
        count = self._prove() if act else 0
        yield Task(name="matchers", count=count, said=f"{count} files that pass told of what recognises mistakes")

    def _private(self, now: datetime, act: bool) -> Task:
        days = self._terms.hold_days
        count = self._upkeep.private_texts(_before(now, days) if days else None, erase=act)
        said = f"{count} private texts erased: not seen red for {days} days"
        return Task(name="private-texts", count=count, said=said)

    def aged(self, now: datetime) -> list[str]:
        """Patterns that are to be archived."""
        days = self._terms.archive_days
        return [
            one.fingerprint
            for one in self._upkeep.aging(_before(now, days))
            if decay.to_archive(max(one.last_seen, one.renewed or one.last_seen), now, days)
        ]

    def gone(self, now: datetime, fingerprints: Sequence[str] | None = None) -> dict[str, str]:
        """Which of these patterns, or of all, speak of what is gone, each with why."""
        reasons: dict[str, str] = {}
        for subject in self._upkeep.subjects(fingerprints, placed=now - UNSEEN):
            why = self._retirement.why(subject, now)
            if why is not None:
                reasons[subject.fingerprint] = why
        return reasons


def _before(now: datetime, days: float) -> datetime:
    try:
        return now - timedelta(days=days)
    except OverflowError:  # so many days that nothing is older
        return datetime.min.replace(tzinfo=now.tzinfo)


def _patterns(count: int) -> str:
    return f"{count} pattern{'' if count == 1 else 's'}"
