"""Annotations made of what was recorded, and of what is known of its mistakes."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmlearn.app.annotate import Annotating
from pytest_llmlearn.app.record import Recording
from pytest_llmlearn.domain.annotation import Annotation, Remedy
from pytest_llmlearn.domain.entry import Entry
from pytest_llmlearn.domain.finding import Rule
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.flaw import Flaw
from pytest_llmlearn.domain.recurring import Standing
from tests.builders import a_run, an_entry, at
from tests.fakes import FakeLessons, FakeStore

RULE = Rule(
    rule_id="type.none-value", severity="major", meaning="None is used as a value.", lesson="Check it.", plain="Check."
)
FIX = Fix(fingerprint="1:aaaa", digest="d", bad="for row in rows:", good="for row in rows or ():", verified=2)


class Notebook:
    """A store with runs, and what is asked of it."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.lessons = FakeLessons(self.store)
        self.standings: dict[str, Standing] = {}

    def record(self, *entries: Entry, run: str = "run-1") -> Recording:
        counted = self.store.record(a_run(run), entries)
        return Recording(entries=entries, counted=tuple(counted), unlaid=0)

    def annotating(self) -> Annotating:
        return Annotating(
            store=self.store,
            lessons=self.lessons,
            rules=lambda: {RULE.rule_id: RULE},
            standings=lambda fingerprints: {
                name: standing for name, standing in self.standings.items() if name in fingerprints
            },
        )

    def annotations(self, *entries: Entry) -> list[Annotation]:
        return self.annotating().recorded(self.record(*entries))


def test_an_occurrence_is_told_with_all_that_is_known_of_its_mistake() -> None:
    """Its rule's meaning, its own lesson, the fix that was verified, and how it stands."""
    book = Notebook()
    book.lessons.mined["1:aaaa"] = [FIX]
    book.standings["1:aaaa"] = Standing(
        recurring=True, seen=15, first_seen=at(days=-90), models=("model-a", "gpt-4o"), enforced=True
    )
    (one,) = book.annotations(an_entry())
    assert (one.path, one.line, one.fingerprint, one.rule_id) == ("app/users.py", 12, "1:aaaa", "type.none-value")
    assert (one.title, one.lesson) == ("None is used as a value.", "Check for None before iterating.")
    assert one.fix == Remedy(bad=FIX.bad, good=FIX.good, verified=True)
    assert (one.recurring, one.seen, one.enforced) == (True, 15, True)
    assert (one.first_seen, one.models) == (at(days=-90), ("model-a", "gpt-4o"))
    assert (one.phase, one.confidence, one.nodeid) == ("call", 0.8, "tests/test_users.py::test_load")


def test_without_a_standing_it_is_new() -> None:
    """What the store counts is told all the same."""
    (one,) = Notebook().annotations(an_entry())
    assert (one.recurring, one.seen, one.first_seen, one.models, one.fix) == (False, 1, at(0), ("model-a",), None)


def test_the_fix_of_the_committed_lessons_stands_where_none_was_seen_here() -> None:
    """It was verified where it was found."""
    book = Notebook()
    book.standings["1:aaaa"] = Standing(recurring=True, seen=2, fix=FIX, committed=True)
    (one,) = book.annotations(an_entry())
    assert one.fix == Remedy(bad=FIX.bad, good=FIX.good, verified=True)


def test_what_is_told_apart_or_hidden_is_not_marked() -> None:
    """The environment's fault, a broken test, a flaky one, and what a person called wrong."""
    apart = [an_entry("1:e", scope="environment"), an_entry("1:t", scope="test"), an_entry("1:f", flaky=True)]
    book = Notebook()
    recording = book.record(*apart, an_entry("1:muted"), an_entry("1:other", scope="other"))
    book.store.say("1:muted", "wrong")
    assert [(one.fingerprint, one.generated) for one in book.annotating().recorded(recording)] == [("1:other", False)]
    assert [one.fingerprint for one in book.annotating().stored("run-1")] == ["1:other"]


def test_each_phase_is_known_and_a_place_outside_is_told_by_the_test() -> None:
    """A culprit that is no file of the project is marked where its test stands."""
    entries = [
        an_entry("1:c", when="collect", source="collection"),
        an_entry("1:s", when="setup"),
        an_entry("1:d", when="teardown"),
        an_entry("1:w", source="warning"),
        an_entry("1:x", source="security_scan", nodeid="scan:app/db.py::find[security.sql]", path=None),
        an_entry("1:o", path="/usr/lib/thing.py"),
        an_entry("1:n", path=None, line=None, nodeid="/abs/test_it.py::test"),
    ]
    found = {one.fingerprint: one for one in Notebook().annotations(*entries)}
    assert {name: one.phase for name, one in found.items()} == {
        "1:c": "collect", "1:s": "setup", "1:d": "teardown", "1:w": "warning", "1:x": "scan", "1:o": "call",
        "1:n": "call",
    }  # fmt: skip
    places = {name: (one.path, one.line) for name, one in found.items()}
    assert places["1:x"] == ("app/db.py", 1)
    assert places["1:o"] == ("tests/test_users.py", 1)
    assert places["1:n"] == ("", 1)


def test_many_tests_that_fail_at_one_line_say_it_once() -> None:
    """Each place once, the most recurrent first."""
    book = Notebook()
    book.standings["1:b"] = Standing(recurring=True, seen=5)
    found = book.annotations(an_entry(), an_entry(nodeid="t.py::other"), an_entry("1:b"), an_entry(line=20))
    assert [(one.fingerprint, one.line) for one in found] == [("1:b", 12), ("1:aaaa", 12), ("1:aaaa", 20)]


def test_a_run_is_named_by_its_id_its_beginning_or_as_the_last() -> None:
    """A scan is the last run only where no test ever failed."""
    book = Notebook()
    assert book.annotating().run_named("last") is None
    book.record(an_entry("1:s", source="static", nodeid="scan:a.py::f[x.y]", time=at(9)), run="scan-1")
    assert book.annotating().run_named("last") == "scan-1"
    book.record(an_entry(time=at(1)), run="run-1")
    book.record(an_entry(time=at(2), unit_hash="h2"), run="run-2")
    names = ("last", "run-1", "run-", "run", "sc", "", "no")
    assert [book.annotating().run_named(name) for name in names] == [
        "run-2", "run-1", None, None, "scan-1", None, None
    ]  # fmt: skip
    assert [one.line for one in book.annotating().stored("run-1")] == [12]


def flaws(*paths: str) -> Sequence[Flaw]:
    """One in each of these files."""
    return [
        Flaw(
            path=path, line=3, end_line=4, check="sql-built", category="security", severity="critical",
            confidence="medium", message="A value is put into SQL.", fix="Use parameters.", cwe=("CWE-89",),
            function="find", column=5, end_column=9, mark="m",
        )
        for path in paths
    ]  # fmt: skip


def test_what_a_scan_found_has_its_columns_and_weaknesses() -> None:
    """Recorded or not; equal ones in two files are one mistake."""
    one, other = Notebook().annotating().scanned(flaws("b.py", "a.py"))
    assert (one.path, one.line, one.end_line, one.column, one.end_column) == ("a.py", 3, 4, 5, 9)
    assert (one.labels, one.phase, one.recurring, one.confidence) == (("CWE-89",), "scan", False, 0.8)
    assert (one.title, one.lesson) == ("A value is put into SQL.", "Use parameters.")
    assert one.fingerprint == other.fingerprint
