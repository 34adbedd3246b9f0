"""States in the rows: what they follow from, whatever the order in which the rows came."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore, evolving, folder
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.recurrence import Seen, independent
from tests.builders import NOON, a_run, an_entry, at


class Clock:
    """Moved by hand."""

    now = NOON

    def __call__(self) -> Any:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path, clock=clock)
    yield made
    made.close()


def ask(store_root: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder.database_path(store_root))) as connection:
        return connection.execute(question).fetchall()


def change(store: SqliteStore, statement: str) -> None:
    """Change rows as another part of the store does, and evolve them."""

    def done(db: Any) -> None:
        db.execute(statement)
        evolving.evolve(db, [row[0] for row in db.execute("SELECT id FROM patterns")], at(days=9))

    store._file.write(done)


def green(store: SqliteStore, *nodeids: str, minutes: float = -60) -> None:
    store.fixes().note(time=at(minutes), green=nodeids, healings=[])


def only(store: SqliteStore) -> Pattern:
    (pattern,) = store.patterns()
    return pattern


@dataclass(frozen=True)
class Failure:
    """One failing run of one pattern."""

    run: str
    minutes: tuple[int, ...]
    units: tuple[str, ...]
    codes: tuple[str, ...]
    session: str | None

    def record(self, store: SqliteStore) -> None:
        entries = [
            an_entry(unit=unit, unit_hash=code, time=at(minute))
            for minute, unit, code in zip(self.minutes, self.units, self.codes, strict=True)
        ]
        store.record(a_run(self.run, started=at(min(self.minutes)), session=self.session), entries)

    def seen(self) -> list[Seen]:
        return [
            Seen(unit=unit, code=code, time=at(minute), session=self.session, run=self.run)
            for minute, unit, code in zip(self.minutes, self.units, self.codes, strict=True)
        ]


def failures(draw: random.Random) -> list[Failure]:
    """Few units, codes and sessions, and times near an hour apart, so that all of it matters."""
    sessions = draw.choice([[None], [None, "s1"], ["s1"], ["s1", "s2"], [None, None, "s1", "s2"]])
    units, codes = draw.choice([["u1"], ["u1"], ["u1", "u2"]]), draw.choice([["c1"], ["c1", "c2", "c3"]])
    found = []
    for number in range(draw.randint(1, 7)):
        size, start = draw.randint(1, 2), draw.randint(0, 12) * 25
        found.append(
            Failure(
                run=f"r{number}",
                minutes=tuple(start + draw.choice([0, 20, 70]) * index for index in range(size)),
                units=tuple(draw.choice(units) for _ in range(size)),
                codes=tuple(draw.choice(codes) for _ in range(size)),
                session=draw.choice(sessions),
            )
        )
    return found


@pytest.mark.parametrize("seed", range(60))
def test_recurrences_are_those_of_all_occurrences_in_whatever_order_they_came(tmp_path: Path, seed: int) -> None:
    """What is kept of them tells the same as all of them together, after every single run."""
    draw = random.Random(seed)
    store = SqliteStore(tmp_path)
    green(store, "tests/test_users.py::test_load")
    for _ in range(3):
        known: list[Failure] = []
        for failure in failures(draw):
            known.append(failure)
            failure.record(store)
            expected = independent((seen for one in known for seen in one.seen()), at_most=2)
            assert only(store).recurrences == expected, known
        store.clear()
        green(store, "tests/test_users.py::test_load")
    store.close()


@pytest.mark.parametrize(("between", "recurrences"), [(50, 1), (20, 2), (70, 2), (101, 2)])
def test_a_run_told_late_may_make_one_sitting_of_two(store: SqliteStore, between: int, recurrences: int) -> None:
    """If it fills the pause, so that no two runs are more than an hour apart; else two they stay."""
    green(store, "tests/test_users.py::test_load")
    for number, minute in enumerate((0, 100)):
        Failure(f"r{number}", (minute,), ("u",), (f"c{number}",), None).record(store)
    assert (only(store).recurrences, only(store).state) == (2, "active")
    Failure("late", (between,), ("u",), ("late",), None).record(store)
    assert only(store).recurrences == recurrences


@pytest.mark.parametrize("seed", range(10))
def test_a_test_that_is_told_to_have_been_green_afterwards_proves_the_same(tmp_path: Path, seed: int) -> None:
    """As if it had been known when its failures were written."""
    known = failures(random.Random(seed))
    store = SqliteStore(tmp_path)
    for failure in known:
        failure.record(store)
    assert only(store).recurrences == 0
    green(store, "tests/test_users.py::test_load", minutes=10_000)
    assert only(store).recurrences == 0  # that is later than they broke
    green(store, "tests/test_users.py::test_load", minutes=130)
    after = [seen for one in known if min(one.minutes) > 130 for seen in one.seen()]
    assert only(store).recurrences == independent(after, at_most=2)
    store.close()


def test_a_long_history_of_known_and_unknown_sessions_is_read_from_its_ends(store: SqliteStore) -> None:
    """Hundreds of runs of one sitting beside one session hide neither what came before nor what came after."""
    green(store, "tests/test_users.py::test_load")
    for number in range(120):
        session = "s1" if number % 2 else None
        Failure(f"r{number}", (number,), ("u",), (f"c{number}",), session).record(store)
    assert only(store).recurrences == 1
    Failure("late", (1_000,), ("u",), ("late",), None).record(store)
    assert (only(store).recurrences, only(store).state) == (2, "active")


@pytest.mark.parametrize(
    "weak",
    [
        {"chosen_by": "test-body"}, {"chosen_by": "imports"}, {"chosen_by": "handed-in"}, {"scope": "environment"},
        {"stub": True}, {"flaky": True}, {"nodeid": "never green"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_sure_proves_nothing(store: SqliteStore, weak: dict[str, Any]) -> None:
    """However often it comes."""
    green(store, "tests/test_users.py::test_load")
    for number in range(4):
        entry = an_entry(unit=f"u{number}", unit_hash=f"c{number}", time=at(number), **weak)
        store.record(a_run(str(number), started=at(number), session=f"s{number}"), [entry])
    assert (only(store).state, only(store).recurrences) == ("candidate", 0)
    assert {row["flaky"] for row in store.occurrences()} == {bool(weak.get("flaky"))}


def test_what_is_retired_stays_so_until_it_is_seen_again(store: SqliteStore, clock: Clock) -> None:
    """Whatever was said of it before; and a word after that is a sign of life too."""
    store.record(a_run("1"), [an_entry(time=at(0))])
    store.say("1:aaaa", "right")
    change(store, f"UPDATE patterns SET retired = '{at(days=1).isoformat()}', retired_because = 'os.getcwdu is gone'")
    assert (only(store).state, only(store).shown) == ("retired", False)
    store.record(a_run("2"), [an_entry(time=at(5), unit_hash="h2")])  # told late: it was before
    assert only(store).state == "retired"
    store.record(a_run("3"), [an_entry(time=at(days=2), unit_hash="h3")])
    assert (only(store).state, only(store).shown) == ("active", True)
    change(store, f"UPDATE patterns SET retired = '{at(days=3).isoformat()}'")
    assert only(store).state == "retired"
    clock.now = at(days=4)
    store.say("1:aaaa", "enforce")
    assert only(store).state == "enforced"


def test_what_was_imported_is_quarantined_until_this_project_proves_it(store: SqliteStore) -> None:
    """By recurrences of its own, or a person's word."""
    green(store, "tests/test_users.py::test_load")
    store.record(a_run("1", started=at(0), session="s1"), [an_entry()])
    change(store, "UPDATE patterns SET imported = 1")
    assert (only(store).state, store.patterns(shown=True)) == ("quarantined", [])
    store.record(a_run("2", started=at(1), session="s2"), [an_entry(unit_hash="h2", time=at(1))])
    assert only(store).state == "active"


def test_a_state_that_changes_is_dated(store: SqliteStore, clock: Clock, tmp_path: Path) -> None:
    """By the clock of whoever changed it; one that stays keeps its date."""
    store.record(a_run("1"), [an_entry()])
    assert ask(tmp_path, "SELECT state_since FROM patterns") == [(None,)]
    clock.now = at(7)
    store.say("1:aaaa", "right")
    clock.now = at(8)
    store.record(a_run("2"), [an_entry(unit_hash="h2")])
    assert ask(tmp_path, "SELECT state_since FROM patterns") == [(at(7).isoformat(timespec="microseconds"),)]


def test_a_merged_pattern_that_is_seen_again_brings_the_whole_back(store: SqliteStore) -> None:
    """What was put away is shown under the other's name again."""
    store.record(a_run("1"), [an_entry("1:a"), an_entry("1:b")])
    store.merge("1:a", "1:b")
    change(store, "UPDATE patterns SET archived = 1")
    assert store.patterns(shown=True) == []
    store.record(a_run("2"), [an_entry("1:b", time=at(-5), unit_hash="h2")])
    assert store.patterns(shown=True) == []  # that was before
    store.record(a_run("3"), [an_entry("1:b", time=at(5), unit_hash="h3")])
    assert [found.fingerprint for found in store.patterns(shown=True)] == ["1:a"]


def expose(store: SqliteStore, **outcomes: int) -> None:
    """So many judged exposures of the only pattern, shown in sessions of their own."""
    values = [outcome.replace("_", "-") for outcome, many in outcomes.items() for _ in range(many)]
    for number, outcome in enumerate(values):
        change(
            store,
            f"""INSERT INTO exposures (pattern, time, session, channel, shown, propensity, outcome)
                VALUES (1, '{at().isoformat()}', 's{number}', 'hook', 1, 0.9, '{outcome}')""",
        )


def test_what_came_of_showing_it_is_told_with_it(store: SqliteStore) -> None:
    """Only where there was an opportunity; of nothing nothing is known."""
    store.record(a_run(), [an_entry()])
    assert only(store).success.of == 0
    expose(store, avoided=3, recurred=1, other_failure=1, no_opportunity=5)
    assert (only(store).success.count, only(store).success.of) == (3, 5)


@pytest.mark.parametrize(("outcomes", "kept"), [({"avoided": 10}, True), ({"recurred": 6, "avoided": 4}, False)])
def test_what_does_not_help_loses_its_place(store: SqliteStore, outcomes: dict[str, int], kept: bool) -> None:
    """A lesson that is always shown must have been worth it, once that can be told."""
    for number in range(15):
        store.record(a_run(str(number)), [an_entry(unit_hash=str(number), time=at(number))])
    store.say("1:aaaa", "right")
    assert only(store).always_inject
    expose(store, **outcomes)
    assert only(store).always_inject is kept
