"""Lessons in the database file: where their mistakes were made, and what people wrote in place of the template's words.

Contexts are counted as patterns are, once for each function with other code. Versions are only ever added.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store.rows import storable

if TYPE_CHECKING:
    from sqlite_utils import Database

CONTEXT_LIMIT = 30
"""Contexts kept of one pattern: the most frequent ones."""


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
