"""The database's file: its connections, its upkeep, and what is done where it is damaged, locked or too new.

Nothing is made by reading; a reader opens the file read-only and never waits for the writer (WAL). A writer changes
all or nothing, and nothing that was damaged is deleted.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import quote

from pytest_llmlearn.adapters import migrations
from pytest_llmlearn.adapters.sqlite_store import folder
from pytest_llmlearn.adapters.sqlite_store.counting import Reader, data_version
from pytest_llmlearn.app.ports import Clock
from pytest_llmlearn.errors import StoreDamaged, StoreTooNew, StoreUnavailable

if TYPE_CHECKING:
    from sqlite_utils import Database

T = TypeVar("T")

# Primary result codes of SQLite, https://www.sqlite.org/rescode.html
_DAMAGED = {11, 26}  # SQLITE_CORRUPT, SQLITE_NOTADB
_READ_ONLY = {8, 14}  # SQLITE_READONLY, SQLITE_CANTOPEN
# SQLITE_PERM, BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL, NOLFS, AUTH
_UNAVAILABLE = {3, 5, 6, 7, 8, 10, 13, 14, 15, 22, 23}
_BUSY = 5
_CACHE = -16_000
"""Kibibytes of pages kept in memory while writing (negative: SQLite's way to say kibibytes)."""
_PRAGMAS = (
    "foreign_keys = ON",
    "recursive_triggers = ON",
    "synchronous = NORMAL",
    "secure_delete = ON",
    f"cache_size = {_CACHE}",
)
_NOTING = 0.02
"""Seconds for which another writer is waited for where a change may be lost."""
_LOGGED = 4_000
"""Pages (16 MB) that the log of writes may have before a note has them moved into the file: that waits for the disk, by
SQLite's own 1,000 with every hundredth answer. Whoever changes more moves them sooner, and whoever is last to leave."""
_PAUSE = 0.02
"""Seconds between two tries where SQLite does not wait by itself."""


class DatabaseFile:
    """The file of the project at `root`. Another writer is waited for, up to `busy_seconds`; threads take turns.

    `notices` are sentences that a person should read.
    """

    def __init__(self, root: Path, *, busy_seconds: float, clock: Clock) -> None:
        self.path = folder.database_path(root)
        self.notices: list[str] = []
        self._root = root
        self._busy_seconds = busy_seconds
        self._clock = clock
        self._lock = threading.RLock()
        self._reading: Reader | None = None
        self._reading_of: tuple[int, int] | None = None
        self._writing: Database | None = None
        self._writing_of: tuple[int, int] | None = None
        self._noting: Reader | None = None
        self._noting_of: tuple[int, int] | None = None
        self._noting_schema: int | None = None
        self._noting_lock = threading.Lock()
        self._suspect = False

    @property
    def exists(self) -> bool:
        with self._translated():
            return folder.identity(self.path) is not None

    @property
    def size(self) -> int:
        """Bytes, the files beside the database included."""
        with self._translated():
            return folder.size(self.path)

    def compact(self) -> None:
        """Give free pages back and empty the log of writes, so that erased bytes are gone.

        Raises:
            StoreUnavailable: another process still reads them.
        """
        with self._lock, self._translated():
            self._close_reading()
            self._vacuum(self._writer())

    def remove_damaged(self) -> None:
        """Delete the damaged files that were moved aside."""
        with self._translated():
            for path in folder.moved_aside(self.path):
                path.unlink()

    def close(self) -> None:
        with self._noting_lock:
            self._close_noting()
        with self._lock:
            self._close_reading()
            self._close_writing()

    # Reading

    def ask(self, question: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        """The answer from one snapshot of the database; `nothing` where there is none, or none that can be read."""
        with self._lock:
            try:
                with self._translated():
                    connection = self._reader()
                    if connection is None:
                        return nothing
                    connection.execute("BEGIN")
                    try:
                        # The snapshot begins with this, so what is remembered belongs to what is read.
                        connection.at(data_version(connection))
                        return question(connection)
                    finally:
                        with suppress(sqlite3.Error):  # whatever the question raised is what counts
                            connection.execute("ROLLBACK")
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._close_reading()
                self._suspect = True
                self._notice(f"{self.path} is damaged and cannot be read ({error}); the next recording moves it aside")
                return nothing

    def _reader(self) -> Reader | None:
        """A read-only connection to the file that is there now, of the schema that this code knows."""
        there = folder.identity(self.path)
        if there is None:
            self._close_reading()
            return None
        if self._reading is not None and there == self._reading_of:
            return self._reading
        self._close_reading()
        connection, number = self._open_to_read()
        if 0 < number < migrations.known():
            # An older version wrote it, and its tables are not those that the questions speak of.
            connection.close()
            self.write(lambda _: None)
            connection, number = self._open_to_read()
        if not number:  # another process is about to make its tables
            connection.close()
            return None
        self._reading, self._reading_of = connection, there
        return connection

    def _open_to_read(self) -> tuple[Reader, int]:
        """A read-only connection and the number of its schema.

        Raises:
            StoreTooNew: a newer version wrote it.
        """
        failed: sqlite3.OperationalError | None = None
        # In WAL mode even a reader must be able to write the lock file, unless SQLite is told that nobody writes.
        for options in ("mode=ro", "mode=ro&immutable=1"):
            connection = self._connect(f"file:{quote(str(self.path.absolute()))}?{options}", uri=True)
            try:
                number, strange = migrations.found(connection)
            except sqlite3.OperationalError as error:
                connection.close()
                if _code(error) not in _READ_ONLY:
                    raise
                failed = error
                continue
            except BaseException:  # raised again: the connection alone would be left behind
                connection.close()
                raise
            if strange or number > migrations.known():
                connection.close()
                found = str(max(number, migrations.known() + len(strange)))
                raise StoreTooNew(str(self.path), found, str(migrations.known()))
            return connection, number
        raise failed if failed is not None else AssertionError("no way to open was tried")

    def _close_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
        self._reading, self._reading_of = None, None

    # Writing

    def note(self, change: Callable[[sqlite3.Connection], object]) -> bool:
        """Make a small change that may be lost, in one transaction; False where it cannot be made at once.

        Nothing is made, repaired or brought up to date for it, no other writer is waited for, and none of what changing
        the file needs otherwise is loaded: it is done on the way to an answer.
        """
        try:
            with self._noting_lock:
                connection = self._noter()
                if connection is None:
                    return False
                try:
                    self._noted(connection, change)
                except BaseException:  # raised again: half a change must not stay open
                    self._close_noting()
                    raise
        except (sqlite3.DatabaseError, OSError) as error:
            # Whoever asks wants the answer: a file that is locked, read-only, full or damaged costs the note alone.
            if isinstance(error, sqlite3.DatabaseError) and not (_code(error) in _UNAVAILABLE or _is_damage(error)):
                raise
            return False
        return True

    def _noter(self) -> Reader | None:
        """A connection for notes to the file that is there now, if it is of the schema that this code knows."""
        there = folder.identity(self.path)
        if there is None or there != self._noting_of:
            self._close_noting()
        if there is None:
            return None
        if self._noting is None:
            self._noting = self._connect(f"file:{quote(str(self.path.absolute()))}?mode=rw", uri=True, wait=_NOTING)
            self._noting.execute("PRAGMA synchronous = NORMAL")
            self._noting.execute(f"PRAGMA wal_autocheckpoint = {_LOGGED}")
            self._noting_of, self._noting_schema = there, None
        schema = self._noting.execute("PRAGMA schema_version").fetchone()[0]
        if schema != self._noting_schema:
            number, strange = migrations.found(self._noting)
            if strange or number != migrations.known():
                self._close_noting()
                return None
            self._noting_schema = schema
        return self._noting

    def _close_noting(self) -> None:
        if self._noting is not None:
            self._noting.close()
        self._noting, self._noting_of, self._noting_schema = None, None, None

    def _noted(self, connection: sqlite3.Connection, change: Callable[[sqlite3.Connection], object]) -> None:
        """Make the change. Answers are not made of notes: what the reader remembers stays, unless others wrote too."""
        # Whoever holds the lock may wait for our transaction to end: it is tried for, not waited for.
        locked = self._lock.acquire(timeout=_NOTING)
        try:
            connection.execute("BEGIN IMMEDIATE")
            before = data_version(connection)
            reading = self._reading if locked else None
            # Nobody else can write now. Is what is remembered that of now?
            fresh = reading is not None and data_version(reading) == reading.version
            change(connection)
            connection.execute("COMMIT")
            if reading is not None and fresh:
                after = data_version(reading)
                # Our own changes do not move our number: where it stands, nobody else's are among those that are seen.
                if data_version(connection) == before:
                    reading.version = after
        finally:
            if locked:
                self._lock.release()

    def write(self, change: Callable[[Database], T]) -> T:
        """Make a change in one transaction; on a damaged file, once more on a new one."""
        with self._lock, self._translated():
            try:
                return self._changed(change)
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._set_aside(str(error))
            return self._changed(change)

    def _changed(self, change: Callable[[Database], T]) -> T:
        db = self._writer()
        try:
            db.execute("BEGIN IMMEDIATE")
            answer = change(db)
            db.execute("COMMIT")
        except BaseException:  # raised again: half a change must not stay open, whatever interrupted it
            if db.conn.in_transaction:
                with suppress(sqlite3.Error):  # a full disk may have ended the transaction already
                    db.conn.execute("ROLLBACK")
            raise
        return answer

    def _writer(self) -> Database:
        """A connection for writing to the file that is there now, of the newest schema."""
        there = folder.identity(self.path)
        if self._writing is not None and there is not None and there == self._writing_of and not self._suspect:
            return self._writing
        self._close_writing()
        self._writing_of = there
        if there is not None:
            self._open_to_read()[0].close()  # refuses a newer one before a byte of it can change
        folder.make(self._root)
        folder.make_private(self.path)
        self._writing_of = folder.identity(self.path)

        db = cast("Database", _Plain(self._connect(str(self.path))))
        self._writing = db
        self._use_wal(db)
        for pragma in _PRAGMAS:
            db.execute(f"PRAGMA {pragma}")
        if self._suspect:
            found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            self._suspect = False
            if found != "ok":
                raise _damage(found)
        if migrations.found(db.conn)[0] < migrations.known():
            # Looked at again inside the transaction: another process may have been faster.
            db.execute("BEGIN IMMEDIATE")
            with db.conn:
                migrations.migrate(_whole(db.conn))
        return db

    def _use_wal(self, db: Database) -> None:
        """WAL is kept in the file; two processes that switch to it at once collide without waiting."""
        deadline = time.monotonic() + self._busy_seconds
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL").fetchone()
                return
            except sqlite3.OperationalError as error:
                if _code(error) != _BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)

    def _vacuum(self, db: Database) -> None:
        db.execute("VACUUM")
        deadline = time.monotonic() + self._busy_seconds
        while db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > deadline:
                raise StoreUnavailable(
                    str(self.path), "everything in it is erased, but another process still reads the old bytes"
                )
            time.sleep(_PAUSE)

    def _set_aside(self, reason: str) -> None:
        damaged = self._writing_of or folder.identity(self.path)
        self._close_reading()
        self._close_writing()
        self._suspect = False
        try:
            kept = folder.move_aside(self.path, damaged, self._clock())
        except OSError as error:
            raise StoreDamaged(str(self.path), str(error)) from error
        if kept is not None:
            self._notice(f"{self.path} was damaged ({reason}); it is kept as {kept.name}, and a new store was begun")

    def _close_writing(self) -> None:
        if self._writing is not None:
            self._writing.close()
        self._writing, self._writing_of = None, None

    # Both

    def _connect(self, database: str, *, uri: bool = False, wait: float | None = None) -> Reader:
        """The one place where connections are made. Transactions are begun by hand; the lock guards threads."""
        timeout = self._busy_seconds if wait is None else wait
        return sqlite3.connect(
            database, uri=uri, timeout=timeout, isolation_level=None, check_same_thread=False, factory=Reader
        )

    def _notice(self, sentence: str) -> None:
        if sentence not in self.notices:
            self.notices.append(sentence)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What the outside world does to a database is said in the port's words; damage and our own faults pass."""
        try:
            yield
        except sqlite3.Error as error:
            if _code(error) in _UNAVAILABLE:
                raise StoreUnavailable(str(self.path), str(error)) from error
            raise
        except OSError as error:
            raise StoreUnavailable(str(self.path), error.strerror or str(error)) from error


class _Plain:
    """As much of sqlite-utils' `Database` as changes use: loading it takes 70 ms, and only a new schema needs it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.conn = connection
        self.execute = connection.execute
        self.close = connection.close


def _whole(connection: sqlite3.Connection) -> Database:
    from sqlite_utils import Database

    return Database(connection, execute_plugins=False)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for what the Python module raises by itself."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is no database, or one whose schema is not what its number says: somebody dropped a table."""
    return _code(error) in _DAMAGED or str(error).startswith(("no such table", "no such column"))


def _damage(found: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(found)
    error.sqlite_errorcode = min(_DAMAGED)
    return error
