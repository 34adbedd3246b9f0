"""What all exposures keep to, the real ones and their stand-in alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports import Ledger, Store
from pytest_llmlearn.app.ports.exposures import Exposures, Showing, Shown, Wrote
from pytest_llmlearn.domain.effect import Arm, Channel
from tests.builders import a_generation, a_run, an_entry, at
from tests.exposing import FakeExposures
from tests.fakes import FakeLedger, FakeStore


@dataclass
class Bench:
    """A store with two patterns, `1:aaaa` and `1:bbbb`, and the exposures beside it."""

    store: Store
    ledger: Ledger
    exposures: Exposures

    def show(self, *lessons: str | Shown, minute: float = 5, **changes: Any) -> bool:
        given = tuple(Shown(fingerprint=one) if isinstance(one, str) else one for one in lessons)
        channel: Channel = changes.pop("channel", "library")
        return self.exposures.show(Showing(time=at(minute), channel=channel, lessons=given, **changes))

    @property
    def awaiting(self) -> list[str]:
        return [one.fingerprint for one in self.exposures.awaiting(100)]

    def judge(self, outcome: Any = "avoided") -> None:
        """All that await a run."""
        found = {one.id: outcome for one in self.exposures.awaiting(100)}
        self.exposures.judge(found, run="run-2", time=at(60))


Make = Callable[..., Bench]


@pytest.fixture(params=["sqlite", "fake"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Nothing was recorded yet."""
    if request.param == "fake":
        fake = FakeStore()
        ledger = FakeLedger(fake)
        yield Bench(fake, ledger, FakeExposures(fake, ledger))
        return
    store = SqliteStore(tmp_path)
    yield Bench(store, store.ledger(), store.exposures())
    store.close()


@pytest.fixture
def bench(empty: Bench) -> Bench:
    empty.store.record(a_run(), [an_entry("1:aaaa"), an_entry("1:bbbb", unit_hash="h2")])
    return empty


def test_nothing_is_made_by_showing(empty: Bench, tmp_path: Path) -> None:
    """Where nothing was recorded, nothing is shown, and nothing was."""
    assert not empty.show("1:aaaa")
    assert empty.awaiting == []
    assert [*tmp_path.iterdir()] == []


def test_what_is_shown_awaits_a_run_with_all_that_is_known(bench: Bench) -> None:
    """And what its pattern is known by."""
    assert bench.show("1:aaaa", session="s", path="app/ü.py", unit="f", model="m", text_digest="b2:1")
    (one,) = bench.exposures.awaiting(10)
    assert (one.fingerprint, one.symbol_key, one.symbols) == ("1:aaaa", "1:aaaa-symbol", ("sqlite3.fetchall",))
    assert (one.pattern_path, one.pattern_unit) == ("app/users.py", "app.users:load_user")
    assert (one.session, one.path, one.unit, one.text_digest, one.time) == ("s", "app/ü.py", "f", "b2:1", at(5))


def test_a_lesson_that_is_not_there_is_left_out(bench: Bench) -> None:
    """The others are written down."""
    bench.show("1:gone", "1:bbbb")
    assert bench.awaiting == ["1:bbbb"]


def test_the_latest_so_many_are_told_oldest_first(bench: Bench) -> None:
    """Whatever the order in which they were shown."""
    for minute in (7, 5, 6):
        bench.show("1:aaaa", minute=minute, path=f"{minute}.py")
    assert [one.path for one in bench.exposures.awaiting(2)] == ["6.py", "7.py"]


@pytest.mark.parametrize(
    ("first", "again", "count"),
    [
        ({"session": "s", "text_digest": "b2:1"}, {"session": "s", "text_digest": "b2:2"}, 1),
        ({"text_digest": "b2:1"}, {"text_digest": "b2:1"}, 1),
        ({}, {}, 1),
        ({"text_digest": "b2:1"}, {"text_digest": "b2:2"}, 2),
        ({"session": "s"}, {"session": "t"}, 2),
        ({"path": "a.py"}, {"path": "b.py"}, 2),
        ({"unit": "f"}, {"unit": "g"}, 2),
        ({"channel": "mcp"}, {"channel": "command"}, 2),
    ],
)
def test_what_awaits_a_run_is_one_exposure(
    bench: Bench, first: dict[str, Any], again: dict[str, Any], count: int
) -> None:
    """However often it is shown: once judged, it is another one."""
    bench.show("1:aaaa", **first)
    bench.show("1:aaaa", minute=6, **again)
    assert len(bench.awaiting) == count
    bench.judge()
    bench.show("1:aaaa", minute=90, **again)
    assert len(bench.awaiting) == 1


def test_judged_is_judged(bench: Bench) -> None:
    """A second judgement changes nothing, and nothing awaits a run any longer."""
    bench.show("1:aaaa")
    (one,) = bench.exposures.awaiting(10)
    bench.exposures.judge({one.id: "recurred"}, run="run-2", time=at(60))
    bench.exposures.judge({one.id: "avoided"}, run="run-3", time=at(61))
    assert bench.awaiting == []
    assert bench.exposures.effect("1:aaaa").shown == Arm(recurred=1)


def test_what_waited_too_long_had_no_opportunity(bench: Bench) -> None:
    """Only what was shown before that time."""
    bench.show("1:aaaa", minute=5)
    bench.show("1:bbbb", minute=50)
    assert bench.exposures.expire(at(10), time=at(60)) == 1
    assert bench.exposures.expire(at(10), time=at(60)) == 0
    assert bench.awaiting == ["1:bbbb"]
    assert bench.exposures.effect().shown == Arm(no_opportunity=1, awaiting=1)


def test_effects_are_told_by_pattern_and_of_all(bench: Bench) -> None:
    """What was never shown is left out."""
    bench.show("1:aaaa", Shown(fingerprint="1:bbbb", shown=False, propensity=0.9), session="s", channel="hook")
    bench.judge()
    effects = bench.exposures.effects(["1:aaaa", "1:bbbb", "1:cccc"])
    assert {name: (found.shown, found.held) for name, found in effects.items()} == {
        "1:aaaa": (Arm(avoided=1), Arm()),
        "1:bbbb": (Arm(), Arm(avoided=1)),
    }
    assert bench.exposures.effect().held == Arm(avoided=1)
    assert bench.exposures.effect("1:cccc").shown == Arm()
    assert bench.exposures.effects([]) == {}


def test_the_chance_of_being_shown_is_kept(bench: Bench) -> None:
    """Only what could have been either is compared."""
    bench.show(Shown(fingerprint="1:aaaa", propensity=0.9), session="s")
    bench.show("1:bbbb", session="s")
    bench.judge()
    assert bench.exposures.effect().comparison.shown == Arm(avoided=1)


def test_what_a_file_was_like_is_known_while_a_run_is_awaited(bench: Bench) -> None:
    """By the digest of its text."""
    bench.show("1:aaaa", path="a.py", text_digest="b2:1", pieces=frozenset({"p", "q"}))
    bench.show("1:bbbb", path="b.py", text_digest="b2:2", pieces=frozenset())
    assert bench.exposures.pieces({"b2:1", "b2:2", "b2:3"}) == {"b2:1": {"p", "q"}, "b2:2": frozenset()}
    bench.judge()
    assert bench.exposures.pieces({"b2:1"}) == {}


def test_what_models_wrote_since_is_told_oldest_first(bench: Bench) -> None:
    """As far as it tells what was written."""
    bench.ledger.add([a_generation("g-2", time=at(20), session="s", hunks="+x"), a_generation("g-1", time=at(10))])
    late = Wrote(time=at(20), path="app/users.py", qualname="load_user", session="s", operation="edit", hunks="+x")
    assert bench.exposures.wrote(at(10)) == [late]
    assert [one.time for one in bench.exposures.wrote(at(0))] == [at(10), at(20)]


def test_when_code_failed_first_is_known(bench: Bench) -> None:
    """Code that never failed so is left out."""
    bench.store.record(a_run("run-2"), [an_entry("1:aaaa", time=at(9))])
    known, unknown = ("1:aaaa", "app.users:load_user", "h1"), ("1:aaaa", "app.users:load_user", "h9")
    assert bench.exposures.first_failed([known, unknown]) == {known: at(0)}


class TestInTheFile:
    """What only the real ones can show."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqliteStore]:
        store = SqliteStore(tmp_path)
        store.record(a_run(), [an_entry("1:aaaa"), an_entry("1:bbbb", unit_hash="h2")])
        yield store
        store.close()

    def _database(self, folder: Path) -> sqlite3.Connection:
        return sqlite3.connect(folder / ".llmlearn/state/memory.db")

    def test_a_writer_costs_the_note_and_no_time(self, store: SqliteStore, tmp_path: Path) -> None:
        """Nobody who asks waits for it."""
        other = self._database(tmp_path)
        other.execute("BEGIN IMMEDIATE")
        showing = Showing(time=at(5), channel="hook", lessons=(Shown(fingerprint="1:aaaa"),))
        assert not store.exposures().show(showing)
        other.execute("ROLLBACK")
        assert store.exposures().show(showing)
        other.close()

    def test_a_damaged_file_costs_the_note(self, tmp_path: Path) -> None:
        """It is neither repaired nor moved aside."""
        database = tmp_path / ".llmlearn/state/memory.db"
        database.parent.mkdir(parents=True)
        database.write_bytes(b"no database" * 500)
        store = SqliteStore(tmp_path)
        assert not store.exposures().show(Showing(time=at(5), channel="hook", lessons=(Shown(fingerprint="1:aaaa"),)))
        assert [path.name for path in database.parent.iterdir()] == ["memory.db"]
        store.close()

    def test_a_prevented_mistake_renews_its_pattern_and_one_held_back_does_not(
        self, store: SqliteStore, tmp_path: Path
    ) -> None:
        """It was no lesson that prevented it."""
        held = Shown(fingerprint="1:bbbb", shown=False, propensity=0.9)
        lessons = (Shown(fingerprint="1:aaaa"), held)
        exposures = store.exposures()
        exposures.show(Showing(time=at(5), channel="hook", session="s", lessons=lessons))
        exposures.judge({one.id: "avoided" for one in exposures.awaiting(10)}, run="run-2", time=at(60))
        connection = self._database(tmp_path)
        renewed = dict(connection.execute("SELECT fingerprint, renewed FROM patterns").fetchall())
        connection.close()
        assert renewed["1:bbbb"] is None
        assert datetime.fromisoformat(renewed["1:aaaa"]) == at(60)

    def test_exposures_of_merged_patterns_count_for_the_one_they_were_merged_into(self, store: SqliteStore) -> None:
        """And for themselves."""
        exposures = store.exposures()
        lessons = (Shown(fingerprint="1:aaaa"), Shown(fingerprint="1:bbbb"))
        exposures.show(Showing(time=at(5), channel="mcp", lessons=lessons))
        store.merge("1:aaaa", "1:bbbb")
        assert exposures.effect("1:aaaa").shown == Arm(awaiting=2)
        assert exposures.effect("1:bbbb").shown == Arm(awaiting=1)
        assert exposures.effect().shown == Arm(awaiting=2)
