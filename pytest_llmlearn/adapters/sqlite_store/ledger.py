"""The ledger's port over the database file that it shares with the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store import attempts
from pytest_llmlearn.adapters.sqlite_store import generation_rows as rows
from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.adapters.sqlite_store.rows import storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.texts import Texts
from pytest_llmlearn.app.ports import Coverage
from pytest_llmlearn.domain.generation import Generation, Outcome

if TYPE_CHECKING:
    from sqlite_utils import Database

_FIRST_HAND = ("event", "library")

_FOLLOWED = """
    g.path = :path AND (g.qualname IS NULL OR :qualname IS NULL OR g.qualname = :qualname)
    AND g.way IN ({ways})"""


class SqliteLedger:
    """`ports.Ledger` in that file; two operations on a unit within `edited_again_seconds` are one edited again.

    Made by `SqliteStore.ledger`, whose `close` lets go of the file for both.
    """

    def __init__(self, file: DatabaseFile, *, edited_again_seconds: float = 300.0) -> None:
        self._file = file
        self._window = timedelta(seconds=edited_again_seconds)

    def add(self, generations: Sequence[Generation]) -> list[bool]:
        """Write them in one transaction; for each, whether it was new.

        Raises:
            StoreError: the ledger cannot be written; nothing was.
        """

        def change(db: Database) -> list[bool]:
            texts = Texts(db)
            texts.add(text for one in generations for text in (one.prompt, one.plan, one.reasoning) if text is not None)
            return [self._add(db, one, texts) for one in generations]

        return self._file.write(change) if generations else []

    def _add(self, db: Database, generation: Generation, texts: Texts) -> bool:
        values = rows.values(generation, texts)
        marks = ", ".join("?" * len(values))
        cursor = db.execute(
            f"INSERT INTO generations ({', '.join(values)}) VALUES ({marks}) ON CONFLICT (generation_id) DO NOTHING",
            [*values.values()],
        )
        if not cursor.rowcount:
            return False
        self._flag(db, cursor.lastrowid, generation)
        return True

    def _flag(self, db: Database, row: int | None, generation: Generation) -> None:
        """Its unit's operations within the window before it are edited again; so is it, if one came after it."""
        ways = _FIRST_HAND if generation.way in _FIRST_HAND else (generation.way,)
        followed = _FOLLOWED.format(ways=", ".join(f"'{way}'" for way in ways))
        time = generation.time.astimezone(UTC)
        values = {
            "row": row,
            "path": storable(generation.path),
            "qualname": None if generation.qualname is None else storable(generation.qualname),
            "time": timestamp(time),
            "from": timestamp(_moved(time, -self._window)),
            "to": timestamp(_moved(time, self._window)),
        }
        # Of equal times the one that came in later is the later operation.
        db.execute(
            f"""UPDATE generations AS g SET edited_again = 1
                WHERE {followed} AND g.id <> :row AND g.time BETWEEN :from AND :time AND g.edited_again = 0""",
            values,
        )
        db.execute(
            f"""UPDATE generations SET edited_again = 1 WHERE id = :row AND EXISTS (
                    SELECT 1 FROM generations AS g WHERE {followed} AND g.time > :time AND g.time <= :to)""",
            values,
        )

    def generations(
        self,
        *,
        model: str | None = None,
        path: str | None = None,
        awaiting: bool = False,
        limit: int | None = None,
    ) -> list[Generation]:
        """Generations, oldest first; with a limit, the latest so many. `awaiting`: those no test has reached yet."""
        return self._file.ask(lambda connection: rows.generations(connection, model, path, awaiting, limit), [])

    def generation(self, prefix: str) -> list[Generation]:
        """Those whose id begins so, or the one whose id it is; at most ten, oldest first."""
        return self._file.ask(lambda connection: rows.matching(connection, prefix), [])

    def coverage(self) -> Coverage:
        """How much is known of the generations."""
        return self._file.ask(rows.coverage, Coverage())

    def tell(self, outcomes: Mapping[str, Outcome]) -> None:
        """Set what came of generations, by id; what an outcome does not know stays as it was."""
        told = [
            (
                outcome.passed,
                outcome.failed,
                None if outcome.run is None else storable(outcome.run),
                int(outcome.edited_again),
                outcome.rating,
                int(outcome.reverted),
                None if outcome.reopened is None else storable(outcome.reopened),
                storable(identifier),
            )
            for identifier, outcome in outcomes.items()
        ]
        clean = [identifier for identifier, outcome in outcomes.items() if outcome.passed and not outcome.failed]

        def change(db: Database) -> None:
            attempts.passed(db, _first_passed(db, clean), timestamp(datetime.now(UTC)))
            db.conn.executemany(
                """UPDATE generations SET passed = coalesce(?, passed), failed = coalesce(?, failed),
                       run = coalesce(?, run), edited_again = max(edited_again, ?), rating = coalesce(?, rating),
                       reverted = max(reverted, ?), reopened = coalesce(?, reopened)
                   WHERE generation_id = ?""",
                told,
            )

        if told and self._file.exists:
            self._file.write(change)

    def expose(self, files: Mapping[str, datetime]) -> None:
        """These files were loaded by tests at these times; the latest is kept."""
        seen = [(storable(path), timestamp(time)) for path, time in files.items()]
        if seen:
            self._file.write(
                lambda db: db.conn.executemany(
                    """INSERT INTO exposed_files (path, time) VALUES (?, ?)
                       ON CONFLICT (path) DO UPDATE SET time = excluded.time WHERE excluded.time > time""",
                    seen,
                )
            )

    def exposed(self) -> Mapping[str, datetime]:
        """Files that tests have loaded, and when they last did."""
        return self._file.ask(rows.exposed, {})

    def failed_units(self) -> Sequence[tuple[str, str, str, str]]:
        """Distinct model, path, unit and code state of every counted failure laid on generated code."""
        return self._file.ask(rows.failed_units, [])

    def remember(self, key: str, value: str) -> None:
        """Keep a word of one's own."""
        self._file.write(
            lambda db: db.execute(
                """INSERT INTO remembered_words (key, value) VALUES (?, ?)
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value""",
                (storable(key), storable(value)),
            )
        )

    def remembered(self, key: str) -> str | None:
        """What was kept under that key."""
        return self._file.ask(lambda connection: rows.remembered(connection, key), None)


def _first_passed(db: Database, identifiers: Sequence[str]) -> list[tuple[str | None, str]]:
    """The request and the model of those of these generations of whose tests nothing was known yet."""
    statement = """SELECT t.text, g.model FROM generations AS g LEFT JOIN occurrence_texts AS t ON t.id = g.prompt_id
                   WHERE g.passed IS NULL AND g.model IS NOT NULL AND g.generation_id IN ({})"""
    return list(in_chunks(db.conn, statement, [storable(identifier) for identifier in identifiers]))


def _moved(time: datetime, by: timedelta) -> datetime:
    """Years end somewhere, and a window of any length may be set."""
    try:
        return time + by
    except OverflowError:
        return (datetime.min if by < timedelta() else datetime.max).replace(tzinfo=UTC)
