"""How rows go: private texts whose days are over, and everything.

Called inside a write transaction of the caller's; the bytes are gone from the disk once the file was compacted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store.rows import timestamp

if TYPE_CHECKING:
    from sqlite_utils import Database


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
    for table in (
        "held_by_occurrence",
        "held",
        "occurrences",
        "occurrence_codes",
        "pattern_models",
        "pattern_symbols",
        "patterns",
        "runs",
        "generations",
        "exposed_files",
        "remembered_words",
        "occurrence_texts",
    ):
        db.execute(f"DELETE FROM {table}")
    db.execute("INSERT INTO pattern_words (pattern_words) VALUES ('delete-all')")
    db.execute("DELETE FROM sqlite_sequence")
    moved(db)
