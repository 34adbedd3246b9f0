"""What every keeper of fixes keeps to, the real one and its stand-in alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports import Fixes, Store
from pytest_llmlearn.domain.fix import Fix, Healing
from tests.builders import a_held, a_run, an_entry, at
from tests.fakes import FakeFixes, FakeStore

TEST = "tests/test_users.py::test_load"


@pytest.fixture(params=["sqlite", "fake"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Fixes]]:
    """A store, and the fixes beside it."""
    if request.param == "fake":
        fake = FakeStore()
        yield fake, FakeFixes(fake)
        return
    store = SqliteStore(tmp_path)
    yield store, store.fixes()
    store.close()


def a_fix(**changes: Any) -> Fix:
    values: dict[str, Any] = {
        "fingerprint": "1:aaaa",
        "digest": "b2:f1",
        "bad": "for row in rows:",
        "good": "for row in rows or ():",
        "signature": "def load_user():",
        "difference": "`rows` became `rows or ()`",
    }
    return Fix(**{**values, **changes})


def a_healing(fix: Fix | None = None, **changes: Any) -> Healing:
    values: dict[str, Any] = {
        "occurrence": None,
        "fingerprint": "1:aaaa",
        "nodeid": TEST,
        "unit": "app.users:load_user",
        "verdict": "fix",
        "reason": "because",
        "time": at(5),
        "red_hash": "h1",
        "green_hash": "h2",
        "red_commit": "0123abc",
        "green_commit": None,
        "fix": fix if fix is not None else a_fix(),
    }
    return Healing(**{**values, **changes})


def test_nothing_is_known_before_anything_happened(both: tuple[Store, Fixes]) -> None:
    """And asking makes nothing."""
    _, fixes = both
    assert (list(fixes.red_tests()), list(fixes.reds([TEST])), list(fixes.fixes()), list(fixes.healings())) == ([],) * 4
    assert list(fixes.never_green(["a", "b"])) == ["a", "b"]


def test_a_test_is_red_from_its_failure_until_it_is_healed(both: tuple[Store, Fixes]) -> None:
    """A failure that came later than the run that healed leaves it red; a flaky or handed-in one does not redden."""
    store, fixes = both
    store.record(
        a_run(),
        [
            an_entry(time=at(1)),
            an_entry(nodeid="t::flaky", flaky=True),
            an_entry(nodeid="t::handed", source="handed-in"),
            an_entry(nodeid="t::warned", source="warning"),
        ],
    )
    assert list(fixes.red_tests()) == ["t::warned", TEST]
    fixes.note(time=at(0), healed=[TEST, "t::unknown"], healings=[])
    assert TEST in fixes.red_tests()
    fixes.note(time=at(2), healed=[TEST, "t::warned"], healings=[])
    assert list(fixes.red_tests()) == []
    store.record(a_run("run-2"), [an_entry(time=at(3))])
    assert list(fixes.red_tests()) == [TEST]


def test_what_scans_found_is_red_by_itself(both: tuple[Store, Fixes]) -> None:
    """No run of the tests can turn it green, and none asks for it; a scan can."""
    store, fixes = both
    found = "scan:app.py::find[security.sql]"
    store.record(a_run(), [an_entry(), an_entry(nodeid=found, source="security_scan", category="security")])
    assert (list(fixes.red_tests()), list(fixes.red_scans())) == ([TEST], [found])
    assert [red.nodeid for red in fixes.reds([found])] == [found]
    fixes.note(time=at(9), healed=[found], healings=[])
    assert (list(fixes.red_tests()), list(fixes.red_scans())) == ([TEST], [])


def test_green_is_the_first_time(both: tuple[Store, Fixes]) -> None:
    """Noted again, it changes nothing; more tests than one statement takes are no trouble."""
    _, fixes = both
    many = [f"tests/test_a.py::test_{number}" for number in range(1000)]
    fixes.note(time=at(1), green=many, healings=[])
    fixes.note(time=at(2), green=many[:3], healings=[])
    assert list(fixes.never_green([*many, "new"])) == ["new"]


def test_the_last_failing_run_tells_what_was_red(both: tuple[Store, Fixes]) -> None:
    """With the code as it was, once for each unit; earlier runs, flaky failures and other tests are left out."""
    store, fixes = both
    unit = a_held()
    test = a_held("b2:2", kind="test", path="tests/test_users.py", qualname="test_load", text="def test_load(): ...")
    store.record(a_run("run-1"), [an_entry("1:bbbb", time=at(0))])
    store.record(
        a_run("run-2", commit="9999"),
        [
            an_entry(time=at(1), held=(unit, test)),
            an_entry(time=at(1), held=(unit, test)),
            an_entry("1:cccc", time=at(1), scope="environment"),
            an_entry("1:dddd", time=at(1), nodeid="t::other"),
        ],
    )
    store.record(a_run("run-3"), [an_entry("1:eeee", time=at(2), flaky=True)])
    (red,) = fixes.reds([TEST, "t::nobody"])
    assert (red.fingerprint, red.nodeid, red.commit, red.time) == ("1:aaaa", TEST, "9999", at(1))
    assert (red.path, red.qualname, red.unit, red.unit_hash) == (
        "app/users.py",
        "load_user",
        "app.users:load_user",
        "h1",
    )
    assert (red.text, red.statement, red.line) == (unit.text, "for row in rows:", 12)
    assert (red.test_path, red.test_qualname, red.test_text) == (test.path, test.qualname, test.text)


def test_what_was_not_kept_is_not_known(both: tuple[Store, Fixes]) -> None:
    """A failure without private texts is told all the same."""
    store, fixes = both
    store.record(a_run(), [an_entry()])
    (red,) = fixes.reds([TEST])
    assert (red.text, red.test_text, red.qualname) == (None, None, "load_user")


def test_a_fix_is_verified_by_distinct_code(both: tuple[Store, Fixes]) -> None:
    """Two tests that witness one repair are one piece of code; another function is another."""
    store, fixes = both
    store.record(a_run(), [an_entry()])
    (fix,) = fixes.note(time=at(5), healings=[a_healing(), a_healing(nodeid="t::b"), a_healing(unit="m:g", time=at(7))])
    assert fix == a_fix(verified=2, first_seen=at(5), last_seen=at(7))
    assert list(fixes.fixes()) == [fix] == list(fixes.fixes("1:aaaa"))
    assert list(fixes.fixes("1:bbbb")) == []
    assert fixes.healings()[0] == a_healing(fix)


def test_the_same_healing_twice_is_one(both: tuple[Store, Fixes]) -> None:
    """Two runs at once saw the same; a fix wins over what another run made of the same code."""
    store, fixes = both
    store.record(a_run(), [an_entry()])
    fixes.note(time=at(5), healings=[_no_fix()])
    assert [one.verdict for one in fixes.healings()] == ["test-changed"]
    for _ in range(2):
        fixes.note(time=at(6), healings=[a_healing(), _no_fix()])
    assert [(one.verdict, one.time) for one in fixes.healings()] == [("fix", at(5))]
    assert [fix.verified for fix in fixes.fixes()] == [1]


def _no_fix() -> Healing:
    return replace(a_healing(), verdict="test-changed", fix=None)


def test_two_ways_to_mend_the_same_code_are_at_odds(both: tuple[Store, Fixes]) -> None:
    """Both are kept; the one that was verified more often comes first."""
    store, fixes = both
    store.record(a_run(), [an_entry()])
    other = a_fix(digest="b2:f2", good="for row in list(rows):")
    fixes.note(
        time=at(5),
        healings=[
            a_healing(other, green_hash="h3"),
            a_healing(other, green_hash="h4"),
            a_healing(),
            a_healing(a_fix(digest="b2:f3", bad="else"), green_hash="h5"),
        ],
    )
    found = {fix.digest: fix.conflicting for fix in fixes.fixes()}
    assert found == {"b2:f1": True, "b2:f2": True, "b2:f3": False}
    assert fixes.fixes()[0].digest == "b2:f2"


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_order_in_which_runs_are_written_does_not_matter(both: tuple[Store, Fixes], order: tuple[int, ...]) -> None:
    """Counts, dates and verdicts are the same."""
    store, fixes = both
    store.record(a_run(), [an_entry()])
    told = [a_healing(time=at(5)), a_healing(time=at(3)), a_healing(unit="m:g", time=at(9))]
    for number in order:
        fixes.note(time=told[number].time, green=[TEST], healed=[TEST], healings=[told[number]])
    (fix,) = fixes.fixes()
    assert (fix.verified, fix.first_seen, fix.last_seen) == (2, at(3), at(9))
    assert len(fixes.healings()) == 2 and list(fixes.red_tests()) == []


def test_a_healing_of_a_pattern_that_was_forgotten_is_left_out(both: tuple[Store, Fixes]) -> None:
    """Its mistake is not there any more."""
    store, fixes = both
    store.record(a_run(), [an_entry()])
    assert list(fixes.note(time=at(5), healings=[a_healing(a_fix(fingerprint="1:gone"), fingerprint="1:gone")])) == []
    assert list(fixes.healings()) == []


def test_fixes_of_merged_patterns_are_fixes_of_the_whole(both: tuple[Store, Fixes]) -> None:
    """Equal ones are one, told apart again when the patterns are split."""
    store, fixes = both
    store.record(a_run(), [an_entry("1:aaaa"), an_entry("1:bbbb")])
    other = a_fix(digest="b2:f2", good="for row in list(rows):")
    mine = [a_healing(), a_healing(other, unit="app.users:more", time=at(7))]
    theirs = a_healing(a_fix(fingerprint="1:bbbb"), fingerprint="1:bbbb", unit="app.b:f", green_hash="h9", time=at(6))
    fixes.note(time=at(8), healings=[*mine, theirs])
    store.merge("1:aaaa", "1:bbbb")
    told = [(fix.digest, fix.verified, fix.last_seen, fix.conflicting) for fix in fixes.fixes("1:aaaa")]
    assert told == [("b2:f1", 2, at(6), True), ("b2:f2", 1, at(7), True)]
    assert [one.unit for one in fixes.healings("1:aaaa")] == ["app.users:load_user", "app.b:f", "app.users:more"]
    assert {one.fix.verified for one in fixes.healings("1:aaaa") if one.fix is not None} == {1, 2}
    store.split("1:bbbb")
    assert [fix.verified for fix in fixes.fixes("1:aaaa")] == [1, 1]


def test_a_healed_pattern_shows_its_best_fix(tmp_path: Path) -> None:
    """And that it is fixed, until it is back."""
    store = SqliteStore(tmp_path)
    fixes = store.fixes()
    store.record(a_run(), [an_entry(time=at(1))])
    fixes.note(time=at(5), healings=[a_healing()])

    def shown() -> tuple[str, int]:
        return store._file.ask(lambda one: one.execute("SELECT good, fix_applied FROM patterns").fetchone(), ("", -1))

    assert shown() == ("for row in rows or ():", 1)
    store.record(a_run("run-2"), [an_entry(time=at(9))])
    assert shown() == ("for row in rows or ():", 0)
    store.close()


@pytest.mark.parametrize("column", ["pattern", "fingerprint"])
def test_who_asks_for_the_fixes_of_one_pattern_reads_no_others(tmp_path: Path, column: str) -> None:
    """It is asked for each pattern that a run healed, and there may be thousands of fixes."""
    store = SqliteStore(tmp_path)
    store.record(a_run(), [an_entry()])
    statement = f"EXPLAIN QUERY PLAN SELECT good FROM fix_rows WHERE {column} = ? AND verified > 0"
    nothing: list[str] = []
    steps = store._file.ask(lambda one: [row[3] for row in one.execute(statement, (1,))], nothing)
    assert steps and not [step for step in steps if step.startswith("SCAN")]
    store.close()


def test_all_of_it_can_be_erased(tmp_path: Path) -> None:
    """Fixes, what became of red tests, and the tests."""
    store = SqliteStore(tmp_path)
    fixes = store.fixes()
    store.record(a_run(), [an_entry()])
    fixes.note(time=at(5), green=["t"], healings=[a_healing()])
    store.clear()
    assert (list(fixes.fixes()), list(fixes.healings()), list(fixes.red_tests())) == ([], [], [])
    assert list(fixes.never_green(["t"])) == ["t"]
    store.close()
