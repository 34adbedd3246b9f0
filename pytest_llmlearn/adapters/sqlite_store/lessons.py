"""Lessons in the database file: where their mistakes were made, and what people wrote in place of the template's words.

Contexts are counted as patterns are, once for each function with other code. Versions are only ever added.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store import rows
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.adapters.sqlite_store.erasing import moved
from pytest_llmlearn.adapters.sqlite_store.rows import storable, timestamp
from pytest_llmlearn.app.ports import Known, Version
from pytest_llmlearn.domain import committed
from pytest_llmlearn.domain.committed import Committed
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.lesson import PARTS, Rewording
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.recurring import cure
from pytest_llmlearn.errors import UnknownPattern

if TYPE_CHECKING:
    from sqlite_utils import Database

CONTEXT_LIMIT = 30
"""Contexts kept of one pattern: the most frequent ones."""
_FAMILY = """SELECT m.id FROM patterns AS p JOIN patterns AS m ON m.id = p.id OR m.merged_into = p.id
    WHERE p.fingerprint = :fingerprint"""
"""A pattern, and those that were merged into it."""
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
            family = connection.execute(_FAMILY, {"fingerprint": storable(fingerprint)}).fetchall()
            return _contexts(connection, {row[0]: 0 for row in family}).get(0, {})

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


def _known(connection: sqlite3.Connection, fingerprints: Sequence[str]) -> dict[str, Known]:
    statement = "SELECT id, fingerprint FROM patterns WHERE fingerprint IN ({})"
    roots: dict[int, str] = dict(rows.in_chunks(connection, statement, fingerprints))
    family = {root: root for root in roots}
    statement = "SELECT id, merged_into FROM patterns WHERE merged_into IS NOT NULL AND merged_into IN ({})"
    family.update(dict(rows.in_chunks(connection, statement, list(roots))))
    contexts = _contexts(connection, family)
    fixes = _fixes(connection, family)
    shared = _committed(connection, list(roots))
    # SQLite gives the other columns of the row that holds the maximum.
    statement = f"""SELECT v.pattern, {_PARTS}, max(v.version) FROM lesson_versions AS v
                    WHERE v.pattern IN ({{}}) GROUP BY v.pattern"""
    reworded = {row[0]: _rewording(row[1:]) for row in rows.in_chunks(connection, statement, list(roots))}
    return {
        fingerprint: Known(
            contexts=tuple(contexts.get(root, ())),
            fixes=tuple(fixes.get(root, {}).values()) or _cure(shared.get(root)),
            reworded=written
            if (written := reworded.get(root) or _told(shared.get(root))) is not None and written.says_anything
            else None,
        )
        for root, fingerprint in roots.items()
    }


def _contexts(connection: sqlite3.Connection, family: Mapping[int, int]) -> dict[int, dict[str, int]]:
    """By the patterns into which they were merged: contexts with their counts, most frequent first."""
    found: dict[int, dict[str, int]] = {}
    statement = "SELECT pattern, context, count FROM pattern_contexts WHERE pattern IN ({})"
    for pattern, context, count in rows.in_chunks(connection, statement, list(family)):
        counts = found.setdefault(family[pattern], {})
        counts[context] = counts.get(context, 0) + count
    return {root: dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))) for root, counts in found.items()}


def _fixes(connection: sqlite3.Connection, family: Mapping[int, int]) -> dict[int, dict[str, Fix]]:
    """Verified fixes by pattern and digest; most stores have none, and then the view is not asked."""
    if not connection.execute("SELECT 1 FROM fixes LIMIT 1").fetchone():
        return {}
    statement = """SELECT pattern, fingerprint, digest, bad, good, signature, imports, difference, verified, first_seen,
                       last_seen
                   FROM fix_rows WHERE pattern IN ({}) AND verified > 0"""
    found: dict[int, dict[str, Fix]] = {}
    for pattern, *values in rows.in_chunks(connection, statement, list(family)):
        fix = _fix(values)
        known = found.setdefault(family[pattern], {})
        if fix.digest in known:  # two merged patterns had the same one
            fix = replace(known[fix.digest], verified=known[fix.digest].verified + fix.verified)
        known[fix.digest] = fix
    return found


def _committed(connection: sqlite3.Connection, roots: Sequence[int]) -> dict[int, Committed]:
    """What the committed lessons say of these, by their rows."""
    statement = "SELECT pattern, line FROM committed_lessons WHERE pattern IN ({})"
    return {row: committed.read(line) for row, line in rows.in_chunks(connection, statement, roots)}


def _cure(shared: Committed | None) -> tuple[Fix, ...]:
    fix = cure(shared)
    return () if fix is None else (fix,)


def _told(shared: Committed | None) -> Rewording | None:
    if shared is None or not shared.words:
        return None
    parts = dict.fromkeys(PARTS) | {part: text for part, text in shared.words if part in PARTS}
    return Rewording(**parts, version=0)


def _fix(values: Sequence[Any]) -> Fix:
    fingerprint, digest, bad, good, signature, imports, difference, verified, first_seen, last_seen = values
    return Fix(
        fingerprint=fingerprint,
        digest=digest,
        bad=bad,
        good=good,
        signature=signature,
        imports=tuple(json.loads(imports)),
        difference=difference,
        verified=verified,
        first_seen=datetime.fromisoformat(first_seen),
        last_seen=datetime.fromisoformat(last_seen),
    )


def _rewording(row: Sequence[Any]) -> Rewording:
    return Rewording(**dict(zip(PARTS, row, strict=False)), version=row[len(PARTS)])
