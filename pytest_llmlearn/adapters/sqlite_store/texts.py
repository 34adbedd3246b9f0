"""Long texts, each of which stands once in the database, however many occurrences mean it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store.asking import CHUNK, storable

if TYPE_CHECKING:
    from sqlite_utils import Database


class Texts:
    """The rows of texts, by text. To be used inside one write transaction, which alone gives out new rows."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows: dict[str, int] = {}

    def __getitem__(self, text: str) -> int:
        """The row of a text that was added."""
        return self._rows[text]

    def add(self, texts: Iterable[str]) -> None:
        """See to it that each of these has a row; all at once, for there are several to each occurrence."""
        kept = {text: storable(text) for text in texts}
        digests = {text: blake2b(form.encode(), digest_size=16).digest() for text, form in kept.items()}
        rows = self._known(list(set(digests.values())))
        free = self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM occurrence_texts").fetchone()[0]
        new: list[tuple[int, bytes, str]] = []
        for text, digest in digests.items():
            if digest not in rows:
                rows[digest] = free + len(new)
                new.append((rows[digest], digest, kept[text]))
        self._db.conn.executemany("INSERT INTO occurrence_texts (id, digest, text) VALUES (?, ?, ?)", new)
        self._rows.update({text: rows[digest] for text, digest in digests.items()})

    def _known(self, digests: list[bytes]) -> dict[bytes, int]:
        rows: dict[bytes, int] = {}
        for start in range(0, len(digests), CHUNK):
            chunk = digests[start : start + CHUNK]
            marks = ", ".join("?" * len(chunk))
            rows.update(
                self._db.execute(f"SELECT digest, id FROM occurrence_texts WHERE digest IN ({marks})", chunk).fetchall()
            )
        return rows
