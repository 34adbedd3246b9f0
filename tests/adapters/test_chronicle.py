"""What the database file tells of a period."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.domain.report import Period
from tests.builders import a_run, an_entry, at

EVER = Period(since=at(days=-1_000), until=at(days=1_000))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store that holds nothing yet."""
    made = SqliteStore(tmp_path)
    yield made
    made.close()


def test_nothing_is_there(store: SqliteStore, tmp_path: Path) -> None:
    """And nothing is made by asking."""
    chronicle = store.chronicle()
    assert (chronicle.latest(3), chronicle.run("run-1")) == ([], None)
    assert (chronicle.sightings(EVER), chronicle.repairs(EVER), chronicle.judged(EVER)) == ([], [], [])
    assert not list(tmp_path.iterdir())


def test_sightings_are_counted_by_code_run_model_and_file(store: SqliteStore) -> None:
    """Three tests that fail in one function are one sighting; what was told apart, or flaky, is none."""
    entries = [an_entry(nodeid=f"tests/test_a.py::test_{n}") for n in range(3)]
    told_apart = [an_entry("1:bbbb", scope="environment"), an_entry("1:cccc", flaky=True)]
    store.record(a_run(), [*entries, an_entry(unit_hash="h2", model="model-b"), *told_apart])
    found = store.chronicle().sightings(EVER)
    assert sorted((one.fingerprint, one.run, one.model, one.times) for one in found) == [
        ("1:aaaa", "run-1", "model-a", 3),
        ("1:aaaa", "run-1", "model-b", 1),
    ]
    assert len({one.code for one in found}) == 2


def test_both_ends_belong_to_the_period(store: SqliteStore) -> None:
    """To the microsecond, and nothing beyond."""
    for number in range(3):
        store.record(a_run(f"run-{number}"), [an_entry(time=at(number), unit_hash=f"h{number}")])
    found = store.chronicle().sightings(Period(since=at(1), until=at(2)))
    assert sorted(one.time for one in found) == [at(1), at(2)]


def test_runs_are_the_latest_that_recorded_something(store: SqliteStore) -> None:
    """Oldest first; a run in which nothing was laid on anybody is none of them."""
    for number in (2, 1, 3):
        store.record(a_run(f"run-{number}", started=at(number)), [an_entry(unit_hash=f"h{number}")])
    store.record(a_run("run-4", started=at(4)), [])
    chronicle = store.chronicle()
    assert [one.run_id for one in chronicle.latest(2)] == ["run-2", "run-3"]
    found = chronicle.sightings(Period(since=at(0), until=at(0), runs=("run-1", "run-3", "nobody's"), kind="runs"))
    assert sorted(one.run for one in found) == ["run-1", "run-3"]


def test_what_was_merged_is_one(store: SqliteStore) -> None:
    """The child is seen as the parent."""
    store.record(a_run(), [an_entry("1:aaaa"), an_entry("1:bbbb", unit_hash="h2")])
    store.merge("1:aaaa", "1:bbbb")
    assert {one.fingerprint for one in store.chronicle().sightings(EVER)} == {"1:aaaa"}
