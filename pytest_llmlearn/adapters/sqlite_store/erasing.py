"""How rows go: private texts whose days are over, what was told long ago, one pattern, and everything.

Called inside a write transaction of the caller's; the bytes are gone from the disk once the file was compacted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, timestamp
from pytest_llmlearn.domain.kin import exception_of

if TYPE_CHECKING:
    from sqlite_utils import Database

_KEPT = ("store", "_sqlite_migrations")
"""Tables that are about the file itself."""
_NO_FINDINGS = "[]"
INDEXES = ("pattern_words", "prompt_words")
"""The full-text indexes, of words of patterns and of requests."""


def purge(db: Database, now: datetime, hold_days: int) -> None:
    """Erase private texts that were not seen red for `hold_days`; all of them for 0."""
    if hold_days <= 0:
        db.execute("DELETE FROM held")
    else:
        db.execute("DELETE FROM held WHERE added < ?", (timestamp(now - timedelta(days=hold_days)),))


def moved(db: Database) -> None:
    """The store is not what it was: indexes and caches made before are old now."""
    db.execute("UPDATE store SET revision = revision + 1")


def erase(db: Database) -> None:
    """Every row but the revision. The full-text index forgets too: deleted words would stay in it until merged."""
    db.execute("PRAGMA defer_foreign_keys = ON")
    for table in tables(db):
        db.execute(f"DELETE FROM {table}")
    for index in INDEXES:
        db.execute(f"INSERT INTO {index} ({index}) VALUES ('delete-all')")
    db.execute("DELETE FROM sqlite_sequence")
    moved(db)


def forget(db: Database, patterns: Sequence[int]) -> None:
    """Erase these patterns, and every text, test, run and word that nothing else needs.

    A text that belongs to another pattern too stays with that one.
    """
    fingerprints = [row[0] for row in in_chunks(db.conn, "SELECT fingerprint FROM patterns WHERE id IN ({})", patterns)]
    nodeids = _of(db, "SELECT DISTINCT nodeid FROM occurrences WHERE pattern IN ({})", patterns)
    nodeids |= _of(db, "SELECT DISTINCT nodeid FROM healings WHERE pattern IN ({})", patterns)
    runs = _of(db, "SELECT DISTINCT run FROM occurrences WHERE pattern IN ({})", patterns)
    asked = _of(db, "SELECT DISTINCT prompt FROM pattern_prompts WHERE pattern IN ({})", patterns)
    db.conn.executemany("DELETE FROM patterns WHERE id = ?", [(pattern,) for pattern in patterns])
    db.conn.executemany(
        """DELETE FROM tests WHERE nodeid = ?1 AND NOT EXISTS (SELECT 1 FROM occurrences WHERE nodeid = ?1)
               AND NOT EXISTS (SELECT 1 FROM healings WHERE nodeid = ?1)""",
        [(nodeid,) for nodeid in nodeids],
    )
    db.conn.executemany(
        "DELETE FROM runs WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM occurrences WHERE run = ?1)",
        [(run,) for run in runs],
    )
    db.conn.executemany(
        "DELETE FROM remembered_words WHERE instr(key, ?1) OR instr(value, ?1)", [(one,) for one in fingerprints]
    )
    db.execute("DELETE FROM held WHERE id NOT IN (SELECT held FROM held_by_occurrence)")
    needed = "SELECT text_digest FROM exposures WHERE text_digest IS NOT NULL"
    db.execute(f"DELETE FROM exposed_texts WHERE digest NOT IN ({needed})")
    # A request under which nothing else failed says what was to be forgotten; one that never failed so stays.
    db.conn.executemany(
        "DELETE FROM prompts WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM pattern_prompts WHERE prompt = ?1)",
        [(prompt,) for prompt in asked],
    )
    _strays(db)
    orphans(db)
    # A deleted word stays in the index's segments beside the note of its deletion; made anew, it is gone.
    for index in INDEXES:
        db.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
    moved(db)


def silence(db: Database, before: datetime) -> None:
    """Erase what was said and shown before that: texts of occurrences and generations, where lessons were shown.

    The rows stay, for all counts are made of them; so do patterns, their lessons and their fixes.
    """
    limit = timestamp(before)
    nothing, none_found = (_text(db, text) for text in ("", _NO_FINDINGS))
    db.execute(
        f"""UPDATE occurrences SET message_id = ?2, snippet_id = ?2, findings_id = ?3, statement_id = NULL
            WHERE {told_occurrences("?2")} AND time < ?1""",
        (limit, nothing, none_found),
    )
    db.execute(
        f"""UPDATE generations SET prompt_id = NULL, plan_id = NULL, reasoning_id = NULL, hunks = NULL,
                before_text = NULL, after_text = NULL WHERE {TOLD_GENERATIONS} AND time < ?""",
        (limit,),
    )
    db.execute(
        f"UPDATE exposures SET session = NULL, path = NULL, unit = NULL WHERE {TOLD_EXPOSURES} AND time < ?", (limit,)
    )
    db.execute("UPDATE runs SET command = '' WHERE command <> '' AND finished < ?", (limit,))
    if db.execute("DELETE FROM prompts WHERE last_asked < ?", (limit,)).rowcount:
        db.execute("INSERT INTO prompt_words (prompt_words) VALUES ('rebuild')")
    _strays(db)
    orphans(db)


TOLD_GENERATIONS = "coalesce(prompt_id, plan_id, reasoning_id, hunks, before_text, after_text) IS NOT NULL"
TOLD_EXPOSURES = "outcome IS NOT NULL AND coalesce(session, path, unit) IS NOT NULL"


def told_occurrences(nothing: str) -> str:
    """Which occurrences still say something, where `nothing` is the row of the empty text."""
    return f"(message_id IS NOT {nothing} OR snippet_id IS NOT {nothing} OR statement_id IS NOT NULL)"


def digest(text: str) -> bytes:
    """By what a text is found among the texts."""
    return blake2b(text.encode(), digest_size=16).digest()


def orphans(db: Database) -> None:
    """Erase the texts that no row of any table means."""
    meant = [
        f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"
        for table in tables(db)
        for _, _, target, column, *_ in db.execute(f"PRAGMA foreign_key_list({table})").fetchall()
        if target == "occurrence_texts"
    ]
    db.execute(f"DELETE FROM occurrence_texts WHERE id NOT IN ({' UNION ALL '.join(meant)})")


def _strays(db: Database) -> None:
    """Erase what was counted of kins of mistakes that no pattern has any more: their wordings are from outside."""
    kins = {row[0] for row in db.execute("SELECT DISTINCT kin FROM patterns")}
    known = {"kin": kins, "requests": kins, "exception": {exception_of(kin) for kin in kins}}
    counted = db.execute("SELECT DISTINCT kind, name FROM attempts WHERE kind <> 'all'").fetchall()
    db.conn.executemany(
        "DELETE FROM attempts WHERE kind = ? AND name = ?",
        [(kind, name) for kind, name in counted if name not in known[kind]],
    )


def tables(db: Database | sqlite3.Connection) -> list[str]:
    """The tables that hold what was learned, whatever step made them; shadows of the full-text index are none."""
    found = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    rows = [(name, sql) for name, sql in found if not name.startswith("sqlite_")]
    virtual = [name for name, sql in rows if sql.upper().startswith("CREATE VIRTUAL")]
    return [
        name
        for name, _ in rows
        if name not in _KEPT and not any(name == shadow or name.startswith(f"{shadow}_") for shadow in virtual)
    ]


def _text(db: Database, text: str) -> int:
    """The row of a text, made if there was none."""
    db.execute("INSERT OR IGNORE INTO occurrence_texts (digest, text) VALUES (?, ?)", (digest(text), text))
    found: int = db.execute("SELECT id FROM occurrence_texts WHERE digest = ?", (digest(text),)).fetchone()[0]
    return found


def _of(db: Database, statement: str, patterns: Sequence[int]) -> set[str | int]:
    return {row[0] for row in in_chunks(db.conn, statement, patterns)}
