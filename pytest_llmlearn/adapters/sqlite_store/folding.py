"""What folding needs of the database file: which runs are known, what their tests said, and counts in order of time.

Recording counts in the order in which runs come. Where that is not the order of time, what depends on it is counted
anew from the rows: which model is told to have made a mistake in some code first, and what was another attempt.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store import evolving
from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.adapters.sqlite_store.erasing import moved
from pytest_llmlearn.adapters.sqlite_store.fixes import reds_in, tell_pattern
from pytest_llmlearn.adapters.sqlite_store.generation_rows import remembered
from pytest_llmlearn.app.ports import Clock
from pytest_llmlearn.app.ports.events import Failed
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.events import Tested, line, read
from pytest_llmlearn.domain.fix import Red
from pytest_llmlearn.domain.kin import exception_of

if TYPE_CHECKING:
    from sqlite_utils import Database

UNDERWAY = "fold.underway"
"""The word under which it is remembered that folding was begun, and of which runs: those that are not settled yet."""
_COUNTED = """
    SELECT r.finished, r.run_id, o.id, o.pattern, o.code, o.model, p.category, p.kin, o.source = 'handed-in'
    FROM occurrences AS o JOIN runs AS r ON r.id = o.run JOIN patterns AS p ON p.id = o.pattern
    WHERE o.scope IN ('generated', 'other') AND o.flaky = 0"""
_COUNT = """
    INSERT INTO attempts (kind, name, model, count) VALUES (?1, ?2, ?3, max(?4, 0))
    ON CONFLICT (kind, name, model) DO UPDATE SET count = max(count + ?4, 0)"""
_Row = tuple[Any, ...]


class SqliteFolded:
    """`ports.FoldedRows` in that file; `clock` dates what becomes of patterns.

    Made by `SqliteStore.folded`, whose `close` lets go of the file for both.
    """

    def __init__(self, file: DatabaseFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    @property
    def underway(self) -> bool:
        """Whether folding was begun, and broken off before it ended."""
        return self._file.ask(lambda connection: remembered(connection, UNDERWAY), None) is not None

    def begin(self, runs: Collection[str]) -> None:
        """Folding of these runs begins, which are not known yet."""

        def change(db: Database) -> None:
            names = [storable(one) for one in runs]
            _remember(db, sorted({*_unsettled(db.conn), *names}))
            # By these rows a run that was folded is told from one that was seen here.
            db.conn.executemany(
                """INSERT OR IGNORE INTO folded_runs VALUES (?, '', x'')""", [(name,) for name in names]
            )

        self._file.write(change)

    def end(self) -> None:
        """Folding has ended."""
        self._file.write(lambda db: db.execute("DELETE FROM remembered_words WHERE key = ?", (UNDERWAY,)))

    def recorded(self, runs: Collection[str]) -> frozenset[str]:
        """Which of these runs were recorded, here or by folding."""
        return self._those("SELECT run_id FROM runs WHERE run_id IN ({})", runs)

    def folded(self, runs: Collection[str]) -> frozenset[str]:
        """Which of these runs, or what their tests said, came by folding."""
        return self._those("SELECT run_id FROM folded_runs WHERE run_id IN ({})", runs)

    def heard(self, runs: Collection[str]) -> frozenset[str]:
        """Of which of these runs it was folded what their tests said."""
        return self._those("SELECT run_id FROM folded_runs WHERE length(said) > 0 AND run_id IN ({})", runs)

    def _those(self, statement: str, runs: Collection[str]) -> frozenset[str]:
        asked = {storable(one): one for one in runs}
        nothing: frozenset[str] = frozenset()
        return self._file.ask(
            lambda connection: frozenset(asked[row[0]] for row in in_chunks(connection, statement, list(asked))),
            nothing,
        )

    def latest(self) -> datetime | None:
        """When the latest run that is known was finished."""

        def found(connection: sqlite3.Connection) -> datetime | None:
            row = connection.execute(
                "SELECT max(finished) FROM (SELECT finished FROM runs UNION ALL SELECT finished FROM folded_runs)"
            ).fetchone()
            return None if row[0] is None else datetime.fromisoformat(row[0])

        return self._file.ask(found, None)

    def keep(self, tested: Sequence[Tested]) -> None:
        """Keep what the tests of runs said."""
        rows = [
            (storable(one.run.run_id), timestamp(one.run.finished), zlib.compress(line(one).encode())) for one in tested
        ]
        if rows:
            self._file.write(
                lambda db: db.conn.executemany(
                    """INSERT INTO folded_runs VALUES (?, ?, ?) ON CONFLICT (run_id) DO UPDATE
                       SET finished = excluded.finished, said = excluded.said WHERE said = x''""",
                    rows,
                )
            )

    def tested(self) -> Sequence[Tested]:
        """What the tests of all folded runs said, in the order of time."""
        statement = "SELECT said FROM folded_runs WHERE length(said) > 0 ORDER BY finished, run_id"
        nothing: list[bytes] = []
        said = self._file.ask(lambda connection: [row[0] for row in connection.execute(statement)], nothing)
        told = [read(zlib.decompress(one).decode()) for one in said]
        return [one for one in told if isinstance(one, Tested)]

    def failures(self) -> Sequence[Failed]:
        """Which tests failed in which runs, in the order of time; flaky ones did not."""
        nothing: list[Failed] = []
        return self._file.ask(_failures, nothing)

    def healed(self) -> Sequence[tuple[datetime, str]]:
        """When which tests were seen healed by who had seen them red."""
        statement = "SELECT time, nodeid FROM healings WHERE way <> 'handed-in' AND verdict <> 'test-changed'"
        nothing: list[tuple[datetime, str]] = []
        return self._file.ask(
            lambda connection: [(datetime.fromisoformat(row[0]), row[1]) for row in connection.execute(statement)],
            nothing,
        )

    def reds(self, failed: Mapping[str, str]) -> Sequence[Red]:
        """What these tests were laid on in those runs."""
        asked = {storable(nodeid): storable(run) for nodeid, run in failed.items()}
        nothing: list[Red] = []
        return self._file.ask(lambda connection: reds_in(connection, asked), nothing)

    def unheal(self) -> None:
        """Take back all that folding itself found to have become of red tests."""

        def change(db: Database) -> None:
            found = [row[0] for row in db.execute("SELECT DISTINCT pattern FROM healings WHERE way = 'handed-in'")]
            db.execute("DELETE FROM healings WHERE way = 'handed-in'")
            db.execute("DELETE FROM fixes WHERE id NOT IN (SELECT fix FROM healings WHERE fix IS NOT NULL)")
            for pattern in found:
                db.execute("UPDATE patterns SET good = '', fix_applied = 0 WHERE id = ?", (pattern,))
                tell_pattern(db, pattern)
            evolving.evolve(db, found, self._clock())

        self._file.write(change)

    def settle(self) -> None:
        """Runs were recorded since folding began, and later ones before them: count as if each had come in its time."""

        def change(db: Database) -> None:
            last = _unsettled(db.conn)
            rows = db.execute(_COUNTED).fetchall()
            in_time = sorted(rows, key=lambda row: row[:3])
            _name_models(db, in_time)
            # Until now those of the others were counted in their time, and behind them these.
            before = _attempts(sorted(rows, key=lambda row: (row[1] in last, *row[:3])))
            after = _attempts(in_time)
            db.conn.executemany(
                _COUNT, [(*key, after[key] - before[key]) for key in {**before, **after} if after[key] != before[key]]
            )
            # A test that was healed later than it failed is red no more, whichever was told first.
            db.execute(
                """UPDATE tests SET red = NULL WHERE red IS NOT NULL AND EXISTS (
                       SELECT 1 FROM healings AS h
                       WHERE h.nodeid = tests.nodeid AND h.verdict <> 'test-changed' AND h.time >= tests.red)"""
            )
            _remember(db, [])
            moved(db)

        self._file.write(change)


def _unsettled(connection: sqlite3.Connection) -> frozenset[str]:
    return frozenset(json.loads(remembered(connection, UNDERWAY) or "[]"))


def _remember(db: Database, runs: Sequence[str]) -> None:
    db.execute("INSERT OR REPLACE INTO remembered_words VALUES (?, ?)", (UNDERWAY, json.dumps(runs)))


def _failures(connection: sqlite3.Connection) -> list[Failed]:
    rows = connection.execute(
        """SELECT DISTINCT r.finished, r.run_id, r.started, o.nodeid
           FROM occurrences AS o JOIN runs AS r ON r.id = o.run
           WHERE o.flaky = 0 AND o.source NOT IN ('handed-in', 'security_scan', 'static')
           ORDER BY r.finished, r.run_id, o.nodeid"""
    )
    return [
        Failed(
            run=Run(run_id=run, started=datetime.fromisoformat(started), finished=datetime.fromisoformat(finished)),
            nodeids=tuple(row[3] for row in group),
        )
        for (finished, run, started), group in groupby(rows, key=lambda row: row[:3])
    ]


def _first(rows: Iterable[_Row]) -> Iterable[tuple[_Row, bool]]:
    """Each row, and whether it is the first of its code."""
    seen: set[int] = set()
    for row in rows:
        yield row, row[4] not in seen
        seen.add(row[4])


def _name_models(db: Database, rows: Sequence[_Row]) -> None:
    counts: dict[tuple[int, str, str], int] = {}
    for (_, _, _, pattern, _, model, category, *_), first in _first(rows):
        key = (pattern, model, category)
        counts[key] = counts.get(key, 0) + first
    db.conn.executemany(
        """INSERT INTO pattern_models (pattern, model, category, count) VALUES (?, ?, ?, ?)
           ON CONFLICT (pattern, model) DO UPDATE SET count = excluded.count WHERE count <> excluded.count""",
        [(*key, count) for key, count in counts.items()],
    )


def _attempts(rows: Sequence[_Row]) -> Counter[tuple[str, str, str]]:
    """What `Attempts` counts, where runs are recorded in the order of these rows."""
    made: dict[str, set[tuple[str, str, str]]] = {}
    for (_, run, _, _, _, model, _, kin, handed_in), first in _first(rows):
        if first or handed_in:
            of_run = made.setdefault(run, set())
            of_run |= {("all", "", model), ("kin", kin, model), ("exception", exception_of(kin), model)}
    return Counter(one for of_run in made.values() for one in of_run)
