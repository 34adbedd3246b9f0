"""What was found out about who wrote a file, kept in a small SQLite file of its own.

A cache, never the truth: it may be deleted at any time, and whatever is damaged, locked or cannot be written is
forgotten, which costs the time to find it out again.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from pytest_llmlearn.app.ports import Clock, Remembered
from pytest_llmlearn.domain.provenance import FileProvenance, Provenance
from pytest_llmlearn.domain.rollup import Counts, RollUp
from pytest_llmlearn.domain.tally import FileTally, ModelCounts, Tally
from pytest_llmlearn.errors import StoreUnavailable

SCHEMA = 2
KEPT_DAYS = 90
"""How long a file that is not asked for is remembered."""
KEPT_ROWS = 20_000
KEPT_STANDINGS = 4
"""At how many standings one file is remembered: the latest."""
BUSY_SECONDS = 1.0
_TABLE = (
    "CREATE TABLE files (path TEXT NOT NULL, digest TEXT NOT NULL, head TEXT NOT NULL, standing TEXT NOT NULL,"
    " lines TEXT NOT NULL, tally TEXT, asked INTEGER NOT NULL, PRIMARY KEY (path, standing))"
)
# `json_each` has a column `path` of its own.
_ROWS = (
    "SELECT files.path, digest, head, standing, lines, tally, asked, files.rowid FROM json_each(?)"
    " CROSS JOIN files ON files.path = key AND standing = value"
)
_OLDER = (
    "DELETE FROM files WHERE path = ?1"
    " AND rowid NOT IN (SELECT rowid FROM files WHERE path = ?1 ORDER BY rowid DESC LIMIT ?2)"
)
_BEYOND = "DELETE FROM files WHERE rowid IN (SELECT rowid FROM files ORDER BY asked DESC, rowid DESC LIMIT -1 OFFSET ?)"
_PRIVATE = 0o600
# A rollback journal and a file beside it, which SQLite would take for a new database's.
_BESIDE = ("-journal", "-wal", "-shm")

log = logging.getLogger(__name__)

T = TypeVar("T")


class SqliteProvenanceCache:
    """`ports.ProvenanceCache` in the file `path`, whose folder `make` makes. Safe to share between threads.

    Many processes may use one file; a writer is waited for, for `BUSY_SECONDS` at most. `clock` tells which files
    nobody asked for in a long time.
    """

    def __init__(self, path: Path, make: Callable[[], None], *, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._make = make
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._waiting: dict[str, Remembered] = {}
        self._purged = False
        self._lock = threading.RLock()

    def get(self, standings: Mapping[str, str]) -> Mapping[str, Remembered]:
        """What is remembered of those of the files, by path, found at these standings; one query, however many."""

        def ask(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            wanted = {path: standing for path, standing in standings.items() if _is_text(path)}
            rows = connection.execute(_ROWS, (json.dumps(wanted, ensure_ascii=False),)).fetchall()
            stale = [row[7] for row in rows if row[6] < self._today]
            if stale:
                self._touch(connection, stale)
            return rows

        with self._lock:
            rows = self._guarded(ask, "read") if standings and _is_there(self._path) else None
        found: dict[str, Remembered] = {}
        for row in rows or ():
            try:
                found[row[0]] = _remembered(*row[1:6])
            except (ValueError, TypeError, LookupError, AttributeError):
                log.info("what %s remembers of %s is damaged", self._path, row[0])
        return found

    def put(self, found: Mapping[str, Remembered], *, make: bool = False) -> None:
        """Remember these. Where there is no folder yet, and none is made, they wait for `close`."""
        with self._lock:
            # A name in bytes that are no text cannot be a key.
            self._waiting.update((path, one) for path, one in found.items() if _is_text(path))
            if make or _is_there(self._path.parent):
                self._write()

    def clear(self) -> None:
        """Erase all that is remembered, by erasing the file.

        Raises:
            StoreUnavailable: it cannot be erased.
        """
        with self._lock:
            self._waiting.clear()
            self._disconnect()
            try:
                self._remove()
            except OSError as error:
                raise StoreUnavailable(str(self._path), error.strerror or str(error)) from error

    def trim(self) -> int:
        """Forget the files that nobody asked for in long, and those beyond `KEPT_ROWS`; how many."""

        def change(connection: sqlite3.Connection) -> int:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                before = connection.total_changes
                self._purge(connection)
                return connection.total_changes - before

        with self._lock:
            return (self._guarded(change, "trimmed") or 0) if self._path.exists() else 0

    def close(self) -> None:
        """Write what waits, if there is a folder by now, and let go of the file."""
        with self._lock:
            if self._waiting and _is_there(self._path.parent):
                self._write()
            self._waiting.clear()
            self._disconnect()

    @property
    def _today(self) -> int:
        return int(self._clock().timestamp() // 86_400)

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, {}
        today = self._today
        rows = [(path, *_row(one), today) for path, one in waiting.items()]

        def change(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
                connection.executemany(_OLDER, ((path, KEPT_STANDINGS) for path in waiting))
                if not self._purged:
                    self._purge(connection)
                    self._purged = True

        self._guarded(change, "written")

    def _touch(self, connection: sqlite3.Connection, rows: Sequence[int]) -> None:
        """Asked for today. A file that may only be read, or that another process writes, keeps its older day."""
        try:
            with connection:
                connection.execute(
                    "UPDATE files SET asked = ? WHERE rowid IN (SELECT value FROM json_each(?))",
                    (self._today, json.dumps(rows)),
                )
        except sqlite3.OperationalError as error:
            log.info("%s keeps the day it was last asked: %s", self._path, error)

    def _purge(self, connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM files WHERE asked < ?", (self._today - KEPT_DAYS,))
        connection.execute(_BEYOND, (KEPT_ROWS,))

    def _guarded(self, use: Callable[[sqlite3.Connection], T], what: str) -> T | None:
        """Use the file; None where it cannot be used. A damaged one is erased, for it is found out anew anyway."""
        try:
            return use(self._connected())
        except (sqlite3.Error, OSError, OverflowError, UnicodeError) as error:
            log.info("%s could not be %s and is done without: %s", self._path, what, error)
            self._disconnect()
            # sqlite3 has classes of its own for a lock, a full disk or a missing right; damage has none.
            if type(error) is sqlite3.DatabaseError or "no such" in str(error):
                try:
                    self._remove()
                except OSError:  # it is done without, as before
                    log.info("%s is damaged and could not be erased", self._path, exc_info=True)
            return None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        if not self._path.exists():
            if not self._path.parent.is_dir():
                self._make()
            # SQLite gives its journal the same mode.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, _PRIVATE))
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            # A crash of the machine may damage a cache: waiting for the disk costs more than finding out again.
            connection.execute("PRAGMA synchronous = OFF")
            if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                _lay_out(connection)
        except BaseException:  # raised again: the connection alone would be left behind
            connection.close()
            raise
        self._connection = connection
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _remove(self) -> None:
        for ending in ("", *_BESIDE):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)


def _lay_out(connection: sqlite3.Connection) -> None:
    """An empty table in a new file, or in one of another version."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:  # another process may have been faster
            connection.execute("DROP TABLE IF EXISTS files")
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")
    except BaseException:  # raised again: half a table must not stay, whatever interrupted it
        connection.execute("ROLLBACK")
        raise


def _is_there(path: Path) -> bool:
    """Whether it can be seen: the private folder of another user's checkout hides what is in it."""
    try:
        return path.exists()
    except OSError:
        return False


def _is_text(path: str) -> bool:
    return path.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in path)


def _row(one: Remembered) -> tuple[str, str, str, str, str | None]:
    """The columns: lines as the distinct answers, and then runs of them: which, how many, which, how many."""
    distinct: dict[Provenance, int] = {}
    runs: list[int] = []
    for line, group in groupby(one.provenance.lines):
        runs += (distinct.setdefault(line, len(distinct)), sum(1 for _ in group))
    answers = [[line.type, line.model, line.tool, line.confidence, line.evidence] for line in distinct]
    return one.digest, one.commit, one.standing, _compact([answers, runs]), _written_tally(one.tally)


def _remembered(digest: str, commit: str, standing: str, lines: str, tally: str | None) -> Remembered:
    answers, runs = json.loads(lines)
    distinct = [
        Provenance(type=_TYPES[kind], model=model, tool=tool, confidence=float(confidence), evidence=str(evidence))
        for kind, model, tool, confidence, evidence in answers
    ]
    expanded: list[Provenance] = []
    for which, count in zip(runs[::2], runs[1::2], strict=True):
        expanded += [distinct[which]] * count
    return Remembered(
        digest=digest,
        commit=commit,
        standing=standing,
        provenance=FileProvenance(lines=tuple(expanded)),
        tally=_read_tally(tally) if tally is not None else None,
    )


_TYPES: Mapping[str, Any] = {kind: kind for kind in ("human", "ai", "mixed", "unknown")}


def _written_tally(counted: FileTally | None) -> str | None:
    if counted is None:
        return None
    of, rolled = counted.tally, counted.rolled
    return _compact(
        [
            counted.in_tests,
            [_four(of.files), _four(of.lines), _four(of.functions)],
            [[name, model.lines, model.functions, model.files] for name, model in of.models],
            [rolled.type, rolled.confidence, _four(rolled.lines), rolled.models],
        ]
    )


def _read_tally(written: str) -> FileTally:
    in_tests, (files, lines, functions), models, (kind, confidence, rolled_lines, rolled_models) = json.loads(written)
    return FileTally(
        in_tests=bool(in_tests),
        tally=Tally(
            files=_counts(files),
            lines=_counts(lines),
            functions=_counts(functions),
            models=tuple(
                (str(name), ModelCounts(lines=int(own), functions=int(functions_), files=int(files_)))
                for name, own, functions_, files_ in models
            ),
        ),
        rolled=RollUp(
            type=_TYPES[kind],
            confidence=float(confidence),
            lines=_counts(rolled_lines),
            models=tuple((str(name), int(own)) for name, own in rolled_models),
        ),
    )


def _four(counts: Counts) -> list[int]:
    return [counts.human, counts.ai, counts.mixed, counts.unknown]


def _counts(four: Sequence[int]) -> Counts:
    human, ai, mixed, unknown = (int(number) for number in four)
    return Counts(human=human, ai=ai, mixed=mixed, unknown=unknown)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
