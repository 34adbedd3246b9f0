"""Chroma as an index: what it holds, that it mends itself, and that nobody else's hand is in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters import chroma_index
from pytest_llmlearn.adapters.chroma_index import ChromaIndex, Folder, Server, opening, writing
from pytest_llmlearn.adapters.one_at_a_time import LockFile
from pytest_llmlearn.app.ports.vectors import SPACES, Filter, Kept, Space
from pytest_llmlearn.errors import IndexUnavailable, MissingExtra

numpy = pytest.importorskip("numpy", reason="the extra vectors is not installed")
pytest.importorskip("chromadb", reason="the extra vectors is not installed")

WIDTH = 24
EMBEDDER = "made-up"
MODELS = ("model-a", "model-b", "model-c")
STARTING = 30.0
"""Seconds in which a Chroma server answers, on the slowest machine."""


def a_vector(number: int) -> Any:
    """One of length 1, the same for the same number, as the store gives it back."""
    made = numpy.random.default_rng(number).standard_normal(WIDTH)
    return (made / numpy.linalg.norm(made)).astype(numpy.float16).astype(numpy.float32)


def kept(number: int, space: Space = "mistakes", **changes: Any) -> Kept:
    values: dict[str, Any] = {
        "key": f"{space}:{number:06}",
        "space": space,
        "facet": {"mistakes": "mistake", "fixes": "fix", "prompts": "prompt"}[space],
        "owner": "" if space == "prompts" else f"{number:06}",
        "revision": 0,
        "vector": a_vector(number),
        "document": f"text of {space} {number}",
        "category": "" if space == "prompts" else ("async", "type", "import")[number % 3],
        "state": "" if space == "prompts" else ("active", "candidate")[number % 2],
        "severity": "major",
        "frequency": number,
        "models": (MODELS[number % 3],),
    }
    return Kept(**{**values, **changes})


@dataclass
class Vectors:
    """A store of vectors in memory: as much of the port as an index asks."""

    rows: dict[str, Kept] = field(default_factory=dict)
    begun: str = "first"
    last: int = 0

    def put_all(self, many: Sequence[Kept]) -> None:
        for one in many:
            self.last += 1
            self.rows[one.key] = replace(one, revision=self.last)

    def remove(self, key: str) -> None:
        self.put_all([replace(self.rows[key], vector=None)])

    def erase(self, key: str) -> None:
        del self.rows[key]
        self.begun += "+"

    def epoch(self) -> str:
        return self.begun

    def revision(self, embedder: str) -> int:
        return self.last

    def changes(self, embedder: str, since: int) -> Iterator[Kept]:
        rows = sorted(self.rows.values(), key=lambda one: one.revision)
        yield from (one for one in rows if one.revision > since and (since or one.vector is not None))

    def of_keys(self, embedder: str, keys: Sequence[str]) -> list[Kept]:
        return [one for key in keys if (one := self.rows.get(key)) is not None and one.vector is not None]

    def nearest(self, space: Space, vector: Any, limit: int, where: Filter | None = None) -> list[str]:
        """What every index has to answer."""
        where = where or Filter()
        found = [
            (-float(one.vector @ vector), one.key)
            for one in self.rows.values()
            if one.space == space
            and one.vector is not None
            and (where.model is None or where.model in one.models)
            and (space == "prompts" or not where.categories or one.category in where.categories)
            and (space == "prompts" or not where.states or one.state in where.states)
        ]
        return [key for _, key in sorted(found)[:limit]]


def many() -> Vectors:
    """A hundred and fifty mistakes, twenty fixes and fifteen prompts."""
    vectors = Vectors()
    vectors.put_all([kept(number) for number in range(150)])
    vectors.put_all([kept(number, "fixes") for number in range(1000, 1020)])
    vectors.put_all([kept(number, "prompts") for number in range(2000, 2015)])
    return vectors


@pytest.fixture
def store() -> Vectors:
    """Many vectors, of which there is no index yet."""
    return many()


@pytest.fixture(scope="module", autouse=True)
def often() -> Iterator[None]:
    """Graphs are written after few records, so that there are files of them to lose."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(writing, "SYNC", 100)
        changed.setattr(writing, "BATCH", 30)
        yield


@pytest.fixture(scope="module")
def made_once(often: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an index of many vectors, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    with opened(folder, many()) as index:
        index.catch_up()
    return folder


@pytest.fixture
def made(made_once: Path, tmp_path: Path) -> Path:
    """A folder with an index of all that `store` has, and nobody who has it."""
    shutil.copytree(made_once / "chroma", tmp_path / "chroma")
    return tmp_path


@pytest.fixture(scope="module")
def whole_index(made_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ChromaIndex, Vectors]]:
    """One that is only asked."""
    store, folder = many(), tmp_path_factory.mktemp("asked")
    store.put_all([kept(9000 + number, models=("rare",)) for number in range(3)])
    shutil.copytree(made_once / "chroma", folder / "chroma")
    with opened(folder, store) as index:
        index.catch_up()
        yield index, store


def opened(folder: Path, store: Any, embedder: str = EMBEDDER, dimension: int = WIDTH) -> Any:
    place = Folder(folder / "chroma", LockFile(folder / "chroma.lock").held)
    return closing(ChromaIndex(place, store, embedder, dimension))


def keys(index: ChromaIndex, *question: Any, **more: Any) -> list[str]:
    return [one.key for one in index.nearest(*question, **more)]


def whole(index: ChromaIndex, store: Vectors, *, made_anew: int = 0) -> bool:
    """Everything is found by its own vector, exactly; nothing else is counted; so often it was made anew."""
    assert len(index.notices) == made_anew, index.notices
    alive = [one for one in store.rows.values() if one.vector is not None]
    assert sum(index.size(space) for space in SPACES) == len(alive)
    for one in alive:
        first = index.nearest(one.space, one.vector, 1)[0]
        assert (first.key, first.owner) == (one.key, one.owner)
        assert first.similarity == pytest.approx(1, abs=2e-3)
    return True


@pytest.mark.parametrize(
    "where",
    [
        None,
        Filter(),
        Filter(model="model-b"),
        Filter(categories=frozenset({"async", "type"})),
        Filter(model="model-a", states=frozenset({"active"}), categories=frozenset({"async"})),
        Filter(model="nobody"),
    ],
    ids=["all", "empty", "model", "categories", "three", "nobody"],
)
def test_it_answers_as_comparing_with_everything_would(
    whole_index: tuple[ChromaIndex, Vectors], where: Filter | None
) -> None:
    """In every space, in order, with every filter."""
    index, store = whole_index
    for space in SPACES:
        for number in (5, 1007, 2011, 31_337):
            question = a_vector(number)
            assert keys(index, space, question, 7, where) == store.nearest(space, question, 7, where)


def test_a_filter_that_few_pass_gets_all_of_them(whole_index: tuple[ChromaIndex, Vectors]) -> None:
    """However far from the question they are."""
    found = keys(whole_index[0], "mistakes", a_vector(1), 5, Filter(model="rare"))
    assert sorted(found) == ["mistakes:009000", "mistakes:009001", "mistakes:009002"]


def test_a_filter_that_many_pass_far_from_the_question_is_given_to_chroma(
    whole_index: tuple[ChromaIndex, Vectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are too many of them to measure all."""
    monkeypatch.setattr(chroma_index.index, "FEW", 10)
    index, store = whole_index
    for where in (Filter(model="model-a"), Filter(categories=frozenset({"type"}))):
        found = keys(index, "mistakes", a_vector(1), 30, where)
        assert found == store.nearest("mistakes", a_vector(1), 30, where)


def test_asking_for_more_than_there_is_gets_everything(whole_index: tuple[ChromaIndex, Vectors]) -> None:
    """Graphs may lose an entry on the way to it; whoever counts does not."""
    index = whole_index[0]
    assert len(keys(index, "mistakes", a_vector(1), 1000)) == 153
    assert len(keys(index, "mistakes", a_vector(1), 1000, Filter(model="model-a"))) == 50
    assert keys(index, "mistakes", a_vector(1), 0) == []


def test_a_collection_holds_ids_documents_and_metadata(made: Path) -> None:
    """Of the names that were asked for; what people asked has no document there."""
    client = opening.folder(made / "chroma")
    try:
        mistakes = client.get_collection("llm_mistakes", embedding_function=None)
        assert mistakes.get(ids=["mistakes:000004"], include=["documents", "metadatas"]) | {"data": None} == {
            "ids": ["mistakes:000004"],
            "documents": ["text of mistakes 4"],
            "metadatas": [
                {
                    "owner": "000004",
                    "facet": "mistake",
                    "category": "type",
                    "state": "active",
                    "severity": "major",
                    "frequency": 4,
                    "models": ["model-b"],
                }
            ],
            "embeddings": None,
            "uris": None,
            "data": None,
            "included": ["documents", "metadatas"],
        }
        fixes = client.get_collection("successful_fixes", embedding_function=None)
        assert fixes.get(where_document={"$contains": "fixes 1007"}, include=[])["ids"] == ["fixes:001007"]
        prompts = client.get_collection("llm_prompts", embedding_function=None)
        assert set(prompts.get(include=["documents"])["documents"] or ()) == {None}
        assert mistakes.configuration["hnsw"]["space"] == "cosine"
        assert client.get_settings().anonymized_telemetry is False
    finally:
        opening.let_go(client)


def test_what_is_filtered_by_follows_the_store(made: Path, store: Vectors) -> None:
    """A mistake seen again, by another model, in another state: the vector stays, the rest is new."""
    with opened(made, store) as index:
        index.catch_up()
        store.put_all([kept(4, frequency=99, state="enforced", models=())])
        index.catch_up()
        assert keys(index, "mistakes", a_vector(4), 3, Filter(states=frozenset({"enforced"}))) == ["mistakes:000004"]
        assert whole(index, store)
    client = opening.folder(made / "chroma")
    try:
        found = client.get_collection("llm_mistakes", embedding_function=None).get(ids=["mistakes:000004"])
        assert found["metadatas"] is not None
        assert (found["metadatas"][0]["frequency"], found["metadatas"][0]["state"]) == (99, "enforced")
        assert "models" not in found["metadatas"][0]
    finally:
        opening.let_go(client)


def test_a_vector_that_changed_is_found_by_the_new_one(made: Path, store: Vectors) -> None:
    """And by the old one no more."""
    with opened(made, store) as index:
        index.catch_up()
        store.put_all([kept(4, vector=a_vector(77_000))])
        index.catch_up()
        assert index.nearest("mistakes", a_vector(77_000), 1)[0].similarity == pytest.approx(1, abs=2e-3)
        assert index.size("mistakes") == 150
        assert whole(index, store)


def test_what_was_removed_is_gone_at_once(made: Path, store: Vectors) -> None:
    """Even before the index hears of it: every answer is looked at in the store."""
    with opened(made, store) as index:
        index.catch_up()
        store.remove("mistakes:000004")
        assert keys(index, "mistakes", a_vector(4), 5) == store.nearest("mistakes", a_vector(4), 5)
        index.catch_up()
        assert (index.size("mistakes"), whole(index, store)) == (149, True)


def test_opened_again_nothing_is_made_anew(made: Path, store: Vectors) -> None:
    """A good index is trusted, and goes on from where it was."""
    before = sorted(path.name for path in (made / "chroma").iterdir() if path.is_dir())
    for number in (5000, 5001):
        store.put_all([kept(number)])
        with opened(made, store) as index:
            index.catch_up()
            assert whole(index, store)
    assert sorted(path.name for path in (made / "chroma").iterdir() if path.is_dir()) == before


def test_before_it_has_everything_it_says_so(tmp_path: Path, store: Vectors) -> None:
    """Whoever asks then has to search elsewhere."""
    with opened(tmp_path, store) as index, pytest.raises(IndexUnavailable, match="not ready"):
        index.nearest("mistakes", a_vector(1), 1)


def test_a_project_without_vectors_gets_no_files(tmp_path: Path) -> None:
    """Nothing is created before something is recorded."""
    with opened(tmp_path, Vectors()) as index:
        index.catch_up()
        assert keys(index, "mistakes", a_vector(1), 3) == []
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_can_read_the_folder(tmp_path: Path, store: Vectors) -> None:
    """It quotes code and messages."""
    with opened(tmp_path, store) as index:
        index.catch_up()
    assert (tmp_path / "chroma").stat().st_mode & 0o777 == 0o700


def _graph(folder: Path, name: str) -> Path:
    """A file of the graph of the mistakes, which is the largest."""
    largest = max(folder.glob("chroma/*/data_level0.bin"), key=lambda path: path.stat().st_size)
    return largest.with_name(name)


def _spoil(path: Path) -> None:
    path.write_bytes(bytes(number * 7919 % 251 for number in range(path.stat().st_size)))


DAMAGES = {
    "database is garbage": lambda folder: _spoil(folder / "chroma/chroma.sqlite3"),
    "database is empty": lambda folder: (folder / "chroma/chroma.sqlite3").write_bytes(b""),
    "graph is gone": lambda folder: [path.unlink() for path in folder.glob("chroma/*/*")],
    "graph is garbage": lambda folder: _spoil(_graph(folder, "data_level0.bin")),
    "graph is cut": lambda folder: os.truncate(_graph(folder, "header.bin"), 50),
    "stamp is gone": lambda folder: (folder / "chroma/llmlearn.json").unlink(),
    "stamp is garbage": lambda folder: (folder / "chroma/llmlearn.json").write_text('{"revision": []}'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_made_anew(made: Path, store: Vectors, damage: str) -> None:
    """Whatever is broken: no crash, nothing lost, and one sentence that says so."""
    DAMAGES[damage](made)
    with opened(made, store) as index:
        index.catch_up()
        assert whole(index, store, made_anew=1)
        assert "is made anew from the store" in index.notices[0]


def test_an_index_of_another_embedder_is_made_anew(made: Path) -> None:
    """Vectors of two embedders are never compared."""
    wider = Vectors()
    wider.put_all([kept(number, vector=numpy.eye(40, dtype=numpy.float32)[number]) for number in range(20)])
    with opened(made, wider, embedder="wider", dimension=40) as index:
        index.catch_up()
        assert index.size("mistakes") == 20
        assert index.nearest("mistakes", numpy.eye(40, dtype=numpy.float32)[3], 1)[0].key == "mistakes:000003"
        assert "made-up" in index.notices[0]


def test_what_was_erased_from_the_store_is_in_no_file(tmp_path: Path, store: Vectors) -> None:
    """Chroma keeps deleted bytes: so the folder is made anew."""
    word = "zebraquokka"
    store.put_all([kept(4, document=f"about {word}")])
    with opened(tmp_path, store) as index:
        index.catch_up()

    def lies_somewhere() -> bool:
        return any(word.encode() in path.read_bytes() for path in (tmp_path / "chroma").rglob("*") if path.is_file())

    assert lies_somewhere()
    store.erase("mistakes:000004")
    with opened(tmp_path, store) as index:
        index.catch_up()
        assert (index.size("mistakes"), whole(index, store, made_anew=1)) == (149, True)
    assert not lies_somewhere()


def test_a_store_that_is_behind_is_another_one(made: Path) -> None:
    """A backup was put back: what the index knows of the time after it is not true."""
    older = Vectors()
    older.put_all([kept(number) for number in range(10)])
    with opened(made, older) as index:
        index.catch_up()
        assert (index.size("mistakes"), whole(index, older, made_anew=1)) == (10, True)


CHILD = """
import os, signal, sys
sys.path[:0] = {path!r}
from pathlib import Path
from tests.adapters import test_chroma_index as tests
from pytest_llmlearn.adapters.chroma_index import writing

writing.SYNC, writing.BATCH = 100, 30

class Dying(tests.Vectors):
    def changes(self, embedder, since):
        for number, one in enumerate(super().changes(embedder, since)):
            if number == {dies}:
                os.kill(os.getpid(), signal.SIGKILL)
            yield one

whole = tests.many()
whole.put_all([tests.kept(number) for number in range(150, 300)])
store = Dying(whole.rows, whole.begun, whole.last)
with tests.opened(Path({folder!r}), store) as index:
    index.catch_up()
"""


@pytest.mark.skipif(os.name != "posix", reason="nothing is killed like this here")
@pytest.mark.parametrize(
    ("begun", "dies", "anew"),
    [(False, 140, 1), (True, 40, 0), (True, 140, 1)],
    ids=["while it was made", "before its graph was written again", "after"],
)
def test_one_whose_process_was_killed_mends_itself(
    tmp_path: Path, made_once: Path, begun: bool, dies: int, anew: int
) -> None:
    """Half of it written, nobody to say so: all is there after the next catching up."""
    if begun:
        shutil.copytree(made_once / "chroma", tmp_path / "chroma")
    code = CHILD.format(path=sys.path, folder=str(tmp_path), dies=dies)
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    store = many()
    store.put_all([kept(number) for number in range(150, 300)])
    with opened(tmp_path, store) as index:
        index.catch_up()
        assert whole(index, store, made_anew=anew)


def test_closed_while_it_follows_it_goes_on_next_time(tmp_path: Path, store: Vectors) -> None:
    """A daemon that is told to end does not write for minutes, and nothing is written twice or left out."""

    class Closing(Vectors):
        """Tells the index to stop in the middle."""

        def changes(self, embedder: str, since: int) -> Iterator[Kept]:
            for number, one in enumerate(super().changes(embedder, since)):
                if number == 70:
                    index._stop.set()
                yield one

    stopped = Closing(store.rows, store.begun, store.last)
    with opened(tmp_path, stopped) as index:
        index.catch_up()
        with pytest.raises(IndexUnavailable, match="not ready"):
            index.nearest("mistakes", a_vector(1), 1)
    told = json.loads((tmp_path / "chroma/llmlearn.json").read_text())
    assert (told["complete"], told["writing"], 0 < told["revision"] < 150) == (False, False, True)
    with opened(tmp_path, store) as index:
        index.catch_up()
        assert whole(index, store)


def test_it_answers_while_it_follows(made: Path, store: Vectors) -> None:
    """What came before is found; nobody waits for what comes."""
    answers: list[list[str]] = []

    class Slow(Vectors):
        """Asks the index in the middle."""

        def changes(self, embedder: str, since: int) -> Iterator[Kept]:
            for one in super().changes(embedder, since):
                if since:
                    answers.append(keys(index, "mistakes", a_vector(4), 1))
                yield one

    asked = Slow(store.rows, store.begun, store.last)
    with opened(made, asked) as index:
        index.catch_up()
        asked.put_all([kept(number) for number in range(400, 410)])
        index.catch_up()
        assert answers == [["mistakes:000004"]] * 10


def test_another_process_is_told_that_it_has_an_owner(made: Path, store: Vectors) -> None:
    """Before it opens anything; and it may have it once the owner ended."""
    code = f"""
import sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from pytest_llmlearn.adapters.chroma_index import Folder
from pytest_llmlearn.adapters.one_at_a_time import LockFile
from pytest_llmlearn.errors import IndexUnavailable
try:
    Folder(Path({str(made / "chroma")!r}), LockFile(Path({str(made / "chroma.lock")!r})).held).own()
except IndexUnavailable as error:
    sys.exit(str(error))
assert "chromadb" not in sys.modules
"""

    def other() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    with opened(made, store) as index:
        index.catch_up()
        told = other()
        assert told.returncode == 1
        assert told.stderr.strip() == (
            f"another process has the index in {made / 'chroma'}; this one searches the vectors in SQLite one by one"
        )
    assert other().returncode == 0


def test_what_counting_cannot_see_is_reconciled(made: Path, store: Vectors) -> None:
    """Somebody deleted in Chroma, and added there, as many: both are put right."""
    client = opening.folder(made / "chroma")
    mistakes = client.get_collection("llm_mistakes", embedding_function=None)
    mistakes.delete(ids=["mistakes:000004"])
    mistakes.add(ids=["mistakes:strange"], embeddings=[a_vector(1).tolist()], metadatas=[{"owner": "strange"}])
    opening.let_go(client)
    with opened(made, store) as index:
        index.catch_up()
        assert index.reconcile() == {"mistakes": (1, 1), "fixes": (0, 0), "prompts": (0, 0)}
        assert whole(index, store)
    with opened(made, store) as index:
        index.catch_up()
        assert (whole(index, store), index.reconcile()["mistakes"]) == (True, (0, 0))


def test_it_can_be_made_anew_on_request(made: Path, store: Vectors) -> None:
    """And only once."""
    with opened(made, store) as index:
        index.catch_up()
        index.rebuild()
        index.catch_up()
        assert whole(index, store, made_anew=1)


def test_one_that_fails_while_asked_is_made_anew(made: Path, store: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question gets a sentence, the next catching up mends."""
    from chromadb import Collection

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("Error loading hnsw index")

    with opened(made, store) as index:
        index.catch_up()
        with monkeypatch.context() as broken:
            broken.setattr(Collection, "query", fails)
            with pytest.raises(IndexUnavailable, match="does not answer: Error loading hnsw index"):
                index.nearest("mistakes", a_vector(1), 1)
        index.catch_up()
        assert whole(index, store, made_anew=1)


def test_neither_the_environment_nor_a_file_beside_says_how_it_is_opened(
    tmp_path: Path, store: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chroma reads both as settings of its own; a project's may mean anything."""
    (tmp_path / ".env").write_text("ANONYMIZED_TELEMETRY=true\nMIGRATIONS=none\nCHROMA_SERVER_HOST=example.org\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHROMA_API_IMPL", "chromadb.api.fastapi.FastAPI")
    monkeypatch.setenv("PERSIST_DIRECTORY", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("CHROMA_OTEL_COLLECTION_ENDPOINT", "http://127.0.0.1:9")
    with opened(tmp_path, store) as index:
        index.catch_up()
    assert (tmp_path / "chroma/chroma.sqlite3").is_file()
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_goes_over_the_network(tmp_path: Path, store: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither to be told of, nor to fetch anything."""

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    with opened(tmp_path, store) as index:
        index.catch_up()
        assert whole(index, store)


def test_without_chroma_it_is_one_sentence(tmp_path: Path, store: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that helps."""
    monkeypatch.setitem(sys.modules, "chromadb", None)
    with (
        opened(tmp_path, store) as index,
        pytest.raises(MissingExtra, match=r"pip install 'pytest-llmlearn\[vectors\]'"),
    ):
        index.catch_up()


# A server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Chroma server of ours."""
    program = Path(sys.executable).with_name("chroma")
    if not program.exists():
        pytest.skip("the program `chroma` is not installed")
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = subprocess.Popen(
        [str(program), "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + STARTING
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert running.poll() is None and time.monotonic() < deadline, "the server does not start"
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(timeout=STARTING)


def at(url: str, folder: Path, store: Any, project: str = "ours", **changes: Any) -> Any:
    terms: dict[str, Any] = {"tenant": "default_tenant", "database": "default_database", "headers": {}, **changes}
    place = Server(url, LockFile(folder / "chroma.lock").held, project=lambda: project, **terms)
    return closing(ChromaIndex(place, store, EMBEDDER, WIDTH))


def test_a_server_answers_as_a_folder_does(server: str, tmp_path: Path, store: Vectors) -> None:
    """It is followed, filtered, mended and made anew; another project's hand stays off it."""
    with at(server, tmp_path, store) as index:
        index.catch_up()
        assert whole(index, store)
        where = Filter(model="model-a", categories=frozenset({"async"}))
        assert keys(index, "mistakes", a_vector(9), 9, where) == store.nearest("mistakes", a_vector(9), 9, where)
        store.remove("mistakes:000004")
        store.put_all([kept(5, frequency=50, vector=a_vector(88_000))])
        with at(server, tmp_path, store) as second:
            second.catch_up()
            assert whole(second, store)
        assert keys(index, "mistakes", a_vector(88_000), 1) == ["mistakes:000005"]
    with at(server, tmp_path, store) as index:
        index.catch_up()
        assert whole(index, store)
        assert index.reconcile() == {"mistakes": (0, 0), "fixes": (0, 0), "prompts": (0, 0)}
        index.rebuild()
        assert whole(index, store, made_anew=1)
    with (
        at(server, tmp_path, store, project="another's") as index,
        pytest.raises(IndexUnavailable, match=r"not this project's.*LLMLEARN_CHROMA_DATABASE"),
    ):
        index.catch_up()
    with at(server, tmp_path, store, database="nowhere") as index, pytest.raises(IndexUnavailable, match="nowhere"):
        index.catch_up()


def test_a_server_that_nobody_runs_is_one_sentence(tmp_path: Path, store: Vectors) -> None:
    """At once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with at(url, tmp_path, store) as index, pytest.raises(IndexUnavailable, match=f"the Chroma server at {url}"):
            index.catch_up()


def test_a_server_that_says_nothing_is_not_waited_for(tmp_path: Path, store: Vectors) -> None:
    """It takes the connection, and that is all."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with at(url, tmp_path, store, patience=0.2) as index, pytest.raises(IndexUnavailable, match="timed out"):
            index.catch_up()


def test_two_processes_of_a_project_do_not_write_to_a_server_at_once(tmp_path: Path, store: Vectors) -> None:
    """The one that does not get the turn says so."""
    place = Server(
        "http://127.0.0.1:9", lambda: nullcontext(False), project=str, tenant="", database="", headers={}, patience=0.1
    )
    index = ChromaIndex(place, store, EMBEDDER, WIDTH)
    with closing(index), pytest.raises(IndexUnavailable, match="another process of this project is writing"):
        index.catch_up()


def test_the_name_is_that_of_the_setting() -> None:
    """`index = "chroma"`."""
    assert chroma_index.ChromaIndex.name == "chroma"
