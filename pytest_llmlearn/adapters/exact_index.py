"""The nearest vectors by comparing with all of them: exact, and made anew from the store in every process.

Up to `WHOLE` vectors are compared as they are. Above that a process that lives on (`lasting`) compares a few numbers of
each first, in directions that hold most of what differs; the rest can add at most the product of what the two vectors
have left there (Cauchy and Schwarz), so that whatever could be among the nearest is known, and is compared in full.
Invariant: what is answered is what comparing with every vector in full would answer.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy

from pytest_llmlearn.app.ports.vectors import SPACES, Block, Filter, Near, Space, VectorStore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_llmlearn.app.ports.vectors import Vector

    Rows: TypeAlias = NDArray[numpy.int64]
    Numbers: TypeAlias = NDArray[numpy.float32]

WHOLE = 32_768
"""Vectors up to which they are kept as float32 and compared in full: 50 MB, and three milliseconds."""
PIECE = 16_384
"""Rows of one piece of the matrix: it grows by pieces, and nothing is copied."""
DIRECTIONS = 96
"""Numbers of each vector that are compared first."""
SAMPLE = 8_192
"""Vectors by which the directions are chosen."""
SCANNED = 4_096
"""Rows of float16 that are made float32 at once."""
_SLACK = 2e-5
"""What rounding can add to the sum of a few hundred products of float32."""
_NOWHERE = -2.0
"""Below any cosine."""


class ExactIndex:
    """`ports.VectorIndex` over the vectors of one embedder in `store`.

    `lasting` says that the process answers many questions: above `WHOLE` vectors it is prepared for them while it
    catches up, for a tenth of the memory and some seconds.
    """

    name = "exact"

    def __init__(self, store: VectorStore, embedder: str, *, lasting: bool = False) -> None:
        self._store = store
        self._embedder = embedder
        self._lasting = lasting
        self._lock = threading.RLock()
        self._epoch: str | None = None
        self._revision = 0
        self._spaces: dict[Space, _Matrix] = {}

    def catch_up(self) -> None:
        """Follow the store to its latest revision; made anew where anything was erased from it.

        Raises:
            StoreError: the store cannot be read; what was there before can be asked.
        """
        with self._lock:
            epoch, revision = self._store.epoch(), self._store.revision(self._embedder)
            if epoch != self._epoch or revision < self._revision:
                self._spaces, self._revision, self._epoch = {}, 0, epoch
            if revision == self._revision:
                return
            reached = revision
            for block in self._store.blocks(self._embedder, self._revision):
                self._of(block.space, block.vectors.shape[1]).take(block)
                reached = max(reached, block.revision)
            self._revision = reached
            if self._lasting:
                for matrix in self._spaces.values():
                    matrix.prepare()

    def nearest(self, space: Space, vector: Vector, limit: int, where: Filter | None = None) -> list[Near]:
        """The `limit` nearest entries that `where` lets pass, best first; of equals by key."""
        with self._lock:
            matrix = self._spaces.get(space)
            if matrix is None or limit < 1:
                return []
            return matrix.nearest(numpy.ascontiguousarray(vector, dtype=numpy.float32), limit, where or Filter())

    def size(self, space: Space) -> int:
        """How many entries there are to be found."""
        with self._lock:
            matrix = self._spaces.get(space)
            return 0 if matrix is None else len(matrix.rows)

    def close(self) -> None:
        """Let go of the memory; it can be used again after catching up."""
        with self._lock:
            self._spaces, self._revision, self._epoch = {}, 0, None

    def _of(self, space: Space, dimension: int) -> _Matrix:
        assert space in SPACES
        return self._spaces.setdefault(space, _Matrix(dimension))


class _Piece:
    """`PIECE` rows. Either `full` is there, or `half`, with `first` (the numbers compared first) and `rest` (the length
    of what they leave) once prepared."""

    __slots__ = ("first", "full", "half", "rest")

    def __init__(self, dimension: int, *, half: bool) -> None:
        kind: Any = numpy.float16 if half else numpy.float32
        rows = numpy.zeros((PIECE, dimension), dtype=kind)
        self.half: NDArray[numpy.float16] | None = rows if half else None
        self.full: Numbers | None = None if half else rows
        self.first: Numbers | None = None
        self.rest: Numbers | None = None

    def put(self, at: Rows, vectors: NDArray[numpy.float16], directions: Numbers | None) -> None:
        if self.full is not None:
            self.full[at] = vectors
        elif self.half is not None:
            self.half[at] = vectors
        if directions is not None and self.first is not None and self.rest is not None:
            self.first[at], self.rest[at] = _parted(vectors.astype(numpy.float32), directions)

    def halve(self) -> None:
        if self.full is not None:  # nothing is lost: what was put came as float16
            self.half, self.full = self.full.astype(numpy.float16), None

    def part(self, directions: Numbers) -> None:
        assert self.half is not None
        self.first = numpy.empty((PIECE, directions.shape[1]), dtype=numpy.float32)
        self.rest = numpy.empty(PIECE, dtype=numpy.float32)
        for start in range(0, PIECE, SCANNED):
            rows = slice(start, start + SCANNED)
            self.first[rows], self.rest[rows] = _parted(self.half[rows].astype(numpy.float32), directions)

    def compared(self, vector: Vector, answer: Numbers) -> None:
        """The cosines of the first rows, as many as `answer` has."""
        if self.full is not None:
            numpy.dot(self.full[: len(answer)], vector, out=answer)
            return
        assert self.half is not None
        for start in range(0, len(answer), SCANNED):
            rows = slice(start, min(start + SCANNED, len(answer)))
            numpy.dot(self.half[rows].astype(numpy.float32), vector, out=answer[rows])


class _Matrix:
    """One space. `rows` are those of keys; a row that is free has the mark 0, which no filter lets pass."""

    def __init__(self, dimension: int) -> None:
        self.rows: dict[str, int] = {}
        self._dimension = dimension
        self._keys: list[str] = []
        self._owners: list[str] = []
        self._free: list[int] = []
        self._pieces: list[_Piece] = []
        # What a filter asks for is the same for many: each row has the number of its category, state and models.
        self._marks = numpy.zeros(0, dtype=numpy.int32)
        self._marked: dict[tuple[str, str, tuple[str, ...]], int] = {("", "", ("\0",)): 0}
        self._directions: Numbers | None = None

    def take(self, block: Block) -> None:
        """Add, change and remove as the block says."""
        at, which = [], []
        for number, (key, shown) in enumerate(zip(block.keys, block.shown.tolist(), strict=True)):
            if not shown:
                self._remove(key)
                continue
            row = self.rows.get(key)
            if row is None:
                row = self._room(key)
            self._owners[row] = block.owners[number]
            mark = (block.categories[number], block.states[number], block.models[number])
            self._marks[row] = self._marked.setdefault(mark, len(self._marked))
            at.append(row)
            which.append(number)
        self._put(numpy.array(at, dtype=numpy.int64), block.vectors[which])

    def prepare(self) -> None:
        """Make ready for many questions, where there are so many rows that it pays."""
        if len(self._keys) <= WHOLE or self._dimension <= 2 * DIRECTIONS:
            return
        if self._directions is None:
            self._directions = self._chosen()
        for piece in self._pieces:
            if piece.first is None:
                piece.part(self._directions)

    def nearest(self, vector: Vector, limit: int, where: Filter) -> list[Near]:
        total = len(self._keys)
        passing = self._passing(where)
        least = min(limit, len(self.rows) if passing is None else int(passing.sum()))
        if least == 0:
            return []
        if self._directions is not None and all(piece.first is not None for piece in self._pieces):
            found, cosines = self._narrowed(vector, least, passing)
        else:
            cosines = numpy.empty(total, dtype=numpy.float32)
            for number, piece in enumerate(self._pieces):
                piece.compared(vector, cosines[number * PIECE : (number + 1) * PIECE])
            if passing is not None:
                cosines[~passing] = _NOWHERE
            found = _largest(cosines, least)
            cosines = cosines[found]
        near = [
            Near(key=self._keys[row], owner=self._owners[row], similarity=min(1.0, max(-1.0, cosine)))
            for row, cosine in zip(found.tolist(), cosines.tolist(), strict=True)
        ]
        return sorted(near, key=lambda one: (-one.similarity, one.key))[:limit]

    def _narrowed(self, vector: Vector, least: int, passing: NDArray[numpy.bool_] | None) -> tuple[Rows, Numbers]:
        """Rows that hold the nearest, with their cosines: all of which the first numbers do not say that they cannot
        be among them."""
        assert self._directions is not None
        total = len(self._keys)
        first, rest = _parted(vector[None, :], self._directions)
        about = numpy.empty(total, dtype=numpy.float32)
        bound = numpy.empty(total, dtype=numpy.float32)
        for number, piece in enumerate(self._pieces):
            assert piece.first is not None and piece.rest is not None
            rows = slice(number * PIECE, min((number + 1) * PIECE, total))
            count = rows.stop - rows.start
            numpy.dot(piece.first[:count], first[0], out=about[rows])
            numpy.multiply(piece.rest[:count], rest[0] + _SLACK, out=bound[rows])
        bound += about
        if passing is not None:
            about[~passing] = _NOWHERE
            bound[~passing] = _NOWHERE
        sure = _largest(about, least)
        lowest = float(self._cosines(sure, vector).min())
        found = numpy.flatnonzero(bound >= lowest - _SLACK)
        cosines = self._cosines(found, vector)
        best = _largest(cosines, least)
        return found[best], cosines[best]

    def _cosines(self, rows: Rows, vector: Vector) -> Numbers:
        cosines = numpy.empty(len(rows), dtype=numpy.float32)
        for number in numpy.unique(rows // PIECE).tolist():
            here = numpy.flatnonzero(rows // PIECE == number)
            half = self._pieces[number].half
            assert half is not None
            for start in range(0, len(here), SCANNED):
                some = here[start : start + SCANNED]
                cosines[some] = half[rows[some] % PIECE].astype(numpy.float32) @ vector
        return cosines

    def _passing(self, where: Filter) -> NDArray[numpy.bool_] | None:
        """Which rows may answer; None where all do."""
        if where.empty and not self._free:
            return None
        marks = [
            number > 0
            and (not where.categories or category in where.categories or not category)
            and (not where.states or state in where.states or not category)
            and (where.model is None or where.model in models)
            for (category, state, models), number in self._marked.items()
        ]
        passing: NDArray[numpy.bool_] = numpy.array(marks)[self._marks[: len(self._keys)]]
        return passing

    def _room(self, key: str) -> int:
        if self._free:
            row = self._free.pop()
            self._keys[row] = key
        else:
            row = len(self._keys)
            self._keys.append(key)
            self._owners.append("")
            if row >= len(self._marks):
                self._marks = numpy.concatenate((self._marks, numpy.zeros(PIECE, dtype=numpy.int32)))
        self.rows[key] = row
        return row

    def _remove(self, key: str) -> None:
        row = self.rows.pop(key, None)
        if row is not None:
            self._marks[row] = 0
            self._free.append(row)

    def _put(self, at: Rows, vectors: NDArray[numpy.float16]) -> None:
        many = len(self._keys) > WHOLE
        if many:
            for piece in self._pieces:
                piece.halve()
        while len(self._pieces) * PIECE < len(self._keys):
            self._pieces.append(_Piece(self._dimension, half=many))
        for number in numpy.unique(at // PIECE).tolist():
            here = at // PIECE == number
            self._pieces[number].put(at[here] % PIECE, vectors[here], self._directions)

    def _chosen(self) -> Numbers:
        """The directions in which the vectors differ most, one in each column, at right angles to each other."""
        step = max(1, len(self._keys) // SAMPLE)
        rows = numpy.arange(0, len(self._keys), step)
        sample = numpy.concatenate(
            [
                half[rows[rows // PIECE == number] % PIECE].astype(numpy.float32)
                for number, piece in enumerate(self._pieces)
                if (half := piece.half) is not None
            ]
        )
        _, directions = numpy.linalg.eigh(sample.T @ sample)
        chosen: Numbers = numpy.ascontiguousarray(directions[:, -DIRECTIONS:], dtype=numpy.float32)
        return chosen


def _parted(vectors: Numbers, directions: Numbers) -> tuple[Numbers, Numbers]:
    """The numbers in these directions, and the length of what they leave of each vector."""
    first: Numbers = vectors @ directions
    left = numpy.einsum("ij,ij->i", vectors, vectors) - numpy.einsum("ij,ij->i", first, first)
    # Rounding may take a little too much away: the bound has to stay one.
    rest: Numbers = numpy.sqrt(numpy.maximum(left, 0.0) + _SLACK * _SLACK)
    return first, rest


def _largest(numbers: Numbers, count: int) -> Rows:
    """Where the largest stand, in any order; with all that equal the least of them, so that ties are settled by key."""
    if count >= len(numbers):
        return numpy.arange(len(numbers))
    least = numpy.partition(numbers, -count)[-count]
    return numpy.flatnonzero(numbers >= least)
