"""What the promoting occurrences of a pattern have in common: enough to tell whether two of them are independent.

Two are wherever they are of more than one code, and of more than one unit or session: a set of pairs of codes and
places has two that differ in both unless all pairs share their code, or all share their place. So the least and the
greatest of each is all that must be kept, and of runs of unknown session one pause that parts two sittings. It is kept
only as long as it decides: no more than the code while there is but one, and nothing new once there are two. The
answer depends on the occurrences alone, whatever their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks
from pytest_llmlearn.domain.recurrence import ONE_SITTING, Seen, independent

if TYPE_CHECKING:
    from sqlite_utils import Database

ENDS = 50
"""Occurrences that are read from either end of a history in which known and unknown sessions mix."""
TWO = 2
_COLUMNS = (
    "pattern, unit_low, unit_high, code_low, code_high, session_low, session_high, earliest, latest, pause_from, "
    "pause_to"
)
_ROWS = """
    SELECT o.pattern, r.id, c.unit, c.unit_hash, r.session, o.time
    FROM occurrences AS o INDEXED BY occurrences_promoting
    JOIN runs AS r ON r.id = o.run
    JOIN occurrence_codes AS c ON c.id = o.code
    WHERE o.promotes = 1"""
Row = tuple[str, str, str | None, str]
"""Unit, code, session and time of a promoting occurrence."""


@dataclass(frozen=True, slots=True)
class Common:
    """The least and the greatest of the units, codes, known sessions, and times of runs of unknown session.

    `pause_from` and `pause_to` are times of such runs more than an hour apart, with none between them.
    """

    unit_low: str
    unit_high: str
    code_low: str
    code_high: str
    session_low: str | None
    session_high: str | None
    earliest: str | None
    latest: str | None
    pause_from: str | None = None
    pause_to: str | None = None

    @property
    def decided(self) -> int | None:
        """1 or 2 independent ones; None where known and unknown sessions mix, and nothing else tells."""
        if self.code_low == self.code_high:
            return 1
        if self.unit_low != self.unit_high or self.session_low != self.session_high:
            return TWO
        if self.earliest is None:
            return 1
        if self.session_low is not None:
            return None
        return 1 if self.pause_from is None else TWO

    def stands(self, run: Common) -> bool:
        """Whether that run cannot change what is decided."""
        if self.code_low == self.code_high:
            return run.code_low == run.code_high == self.code_low
        if self.unit_low != self.unit_high or self.session_low != self.session_high:
            return True
        if self.pause_from is None or run.earliest is None:
            return False
        return self.session_low is None and not self.filled(run)

    def filled(self, run: Common) -> bool:
        """Whether that run of unknown session falls into the pause."""
        if self.pause_from is None or self.pause_to is None or run.earliest is None or run.latest is None:
            return False
        return run.earliest < self.pause_to and run.latest > self.pause_from


def promote(db: Database, rows: dict[int, list[Row]]) -> None:
    """These occurrences of one run promote, by pattern; they are written already."""
    if not rows:
        return
    statement = f"SELECT {_COLUMNS} FROM promotions WHERE pattern IN ({{}})"
    known = {row[0]: Common(*row[1:]) for row in in_chunks(db.conn, statement, list(rows))}
    made: dict[int, Common] = {}
    unsure: list[int] = []
    for pattern, found in rows.items():
        run, common = _of_run(found), known.get(pattern)
        if common is None:
            made[pattern] = run
        elif common.stands(run):
            continue
        elif common.code_low == common.code_high or common.filled(run):
            unsure.append(pattern)
        else:
            made[pattern] = _joined(common, run)
    _write(db, made)
    afresh(db, unsure)


def afresh(db: Database, patterns: Iterable[int]) -> None:
    """Find it out again from all occurrences of these patterns."""
    made: dict[int, Common] = {}
    for pattern in sorted(set(patterns)):
        rows = db.execute(f"{_ROWS} AND o.pattern = ? ORDER BY r.id", (pattern,)).fetchall()
        runs = [_of_run([row[2:] for row in group]) for _, group in groupby(rows, key=lambda row: row[1])]
        whole: Common | None = None
        # From the earliest run on no later one can fall into a pause that was found.
        for run in sorted(runs, key=lambda run: run.earliest or ""):
            whole = run if whole is None else _joined(whole, run)
        if whole is not None:
            made[pattern] = whole
    _write(db, made)


def recurrences(db: Database, families: Sequence[Sequence[int]]) -> list[int]:
    """Of each of these families of merged patterns: 2 where two promoting occurrences are independent, 1, or 0."""
    members = [pattern for family in families for pattern in family]
    statement = f"SELECT {_COLUMNS} FROM promotions WHERE pattern IN ({{}})"
    known = {row[0]: Common(*row[1:]) for row in in_chunks(db.conn, statement, members)}
    answers = []
    for family in families:
        common = [known[pattern] for pattern in family if pattern in known]
        # What is kept of each of several patterns does not tell what they have in common.
        decided = common[0].decided if len(common) == 1 else None
        answers.append(0 if not common else _read(db, family) if decided is None else decided)
    return answers


def _of_run(rows: Sequence[Row]) -> Common:
    """Of occurrences of one run, which have one session."""
    units, codes, sessions, times = zip(*rows, strict=True)
    session = sessions[0]
    unknown = session is None
    return Common(
        min(units), max(units), min(codes), max(codes), session, session,
        min(times) if unknown else None, max(times) if unknown else None,
    )  # fmt: skip


def _joined(known: Common, run: Common) -> Common:
    """The known ones with those of one more run, which does not fall into their pause."""
    pause = (known.pause_from, known.pause_to)
    if run.earliest and run.latest and known.earliest and known.latest and pause == (None, None):
        for before, after in ((known.latest, run.earliest), (run.latest, known.earliest)):
            if before < after and datetime.fromisoformat(after) - datetime.fromisoformat(before) > ONE_SITTING:
                pause = (before, after)
    sessions = [one for one in (known.session_low, known.session_high, run.session_low) if one is not None]
    times = [one for one in (known.earliest, known.latest, run.earliest, run.latest) if one is not None]
    return Common(
        min(known.unit_low, run.unit_low), max(known.unit_high, run.unit_high),
        min(known.code_low, run.code_low), max(known.code_high, run.code_high),
        min(sessions, default=None), max(sessions, default=None),
        min(times, default=None), max(times, default=None),
        *pause,
    )  # fmt: skip


def _read(db: Database, family: Sequence[int]) -> int:
    """By the occurrences themselves: those of both ends, so that no long sitting hides another."""
    seen = []
    for pattern in family:
        for order in ("ASC", "DESC"):
            ordered = f"ORDER BY o.time {order}, c.unit, c.unit_hash, r.run_id LIMIT {ENDS}"
            for _, run, unit, code, session, time in db.execute(f"{_ROWS} AND o.pattern = ? {ordered}", (pattern,)):
                moment = datetime.fromisoformat(time)
                seen.append(Seen(unit=unit, code=code, time=moment, session=session, run=str(run)))
    return independent(seen, at_most=TWO)


def _write(db: Database, made: dict[int, Common]) -> None:
    marks = ", ".join("?" * len(_COLUMNS.split(",")))
    db.conn.executemany(
        f"INSERT OR REPLACE INTO promotions ({_COLUMNS}) VALUES ({marks})",
        [
            (
                pattern, one.unit_low, one.unit_high, one.code_low, one.code_high, one.session_low, one.session_high,
                one.earliest, one.latest, one.pause_from, one.pause_to,
            )
            for pattern, one in made.items()
        ],
    )  # fmt: skip
