"""What people decide of patterns: a word on one, two that are one, one that is two.

A merged pattern keeps its row and all that hangs on it; only the pointer to what it was merged into is set, so that
splitting gives back what was there before. All here is called inside a write transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store.asking import storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.erasing import moved
from pytest_llmlearn.adapters.sqlite_store.evolving import evolve
from pytest_llmlearn.domain.pattern import Word
from pytest_llmlearn.errors import UnknownPattern

if TYPE_CHECKING:
    from sqlite_utils import Database


def say(db: Database, fingerprint: str, word: Word | None, now: datetime) -> None:
    """Set the word on the pattern that this one stands for. Praise of a retired or archived one brings it back.

    Raises:
        UnknownPattern: there is none with exactly this fingerprint.
    """
    _, root = _found(db, fingerprint)
    db.execute("UPDATE patterns SET word = ? WHERE id = ?", (word, root))
    if word in ("right", "enforce"):
        db.execute("UPDATE patterns SET renewed = ?, archived = 0 WHERE id = ?", (timestamp(now), root))
    evolve(db, [root], now)
    moved(db)


def merge(db: Database, parent: str, child: str, now: datetime) -> None:
    """Point the child, and all that was merged into it, at what the parent stands for.

    Raises:
        UnknownPattern: there is none with exactly one of these fingerprints.
    """
    (_, into), (_, root) = _found(db, parent), _found(db, child)
    if into == root:
        return
    db.execute("UPDATE patterns SET merged_into = ? WHERE id = ? OR merged_into = ?", (into, root, root))
    evolve(db, [into], now)
    moved(db)


def split(db: Database, child: str, now: datetime) -> None:
    """Take this one's pointer back; nothing where it has none.

    Raises:
        UnknownPattern: there is none with exactly this fingerprint.
    """
    own, root = _found(db, child)
    if own == root:
        return
    db.execute("UPDATE patterns SET merged_into = NULL WHERE id = ?", (own,))
    evolve(db, [own, root], now)
    moved(db)


def _found(db: Database, fingerprint: str) -> tuple[int, int]:
    """The row of this fingerprint, and that of the pattern it stands for."""
    row = db.execute(
        "SELECT id, coalesce(merged_into, id) FROM patterns WHERE fingerprint = ?", (storable(fingerprint),)
    ).fetchone()
    if row is None:
        raise UnknownPattern(fingerprint)
    return row[0], row[1]
