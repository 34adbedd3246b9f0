"""The ledger's own part of the database: its schema, its place beside the store, and what other processes see."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from pytest_llmlearn.adapters import migrations
from pytest_llmlearn.adapters.sqlite_store import SqliteLedger, SqliteStore, folder
from pytest_llmlearn.domain import generation
from pytest_llmlearn.domain.generation import Generation, Outcome
from pytest_llmlearn.errors import StoreTooNew, StoreUnavailable
from tests.builders import a_generation, a_run, an_entry, at
from tests.projects import clean_environment

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ledger(store: SqliteStore) -> SqliteLedger:
    return store.ledger()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return folder.database_path(tmp_path)


def rows(database: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(question).fetchall()


def test_one_row_for_each_generation_with_all_it_can_say(ledger: SqliteLedger, database: Path) -> None:
    """A column for each field, and a view in which the long texts stand beside them."""
    ledger.add([a_generation("g-1"), a_generation("g-2", time=at(30))])
    columns = {name for _, name, *_ in rows(database, "PRAGMA table_info(generation_rows)")}
    told = {each.name for each in fields(Generation)} | {each.name for each in fields(Outcome)}
    renamed = {"id": "generation_id", "commit": "commit_id"}
    assert {renamed.get(name, name) for name in told - {"outcome"}} <= columns
    assert rows(database, "SELECT count(*) FROM generations") == [(2,)]
    lists = "SELECT json_valid(changes) AND json_valid(preserved) AND json_valid(guidance) FROM generations"
    assert rows(database, lists) == [(1,), (1,)]


def test_one_request_for_many_files_is_written_once(ledger: SqliteLedger, database: Path) -> None:
    """Prompts are long, and a task touches many files."""
    ledger.add([a_generation(f"g-{number}", path=f"{number}.py", prompt="p" * 16_000) for number in range(50)])
    assert rows(database, "SELECT count(*) FROM occurrence_texts") == [(1,)]
    assert all(len(row.prompt or "") == 16_000 for row in ledger.generations())
    assert database.stat().st_size < 400_000


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("SELECT 1 FROM generations WHERE path = 'a' ORDER BY time DESC", "generations_by_path"),
        ("SELECT 1 FROM generations WHERE model = 'm' ORDER BY time DESC", "generations_by_model"),
        ("SELECT id FROM generations ORDER BY time DESC, id DESC LIMIT 5", "generations_by_time"),
        (
            "SELECT id FROM generations WHERE (passed IS NULL OR failed IS NULL) ORDER BY time DESC, id DESC LIMIT 5",
            "generations_awaiting",
        ),
        ("SELECT 1 FROM generations WHERE operation = 'edit' AND complexity = 'surgical'", "generations_by_kind"),
        ("SELECT 1 FROM generations WHERE edited_again = 1 AND time > '2026'", "generations_by_fate"),
        ("SELECT 1 FROM generations WHERE generation_id = 'g'", "sqlite_autoindex_generations_1"),
    ],
)
def test_what_is_often_asked_has_an_index(ledger: SqliteLedger, database: Path, question: str, index: str) -> None:
    """By path, by model, by time, by what awaits a test; nothing is sorted that need not be."""
    ledger.add([a_generation()])
    plan = " ".join(row[-1] for row in rows(database, f"EXPLAIN QUERY PLAN {question}"))
    assert index in plan and "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("operation", generation.OPERATIONS), ("complexity", generation.COMPLEXITIES),
        ("measured", generation.COMPLEXITIES), ("way", get_args(generation.Way)), ("rating", (1, 5)),
        ("temperature", (0, 9.99)), ("tokens_in", (0,)), ("session", ("s" * 255,)), ("edited_again", (0, 1)),
    ],
)  # fmt: skip
def test_the_database_itself_knows_what_is_allowed(
    ledger: SqliteLedger, database: Path, column: str, words: tuple[Any, ...]
) -> None:
    """Each word of the domain is taken, and no other."""
    ledger.add([a_generation()])
    wrong = {"rating": (0, 6), "temperature": (-0.01, 10), "tokens_in": (-1,), "session": ("s" * 256,)}
    with closing(sqlite3.connect(database)) as connection:
        for word in words:
            connection.execute(f"UPDATE generations SET {column} = ?", (word,))
        for word in wrong.get(column, ("foo", 2)):
            with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
                connection.execute(f"UPDATE generations SET {column} = ?", (word,))


def test_a_store_of_the_schema_before_gets_its_ledger(tmp_path: Path, database: Path) -> None:
    """Also by a question; the rows that were there stay."""
    from sqlite_utils import Database

    folder.make(tmp_path)
    with pytest.MonkeyPatch.context() as patch, closing(sqlite3.connect(database)) as connection:
        patch.setattr(migrations, "STEPS", migrations.STEPS[:2])
        migrations.migrate(Database(connection))
        connection.execute("INSERT INTO occurrence_texts VALUES (7, x'00', 'a message')")
        connection.commit()
        assert migrations.found(connection)[0] == 2
    store = SqliteStore(tmp_path)
    ledger = store.ledger()
    assert ledger.generations() == [] and ledger.failed_units() == []
    assert ledger.add([a_generation()]) == [True]
    store.close()
    with closing(sqlite3.connect(database)) as connection:
        assert migrations.found(connection) == (migrations.known(), [])
        assert connection.execute("SELECT text FROM occurrence_texts WHERE id = 7").fetchone() == ("a message",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_store_and_ledger_share_their_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for reading and one for writing, however both are used."""
    opened: list[object] = []
    connect = sqlite3.connect

    def counted(*words: Any, **names: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **names)
        opened.append(connection)
        return connection

    store = SqliteStore(tmp_path)
    ledger = store.ledger()
    store.record(a_run(), [an_entry()])
    ledger.generations()
    monkeypatch.setattr(sqlite3, "connect", counted)
    ledger.add([a_generation()])
    store.record(a_run("run-2"), [an_entry()])
    assert ledger.generation("g") and store.patterns() and ledger.coverage().generations == 1
    assert opened == []
    store.close()
    assert len(ledger.generations()) == 1  # both can be used again
    store.close()


def test_reading_makes_nothing(tmp_path: Path, ledger: SqliteLedger) -> None:
    """Nor does telling what came of nothing."""
    ledger.generations()
    ledger.generation("x")
    ledger.tell({"x": Outcome(passed=1)})
    ledger.add([])
    ledger.expose({})
    assert (ledger.exposed(), ledger.remembered("x")) == ({}, None)
    assert list(tmp_path.iterdir()) == []


def test_a_change_of_several_is_all_or_nothing(ledger: SqliteLedger) -> None:
    """One that cannot be written takes the others with it."""
    with pytest.raises(sqlite3.IntegrityError):
        ledger.add([a_generation("g-1"), a_generation("g-2", temperature=99.0)])
    assert ledger.generations() == []


def test_a_newer_schema_and_a_locked_file_are_said(tmp_path: Path, ledger: SqliteLedger, database: Path) -> None:
    """As the store says them: nothing is lost, nothing is overwritten."""
    ledger.add([a_generation()])
    impatient = SqliteStore(tmp_path, busy_seconds=0.05)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            impatient.ledger().add([a_generation("g-2")])
        other.execute("ROLLBACK")
        other.execute("PRAGMA user_version = 4711")
    impatient.close()
    with pytest.raises(StoreTooNew):
        SqliteStore(tmp_path).ledger().generations()


def test_clearing_forgets_everything_of_the_ledger(store: SqliteStore, ledger: SqliteLedger, database: Path) -> None:
    """Files that tests loaded and one's own words too."""
    ledger.add([a_generation(prompt="an unheard-of prompt")])
    ledger.expose({"a.py": at(0)})
    ledger.remember("read", "0123")
    assert store.statistics().generations == 1
    store.clear()
    assert (ledger.generations(), ledger.exposed(), ledger.remembered("read")) == ([], {}, None)
    assert store.statistics().generations == 0
    assert b"an unheard-of prompt" not in database.read_bytes()


ADDS = """
import sys
from pathlib import Path
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from tests.builders import a_generation, at
ledger = SqliteStore(Path(sys.argv[1])).ledger()
for number in range(20):
    ledger.add([a_generation(f"shared-{number}", time=at(number)), a_generation(f"{sys.argv[2]}-{number}")])
"""


def test_many_processes_at_once_write_each_event_once(tmp_path: Path, ledger: SqliteLedger) -> None:
    """Assistants' hooks are processes of their own."""
    processes = [
        subprocess.Popen([sys.executable, "-c", ADDS, str(tmp_path), str(name)], cwd=PROJECT, env=clean_environment())
        for name in range(4)
    ]
    assert [process.wait(timeout=120) for process in processes] == [0] * 4
    assert len(ledger.generations()) == 20 + 4 * 20


def test_a_generation_whose_first_tests_all_pass_is_an_attempt_that_failed_nothing(
    ledger: SqliteLedger, database: Path
) -> None:
    """Its request is counted once, under its model; one that failed is counted by what failed."""
    ledger.add([a_generation("g-1", prompt="write a parser", model="m"), a_generation("g-2", prompt="x", model="m")])
    ledger.tell({"g-1": Outcome(passed=3, failed=0), "g-2": Outcome(passed=1, failed=2)})
    ledger.tell({"g-1": Outcome(passed=4, failed=0)})
    assert rows(database, "SELECT model, failed, passed FROM prompt_models") == [("m", 0, 1)]
    assert rows(database, "SELECT kind, name, model, count FROM attempts") == [("all", "", "m", 1)]
