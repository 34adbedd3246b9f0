"""Comparing with everything, and how little of it is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmlearn.app.ports.vectors import Block, Filter
from tests.fakes import FakeVectorStore

numpy = pytest.importorskip("numpy", reason="the extra vectors is not installed")

# Not before it is known that numpy is there.
from pytest_llmlearn.adapters.exact_index import ExactIndex, matrix  # noqa: E402
from pytest_llmlearn.adapters.exact_index.matrix import DIRECTIONS, PIECE, WHOLE, Matrix, floats, parted  # noqa: E402

WIDTH = DIRECTIONS + 33


def vectors(count: int, seed: int, *, alike: float = 0.7) -> Any:
    """Of length 1, the more `alike` the more of them lies in a few directions."""
    width = numpy.arange(1, WIDTH + 1) ** -alike
    made = numpy.random.default_rng(seed).standard_normal((count, WIDTH)) * width
    return (made / numpy.linalg.norm(made, axis=1, keepdims=True)).astype(numpy.float16)


def block(rows: Any, first: int = 0, *, shown: bool = True) -> Block:
    keys = [f"mistake:{number:06}" for number in range(first, first + len(rows))]
    return Block(
        space="mistakes",
        revision=1,
        keys=keys,
        owners=keys,
        categories=["async" if number % 2 else "type" for number in range(first, first + len(rows))],
        states=["active"] * len(rows),
        models=[()] * len(rows),
        shown=numpy.full(len(rows), shown),
        vectors=rows,
    )


def wanted(rows: Any, vector: Any, limit: int) -> list[str]:
    cosines = [round(cosine, 5) for cosine in (rows.astype(numpy.float32) @ vector).tolist()]
    order = sorted(range(len(rows)), key=lambda number: -cosines[number])
    return [f"mistake:{number:06}" for number in order[:limit]]


@pytest.mark.parametrize("alike", [1.0, 0.5, 0.0], ids=["like texts", "half", "noise"])
def test_what_is_looked_at_less_is_found_all_the_same(alike: float) -> None:
    """Where a few directions hold most of what differs, where they hold some of it, and where they hold none."""
    rows = vectors(WHOLE + 900, 1, alike=alike)
    index = Matrix(WIDTH)
    index.take(block(rows[:5_000]))
    index.take(block(rows[5_000:], 5_000))
    index.prepare()
    assert (index._directions is None) == (alike == 0.0)
    for vector in vectors(5, 2, alike=alike).astype(numpy.float32):
        assert [near.key for near in index.nearest(vector, 20, Filter())] == wanted(rows, vector, 20)
        found = index.nearest(vector, 20, Filter(categories=frozenset({"async"})))
        assert [near.key for near in found] == [key for key in wanted(rows, vector, 9_999) if int(key[-1]) % 2][:20]


def test_little_is_compared_in_full_where_texts_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of the numbers of all vectors."""
    rows = vectors(WHOLE + 900, 1, alike=1.0)
    index = Matrix(WIDTH)
    index.take(block(rows))
    index.prepare()
    looked_at: list[int] = []
    plain = matrix.compared
    monkeypatch.setattr(matrix, "compared", lambda rows, *rest: (looked_at.append(len(rows)), plain(rows, *rest)))
    for vector in vectors(10, 2, alike=1.0).astype(numpy.float32):
        index.nearest(vector, 20, Filter())
    assert 200 <= sum(looked_at) < 10 * len(rows) / 20


def test_what_comes_after_it_was_prepared_is_found_too() -> None:
    """In the rows that were left of the last piece, and in a new one; and what is changed, and what goes."""
    rows = vectors(PIECE + 400, 3)
    index = Matrix(WIDTH)
    index.take(block(rows[: WHOLE + 1]))
    index.prepare()
    index.take(block(rows[WHOLE + 1 :], WHOLE + 1))
    changed = vectors(50, 4)
    index.take(block(changed, 100))
    rows = rows.copy()
    rows[100:150] = changed
    index.take(block(rows[-300:], len(rows) - 300, shown=False))
    for vector in [*vectors(3, 5), rows[120], rows[WHOLE + 7]]:
        found = [near.key for near in index.nearest(vector.astype(numpy.float32), 15, Filter())]
        assert found == wanted(rows[:-300], vector.astype(numpy.float32), 15)
    assert len(index.rows) == len(rows) - 300


def test_the_first_numbers_never_say_less_than_the_cosine() -> None:
    """Not by rounding either: what they rule out is out."""
    rows = vectors(2_000, 6).astype(numpy.float32)
    directions = numpy.linalg.qr(numpy.random.default_rng(7).standard_normal((WIDTH, DIRECTIONS)))[0]
    first = parted(rows, directions.astype(numpy.float32))
    assert (first @ first.T - rows @ rows.T).min() >= 0


def test_halves_become_the_same_numbers() -> None:
    """All that there are, but infinite ones: with either sign, and below the normal range."""
    every = numpy.arange(2**16, dtype=numpy.uint16).view(numpy.float16)
    every = every[numpy.isfinite(every)]
    assert len(every) == 2**16 - 2**11
    assert numpy.array_equal(floats(every).view(numpy.int32), every.astype(numpy.float32).view(numpy.int32))


def test_of_equals_the_key_decides_which_are_answered() -> None:
    """Also where not all of them fit: an answer does not depend on the order in which they came."""
    row = vectors(1, 8)
    there = Matrix(WIDTH)
    there.take(block(numpy.repeat(row, 30, axis=0)))
    found = there.nearest(row[0].astype(numpy.float32), 4, Filter())
    assert [near.key for near in found] == [f"mistake:{number:06}" for number in range(4)]


def test_rows_that_became_free_are_used_again() -> None:
    """An index that follows for weeks holds what there is, not what ever was."""
    store = FakeVectorStore()
    index = ExactIndex(store, "made-up")
    for step in range(30):
        store.say(f"mistake:{step}", f"text {step}")
        waiting = store.waiting("made-up")
        made = vectors(len(waiting), step).astype(numpy.float32)
        store.put("made-up", WIDTH, list(zip(waiting, made, strict=True)))
        if step > 2:
            store.hide(f"mistake:{step - 3}")
        index.catch_up()
    assert index.size("mistakes") == 3
    found = index.nearest("mistakes", vectors(1, 29)[0], 9)
    assert {near.key for near in found} == {"mistake:27", "mistake:28", "mistake:29"}
    assert len(index._spaces["mistakes"]._keys) < 6


def test_what_was_let_go_of_can_be_used_again() -> None:
    """After catching up."""
    store = FakeVectorStore()
    store.say("mistake:1", "text")
    store.put("made-up", WIDTH, [(store.waiting("made-up")[0], vectors(1, 1)[0])])
    index = ExactIndex(store, "made-up")
    index.catch_up()
    index.close()
    assert index.nearest("mistakes", vectors(1, 1)[0], 1) == []
    index.catch_up()
    assert index.size("mistakes") == 1
