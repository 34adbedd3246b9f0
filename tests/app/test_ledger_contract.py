"""What every ledger keeps to, the real one and its stand-in alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import timedelta, timezone
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports import Coverage, Ledger, Store
from pytest_llmlearn.domain.generation import Generation, Outcome
from tests.builders import a_generation, a_run, an_entry, at
from tests.fakes import FakeLedger, FakeStore

Open = Callable[..., tuple[Store, Ledger]]


@pytest.fixture(params=["sqlite", "fake"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens a store and the ledger beside it; the ledger's settings by keyword."""
    made: list[Store] = []

    def both(**settings: float) -> tuple[Store, Ledger]:
        if request.param == "fake":
            fake = FakeStore()
            return fake, FakeLedger(fake, **settings)
        store = SqliteStore(tmp_path)
        made.append(store)
        return store, store.ledger(**settings)

    yield both
    for store in made:
        store.close()


@pytest.fixture
def ledger(opened: Open) -> Ledger:
    return opened()[1]


WHOLE = a_generation(
    session="s" * 255,
    task="T-1",
    attempt=2,
    complexity="surgical",
    measured="creative",
    prompt="Φόρτωσε έναν χρήστη — ユーザーを読み込む 🦉",
    plan="one query",
    reasoning="because",
    before="b2:1",
    after="git:2",
    unit_after="b2:3",
    hunks="@@ -1 +1 @@\n-a\n+b",
    before_text="a\n",
    after_text="b\n",
    changes=("added await in load_user", "Προστέθηκε έλεγχος"),
    preserved=("save_user",),
    tool="an editor",
    temperature=0.33,
    tokens_in=0,
    tokens_out=1200,
    duration_ms=2300,
    guidance=("1:aaaa",),
    way="library",
    commit="0123abc",
    outcome=Outcome(passed=3, failed=1, run="run-1", rating=4, reverted=True, reopened="it lost names"),
)


def test_every_field_comes_back(ledger: Ledger) -> None:
    """In any language; none of the builder's values is the default, so none can be forgotten."""
    defaults = Generation(id="", time=at(0), path="")
    assert all(getattr(WHOLE, each.name) != getattr(defaults, each.name) for each in fields(Generation)[2:])
    assert ledger.add([WHOLE]) == [True]
    assert ledger.generations() == [WHOLE] == ledger.generation("g-1")


def test_what_is_not_known_stays_unknown(ledger: Ledger) -> None:
    """Only path and time are sure; everything else is None or empty, never a guess."""
    bare = Generation(id="bare", time=at(0), path="a.py")
    ledger.add([bare])
    assert ledger.generations() == [bare]
    assert bare.outcome.first_pass is None


def test_an_empty_ledger_answers_every_question(ledger: Ledger) -> None:
    """Nothing was recorded, and nothing is what is told."""
    assert ledger.generations() == [] == ledger.generation("g")
    assert (ledger.exposed(), list(ledger.failed_units()), ledger.remembered("x")) == ({}, [], None)
    assert ledger.add([]) == []
    ledger.tell({"nobody": Outcome(passed=1)})
    assert ledger.generations() == []


def test_the_same_event_twice_is_one_row(ledger: Ledger) -> None:
    """In one call or in two; the first one stands, and what came of it."""
    assert ledger.add([a_generation(), a_generation()]) == [True, False]
    ledger.tell({"g-1": Outcome(passed=2, failed=0)})
    assert ledger.add([a_generation(model="other"), a_generation("g-2", time=at(60))]) == [False, True]
    first, _ = ledger.generations()
    assert (first.model, first.outcome) == ("model-a", Outcome(passed=2, failed=0))


def test_generations_are_told_oldest_first_and_the_latest_under_a_limit(ledger: Ledger) -> None:
    """Whatever order they came in; a model, a path and waiting for a test narrow them."""
    minutes = {"g-1": 40, "g-2": 0, "g-3": 20}
    ledger.add([a_generation(name, time=at(minute), path=f"{name}.py") for name, minute in minutes.items()])
    ledger.add([a_generation("g-4", time=at(60), model=None)])

    def names(**wanted: Any) -> list[str]:
        return [row.id for row in ledger.generations(**wanted)]

    assert names() == ["g-2", "g-3", "g-1", "g-4"]
    assert names(limit=2) == ["g-1", "g-4"] and names(limit=9) == names()
    assert names(model="model-a") == ["g-2", "g-3", "g-1"]
    assert names(path="g-3.py") == ["g-3"]
    ledger.tell({"g-2": Outcome(passed=0, failed=3), "g-1": Outcome(rating=5)})
    assert names(awaiting=True) == ["g-3", "g-1", "g-4"]
    assert names(awaiting=True, model="model-a", limit=1) == ["g-1"]


def test_times_are_utc_whatever_zone_they_came_in(ledger: Ledger) -> None:
    """And with microseconds: they sort as they were."""
    east = at(0).replace(microsecond=123456).astimezone(timezone(timedelta(hours=5, minutes=45)))
    ledger.add([a_generation(time=east)])
    (row,) = ledger.generations()
    assert row.time == east and row.time.utcoffset() == timedelta(0)


def test_a_generation_is_named_by_the_beginning_of_its_id(ledger: Ledger) -> None:
    """With the tag of its algorithm or without; one whose whole id it is stands alone; at most ten."""
    ledger.add([a_generation(name) for name in ("b2:abc1", "b2:abd2", "abc", "abcd", "%")])
    assert [row.id for row in ledger.generation("b2:ab")] == ["b2:abc1", "b2:abd2"]
    assert [row.id for row in ledger.generation("abd")] == ["b2:abd2"]
    assert [row.id for row in ledger.generation("abc")] == ["abc"]
    assert [row.id for row in ledger.generation("%")] == ["%"]
    assert ledger.generation("zz") == []
    ledger.add([a_generation(f"many-{number}") for number in range(12)])
    assert len(ledger.generation("many")) == 10


# Edited again


def flags(ledger: Ledger) -> dict[str, bool]:
    return {row.id: row.outcome.edited_again for row in ledger.generations()}


def after(seconds: float, identifier: str | None = None, **changes: Any) -> Generation:
    return a_generation(identifier or f"{seconds:g}", time=at(seconds / 60), **changes)


def test_edited_again_within_five_minutes_flags_the_earlier_one(ledger: Ledger) -> None:
    """At 290 and at 300 seconds; the later one is as it was."""
    ledger.add([after(0), after(290), after(1000), after(1300)])
    assert flags(ledger) == {"0": True, "290": False, "1000": True, "1300": False}


def test_edited_a_second_later_than_that_flags_none(ledger: Ledger) -> None:
    """301 seconds are another matter, and a day is."""
    ledger.add([after(0), after(301), after(90_000)])
    assert not any(flags(ledger).values())


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_the_order_in_which_they_come_in_does_not_matter(ledger: Ledger, order: tuple[int, ...]) -> None:
    """An event that arrives late is judged by its time."""
    events = [after(0), after(200), after(501), after(700)]
    for number in order:
        ledger.add([events[number]])
    assert flags(ledger) == {"0": True, "200": False, "501": True, "700": False}


def test_of_two_at_once_the_one_that_came_in_first_is_the_earlier(ledger: Ledger) -> None:
    """Clocks of whole seconds are common."""
    ledger.add([after(0, "first"), after(0, "second")])
    assert flags(ledger) == {"first": True, "second": False}


@pytest.mark.parametrize(
    ("first", "second", "again"),
    [
        ({"qualname": "f"}, {"qualname": "f"}, True),
        ({"qualname": "f"}, {"qualname": "g"}, False),
        ({"qualname": None}, {"qualname": "g"}, True),
        ({"qualname": "f"}, {"qualname": None}, True),
        ({"path": "a.py"}, {"path": "b.py"}, False),
        ({"operation": "create"}, {"operation": "edit"}, True),
        ({"model": "m", "session": "1"}, {"model": "n", "session": "2"}, True),
        ({"way": "event"}, {"way": "library"}, True),
        ({"way": "event"}, {"way": "git"}, False),
        ({"way": "trace"}, {"way": "git"}, False),
        ({"way": "git"}, {"way": "git"}, True),
    ],
    ids=str,
)
def test_which_operations_are_on_one_unit(
    ledger: Ledger, first: dict[str, Any], second: dict[str, Any], again: bool
) -> None:
    """The same function of the same file, or one of them of the file as a whole; a commit repeats what was told."""
    ledger.add([after(0, **first), after(60, **second)])
    assert flags(ledger) == {"0": again, "60": False}


def test_the_window_is_a_setting(opened: Open) -> None:
    """Ten seconds, or none at all."""
    _, ledger = opened(edited_again_seconds=10)
    ledger.add([after(0), after(10), after(21)])
    assert flags(ledger) == {"0": True, "10": False, "21": False}


# What came of them


def test_what_came_of_a_generation_is_told_bit_by_bit(ledger: Ledger) -> None:
    """What an outcome does not know stays as it was: those who tell do not undo one another."""
    ledger.add([after(0, "g-1"), after(60, "g-2")])
    ledger.tell({"g-1": Outcome(passed=3, failed=1, run="r"), "nobody": Outcome(rating=1)})
    ledger.tell({"g-1": Outcome(rating=2)})
    ledger.tell({"g-1": Outcome(reverted=True, reopened="why not")})
    first, second = ledger.generations()
    assert first.outcome == Outcome(
        passed=3, failed=1, run="r", edited_again=True, rating=2, reverted=True, reopened="why not"
    )
    assert first.outcome.first_pass is False
    assert second.outcome == Outcome()
    ledger.tell({"g-1": Outcome(rating=5, passed=0, failed=0)})
    told = ledger.generation("g-1")[0].outcome
    assert (told.rating, told.passed, told.first_pass) == (5, 0, True)


def test_how_much_is_known_is_counted(ledger: Ledger) -> None:
    """A prompt, a reasoning or a plan, a model, an answer of the tests."""
    assert ledger.coverage() == Coverage()
    bare = Generation(id="bare", time=at(0), path="a.py")
    ledger.add([bare, WHOLE, replace(bare, id="2", plan="p"), replace(bare, id="3", model="m", reasoning="r")])
    assert ledger.coverage() == Coverage(generations=4, prompt=1, reasoning=3, model=2, tested=1)


def test_exposed_files_keep_the_latest_time(ledger: Ledger) -> None:
    """An older run that is told later changes nothing."""
    ledger.expose({"a.py": at(5), "b.py": at(1)})
    ledger.expose({"a.py": at(3), "b.py": at(9)})
    ledger.expose({})
    assert ledger.exposed() == {"a.py": at(5), "b.py": at(9)}


def test_words_are_remembered_under_their_keys(ledger: Ledger) -> None:
    """The last one counts."""
    for key, value in (("history", "0123"), ("other", "x"), ("history", "4567")):
        ledger.remember(key, value)
    assert (ledger.remembered("history"), ledger.remembered("other")) == ("4567", "x")


def test_failed_units_are_told_once_each(opened: Open) -> None:
    """However many tests failed on them; only generated code, and no flaky failure."""
    store, ledger = opened()
    store.record(
        a_run(),
        [
            an_entry(nodeid="t::a"),
            an_entry(nodeid="t::b"),
            an_entry("1:bbbb"),
            an_entry(unit_hash="h2"),
            an_entry(unit="m:g", scope="other"),
            an_entry(unit="m:h", flaky=True),
            an_entry(unit="m:i", path=None),
        ],
    )
    assert list(ledger.failed_units()) == [
        ("model-a", "", "m:i", "h1"),
        ("model-a", "app/users.py", "app.users:load_user", "h1"),
        ("model-a", "app/users.py", "app.users:load_user", "h2"),
    ]


def test_text_that_no_database_takes_is_kept_readable(ledger: Ledger) -> None:
    """Half a character and NUL do not end the recording."""
    ledger.add([replace(WHOLE, id="odd", changes=("a\ud800",), prompt="nul\0 \udfff")])
    (row,) = ledger.generation("odd")
    assert row.prompt in ("nul\\x00 \\udfff", "nul\0 \udfff") and len(row.changes) == 1
