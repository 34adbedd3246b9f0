"""Comparing with all vectors, kept in memory, for a process that is asked again and again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy

from pytest_llmlearn.adapters.exact_index.matrix import Matrix
from pytest_llmlearn.app.ports.vectors import Filter, Near, Space, VectorStore

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Vector


class ExactIndex:
    """`ports.VectorIndex` over the vectors of one embedder in `store`."""

    name = "exact"

    def __init__(self, store: VectorStore, embedder: str) -> None:
        self._store = store
        self._embedder = embedder
        self._lock = threading.RLock()
        self._epoch: str | None = None
        self._revision = 0
        self._spaces: dict[Space, Matrix] = {}

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
                if block.space not in self._spaces:
                    self._spaces[block.space] = Matrix(block.vectors.shape[1])
                self._spaces[block.space].take(block)
                reached = max(reached, block.revision)
            self._revision = reached
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
