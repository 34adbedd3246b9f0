"""What the promoting occurrences of a pattern have in common: enough to tell whether two of them are independent.

Two are wherever they are of more than one code, and of more than one unit or session: a set of pairs of codes and
places has two that differ in both unless all pairs share their code, or all share their place. So the least and the
greatest of each is all that must be kept, and of runs of unknown session one pause that parts two sittings. What is
kept depends on the rows alone, whatever their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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


def promote(db: Database, rows: dict[int, list[Row]]) -> None:
    """These occurrences of one run promote, by pattern; they are written already."""
    if not rows:
        return
    statement = f"SELECT {_COLUMNS} FROM promotions WHERE pattern IN ({{}})"
    known = {row[0]: Common(*row[1:]) for row in in_chunks(db.conn, statement, list(rows))}
    made, broken = {}, []
    for pattern, found in rows.items():
        common = _joined(known.get(pattern), _of_run(found))
        if common is None:
            broken.append(pattern)
        else:
            made[pattern] = common
    _write(db, made)
    afresh(db, broken)


def afresh(db: Database, patterns: Iterable[int]) -> None:
    """Find it out again from all occurrences of these patterns."""
    made: dict[int, Common] = {}
    for pattern in sorted(set(patterns)):
        rows = db.execute(f"{_ROWS} AND o.pattern = ? ORDER BY r.id", (pattern,)).fetchall()
        runs = [_of_run([row[2:] for row in group]) for _, group in groupby(rows, key=lambda row: row[1])]
        whole: Common | None = None
        # From the earliest run on no later one can fall into a pause that was found.
        for run in sorted(runs, key=lambda run: run.earliest or ""):
            whole = _joined(whole, run)
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
        decided = _together(common).decided if common else 0
        # Of two patterns one may fill the pause of the other.
        unsure = decided is None or (len(common) > 1 and any(one.earliest is not None for one in common))
        answers.append(_read(db, family) if unsure or decided is None else decided)
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


def _together(common: Sequence[Common]) -> Common:
    """All of them as one, without their pauses."""
    sessions = [session for one in common for session in (one.session_low, one.session_high) if session is not None]
    times = [time for one in common for time in (one.earliest, one.latest) if time is not None]
    return Common(
        min(one.unit_low for one in common),
        max(one.unit_high for one in common),
        min(one.code_low for one in common),
        max(one.code_high for one in common),
        min(sessions, default=None),
        max(sessions, default=None),
        min(times, default=None),
        max(times, default=None),
        common[0].pause_from if len(common) == 1 else None,
        common[0].pause_to if len(common) == 1 else None,
    )


def _joined(known: Common | None, run: Common) -> Common | None:
    """The known ones with those of one more run; None where the run falls into the pause, and all must be read."""
    if known is None:
        return run
    whole = replace(_together([known, run]), pause_from=known.pause_from, pause_to=known.pause_to)
    if run.earliest is None or run.latest is None or known.earliest is None or known.latest is None:
        return whole
    if known.pause_from is not None and known.pause_to is not None:
        return None if run.earliest < known.pause_to and run.latest > known.pause_from else whole
    for before, after in ((known.latest, run.earliest), (run.latest, known.earliest)):
        if before < after and datetime.fromisoformat(after) - datetime.fromisoformat(before) > ONE_SITTING:
            return replace(whole, pause_from=before, pause_to=after)
    return whole


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
