"""Vectors in memory, and the nearest of them.

Up to `WHOLE` vectors are compared as they are. Of more, a few numbers of each are compared first, in directions that
hold most of what differs; what the two vectors have left can add at most the product of its lengths (Cauchy and
Schwarz), so that whatever could be among the nearest is known, and is compared in full. Invariant: the answer is what
comparing with every vector in full would give.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

import numpy

from pytest_llmlearn.app.ports.vectors import Block, Filter, Near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_llmlearn.app.ports.vectors import Vector

    Rows: TypeAlias = NDArray[numpy.int64]
    Numbers: TypeAlias = NDArray[numpy.float32]
    Halves: TypeAlias = NDArray[numpy.float16]

WHOLE = 8_192
"""Vectors up to which they are kept as float32 and compared in full: 12 MB, and less than a millisecond."""
PIECE = 16_384
"""Rows of one piece of the matrix: it grows by pieces, and nothing is copied."""
DIRECTIONS = 127
"""Numbers of each vector that are compared first; with the length of what they leave, 512 bytes."""
LEFT = 0.4
"""Mean length of what is left beside these, of vectors of length 1, above which that rules out too little to pay. Of
texts by a language model it is 0.2, of hashed words twice as much and more."""
SAMPLE = 8_192
"""Vectors by which the directions are chosen."""
SCANNED = 512
"""Rows of float16 that are made float32 at once: they stay in the processor's own memory until they are compared."""
_NUMBER = numpy.int32(~0x7000_1FFF)
"""Sign, exponent and fraction of a float16 that was moved up by 13 bits with its sign spread out before it."""
_SLACK = 2e-5
"""What rounding can add to the sum of a few hundred products of float32."""


def floats(halves: Halves | Numbers) -> Numbers:
    """The same numbers as float32, six times as fast as numpy's own way: bits moved to where float32 has them.

    The exponents are then too small by 112, also those of numbers below the normal range. Infinite ones are no part of
    a vector, and come out wrong.
    """
    bits = numpy.ascontiguousarray(halves, dtype=numpy.float16).view(numpy.int16).astype(numpy.int32)
    bits <<= 13
    bits &= _NUMBER
    numbers: Numbers = bits.view(numpy.float32)
    numbers *= numpy.float32(2.0**112)
    return numbers


def compared(rows: Halves | Numbers, vector: Vector, answer: Numbers) -> None:
    """Write the cosine of each row into `answer`."""
    if rows.dtype == numpy.float32:
        numpy.dot(rows, vector, out=answer)
        return
    for start in range(0, len(rows), SCANNED):
        some = slice(start, start + SCANNED)
        numpy.dot(floats(rows[some]), vector, out=answer[some])


def largest(numbers: Numbers, count: int) -> Rows:
    """Where the `count` largest stand, in any order, with all that equal the least of them but for rounding."""
    if count >= len(numbers):
        return numpy.arange(len(numbers))
    least = numpy.partition(numbers, -count)[-count]
    return numpy.flatnonzero(numbers >= least - _SLACK)


def near(key: str, owner: str, cosine: float) -> Near:
    """Without the digits that depend on where a row stands in memory: what is equal has to be equal.

    Rounding to float16 may have left a vector a little longer than 1.
    """
    return Near(key=key, owner=owner, similarity=min(1.0, max(-1.0, round(cosine, 5))))


def in_order(found: list[Near], limit: int) -> list[Near]:
    """The nearest first, of equals by key."""
    return sorted(found, key=lambda one: (-one.similarity, one.key))[:limit]


class Piece:
    """`PIECE` rows, as float32 or float16. Once prepared there are `first`: the numbers that are compared first, and
    behind them the length of what they leave."""

    __slots__ = ("first", "rows")

    def __init__(self, dimension: int, *, half: bool) -> None:
        self.rows: Halves | Numbers = (
            numpy.zeros((PIECE, dimension), dtype=numpy.float16)
            if half
            else numpy.zeros((PIECE, dimension), dtype=numpy.float32)
        )
        self.first: Numbers | None = None

    def put(self, at: Rows, vectors: Halves, directions: Numbers | None) -> None:
        """Write these rows."""
        self.rows[at] = vectors
        if directions is not None and self.first is not None:
            self.first[at] = parted(floats(vectors), directions)

    def part(self, directions: Numbers) -> None:
        """Prepare, with the rows as float16: nothing is lost, for that is what they came as."""
        self.rows = self.rows.astype(numpy.float16, copy=False)
        self.first = numpy.empty((PIECE, directions.shape[1] + 1), dtype=numpy.float32)
        for start in range(0, PIECE, SCANNED):
            some = slice(start, start + SCANNED)
            self.first[some] = parted(floats(self.rows[some]), directions)

    def whole(self) -> None:
        """Have the rows as float32, to be compared in full."""
        self.rows = self.rows.astype(numpy.float32, copy=False)


class Matrix:
    """One space. `rows` are those of keys; a row that is free has the mark 0, which no filter lets pass."""

    def __init__(self, dimension: int) -> None:
        self.rows: dict[str, int] = {}
        self._dimension = dimension
        self._keys: list[str] = []
        self._owners: list[str] = []
        self._free: list[int] = []
        self._pieces: list[Piece] = []
        # What a filter asks for is the same for many: each row has the number of its category, state and models.
        self._marks = numpy.zeros(0, dtype=numpy.int32)
        self._marked: list[tuple[str, str, tuple[str, ...]]] = [("", "", ())]
        self._mark_of: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self._directions: Numbers | None = None
        self._weighed = 0
        """Of how many vectors it was found last whether directions pay."""

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
            self._owners[row] = sys.intern(block.owners[number])  # one for all facets of a pattern
            self._marks[row] = self._mark((block.categories[number], block.states[number], block.models[number]))
            at.append(row)
            which.append(number)
        if at:
            self._put(numpy.array(at, dtype=numpy.int64), block.vectors[which])

    def prepare(self) -> None:
        """Make ready for many questions, where there are so many rows that it pays."""
        total = len(self._keys)
        if total <= WHOLE:
            return
        if self._directions is None and total > 2 * self._weighed:
            self._weighed = total
            self._directions = self._chosen()
        for piece in self._pieces:
            if self._directions is None:
                piece.whole()
            elif piece.first is None:
                piece.part(self._directions)

    def nearest(self, vector: Vector, limit: int, where: Filter) -> list[Near]:
        """The nearest of those that may answer, best first; of equals by key."""
        passing = self._passing(where)
        least = min(limit, len(self.rows) if passing is None else len(passing))
        if least == 0:
            return []
        prepared = self._directions is not None and all(piece.first is not None for piece in self._pieces)
        found, cosines = (self._narrowed if prepared else self._compared)(vector, least, passing)
        return in_order(
            [
                near(self._keys[row], self._owners[row], cosine)
                for row, cosine in zip(found.tolist(), cosines.tolist(), strict=True)
            ],
            limit,
        )

    def _compared(self, vector: Vector, least: int, passing: Rows | None) -> tuple[Rows, Numbers]:
        """Rows that hold the nearest, with their cosines, by comparing with all."""
        cosines = numpy.empty(len(self._keys), dtype=numpy.float32)
        for piece, rows in self._parts():
            compared(piece.rows[: rows.stop - rows.start], vector, cosines[rows])
        if passing is not None:
            cosines = cosines[passing]
        found = largest(cosines, least)
        return found if passing is None else passing[found], cosines[found]

    def _narrowed(self, vector: Vector, least: int, passing: Rows | None) -> tuple[Rows, Numbers]:
        """The same by comparing with those that the first numbers do not rule out."""
        assert self._directions is not None
        first = parted(vector[None, :], self._directions)[0]
        bound = numpy.empty(len(self._keys), dtype=numpy.float32)
        for piece, rows in self._parts():
            assert piece.first is not None
            numpy.dot(piece.first[: rows.stop - rows.start], first, out=bound[rows])
        if passing is not None:
            bound = bound[passing]
        # As many cosines are surely reached as are known of those with the highest bounds.
        likely = largest(bound, min(2 * least, len(bound)))
        reached = self._cosines(likely if passing is None else passing[likely], vector)
        lowest = float(numpy.partition(reached, -least)[-least])
        possible = numpy.flatnonzero(bound >= lowest - _SLACK)
        if len(possible) > len(self._keys) // 4:  # picking rows one by one costs more than it spares
            return self._compared(vector, least, passing)
        possible = possible if passing is None else passing[possible]
        cosines = self._cosines(possible, vector)
        best = largest(cosines, least)
        return possible[best], cosines[best]

    def _cosines(self, rows: Rows, vector: Vector) -> Numbers:
        """Of these rows, which ascend."""
        cosines = numpy.empty(len(rows), dtype=numpy.float32)
        starts = numpy.searchsorted(rows, numpy.arange(0, len(self._pieces) + 1) * PIECE)
        for number, piece in enumerate(self._pieces):
            some = slice(int(starts[number]), int(starts[number + 1]))
            if some.start < some.stop:
                compared(piece.rows[rows[some] - number * PIECE], vector, cosines[some])
        return cosines

    def _parts(self) -> Iterator[tuple[Piece, slice]]:
        """Each piece with its rows of the whole."""
        for number, piece in enumerate(self._pieces):
            yield piece, slice(number * PIECE, min((number + 1) * PIECE, len(self._keys)))

    def _passing(self, where: Filter) -> Rows | None:
        """Which rows may answer; None where all do."""
        if where.empty and not self._free:
            return None
        marks = numpy.array([False, *(where.passes(*told) for told in self._marked[1:])])
        return numpy.flatnonzero(marks[self._marks[: len(self._keys)]])

    def _mark(self, told: tuple[str, str, tuple[str, ...]]) -> int:
        mark = self._mark_of.get(told)
        if mark is None:
            mark = self._mark_of[told] = len(self._marked)
            self._marked.append(told)
        return mark

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

    def _put(self, at: Rows, vectors: Halves) -> None:
        while len(self._pieces) * PIECE < len(self._keys):
            # What comes beyond is small at first: whether it stays so is found out when there is enough of it.
            self._pieces.append(Piece(self._dimension, half=len(self._pieces) * PIECE >= WHOLE))
            if self._directions is not None:
                self._pieces[-1].part(self._directions)
        numbers = at // PIECE
        for number in numpy.unique(numbers).tolist():
            here = numbers == number
            self._pieces[number].put(at[here] - number * PIECE, vectors[here], self._directions)

    def _chosen(self) -> Numbers | None:
        """The directions in which the vectors differ most, one in each column, at right angles to each other; None
        where what they leave is too much."""
        if self._dimension <= DIRECTIONS:
            return None
        rows = numpy.arange(0, len(self._keys), max(1, len(self._keys) // SAMPLE))
        sample = numpy.concatenate(
            [
                piece.rows[rows[(rows >= some.start) & (rows < some.stop)] - some.start].astype(numpy.float32)
                for piece, some in self._parts()
            ]
        )
        _, directions = numpy.linalg.eigh(sample.T @ sample)
        chosen: Numbers = numpy.ascontiguousarray(directions[:, -DIRECTIONS:], dtype=numpy.float32)
        return chosen if float(parted(sample, chosen)[:, -1].mean()) <= LEFT else None


def parted(vectors: Numbers, directions: Numbers) -> Numbers:
    """The numbers in these directions, and behind them the length of what they leave of each vector, or a little more.

    The product of two such rows is the cosine of their vectors, or more.
    """
    first = numpy.empty((len(vectors), directions.shape[1] + 1), dtype=numpy.float32)
    numbers = vectors @ directions
    first[:, :-1] = numbers
    left = numpy.einsum("ij,ij->i", vectors, vectors) - numpy.einsum("ij,ij->i", numbers, numbers)
    # Rounding may take a little too much away: what is used as a bound has to stay one.
    first[:, -1] = numpy.sqrt(numpy.maximum(left, 0.0) + _SLACK)
    return first
