"""What happened in a period, read from the database file; nothing here writes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from pytest_llmlearn.adapters.sqlite_store.asking import storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.domain.effect import Exposure
from pytest_llmlearn.domain.report import Period, Ran, Repair, Sighting

_RUNS = """
    SELECT r.run_id, r.started, r.finished FROM runs AS r
    WHERE EXISTS (SELECT 1 FROM occurrences AS o WHERE o.run = r.id)"""
# Joined by way of the family's root, so that a merged mistake is one.
_ROOT = """JOIN patterns AS p ON p.id = {0}.pattern
    LEFT JOIN patterns AS m ON m.id = p.merged_into"""
_NAME = "coalesce(m.fingerprint, p.fingerprint)"
_SIGHTINGS = f"""
    SELECT {_NAME}, o.code, r.run_id, max(o.time), o.model, o.path, count(*)
    FROM occurrences AS o JOIN runs AS r ON r.id = o.run {_ROOT.format("o")}
    WHERE o.scope IN ('generated', 'other') AND o.flaky = 0 AND {{}}
    GROUP BY o.pattern, o.code, o.run, o.model, o.path"""
_REPAIRS = f"""
    SELECT {_NAME}, f.difference, b.text, g.text,
        count(DISTINCT h.unit || char(0) || h.green_hash), max(h.time)
    FROM healings AS h JOIN fixes AS f ON f.id = h.fix {_ROOT.format("h")}
    JOIN occurrence_texts AS b ON b.id = f.bad_id JOIN occurrence_texts AS g ON g.id = f.good_id
    WHERE h.verdict = 'fix' AND h.time BETWEEN ? AND ? GROUP BY f.id"""
_JUDGED = f"""
    SELECT {_NAME}, e.shown, e.session, e.propensity, e.outcome, e.judged
    FROM exposures AS e {_ROOT.format("e")}
    WHERE e.outcome IS NOT NULL AND {{}} ORDER BY e.id"""


class SqliteChronicle:
    """`ports.Chronicle` in that file. Made by `SqliteStore.chronicle`, whose `close` lets go of the file."""

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file

    def latest(self, count: int) -> Sequence[Ran]:
        """The latest runs that recorded something, so many at most, oldest first."""
        statement = f"{_RUNS} ORDER BY r.started DESC, r.id DESC LIMIT ?"
        return self._file.ask(lambda connection: [*map(_ran, connection.execute(statement, (count,)))][::-1], [])

    def run(self, run_id: str) -> Ran | None:
        """The run of that id; None where there is none."""
        statement = "SELECT run_id, started, finished FROM runs WHERE run_id = ?"

        def found(connection: sqlite3.Connection) -> Ran | None:
            row = connection.execute(statement, (storable(run_id),)).fetchone()
            return _ran(row) if row is not None else None

        return self._file.ask(found, None)

    def sightings(self, period: Period) -> Sequence[Sighting]:
        """What was seen, each mistake once for each code, run, model and file."""
        condition, values = _within(period, run="r.run_id", time="o.time")

        def found(connection: sqlite3.Connection) -> list[Sighting]:
            return [
                Sighting(
                    fingerprint=name,
                    code=code,
                    run=run,
                    time=datetime.fromisoformat(time),
                    model=model,
                    path=path,
                    times=times,
                )
                for name, code, run, time, model, path, times in connection.execute(
                    _SIGHTINGS.format(condition), values
                )
            ]

        return self._file.ask(found, [])

    def repairs(self, period: Period) -> Sequence[Repair]:
        """The fixes that were verified in that time."""

        def found(connection: sqlite3.Connection) -> list[Repair]:
            return [
                Repair(
                    fingerprint=name,
                    difference=difference,
                    bad=bad,
                    good=good,
                    verified=verified,
                    time=datetime.fromisoformat(time),
                )
                for name, difference, bad, good, verified, time in connection.execute(
                    _REPAIRS, (timestamp(period.since), timestamp(period.until))
                )
            ]

        return self._file.ask(found, [])

    def judged(self, period: Period) -> Sequence[Exposure]:
        """What came of lessons, shown or held back."""
        condition, values = _within(period, run="e.run", time="e.judged")

        def found(connection: sqlite3.Connection) -> list[Exposure]:
            return [
                Exposure(
                    fingerprint=name,
                    shown=bool(shown),
                    session=session,
                    propensity=propensity,
                    outcome=outcome,
                    judged=datetime.fromisoformat(judged),
                )
                for name, shown, session, propensity, outcome, judged in connection.execute(
                    _JUDGED.format(condition), values
                )
            ]

        return self._file.ask(found, [])


def _ran(row: tuple[str, str, str]) -> Ran:
    run_id, started, finished = row
    return Ran(run_id=run_id, started=datetime.fromisoformat(started), finished=datetime.fromisoformat(finished))


def _within(period: Period, *, run: str, time: str) -> tuple[str, list[str]]:
    """The condition of lying in the period, and what is bound to it."""
    if period.runs is None:
        return f"{time} BETWEEN ? AND ?", [timestamp(period.since), timestamp(period.until)]
    # One value however many runs there are: SQLite binds only so many.
    return f"{run} IN (SELECT value FROM json_each(?))", [json.dumps([storable(name) for name in period.runs])]
