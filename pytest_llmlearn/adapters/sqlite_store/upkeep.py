"""The port of upkeep over the database file that it shares with the store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store import erasing, folder
from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.adapters.sqlite_store.evolving import evolve
from pytest_llmlearn.adapters.sqlite_store.generation_rows import remembered
from pytest_llmlearn.app.ports import Clock
from pytest_llmlearn.app.ports.upkeep import Aging, Erased, Subject
from pytest_llmlearn.errors import UnknownPattern

if TYPE_CHECKING:
    from sqlite_utils import Database

    from pytest_llmlearn.domain.audit import Stock

MAINTAINED = "maintain.last"
"""The word under which it is remembered when the store was maintained last."""
_PIECES = 8
"""Segments of the full-text index from which on they are made one: a question looks into each."""
_SUBJECT = """
    SELECT id, fingerprint, rule_id, symbols, last_seen, state, CASE WHEN state <> 'retired' THEN retired_because END
    FROM patterns WHERE merged_into IS NULL AND archived = 0"""


class SqliteUpkeep:
    """`ports.Upkeep` in that file; `clock` dates what is done.

    Made by `SqliteStore.upkeep`, whose `close` lets go of the file for both.
    """

    def __init__(self, file: DatabaseFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    @property
    def exists(self) -> bool:
        """Whether there is anything to keep in order."""
        return self._file.exists

    def aging(self, before: datetime) -> Sequence[Aging]:
        """Patterns last seen before that, which are neither archived, merged, enforced nor committed."""

        def found(connection: sqlite3.Connection) -> list[Aging]:
            rows = connection.execute(
                """SELECT p.fingerprint, max(p.last_seen, coalesce(max(c.last_seen), '')), p.renewed
                   FROM patterns AS p LEFT JOIN patterns AS c ON c.merged_into = p.id AND c.frequency > 0
                   WHERE p.archived = 0 AND p.merged_into IS NULL AND p.state <> 'enforced'
                       AND p.committed IS NULL AND p.last_seen <= ?1
                   GROUP BY p.id ORDER BY p.id""",
                (timestamp(before),),
            )
            return [
                Aging(fingerprint=name, last_seen=datetime.fromisoformat(seen), renewed=_moment(renewed))
                for name, seen, renewed in rows
            ]

        return self._file.ask(found, [])

    def archive(self, fingerprints: Sequence[str]) -> int:
        """Put these away; how many were not yet."""
        return self._each("UPDATE patterns SET archived = 1 WHERE fingerprint = ? AND archived = 0", fingerprints)

    def restore(self, fingerprint: str) -> None:
        """Take one back, archived or retired: as good as a sign of life.

        Raises:
            UnknownPattern: there is none with exactly this fingerprint.
        """

        def change(db: Database) -> None:
            row = _row(db, fingerprint)
            retired = _moment(db.execute("SELECT retired FROM patterns WHERE id = ?", (row,)).fetchone()[0])
            now = self._clock()
            # A sign of life is one only after it was retired, even where both come within one tick of the clock.
            renewed = now if retired is None else max(now, retired + timedelta(microseconds=1))
            db.execute("UPDATE patterns SET archived = 0, renewed = ? WHERE id = ?", (timestamp(renewed), row))
            evolve(db, [row], now)
            erasing.moved(db)

        self._change(fingerprint, change)

    def subjects(
        self, fingerprints: Sequence[str] | None = None, *, placed: datetime | None = None
    ) -> Sequence[Subject]:
        """Of these patterns, or of all that could be shown.

        Where `placed` is given, places are told only of those that were seen last at that time or before.
        """

        def found(connection: sqlite3.Connection) -> list[Subject]:
            if fingerprints is None:
                rows = connection.execute(f"{_SUBJECT} AND state IN ('candidate', 'active')").fetchall()
            else:
                asked = [storable(one) for one in fingerprints]
                rows = list(in_chunks(connection, f"{_SUBJECT} AND fingerprint IN ({{}})", asked))
            ids = [row[0] for row in rows]
            contexts = _grouped(connection, "SELECT pattern, context FROM pattern_contexts WHERE pattern IN ({})", ids)
            places = _grouped(
                connection,
                """WITH asked AS (SELECT id FROM patterns WHERE id IN ({})),
                   family AS (
                       SELECT id AS root, id AS own FROM asked
                       UNION ALL SELECT p.merged_into, p.id FROM asked AS a
                       CROSS JOIN patterns AS p ON p.merged_into = a.id AND p.merged_into IS NOT NULL)
                   SELECT DISTINCT f.root, o.path, c.unit, o.chosen_by = 'handed-in'
                   FROM family AS f
                   CROSS JOIN occurrence_codes AS c ON c.pattern = f.own AND c.counted = 1
                   -- One for each code: a test that fails every day repeats its place.
                   CROSS JOIN occurrences AS o ON o.id = (SELECT min(id) FROM occurrences WHERE code = c.id)""",
                [row[0] for row in rows if placed is None or datetime.fromisoformat(row[4]) <= placed],
            )
            return [
                Subject(
                    fingerprint=name,
                    rule_id=rule_id,
                    symbols=tuple(json.loads(symbols)),
                    contexts=tuple(row[0] for row in contexts.get(identifier, ())),
                    last_seen=datetime.fromisoformat(seen),
                    state=state,
                    places=tuple((row[0], row[1]) for row in places.get(identifier, ())),
                    handed_in=any(row[2] for row in places.get(identifier, ())),
                    renewed_because=because,
                )
                for identifier, name, rule_id, symbols, seen, state, because in rows
            ]

        return self._file.ask(found, [])

    def retire(self, reasons: Mapping[str, str]) -> int:
        """Retire patterns, each for its reason; how many were not yet."""

        def change(db: Database) -> int:
            now = self._clock()
            done = []
            for fingerprint, reason in reasons.items():
                found = db.execute(
                    "SELECT id FROM patterns WHERE fingerprint = ? AND state <> 'retired'", (storable(fingerprint),)
                ).fetchone()
                if found is not None:
                    values = (timestamp(now), storable(reason), found[0])
                    db.execute("UPDATE patterns SET retired = ?, retired_because = ? WHERE id = ?", values)
                    done.append(found[0])
            evolve(db, done, now)
            if done:
                erasing.moved(db)
            return len(done)

        return self._file.write(change) if reasons and self._file.exists else 0

    def forget(self, fingerprint: str) -> Erased:
        """Erase a pattern, and those merged into it, for good: rows, texts nobody else needs, words, free pages.

        Raises:
            UnknownPattern: there is none with exactly this fingerprint.
            StoreUnavailable: another process still reads what was erased; its bytes remain until it is done.
        """

        def change(db: Database) -> tuple[int, int]:
            row = _row(db, fingerprint)
            parent = db.execute("SELECT merged_into FROM patterns WHERE id = ?", (row,)).fetchone()[0]
            family = [one for (one,) in db.execute("SELECT id FROM patterns WHERE id = ?1 OR merged_into = ?1", (row,))]
            counted = sum(
                count
                for (count,) in in_chunks(db.conn, "SELECT count(*) FROM occurrences WHERE pattern IN ({})", family)
            )
            erasing.forget(db, family)
            evolve(db, [parent] if parent is not None else [], self._clock())
            return len(family), counted

        if not self._file.exists:
            raise UnknownPattern(fingerprint)
        patterns, occurrences = self._file.write(change)
        self._file.compact()
        aside = tuple(path.name for path in folder.moved_aside(self._file.path))
        return Erased(patterns=patterns, occurrences=occurrences, moved_aside=aside)

    def merged(self, prefix: str) -> Sequence[str]:
        """Merged patterns whose own fingerprint begins so, or that were merged into exactly this one."""

        def found(connection: sqlite3.Connection) -> list[str]:
            rows = connection.execute(
                """SELECT c.fingerprint FROM patterns AS c JOIN patterns AS p ON p.id = c.merged_into
                    WHERE substr(c.fingerprint, 1, :n) = :prefix OR p.fingerprint = :prefix
                        OR substr(c.fingerprint, instr(c.fingerprint, ':') + 1, :n) = :prefix
                    ORDER BY c.id""",
                {"prefix": storable(prefix), "n": len(storable(prefix))},
            )
            return [name for (name,) in rows]

        return self._file.ask(found, [])

    def alike(self) -> Sequence[tuple[str, Sequence[str]]]:
        """Groups of patterns that may be one, the first seen first, each with why: `symbol` or `fix`."""
        from pytest_llmlearn.adapters.sqlite_store import measuring  # only who measures pays for it, here and below

        return self._file.ask(measuring.alike, [])

    def private_texts(self, before: datetime | None, *, erase: bool) -> int:
        """How many private texts were last seen red before that, all of them for None; erased if so asked."""
        limit = "9999" if before is None else timestamp(before)
        count = self._count("SELECT count(*) FROM held WHERE added < ?", limit)
        if count and erase:
            self._file.write(lambda db: db.execute("DELETE FROM held WHERE added < ?", (limit,)))
        return count

    def told_before(self, before: datetime, *, erase: bool) -> int:
        """How many records older than that still hold texts or names; erased if so asked, their counts stay."""
        from pytest_llmlearn.adapters.sqlite_store import measuring

        count = self._file.ask(lambda connection: measuring.told_before(connection, timestamp(before)), 0)
        if count and erase:
            self._file.write(lambda db: erasing.silence(db, before))
        return count

    def unanswered(self, before: datetime) -> int:
        """How many exposures older than that were never judged."""
        return self._count("SELECT count(*) FROM exposures WHERE outcome IS NULL AND time < ?", timestamp(before))

    def unmerged(self, *, merge: bool) -> bool:
        """Whether a full-text index lies in pieces; if so asked they are made one."""
        lie = [
            name
            for name in erasing.INDEXES
            if self._count(f"SELECT count(DISTINCT segid) > ? FROM {name}_idx", _PIECES)
        ]
        if lie and merge:
            self._file.write(
                lambda db: [db.execute(f"INSERT INTO {name} ({name}) VALUES ('optimize')") for name in lie]
            )
        return bool(lie)

    def free_share(self) -> float:
        """Pages of the file that are free, 0 to 1."""

        def share(connection: sqlite3.Connection) -> float:
            free, pages = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count")
            )
            return float(free / pages) if pages else 0.0

        return self._file.ask(share, 0.0)

    def compact(self) -> None:
        """Give free pages back.

        Raises:
            StoreUnavailable: another process still reads them.
        """
        if self._file.exists:
            self._file.compact()

    def maintained(self) -> datetime | None:
        """When it was maintained last; before the first time, when its first run began."""

        def found(connection: sqlite3.Connection) -> datetime | None:
            last = _moment(remembered(connection, MAINTAINED))
            return last or _moment(connection.execute("SELECT min(started) FROM runs").fetchone()[0])

        return self._file.ask(found, None)

    def maintain(self) -> None:
        """It was maintained now."""
        values = (MAINTAINED, timestamp(self._clock()))
        if self._file.exists:
            self._file.write(lambda db: db.execute("INSERT OR REPLACE INTO remembered_words VALUES (?, ?)", values))

    def stock(self, since: datetime) -> Stock:
        """What there is to measure; the share of occurrences is that since then."""
        from pytest_llmlearn.adapters.sqlite_store import measuring
        from pytest_llmlearn.domain.audit import Stock

        size = self._file.size
        return self._file.ask(lambda connection: measuring.stock(connection, timestamp(since), size), Stock())

    def texts(self) -> Iterator[tuple[str, str]]:
        """All texts that people or programs wrote, each with its `table.column`; equal ones of a column once."""
        from pytest_llmlearn.adapters.sqlite_store import measuring

        nothing: list[tuple[str, str]] = []
        return iter(self._file.ask(measuring.texts, nothing))

    def _count(self, statement: str, value: str | int) -> int:
        return self._file.ask(lambda connection: int(connection.execute(statement, (value,)).fetchone()[0]), 0)

    def _each(self, statement: str, fingerprints: Sequence[str]) -> int:
        values = [(storable(one),) for one in fingerprints]

        def change(db: Database) -> int:
            count = db.conn.executemany(statement, values).rowcount
            if count:
                erasing.moved(db)
            return count

        return self._file.write(change) if values and self._file.exists else 0

    def _change(self, fingerprint: str, change: Callable[[Database], None]) -> None:
        if not self._file.exists:
            raise UnknownPattern(fingerprint)
        self._file.write(change)


def _row(db: Database, fingerprint: str) -> int:
    found = db.execute("SELECT id FROM patterns WHERE fingerprint = ?", (storable(fingerprint),)).fetchone()
    if found is None:
        raise UnknownPattern(fingerprint)
    row: int = found[0]
    return row


def _moment(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


def _grouped(connection: sqlite3.Connection, statement: str, ids: Sequence[int]) -> dict[int, list[tuple[str, ...]]]:
    found: dict[int, list[tuple[str, ...]]] = {}
    for key, *values in in_chunks(connection, statement, ids):
        found.setdefault(key, []).append(tuple(values))
    return found
