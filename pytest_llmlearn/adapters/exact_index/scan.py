"""Comparing with all vectors once, for a process that asks one question and ends.

Only the vectors are read; what the nearest are called, and whether they may answer, is asked of the store for these
alone. For a second question `ExactIndex` is the better one.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy

from pytest_llmlearn.adapters.exact_index.matrix import compared, in_order, largest, near
from pytest_llmlearn.app.ports.vectors import Filter, Near, Scanned, Space, VectorStore

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Vector

_MOST = 1.1
"""No cosine is beyond it, whatever was rounded: what is has come of damaged numbers, and must not be the nearest."""
ASKED = 64
"""Entries that are looked at first; eight times as many whenever too few of them may answer."""


class ExactScan:
    """`ports.VectorIndex` over the vectors of one embedder in `store`."""

    name = "exact"

    def __init__(self, store: VectorStore, embedder: str) -> None:
        self._store = store
        self._embedder = embedder
        self._lock = threading.RLock()
        self._standing: tuple[str, int] | None = None
        self._scanned: dict[Space, list[Scanned]] = {}

    def catch_up(self) -> None:
        """Read the vectors, where anything changed since they were.

        Raises:
            StoreError: the store cannot be read; what was there before can be asked.
        """
        with self._lock:
            standing = (self._store.epoch(), self._store.revision(self._embedder))
            if standing == self._standing:
                return
            found: dict[Space, list[Scanned]] = {}
            for scanned in self._store.scan(self._embedder):
                found.setdefault(scanned.space, []).append(scanned)
            self._scanned, self._standing = found, standing

    def nearest(self, space: Space, vector: Vector, limit: int, where: Filter | None = None) -> list[Near]:
        """The `limit` nearest entries that `where` lets pass, best first; of equals by key."""
        with self._lock:
            parts = self._scanned.get(space, [])
        if not parts or limit < 1:
            return []
        rows = numpy.concatenate([part.rows for part in parts])
        cosines = numpy.empty(len(rows), dtype=numpy.float32)
        asked, end = numpy.ascontiguousarray(vector, dtype=numpy.float32), 0
        for part in parts:
            start, end = end, end + len(part.rows)
            compared(part.vectors, asked, cosines[start:end])
        cosines[numpy.abs(cosines) > _MOST] = -1.0
        return self._named(rows, cosines, limit, where or Filter())

    def _named(self, rows: numpy.typing.NDArray[numpy.int64], cosines: Vector, limit: int, where: Filter) -> list[Near]:
        found: list[Near] = []
        least, count, known = numpy.inf, max(ASKED, 2 * limit), len(rows)
        while True:
            top = largest(cosines, count)
            new = top[cosines[top] < least]
            names = self._store.named(rows[new].tolist())
            for row, cosine in zip(rows[new].tolist(), cosines[new].tolist(), strict=True):
                one = names.get(row)
                if one is not None and where.passes(one.category, one.state, one.models):
                    found.append(near(one.key, one.owner, cosine))
            if len(found) >= limit or count >= known:
                return in_order(found, limit)
            least, count = float(cosines[top].min()), count * 8

    def size(self, space: Space) -> int:
        """How many entries there are to be found."""
        with self._lock:
            parts = self._scanned.get(space, [])
        return sum(len(self._store.named(part.rows.tolist())) for part in parts)

    def close(self) -> None:
        """Let go of the memory; it can be used again after catching up."""
        with self._lock:
            self._scanned, self._standing = {}, None
