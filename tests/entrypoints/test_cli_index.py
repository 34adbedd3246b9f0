"""The command that gives texts their vectors."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn.adapters.one_at_a_time import LockFile
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.entrypoints.cli import main
from tests.builders import a_run, an_entry

numpy = pytest.importorskip("numpy", reason="the extra vectors is not installed")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With two patterns of three facets, and an embedder that needs no weights."""
    (tmp_path / "pyproject.toml").write_text('[tool.llmlearn]\nembedder = "hashing"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLMLEARN_ROOT", raising=False)
    store = SqliteStore(tmp_path)
    store.record(
        a_run(),
        [
            an_entry("1:aaaa", contexts=("sqlite access",)),
            an_entry("1:bbbb", message="other", snippet="f()", unit="m:g", contexts=("json",)),
        ],
    )
    store.close()
    return tmp_path


def llmlearn(*words: str) -> Result:
    return CliRunner().invoke(main, ["index", *words])


def answer(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(llmlearn(*words, "--format", "json").stdout)
    return found


def test_what_was_learned_gets_its_vectors(project: Path) -> None:
    """Once: the second time there is nothing to do."""
    first = llmlearn()
    assert first.exit_code == 0 and first.stderr == ""
    assert first.stdout.startswith("6 texts embedded by hashing:") and "; 6 of 6 have a vector" in first.stdout
    assert llmlearn().stdout.startswith("0 texts embedded")


def test_the_same_as_json(project: Path) -> None:
    """With all its keys, whatever there was to do."""
    first, second = answer(), answer("--quiet")
    assert first.pop("embedder").startswith("hashing:")
    assert first == {"made": 6, "dropped": 0, "damaged": 0, "vectors": 6, "texts": 6, "complete": True}
    assert (second["made"], second["complete"]) == (0, True)


def test_all_can_be_made_anew(project: Path) -> None:
    """Whatever there was."""
    assert answer()["made"] == answer("--rebuild")["made"] == 6


def test_vectors_of_another_embedder_are_dropped(project: Path) -> None:
    """When the new ones are complete."""
    vectors = SqliteStore(project).vectors()
    waiting = vectors.waiting("old")
    vectors.put("old", 2, [(one, numpy.array([0.6, 0.8], dtype=numpy.float32)) for one in waiting])
    assert "6 vectors of other embedders dropped" in llmlearn().stdout


def test_damaged_vectors_are_made_anew(project: Path) -> None:
    """Those of another length, those with what is no number, and what is no blob at all; and it is said, once."""
    llmlearn()
    with sqlite3.connect(project / ".llmlearn" / "state" / "memory.db") as db:
        sound = [row[0] for row in db.execute("SELECT vector FROM vectors ORDER BY id")]
        for number, vector in enumerate((b"odd", b"", b"\xff" * len(sound[0]), "a text"), start=1):
            db.execute("UPDATE vectors SET vector = ? WHERE id = ?", (vector, number))
    db.close()
    told = llmlearn()
    assert told.exit_code == 0 and told.stdout.startswith("4 texts embedded")
    assert "4 texts of these had a damaged vector, which was made anew" in told.stdout
    with sqlite3.connect(project / ".llmlearn" / "state" / "memory.db") as db:
        assert sorted(row[0] for row in db.execute("SELECT vector FROM vectors")) == sorted(sound)
    db.close()
    assert (answer()["damaged"], answer()["made"]) == (0, 0)


def test_quiet_says_nothing(project: Path) -> None:
    """And does it."""
    assert llmlearn("--quiet").output == ""
    assert answer()["made"] == 0


def test_where_there_is_to_be_no_embedder_it_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a choice, and no error."""
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "none")
    found = llmlearn()
    assert found.exit_code == 0 and "embedder is none" in found.stdout
    nothing = {"made": 0, "dropped": 0, "damaged": 0, "vectors": 0, "texts": 0}
    assert answer() == {"embedder": None, **nothing, "complete": False}


def test_an_embedder_that_cannot_be_had_is_one_sentence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what would help."""
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "minilm")
    monkeypatch.setenv("LLMLEARN_EMBEDDER_FOLDER", str(project / "nowhere"))
    monkeypatch.setenv("HOME", str(project))
    monkeypatch.setenv("XDG_DATA_HOME", str(project))
    monkeypatch.setenv("HF_HOME", str(project))
    found = llmlearn()
    assert found.exit_code == 1 and found.stdout == ""
    assert found.stderr.startswith("llmlearn: ") and found.stderr.count("\n") == 1


def test_another_process_that_is_at_it_is_not_disturbed(project: Path) -> None:
    """It says how far that one is."""
    with LockFile(project / ".llmlearn" / "state" / "embed.lock").held():
        found = llmlearn()
    assert found.exit_code == 0 and "another process is at it; so far 0 of 6 texts" in found.stdout


def test_where_nothing_was_learned_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "hashing")
    assert answer()["texts"] == 0
    assert not (tmp_path / ".llmlearn").exists()
