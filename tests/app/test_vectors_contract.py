"""What every store of vectors keeps to, the real one and its stand-in alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports.vectors import Embeddable, Kept, VectorStore
from tests.builders import a_run, an_entry
from tests.fakes import FakeEmbedder, FakeVectorStore

numpy = pytest.importorskip("numpy", reason="the extra vectors is not installed")

EMBEDDER = FakeEmbedder()
NAME, WIDTH = EMBEDDER.name, EMBEDDER.dimension


class Bench(Protocol):
    """A store, and how a test brings about what it is about. Each pattern has one text, of its key."""

    vectors: VectorStore

    def learn(self, fingerprint: str, lesson: str, model: str = "model-a") -> None: ...
    def hide(self, fingerprint: str) -> None: ...
    def erase(self, fingerprint: str) -> None: ...
    def request(self, digest: bytes, text: str) -> None: ...


class Real:
    """`SqliteStore`."""

    def __init__(self, root: Path) -> None:
        self.store = SqliteStore(root)
        self.vectors = self.store.vectors()
        self._runs = 0

    def learn(self, fingerprint: str, lesson: str, model: str = "model-a") -> None:
        self._runs += 1
        entry = an_entry(
            fingerprint, lesson=lesson, model=model, unit_hash=f"{self._runs}",
            snippet="", path=None, unit="", contexts=(), message="", symbols=(),
        )  # fmt: skip
        self.store.record(a_run(f"run-{self._runs}"), [entry])

    def hide(self, fingerprint: str) -> None:
        self.store.say(fingerprint, "wrong")

    def erase(self, fingerprint: str) -> None:
        self.store.upkeep().forget(fingerprint)

    def request(self, digest: bytes, text: str) -> None:
        def change(db: Any) -> None:
            db.execute("INSERT INTO occurrence_texts (digest, text) VALUES (?, ?)", (digest, text))
            values = (digest, db.execute("SELECT max(id) FROM occurrence_texts").fetchone()[0])
            db.execute("INSERT INTO prompts (digest, text_id, words, last_asked) VALUES (?, ?, '', '2026')", values)
            db.execute(
                """INSERT INTO pattern_prompts SELECT (SELECT max(id) FROM prompts), (SELECT min(id) FROM patterns),
                   'model-p', 1, '2026'"""
            )

        self.store._file.write(change)


class Fake:
    """`FakeVectorStore`."""

    def __init__(self) -> None:
        self.vectors = FakeVectorStore()

    def learn(self, fingerprint: str, lesson: str, model: str = "model-a") -> None:
        told = {"owner": fingerprint, "category": "type", "state": "candidate", "models": (model,)}
        self.vectors.say(f"mistake:{fingerprint}", lesson, **told)

    def hide(self, fingerprint: str) -> None:
        self.vectors.hide(f"mistake:{fingerprint}")

    def erase(self, fingerprint: str) -> None:
        self.vectors.erase(f"mistake:{fingerprint}")

    def request(self, digest: bytes, text: str) -> None:
        self.vectors.say(f"prompt:{digest.hex()}", text, models=("model-p",))


@pytest.fixture(params=["sqlite", "fake"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A store with two patterns."""
    made: Real | Fake = Real(tmp_path) if request.param == "sqlite" else Fake()
    made.learn("1:aaaa", "first")
    made.learn("1:bbbb", "second")
    yield made
    if isinstance(made, Real):
        made.store.close()


def embed(bench: Bench, name: str = NAME) -> list[Embeddable]:
    """Give all that waits its vector."""
    waiting = bench.vectors.waiting(name)
    texts = [one.text for one in waiting]
    bench.vectors.put(name, WIDTH, list(zip(waiting, EMBEDDER.embed(texts), strict=True)))
    return waiting


def kept(bench: Bench, since: int = 0) -> dict[str, Kept]:
    return {one.key: one for one in bench.vectors.changes(NAME, since)}


def of(text: str) -> Any:
    return EMBEDDER.embed([text])[0]


def test_what_was_learned_waits_for_a_vector(bench: Bench) -> None:
    """The latest first; requests before all."""
    assert [one.key for one in bench.vectors.waiting(NAME)] == ["mistake:1:bbbb", "mistake:1:aaaa"]
    bench.request(b"asked", "Write it.")
    waiting = bench.vectors.waiting(NAME)
    assert [(one.key, one.space, one.facet) for one in waiting[:2]] == [
        (f"prompt:{b'asked'.hex()}", "prompts", "prompt"),
        ("mistake:1:bbbb", "mistakes", "mistake"),
    ]
    assert waiting[0].text == "Write it." and "second" in waiting[1].text
    assert [one.key for one in bench.vectors.waiting(NAME, 1)] == [waiting[0].key]


def test_what_has_its_vector_waits_no_more(bench: Bench) -> None:
    """For this embedder; for another one it does."""
    assert bench.vectors.covered(NAME) == (0, 2)
    embed(bench)
    assert bench.vectors.waiting(NAME) == [] and bench.vectors.covered(NAME) == (2, 2)
    assert len(bench.vectors.waiting("other")) == 2 and bench.vectors.covered("other") == (0, 2)


def test_a_vector_is_kept_as_half_precision(bench: Bench) -> None:
    """With what an index filters by, and the text."""
    (late, _) = embed(bench)
    one = kept(bench)["mistake:1:bbbb"]
    assert one.vector is not None and one.vector.dtype == numpy.float32
    assert numpy.array_equal(one.vector, of(late.text).astype(numpy.float16).astype(numpy.float32))
    assert (one.space, one.facet, one.owner, one.document) == ("mistakes", "mistake", "1:bbbb", late.text)
    assert (one.category, one.state, one.models) == ("type", "candidate", ("model-a",))


def test_a_text_that_changed_waits_again(bench: Bench) -> None:
    """Its vector stays until there is another: it is better than none."""
    embed(bench)
    bench.learn("1:aaaa", "changed")
    assert [one.key for one in bench.vectors.waiting(NAME)] == ["mistake:1:aaaa"]
    assert bench.vectors.covered(NAME) == (1, 2) and len(kept(bench)) == 2
    (late,) = embed(bench)
    vector = kept(bench)["mistake:1:aaaa"].vector
    assert vector is not None and numpy.allclose(vector, of(late.text), atol=1e-3)
    assert bench.vectors.waiting(NAME) == []


def test_what_changed_while_it_was_embedded_is_left_out(bench: Bench) -> None:
    """And what was erased meanwhile."""
    waiting = bench.vectors.waiting(NAME)
    bench.learn("1:aaaa", "changed")
    bench.vectors.waiting(NAME)
    bench.erase("1:bbbb")
    bench.vectors.put(NAME, WIDTH, [(one, of(one.text)) for one in waiting])
    assert bench.vectors.covered(NAME) == (0, 1)
    assert kept(bench) == {}


def test_a_vector_of_the_wrong_width_is_refused(bench: Bench) -> None:
    """Nothing is kept then."""
    waiting = bench.vectors.waiting(NAME)
    with pytest.raises(ValueError, match=r"\d|dimension"):
        bench.vectors.put(NAME, WIDTH + 1, [(waiting[0], of("a"))])
    assert bench.vectors.covered(NAME) == (0, 2)


def test_vectors_of_two_widths_are_never_mixed(bench: Bench) -> None:
    """The same name with another dimension has other weights: it begins anew."""
    embed(bench)
    epoch = bench.vectors.epoch()
    late = bench.vectors.waiting("other")[0]
    bench.vectors.put(NAME, 2, [(late, numpy.array([1, 0], dtype=numpy.float32))])
    assert {key: one.vector.tolist() for key, one in kept(bench).items() if one.vector is not None} == {
        late.key: [1.0, 0.0]
    }
    assert bench.vectors.epoch() != epoch


def test_the_revision_tells_that_something_changed(bench: Bench) -> None:
    """A vector, what is filtered by, or what may be shown; 0 where there is no vector."""
    assert bench.vectors.revision(NAME) == 0
    embed(bench)
    seen = [bench.vectors.revision(NAME)]
    bench.learn("1:aaaa", "first", "model-b")
    seen.append(bench.vectors.revision(NAME))
    bench.hide("1:bbbb")
    seen.append(bench.vectors.revision(NAME))
    assert 0 < seen[0] < seen[1] < seen[2]
    assert bench.vectors.revision("other") == 0


def test_changes_are_told_since_a_revision(bench: Bench) -> None:
    """The oldest first; what may be shown no more without its vector; what did not change not at all."""
    embed(bench)
    before = bench.vectors.revision(NAME)
    assert kept(bench, before) == {}
    bench.hide("1:aaaa")
    told = kept(bench, before)
    assert list(told) == ["mistake:1:aaaa"] and told["mistake:1:aaaa"].vector is None
    assert list(kept(bench)) == ["mistake:1:bbbb"]
    assert told["mistake:1:aaaa"].revision > before
    assert bench.vectors.covered(NAME) == (1, 1)


def test_blocks_tell_the_same_as_changes(bench: Bench) -> None:
    """From the beginning, and since a revision."""
    bench.request(b"asked", "Write it.")
    embed(bench)
    before = bench.vectors.revision(NAME)
    bench.hide("1:aaaa")
    for since in (0, before):
        changes = {
            one.key: (one.space, one.owner, one.category, one.state, one.models)
            for one in bench.vectors.changes(NAME, since)
        }
        found, shown, revision = {}, {}, 0
        for block in bench.vectors.blocks(NAME, since):
            columns = zip(block.owners, block.categories, block.states, block.models, strict=True)
            found.update({key: (block.space, *told) for key, told in zip(block.keys, columns, strict=True)})
            shown.update(dict(zip(block.keys, block.shown.tolist(), strict=True)))
            revision = max(revision, block.revision)
            assert block.vectors.dtype == numpy.float16 and block.vectors.shape == (len(block.keys), WIDTH)
        assert {key: told for key, told in found.items() if shown[key]} == {
            key: told for key, told in changes.items() if key != "mistake:1:aaaa"
        }
        assert shown.get("mistake:1:aaaa", False) is False
        assert revision == bench.vectors.revision(NAME)


def test_a_scan_gives_all_vectors_and_names_for_those_that_are_asked_for(bench: Bench) -> None:
    """Those that may be shown no more have none."""
    bench.request(b"asked", "Write it.")
    embed(bench)
    bench.hide("1:aaaa")
    names = {}
    for part in bench.vectors.scan(NAME):
        assert part.vectors.shape == (len(part.rows), WIDTH)
        told = bench.vectors.named(part.rows.tolist())
        names.update({one.key: (part.space, one.owner, one.category, one.models) for one in told.values()})
    assert names == {
        "mistake:1:bbbb": ("mistakes", "1:bbbb", "type", ("model-a",)),
        f"prompt:{b'asked'.hex()}": ("prompts", "", "", ("model-p",)),
    }


def test_a_request_that_was_made_before_has_its_vector(bench: Bench) -> None:
    """By the digest of its normal form; of another embedder it has none."""
    bench.request(b"asked", "Write it.")
    assert bench.vectors.of_prompt(NAME, b"asked") is None
    embed(bench)
    found = bench.vectors.of_prompt(NAME, b"asked")
    assert found is not None and numpy.allclose(found, of("Write it."), atol=1e-3)
    assert bench.vectors.of_prompt(NAME, b"other") is None
    assert bench.vectors.of_prompt("other", b"asked") is None


def test_what_was_erased_for_good_begins_another_epoch(bench: Bench) -> None:
    """There is nobody left to tell of; what was only hidden is told of."""
    embed(bench)
    epoch = bench.vectors.epoch()
    bench.hide("1:aaaa")
    assert bench.vectors.epoch() == epoch
    bench.erase("1:bbbb")
    assert bench.vectors.epoch() != epoch
    assert kept(bench) == {}


def test_an_embedder_is_dropped_alone(bench: Bench) -> None:
    """The other's vectors stay; what was dropped waits again."""
    embed(bench)
    embed(bench, "other")
    assert bench.vectors.embedders() == [NAME, "other"]
    epoch = bench.vectors.epoch()
    assert bench.vectors.drop("other") == 2 and bench.vectors.drop("other") == 0
    assert bench.vectors.epoch() != epoch
    assert bench.vectors.embedders() == [NAME] and len(kept(bench)) == 2
    assert bench.vectors.revision("other") == 0 and len(bench.vectors.waiting("other")) == 2
