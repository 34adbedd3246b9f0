"""What a question finds by its meaning, and what happens where meaning cannot be had."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn import Memory, Occurrence, Query
from pytest_llmlearn.app.meaning import AT_ONCE, REST_SECONDS, Meaning
from pytest_llmlearn.domain.similarity import Calibration
from pytest_llmlearn.errors import EmbedderUnavailable, IndexUnavailable, MissingExtra, StoreUnavailable
from pytest_llmlearn.settings import Settings

EVEN = Calibration(slope=10.0, middle=0.5)
CODE = "def total(order):\n    return order['total']\n"
PROMPT = "sum the totals of an order"


def an_occurrence(**changes: Any) -> Occurrence:
    values: dict[str, Any] = {
        "nodeid": "tests/test_shop.py::test_total", "when": "call", "exception": "KeyError", "mro": ["KeyError"],
        "message": "'total'", "path": "shop.py", "line": 2, "function": "total",
        "statement": "return order['total']", "code": CODE, "model": "gpt-4o", "prompt": PROMPT,
    }  # fmt: skip
    return Occurrence.from_dict({**values, **changes})


class Embedding:
    """`app.embedding.Embedding`, as far as a question needs it. `error` is what catching up comes to."""

    def __init__(self, *, complete: bool = True, error: Exception | None = None) -> None:
        self.limits: list[int | None] = []
        self._complete = complete
        self._error = error

    def catch_up(self, limit: int | None = None) -> Any:
        self.limits.append(limit)
        if self._error is not None:
            raise self._error
        return type("Embedded", (), {"complete": self._complete})

    def of_question(self, text: str) -> Any:
        return text


class Index:
    """`ports.VectorIndex` that finds what it was given, by space. `error` is what catching up comes to."""

    def __init__(self, found: dict[str, list[tuple[str, str, float]]] | None = None, error: Exception | None = None):
        self.closed = False
        self.filters: list[tuple[str, str | None]] = []
        self._found = found or {}
        self._error = error

    def catch_up(self) -> None:
        if self._error is not None:
            raise self._error

    def nearest(self, space: str, vector: Any, limit: int, where: Any = None) -> list[Any]:
        self.filters.append((space, where.model if where is not None else None))
        names = ("key", "owner", "similarity")
        return [type("Near", (), dict(zip(names, one, strict=True))) for one in self._found.get(space, [])[:limit]]

    def close(self) -> None:
        self.closed = True


def meaning(embedding: Any = None, index: Any = None, **settings: Any) -> Meaning:
    parts: Callable[[], Any] = lambda: (embedding or Embedding(), index or Index(), EVEN)  # noqa: E731
    return Meaning(parts, **settings)


def raising(error: Exception) -> Callable[[], Any]:
    def make() -> Any:
        raise error

    return make


def test_requests_come_with_their_cosines_and_mistakes_with_calibrated_similarities() -> None:
    """The best facet of a mistake counts, that of its fix too."""
    index = Index(
        {
            "prompts": [("prompt:01", "", 0.8)],
            "mistakes": [("mistake:1:a", "1:a", 0.5), ("code:1:a", "1:a", 0.2), ("mistake:1:b", "1:b", 0.3)],
            "fixes": [("fix:x@1:b", "1:b", 0.6)],
        }
    )
    found = meaning(index=index).of("a question")
    assert found is not None and found.requests == {"prompt:01": 0.8}
    assert found.patterns == {"1:a": EVEN.similarity(0.5), "1:b": EVEN.similarity(0.6)}


def test_only_what_a_model_did_is_searched_where_that_is_asked_for() -> None:
    """Within the index, where others take no place; requests are everybody's."""
    index = Index()
    meaning(index=index).of("a question", "model-a")
    assert dict(index.filters) == {"prompts": None, "mistakes": "model-a", "fixes": "model-a"}


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_no_question_has_no_meaning_and_loads_nothing(text: str) -> None:
    """It is not even asked for what would be needed."""
    assert Meaning(raising(AssertionError("loaded"))).of(text) is None


def test_where_there_is_to_be_none_there_is_none_and_no_notice() -> None:
    """It was set so."""
    none = Meaning(lambda: None)
    assert none.of("a question") is None and none.notices == []


@pytest.mark.parametrize(
    "error",
    [
        MissingExtra("vectors", "searching by meaning"),
        EmbedderUnavailable("no weights"),
        IndexUnavailable("broken"),
        StoreUnavailable("memory.db", "locked"),
        PermissionError(13, "denied"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_missing_is_said_once_and_asked_for_once(error: Exception) -> None:
    """One sentence however many questions come; none of them fails."""
    asked = []

    def make() -> Any:
        asked.append(1)
        raise error

    absent = Meaning(make)
    assert absent.of("one") is None and absent.of("another") is None
    assert len(asked) == 1
    (notice,) = absent.notices
    assert notice.startswith("lessons are found by words and names alone: ") and str(error) in notice
    absent.close()


def test_an_index_that_breaks_later_is_said_once() -> None:
    """From then on words alone answer, and the index is let go."""
    index = Index(error=IndexUnavailable("another process has it"))
    broken = meaning(index=index)
    assert broken.of("one") is None and broken.of("two") is None
    assert len(broken.notices) == 1 and index.closed


@pytest.mark.parametrize("where", ["made", "loaded", "closed"])
def test_a_fault_of_our_own_costs_no_answer(where: str) -> None:
    """It is said with its kind, for it may have no words; words and names answer."""
    index = Index(error=ZeroDivisionError("1 / 0"))
    if where == "closed":
        index.close = raising(ValueError("damaged"))  # type: ignore[method-assign]
    broken = Meaning(raising(ZeroDivisionError("1 / 0"))) if where == "made" else meaning(index=index)
    assert broken.of("a question") is None
    assert broken.notices == ["lessons are found by words and names alone: ZeroDivisionError: 1 / 0"]


@pytest.mark.parametrize("error", [StoreUnavailable("memory.db", "locked"), PermissionError(13, "denied")])
def test_who_cannot_write_still_asks(error: Exception) -> None:
    """A locked store, or one of somebody else: what has a vector is found, and nothing is said."""
    index = Index({"prompts": [("prompt:01", "", 0.8)]})
    locked = meaning(Embedding(error=error), index)
    found = locked.of("a question")
    assert found is not None and found.requests == {"prompt:01": 0.8} and locked.notices == []


def test_a_question_embeds_a_little_of_what_waits_and_tells_of_the_rest() -> None:
    """So that nobody waits long; who asks for none embeds none."""
    embedding = Embedding(complete=False)
    some = meaning(embedding)
    some.of("a question")
    assert embedding.limits == [AT_ONCE] and some.behind
    rested = Embedding()
    assert not meaning(rested, fresh=False).behind
    meaning(rested, fresh=False).of("a question")
    assert rested.limits == []


def test_the_index_is_let_go() -> None:
    """Once it was opened."""
    index = Index()
    opened = meaning(index=index)
    opened.close()
    assert not index.closed
    opened.of("a question")
    opened.close()
    assert index.closed


# In a process that lives on


class Slow(Index):
    """One whose first catching up lasts until it is let."""

    def __init__(self, found: dict[str, list[tuple[str, str, float]]] | None = None, error: Exception | None = None):
        super().__init__(found, error)
        self.begun, self.let = threading.Event(), threading.Event()

    def catch_up(self) -> None:
        self.begun.set()
        assert self.let.wait(10)
        super().catch_up()


def settled(living: Meaning) -> None:
    """Wait for what is being loaded."""
    assert living._loading is not None
    living._loading.join(10)
    assert not living._loading.is_alive()


def test_what_is_loaded_in_the_background_is_not_waited_for() -> None:
    """Words answer meanwhile, without a notice; from then on meaning does, and it is loaded once."""
    index = Slow({"prompts": [("prompt:01", "", 0.8)]})
    living = meaning(index=index, in_background=True)
    assert living.of("one") is None and index.begun.wait(10) and living.of("two") is None and living.notices == []
    index.let.set()
    loading = living._loading
    settled(living)
    found = living.of("three")
    assert found is not None and found.requests == {"prompt:01": 0.8} and living._loading is loading


def test_closing_waits_for_what_is_being_loaded() -> None:
    """Nothing reads the store behind the back of who closed it; later questions begin nothing."""
    index = Slow()
    living = meaning(index=index, in_background=True)
    living.of("one")
    assert index.begun.wait(10)
    threading.Timer(0.05, index.let.set).start()
    living.close()
    assert index.closed and living._loading is not None and not living._loading.is_alive()
    assert living.of("two") is None and not living._loading.is_alive()


def test_where_there_is_to_be_none_the_background_asks_once() -> None:
    """It was set so."""
    asked: list[int] = []
    none = Meaning(lambda: asked.append(1), in_background=True)
    none.of("one")
    settled(none)
    assert none.of("two") is None and asked == [1] and none.notices == []


@pytest.mark.parametrize("error", [IndexUnavailable("broken"), EmbedderUnavailable("silent"), ValueError("broken")])
def test_what_goes_wrong_in_the_background_is_said_and_tried_again_later(error: Exception) -> None:
    """One notice; after a rest it is loaded again, and once that went well nothing is wrong any more."""
    now, asked = [0.0], []

    def make() -> Any:
        asked.append(1)
        if len(asked) == 1:
            raise error
        return Embedding(), Index({"prompts": [("prompt:01", "", 0.8)]}), EVEN

    living = Meaning(make, in_background=True, clock=lambda: now[0])
    living.of("one")
    settled(living)
    assert living.of("two") is None and len(living.notices) == 1 and str(error) in living.notices[0]
    now[0] = REST_SECONDS + 1
    assert living.of("three") is None
    settled(living)
    assert living.of("four") is not None and living.notices == [] and len(asked) == 2


def test_an_endpoint_that_fails_once_does_not_cost_the_index() -> None:
    """It rests a while, and what was loaded is asked again."""
    now, index, embedding = [0.0], Index(), Embedding()
    living = meaning(embedding, index, in_background=True, clock=lambda: now[0])
    living.of("one")
    settled(living)
    embedding._error = EmbedderUnavailable("silent")
    assert living.of("two") is None and len(living.notices) == 1
    embedding._error = None
    assert living.of("three") is None, "it rests"
    now[0] = REST_SECONDS + 1
    assert living.of("four") is not None and not index.closed


# In a memory that is put together as everybody's is


@pytest.mark.parametrize("patient", [False, True])
def test_a_warm_memory_answers_at_once(learned: Path, monkeypatch: pytest.MonkeyPatch, patient: bool) -> None:
    """By words until the index is there; a patient one waits for it, and its answers do not depend on time."""
    pytest.importorskip("numpy", reason="the extra vectors is not installed")
    from pytest_llmlearn.adapters.exact_index import ExactIndex

    asked: list[str] = []
    nearest = ExactIndex.nearest

    def counted(index: ExactIndex, space: Any, *given: Any) -> Any:
        asked.append(space)
        return nearest(index, space, *given)

    monkeypatch.setattr(ExactIndex, "nearest", counted)
    with Memory.open(learned, settings=Settings(embedder="hashing"), warm=True, patient=patient) as memory:
        assert memory.recall(Query(text=PROMPT)).matches
        assert bool(asked) is patient
        if not patient:
            assert memory._meaning is not None
            settled(memory._meaning)
        assert memory.recall(Query(text=PROMPT)).matches and asked and memory.notices == []


@pytest.fixture
def learned(tmp_path: Path) -> Iterator[Path]:
    with Memory.open(tmp_path, settings=Settings(embedder="none")) as memory:
        memory.record([an_occurrence()])
    yield tmp_path


def test_without_the_extra_one_sentence_says_what_would_add_meaning(
    learned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And recall goes on by words, names and requests."""
    from pytest_llmlearn.adapters import embedders

    monkeypatch.setattr(embedders, "choose", lambda *_, **__: raising(MissingExtra("vectors", "meaning"))())
    with Memory.open(learned, settings=Settings()) as memory:
        assert memory.recall(Query(text=PROMPT)).matches and memory.recall(Query(text="order total")).matches
        assert [notice for notice in memory.notices if "pytest-llmlearn[vectors]" in notice] == memory.notices
        assert len(memory.notices) == 1


def test_without_weights_nothing_is_downloaded(learned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are looked for on this machine, and the sentence names the command that brings them."""
    import socket
    import subprocess

    pytest.importorskip("onnxruntime", reason="the extra vectors is not installed")
    pytest.importorskip("tokenizers", reason="the extra vectors is not installed")
    from pytest_llmlearn.adapters.embedders import weights

    monkeypatch.setattr(weights, "PACKAGE", "no_such_package_of_weights")
    for name in [one for one in os.environ if one.startswith(("HF_", "HUGGINGFACE"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(learned / "nobody"))
    monkeypatch.setattr(socket.socket, "connect", lambda *_: raising(AssertionError("the network was asked"))())
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: raising(AssertionError("a process was begun"))())
    with Memory.open(learned, settings=Settings(embedder="minilm", embedder_folder=str(learned))) as memory:
        assert memory.recall(Query(text=PROMPT)).matches
        (notice,) = memory.notices
    assert "llmlearn model fetch" in notice


def test_an_endpoint_that_does_not_answer_is_not_waited_for(learned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once, and for a short time; the next question does not ask it again."""
    import socket

    pytest.importorskip("numpy", reason="the extra vectors is not installed")
    from pytest_llmlearn.adapters.embedders import openai

    monkeypatch.setattr(openai, "HURRIED_SECONDS", 0.2)
    monkeypatch.setattr(time, "sleep", lambda _: raising(AssertionError("waited"))())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = Settings(embedder=f"openai:http://127.0.0.1:{silent.getsockname()[1]}/v1#m")
        before = time.monotonic()
        with Memory.open(learned, settings=settings) as memory:
            assert memory.recall(Query(text=PROMPT)).matches and memory.recall(Query(text="order total")).matches
            (notice,) = memory.notices
        assert time.monotonic() - before < 5
    assert "found by words and names alone: http://127.0.0.1" in notice and "gave no vectors" in notice


def test_a_store_that_is_locked_is_asked_all_the_same(learned: Path) -> None:
    """Another process writes: the question waits for none, and finds what has its vector already."""
    pytest.importorskip("numpy", reason="the extra vectors is not installed")
    settings = Settings(embedder="hashing", busy_seconds=0.1)
    with Memory.open(learned, settings=settings) as memory:
        memory.recall(Query(text=PROMPT))
        memory.record(
            [an_occurrence(prompt="another request", function="other", code=CODE.replace("total(", "other("))]
        )
    writer = sqlite3.connect(learned / ".llmlearn" / "state" / "memory.db", isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        with Memory.open(learned, settings=settings) as memory:
            assert memory.recall(Query(text=PROMPT)).matches
            assert memory.notices == []
    finally:
        writer.execute("ROLLBACK")
        writer.close()
