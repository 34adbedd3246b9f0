"""What the store of lessons keeps to, the real one and its stand-in alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports import Lessons, Store
from pytest_llmlearn.domain.entry import Entry
from pytest_llmlearn.domain.lesson import Rewording
from pytest_llmlearn.errors import UnknownPattern
from tests.builders import a_run, an_entry, at
from tests.fakes import FakeLessons, FakeStore

Both = tuple[Store, Lessons]


@pytest.fixture(params=["sqlite", "fake"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    """A store and the lessons beside it."""
    if request.param == "fake":
        fake = FakeStore()
        yield fake, FakeLessons(fake)
        return
    store = SqliteStore(tmp_path)
    yield store, store.lessons()
    store.close()


@pytest.fixture
def lessons(both: Both) -> Lessons:
    """Lessons beside a store with one pattern, `1:a`."""
    both[0].record(a_run(), [an_entry("1:a", contexts=("coroutine", "httpx"))])
    return both[1]


def test_of_an_empty_store_nothing_is_known(both: Both) -> None:
    """Asking makes nothing and is no error."""
    lessons = both[1]
    assert lessons.known(["1:a"]) == {} and lessons.known([]) == {}
    assert lessons.contexts("1:a") == {}
    assert list(lessons.versions("1:a")) == []
    assert list(lessons.frequent(0, 10)) == []
    with pytest.raises(UnknownPattern):
        lessons.reword("1:a", {"instead": "x"}, at(0))


def test_contexts_grow_with_each_function_the_mistake_was_made_in(both: Both) -> None:
    """The same code that fails again is no other context; the most frequent come first, then by name."""
    store, lessons = both
    store.record(
        a_run(),
        [
            an_entry("1:a", contexts=("coroutine", "httpx"), unit_hash="h1"),
            an_entry("1:a", contexts=("coroutine", "httpx"), unit_hash="h1"),
            an_entry("1:a", contexts=("httpx", "endpoint"), unit_hash="h2"),
        ],
    )
    store.record(a_run("run-2"), [an_entry("1:a", contexts=("coroutine", "httpx"), unit_hash="h1")])
    assert list(lessons.contexts("1:a").items()) == [("httpx", 2), ("coroutine", 1), ("endpoint", 1)]
    assert lessons.known(["1:a"])["1:a"].contexts == ("httpx", "coroutine", "endpoint")


@pytest.mark.parametrize("change", [{"flaky": True}, {"scope": "environment"}, {"scope": "test"}])
def test_what_is_told_apart_brings_no_context(both: Both, change: dict[str, object]) -> None:
    """No lesson comes of it."""
    store, lessons = both
    store.record(a_run(), [an_entry("1:a", contexts=("httpx",), **change)])
    assert lessons.contexts("1:a") == {}


def test_contexts_of_merged_patterns_are_added_up(both: Both) -> None:
    """The one speaks for both."""
    store, lessons = both
    entries = [an_entry("1:a", contexts=("httpx", "csv")), an_entry("1:b", contexts=("httpx",))]
    store.record(a_run(), entries)
    store.merge("1:a", "1:b")
    assert lessons.contexts("1:a") == {"httpx": 2, "csv": 1}
    assert lessons.known(["1:a"])["1:a"].contexts == ("httpx", "csv")


def test_what_a_person_wrote_is_kept_as_versions(lessons: Lessons) -> None:
    """Each with all its parts and its time; the last one is in force."""
    lessons.reword("1:a", {"instead": "Ask first.", "bad": ""}, at(0))
    lessons.reword("1:a", {"because": "It is None."}, at(1).astimezone(timezone(timedelta(hours=5))))
    assert [(one.rewording, one.time) for one in lessons.versions("1:a")] == [
        (Rewording(version=1, instead="Ask first.", bad=""), at(0)),
        (Rewording(version=2, instead="Ask first.", bad="", because="It is None."), at(1)),
    ]
    assert lessons.known(["1:a"])["1:a"].reworded == lessons.versions("1:a")[-1].rewording


def test_taking_the_words_back_is_a_version_too(lessons: Lessons) -> None:
    """And is no rewording any more; afresh with a part keeps that part alone."""
    lessons.reword("1:a", {"instead": "Ask first.", "good": "x = 1"}, at(0))
    lessons.reword("1:a", {"because": "So."}, at(1), afresh=True)
    assert lessons.known(["1:a"])["1:a"].reworded == Rewording(version=2, because="So.")
    lessons.reword("1:a", {}, at(2), afresh=True)
    assert lessons.known(["1:a"])["1:a"].reworded is None
    assert [one.rewording.version for one in lessons.versions("1:a")] == [1, 2, 3]
    assert not lessons.versions("1:a")[-1].rewording.says_anything


def test_what_changes_nothing_is_no_version(lessons: Lessons) -> None:
    """The same words again, or taking back what nobody wrote."""
    lessons.reword("1:a", {}, at(0), afresh=True)
    lessons.reword("1:a", {"when": None}, at(0))
    assert list(lessons.versions("1:a")) == []
    lessons.reword("1:a", {"when": "in tests"}, at(1))
    lessons.reword("1:a", {"when": "in tests"}, at(2))
    assert len(lessons.versions("1:a")) == 1


def test_a_part_is_given_back_to_the_template(lessons: Lessons) -> None:
    """None is the template's, which is another thing than empty."""
    lessons.reword("1:a", {"when": "in tests", "bad": "x"}, at(0))
    lessons.reword("1:a", {"when": None}, at(1))
    assert lessons.known(["1:a"])["1:a"].reworded == Rewording(version=2, bad="x")


def test_a_pattern_must_be_there_to_be_reworded(lessons: Lessons) -> None:
    """By its whole fingerprint."""
    with pytest.raises(UnknownPattern):
        lessons.reword("1:", {"when": "x"}, at(0))


def test_of_many_each_has_its_own(both: Both) -> None:
    """One question for all; those that are not there are left out."""
    store, lessons = both
    store.record(a_run(), [an_entry("1:a", contexts=("csv",)), an_entry("1:b")])
    lessons.reword("1:b", {"when": "in b"}, at(0))
    known = lessons.known(["1:b", "1:a", "1:gone"])
    assert set(known) == {"1:a", "1:b"}
    assert (known["1:a"].contexts, known["1:a"].reworded) == (("csv",), None)
    assert known["1:b"].reworded == Rewording(version=1, when="in b")


def test_erasing_the_store_erases_the_words(tmp_path: Path) -> None:
    """A pattern that comes again has the template's lesson."""
    store = SqliteStore(tmp_path)
    lessons = store.lessons()
    store.record(a_run(), [an_entry("1:a", contexts=("csv",))])
    lessons.reword("1:a", {"when": "x"}, at(0))
    store.clear()
    store.record(a_run("run-2"), [an_entry("1:a")])
    assert list(lessons.versions("1:a")) == [] and lessons.contexts("1:a") == {}
    store.close()


def often(fingerprint: str, times: int) -> list[Entry]:
    """A mistake in so many functions."""
    return [an_entry(fingerprint, unit_hash=f"h{number}") for number in range(times)]


def test_the_frequent_are_proven_and_shown(both: Both) -> None:
    """Active or enforced, seen so often, most often first; a candidate never, nor what is muted."""
    store, lessons = both
    counts = {"1:a": 6, "1:b": 8, "1:c": 9, "1:d": 9, "1:e": 3}
    store.record(a_run(), [entry for fingerprint, times in counts.items() for entry in often(fingerprint, times)])
    store.say("1:a", "right")
    store.say("1:b", "enforce")
    store.say("1:d", "wrong")
    store.say("1:e", "right")
    assert [one.fingerprint for one in lessons.frequent(5, 10)] == ["1:b", "1:a"]
    assert [one.fingerprint for one in lessons.frequent(5, 1)] == ["1:b"]


def test_contexts_are_bounded(tmp_path: Path) -> None:
    """A mistake made everywhere keeps its most frequent surroundings."""
    store = SqliteStore(tmp_path)
    entries = [an_entry("1:a", unit_hash=f"h{n}", contexts=("always", f"lib{n:03}")) for n in range(100)]
    store.record(a_run(), entries)
    found = store.lessons().contexts("1:a")
    assert len(found) == 30 and found["always"] == 100
    store.close()


@pytest.mark.parametrize("text", ["\ud800 alone", "nul\0here", "🦆\u2028"])
def test_any_text_can_be_kept(lessons: Lessons, text: str) -> None:
    """What the database cannot keep is written as an escape; the rest comes back as it was."""
    lessons.reword("1:a", {"good": text}, at(0))
    kept = lessons.versions("1:a")[0].rewording.good
    assert kept is not None and ("🦆\u2028" not in text or kept == text)
