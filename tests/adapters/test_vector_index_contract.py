"""What every index of vectors keeps to, over the real store: answers are those of comparing with everything."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.chroma_index import ChromaIndex, Folder
from pytest_llmlearn.adapters.one_at_a_time import LockFile
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.index_check import found_of
from pytest_llmlearn.app.ports.vectors import SPACES, Filter, Kept, Near, Space, VectorIndex, VectorStore
from pytest_llmlearn.domain.entry import Entry
from tests.builders import a_fingerprint, a_run, an_entry
from tests.fakes import FakeVectorStore

numpy = pytest.importorskip("numpy", reason="the extra vectors is not installed")

# Not before it is known that numpy is there.
from pytest_llmlearn.adapters.exact_index import ExactIndex, ExactScan  # noqa: E402

WIDTH = 144
"""More than the numbers that are compared first."""
MANY = 3_400
"""Patterns: with three facets each, 10,200 vectors."""
EMBEDDER = "made-up"
MODELS = ("model-a", "model-b", "model-c")
CATEGORIES = ("async", "type", "import")
MAKERS: dict[str, Callable[[VectorStore, Path], VectorIndex]] = {
    "exact": lambda store, folder: ExactIndex(store, EMBEDDER),
    "scan": lambda store, folder: ExactScan(store, EMBEDDER),
}
if importlib.util.find_spec("chromadb") is not None:
    MAKERS["chroma"] = lambda store, folder: ChromaIndex(
        Folder(folder / "chroma", LockFile(folder.with_name(f"{folder.name}.lock")).held), store, EMBEDDER, WIDTH
    )


def vectors(count: int, seed: int) -> Any:
    """As those of texts are: near each other in a few directions, and different in all."""
    width = numpy.arange(1, WIDTH + 1) ** -0.5
    made = numpy.random.default_rng(seed).standard_normal((count, WIDTH)) * width
    return (made / numpy.linalg.norm(made, axis=1, keepdims=True)).astype(numpy.float32)


def learned(number: int) -> Entry:
    """A failure whose pattern has three facets."""
    category = CATEGORIES[number % 3]
    return an_entry(
        a_fingerprint(f"1:{number:06}", rule=f"{category}.rule"),
        nodeid=f"tests/test_{number}.py::test",
        message=f"message {number}",
        snippet=f"def f{number}(): ...",
        unit=f"app.m:f{number}",
        model=MODELS[number % 7 % 3],
        category=category,
        words=f"w{number}",
        symbols=(),
        contexts=(),
    )


def fill(store: SqliteStore, numbers: Sequence[int], seed: int = 0) -> None:
    """Record patterns, and give all that waits a vector."""
    if numbers:
        store.record(a_run(f"run-{numbers[0]}-{seed}"), [learned(number) for number in numbers])
    waiting = store.vectors().waiting(EMBEDDER)
    store.vectors().put(EMBEDDER, WIDTH, list(zip(waiting, vectors(len(waiting), seed), strict=True)))


class Judge:
    """Compares with each, one by one."""

    def __init__(self, kept: Sequence[Kept]) -> None:
        self.kept = [one for one in kept if one.vector is not None]
        self._matrix = numpy.array([one.vector for one in self.kept])

    def nearest(self, vector: Any, limit: int, where: Filter | None = None) -> list[Near]:
        if not self.kept:
            return []
        cosines = numpy.minimum(self._matrix @ vector, 1.0).tolist()
        there = [
            number
            for number, one in enumerate(self.kept)
            if where is None or where.passes(one.category, one.state, one.models)
        ]
        there.sort(key=lambda number: (-cosines[number], self.kept[number].key))
        best = ((self.kept[number], cosines[number]) for number in there[:limit])
        return [Near(key=one.key, owner=one.owner, similarity=cosine) for one, cosine in best]


def same(found: Sequence[Near], wanted: Sequence[Near]) -> bool:
    """But for rounding: what is equally near may change places."""
    close = [one.similarity for one in found] == pytest.approx([one.similarity for one in wanted], abs=2e-5)
    near = {one.key: one.owner for one in wanted}
    edge = wanted[-1].similarity + 4e-5 if wanted else 0.0
    return close and all(one.similarity <= edge or near.get(one.key) == one.owner for one in found)


@pytest.fixture(scope="module", params=MAKERS)
def many(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An index that has caught up with a store of ten thousand vectors, and a judge of it."""
    store = SqliteStore(_filled(tmp_path_factory))
    index = MAKERS[request.param](store.vectors(), tmp_path_factory.mktemp("index"))
    index.catch_up()
    yield index, Judge([one for one in store.vectors().changes(EMBEDDER, 0) if one.space == "mistakes"])
    index.close()
    store.close()


_FILLED: list[Path] = []


def _filled(factory: pytest.TempPathFactory) -> Path:
    """Filled once for all kinds of index, which only read it."""
    if not _FILLED:
        folder = factory.mktemp("many")
        store = SqliteStore(folder)
        fill(store, range(MANY))
        for number in range(0, MANY, 50):
            store.say(f"1:{number:06}", "right")
        for number in range(10, MANY, 100):
            store.say(f"1:{number:06}", "wrong")
        store.close()
        _FILLED.append(folder)
    return _FILLED[0]


@pytest.fixture(params=sorted(MAKERS))
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[SqliteStore, VectorIndex]]:
    """A store of twenty patterns, and an index that has caught up with it."""
    store = SqliteStore(tmp_path / "project")
    (tmp_path / "project").mkdir()
    fill(store, range(20))
    index = MAKERS[request.param](store.vectors(), tmp_path / "index")
    index.catch_up()
    yield store, index
    index.close()
    store.close()


def everything(store: SqliteStore, index: VectorIndex, seed: int = 9) -> bool:
    """Whether the index answers as the store has it now, in all spaces."""
    index.catch_up()
    kept = list(store.vectors().changes(EMBEDDER, 0))
    vector = vectors(1, seed)[0]
    return all(
        same(
            index.nearest(space, vector, 10_000),
            Judge([one for one in kept if one.space == space]).nearest(vector, 10_000),
        )
        and index.size(space) == sum(one.space == space and one.vector is not None for one in kept)
        for space in SPACES
    )


@pytest.mark.parametrize("limit", [1, 10, 200])
def test_the_nearest_of_ten_thousand_are_those_of_comparing_with_all(many: Any, limit: int) -> None:
    """With their exact cosines, for near and for far questions; a graph may miss two of a hundred."""
    index, judge = many
    assert index.size("mistakes") == len(judge.kept) > 10_000
    far = -vectors(1, 5)[0]
    flat = numpy.ones(WIDTH, dtype=numpy.float32) / numpy.sqrt(WIDTH)
    questions = [*vectors(4, 7), judge.kept[17].vector, far, flat]
    answers = [(index.nearest("mistakes", vector, limit), judge.nearest(vector, limit)) for vector in questions]
    if index.name == "chroma":
        exact = {one.key: one.similarity for one in judge.nearest(flat, len(judge.kept))}
        assert all(one.similarity == pytest.approx(exact[one.key], abs=2e-5) for one in answers[-1][0])
        assert sum(found_of(found, wanted) for found, wanted in answers) / len(answers) >= 0.98
    else:
        assert all(same(found, wanted) for found, wanted in answers)


def test_a_vector_is_nearest_to_itself(many: Any) -> None:
    """Every single one is found by its own vector, in a sample of all."""
    index, judge = many
    for one in judge.kept[::401]:
        first = index.nearest("mistakes", one.vector, 1)[0]
        assert first.similarity == pytest.approx(1.0, abs=2e-3)
        assert first.key == one.key


@pytest.mark.parametrize(
    "where",
    [
        Filter(model="model-b"),
        Filter(categories=frozenset({"async", "import"})),
        Filter(states=frozenset({"active"})),
        Filter(model="model-c", categories=frozenset({"type"}), states=frozenset({"active"})),
        Filter(model="nobody"),
    ],
    ids=["model", "category", "state", "all three", "none"],
)
def test_a_filter_never_gives_fewer_than_there_are(many: Any, where: Filter) -> None:
    """However few let through: it is not applied to the nearest alone."""
    index, judge = many
    there = [one for one in judge.kept if where.passes(one.category, one.state, one.models)]
    assert bool(there) == (where.model != "nobody") and len(there) < len(judge.kept)
    for limit in (5, len(judge.kept)):
        vector = vectors(1, 11)[0]
        found = index.nearest("mistakes", vector, limit, where)
        assert len(found) == min(limit, len(there))
        assert same(found, judge.nearest(vector, limit, where))


def test_what_a_person_called_wrong_is_not_found(many: Any) -> None:
    """Not by its own vector either."""
    index, judge = many
    assert not {one.owner for one in judge.kept} & {"1:000010", "1:000110"}
    assert all(near.owner != "1:000010" for near in index.nearest("mistakes", vectors(1, 3)[0], 20_000))


def test_several_threads_may_ask_at_once(many: Any) -> None:
    """Each has its own answer."""
    index, judge = many
    wrong: list[int] = []

    def ask(seed: int) -> None:
        vector = vectors(1, seed)[0]
        for _ in range(2):
            if not same(index.nearest("mistakes", vector, 10), judge.nearest(vector, 10)):
                wrong.append(seed)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_is_added_is_found_after_catching_up(small: Any) -> None:
    """And not before, in an index that keeps nothing of its own."""
    store, index = small
    fill(store, range(20, 60), seed=1)
    assert everything(store, index)
    assert index.size("mistakes") == 180


def test_catching_up_twice_changes_nothing(small: Any) -> None:
    """There is nothing new."""
    store, index = small
    assert everything(store, index)
    assert everything(store, index)


@pytest.mark.parametrize("how", ["mute", "archive", "retire", "merge", "family", "forget", "clear", "drop"])
def test_what_may_be_shown_no_more_is_gone_after_catching_up(small: Any, how: str) -> None:
    """Whatever took it away."""
    store, index = small
    gone = "1:000003"
    match how:
        case "mute":
            store.say(gone, "wrong")
        case "archive":
            store.upkeep().archive([gone])
        case "retire":
            store.upkeep().retire({gone: "its module is gone"})
        case "merge":
            store.merge("1:000004", gone)
        case "family":
            store.merge(gone, "1:000004")
            store.say(gone, "wrong")
        case "forget":
            store.upkeep().forget(gone)
        case "clear":
            store.clear()
        case "drop":
            store.vectors().drop(EMBEDDER)
    assert everything(store, index)
    owners = [near.owner for near in index.nearest("mistakes", vectors(1, 2)[0], 1_000)]
    assert gone not in owners
    assert owners.count("1:000004") == (6 if how == "merge" else 0 if how in ("family", "clear", "drop") else 3)


def test_what_comes_back_is_found_again(small: Any) -> None:
    """Without a vector being made anew."""
    store, index = small
    store.say("1:000003", "wrong")
    store.merge("1:000004", "1:000005")
    assert everything(store, index)
    store.say("1:000003", None)
    store.split("1:000005")
    assert everything(store, index)
    assert index.size("mistakes") == 60 and not store.vectors().waiting(EMBEDDER)


def test_what_a_filter_asks_for_follows_the_store(small: Any) -> None:
    """A state that changes, and a model that makes the mistake too."""
    store, index = small
    store.say("1:000003", "right")
    entry = learned(4)
    other = an_entry(
        entry.fingerprint, unit="app.m:other", unit_hash="other", model="model-z", rule_id=entry.rule_id,
        category=entry.category,
    )  # fmt: skip
    store.record(a_run("run-z"), [other])
    assert everything(store, index)
    vector = vectors(1, 2)[0]
    active = index.nearest("mistakes", vector, 100, Filter(states=frozenset({"active"})))
    assert {near.owner for near in active} == {"1:000003"}
    assert {near.owner for near in index.nearest("mistakes", vector, 100, Filter(model="model-z"))} == {"1:000004"}


def test_a_changed_text_is_found_by_its_new_vector(small: Any) -> None:
    """By one entry, not by two."""
    store, index = small
    store.lessons().reword("1:000003", {"instead": "zebra"}, a_run().started)
    fill(store, (), seed=8)
    assert everything(store, index)
    assert index.size("mistakes") == 60
    assert index.nearest("mistakes", vectors(1, 8)[0], 1)[0].key == "mistake:1:000003"


def test_the_vectors_of_another_embedder_are_not_among_them(small: Any) -> None:
    """However near they are."""
    store, index = small
    other = store.vectors().waiting("other")[:5]
    store.vectors().put("other", WIDTH, list(zip(other, vectors(5, 77), strict=True)))
    assert everything(store, index)
    assert index.nearest("mistakes", vectors(5, 77)[0], 1)[0].similarity < 0.99


def test_an_empty_store_has_nothing_near(small: Any, tmp_path: Path) -> None:
    """Nor has a space in which there is nothing, or a question for nothing."""
    _, index = small
    assert index.nearest("fixes", vectors(1, 1)[0], 5) == [] and index.size("fixes") == 0
    assert index.nearest("mistakes", vectors(1, 1)[0], 0) == []
    (tmp_path / "empty").mkdir()
    empty = SqliteStore(tmp_path / "empty")
    fresh = ExactIndex(empty.vectors(), EMBEDDER)
    fresh.catch_up()
    assert fresh.nearest("mistakes", vectors(1, 1)[0], 5) == []
    assert not (tmp_path / "empty" / ".llmlearn").exists()


def test_it_follows_another_process_that_writes_meanwhile(small: Any, tmp_path: Path) -> None:
    """Nothing that it answers was never there, and in the end it is as the store."""
    store, index = small
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from pytest_llmlearn.adapters.sqlite_store import SqliteStore
        from tests.adapters.test_vector_index_contract import fill

        store = SqliteStore(Path(sys.argv[1]))
        for step in range(12):
            fill(store, range(100 + 10 * step, 110 + 10 * step), seed=100 + step)
            store.say(f"1:{step:06}", "wrong")
            if step == 6:
                store.upkeep().archive([f"1:{number:06}" for number in range(100, 110)])
            print(step, flush=True)
        """
    )
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "project")], cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        vector, sizes = vectors(1, 4)[0], []
        for _ in process.stdout:
            index.catch_up()
            found = index.nearest("mistakes", vector, 1_000)
            assert len({near.key for near in found}) == len(found)
            sizes.append(len(found))
    assert process.returncode == 0
    assert sizes[-1] > sizes[0]
    assert everything(store, index)
    assert index.size("mistakes") == 3 * (20 + 120 - 12 - 10)


@pytest.mark.parametrize("kind", [ExactIndex, ExactScan])
def test_all_three_spaces_are_apart(kind: type[ExactIndex] | type[ExactScan]) -> None:
    """A request is no mistake, and a fix neither."""
    store = FakeVectorStore()
    for key in ("mistake:a", "code:a", "fix:b2:1@a", "prompt:00"):
        store.say(key, key)
    waiting = store.waiting(EMBEDDER)
    store.put(EMBEDDER, WIDTH, list(zip(waiting, vectors(4, 1), strict=True)))
    index = kind(store, EMBEDDER)
    index.catch_up()
    keys: dict[Space, set[str]] = {
        space: {near.key for near in index.nearest(space, vectors(1, 1)[0], 9)} for space in SPACES
    }
    assert keys == {"mistakes": {"mistake:a", "code:a"}, "fixes": {"fix:b2:1@a"}, "prompts": {"prompt:00"}}
