"""The texts that want a vector, made from their rows: which there are, and what they say.

`refresh` is called inside a write transaction; the others only read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks
from pytest_llmlearn.domain import facets
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.lesson import PARTS, Rewording

if TYPE_CHECKING:
    from sqlite_utils import Database

_MADE = "facets.version"
"""The word under which it is remembered by which version of the domain's texts the facets were made."""
_PARTS = ", ".join(f'v."{part}"' for part in PARTS)
_FIX = """
    SELECT f.pattern, f.id, p.fingerprint, f.digest, b.text, g.text, f.difference
    FROM fixes AS f
    JOIN patterns AS p ON p.id = f.pattern
    JOIN occurrence_texts AS b ON b.id = f.bad_id
    JOIN occurrence_texts AS g ON g.id = f.good_id
    WHERE f.pattern IN ({}) AND EXISTS (SELECT 1 FROM healings AS h WHERE h.fix = f.id)
    ORDER BY f.id"""
Facet = tuple[str, int | None]
"""A kind, and the row of the fix where it is of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """Of a pattern's own row, without what was merged into it: that speaks for itself."""

    rule_id: str
    exception: str
    message: str
    lesson: str
    symbols: tuple[str, ...]
    path: str | None
    unit: str
    bad: str


def stale(connection: sqlite3.Connection) -> bool:
    """Whether there is anything that `refresh` would do."""
    if _version(connection) != facets.VERSION:
        return True
    return bool(
        connection.execute(
            """SELECT EXISTS (SELECT 1 FROM facets_due)
                   OR (SELECT max(id) FROM prompts) > coalesce((
                       SELECT max(prompt) FROM facets WHERE prompt IS NOT NULL), 0)"""
        ).fetchone()[0]
    )


def refresh(db: Database, limit: int) -> None:
    """Look again at up to `limit` patterns that changed, the latest first, and at requests that are new."""
    if _version(db.conn) != facets.VERSION:
        db.execute("INSERT INTO facets_due SELECT id FROM patterns WHERE id NOT IN (SELECT pattern FROM facets_due)")
        db.execute("INSERT OR REPLACE INTO remembered_words VALUES (?, ?)", (_MADE, str(facets.VERSION)))
        _requests(db, since=0)
    last = db.execute("SELECT coalesce(max(prompt), 0) FROM facets WHERE prompt IS NOT NULL").fetchone()[0]
    _requests(db, since=last)
    due = [row[0] for row in db.execute("SELECT pattern FROM facets_due ORDER BY pattern DESC LIMIT ?", (limit,))]
    if not due:
        return
    wanted = {
        (pattern, *facet): facets.digest(text)
        for pattern, told in texts(db.conn, due).items()
        for facet, text in told.items()
    }
    there = {
        (pattern, kind, fix): (row, digest)
        for row, pattern, kind, fix, digest in in_chunks(
            db.conn, "SELECT id, pattern, kind, fix, digest FROM facets WHERE pattern IN ({})", due
        )
    }
    revision = next_revision(db)
    new = [(kind, pattern, fix, digest) for (pattern, kind, fix), digest in wanted.items()]
    new = [(kind, pattern, fix, digest) for kind, pattern, fix, digest in new if (pattern, kind, fix) not in there]
    new.sort(key=lambda row: row[1])  # the latest row waits first
    db.conn.executemany(
        f"INSERT INTO facets (kind, pattern, fix, digest, revision) VALUES (?, ?, ?, ?, {revision})", new
    )
    other = [(wanted.get(key), row) for key, (row, digest) in there.items() if wanted.get(key) != digest]
    # Whatever vector there is is of another text: it waits for all embedders.
    db.conn.executemany(f"UPDATE facets SET digest = ?, embedder = NULL, revision = {revision} WHERE id = ?", other)
    db.conn.executemany("DELETE FROM vectors WHERE facet = ?", [(row,) for digest, row in other if digest is None])
    db.conn.executemany("DELETE FROM facets_due WHERE pattern = ?", [(pattern,) for pattern in due])


def texts(connection: sqlite3.Connection, patterns: Sequence[int]) -> dict[int, dict[Facet, str]]:
    """What there is to say of each of these, by the rows of patterns."""
    contexts: dict[int, list[str]] = {}
    statement = """SELECT pattern, context FROM pattern_contexts WHERE pattern IN ({})
                   ORDER BY pattern, count DESC, context"""
    for pattern, context in in_chunks(connection, statement, patterns):
        contexts.setdefault(pattern, []).append(context)
    # SQLite gives the other columns of the row that holds the maximum.
    statement = f"""SELECT v.pattern, {_PARTS}, max(v.version) FROM lesson_versions AS v
                    WHERE v.pattern IN ({{}}) GROUP BY v.pattern"""
    reworded = {
        row[0]: Rewording(**dict(zip(PARTS, row[1:], strict=False)), version=row[-1])
        for row in in_chunks(connection, statement, patterns)
    }
    statement = """SELECT id, rule_id, exception, message, lesson, symbols, path, unit, bad FROM pattern_rows
                   WHERE id IN ({})"""
    found: dict[int, dict[Facet, str]] = {}
    for row, rule_id, exception, message, lesson, symbols, path, unit, bad in in_chunks(
        connection, statement, patterns
    ):
        told = _Told(
            rule_id=rule_id, exception=exception, message=message, lesson=lesson, symbols=tuple(json.loads(symbols)),
            path=path, unit=unit, bad=bad,
        )  # fmt: skip
        made = facets.facets(told, contexts=contexts.get(row, ()), reworded=reworded.get(row))
        found[row] = {(kind, None): text for kind, text in made.items()}
    for pattern, fix, fingerprint, digest, bad, good, difference in in_chunks(connection, _FIX, patterns):
        known = Fix(fingerprint=fingerprint, digest=digest, bad=bad, good=good, difference=difference)
        found[pattern]["fix", fix] = facets.repaired(known)
    return found


def requests(connection: sqlite3.Connection, prompts: Sequence[int]) -> dict[int, str]:
    """The texts of these requests."""
    statement = """SELECT q.id, t.text FROM prompts AS q JOIN occurrence_texts AS t ON t.id = q.text_id
                   WHERE q.id IN ({})"""
    return {row: facets.asked(text) for row, text in in_chunks(connection, statement, prompts)}


def next_revision(db: Database) -> int:
    """A revision that nothing has yet."""
    db.execute("UPDATE store SET vector_revision = vector_revision + 1")
    found: int = db.execute("SELECT vector_revision FROM store").fetchone()[0]
    return found


def _requests(db: Database, *, since: int) -> None:
    """Requests after that row have a facet each, with the digest of what is said of them now."""
    rows = [row[0] for row in db.execute("SELECT id FROM prompts WHERE id > ?", (since,))]
    told = requests(db.conn, rows)
    revision = next_revision(db) if told else 0
    db.conn.executemany(
        f"""INSERT INTO facets (kind, prompt, digest, revision) VALUES ('prompt', ?, ?, {revision})
            ON CONFLICT (prompt) WHERE prompt IS NOT NULL DO UPDATE
            SET digest = excluded.digest, revision = excluded.revision, embedder = NULL
            WHERE digest IS NOT excluded.digest""",
        [(row, facets.digest(text) if text else None) for row, text in told.items()],
    )


def _version(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM remembered_words WHERE key = ?", (_MADE,)).fetchone()
    return int(row[0]) if row is not None else 0
