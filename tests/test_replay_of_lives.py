"""A thousand events of one store, with a clock that moves: what becomes of patterns, whatever the order of arrival.

The lives are made so that what they must come to can be counted by hand. Two streams of runs go on at the same time,
as those of two assistants do; a run of one may be written down long after runs of the other that began later.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore, folder
from pytest_llmlearn.domain import decay
from pytest_llmlearn.domain.fix import Fix, Healing
from pytest_llmlearn.domain.pattern import Pattern, Word
from tests.builders import a_run, an_entry, at
from tests.projects import Project

PROJECT = Path(__file__).resolve().parents[1]
EVENTS = 20
"""Of each pattern, one a day."""
LIVES: Mapping[str, int] = {
    "never-green": 10,  # its test never passed: work under way
    "recurring": 10,  # another function, other code, another session every day
    "one-loop": 5,  # one session edits one function, and fails day by day
    "unchanged": 5,  # the same code fails every day, in another session
    "healed": 5,  # never green, but on day 9 a fix is verified
    "flaky": 5,  # passes when it is run again
    "stub": 5,  # the body is `pass`; on day 9 somebody writes it
    "muted": 3,  # on day 9 somebody says that it is wrong
    "enforced": 2,  # on day 9 somebody says that it is to be kept to
}
"""How many patterns have such a life."""
DECIDED = 9
SPOKEN: Mapping[str, Word] = {"muted": "wrong", "enforced": "enforce"}
GREEN = frozenset({"recurring", "one-loop", "unchanged", "flaky", "stub"})
"""Lives whose test was green before the first day, and broke."""


@dataclass(frozen=True)
class Event:
    """What happens to one pattern on one day, in one of two streams; day 0 is before any failure."""

    life: str
    number: int
    day: int

    @property
    def fingerprint(self) -> str:
        return f"1:{self.life}-{self.number}"

    @property
    def test(self) -> str:
        return f"tests/test_{self.life}.py::test_{self.number}"

    @property
    def time(self) -> datetime:
        # Every event has a moment of its own; patterns of one day come within five hours.
        return at(sorted(LIVES).index(self.life) * 30 + self.number * 3, days=self.day)

    @property
    def stream(self) -> int:
        return (self.day + self.number) % 2

    def happen(self, store: SqliteStore, clock: Clock) -> None:
        """Write it down, at its time."""
        clock.now = self.time
        if self.day == 0:
            if self.life in GREEN:
                store.fixes().note(time=self.time, green=[self.test], healings=[])
            return
        if self.day == DECIDED and self.life in SPOKEN:
            store.say(self.fingerprint, SPOKEN[self.life])
            return
        if self.day == DECIDED and self.life in ("healed", "stub"):
            store.fixes().note(time=self.time, green=[self.test], healed=[self.test], healings=[self._healing()])
            return
        alone = self.life in ("one-loop", "unchanged")
        entry = an_entry(
            self.fingerprint,
            nodeid=self.test,
            severity="minor",
            time=self.time,
            unit="shop:one" if alone else f"shop:part_{self.day}",
            unit_hash="same" if self.life == "unchanged" else f"code-{self.day}",
            flaky=self.life == "flaky",
            stub=self.life == "stub",
        )
        session = "long" if self.life == "one-loop" else f"session-{self.day}"
        run = a_run(f"{self.fingerprint}-{self.day}", started=self.time, finished=self.time, session=session)
        store.record(run, [entry])

    def _healing(self) -> Healing:
        fix = Fix(fingerprint=self.fingerprint, digest="d", bad="return x[0]", good="return x[1]")
        return Healing(
            occurrence=None, fingerprint=self.fingerprint, nodeid=self.test, unit="shop:part_8", verdict="fix",
            reason="", time=self.time, red_hash="code-8", green_hash="green", fix=fix,
        )  # fmt: skip


class Clock:
    """A clock that the events move."""

    now = at()

    def __call__(self) -> datetime:
        return self.now


def history() -> list[Event]:
    """All events, oldest first."""
    events = [
        Event(life, number, day) for life, many in LIVES.items() for number in range(many) for day in range(EVENTS + 1)
    ]
    return sorted(events, key=lambda event: event.time)


def replay(root: Path, events: Iterable[Event]) -> None:
    """Let them happen, in this order."""
    clock = Clock()
    store = SqliteStore(root, clock=clock, busy_seconds=60)
    for event in events:
        event.happen(store, clock)
    store.close()


def stream(number: int) -> list[Event]:
    """The events of one of the two streams, oldest first."""
    return [event for event in history() if event.stream == number]


def rows(root: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that may not depend on the order of arrival, sorted."""
    questions = {
        "patterns": """SELECT p.fingerprint, p.state, p.severity, p.frequency, p.raw_count, p.archived, p.first_seen,
            p.last_seen, p.word, p.stub, p.recurrences, p.verified_fixes, p.path, p.unit, m.fingerprint
            FROM patterns AS p LEFT JOIN patterns AS m ON m.id = p.merged_into""",
        "occurrences": """SELECT r.run_id, r.session, p.fingerprint, o.nodeid, o.time, c.unit, c.unit_hash, o.promotes,
            o.stub, o.flaky FROM occurrences AS o JOIN runs AS r ON r.id = o.run JOIN patterns AS p ON p.id = o.pattern
            JOIN occurrence_codes AS c ON c.id = o.code""",
        "codes": """SELECT p.fingerprint, c.unit, c.unit_hash, c.counted FROM occurrence_codes AS c
            JOIN patterns AS p ON p.id = c.pattern""",
        "models": """SELECT p.fingerprint, m.model, m.count FROM pattern_models AS m
            JOIN patterns AS p ON p.id = m.pattern""",
        "green": "SELECT nodeid, green FROM tests",
        "fixes": "SELECT fingerprint, digest, verified FROM fix_rows",
    }
    with closing(sqlite3.connect(folder.database_path(root))) as connection:
        return {name: sorted(connection.execute(question), key=repr) for name, question in questions.items()}


def shown(root: Path) -> list[tuple[Any, ...]]:
    """What a reader is told of each pattern."""
    store = SqliteStore(root)
    found = sorted(store.patterns(), key=lambda pattern: pattern.fingerprint)
    store.close()
    return [
        (one.fingerprint, one.state, one.severity, one.tier, one.always_inject, one.shown, one.frequency)
        for one in found
    ]


def life(pattern: Pattern) -> str:
    return pattern.fingerprint.partition(":")[2].rpartition("-")[0]


@pytest.fixture(scope="module")
def in_time(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of a store in which everything was written down when it happened."""
    root = tmp_path_factory.mktemp("in-time")
    replay(root, history())
    return root


def test_it_is_a_thousand_events() -> None:
    """Beside those of the day before the first: green tests."""
    assert sum(event.day > 0 for event in history()) == 1_000
    assert len({event.time for event in history()}) == len(history())


def test_states_change_on_the_day_they_must(tmp_path: Path) -> None:
    """Counted every evening: how many patterns are in each state, grave, and always shown."""
    clock = Clock()
    store = SqliteStore(tmp_path, clock=clock)
    for day, events in groupby(history(), key=lambda event: event.day):
        for event in events:
            event.happen(store, clock)
        patterns = store.patterns()
        if day == 0:
            assert patterns == []
            continue
        active = (10 if day >= 2 else 0) + (5 if day >= DECIDED else 0)
        expected = {"active": active}
        expected |= {"muted": 3, "enforced": 2} if day >= DECIDED else {}
        expected["candidate"] = 50 - sum(expected.values())
        assert Counter(pattern.state for pattern in patterns) == Counter(expected), day
        # Counted in different code: the lives that were spoken of or healed on day 9 have one failure less.
        grave = (25 if day >= 15 else 0) + (15 if day >= 16 else 0)
        assert sum(pattern.severity == "major" for pattern in patterns) == grave, day
        always = (10 if day >= 15 else 0) + (7 if day >= 16 else 0)
        assert sum(pattern.always_inject for pattern in patterns) == always, day
        # Never shown: what only flaky tests and stubs failed with, and what is muted.
        assert len(store.patterns(shown=True)) == 40 - (3 if day >= DECIDED else 0), day
    store.close()


def test_every_life_ends_as_it_must(in_time: Path) -> None:
    """Counts, proofs and states of each kind, exactly."""
    store = SqliteStore(in_time)
    told = {
        (life(one), one.state, one.frequency, one.raw_count, one.recurrences, one.fixes, one.severity, one.stub)
        for one in store.patterns()
    }
    store.close()
    assert told == {
        ("never-green", "candidate", 20, 20, 0, 0, "major", False),
        ("recurring", "active", 20, 20, 2, 0, "major", False),
        ("one-loop", "candidate", 20, 20, 1, 0, "major", False),
        ("unchanged", "candidate", 1, 20, 1, 0, "minor", False),
        ("healed", "active", 19, 19, 2, 1, "major", False),
        ("flaky", "candidate", 0, 20, 0, 0, "minor", False),
        ("stub", "candidate", 19, 19, 0, 1, "major", True),
        ("muted", "muted", 19, 19, 0, 0, "major", False),
        ("enforced", "enforced", 19, 19, 0, 0, "major", False),
    }
    assert sum(row[7] for row in rows(in_time)["occurrences"]) == 10 * 20 + 5 * 20 + 5 * 20 + 5 * 11


def late(window: int) -> list[Event]:
    """In each window of so many days the second stream is written down before the first."""
    return sorted(history(), key=lambda event: (event.day // window, -event.stream, event.time))


@pytest.mark.parametrize("window", [1, 3, EVENTS + 1])
def test_the_order_in_which_runs_are_written_down_does_not_matter(in_time: Path, tmp_path: Path, window: int) -> None:
    """One stream is late by an hour, by days, or by all its life; green tests too are then told after they broke."""
    replay(tmp_path, late(window))
    assert rows(tmp_path) == rows(in_time)
    assert shown(tmp_path) == shown(in_time)


def test_two_processes_at_once_leave_the_same_store(in_time: Path, tmp_path: Path) -> None:
    """Each writes one stream, as fast as it can."""
    SqliteStore(tmp_path).record(a_run("first"), [])  # which makes the tables
    code = "import sys; from pathlib import Path; from tests.test_replay_of_lives import *; "
    code += "replay(Path(sys.argv[1]), stream(int(sys.argv[2])))"
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(number)], cwd=PROJECT, stderr=subprocess.PIPE)
        for number in (0, 1)
    ]
    for process in processes:
        _, error = process.communicate(timeout=120)
        assert process.returncode == 0, error.decode()
    assert rows(tmp_path) == rows(in_time)
    assert shown(tmp_path) == shown(in_time)


def test_what_is_not_seen_any_more_weighs_less_and_is_archived(tmp_path: Path) -> None:
    """Half after 90 days, archived after 180; what a person enforced stays, and what comes back is back."""
    clock = Clock()
    store = SqliteStore(tmp_path, clock=clock)
    events = history()
    for event in events:
        event.happen(store, clock)
    last = {pattern.fingerprint: pattern.last_seen for pattern in store.patterns()}
    recurring = last["1:recurring-0"]
    assert decay.weight(recurring, at(days=EVENTS + 90)) == pytest.approx(0.5, abs=0.01)
    upkeep = store.upkeep()
    for days, archived in ((179, 0), (181, 48)):
        clock.now = at(days=EVENTS + days)
        due = [one.fingerprint for one in upkeep.aging(clock.now) if decay.to_archive(one.last_seen, clock.now)]
        assert upkeep.archive(due) == archived
    assert {life(pattern) for pattern in store.patterns(shown=True)} == {"enforced"}
    assert not any(pattern.always_inject for pattern in store.patterns() if pattern.archived)
    again = an_entry("1:recurring-0", unit_hash="new", time=clock.now)
    store.record(a_run("again", started=clock.now, finished=clock.now), [again])
    assert {life(pattern) for pattern in store.patterns(shown=True)} == {"enforced", "recurring"}
    (back,) = [pattern for pattern in store.patterns() if pattern.fingerprint == "1:recurring-0"]
    assert (back.archived, back.state, back.always_inject) == (False, "active", True)
    store.close()


def test_a_merge_and_its_split_leave_no_trace(in_time: Path, tmp_path: Path) -> None:
    """Two candidates of which each recurred once are proven together, and are candidates again apart."""
    store = SqliteStore(tmp_path, clock=Clock())
    replay(tmp_path, history())
    before = rows(tmp_path)
    store.merge("1:one-loop-0", "1:unchanged-0")
    (whole,) = store.matching("unchanged-0")
    assert (whole.fingerprint, whole.state, whole.frequency, whole.recurrences) == ("1:one-loop-0", "active", 21, 2)
    store.split("1:unchanged-0")
    assert rows(tmp_path) == before == rows(in_time)
    store.close()


SHOP = """
def price(cart):
    return sum(item["price"] for item in cart)


def total_{number}(cart):
    {body}
"""
TESTS = """
from shop import part_{number}


def test_total_{number}():
    assert part_{number}.total_{number}([{{"price": {number}}}, {{"price": 1}}]) == {number} + 1
"""


@pytest.mark.parametrize("bodies", [["pass"], ["raise NotImplementedError"], ["return None", "return cart['total']"]])
def test_the_red_phase_of_new_tests_makes_no_lesson_active(tmp_path: Path, bodies: list[str]) -> None:
    """Twenty tests come before their code, which is empty, or fails in one way and then in another."""
    project = Project(tmp_path).write({"pyproject.toml": '[tool.llmlearn]\nscope = "all"\n', "shop/__init__.py": ""})
    project.write({f"tests/test_{number}.py": TESTS.format(number=number) for number in range(20)})
    for body in bodies * 2:
        project.write({f"shop/part_{number}.py": SHOP.format(number=number, body=body) for number in range(20)})
        done = project.run("pytest", "--llm-learn", "-q", "-p", "no:cacheprovider", CLAUDE_CODE_SESSION_ID=body)
        assert done.returncode == 1, done.stdout + done.stderr
    patterns = project.json("patterns")
    assert sum(pattern["raw_count"] for pattern in patterns) == 40 * len(bodies)
    assert {pattern["state"] for pattern in patterns} == {"candidate"}
    assert {pattern["recurrences"] for pattern in patterns} == {0}
    if len(bodies) == 1:
        assert {(pattern["stub"], pattern["shown"]) for pattern in patterns} == {(True, False)}


def test_a_test_that_was_green_and_broke_twice_makes_one_active(tmp_path: Path) -> None:
    """The same runs tell the difference: the tests had passed before."""
    project = Project(tmp_path).write({"pyproject.toml": '[tool.llmlearn]\nscope = "all"\n', "shop/__init__.py": ""})
    files = {f"tests/test_{number}.py": TESTS.format(number=number) for number in range(3)}
    project.write(files)
    bodies = {0: "return price(cart)", 1: "return price(cart)", 2: "return cart['total']"}
    broken = "return cart['total']"
    for session, written in (("1", bodies), ("2", {**bodies, 0: broken}), ("3", {**bodies, 0: broken, 1: broken})):
        project.write(
            {f"shop/part_{number}.py": SHOP.format(number=number, body=body) for number, body in written.items()}
        )
        project.run("pytest", "--llm-learn", "-q", "-p", "no:cacheprovider", CLAUDE_CODE_SESSION_ID=session)
    (pattern,) = project.json("patterns")
    assert (pattern["state"], pattern["recurrences"], pattern["frequency"]) == ("active", 2, 3)
