"""Whether an index has what the store has, and finds what is near; what is not so is mended.

Comparing with all is the judge. Nothing of the store's is changed: an index is its shadow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pytest_llmlearn.app.ports.vectors import SPACES, Near, Space, VectorIndex, VectorStore
from pytest_llmlearn.errors import IndexUnavailable

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Vector

SAMPLE = 100
"""Vectors of the store's own that are asked for, and as many that lie between two of them."""
NEAREST = 10
GOOD = 0.9
"""Share of the nearest that an index has to find; below it is made anew, for graphs wear out by what is removed."""
_ALIKE = 1e-5
"""Difference of cosines up to which one entry is as good an answer as another."""


class Mendable(VectorIndex, Protocol):
    """An index that is kept somewhere, and can be wrong."""

    @property
    def notices(self) -> list[str]: ...

    def reconcile(self) -> Mapping[Space, tuple[int, int]]: ...

    def rebuild(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`there` and `kept`: entries by space, of the index and of the store. `recall`: the share of the `NEAREST` of
    `asked` questions that it found; None where there was nothing to ask. `done` and `problems` are sentences, and so is
    `elsewhere`, where another process has it and nothing could be looked at."""

    there: Mapping[Space, int] = field(default_factory=dict)
    kept: Mapping[Space, int] = field(default_factory=dict)
    recall: float | None = None
    asked: int = 0
    done: Sequence[str] = ()
    problems: Sequence[str] = ()
    elsewhere: str = ""


def check(index: Mendable, judge: VectorIndex, store: VectorStore, embedder: str) -> Checked:
    """Examine `index`, mend it, and say what was done. `judge` compares with all.

    Raises:
        StoreError: the store cannot be read.
        MissingExtra: the packages that either needs are not installed.
    """
    judge.catch_up()
    kept = {space: judge.size(space) for space in SPACES}
    done: list[str] = []
    try:
        index.catch_up()
        for space, (added, removed) in index.reconcile().items():
            done += _told(space, added, removed)
        recall, asked = _recall(index, judge, store, embedder, sum(kept.values()))
        if recall is not None and recall < GOOD:
            done.append(f"it found {recall:.0%} of what is nearest")
            index.rebuild()
            recall, asked = _recall(index, judge, store, embedder, sum(kept.values()))
    except IndexUnavailable as error:
        if error.owned:
            return Checked(kept=kept, done=done, elsewhere=str(error))
        return Checked(kept=kept, done=[*index.notices, *done], problems=[str(error)])
    there = {space: index.size(space) for space in SPACES}
    problems = [
        f"it has {there[space]} entries of {space} where the store has {kept[space]}"
        for space in SPACES
        if there[space] != kept[space]
    ]
    if recall is not None and recall < GOOD:
        problems.append(
            f"made anew it still finds only {recall:.0%} of what is nearest; the setting index = 'exact' helps"
        )
    return Checked(there=there, kept=kept, recall=recall, asked=asked, done=[*done, *index.notices], problems=problems)


def found_of(found: Sequence[Near], wanted: Sequence[Near]) -> float:
    """The share of `wanted` that is among `found`; what is just as near counts as well."""
    if not wanted:
        return 1.0
    edge = wanted[-1].similarity - _ALIKE
    return min(len(wanted), sum(one.similarity >= edge for one in found)) / len(wanted)


def _told(space: Space, added: int, removed: int) -> Iterator[str]:
    if added:
        yield f"{space}: added {added} that the store has and it had not"
    if removed:
        yield f"{space}: removed {removed} that it had and the store has not"


def _recall(
    index: VectorIndex, judge: VectorIndex, store: VectorStore, embedder: str, total: int
) -> tuple[float | None, int]:
    shares = [
        found_of(index.nearest(space, vector, NEAREST), judge.nearest(space, vector, NEAREST))
        for space, vector in _questions(store, embedder, total)
    ]
    return (sum(shares) / len(shares), len(shares)) if shares else (None, 0)


def _questions(store: VectorStore, embedder: str, total: int) -> Iterator[tuple[Space, Vector]]:
    """Vectors of the store, evenly chosen, and for each one that lies between it and the one chosen before: the same
    whenever the store is the same."""
    before: Vector | None = None
    for space, vector in _chosen(store, embedder, max(1, total // SAMPLE)):
        yield space, vector
        if before is not None:
            between: Vector = vector + before * vector.dtype.type(0.5)
            length = float((between @ between) ** 0.5)
            if length:
                yield space, between / vector.dtype.type(length)
        before = vector


def _chosen(store: VectorStore, embedder: str, step: int) -> Iterable[tuple[Space, Vector]]:
    for number, one in enumerate(store.changes(embedder, 0)):
        if number % step == 0 and number // step < SAMPLE and one.vector is not None:
            yield one.space, one.vector
