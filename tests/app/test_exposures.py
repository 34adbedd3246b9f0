"""Answers delivered, and runs that judge what was shown, on real files of a small project and stand-ins in memory."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.surroundings import ProjectSurroundings
from pytest_llmlearn.app import judging
from pytest_llmlearn.app.attribute import Attribution
from pytest_llmlearn.app.exposures import Delivery
from pytest_llmlearn.app.judging import Judged, Judging
from pytest_llmlearn.app.outcomes import Watched
from pytest_llmlearn.app.ports.exposures import Wrote
from pytest_llmlearn.app.provenance import Origins
from pytest_llmlearn.app.recall import Recall
from pytest_llmlearn.app.record import Recording
from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.effect import Arm, Outcome, held_back
from pytest_llmlearn.domain.entry import Entry
from pytest_llmlearn.domain.guidance import Guidance, Query
from pytest_llmlearn.domain.written import Piece
from tests.builders import NOON, a_fingerprint, a_generation, a_run, an_entry, an_occurrence, at
from tests.exposing import FakeExposures
from tests.fakes import FakeLedger, FakeStore

USERS = """import sqlite3


def load_user(cursor):
    return sqlite3.fetchall(cursor)


def greet(name):
    return f"hello {name}"
"""
WRITTEN = f"""{USERS}

def save_user(cursor):
    return sqlite3.commit(cursor)
"""
TESTS = """from app import users


def test_load():
    assert users.load_user(None) is None


def test_save():
    assert users.save_user(None) is None


def test_greet():
    assert users.greet("a")
"""
LOAD, SAVE, GREET = (f"tests/test_users.py::test_{name}" for name in ("load", "save", "greet"))
EARLY, LATE = at(5), at(10)
"""When lessons are shown, and when code is written."""


class NoSeen:
    """`ports.Seen` that only counts."""

    watched = True

    def __init__(self) -> None:
        self.saved: list[bool] = []

    def saw(self, loaded: Collection[str], ran: Any, *, awaiting: bool) -> None:
        self.saved.append(awaiting)

    def awaits(self) -> None:
        raise AssertionError("a run never asks for another one in any case")


@dataclass
class Bench:
    """A project whose memory knows one mistake, `1:aaaa`, made in `load_user` by the symbol `sqlite3.fetchall`."""

    root: Path
    store: FakeStore = field(default_factory=FakeStore)
    uncommitted: dict[str, Sequence[bool]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    seen: NoSeen = field(default_factory=NoSeen)
    holdback: float = 0.1

    def __post_init__(self) -> None:
        self.ledger = FakeLedger(self.store)
        self.exposures = FakeExposures(self.store, self.ledger)
        self.store.record(a_run(), [an_entry("1:aaaa", lesson="Mind sqlite3.", words="mind sqlite3")])
        self.write("app/__init__.py", "")
        self.write("app/users.py", USERS)
        self.write("tests/test_users.py", TESTS)

    def write(self, path: str, text: str, *, time: datetime = NOON) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        os.utime(target, (time.timestamp(), time.timestamp()))

    def text(self, path: str) -> str | None:
        return ProjectSurroundings(self.root).text(path)

    def deliver(self, *, time: datetime = EARLY, fingerprints: Sequence[str] = ("1:aaaa",), **query: Any) -> Guidance:
        """What is shown of an answer that holds these patterns."""
        asked = Query(**{"text": "mind sqlite3", "path": "app/users.py", "threshold": 0, **query})
        lessons: Any = NoLessons()
        whole = Recall(self.store, lessons, self.text).recall(asked, time)
        delivery = Delivery(
            self.exposures,
            self.text,
            clock=lambda: time,
            holdback=self.holdback,
            awaits=lambda: self.told.append("shown"),
        )
        return delivery.deliver(whole)

    def run(
        self,
        *passed: str,
        entries: Sequence[Entry] = (),
        unlaid: Sequence[Any] = (),
        minute: float = 20,
        watched: Watched | None = None,
        days: float = 7,
    ) -> Judged:
        """Judge by a run of these tests, with failures laid on code (`entries`) or not (`unlaid`)."""
        surroundings = ProjectSurroundings(self.root)
        everything = Attribution(surroundings, Origins(list, surroundings.text), everything=True)
        run = a_run("run-2", started=at(minute), finished=at(minute + 1))
        recording = Recording(entries=tuple(entries), counted=(), unlaid=len(unlaid)) if entries or unlaid else None
        self.store.record(run, entries)
        judging = Judging(
            self.exposures,
            surroundings=surroundings,
            everything=lambda: everything,
            changed=self._changed,
            uncommitted=self._uncommitted,
            seen=self.seen,
            days=days,
        )
        return judging.judge(
            run,
            passed=passed,
            occurrences=list(unlaid),
            recording=recording,
            loaded=["app/users.py", "app/__init__.py", "tests/test_users.py"],
            watched=watched or Watched(),
        )

    def _changed(self, path: str) -> datetime | None:
        file = self.root / path
        return datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else None

    def _uncommitted(self, paths: Sequence[str]) -> Mapping[str, Sequence[bool]]:
        return {path: self.uncommitted[path] for path in paths if path in self.uncommitted}

    @property
    def outcome(self) -> Outcome | None:
        """What came of the only exposure."""
        (row,) = self.exposures.rows
        return row.outcome


class NoLessons:
    """Nothing is known beside the patterns."""

    def known(self, fingerprints: Collection[str]) -> Mapping[str, Any]:
        return {}

    def frequent(self, *_: Any) -> list[Any]:
        return []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def failing(function: str, fingerprint: str = "1:aaaa", **changes: Any) -> Entry:
    """A failure in a function of the file as it was written."""
    unit = source.unit_named(WRITTEN, function)
    assert unit is not None
    values: dict[str, Any] = {
        "line": unit.end,
        "function": function,
        "unit": f"app.users:{function}",
        "unit_hash": source.unit_hash(WRITTEN, unit),
        "time": at(20.5),
    }
    return an_entry(a_fingerprint(fingerprint, symbol="1:aaaa-symbol"), **{**values, **changes})


# Delivery


def test_what_is_shown_is_written_down(bench: Bench) -> None:
    """With what the file was like, and the next run is told."""
    answer = bench.deliver(channel="mcp", session="s", model="model-a", unit="load_user")
    assert not answer.abstained
    (row,) = bench.exposures.rows
    told = row.showing
    assert (told.channel, told.session, told.path, told.unit, told.model) == (
        "mcp", "s", "app/users.py", "load_user", "model-a",
    )  # fmt: skip
    assert told.text_digest == source.text_digest(USERS)
    assert told.pieces is not None
    assert len(told.pieces) == 3
    assert bench.told == ["shown"]


def test_a_file_that_is_not_there_yet_has_no_digest(bench: Bench) -> None:
    """All of it will be new."""
    bench.deliver(path="app/orders.py")
    assert bench.exposures.rows[0].showing.text_digest is None


def test_nothing_shown_is_nothing_written_down(bench: Bench) -> None:
    """Nor is what `evaluate` asks."""
    bench.deliver(text="paint a fence", threshold=1)
    bench.deliver(channel="evaluate")
    assert (bench.exposures.rows, bench.told) == ([], [])


def in_session(held: bool, share: float = 0.1) -> str:
    """A session in which chance holds the lesson back, or does not."""
    return next(name for name in map(str, range(1000)) if held_back("1:aaaa", name, share) is held)


@pytest.mark.parametrize("channel", ["mcp", "lsp", "diagnostic", "command", "library"])
def test_who_asks_gets_the_whole_answer(bench: Bench, channel: str) -> None:
    """In a session in which it would be held back, too."""
    answer = bench.deliver(channel=channel, session=in_session(True))
    assert len(answer.matches) == 1
    assert bench.exposures.rows[0].lesson.propensity == 1


def test_what_is_brought_unasked_may_be_held_back(bench: Bench) -> None:
    """Then nothing is said, and that is written down."""
    answer = bench.deliver(channel="hook", session=in_session(True))
    assert (answer.abstained, answer.text) == (True, "")
    lesson = bench.exposures.rows[0].lesson
    assert (lesson.shown, lesson.propensity) == (False, 0.9)


def test_what_is_not_held_back_could_have_been(bench: Bench) -> None:
    """Its chance stands beside it."""
    answer = bench.deliver(channel="hook", session=in_session(False))
    assert len(answer.matches) == 1
    lesson = bench.exposures.rows[0].lesson
    assert (lesson.shown, lesson.propensity) == (True, 0.9)


def test_without_a_session_or_with_the_setting_off_all_is_shown(bench: Bench) -> None:
    """And none of it could have been held back."""
    assert bench.deliver(channel="hook").matches
    bench.holdback = 0
    assert bench.deliver(channel="hook", session=in_session(True)).matches
    assert [row.lesson.propensity for row in bench.exposures.rows] == [1, 1]


def test_what_cannot_be_written_down_is_not_held_back(bench: Bench) -> None:
    """A locked store costs the comparison, and nobody a lesson."""
    bench.exposures.locked = True
    answer = bench.deliver(channel="hook", session=in_session(True))
    assert len(answer.matches) == 1
    assert bench.told == []


def test_nothing_moves_up_for_what_is_held_back(bench: Bench) -> None:
    """The place stays empty, although there is another lesson that matters."""
    words = {"lesson": "Mind sqlite3, too.", "words": "mind sqlite3 too"}
    others = [an_entry(f"1:other-{number}", unit_hash=f"h{number}", symbols=(), **words) for number in range(3)]
    bench.store.record(a_run("run-1b"), others)
    whole = bench.deliver(channel="evaluate", limit=2)
    first = whole.matches[0].pattern.fingerprint
    session = next(
        name
        for name in map(str, range(10_000))
        if [held_back(match.pattern.fingerprint, name, 0.1) for match in whole.matches] == [True, False]
    )
    answer = bench.deliver(channel="hook", session=session, limit=2)
    assert [match.pattern.fingerprint for match in answer.matches] == [whole.matches[1].pattern.fingerprint]
    assert {row.lesson.fingerprint: row.lesson.shown for row in bench.exposures.rows}[first] is False


def test_of_what_is_brought_unasked_only_the_text_is_read(bench: Bench) -> None:
    """A budget too small for any wording shows nothing."""
    bench.deliver(channel="hook", session="s", budget=0)
    assert bench.exposures.rows == []


# Judging


def test_new_code_that_passes_is_a_mistake_avoided(bench: Bench) -> None:
    """It uses the same module."""
    bench.deliver()
    bench.write("app/users.py", WRITTEN, time=LATE)
    assert bench.run(SAVE) == Judged(judged=1)
    assert bench.outcome == "avoided"


def test_a_function_where_the_mistake_was_made_and_that_was_rewritten_is_an_opportunity(bench: Bench) -> None:
    """Although none of the mistake's symbols is left in it."""
    bench.deliver()
    bench.write("app/users.py", USERS.replace("sqlite3.fetchall(cursor)", "None"), time=LATE)
    bench.run(LOAD)
    assert bench.outcome == "avoided"


@pytest.mark.parametrize("passed", [[LOAD, GREET], []], ids=["not the new code's test", "nothing"])
def test_what_no_passing_test_reaches_goes_on_waiting(bench: Bench, passed: list[str]) -> None:
    """Silence is no success."""
    bench.deliver()
    bench.write("app/users.py", WRITTEN, time=LATE)
    assert bench.run(*passed) == Judged(awaiting=1)
    assert bench.outcome is None


def test_only_the_unit_that_was_asked_for_counts(bench: Bench) -> None:
    """The lesson was for another one."""
    bench.deliver(unit="load_user")
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(LOAD, SAVE)
    assert bench.outcome is None


def test_the_mistake_in_new_code_is_a_recurrence(bench: Bench) -> None:
    """By its symbols; the exact mistake is another one."""
    bench.deliver()
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(LOAD, entries=[failing("save_user", "1:near")])
    assert bench.outcome == "recurred"


def test_the_mistake_in_old_code_is_none(bench: Bench) -> None:
    """It was there before the lesson; the new code passed."""
    bench.deliver()
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(SAVE, entries=[failing("load_user")])
    assert bench.outcome == "avoided"


@pytest.mark.parametrize("changes", [{"flaky": True}, {"scope": "environment"}])
def test_a_failure_that_tells_nothing_is_no_recurrence(bench: Bench, changes: dict[str, Any]) -> None:
    """Now and then, or the environment's: nothing else passed, so that it goes on waiting."""
    bench.deliver()
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(entries=[failing("save_user", **changes)])
    assert bench.outcome is None


def test_a_mistake_now_and_then_is_not_avoided(bench: Bench) -> None:
    """The test passed at the second attempt."""
    bench.deliver()
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(SAVE, entries=[failing("save_user", flaky=True)])
    assert bench.outcome is None


def another(**changes: Any) -> Entry:
    """Another mistake in the new function."""
    return replace(failing("save_user", **changes), fingerprint=a_fingerprint("1:other"))


def test_another_failure_laid_on_new_code_is_no_success(bench: Bench) -> None:
    """Although another test of it passed."""
    bench.deliver()
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(SAVE, entries=[another()])
    assert bench.outcome == "other-failure"


@pytest.mark.parametrize("chosen_by", ["imports", "test-body", "handed-in"])
def test_a_failure_that_may_be_anothers_goes_on_waiting(bench: Bench, chosen_by: str) -> None:
    """Its culprit was chosen among several."""
    bench.deliver()
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(SAVE, entries=[another(chosen_by=chosen_by)])
    assert bench.outcome is None


def test_a_failure_that_was_not_recorded_goes_on_waiting(bench: Bench) -> None:
    """Nobody knows which mistake it is."""
    bench.deliver()
    bench.write("app/users.py", WRITTEN, time=LATE)
    line = WRITTEN.splitlines().index("    return sqlite3.commit(cursor)") + 1
    seen = an_occurrence(nodeid=f"{SAVE}[1]", path="app/users.py", line=line, function="save_user")
    bench.run(SAVE, unlaid=[seen])
    assert bench.outcome is None


def test_what_is_shown_during_a_run_waits_for_the_next_one(bench: Bench) -> None:
    """Its code was loaded before."""
    bench.deliver(time=at(20.5))
    bench.write("app/users.py", WRITTEN, time=LATE)
    assert bench.run(SAVE) == Judged(awaiting=1)


def test_after_its_days_there_was_no_opportunity(bench: Bench) -> None:
    """A minute earlier it waits."""
    bench.deliver()
    week = 7 * 24 * 60
    assert bench.run(LOAD, minute=5 + week - 1) == Judged(awaiting=1)
    assert bench.run(LOAD, minute=5 + week) == Judged()
    assert bench.exposures.effect().shown == Arm(no_opportunity=1)


def test_a_new_file_is_all_new(bench: Bench) -> None:
    """It was asked for before it was there."""
    (bench.root / "app/users.py").unlink()
    bench.deliver()
    bench.write("app/users.py", USERS, time=LATE)
    bench.run(LOAD)
    assert bench.outcome == "avoided"


def test_text_that_does_not_parse_can_hold_the_mistake_again(bench: Bench) -> None:
    """All of it was written since."""
    bench.deliver()
    bench.write("app/users.py", "def load_user(:\n", time=LATE)
    bench.run(entries=[replace(failing("load_user"), line=1, function=None)])
    assert bench.outcome == "recurred"


# Without a file


def test_hunks_of_a_generation_tell_what_was_written(bench: Bench) -> None:
    """The function of the added lines, and no other."""
    bench.deliver(path=None)
    bench.write("app/users.py", WRITTEN, time=LATE)
    hunks = "@@ -9,0 +10,2 @@\n+def save_user(cursor):\n+    return sqlite3.commit(cursor)\n"
    bench.ledger.add([a_generation(time=LATE, qualname=None, hunks=hunks)])
    bench.run(LOAD)
    assert bench.outcome is None
    bench.run(SAVE)
    assert bench.outcome == "avoided"


def test_an_edit_that_does_not_tell_what_it_wrote_tells_nothing(bench: Bench) -> None:
    """Nor does one of before the lesson, or of after the run began."""
    bench.deliver(path=None)
    bench.ledger.add(
        [
            a_generation("g-1", time=LATE, qualname=None),
            a_generation("g-2", time=at(1)),
            a_generation("g-3", time=at(30)),
        ]
    )
    bench.run(LOAD)
    assert bench.outcome is None


def test_what_another_session_wrote_is_not_its_opportunity(bench: Bench) -> None:
    """What a session of no name wrote may be."""
    bench.deliver(path=None, session="s")
    bench.ledger.add([a_generation("g-1", time=LATE, session="t")])
    bench.run(LOAD)
    assert bench.outcome is None
    bench.ledger.add([a_generation("g-2", time=LATE)])
    bench.run(LOAD)
    assert bench.outcome == "avoided"


def test_what_was_written_is_looked_at_once_however_often_a_lesson_was_shown(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prompts name no file, and a week has many of them: the time after the last test must not grow with both."""
    for number in range(20):
        bench.deliver(path=None, session=f"s-{number}")
    bench.ledger.add([a_generation(f"g-{number}", time=LATE, session=f"s-{number % 2}") for number in range(5)])
    seen: list[Wrote] = []
    pieces_of = judging._pieces_of

    def counted(wrote: Wrote, text: str) -> list[Piece]:
        seen.append(wrote)
        return pieces_of(wrote, text)

    monkeypatch.setattr(judging, "_pieces_of", counted)
    assert bench.run(LOAD) == Judged(judged=2, awaiting=18)
    assert len(seen) == 5


def test_the_mistake_in_a_generation_is_a_recurrence_wherever_it_is(bench: Bench) -> None:
    """The exposure named no file."""
    bench.deliver(path=None)
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.ledger.add([a_generation(time=LATE, qualname="save_user")])
    bench.run(entries=[failing("save_user")])
    assert bench.outcome == "recurred"


def test_without_a_ledger_a_code_state_never_seen_before_is_a_recurrence(bench: Bench) -> None:
    """If its file was changed after the lesson."""
    bench.deliver(path=None)
    bench.run(entries=[failing("load_user")])
    assert bench.outcome is None
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(entries=[failing("load_user", unit_hash="h1")], minute=30)  # as it was before the lesson
    assert bench.outcome is None
    bench.run(entries=[failing("save_user", time=at(40.5))], minute=40)
    assert bench.outcome == "recurred"


def test_without_a_ledger_lines_in_no_commit_are_an_opportunity(bench: Bench) -> None:
    """If their file was changed after the lesson."""
    lines = len(WRITTEN.splitlines())
    bench.deliver(path=None)
    bench.write("app/users.py", WRITTEN)
    bench.uncommitted["app/users.py"] = [number > 10 for number in range(lines)]
    bench.run(SAVE)
    assert bench.outcome is None
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(LOAD)
    assert bench.outcome is None
    bench.run(SAVE)
    assert bench.outcome == "avoided"


# What the next run is told


def test_what_still_awaits_lets_other_code_be_looked_at(bench: Bench) -> None:
    """Unless that is so anyway, or nothing awaits a run."""
    bench.deliver()
    bench.run(LOAD, watched=Watched(settled=False))
    bench.run(LOAD, watched=Watched(awaiting=True))
    assert bench.seen.saved == []
    bench.run(LOAD)
    assert bench.seen.saved == [True]
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(SAVE)
    assert bench.seen.saved == [True]


def test_held_back_and_shown_are_judged_alike(bench: Bench) -> None:
    """By the same run."""
    bench.deliver(channel="hook", session=in_session(True))
    bench.deliver(channel="hook", session=in_session(False))
    bench.write("app/users.py", WRITTEN, time=LATE)
    bench.run(SAVE)
    found = bench.exposures.effect()
    assert (found.shown, found.held) == (Arm(avoided=1), Arm(avoided=1))
