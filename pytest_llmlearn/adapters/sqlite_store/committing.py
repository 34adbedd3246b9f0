"""The committed lessons in the database file, and how often earlier runs saw a mistake.

A lesson of the file has a row among the patterns, for then it is found as they are: by words, names and meaning. It
counts nothing there until it is seen here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store import families, rows
from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, optional, storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.adapters.sqlite_store.generation_rows import remembered
from pytest_llmlearn.app.ports import Clock
from pytest_llmlearn.domain import committed, words
from pytest_llmlearn.domain.committed import Committed
from pytest_llmlearn.domain.pattern import Pattern

if TYPE_CHECKING:
    from sqlite_utils import Database

STAMP = "lessons.file"
"""The word under which it is remembered which file was taken in last."""
_WORDS = 160
_FOUND = """
    SELECT root.fingerprint, r.run_id, r.state, c.unit, c.unit_hash
    FROM patterns AS root
    JOIN patterns AS m ON m.id = root.id OR m.merged_into = root.id
    JOIN occurrences AS o ON o.pattern = m.id
    JOIN runs AS r ON r.id = o.run
    JOIN occurrence_codes AS c ON c.id = o.code
    WHERE r.run_id <> ? AND NOT EXISTS (SELECT 1 FROM runs AS n WHERE n.run_id = ? AND n.started <= r.started)
        AND o.scope IN ('generated', 'other') AND o.flaky = 0 AND root.fingerprint IN ({})"""
_ALONE = _FOUND.replace("m.id = root.id OR m.merged_into = root.id", "m.id = root.id")
"""The same where nothing was merged: a join by OR reads all patterns."""


class SqliteCommitted:
    """`ports.CommittedRows` in that file; `clock` dates what becomes of patterns.

    Made by `SqliteStore.committed`, whose `close` lets go of the file for both.
    """

    def __init__(self, file: DatabaseFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    @property
    def exists(self) -> bool:
        """Whether there is a store."""
        return self._file.exists

    def stamp(self) -> str:
        """The stamp of the file that was taken in last; "" for none."""
        return self._file.ask(lambda connection: remembered(connection, STAMP), None) or ""

    def take_in(self, lessons: Sequence[Committed], stamp: str) -> None:
        """Have these stand in the store as committed, and no others."""
        self._file.write(lambda db: _Taking(db, self._clock).take_in(lessons, stamp))

    def lines(self, fingerprints: Collection[str]) -> Mapping[str, Committed]:
        """Those of these that are committed."""
        asked = [storable(one) for one in dict.fromkeys(fingerprints)]
        nothing: dict[str, Committed] = {}
        return self._file.ask(lambda connection: lines(connection, asked), nothing) if asked else nothing

    def states(self, fingerprints: Collection[str], before: str | None = None) -> Mapping[str, Collection[str]]:
        """In which states of the code each of these was seen, in runs that began before that one."""
        asked = [storable(one) for one in dict.fromkeys(fingerprints)]
        nothing: dict[str, frozenset[str]] = {}
        return self._file.ask(lambda connection: _states(connection, asked, before), nothing) if asked else nothing

    def patterns(self, fingerprints: Collection[str]) -> Mapping[str, Pattern]:
        """The patterns of these fingerprints, for a merged one that which it was merged into."""
        asked = {storable(one): one for one in fingerprints}

        def found(connection: sqlite3.Connection) -> dict[str, Pattern]:
            statement = "SELECT fingerprint, coalesce(merged_into, id) FROM patterns WHERE fingerprint IN ({})"
            roots = dict(in_chunks(connection, statement, list(asked)))
            known = {row: pattern for row, pattern, _ in rows.by_id(connection, list(set(roots.values())))}
            return {asked[name]: known[root] for name, root in roots.items() if root in known}

        return self._file.ask(found, {})

    def lasting(self) -> Sequence[Pattern]:
        """Patterns that are active or enforced and not merged into another, archived ones too."""
        every: list[Pattern] = self._file.ask(lambda connection: rows.patterns(connection, None, None), [])
        return [one for one in every if one.state in committed.STANDINGS]

    def dropped(self) -> frozenset[str]:
        """Fingerprints that are known here and are not to be committed."""
        statement = "SELECT fingerprint FROM patterns WHERE state IN ('muted', 'retired') OR merged_into IS NOT NULL"
        nothing: frozenset[str] = frozenset()
        return self._file.ask(lambda connection: frozenset(row[0] for row in connection.execute(statement)), nothing)


def lines(connection: sqlite3.Connection, fingerprints: Sequence[str]) -> dict[str, Committed]:
    """The committed lessons among these fingerprints."""
    statement = """SELECT p.fingerprint, l.line FROM committed_lessons AS l JOIN patterns AS p ON p.id = l.pattern
                   WHERE p.fingerprint IN ({})"""
    return {name: committed.read(line) for name, line in in_chunks(connection, statement, fingerprints)}


def _states(
    connection: sqlite3.Connection, fingerprints: Sequence[str], before: str | None
) -> dict[str, frozenset[str]]:
    statement = _FOUND if families.any_merged(connection) else _ALONE
    own = storable(before or "")
    found: dict[str, dict[str, tuple[str | None, set[str]]]] = {}
    for name, run, state, unit, code in in_chunks(connection, statement, fingerprints, own, own):
        found.setdefault(name, {}).setdefault(run, (state, set()))[1].add(f"{unit}\0{code}")
    return {
        name: frozenset(
            state if state is not None else f"code:{chr(0).join(sorted(codes))}" for state, codes in runs.values()
        )
        for name, runs in found.items()
    }


class _Taking:
    """Takes in a file of lessons, inside one write transaction."""

    def __init__(self, db: Database, clock: Clock) -> None:
        from pytest_llmlearn.adapters.sqlite_store.texts import Texts  # only who writes pays for it

        self._db = db
        self._now = clock()
        self._texts = Texts(db)

    def take_in(self, lessons: Sequence[Committed], stamp: str) -> None:
        from pytest_llmlearn.adapters.sqlite_store.erasing import moved
        from pytest_llmlearn.adapters.sqlite_store.evolving import evolve

        before = {
            name: (row, line)
            for name, row, line in self._db.execute(
                "SELECT p.fingerprint, p.id, l.line FROM committed_lessons AS l JOIN patterns AS p ON p.id = l.pattern"
            ).fetchall()
        }
        told = {storable(one.fingerprint): (one, storable(committed.line(one))) for one in lessons}
        changed = [one for name, (one, line) in told.items() if name not in before or before[name][1] != line]
        gone = [row for name, (row, _) in before.items() if name not in told]
        self._texts.add(text for one in changed for text in (one.message, one.bad))
        touched = [self._keep(one, told[storable(one.fingerprint)][1]) for one in changed]
        self._drop(gone)
        self._db.execute("INSERT OR REPLACE INTO remembered_words VALUES (?, ?)", (STAMP, stamp))
        if touched or gone:
            evolve(self._db, [*touched, *gone], self._now)
            moved(self._db)

    def _keep(self, one: Committed, line: str) -> int:
        fingerprint = storable(one.fingerprint)
        known = self._db.execute("SELECT id, raw_count FROM patterns WHERE fingerprint = ?", (fingerprint,)).fetchone()
        # What was seen here speaks for itself.
        row = self._write(one, known[0] if known else None) if known is None or not known[1] else int(known[0])
        self._db.execute(
            "UPDATE patterns SET committed = ?, committed_seen = ?, archived = 0 WHERE id = ?",
            (one.state, one.seen, row),
        )
        self._db.execute("INSERT OR REPLACE INTO committed_lessons VALUES (?, ?)", (row, line))
        self._add_names(row, one)
        return row

    def _write(self, one: Committed, row: int | None) -> int:
        time = timestamp(one.since)
        values = {
            "fingerprint": storable(one.fingerprint),
            "symbol_key": storable(one.symbol_key),
            "rule_id": storable(one.rule_id),
            "category": one.category,
            "severity": one.severity,
            "exception": storable(one.exception),
            "message_id": self._texts[one.message],
            "lesson": storable(one.lesson),
            "first_seen": time,
            "last_seen": time,
            "symbols": json.dumps([storable(symbol) for symbol in one.symbols], separators=(",", ":")),
            "path": optional(one.path),
            "unit": storable(one.unit),
            "bad_id": self._texts[one.bad],
            "good": storable(one.fix.good) if one.fix is not None else "",
            "words": storable(" ".join(_words(one))),
            "kin": storable(one.kin),
        }
        if row is None:
            marks = ", ".join("?" * len(values))
            statement = f"INSERT INTO patterns ({', '.join(values)}) VALUES ({marks}) RETURNING id"
            return int(self._db.execute(statement, [*values.values()]).fetchone()[0])
        settings = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE patterns SET {settings} WHERE id = ?", [*values.values(), row])
        return row

    def _add_names(self, row: int, one: Committed) -> None:
        names = {name for symbol in map(storable, one.symbols) for name in (symbol, symbol.rpartition(".")[2]) if name}
        add = self._db.conn.executemany
        add(
            "INSERT OR IGNORE INTO pattern_symbols (symbol, pattern) VALUES (?, ?)",
            [(name, row) for name in sorted(names)],
        )
        add(
            "INSERT OR IGNORE INTO pattern_models (pattern, model, category, count) VALUES (?, ?, ?, 0)",
            [(row, storable(model), one.category) for model in one.models],
        )
        add(
            "INSERT OR IGNORE INTO pattern_contexts (pattern, context, count) VALUES (?, ?, 0)",
            [(row, storable(context)) for context in one.contexts],
        )

    def _unname(self, row: int) -> None:
        (line,) = self._db.execute("SELECT line FROM committed_lessons WHERE pattern = ?", (row,)).fetchone()
        self._db.conn.executemany(
            "DELETE FROM pattern_models WHERE pattern = ? AND model = ? AND count = 0",
            [(row, storable(model)) for model in committed.read(line).models],
        )

    def _drop(self, gone: Iterable[int]) -> None:
        """These stand in the file no more; what was never seen here, and nobody said a word of, goes with it."""
        for row in gone:
            self._unname(row)
            self._db.execute("DELETE FROM committed_lessons WHERE pattern = ?", (row,))
            self._db.execute("UPDATE patterns SET committed = NULL, committed_seen = 0 WHERE id = ?", (row,))
            self._db.execute(
                """DELETE FROM patterns WHERE id = ?1 AND raw_count = 0 AND word IS NULL AND merged_into IS NULL
                       AND NOT EXISTS (SELECT 1 FROM lesson_versions WHERE pattern = ?1)
                       AND NOT EXISTS (SELECT 1 FROM patterns AS c WHERE c.merged_into = ?1)
                       AND NOT EXISTS (SELECT 1 FROM exposures WHERE pattern = ?1)""",
                (row,),
            )


def _words(one: Committed) -> list[str]:
    """The stemmed words by which the lesson is found, most telling first."""
    own = [text for _, text in one.words]
    told = (one.rule_id.replace(".", " "), *one.symbols, one.unit, one.message, one.bad, *own)
    return list(dict.fromkeys(word for text in told for word in words.words(text)))[:_WORDS]
