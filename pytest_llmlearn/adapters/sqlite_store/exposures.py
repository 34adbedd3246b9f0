"""Exposures in the database file: what was shown or held back, and what came of it.

Writing down what is shown is done on the way to an answer: it waits for nobody, makes nothing, and may be lost. What
came of it is written as safely as everything else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store.erasing import moved
from pytest_llmlearn.adapters.sqlite_store.rows import in_chunks, storable, timestamp
from pytest_llmlearn.app.ports.exposures import Awaiting, Code, Showing, Wrote
from pytest_llmlearn.domain.effect import Effect, Exposure, Outcome, effect

if TYPE_CHECKING:
    from sqlite_utils import Database

    from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile

SESSION_LIMIT = 255
MODEL_LIMIT = 80
WROTE_LIMIT = 500
"""Generations looked at for exposures that named no file: the latest."""

_Counted = tuple[str, Exposure]
"""The fingerprint that an exposure counts for, and the exposure."""
_STILL_AWAITING = """
    SELECT 1 FROM exposures AS e WHERE e.pattern = p.id AND e.shown = :shown AND e.outcome IS NULL
        AND e.session IS :session AND e.path IS :path AND e.unit IS :unit AND e.channel = :channel
        AND (:session IS NOT NULL OR e.text_digest IS :digest)"""


class SqliteExposures:
    """`ports.Exposures` in the store's file. Made by `SqliteStore.exposures`, whose `close` lets go of the file."""

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file

    def show(self, showing: Showing) -> bool:
        """Write down what is about to be shown; False where that cannot be done at once, and nothing was."""
        return self._file.note(lambda connection: _show(connection, showing))

    def awaiting(self, limit: int) -> list[Awaiting]:
        """Those that no run has judged yet, the latest so many, oldest first."""
        return self._file.ask(lambda connection: _awaiting(connection, limit), [])

    def pieces(self, digests: Collection[str]) -> Mapping[str, frozenset[str]]:
        """What the texts of these digests were like when lessons were shown for them."""

        def found(connection: sqlite3.Connection) -> dict[str, frozenset[str]]:
            statement = "SELECT digest, pieces FROM exposed_texts WHERE digest IN ({})"
            return {row[0]: frozenset(row[1].split()) for row in in_chunks(connection, statement, sorted(digests))}

        return self._file.ask(found, {})

    def wrote(self, since: datetime) -> list[Wrote]:
        """What models wrote after that time, oldest first; the latest so many."""
        return self._file.ask(lambda connection: _wrote(connection, since), [])

    def first_failed(self, codes: Collection[Code]) -> Mapping[Code, datetime]:
        """When each pattern was first seen in that code."""

        def found(connection: sqlite3.Connection) -> dict[Code, datetime]:
            times = {}
            for code in codes:
                (first,) = connection.execute(
                    """SELECT min(o.time) FROM occurrence_codes AS c
                       JOIN patterns AS p ON p.id = c.pattern JOIN occurrences AS o ON o.code = c.id
                       WHERE p.fingerprint = ? AND c.unit = ? AND c.unit_hash = ?""",
                    [storable(part) for part in code],
                ).fetchone()
                if first is not None:
                    times[code] = datetime.fromisoformat(first)
            return times

        return self._file.ask(found, {})

    def judge(self, outcomes: Mapping[int, Outcome], *, run: str, time: datetime) -> None:
        """Write down what came of exposures; a mistake that a lesson prevented renews its pattern.

        Raises:
            StoreError: it cannot be written; nothing was.
        """

        def change(db: Database) -> None:
            judged = timestamp(time)
            values = [(outcome, judged, storable(run), exposure) for exposure, outcome in outcomes.items()]
            db.conn.executemany(
                "UPDATE exposures SET outcome = ?, judged = ?, run = ? WHERE id = ? AND outcome IS NULL", values
            )
            avoided = [exposure for exposure, outcome in outcomes.items() if outcome == "avoided"]
            statement = """SELECT coalesce(p.merged_into, p.id) FROM exposures AS e
                           JOIN patterns AS p ON p.id = e.pattern WHERE e.shown = 1 AND e.id IN ({})"""
            patterns = sorted({row[0] for row in in_chunks(db.conn, statement, avoided)})
            _renew(db, patterns, time)
            _forget_texts(db)

        if outcomes:
            self._file.write(change)

    def expire(self, before: datetime, *, time: datetime) -> int:
        """Of exposures of before that time that still await a run there was no opportunity; how many these were.

        Raises:
            StoreError: it cannot be written; nothing was.
        """
        asked = (timestamp(before),)

        def due(connection: sqlite3.Connection) -> bool:
            statement = "SELECT 1 FROM exposures WHERE outcome IS NULL AND time < ? LIMIT 1"
            return connection.execute(statement, asked).fetchone() is not None

        def change(db: Database) -> int:
            statement = "UPDATE exposures SET outcome = 'no-opportunity', judged = ? WHERE outcome IS NULL AND time < ?"
            expired = db.execute(statement, (timestamp(time), *asked)).rowcount
            _forget_texts(db)
            return expired

        return self._file.write(change) if self._file.ask(due, nothing=False) else 0

    def effect(self, fingerprint: str | None = None) -> Effect:
        """What came of the exposures of this pattern and of those merged into it, or of all."""
        if fingerprint is not None:
            return self.effects([fingerprint]).get(fingerprint, Effect())
        found: list[_Counted] = self._file.ask(lambda connection: _exposures(connection, None), [])
        return effect(exposure for _, exposure in found)

    def effects(self, fingerprints: Collection[str]) -> Mapping[str, Effect]:
        """The same for several patterns; those that were never shown or held back are left out."""
        asked = {storable(fingerprint): fingerprint for fingerprint in fingerprints}
        if not asked:
            return {}
        found: list[_Counted] = self._file.ask(lambda connection: _exposures(connection, list(asked)), [])
        by_pattern: dict[str, list[Exposure]] = {}
        for fingerprint, exposure in found:
            by_pattern.setdefault(asked[fingerprint], []).append(exposure)
        return {fingerprint: effect(exposures) for fingerprint, exposures in by_pattern.items()}


def _show(connection: sqlite3.Connection, showing: Showing) -> None:
    values = {
        "time": timestamp(showing.time),
        "session": _cut(showing.session, SESSION_LIMIT),
        "channel": showing.channel,
        "path": _cut(showing.path, None),
        "unit": _cut(showing.unit, None),
        "model": _cut(showing.model, MODEL_LIMIT),
        "digest": showing.text_digest,
    }
    if showing.text_digest is not None and showing.pieces is not None:
        known = (showing.text_digest, " ".join(sorted(showing.pieces)))
        connection.execute("INSERT OR IGNORE INTO exposed_texts (digest, pieces) VALUES (?, ?)", known)
    connection.executemany(
        f"""INSERT INTO exposures (pattern, time, session, channel, path, unit, model, text_digest, shown, propensity)
            SELECT p.id, :time, :session, :channel, :path, :unit, :model, :digest, :shown, :propensity
            FROM patterns AS p WHERE p.fingerprint = :fingerprint AND NOT EXISTS ({_STILL_AWAITING})""",
        [
            {
                **values,
                "fingerprint": storable(lesson.fingerprint),
                "shown": int(lesson.shown),
                "propensity": lesson.propensity,
            }
            for lesson in showing.lessons
        ],
    )


def _cut(text: str | None, limit: int | None) -> str | None:
    return None if text is None else storable(text)[:limit]


def _awaiting(connection: sqlite3.Connection, limit: int) -> list[Awaiting]:
    rows = connection.execute(
        """SELECT e.id, e.time, p.fingerprint, p.symbol_key, p.symbols, p.path, p.unit, e.session, e.path, e.unit,
               e.text_digest,
               (SELECT o.source FROM occurrences AS o WHERE o.pattern = p.id LIMIT 1) IN ('security_scan', 'static')
           FROM exposures AS e JOIN patterns AS p ON p.id = e.pattern
           WHERE e.outcome IS NULL ORDER BY e.time DESC, e.id DESC LIMIT ?""",
        (limit,),
    ).fetchall()
    # One pattern is shown many times.
    symbols: dict[str, tuple[str, ...]] = {row[4]: () for row in rows}
    for text in symbols:
        symbols[text] = tuple(json.loads(text))
    return [
        Awaiting(
            id=row[0],
            time=datetime.fromisoformat(row[1]),
            fingerprint=row[2],
            symbol_key=row[3],
            symbols=symbols[row[4]],
            pattern_path=row[5],
            pattern_unit=row[6],
            session=row[7],
            path=row[8],
            unit=row[9],
            text_digest=row[10],
            by_scan=bool(row[11]),
        )
        for row in reversed(rows)
    ]


def _wrote(connection: sqlite3.Connection, since: datetime) -> list[Wrote]:
    rows = connection.execute(
        """SELECT time, path, qualname, session, operation, hunks FROM generations
           WHERE time > ? ORDER BY time DESC, id DESC LIMIT ?""",
        (timestamp(since), WROTE_LIMIT),
    ).fetchall()
    return [
        Wrote(
            time=datetime.fromisoformat(row[0]),
            path=row[1],
            qualname=row[2],
            session=row[3],
            operation=row[4],
            hunks=row[5],
        )
        for row in reversed(rows)
    ]


def _exposures(connection: sqlite3.Connection, fingerprints: list[str] | None) -> list[_Counted]:
    """Exposures with the pattern that they count for: the one that theirs was merged into."""
    statement = """
        SELECT r.fingerprint, e.shown, e.session, e.propensity, e.outcome, e.judged
        FROM patterns AS r JOIN patterns AS p ON p.id = r.id OR p.merged_into = r.id
        JOIN exposures AS e ON e.pattern = p.id"""
    if fingerprints is None:
        # From the exposures: most patterns have none.
        rows = connection.execute(
            """SELECT coalesce(r.fingerprint, p.fingerprint), e.shown, e.session, e.propensity, e.outcome, e.judged
               FROM exposures AS e JOIN patterns AS p ON p.id = e.pattern
               LEFT JOIN patterns AS r ON r.id = p.merged_into"""
        ).fetchall()
    else:
        rows = list(in_chunks(connection, f"{statement} WHERE r.fingerprint IN ({{}})", fingerprints))
    return [
        (
            row[0],
            Exposure(
                fingerprint=row[0],
                shown=bool(row[1]),
                session=row[2],
                propensity=row[3],
                outcome=row[4],
                judged=None if row[5] is None else datetime.fromisoformat(row[5]),
            ),
        )
        for row in rows
    ]


def _renew(db: Database, patterns: list[int], time: datetime) -> None:
    if not patterns:
        return

    moment = timestamp(time)
    db.conn.executemany(
        "UPDATE patterns SET renewed = max(coalesce(renewed, ''), ?), archived = 0 WHERE id = ?",
        [(moment, pattern) for pattern in patterns],
    )
    # Here, for to judge is rare and to answer is not.
    from pytest_llmlearn.adapters.sqlite_store.evolving import evolve

    evolve(db, patterns, time)
    moved(db)


def _forget_texts(db: Database) -> None:
    """What a file was like is of no use once nothing that was shown for it awaits a run."""
    db.execute(
        """DELETE FROM exposed_texts WHERE digest NOT IN (
               SELECT text_digest FROM exposures WHERE outcome IS NULL AND text_digest IS NOT NULL)"""
    )
