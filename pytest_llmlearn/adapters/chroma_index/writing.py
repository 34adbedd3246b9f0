"""How Chroma's collections are made and brought to what the store has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pytest_llmlearn.adapters.chroma_index.records import COLLECTIONS, document, metadata
from pytest_llmlearn.app.ports.vectors import Kept, Space

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI

    Collections: TypeAlias = Mapping[Space, Collection]

BATCH = 1_000
"""Records written at once; Chroma takes up to 5,461 in a folder, a server what it says."""
SYNC = 5_000
"""Records after which Chroma writes its graph to disk, all of it; by its own default after every 1,000."""
EFFORT = 500
"""Candidates that a question looks at in the graph. With Chroma's own default of 100 three of a hundred nearest are
missed among ten thousand, and two milliseconds are won."""
_NEAR = 1e-3
"""Difference of a number up to which two vectors are the same one: Chroma may have made its length 1 again."""


class Writing:
    """Writes to collections, one for each space."""

    def __init__(self, collections: Collections, batch: int = BATCH) -> None:
        self.collections = collections
        self._batch = batch

    @classmethod
    def open(cls, client: ClientAPI, marks: Mapping[str, str]) -> Writing:
        """The collections, made where they are missing; the first of them has `marks` as metadata from its beginning.

        Distances are cosines. No collection has an embedding function: every vector comes from us.
        """
        there = {one.name for one in client.list_collections()}
        made: dict[Space, Collection] = {}
        for space, name in COLLECTIONS.items():
            if name in there:
                made[space] = client.get_collection(name, embedding_function=None)
            else:
                made[space] = client.create_collection(
                    name,
                    embedding_function=None,
                    metadata=dict(marks if not made else {}) or None,
                    configuration={"hnsw": {"space": "cosine", "sync_threshold": SYNC, "ef_search": EFFORT}},
                )
        most = client.get_max_batch_size()
        return cls(made, min(BATCH, most) if most > 0 else BATCH)

    def sizes(self) -> dict[Space, int]:
        return {space: collection.count() for space, collection in self.collections.items()}

    def follow(self, changes: Iterable[Kept], stopped: Callable[[], bool]) -> int | None:
        """Write what changed, oldest first; None once all is. Stopped, the revision up to which all is."""
        for batch in _batches(changes, self._batch):
            for space, collection in self.collections.items():
                self._write(collection, [one for one in batch if one.space == space])
            if stopped():
                last: Kept = batch[-1]
                return last.revision - 1  # others of the same may be still to come
        return None

    def reconcile(self, every: Iterable[Kept]) -> dict[Space, tuple[int, int]]:
        """Add what is missing of `every`, remove what is not of it: how many of each, by space."""
        missing = dict.fromkeys(self.collections, 0)
        there = {space: set(collection.get(include=[])["ids"]) for space, collection in self.collections.items()}
        seen: dict[Space, set[str]] = {space: set() for space in self.collections}
        for batch in _batches(every, self._batch):
            for space, collection in self.collections.items():
                shown = [one for one in batch if one.space == space and one.vector is not None]
                seen[space].update(one.key for one in shown)
                lost = [one for one in shown if one.key not in there[space]]
                missing[space] += len(lost)
                self._write(collection, lost)
        done: dict[Space, tuple[int, int]] = {}
        for space, collection in self.collections.items():
            stale = sorted(there[space] - seen[space])
            for some in _batches(stale, self._batch):
                collection.delete(ids=some)
            done[space] = (missing[space], len(stale))
        return done

    def settle(self) -> None:
        """Have Chroma do now what it puts off until the next question."""
        for collection in self.collections.values():
            one = collection.get(limit=1, include=["embeddings"])["embeddings"]
            if one is not None and len(one):
                collection.query(query_embeddings=one, n_results=1, include=[])

    def _write(self, collection: Collection, kept: Sequence[Kept]) -> None:
        """One batch. Setting the vector of a record that exists costs six times what adding one does, so a record is
        only described anew where its vector is the same, and otherwise removed and added."""
        import numpy

        gone = [one.key for one in kept if one.vector is None]
        shown = {one.key: one for one in kept if one.vector is not None}
        same: list[Kept] = []
        if shown:
            found = collection.get(ids=list(shown), include=["embeddings", "documents"])
            vectors, documents = found["embeddings"], found["documents"]
            for row, key in enumerate(found["ids"]):
                one, vector = shown[key], vectors[row] if vectors is not None else ()
                assert one.vector is not None
                if (
                    len(vector) == len(one.vector)
                    and numpy.allclose(vector, one.vector, rtol=0, atol=_NEAR)
                    and (documents is None or documents[row] == document(one))
                ):
                    same.append(shown.pop(key))
                else:
                    gone.append(key)
        if gone:
            collection.delete(ids=gone)
        if same:
            collection.update(ids=[one.key for one in same], metadatas=[metadata(one) for one in same])
        if shown:
            made: Any = numpy.stack([cast(Any, one.vector) for one in shown.values()]).astype(numpy.float32)
            texts: Any = [document(one) for one in shown.values()]
            collection.add(
                ids=list(shown), embeddings=made, metadatas=[_new(one) for one in shown.values()], documents=texts
            )


def _new(kept: Kept) -> dict[str, Any]:
    """There is no key to take away from what is new, and a server does not take None for it."""
    return {key: value for key, value in metadata(kept).items() if value is not None}


def _batches(of: Iterable[Any], count: int) -> Iterator[list[Any]]:
    rest = iter(of)
    while batch := list(islice(rest, count)):
        yield batch
