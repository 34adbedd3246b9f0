"""The port of vectors over the database file that it shares with the store.

Vectors are kept as float16, little-endian. numpy is loaded where a vector is read or written, and nowhere else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store import facet_rows, vector_keys, vector_rows
from pytest_llmlearn.adapters.sqlite_store.asking import CHUNK, storable
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.app.ports.vectors import SPACES, Block, Embeddable, Kept, Named, Scanned, Space

if TYPE_CHECKING:
    from sqlite_utils import Database

    from pytest_llmlearn.app.ports.vectors import Vector

REFRESHED = 200
"""Patterns that one transaction looks at again: others wait for it."""


class SqliteVectors:
    """`ports.VectorStore` in that file. Made by `SqliteStore.vectors`, whose `close` lets go of the file for both."""

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file

    def waiting(self, embedder: str, limit: int | None = None) -> list[Embeddable]:
        """Texts without a vector of this embedder, or whose text changed since.

        Requests first, then what was wrong, then the rest of the facets; of each the latest first.

        Raises:
            StoreError: the store cannot be written: what changed is noted in it first.
        """
        if not self._file.exists:
            return []
        name = storable(embedder)
        nothing: list[Embeddable] = []
        while True:
            stale = self._file.ask(facet_rows.stale, False)
            if stale:
                self._file.write(lambda db: facet_rows.refresh(db, REFRESHED))
            if stale and limit is None:
                continue
            found = self._file.ask(lambda connection: vector_rows.waiting(connection, name, limit), nothing)
            if found or not stale:
                return found

    def put(self, embedder: str, dimension: int, made: Sequence[tuple[Embeddable, Vector]]) -> None:
        """Keep these vectors; what was removed, or changed its text meanwhile, is left out.

        Vectors of the same embedder that have another dimension are of other weights, and go.

        Raises:
            ValueError: a vector has another dimension.
            StoreError: the store cannot be written; nothing was.
        """
        import numpy

        if not made or not self._file.exists:
            return
        for one, vector in made:
            if vector.shape != (dimension,):
                raise ValueError(f"the vector of {one.key} has the shape {vector.shape}, not ({dimension},)")
        packed = [(one, vector.astype(numpy.dtype("<f2")).tobytes()) for one, vector in made]

        def change(db: Database) -> None:
            row = _embedder(db, storable(embedder), dimension)
            revision = facet_rows.next_revision(db)
            for one, blob in packed:
                facet = _facet(db.conn, one)
                if facet is not None:
                    db.execute(
                        """INSERT INTO vectors (facet, embedder, digest, vector) VALUES (?, ?, ?, ?)
                           ON CONFLICT (facet, embedder) DO UPDATE
                           SET digest = excluded.digest, vector = excluded.vector""",
                        (facet, row, bytes.fromhex(one.digest), blob),
                    )
                    db.execute("UPDATE facets SET embedder = ?, revision = ? WHERE id = ?", (row, revision, facet))

        self._file.write(change)

    def covered(self, embedder: str) -> tuple[int, int]:
        """How many texts have a vector of this embedder, and how many there are.

        A pattern that nobody looked at since it changed counts as one text without a vector, where it is new.
        """

        return self._file.ask(lambda connection: vector_rows.covered(connection, storable(embedder)), (0, 0))

    def epoch(self) -> str:
        """Another one whenever vectors were erased for good, or the file is another; "" where there is none."""
        return str((self._one("SELECT vector_epoch FROM store", ()) or ("",))[0])

    def revision(self, embedder: str) -> int:
        """Grows with every vector added, changed or removed, and with what an index filters by. 0: there is none."""
        statement = """SELECT vector_revision FROM store WHERE EXISTS (
            SELECT 1 FROM vectors WHERE embedder = (SELECT id FROM embedders WHERE name = ?))"""
        return int((self._one(statement, (storable(embedder),)) or (0,))[0])

    def changes(self, embedder: str, since: int) -> Iterator[Kept]:
        """What changed after revision `since`, oldest first, removals included; from 0 all that is there."""
        name, last = storable(embedder), (since, vector_rows.LAST)
        while found := self._page(vector_rows.CHANGED, name, last):
            last = (found.rows[-1][1], found.rows[-1][0])
            yield from vector_rows.kept(found, removals=since > 0)

    def blocks(self, embedder: str, since: int) -> Iterator[Block]:
        """The same without documents, as columns, in any order."""
        target = self.revision(embedder)
        name, last = storable(embedder), (since, vector_rows.LAST) if since else (0, 0)
        while found := self._page(vector_rows.SINCE if since else vector_rows.ALL, name, last):
            last = (found.rows[-1][1], found.rows[-1][0])
            for space in SPACES:
                block = vector_rows.block(found, space, max(target, last[0]))
                if block is not None:
                    yield block

    def of_keys(self, embedder: str, keys: Sequence[str]) -> list[Kept]:
        """What is kept under these keys now, without documents, in any order; what is not to be found is left out."""

        def asked(connection: sqlite3.Connection) -> list[Kept]:
            facets = list(vector_keys.facets_of(connection, keys))
            found: list[Kept] = []
            for start in range(0, len(facets), CHUNK):
                some = facets[start : start + CHUNK]
                statement = vector_rows.NAMED.format(", ".join("?" * len(some)))
                page = vector_rows.page(connection, statement, storable(embedder), some)
                found += vector_rows.kept(page, removals=False) if page is not None else ()
            return found

        nothing: list[Kept] = []
        return self._file.ask(asked, nothing)

    def scan(self, embedder: str) -> Iterator[Scanned]:
        """All vectors, those that may not be shown among them, by the rows of their facets."""
        nothing: dict[Space, frozenset[int]] = {}
        apart, name, last = self._file.ask(vector_rows.apart, nothing), storable(embedder), 0
        while found := self._scanned(name, last):
            last = found[-1][0]
            yield from vector_rows.by_space(found, apart)

    def named(self, rows: Sequence[int]) -> Mapping[int, Named]:
        """What these rows of facets mean; without those that were removed, or may be shown no more."""
        nothing: dict[int, Named] = {}
        return self._file.ask(lambda connection: vector_rows.named(connection, rows), nothing)

    def of_prompt(self, embedder: str, digest: bytes) -> Vector | None:
        """The vector of a request that was made before, by the digest of its normal form."""
        found = self._one(
            """SELECT v.vector, e.dimension FROM prompts AS q JOIN facets AS f ON f.prompt = q.id
               JOIN vectors AS v ON v.facet = f.id AND v.digest = f.digest
               JOIN embedders AS e ON e.id = v.embedder WHERE q.digest = ? AND e.name = ?""",
            (digest, storable(embedder)),
        )
        if found is None or not vector_rows.fits(*found):
            return None
        import numpy

        vector = numpy.frombuffer(found[0], "<f2").astype(numpy.float32)
        return vector if numpy.isfinite(vector).all() else None

    def embedders(self) -> Sequence[str]:
        """The embedders of which there are vectors, in the order in which they came."""
        nothing: list[str] = []
        return self._file.ask(
            lambda connection: [
                row[0]
                for row in connection.execute(
                    """SELECT name FROM embedders AS e
                       WHERE EXISTS (SELECT 1 FROM vectors WHERE embedder = e.id) ORDER BY id"""
                )
            ],
            nothing,
        )

    def drop(self, embedder: str) -> int:
        """Remove all vectors of an embedder that is used no more; how many there were."""

        def change(db: Database) -> int:
            return _drop(db, vector_rows.row_of(db.conn, storable(embedder)))

        return self._file.write(change) if self._file.exists else 0

    def discard_damaged(self, embedder: str) -> int:
        """Remove vectors that are none, so that their texts wait for new ones; how many there were.

        Raises:
            StoreError: the store cannot be read; or it cannot be written, and there are such vectors.
        """
        nothing: list[int] = []
        name = storable(embedder)
        if not self._file.ask(lambda connection: vector_rows.damaged(connection, name), nothing):
            return 0

        def change(db: Database) -> int:
            # Asked again: another process may have made them anew meanwhile.
            facets, row = vector_rows.damaged(db.conn, name), vector_rows.row_of(db.conn, name)
            revision = facet_rows.next_revision(db)
            for facet in facets:
                db.execute("DELETE FROM vectors WHERE facet = ? AND embedder = ?", (facet, row))
                db.execute("UPDATE facets SET embedder = NULL, revision = ? WHERE id = ?", (revision, facet))
            return len(facets)

        return self._file.write(change)

    def _page(self, statement: str, embedder: str, last: tuple[int, int]) -> vector_rows.Page | None:
        """The next rows after that one; None where there are none."""
        return self._file.ask(lambda connection: vector_rows.page(connection, statement, embedder, last), None)

    def _scanned(self, embedder: str, last: int) -> list[vector_rows.Row]:
        nothing: list[vector_rows.Row] = []
        return self._file.ask(lambda connection: vector_rows.scanned(connection, embedder, last), nothing)

    def _one(self, statement: str, values: Sequence[Any]) -> Any:
        """The first row of the answer, or None."""
        return self._file.ask(lambda connection: connection.execute(statement, values).fetchone(), None)


# Writing


def _embedder(db: Database, name: str, dimension: int) -> int:
    """The row of this embedder, made where there is none; of another dimension it begins anew."""
    found = db.execute("SELECT id, dimension FROM embedders WHERE name = ?", (name,)).fetchone()
    if found is not None and found[1] != dimension:
        _drop(db, found[0])
        found = None
    if found is not None:
        return int(found[0])
    return int(db.execute("INSERT INTO embedders (name, dimension) VALUES (?, ?)", (name, dimension)).lastrowid or 0)


def _drop(db: Database, row: int) -> int:
    count = db.execute("DELETE FROM vectors WHERE embedder = ?", (row,)).rowcount
    db.execute("UPDATE facets SET embedder = NULL WHERE embedder = ?", (row,))
    db.execute("DELETE FROM embedders WHERE id = ?", (row,))
    if count:
        db.execute("UPDATE store SET vector_epoch = hex(randomblob(8)), vector_revision = vector_revision + 1")
    return count


def _facet(connection: sqlite3.Connection, one: Embeddable) -> int | None:
    """The row of what was embedded, where it still says the same."""
    kind, _, rest = one.key.partition(":")
    digest = bytes.fromhex(one.digest)
    if kind == "prompt":
        found = connection.execute(
            """SELECT f.id FROM prompts AS q JOIN facets AS f ON f.prompt = q.id
               WHERE q.digest = ? AND f.digest = ?""",
            (bytes.fromhex(rest), digest),
        )
    elif kind == "fix":
        fix, _, fingerprint = rest.partition("@")
        found = connection.execute(
            """SELECT f.id FROM patterns AS m JOIN fixes AS x ON x.pattern = m.id JOIN facets AS f ON f.fix = x.id
               WHERE m.fingerprint = ? AND x.digest = ? AND f.digest = ?""",
            (fingerprint, fix, digest),
        )
    else:
        found = connection.execute(
            """SELECT f.id FROM patterns AS m JOIN facets AS f ON f.pattern = m.id
               WHERE m.fingerprint = ? AND f.kind = ? AND f.digest = ?""",
            (rest, kind, digest),
        )
    row = found.fetchone()
    return None if row is None else int(row[0])
