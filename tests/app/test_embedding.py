"""Giving texts their vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_llmlearn.app.embedding import BATCH, QUESTIONS, Embedded, Embedding
from pytest_llmlearn.errors import EmbedderUnavailable
from tests.fakes import FakeEmbedder, FakeVectorStore

numpy = pytest.importorskip("numpy", reason="the extra vectors is not installed")


@pytest.fixture
def store() -> FakeVectorStore:
    """With three texts."""
    made = FakeVectorStore()
    for number in range(3):
        made.say(f"mistake:{number}", f"text {number}")
    return made


class Busy:
    """A lock that another process has."""

    @contextmanager
    def held(self) -> Iterator[bool]:
        yield False


def test_what_waits_gets_a_vector(store: FakeVectorStore) -> None:
    """That of its text, as the embedder makes it."""
    embedder = FakeEmbedder()
    assert Embedding(store, embedder).catch_up() == Embedded(made=3, complete=True)
    kept = {one.key: one.vector for one in store.changes(embedder.name, 0)}
    assert numpy.allclose(kept["mistake:1"], embedder.embed(["text 1"])[0], atol=1e-3)
    assert store.covered(embedder.name) == (3, 3)


def test_what_has_a_vector_is_not_embedded_again(store: FakeVectorStore) -> None:
    """The embedder is not even asked."""
    embedder = FakeEmbedder()
    embedding = Embedding(store, embedder)
    embedding.catch_up()
    embedder.asked.clear()
    assert embedding.catch_up() == Embedded(made=0, complete=True)
    store.say("mistake:1", "another text")
    assert embedding.catch_up().made == 1
    assert embedder.asked == [["another text"]]


def test_equal_texts_are_embedded_once(store: FakeVectorStore) -> None:
    """Each of them has the vector."""
    store.say("mistake:0", "text 1")
    embedder = FakeEmbedder()
    assert Embedding(store, embedder).catch_up().made == 3
    assert sorted(text for batch in embedder.asked for text in batch) == ["text 1", "text 2"]
    assert store.covered(embedder.name) == (3, 3)


def test_a_limit_leaves_the_rest_for_later(store: FakeVectorStore) -> None:
    """And says so."""
    embedding = Embedding(store, FakeEmbedder())
    assert embedding.catch_up(limit=2) == Embedded(made=2, complete=False)
    assert embedding.catch_up(limit=2) == Embedded(made=1, complete=True)


def test_an_interruption_loses_one_batch() -> None:
    """What was kept before is not made again."""
    store = FakeVectorStore()
    for number in range(BATCH + 5):
        store.say(f"mistake:{number}", f"text {number}")

    class Failing(FakeEmbedder):
        def embed(self, texts: Sequence[str]) -> Any:
            if self.asked:
                raise EmbedderUnavailable("gone")
            return super().embed(texts)

    with pytest.raises(EmbedderUnavailable):
        Embedding(store, Failing()).catch_up()
    assert store.covered("made-up") == (BATCH, BATCH + 5)
    assert Embedding(store, FakeEmbedder()).catch_up().made == 5


def test_progress_is_told_after_every_batch() -> None:
    """With what there is to do in all."""
    store = FakeVectorStore()
    for number in range(BATCH + 1):
        store.say(f"mistake:{number}", f"text {number}")
    told: list[tuple[int, int]] = []
    Embedding(store, FakeEmbedder()).catch_up(progress=lambda done, total: told.append((done, total)))
    assert told == [(BATCH, BATCH + 1), (BATCH + 1, BATCH + 1)]


def test_a_text_that_changes_meanwhile_gets_the_vector_of_its_new_words(store: FakeVectorStore) -> None:
    """What was made of the old ones is left out."""
    embedder = FakeEmbedder()

    def change() -> None:
        store.busy = lambda: None
        store.say("mistake:2", "changed")

    store.busy = change
    assert Embedding(store, embedder).catch_up().complete
    kept = {one.key: one.vector for one in store.changes(embedder.name, 0)}
    assert numpy.allclose(kept["mistake:2"], embedder.embed(["changed"])[0], atol=1e-3)


def test_what_cannot_be_kept_does_not_hold_it_up_for_ever(store: FakeVectorStore) -> None:
    """A store that leaves everything out is asked once for each text."""
    store.put = lambda *_: None  # type: ignore[method-assign]
    embedder = FakeEmbedder()
    assert Embedding(store, embedder).catch_up() == Embedded(made=3, complete=False)
    assert len(embedder.asked) == 1


def test_the_vectors_of_another_embedder_are_dropped_when_all_is_made(store: FakeVectorStore) -> None:
    """Until then they are there, for whoever still uses it, and never among the new ones."""
    Embedding(store, FakeEmbedder("old")).catch_up()
    embedding = Embedding(store, FakeEmbedder("new"))
    embedding.catch_up(limit=2)
    assert store.embedders() == ["old", "new"]
    assert len(list(store.changes("new", 0))) == 2
    assert embedding.catch_up() == Embedded(made=1, dropped=3, complete=True)
    assert store.embedders() == ["new"]


def test_nothing_is_done_where_another_process_is_at_it(store: FakeVectorStore) -> None:
    """And that is said."""
    embedder = FakeEmbedder()
    assert Embedding(store, embedder, alone=Busy()).catch_up() == Embedded(alone=False, complete=False)
    assert not embedder.asked


def test_where_nothing_waits_no_lock_is_taken() -> None:
    """There may be no folder to put it in."""
    assert Embedding(FakeVectorStore(), FakeEmbedder(), alone=Busy()).catch_up() == Embedded()


def test_a_question_asked_before_is_not_embedded_again(store: FakeVectorStore) -> None:
    """Within a process, up to a bound."""
    embedder = FakeEmbedder()
    embedding = Embedding(store, embedder)
    first = embedding.of_question("how?")
    assert numpy.array_equal(embedding.of_question(" how?\n"), first)
    assert embedder.asked == [["how?"]]
    for number in range(QUESTIONS):
        embedding.of_question(str(number))
    embedding.of_question("how?")
    assert embedder.asked.count(["how?"]) == 2


def test_a_request_that_was_recorded_is_not_embedded_again(store: FakeVectorStore) -> None:
    """Its vector lies in the store, under the digest of its normal form."""
    store.say(f"prompt:{b'how'.hex()}", "How?")
    embedder = FakeEmbedder()
    Embedding(store, embedder).catch_up()
    embedder.asked.clear()
    embedding = Embedding(store, embedder, digest_of=lambda text: text.strip(" ?").lower().encode())
    assert numpy.allclose(embedding.of_question(" HOW? "), embedder.embed(["How?"])[0], atol=1e-3)
    assert embedder.asked == [["How?"]], "asked by this test alone"
    embedding.of_question("why?")
    assert embedder.asked[1:] == [["why?"]]
