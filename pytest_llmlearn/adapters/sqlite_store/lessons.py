"""Lessons in the database file: where their mistakes were made, and what people wrote in place of the template's words.

Contexts are counted as patterns are, once for each function with other code. Versions are only ever added.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store import rows
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.adapters.sqlite_store.erasing import moved
from pytest_llmlearn.adapters.sqlite_store.rows import storable, timestamp
from pytest_llmlearn.app.ports import Known, Version
from pytest_llmlearn.domain.effect import NOTHING, Effect, Exposure, effect
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.lesson import PARTS, Rewording
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.rates import Rate
from pytest_llmlearn.errors import UnknownPattern

if TYPE_CHECKING:
    from sqlite_utils import Database

CONTEXT_LIMIT = 30
"""Contexts kept of one pattern: the most frequent ones."""
_PARTS = ", ".join(f'v."{part}"' for part in PARTS)


def grow(db: Database, pattern: int, contexts: Iterable[str]) -> None:
    """Count these contexts for the pattern's row, inside the caller's transaction; the rarest go beyond the limit."""
    found = [(pattern, storable(context)) for context in dict.fromkeys(contexts)]
    if not found:
        return
    db.conn.executemany(
        """INSERT INTO pattern_contexts (pattern, context, count) VALUES (?, ?, 1)
           ON CONFLICT (pattern, context) DO UPDATE SET count = count + 1""",
        found,
    )
    db.execute(
        """DELETE FROM pattern_contexts WHERE pattern = :pattern AND context IN (
               SELECT context FROM pattern_contexts WHERE pattern = :pattern
               ORDER BY count DESC, context LIMIT -1 OFFSET :limit)""",
        {"pattern": pattern, "limit": CONTEXT_LIMIT},
    )


class SqliteLessons:
    """`ports.Lessons` in the store's file.

    Made by `SqliteStore.lessons`, whose `close` lets go of the file for both.
    """

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file

    def known(self, fingerprints: Collection[str]) -> Mapping[str, Known]:
        """What is known of each of these patterns; those that are not there are left out."""
        asked = [storable(fingerprint) for fingerprint in fingerprints]
        nothing: Mapping[str, Known] = {}
        return self._file.ask(lambda connection: _known(connection, asked), nothing) if asked else nothing

    def contexts(self, fingerprint: str) -> Mapping[str, int]:
        """In how many functions with distinct code the mistake was made in each context; most frequent first."""

        def counted(connection: sqlite3.Connection) -> dict[str, int]:
            found = connection.execute(
                """SELECT c.context, c.count FROM pattern_contexts AS c JOIN patterns AS p ON p.id = c.pattern
                   WHERE p.fingerprint = ? ORDER BY c.count DESC, c.context""",
                (storable(fingerprint),),
            )
            return dict(found.fetchall())

        return self._file.ask(counted, {})

    def versions(self, fingerprint: str) -> Sequence[Version]:
        """All that people wrote of it, the oldest first."""

        def written(connection: sqlite3.Connection) -> list[Version]:
            found = connection.execute(
                f"""SELECT {_PARTS}, v.version, v.time FROM lesson_versions AS v JOIN patterns AS p ON p.id = v.pattern
                    WHERE p.fingerprint = ? ORDER BY v.version""",
                (storable(fingerprint),),
            )
            return [Version(rewording=_rewording(row), time=datetime.fromisoformat(row[-1])) for row in found]

        return self._file.ask(written, [])

    def reword(
        self, fingerprint: str, parts: Mapping[str, str | None], time: datetime, *, afresh: bool = False
    ) -> None:
        """Keep a new version: the one before it with these parts, or with `afresh` these parts alone.

        Raises:
            UnknownPattern: there is none with exactly this fingerprint.
            StoreError: the store cannot be written.
        """

        def change(db: Database) -> None:
            row = db.execute("SELECT id FROM patterns WHERE fingerprint = ?", (storable(fingerprint),)).fetchone()
            if row is None:
                raise UnknownPattern(fingerprint)
            last = db.execute(
                f"SELECT {_PARTS}, v.version FROM lesson_versions AS v WHERE v.pattern = ? ORDER BY v.version DESC",
                row,
            ).fetchone()
            before = dict(zip(PARTS, last or (), strict=False)) or dict.fromkeys(PARTS)
            given = {part: None if text is None else storable(text) for part, text in parts.items()}
            after = {**(dict.fromkeys(PARTS) if afresh else before), **given}
            if after == before:
                return
            db.execute(
                """INSERT INTO lesson_versions ("when", instead, because, bad, good, pattern, version, time)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                (*(after[part] for part in PARTS), row[0], (last[-1] if last else 0) + 1, timestamp(time)),
            )
            moved(db)

        if not self._file.exists:
            raise UnknownPattern(fingerprint)
        self._file.write(change)

    def frequent(self, frequency: int, limit: int) -> Sequence[Pattern]:
        """Shown patterns that are active or enforced and were seen so often, most often first."""
        return self._file.ask(lambda connection: rows.frequent(connection, frequency, limit), [])

    def effect(self, fingerprint: str) -> Effect:
        """What came of showing the lesson, and of holding it back."""

        def judged(connection: sqlite3.Connection) -> Effect:
            found = connection.execute(
                """SELECT e.shown, e.session, e.propensity, e.outcome, e.judged FROM exposures AS e
                   JOIN patterns AS p ON p.id = e.pattern WHERE p.fingerprint = ?""",
                (storable(fingerprint),),
            )
            return effect(
                Exposure(
                    fingerprint=fingerprint,
                    shown=bool(shown),
                    session=session,
                    propensity=propensity,
                    outcome=outcome,
                    judged=None if time is None else datetime.fromisoformat(time),
                )
                for shown, session, propensity, outcome, time in found
            )

        return self._file.ask(judged, NOTHING)


def _known(connection: sqlite3.Connection, fingerprints: Sequence[str]) -> dict[str, Known]:
    statement = "SELECT id, fingerprint FROM patterns WHERE fingerprint IN ({})"
    ids = dict(rows.in_chunks(connection, statement, fingerprints))
    contexts: dict[int, list[str]] = {}
    statement = (
        "SELECT pattern, context FROM pattern_contexts WHERE pattern IN ({}) ORDER BY pattern, count DESC, context"
    )
    for pattern, context in rows.in_chunks(connection, statement, list(ids)):
        contexts.setdefault(pattern, []).append(context)
    # SQLite gives the other columns of the row that holds the maximum.
    statement = f"""SELECT v.pattern, {_PARTS}, max(v.version) FROM lesson_versions AS v
                    WHERE v.pattern IN ({{}}) GROUP BY v.pattern"""
    reworded = {row[0]: _rewording(row[1:]) for row in rows.in_chunks(connection, statement, list(ids))}
    statement = """SELECT pattern, sum(outcome = 'avoided'), count(*) FROM exposures
                   WHERE pattern IN ({}) AND shown = 1 AND outcome IN ('recurred', 'avoided', 'other-failure')
                   GROUP BY pattern"""
    outcomes = {
        pattern: Rate(count=avoided, of=of)
        for pattern, avoided, of in rows.in_chunks(connection, statement, list(ids))
    }
    fixes = _fixes(connection, list(ids))
    return {
        fingerprint: Known(
            contexts=tuple(contexts.get(pattern, ())),
            fixes=tuple(fixes.get(pattern, ())),
            reworded=written if (written := reworded.get(pattern)) is not None and written.says_anything else None,
            outcomes=outcomes.get(pattern, Rate(count=0, of=0)),
        )
        for pattern, fingerprint in ids.items()
    }


def _fixes(connection: sqlite3.Connection, patterns: Sequence[int]) -> dict[int, list[Fix]]:
    """Verified fixes; most stores have none, and then the view is not asked."""
    if not connection.execute("SELECT 1 FROM fixes LIMIT 1").fetchone():
        return {}
    statement = """SELECT pattern, fingerprint, digest, bad, good, signature, imports, verified, last_seen
                   FROM fix_rows WHERE pattern IN ({}) AND verified > 0"""
    found: dict[int, list[Fix]] = {}
    for row in rows.in_chunks(connection, statement, patterns):
        pattern, fingerprint, digest, bad, good, signature, imports, verified, last_seen = row
        fix = Fix(
            fingerprint=fingerprint,
            digest=digest,
            bad=bad,
            good=good,
            signature=signature,
            imports=tuple(json.loads(imports)),
            verified=verified,
            last_seen=datetime.fromisoformat(last_seen),
        )
        found.setdefault(pattern, []).append(fix)
    return found


def _rewording(row: Sequence[Any]) -> Rewording:
    return Rewording(**dict(zip(PARTS, row, strict=False)), version=row[len(PARTS)])
