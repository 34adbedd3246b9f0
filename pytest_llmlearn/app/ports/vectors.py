"""Meaning as numbers: who makes the vectors, where they are kept, and who finds the nearest.

SQLite keeps the truth (`VectorStore`); every index is a shadow of it that can be made anew. Vectors of two embedders
are never compared: each belongs to the embedder whose `name` stands beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, get_args

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[numpy.float32]
    """One vector of length 1, shape (dimension,)."""
    Matrix: TypeAlias = NDArray[numpy.float32]
    """Rows of length 1, shape (n, dimension)."""

Space = Literal["mistakes", "fixes", "prompts"]
"""What is searched apart: facets of patterns, verified fixes, and the requests under which patterns came."""
SPACES: tuple[Space, ...] = get_args(Space)
Facet = Literal["mistake", "context", "code", "fix", "prompt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddable:
    """A text that wants a vector.

    `key` is deterministic (`mistake:<fingerprint>`, `code:<fingerprint>`, `context:<fingerprint>`,
    `fix:<digest>@<fingerprint>`, `prompt:<digest>`), so that an index made anew has the same ids. `digest` is of the
    text: where it changed, the vector is out of date.
    """

    key: str
    space: Space
    facet: Facet
    text: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A vector as the store keeps it, with what an index may filter by.

    `owner` is the fingerprint of the pattern that it speaks of ("" in the space of prompts, which many patterns
    share); what was merged speaks of the pattern that it was merged into. `revision` is that of its last change;
    `vector` is None where it was removed, or may be shown no more. `document` is the text that the vector is of.
    """

    key: str
    space: Space
    facet: Facet
    owner: str
    revision: int
    vector: Vector | None
    document: str = ""
    category: str = ""
    state: str = ""
    severity: str = ""
    frequency: int = 0
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Many `Kept` of one space as columns, for whoever has to read them fast: row i of each is of one entry.

    `revision` is that up to which the reader has everything once it has taken this block and those before it. A row
    of which `shown` is False was removed, or may be shown no more, and its vector is without meaning. `vectors` are
    float16, shape (n, dimension).
    """

    space: Space
    revision: int
    keys: Sequence[str]
    owners: Sequence[str]
    categories: Sequence[str]
    states: Sequence[str]
    models: Sequence[tuple[str, ...]]
    shown: NDArray[numpy.bool_]
    vectors: NDArray[numpy.float16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """Vectors of one space with nothing but the store's numbers for them: float16, shape (n, dimension)."""

    space: Space
    rows: NDArray[numpy.int64]
    vectors: NDArray[numpy.float16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What an entry is called, and what a filter asks for."""

    key: str
    owner: str
    category: str = ""
    state: str = ""
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries may answer: an empty one lets all pass. Prompts have no category or state, and pass on `model` if
    that model failed when it was asked so."""

    model: str | None = None
    categories: frozenset[str] = field(default_factory=frozenset)
    states: frozenset[str] = field(default_factory=frozenset)

    @property
    def empty(self) -> bool:
        return self.model is None and not self.categories and not self.states

    def passes(self, category: str, state: str, models: Collection[str]) -> bool:
        """Whether an entry with these may answer."""
        return (
            (self.model is None or self.model in models)
            and (not self.categories or not category or category in self.categories)
            and (not self.states or not state or state in self.states)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An entry near a question: its key, its owner, and the exact cosine in -1 to 1."""

    key: str
    owner: str
    similarity: float


class Embedder(Protocol):
    """Makes vectors of texts. `name` tells it, its weights and its settings apart from every other."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row of length 1 for each text, in order. An empty text has a vector too.

        Raises:
            EmbedderUnavailable: weights are missing or wrong, or an endpoint does not answer.
        """
        ...


class VectorStore(Protocol):
    """The truth about vectors, in the same file as the patterns, and as safe."""

    def waiting(self, embedder: str, limit: int | None = None) -> list[Embeddable]:
        """Texts without a vector of this embedder, or whose text changed since.

        Requests first, then what was wrong, then the rest of the facets; of each the latest first. With a limit
        there may be fewer for now than wait in all, but none only where nothing does.
        """
        ...

    def put(self, embedder: str, dimension: int, made: Sequence[tuple[Embeddable, Vector]]) -> None:
        """Keep these vectors (float16 on disk). What was removed, or changed its text meanwhile, is left out."""
        ...

    def covered(self, embedder: str) -> tuple[int, int]:
        """How many texts have a vector of this embedder, and how many there are."""
        ...

    def epoch(self) -> str:
        """Another one whenever vectors were erased for good, or the file is another.

        An index of another epoch is to be made anew from revision 0: the removals are not among the changes, and what
        was erased must not live on in it.
        """
        ...

    def revision(self, embedder: str) -> int:
        """Grows with every vector added, changed or removed, and with what an index filters by. 0: there is none."""
        ...

    def changes(self, embedder: str, since: int) -> Iterator[Kept]:
        """What changed after revision `since`, oldest first, removals included; from 0 all that is there."""
        ...

    def blocks(self, embedder: str, since: int) -> Iterator[Block]:
        """The same without documents, as columns, in any order: for an index that keeps nothing of its own."""
        ...

    def of_keys(self, embedder: str, keys: Sequence[str]) -> Sequence[Kept]:
        """What is kept under these keys now, without documents, in any order; what is not to be found is left out."""
        ...

    def scan(self, embedder: str) -> Iterator[Scanned]:
        """All vectors, those that may not be shown among them, by the store's numbers: to be read once."""
        ...

    def named(self, rows: Sequence[int]) -> Mapping[int, Named]:
        """What these numbers mean; without those that were removed, or may be shown no more."""
        ...

    def of_prompt(self, embedder: str, digest: bytes) -> Vector | None:
        """The vector of a request that was made before, by the digest of its normal form."""
        ...

    def embedders(self) -> Sequence[str]:
        """The embedders of which there are vectors, in the order in which they came."""
        ...

    def discard_damaged(self, embedder: str) -> int:
        """Remove vectors that are none, so that their texts wait for new ones; how many there were.

        Nobody finds them as long as they are there: of what is read, they are left out.
        """
        ...

    def drop(self, embedder: str) -> int:
        """Remove all vectors of an embedder that is used no more; how many there were."""
        ...


class VectorIndex(Protocol):
    """Finds the nearest vectors of one embedder. Safe to use from several threads."""

    @property
    def name(self) -> str: ...

    def catch_up(self) -> None:
        """Follow the store to its latest revision; made anew where damaged, missing, or of another embedder."""
        ...

    def nearest(self, space: Space, vector: Vector, limit: int, where: Filter | None = None) -> list[Near]:
        """The `limit` nearest entries that `where` lets pass, best first: never fewer than there are."""
        ...

    def size(self, space: Space) -> int: ...

    def close(self) -> None: ...
