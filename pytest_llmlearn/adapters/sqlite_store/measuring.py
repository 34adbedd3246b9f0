"""What the store holds, measured: questions to an open connection; nothing here writes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime

from pytest_llmlearn.adapters.sqlite_store import erasing
from pytest_llmlearn.domain.audit import Kept, Size, Stock

TEXTS = {
    "runs": ("project", "command", "session"),
    "occurrence_texts": ("text",),
    "patterns": ("exception", "lesson", "path", "unit", "good", "symbols", "retired_because", "kin"),
    "occurrence_codes": ("unit",),
    "occurrences": ("nodeid", "path", "function", "exception", "tool", "task", "model"),
    "held": ("path", "qualname", "text"),
    "generations": (
        "path", "qualname", "session", "task", "hunks", "before_text", "after_text", "changes", "preserved", "model",
        "tool", "reopened",
    ),
    "exposed_files": ("path",),
    "remembered_words": ("value",),
    "tests": ("nodeid",),
    "fixes": ("signature", "imports", "difference"),
    "healings": ("reason", "nodeid", "unit"),
    "lesson_versions": ("when", "instead", "because", "bad", "good"),
    "pattern_contexts": ("context",),
    "committed_lessons": ("line",),
    "exposures": ("session", "path", "unit", "model"),
    "pattern_prompts": ("model",),
    "prompt_models": ("model",),
    "attempts": ("name", "model"),
    "matchers": ("body", "atoms"),
}  # fmt: skip
"""Columns with text from outside. The others hold ids, digests, times, words of our own, and what follows from these:
stemmed words, in which no secret has its shape any more, and symbols by themselves."""
_INDEXED = {"pattern_words": "patterns", "prompt_words": "prompts"}
"""What the full-text indexes are of."""
_JSON = frozenset(
    {
        "patterns.symbols", "generations.changes", "generations.preserved", "fixes.imports", "matchers.body",
        "matchers.atoms",
    }
)  # fmt: skip


def alike(connection: sqlite3.Connection) -> list[tuple[str, list[str]]]:
    """Groups of patterns of one category that may be one, the first seen first, each with why."""
    found: list[tuple[str, list[str]]] = []
    for why, statement in (
        (
            "symbol",
            """SELECT symbol_key || ' ' || category, fingerprint, first_seen FROM patterns
               WHERE merged_into IS NULL ORDER BY 1, first_seen, fingerprint""",
        ),
        (
            "fix",
            """SELECT DISTINCT f.digest || ' ' || p.category, p.fingerprint, p.first_seen
               FROM fixes AS f JOIN patterns AS o ON o.id = f.pattern
               JOIN patterns AS p ON p.id = coalesce(o.merged_into, o.id)
               ORDER BY 1, p.first_seen, p.fingerprint""",
        ),
    ):
        groups: dict[str, list[str]] = {}
        for key, fingerprint, _ in connection.execute(statement):
            groups.setdefault(key, []).append(fingerprint)
        known = {tuple(group) for _, group in found}
        found += [(why, group) for group in groups.values() if len(group) > 1 and tuple(group) not in known]
    return found


def told_before(connection: sqlite3.Connection, before: str) -> int:
    """Rows older than that which still hold texts or names."""
    empty = connection.execute("SELECT id FROM occurrence_texts WHERE digest = ?", (erasing.digest(""),)).fetchone()
    row = connection.execute(
        f"""SELECT (SELECT count(*) FROM occurrences WHERE time < :before AND {erasing.told_occurrences(":empty")})
                 + (SELECT count(*) FROM generations WHERE time < :before AND {erasing.TOLD_GENERATIONS})
                 + (SELECT count(*) FROM exposures WHERE time < :before AND {erasing.TOLD_EXPOSURES})
                 + (SELECT count(*) FROM runs WHERE finished < :before AND command <> '')
                 + (SELECT count(*) FROM prompts WHERE last_asked < :before)""",
        {"before": before, "empty": empty[0] if empty is not None else None},
    ).fetchone()
    return int(row[0])


def stock(connection: sqlite3.Connection, since: str, size: int) -> Stock:
    """All patterns but merged ones, with their exposures; the sizes of all tables."""
    patterns = connection.execute(
        """SELECT p.fingerprint, p.rule_id, p.symbol_key, p.lesson, t.text, p.symbols, p.state,
                  max(p.frequency, p.committed_seen), p.stub,
               p.archived, p.first_seen, p.last_seen,
               (SELECT count(*) FROM exposures AS e WHERE e.pattern = p.id AND e.shown = 1)
           FROM patterns AS p JOIN occurrence_texts AS t ON t.id = p.message_id WHERE p.merged_into IS NULL"""
    )
    recent, occurrences = connection.execute(
        "SELECT count(CASE WHEN time > ? THEN 1 END), count(*) FROM occurrences", (since,)
    ).fetchone()
    return Stock(
        patterns=tuple(
            Kept(
                fingerprint=row[0],
                rule_id=row[1],
                symbol_key=row[2],
                lesson=row[3],
                message=row[4],
                symbols=tuple(json.loads(row[5])),
                state=row[6],
                frequency=row[7],
                stub=bool(row[8]),
                archived=bool(row[9]),
                first_seen=datetime.fromisoformat(row[10]),
                last_seen=datetime.fromisoformat(row[11]),
                shown=row[12],
            )
            for row in patterns
        ),
        sizes=tuple(_sizes(connection)),
        bytes=size,
        recent_share=recent / occurrences if occurrences else 0.0,
    )


def texts(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """All texts from outside, each with its `table.column`, each once."""
    found: list[tuple[str, str]] = []
    for table, columns in TEXTS.items():
        for column in columns:
            rows = connection.execute(f'SELECT DISTINCT "{column}" FROM {table} WHERE "{column}" <> \'\'')
            place = f"{table}.{column}"
            found += [(place, text) for (value,) in rows for text in (_strings(value) if place in _JSON else (value,))]
    return found


def _strings(written: str) -> Iterator[str]:
    """The texts within what is written as JSON: its quotes, escapes and keys are ours."""
    waiting: list[object] = [json.loads(written)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()


def _sizes(connection: sqlite3.Connection) -> Sequence[Size]:
    owners = connection.execute(
        "SELECT name, tbl_name FROM sqlite_master WHERE type IN ('table', 'index') AND rootpage > 0"
    ).fetchall()
    try:
        pages = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    except sqlite3.OperationalError:  # a build of SQLite without this table
        pages = None
    own = erasing.tables(connection)
    sizes = dict.fromkeys((*own, *erasing.INDEXES), 0)
    for name, table in owners:
        # A full-text index keeps itself in tables of its own.
        owner = next((index for index in erasing.INDEXES if table.startswith(f"{index}_")), table)
        if pages is not None and owner in sizes:
            sizes[owner] += pages.get(name, 0)
    counted = {
        name: connection.execute(f"SELECT count(*) FROM {_INDEXED.get(name, name)}").fetchone()[0] for name in sizes
    }
    found = [
        Size(table=name, rows=counted[name], bytes=size if pages is not None else None) for name, size in sizes.items()
    ]
    return sorted(found, key=lambda size: (-(size.bytes or 0), -size.rows, size.table))
