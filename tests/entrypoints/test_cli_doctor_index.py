"""`llmlearn doctor --index`: what it says of the index of vectors, and what it mends."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn.adapters.one_at_a_time import LockFile
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.falling_back import FallingBack
from pytest_llmlearn.bootstrap import indexes
from pytest_llmlearn.entrypoints.cli import main
from pytest_llmlearn.errors import BadSetting
from pytest_llmlearn.settings import Settings
from tests.builders import a_fingerprint, a_run, an_entry

pytest.importorskip("numpy", reason="the extra vectors is not installed")

KEYS = {
    "index", "setting", "where", "embedder", "vectors", "waiting", "entries", "kept", "recall_at_10", "asked", "bytes",
    "done", "said", "problems",
}  # fmt: skip


def llmlearn(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", "--index", *arguments], catch_exceptions=False)


def parsed() -> Any:
    done = llmlearn("--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of which nothing is known, with an embedder that needs no weights."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "hashing")
    return tmp_path


@pytest.fixture
def learned(project: Path) -> Iterator[SqliteStore]:
    """Thirty mistakes, of which twenty were embedded."""
    from pytest_llmlearn.adapters.embedders import choose

    embedder = choose("hashing")
    assert embedder is not None
    store = SqliteStore(project)
    store.record(
        a_run(),
        [
            an_entry(
                a_fingerprint(f"1:{number:06}"),
                message=f"name 'thing{number}' is not defined",
                unit=f"app.m:f{number}",
                words=f"w{number}",
                snippet=f"def f{number}(): return thing{number}",
            )
            for number in range(30)
        ],
    )
    vectors = store.vectors()
    waiting = vectors.waiting(embedder.name)[10:]
    made = embedder.embed([one.text for one in waiting])
    vectors.put(embedder.name, embedder.dimension, list(zip(waiting, made, strict=True)))
    yield store
    store.close()


@pytest.fixture
def in_chroma(learned: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> SqliteStore:
    """The same, with Chroma in force."""
    pytest.importorskip("chromadb", reason="the extra vectors is not installed")
    monkeypatch.setenv("LLMLEARN_INDEX", "chroma")
    return learned


def test_without_vectors_there_is_nothing_to_examine(project: Path) -> None:
    """It says so, and nothing is created."""
    found = parsed()
    assert set(found) == KEYS
    assert (found["vectors"], found["problems"]) == (0, [])
    assert "no text has a vector yet" in llmlearn().stdout
    assert not (project / ".llmlearn").exists()


def test_comparing_with_all_needs_no_mending(learned: SqliteStore) -> None:
    """With few vectors that is what a process takes by itself."""
    found = parsed()
    assert (found["index"], found["setting"], found["waiting"], found["bytes"]["chroma"]) == ("exact", "auto", 10, None)
    assert found["vectors"] > 20
    assert "there is nothing to mend" in llmlearn().stdout


@pytest.mark.parametrize(("embedder", "then"), [("hashing", "made anew"), ("none", "`llmlearn index` makes them anew")])
def test_damaged_vectors_are_mended(
    learned: SqliteStore, project: Path, monkeypatch: pytest.MonkeyPatch, embedder: str, then: str
) -> None:
    """Made anew where they can be, else they wait; the second time there is nothing to say."""
    monkeypatch.setenv("LLMLEARN_EMBEDDER", embedder)
    with closing(sqlite3.connect(project / ".llmlearn" / "state" / "memory.db", isolation_level=None)) as db:
        db.execute("UPDATE vectors SET vector = x'00' WHERE id <= 3")
    (told,) = [sentence for sentence in parsed()["said"] if "damaged" in sentence]
    assert told.startswith("3 damaged vectors removed") and told.endswith(then)
    assert not [sentence for sentence in parsed()["said"] if "damaged" in sentence]


def test_an_index_in_chroma_is_counted_asked_and_measured(in_chroma: SqliteStore, project: Path) -> None:
    """Against the store and comparing with all, in sentences and in keys."""
    found = parsed()
    assert (found["index"], found["where"]) == ("chroma", str(project / ".llmlearn/state/chroma"))
    assert found["entries"] == found["kept"] == {"mistakes": found["vectors"], "fixes": 0, "prompts": 0}
    assert found["recall_at_10"] >= 0.99
    assert found["asked"] > 20
    assert found["bytes"]["sqlite"] > 0
    assert found["bytes"]["chroma"] > 0
    assert (found["done"], found["problems"]) == ([], [])
    lines = llmlearn().stdout.splitlines()
    assert lines[1] == f"vectors: {found['vectors']} of {found['embedder']}, 10 waiting (llmlearn index)"
    assert f"mistakes: {found['vectors']} entries, {found['vectors']} in the store" in lines
    assert any(line.startswith("disk: the store with its vectors ") and "Chroma's copy" in line for line in lines)


def test_what_is_missing_or_strange_or_damaged_is_mended(in_chroma: SqliteStore, project: Path) -> None:
    """And said; once mended there is nothing more to say."""
    from pytest_llmlearn.adapters.chroma_index import opening

    parsed()
    client = opening.folder(project / ".llmlearn/state/chroma")
    mistakes = client.get_collection("llm_mistakes", embedding_function=None)
    one = mistakes.get(limit=1, include=["embeddings"])
    mistakes.delete(ids=one["ids"])
    mistakes.add(ids=["strange"], embeddings=one["embeddings"], metadatas=[{"facet": "mistake"}])
    opening.let_go(client)
    told = llmlearn()
    assert told.exit_code == 0
    assert "mended: mistakes: added 1 that the store has and it had not" in told.stdout
    assert "mended: mistakes: removed 1 that it had and the store has not" in told.stdout
    (project / ".llmlearn/state/chroma/chroma.sqlite3").write_bytes(b"no database" * 500)
    told = llmlearn()
    assert (told.exit_code, "is made anew from the store" in told.stdout) == (0, True)
    assert parsed()["done"] == []


def test_one_that_finds_too_little_is_made_anew(in_chroma: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where that does not help, that is a problem."""
    from pytest_llmlearn.adapters.chroma_index import ChromaIndex

    monkeypatch.setattr(ChromaIndex, "nearest", lambda *_, **__: [])
    told = llmlearn()
    assert told.exit_code == 1
    assert "mended: it found 0% of what is nearest" in told.stdout
    assert "problem: made anew it still finds only 0%" in told.stdout


def test_one_that_another_process_has_is_left_to_it(in_chroma: SqliteStore, project: Path) -> None:
    """That is no problem: that process keeps it."""
    with LockFile(project / ".llmlearn/state/chroma.lock").held() as taken:
        assert taken
        told = llmlearn()
    assert told.exit_code == 0
    assert "another process has the index" in told.stdout


def test_a_server_that_is_down_is_a_problem(in_chroma: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be mended from here."""
    monkeypatch.setenv("LLMLEARN_INDEX", "http://127.0.0.1:9")
    told = llmlearn()
    assert told.exit_code == 1
    assert "problem: the Chroma server at http://127.0.0.1:9 cannot be used" in told.stdout


def test_a_copy_that_nothing_uses_any_more_goes(in_chroma: SqliteStore, project: Path, monkeypatch: Any) -> None:
    """What is erased from the store later must not live on in it."""
    parsed()
    assert (project / ".llmlearn/state/chroma").is_dir()
    monkeypatch.setenv("LLMLEARN_INDEX", "exact")
    assert "a copy in Chroma that nothing uses was removed" in llmlearn().stdout
    assert not (project / ".llmlearn/state/chroma").exists()


def test_a_warm_process_is_answered_meanwhile(in_chroma: SqliteStore, project: Path) -> None:
    """Comparing with all stands in until Chroma has caught up, and where another process has it."""
    from pytest_llmlearn.adapters.embedders import choose

    embedder = choose("hashing")
    assert embedder is not None
    vectors = in_chroma.vectors()
    settings = Settings(index="chroma")
    question = embedder.embed(["name 'thing3' is not defined"])[0]
    expected = indexes.exact(vectors, embedder.name, warm=True)
    expected.catch_up()
    wanted = [one.key for one in expected.nearest("mistakes", question, 5)]
    index = indexes.index(project, settings, vectors, embedder, warm=True)
    second = indexes.index(project, settings, vectors, embedder, warm=True)
    try:
        assert [one.key for one in index.nearest("mistakes", question, 5)] == wanted
        assert index.name == "exact"
        index.catch_up()
        assert index.name == "chroma"
        assert {one.key for one in index.nearest("mistakes", question, 5)} == {*wanted}
        second.catch_up()
        assert second.name == "exact"
        assert [one.key for one in second.nearest("mistakes", question, 5)] == wanted
        assert second.size("mistakes") == index.size("mistakes") == expected.size("mistakes")
    finally:
        second.close()
        index.close()
    cold = indexes.index(project, settings, vectors, embedder, warm=False)
    cold.catch_up()
    assert [one.key for one in cold.nearest("mistakes", question, 5)] == wanted
    assert not isinstance(cold, FallingBack)


@pytest.mark.parametrize(
    "value", ["http://user:secret@host:8000", "http://host/path", "ftp://host", "http://", "faiss", "http://host:99999"]
)
def test_an_index_that_is_none_is_refused(project: Path, value: str) -> None:
    """A name and a password have no place in a file."""
    with pytest.raises(BadSetting, match="LLMLEARN_INDEX must be"):
        Settings.load(project, {"LLMLEARN_INDEX": value})


def test_headers_come_from_the_environment_as_json(project: Path) -> None:
    """What is none is refused, and not repeated: it may be a key."""
    assert Settings.load(project, dict.fromkeys([indexes.TENANT, indexes.DATABASE, indexes.HEADERS], "x")) == Settings()
    assert indexes._headers({indexes.HEADERS: '{"Authorization": "Bearer x"}'}) == {"Authorization": "Bearer x"}
    with pytest.raises(BadSetting) as caught:
        indexes._headers({indexes.HEADERS: "Bearer hushhush"})
    assert "hushhush" not in str(caught.value)


def test_a_project_is_known_on_a_server_by_a_word_of_its_own(project: Path, learned: SqliteStore) -> None:
    """Made once; only its owner can read it."""
    path = project / ".llmlearn/state" / indexes.PROJECT
    first = indexes._project(path)
    assert (indexes._project(path), len(first)) == (first, 16)
    assert path.stat().st_mode & 0o777 == 0o600
