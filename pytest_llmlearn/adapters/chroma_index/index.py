"""The nearest vectors from Chroma, each measured again with the vector that the store has.

Chroma proposes and the store disposes: what it proposes that is gone, or fails the filter, is left out, and more is
asked for, in the end everything. Until it has all that the store has it does not answer: whoever asks searches the
store's vectors instead.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.chroma_index.opening import translated
from pytest_llmlearn.adapters.chroma_index.places import Place
from pytest_llmlearn.adapters.chroma_index.records import where_clause
from pytest_llmlearn.adapters.chroma_index.stamp import Stamp
from pytest_llmlearn.adapters.chroma_index.writing import Writing
from pytest_llmlearn.app.ports.vectors import Filter, Kept, Near, Space, VectorStore
from pytest_llmlearn.errors import IndexUnavailable

if TYPE_CHECKING:
    from pytest_llmlearn.adapters.chroma_index.writing import Collections
    from pytest_llmlearn.app.ports.vectors import Vector

FEW = 1_000
"""Entries that pass a filter up to which they are all measured, without asking Chroma which are near."""


class ChromaIndex:
    """`ports.VectorIndex` over the vectors of one embedder in `store`, in Chroma at `place`.

    `notices` are sentences on what was found wrong and made right.
    """

    name = "chroma"

    def __init__(self, place: Place, store: VectorStore, embedder: str, dimension: int) -> None:
        self.notices: list[str] = []
        self._place = place
        self._store = store
        self._embedder = embedder
        self._dimension = dimension
        self._following = threading.Lock()
        self._stop = threading.Event()
        self._ready: Collections | None = None
        self._sizes: Mapping[Space, int] = {}
        self._suspect = False
        self._unwanted = ""

    def catch_up(self) -> None:
        """Follow the store to its latest revision; made anew where damaged, missing, or of another embedder.

        Questions are answered meanwhile, unless it is made anew.

        Raises:
            MissingExtra: Chroma is not installed.
            IndexUnavailable: another process has it, or it cannot be written.
            StoreError: the store cannot be read.
        """
        with self._following:
            self._stop.clear()
            epoch, revision = self._store.epoch(), self._store.revision(self._embedder)
            wanted = Stamp(
                epoch=epoch, embedder=self._embedder, dimension=self._dimension, revision=revision, complete=True
            )
            if not revision and not self._place.exists():
                self._ready, self._sizes = {}, {}
                return
            self._place.own()
            with self._place.writing():
                try:
                    self._follow(wanted)
                except IndexUnavailable as error:
                    self._ready = None
                    if not self._place.ours:
                        raise
                    self._begin_anew(f"it cannot be used: {error}")
                    self._follow(wanted)

    def nearest(self, space: Space, vector: Vector, limit: int, where: Filter | None = None) -> list[Near]:
        """The `limit` nearest entries that `where` lets pass, best first, of equals by key: never fewer than there are.

        Raises:
            IndexUnavailable: it is being made, or Chroma fails; then it is mended by the next catching up.
        """
        ready = self._ready
        if ready is None:
            raise IndexUnavailable(f"the index in {self._place} is not ready: nobody caught up, or it is being made")
        collection, there = ready.get(space), self._sizes.get(space, 0)
        if collection is None or not there or limit < 1:
            return []
        where = None if where is None or where.empty else where
        wanted = min(there, 3 * limit + 20)

        question: Any = vector[None, :]

        def asked(clause: Any = None) -> list[Near]:
            found = collection.query(query_embeddings=question, n_results=wanted, where=clause, include=[])
            return self._measured(found["ids"][0], vector, where)[:limit]

        try:
            with translated(f"the index in {self._place} does not answer"):
                near = asked()
                if len(near) >= limit or (where is None and len(near) == there):
                    return near
                clause: Any = where_clause(where, space) if where is not None else None
                if clause is not None:
                    few = collection.get(where=clause, limit=FEW + 1, include=[])["ids"]
                    if len(few) > FEW and len(near := asked(clause)) >= limit:
                        return near
                every = collection.get(where=clause, include=[])["ids"]
                return self._measured(every, vector, where)[:limit]
        except IndexUnavailable:
            # Not where it was made anew meanwhile: what failed then is no more.
            if self._ready is ready:
                self._ready, self._suspect = None, True
            raise

    def size(self, space: Space) -> int:
        """How many entries there are to be found."""
        return self._sizes.get(space, 0)

    def disk(self) -> int | None:
        """Bytes that it takes on this disk; None where it is on a server."""
        return self._place.size()

    def reconcile(self) -> dict[Space, tuple[int, int]]:
        """Compare with the store key by key, add what is missing and remove what is not there: how many of each.

        For what counting revisions cannot see; it reads everything. The index has caught up before.
        """
        with self._following:
            ready = self._ready
            if not ready:
                return {}
            with self._place.writing(), translated(f"the index in {self._place} cannot be mended"):
                known = self._place.read()
                if known is not None:
                    self._place.write(replace(known, writing=True))
                writing = Writing(ready)
                done = writing.reconcile(self._store.changes(self._embedder, 0))
                self._sizes = writing.sizes()
                if known is not None:
                    writing.settle()
                    self._place.write(replace(known, writing=False, sizes=self._sizes))
            return done

    def rebuild(self) -> None:
        """Make it anew, whatever is there.

        Raises: as `catch_up`.
        """
        with self._following:
            self._unwanted = "it was asked for"
        self.catch_up()

    def close(self) -> None:
        """Let go of it; what is being written is ended between two batches, and gone on with next time."""
        self._stop.set()
        with self._following:
            self._ready, self._sizes = None, {}
            self._place.close()

    def _follow(self, wanted: Stamp) -> None:
        known = self._place.read()
        if (why := self._unusable(known, wanted)) is not None:
            self._begin_anew(why)
            known = None
        if known is None:
            known = replace(wanted, revision=0, complete=False)
        if not wanted.revision:
            self._ready, self._sizes = {}, {}
            return
        with translated(f"the index in {self._place} cannot be written"):
            writing = self._writing(known)
            sizes = writing.sizes()
            if not known.writing and known.revision and sizes != known.sizes:
                self._begin_anew(f"it has {sum(sizes.values())} entries, not {sum(known.sizes.values())}")
                known = replace(wanted, revision=0, complete=False)
                writing, sizes = self._writing(known), {}
            if known.complete:
                self._ready, self._sizes = writing.collections, sizes
            if known.writing or known.revision != wanted.revision or not known.complete:
                self._place.write(replace(known, writing=True))
                reached = writing.follow(self._store.changes(self._embedder, known.revision), self._stop.is_set)
                writing.settle()
                done = replace(wanted, sizes=writing.sizes())
                if reached is not None:
                    done = replace(done, revision=max(known.revision, reached), complete=known.complete)
                self._place.write(done)
                if not done.complete:
                    return
                sizes = writing.sizes()
            self._ready, self._sizes, self._suspect = writing.collections, sizes, False

    def _writing(self, known: Stamp) -> Writing:
        return Writing.open(self._place.open(), self._place.marks(known))

    def _unusable(self, known: Stamp | None, wanted: Stamp) -> str | None:
        """Why what is there cannot be brought to what is wanted; None where it can, or there is nothing."""
        if self._unwanted or (self._suspect and self._place.ours):
            return self._unwanted or "it did not answer"
        if known is None:
            return "its files are not as they were left" if self._place.ours and self._place.exists() else None
        if known.same(wanted):
            return "it is ahead of the store" if known.revision > wanted.revision else None
        if known.epoch != wanted.epoch:
            return "something was erased from the store, or the store is another"
        return f"it is of another embedder ({known.embedder}) or version"

    def _begin_anew(self, why: str) -> None:
        self._ready, self._sizes, self._suspect, self._unwanted = None, {}, False, ""
        self._place.wipe()
        self.notices.append(f"the index in {self._place} is made anew from the store: {why}")

    def _measured(self, keys: Sequence[str], vector: Vector, where: Filter | None) -> list[Near]:
        """Those of these keys that may answer, with their exact cosines, best first."""
        near = []
        for some in _pieces(keys, FEW):
            kept = self._store.of_keys(self._embedder, some)
            if where is not None:
                kept = [one for one in kept if where.passes(one.category, one.state, one.models)]
            near += _cosines(kept, vector)
        return sorted(near, key=lambda one: (-one.similarity, one.key))


def _cosines(kept: Iterable[Kept], vector: Vector) -> list[Near]:
    import numpy

    there = [(one, one.vector) for one in kept if one.vector is not None]
    if not there:
        return []
    cosines = numpy.stack([own for _, own in there]) @ vector.astype(numpy.float32)
    return [
        Near(key=one.key, owner=one.owner, similarity=cosine)
        for (one, _), cosine in zip(there, numpy.clip(cosines, -1.0, 1.0).tolist(), strict=True)
    ]


def _pieces(keys: Sequence[str], count: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), count):
        yield keys[start : start + count]
