"""The port of fixes over the database file that it shares with the store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store import evolving, families
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.adapters.sqlite_store.erasing import moved
from pytest_llmlearn.adapters.sqlite_store.rows import in_chunks, storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.texts import Texts
from pytest_llmlearn.app.ports import Clock
from pytest_llmlearn.domain.fix import Fix, Healing, Red
from pytest_llmlearn.domain.flaw import PREFIX
from pytest_llmlearn.domain.repair import digest

if TYPE_CHECKING:
    from sqlite_utils import Database

_LATEST = """
    WITH latest AS (
        SELECT nodeid, run, row_number() OVER (PARTITION BY nodeid ORDER BY time DESC, run DESC) AS number
        FROM occurrences WHERE flaky = 0 AND scope IN ('generated', 'other') AND nodeid IN ({}))"""
_OF_RUN = "WITH latest AS (SELECT ? AS nodeid, id AS run, 1 AS number FROM runs WHERE run_id IN ({}))"
_RED = """
    SELECT o.id, p.fingerprint, o.nodeid, o.path, o.function, c.unit, c.unit_hash, o.line, s.text, r.commit_id, o.time,
        (SELECT h.qualname FROM held_by_occurrence AS l JOIN held AS h ON h.id = l.held
            WHERE l.occurrence = o.id AND h.kind = 'unit'),
        (SELECT h.text FROM held_by_occurrence AS l JOIN held AS h ON h.id = l.held
            WHERE l.occurrence = o.id AND h.kind = 'unit'),
        (SELECT h.id FROM held_by_occurrence AS l JOIN held AS h ON h.id = l.held
            WHERE l.occurrence = o.id AND h.kind = 'test'),
        m.text
    FROM latest AS n
    JOIN occurrences AS o ON o.nodeid = n.nodeid AND o.run = n.run
    JOIN patterns AS p ON p.id = o.pattern
    JOIN occurrence_codes AS c ON c.id = o.code
    JOIN runs AS r ON r.id = o.run
    JOIN occurrence_texts AS m ON m.id = o.message_id
    LEFT JOIN occurrence_texts AS s ON s.id = o.statement_id
    WHERE n.number = 1 AND o.flaky = 0 AND o.scope IN ('generated', 'other')
    ORDER BY o.id"""

_HEALING = """
    INSERT INTO healings (pattern, occurrence, fix, verdict, reason, nodeid, unit, red_hash, green_hash, red_commit,
                          green_commit, way, time)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (pattern, nodeid, unit, red_hash, green_hash) DO UPDATE SET
        occurrence = excluded.occurrence, fix = excluded.fix, verdict = excluded.verdict, reason = excluded.reason,
        red_commit = excluded.red_commit, green_commit = excluded.green_commit, way = excluded.way, time = excluded.time
    WHERE excluded.verdict = 'fix' AND (verdict <> 'fix' OR excluded.time < time)"""
_HEALED = (
    "h.occurrence, p.fingerprint, h.nodeid, h.unit, h.verdict, h.reason, h.time, h.red_hash, h.green_hash, "
    "h.red_commit, h.green_commit, h.way, h.fix"
)
_SCANS = (PREFIX, f"{PREFIX[:-1]};")
"""From the first id that a scan can give to before the one behind the last: `;` follows `:`."""
_FIXED = "id, fingerprint, digest, bad, good, signature, imports, difference, verified, first_seen, last_seen"


class SqliteFixes:
    """`ports.Fixes` in that file. Made by `SqliteStore.fixes`, whose `close` lets go of the file for both.

    `clock` dates what becomes of patterns.
    """

    def __init__(self, file: DatabaseFile, *, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    def red_tests(self) -> Sequence[str]:
        """The tests that failed when they were last seen."""
        return self._file.ask(_red_tests, [])

    def red_scans(self) -> Sequence[str]:
        """What scans found, by the ids of `domain.flaw`, and no later one found mended."""
        return self._file.ask(_red_scans, [])

    def never_green(self, nodeids: Collection[str]) -> Sequence[str]:
        """Those of these tests that are not known to have been green, in their order."""
        asked = {nodeid: storable(nodeid) for nodeid in nodeids}
        statement = "SELECT nodeid FROM tests WHERE green IS NOT NULL AND nodeid IN ({})"
        nothing: set[str] = set()
        known = self._file.ask(
            lambda connection: {row[0] for row in in_chunks(connection, statement, [*asked.values()])}, nothing
        )
        return [nodeid for nodeid, stored in asked.items() if stored not in known]

    def reds(self, nodeids: Collection[str]) -> Sequence[Red]:
        """What the last failing run of each of these tests was laid on; flaky failures are none."""
        asked = [storable(nodeid) for nodeid in sorted(nodeids)]
        return self._file.ask(lambda connection: [*_reds(connection, asked)], [])

    def note(
        self, *, time: datetime, green: Collection[str] = (), healed: Collection[str] = (), healings: Sequence[Healing]
    ) -> Sequence[Fix]:
        """Write that tests were green at `time`, and what became of red occurrences; the fixes as they stand now.

        Raises:
            StoreError: the store cannot be written; nothing was.
        """

        def change(db: Database) -> list[Fix]:
            moment, now = timestamp(time), self._clock()
            names = [storable(nodeid) for nodeid in green]
            # The first time counts, whichever run is written first.
            db.conn.executemany(
                """INSERT INTO tests (nodeid, green) VALUES (?, ?) ON CONFLICT (nodeid) DO UPDATE
                   SET green = excluded.green WHERE green IS NULL OR excluded.green < green""",
                [(name, moment) for name in names],
            )
            db.conn.executemany(
                "UPDATE tests SET red = NULL WHERE nodeid = ? AND red <= ?",
                [(storable(nodeid), moment) for nodeid in healed],
            )
            if names:
                evolving.greened(db, names, time, now)
            return self._heal(db, healings, now) if healings else []

        return self._file.write(change)

    def _heal(self, db: Database, healings: Sequence[Healing], now: datetime) -> list[Fix]:
        prints = {one.fingerprint: storable(one.fingerprint) for one in healings}
        found = in_chunks(db.conn, "SELECT fingerprint, id FROM patterns WHERE fingerprint IN ({})", [*prints.values()])
        patterns: dict[str, int] = dict(found)
        texts = Texts(db)
        texts.add(text for one in healings if one.fix is not None for text in (one.fix.bad, one.fix.good))
        touched: set[int] = set()
        rows: dict[int, None] = {}
        for one in healings:
            pattern = patterns.get(prints[one.fingerprint])
            if pattern is None:
                continue
            fix = _add_fix(db, pattern, one.fix, texts) if one.fix is not None else None
            db.execute(_HEALING, _values(pattern, fix, one))
            touched.add(pattern)
            if fix is not None:
                rows[fix] = None
        for pattern in sorted(touched):
            tell_pattern(db, pattern)
        evolving.evolve(db, touched, now)
        moved(db)
        known = dict(_fixes(db.conn, None, of=sorted(touched)))
        return [known[row] for row in rows if row in known]

    def fixes(self, fingerprint: str | None = None) -> Sequence[Fix]:
        """Fixes, of one pattern with those merged into it or of all, most often verified and then latest first."""
        return self._file.ask(lambda connection: _in_order(dict(_fixes(connection, fingerprint)).values()), [])

    def healings(self, fingerprint: str | None = None) -> Sequence[Healing]:
        """What became of red occurrences, oldest first."""
        return self._file.ask(lambda connection: _healings(connection, fingerprint), [])


def _red_tests(connection: sqlite3.Connection) -> list[str]:
    statement = "SELECT nodeid FROM tests WHERE red IS NOT NULL AND NOT (nodeid >= ? AND nodeid < ?) ORDER BY nodeid"
    return [row[0] for row in connection.execute(statement, _SCANS)]


def _red_scans(connection: sqlite3.Connection) -> list[str]:
    statement = "SELECT nodeid FROM tests WHERE red IS NOT NULL AND nodeid >= ? AND nodeid < ? ORDER BY nodeid"
    return [row[0] for row in connection.execute(statement, _SCANS)]


def reds_in(connection: sqlite3.Connection, failed: Mapping[str, str]) -> list[Red]:
    """What these tests were laid on in these runs, both as the store names them."""
    statement = _OF_RUN + _RED
    found = (row for nodeid, run in failed.items() for row in in_chunks(connection, statement, [run], nodeid))
    return [*_as_reds(connection, found)]


def _reds(connection: sqlite3.Connection, nodeids: Sequence[str]) -> Iterable[Red]:
    return _as_reds(connection, in_chunks(connection, _LATEST + _RED, nodeids))


def _as_reds(connection: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> Iterable[Red]:
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        key = (row[1], row[2], row[5])
        if key in seen:  # two failures of one test laid on the same code
            continue
        seen.add(key)
        test = (None, None, None)
        if row[13] is not None:
            test = connection.execute("SELECT path, qualname, text FROM held WHERE id = ?", (row[13],)).fetchone()
        yield Red(
            occurrence=row[0],
            fingerprint=row[1],
            nodeid=row[2],
            path=row[3] or "",
            qualname=row[11] if row[11] is not None else row[4] or "",
            unit=row[5],
            unit_hash=row[6],
            line=row[7],
            statement=row[8],
            text=row[12],
            test_path=test[0],
            test_qualname=test[1],
            test_text=test[2],
            commit=row[9],
            time=datetime.fromisoformat(row[10]),
            message=row[14],
        )


def _add_fix(db: Database, pattern: int, fix: Fix, texts: Texts) -> int:
    # What does not make it another fix is the same whichever healing is written first.
    db.execute(
        """INSERT INTO fixes (pattern, digest, bad_id, good_id, signature, imports, difference)
           VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (pattern, digest) DO UPDATE SET signature = min(signature, excluded.signature),
               imports = min(imports, excluded.imports), difference = min(difference, excluded.difference)""",
        (
            pattern,
            storable(fix.digest),
            texts[fix.bad],
            texts[fix.good],
            storable(fix.signature),
            json.dumps([storable(one) for one in fix.imports], separators=(",", ":")),
            storable(fix.difference),
        ),
    )
    row = db.execute("SELECT id FROM fixes WHERE pattern = ? AND digest = ?", (pattern, storable(fix.digest)))
    return int(row.fetchone()[0])


def _values(pattern: int, fix: int | None, one: Healing) -> tuple[Any, ...]:
    return (
        pattern,
        one.occurrence,
        fix,
        one.verdict,
        storable(one.reason),
        storable(one.nodeid),
        storable(one.unit),
        storable(one.red_hash),
        storable(one.green_hash),
        None if one.red_commit is None else storable(one.red_commit),
        None if one.green_commit is None else storable(one.green_commit),
        one.way,
        timestamp(one.time),
    )


def tell_pattern(db: Database, pattern: int) -> None:
    """A pattern shows its best fix, and is fixed where that was verified since it was last seen."""
    best = db.execute(
        """SELECT good, last_seen FROM fix_rows WHERE pattern = ? AND verified > 0
           ORDER BY verified DESC, last_seen DESC, digest DESC LIMIT 1""",
        (pattern,),
    ).fetchone()
    if best is not None:
        db.execute(
            """UPDATE patterns SET good = ?, fix_applied = (
                   SELECT max(time) >= patterns.last_seen FROM healings WHERE pattern = patterns.id AND verdict = 'fix')
               WHERE id = ?""",
            (best[0], pattern),
        )


def _fixes(
    connection: sqlite3.Connection, fingerprint: str | None, *, of: Sequence[int] | None = None
) -> list[tuple[int, Fix]]:
    """Fixes by their rows. Of one pattern with those merged into it: equal ones are one then, which both rows mean.

    `of` are the rows of patterns, where only theirs are wanted.
    """
    names = [] if fingerprint is None else families.fingerprints(connection, storable(fingerprint))
    where = f"AND fingerprint IN ({', '.join('?' * len(names))})" if names else ""
    asked = f"SELECT {_FIXED} FROM fix_rows WHERE verified > 0 {where}"
    if of is None:
        rows = connection.execute(asked, names).fetchall()
    else:
        rows = [row for pattern in of for row in connection.execute(f"{asked} AND pattern = ?", (*names, pattern))]
    goods: dict[tuple[str, str], set[str]] = {}
    found: dict[tuple[str, str], Fix] = {}
    keys: list[tuple[int, tuple[str, str]]] = []
    for row in rows:
        fix = _read_fix(row[1:], fingerprint)
        key = (fix.fingerprint, fix.digest)
        found[key] = _together(found[key], fix) if key in found else fix
        goods.setdefault((fix.fingerprint, digest(fix.bad, "")), set()).add(digest("", fix.good))
        keys.append((row[0], key))
    for key, fix in found.items():
        found[key] = replace(fix, conflicting=len(goods[fix.fingerprint, digest(fix.bad, "")]) > 1)
    return [(row, found[key]) for row, key in keys]


def _read_fix(row: Sequence[Any], root: str | None) -> Fix:
    return Fix(
        fingerprint=row[0] if root is None else root,
        digest=row[1],
        bad=row[2],
        good=row[3],
        signature=row[4],
        imports=tuple(json.loads(row[5])),
        difference=row[6],
        verified=row[7],
        first_seen=datetime.fromisoformat(row[8]),
        last_seen=datetime.fromisoformat(row[9]),
    )


def _together(one: Fix, other: Fix) -> Fix:
    """The same fix of two patterns that were merged."""
    seen = [time for fix in (one, other) for time in (fix.first_seen, fix.last_seen) if time is not None]
    return replace(one, verified=one.verified + other.verified, first_seen=min(seen), last_seen=max(seen))


def _in_order(fixes: Iterable[Fix]) -> list[Fix]:
    once = {(fix.fingerprint, fix.digest): fix for fix in fixes}
    return sorted(once.values(), key=lambda fix: (fix.verified, fix.last_seen, fix.digest), reverse=True)


def _healings(connection: sqlite3.Connection, fingerprint: str | None) -> list[Healing]:
    names = [] if fingerprint is None else families.fingerprints(connection, storable(fingerprint))
    where = f"WHERE p.fingerprint IN ({', '.join('?' * len(names))})" if names else ""
    rows = connection.execute(
        f"SELECT {_HEALED} FROM healings AS h JOIN patterns AS p ON p.id = h.pattern {where} ORDER BY h.time, h.id",
        names,
    ).fetchall()
    fixes = dict(_fixes(connection, fingerprint)) if any(row[12] is not None for row in rows) else {}
    return [
        Healing(
            occurrence=row[0],
            fingerprint=row[1],
            nodeid=row[2],
            unit=row[3],
            verdict=row[4],
            reason=row[5],
            time=datetime.fromisoformat(row[6]),
            red_hash=row[7],
            green_hash=row[8],
            red_commit=row[9],
            green_commit=row[10],
            way=row[11],
            fix=fixes.get(row[12]),
        )
        for row in rows
    ]
