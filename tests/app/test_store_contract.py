"""What every store keeps to, the real one and its stand-in alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports import Store
from pytest_llmlearn.domain.entry import FindingRow
from pytest_llmlearn.domain.pattern import Word
from pytest_llmlearn.errors import BadOccurrence, UnknownPattern
from tests.builders import NOON, a_fingerprint, a_held, a_run, an_entry, at
from tests.fakes import FakeStore


class MovedByHand:
    """A clock that a test moves."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> MovedByHand:
    return MovedByHand()


Open = Callable[..., Store]


@pytest.fixture(params=["sqlite", "fake"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, clock: MovedByHand) -> Iterator[Open]:
    """Opens a store of the kind under test; settings by keyword."""
    made: list[Store] = []

    def open_store(**settings: int) -> Store:
        kind = request.param
        store: Store = (
            SqliteStore(tmp_path, clock=clock, **settings) if kind == "sqlite" else FakeStore(clock=clock, **settings)
        )
        made.append(store)
        return store

    yield open_store
    for store in made:
        store.close()


@pytest.fixture
def store(opened: Open) -> Store:
    return opened()


def test_an_empty_store_answers_every_question(store: Store) -> None:
    """Nothing was recorded, and nothing is what is told."""
    assert store.patterns() == []
    assert store.matching("1:") == []
    assert store.occurrences() == []
    assert store.search(["load"], ["a.b"], 5) == []
    assert store.rarity(["load"]) == (0, {"load": 0})
    assert store.failed_before(["t"]) == frozenset()
    assert (store.statistics().patterns, store.statistics().occurrences, store.statistics().runs) == (0, 0, 0)
    assert list(store.notices) == []


def test_what_others_did_takes_no_place_where_one_model_is_asked_for(store: Store) -> None:
    """However much nearer it is, by words and by symbols; merged ones are whoever's they are."""
    own = [an_entry(f"1:own{number}", unit_hash=f"o{number}", words="check") for number in range(2)]
    others = [
        an_entry(f"1:{number}", unit_hash=f"{number}", words="check none", model="model-b") for number in range(6)
    ]
    store.record(a_run(), [*own, *others, an_entry("1:child", unit_hash="c", words="other", symbols=())])
    store.merge("1:0", "1:child")
    found = store.glimpses(["check", "none"], ["sqlite3.fetchall"], [], 3, model="model-a")
    assert {one.fingerprint for one in found} == {"1:own0", "1:own1", "1:0"}
    assert len(store.glimpses(["check", "none"], [], [], 3)) == 3
    assert store.glimpses(["check"], ["sqlite3.fetchall"], [], 3, model="model-z") == []


def test_a_pattern_is_what_its_entry_said(store: Store) -> None:
    """Every field of a new pattern comes from the entry that made it."""
    entry = an_entry()
    store.record(a_run(), [entry])
    (pattern,) = store.patterns()
    assert (pattern.fingerprint, pattern.symbol_key) == (entry.fingerprint.exact, entry.fingerprint.symbol)
    for name in (
        "rule_id",
        "category",
        "severity",
        "exception",
        "message",
        "lesson",
        "symbols",
        "path",
        "line",
        "unit",
    ):
        assert getattr(pattern, name) == getattr(entry, name), name
    assert (pattern.frequency, pattern.raw_count, pattern.state) == (1, 1, "candidate")
    assert (pattern.first_seen, pattern.last_seen) == (entry.time, entry.time)
    assert (pattern.models, pattern.bad, pattern.good) == (("model-a",), entry.snippet, "")


def test_the_same_code_failing_fifteen_times_is_one_mistake(store: Store) -> None:
    """Frequency counts distinct pairs of unit and code, however many tests or runs fail on them."""
    store.record(a_run("run-1"), [an_entry(nodeid=f"t.py::test_{number}") for number in range(14)])
    (counted,) = store.record(a_run("run-2"), [an_entry(time=at(5))])
    assert (counted.before, counted.after, counted.raw_count, counted.new) == (1, 1, 15, False)


def test_two_units_and_two_states_of_one_unit_are_each_a_mistake(store: Store) -> None:
    """Another function, or the same one with other code, counts anew."""
    counted = store.record(
        a_run(),
        [an_entry(unit="m:f", unit_hash="1"), an_entry(unit="m:g", unit_hash="1"), an_entry(unit="m:f", unit_hash="2")],
    )
    assert [(one.before, one.after) for one in counted] == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize("change", [{"scope": "environment"}, {"scope": "test"}, {"flaky": True}], ids=str)
def test_what_is_told_apart_is_kept_but_never_counts(store: Store, change: dict[str, Any]) -> None:
    """A package that is not installed, a broken test, a flaky one: rows, and no lesson."""
    (counted,) = store.record(a_run(), [an_entry(**change)])
    assert (counted.before, counted.after, counted.raw_count) == (0, 0, 1)
    (pattern,) = store.patterns()
    assert (pattern.frequency, pattern.raw_count, pattern.shown, pattern.models) == (0, 1, False, ())
    assert len(store.occurrences()) == 1
    assert store.search(["iterat"], ["sqlite3.fetchall"], 5) == []


def test_other_code_counts_as_generated_code_does(store: Store) -> None:
    """Who asks for all failures gets lessons of all."""
    (counted,) = store.record(a_run(), [an_entry(scope="other")])
    assert counted.after == 1


def test_code_first_seen_flaky_counts_once_it_fails_for_good(store: Store) -> None:
    """The same pair of unit and code is no stranger, and yet was not counted before."""
    store.record(a_run("run-1"), [an_entry(flaky=True, message="flaky", time=at(9))])
    (counted,) = store.record(a_run("run-2"), [an_entry(message="for good", time=at(3))])
    assert (counted.before, counted.after, counted.raw_count, counted.new) == (0, 1, 2, True)
    (pattern,) = store.patterns()
    assert (pattern.message, pattern.first_seen, pattern.last_seen) == ("for good", at(3), at(3))


def test_a_recurrence_moves_last_seen_and_what_is_shown(store: Store) -> None:
    """The newest counted occurrence is the one to show; the first sight stays."""
    store.record(a_run("run-1"), [an_entry(severity="minor")])
    later = an_entry(
        time=at(7), severity="critical", message="later", lesson="Later.", path="b.py", line=3, snippet="x", unit="b:f"
    )
    store.record(a_run("run-2"), [later])
    store.record(a_run("run-3"), [replace(later, time=at(8), flaky=True, message="flaky")])
    (pattern,) = store.patterns()
    assert (pattern.first_seen, pattern.last_seen) == (at(0), at(7))
    assert (pattern.severity, pattern.message, pattern.lesson) == ("critical", "later", "Later.")
    assert (pattern.path, pattern.line, pattern.bad, pattern.unit) == ("b.py", 3, "x", "b:f")


def test_patterns_of_one_file_are_those_last_seen_there(store: Store) -> None:
    """An editor asks for the file that is open."""
    store.record(a_run("run-1"), [an_entry("1:aaaa", path="a.py"), an_entry("1:bbbb", path="b.py")])
    assert [pattern.fingerprint for pattern in store.patterns(path="b.py", shown=True)] == ["1:bbbb"]
    assert store.patterns(path="c.py") == []


def test_an_older_failure_recorded_later_changes_only_the_first_sight(store: Store) -> None:
    """A report of last week that is read in today is no news."""
    store.record(a_run("run-1"), [an_entry(message="new")])
    store.record(a_run("run-2"), [an_entry(message="old", time=at(days=-7))])
    (pattern,) = store.patterns()
    assert (pattern.message, pattern.first_seen, pattern.last_seen) == ("new", at(days=-7), at(0))


def test_models_come_by_how_many_mistakes_they_made(store: Store) -> None:
    """A model whose one function fails many tests made one mistake."""
    entries = [an_entry(model="loud", unit_hash="0") for _ in range(5)]
    entries += [an_entry(model="often", unit_hash=str(number)) for number in range(1, 3)]
    store.record(a_run(), entries)
    assert store.patterns()[0].models == ("often", "loud")


def test_the_same_run_again_changes_nothing(store: Store) -> None:
    """A run is recorded once, and asking twice tells how things stand."""
    store.record(a_run("run-1"), [an_entry()])
    counted = store.record(a_run("run-1"), [an_entry(), an_entry("1:bbbb")])
    assert [(one.before, one.after, one.raw_count) for one in counted] == [(1, 1, 1), (0, 0, 0)]
    assert (store.statistics().occurrences, store.statistics().patterns, store.statistics().runs) == (1, 1, 1)


def test_patterns_come_most_frequent_and_then_latest_first(store: Store) -> None:
    """And by category, and only so many."""
    store.record(
        a_run(),
        [
            an_entry("1:once"),
            an_entry("1:later", time=at(5)),
            an_entry("1:twice", unit_hash="1"),
            an_entry("1:twice", unit_hash="2"),
            an_entry(a_fingerprint("1:logic", rule="logic.assertion-mismatch"), time=at(9)),
        ],
    )
    order = [pattern.fingerprint for pattern in store.patterns()]
    assert order == ["1:twice", "1:logic", "1:later", "1:once"]
    assert [pattern.fingerprint for pattern in store.patterns(limit=1)] == ["1:twice"]
    assert [pattern.fingerprint for pattern in store.patterns(category="logic")] == ["1:logic"]
    assert store.patterns(category="nothing") == []


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("1:ab", ["1:abc", "1:abd"]), ("abc", ["1:abc"]), ("1:abc", ["1:abc"]), ("zz", []), ("%", []), ("a_c", [])],
)
def test_a_fingerprint_is_found_by_its_beginning(store: Store, prefix: str, expected: list[str]) -> None:
    """With or without its version; wildcards are letters like others."""
    store.record(a_run(), [an_entry("1:abc"), an_entry("1:abd"), an_entry("1:xyz")])
    assert sorted(pattern.fingerprint for pattern in store.matching(prefix)) == expected


def test_at_most_ten_patterns_match_a_beginning(store: Store) -> None:
    """More would be no answer."""
    store.record(a_run(), [an_entry(f"1:aa{number}") for number in range(12)])
    assert len(store.matching("1:aa")) == 10


def test_an_occurrence_has_the_keys_that_are_printed(store: Store) -> None:
    """These never change; others may come."""
    entry = an_entry(tool="tool-a", task="task-7")
    store.record(a_run("run-9"), [entry])
    (row,) = store.occurrences()
    for name in (
        "nodeid", "when", "path", "line", "function", "rule_id", "category", "severity", "exception", "message",
        "model", "scope", "chosen_by", "flaky", "statement", "unit", "confidence", "provenance", "tool", "source",
        "snippet", "task",
    ):  # fmt: skip
        assert row[name] == getattr(entry, name), name
    assert (row["run"], row["fingerprint"]) == ("run-9", "1:aaaa")
    assert row["flaky"] is False
    assert datetime.fromisoformat(row["time"]) == entry.time
    assert row["findings"] == [
        {"rule_id": "type.none-value", "severity": "major", "line": 12, "confidence": 0.8, "detail": "rows may be None"}
    ]


def test_an_occurrence_keeps_what_its_pattern_no_longer_shows(store: Store) -> None:
    """A later message does not rewrite an earlier occurrence."""
    store.record(a_run("run-1"), [an_entry(message="first", snippet="one", statement=None, path=None, line=None)])
    store.record(a_run("run-2"), [an_entry(message="second", snippet="two", time=at(1))])
    assert [row["message"] for row in store.occurrences()] == ["first", "second"]
    assert [row["snippet"] for row in store.occurrences()] == ["one", "two"]
    first = store.occurrences()[0]
    assert (first["statement"], first["path"], first["line"]) == (None, None, None)


def test_occurrences_come_oldest_first_of_one_pattern_or_one_run(store: Store) -> None:
    """With a limit, the latest of them."""
    store.record(a_run("run-1"), [an_entry(nodeid="c", time=at(3)), an_entry(nodeid="a", time=at(1))])
    store.record(a_run("run-2"), [an_entry("1:bbbb", nodeid="b", time=at(2))])
    assert [row["nodeid"] for row in store.occurrences()] == ["a", "b", "c"]
    assert [row["nodeid"] for row in store.occurrences(fingerprint="1:aaaa")] == ["a", "c"]
    assert [row["nodeid"] for row in store.occurrences(run="run-2")] == ["b"]
    assert [row["nodeid"] for row in store.occurrences(fingerprint="1:aaaa", run="run-2")] == []
    assert [row["nodeid"] for row in store.occurrences(limit=2)] == ["b", "c"]


def test_times_are_kept_as_moments_wherever_they_were_read(store: Store) -> None:
    """Another zone is the same moment, told in UTC."""
    elsewhere = at(0).astimezone(timezone(timedelta(hours=5, minutes=30)))
    store.record(a_run(), [an_entry(time=elsewhere)])
    assert store.patterns()[0].first_seen == at(0)
    assert store.occurrences()[0]["time"] == "2026-03-01T12:00:00.000000+00:00"
    assert store.patterns()[0].first_seen.tzinfo == UTC


def test_search_finds_by_word_and_by_symbol(store: Store) -> None:
    """The pattern with more of the words comes first; a symbol also answers to its last part."""
    store.record(
        a_run(),
        [
            an_entry("1:both", words="load user row", symbols=()),
            an_entry("1:one", words="load file stream", symbols=()),
            an_entry("1:none", words="sort number", symbols=("numpy.asscalar",)),
        ],
    )
    found = store.search(["user", "row", "load"], [], 5)
    assert [hit.pattern.fingerprint for hit in found] == ["1:both", "1:one"]
    assert found[0].words == "load user row"
    assert found[0].rank < found[1].rank
    for symbol in ("numpy.asscalar", "asscalar"):
        assert [hit.pattern.fingerprint for hit in store.search([], [symbol], 5)] == ["1:none"]
    assert store.search([], ["numpy"], 5) == []


def test_a_symbol_is_found_though_words_fill_the_limit(store: Store) -> None:
    """An exact name is worth more than any number of common words."""
    entries = [an_entry(f"1:{number}", words="load user", symbols=()) for number in range(5)]
    store.record(a_run(), [*entries, an_entry("1:named", words="other", symbols=("a.b",))])
    found = store.search(["load", "user"], ["a.b"], 3)
    assert len(found) == 3
    assert "1:named" in {hit.pattern.fingerprint for hit in found}


def test_a_muted_pattern_is_not_found(store: Store) -> None:
    """But listed, and found again once the word is taken back."""
    store.record(a_run(), [an_entry()])
    store.say("1:aaaa", "wrong")
    assert store.search(["iterat"], ["sqlite3.fetchall"], 5) == []
    assert store.patterns(shown=True) == []
    (pattern,) = store.patterns()
    assert (pattern.state, pattern.word, pattern.shown) == ("muted", "wrong", False)
    store.say("1:aaaa", None)
    assert len(store.search(["iterat"], ["sqlite3.fetchall"], 5)) == 1
    assert store.patterns()[0].state == "candidate"


@pytest.mark.parametrize(("word", "state"), [("right", "active"), ("enforce", "enforced"), ("wrong", "muted")])
def test_a_word_outlives_a_recurrence(store: Store, word: Word, state: str) -> None:
    """Who said it is not asked again."""
    store.record(a_run("run-1"), [an_entry()])
    store.say("1:aaaa", word)
    store.record(a_run("run-2"), [an_entry(unit_hash="h2")])
    (pattern,) = store.patterns()
    assert (pattern.state, pattern.frequency, pattern.word) == (state, 2, word)


def test_recording_says_what_is_not_to_be_shown(store: Store) -> None:
    """What was called wrong, what counts for it, and what only stubs failed with; it is counted all the same."""
    entries = [an_entry("1:aaaa"), an_entry("1:bbbb"), an_entry("1:cccc", stub=True), an_entry("1:dddd")]
    assert [one.hidden for one in store.record(a_run("run-1"), entries)] == [False, False, True, False]
    store.merge("1:aaaa", "1:bbbb")
    store.say("1:aaaa", "wrong")
    again = store.record(a_run("run-2"), [replace(entry, unit_hash="h2", stub=False) for entry in entries])
    assert [(one.hidden, one.after) for one in again] == [(True, 2), (True, 2), (False, 2), (False, 2)]


def test_a_word_is_said_of_a_known_pattern_only(store: Store) -> None:
    """Before anything is recorded, and after."""
    ways: list[Callable[[str], None]] = [
        lambda name: store.say(name, "wrong"),
        lambda name: store.merge("1:aaaa", name),
        lambda name: store.merge(name, "1:aaaa"),
        store.split,
    ]
    for way in ways:
        with pytest.raises(UnknownPattern):
            way("1:aaaa")
    store.record(a_run(), [an_entry()])
    for way in ways:
        with pytest.raises(UnknownPattern):
            way("1:aaa")


def test_what_only_stubs_failed_with_is_not_shown(store: Store) -> None:
    """Until code that was written makes the mistake; a person may want it before."""
    store.record(a_run("run-1"), [an_entry(stub=True)])
    store.record(a_run("run-2"), [an_entry(stub=True, unit_hash="h2", time=at(1))])
    assert store.patterns()[0].stub
    assert store.search(["iterat"], ["sqlite3.fetchall"], 5) == store.patterns(shown=True) == []
    store.say("1:aaaa", "right")
    assert len(store.search(["iterat"], [], 5)) == len(store.patterns(shown=True)) == 1
    store.say("1:aaaa", None)
    store.record(a_run("run-3"), [an_entry(unit_hash="h3", time=at(2))])
    store.record(a_run("run-4"), [an_entry(stub=True, unit_hash="h4", time=at(3))])
    assert len(store.search(["iterat"], [], 5)) == len(store.patterns(shown=True)) == 1
    assert not store.patterns()[0].stub


def test_a_minor_mistake_seen_often_counts_as_a_major_one(store: Store) -> None:
    """From fifteen occurrences in different code; it is always shown only once it is proven or a person says so."""
    for number in range(14):
        store.record(a_run(str(number)), [an_entry(severity="minor", unit_hash=str(number), time=at(number))])
    (pattern,) = store.patterns()
    assert (pattern.severity, pattern.tier, pattern.always_inject) == ("minor", "established", False)
    store.record(a_run("14"), [an_entry(severity="minor", unit_hash="14", time=at(14))])
    (pattern,) = store.patterns()
    assert (pattern.severity, pattern.tier, pattern.always_inject) == ("major", "priority", False)
    store.say("1:aaaa", "right")
    assert store.patterns()[0].always_inject


def test_merged_patterns_are_one(store: Store) -> None:
    """With the counts of both, found by the words, the symbols and the fingerprint of either."""
    parent = an_entry("1:aaaa", words="load", symbols=("json.load",), time=at(1))
    child = an_entry("1:bbbb", words="read", symbols=("csv.reader",), model="model-b", time=at(0), unit_hash="h2")
    store.record(a_run("run-1"), [parent, child, replace(child, unit_hash="h3")])
    store.merge("1:aaaa", "1:bbbb")
    (pattern,) = store.patterns()
    assert (pattern.fingerprint, pattern.frequency, pattern.raw_count) == ("1:aaaa", 3, 3)
    assert (pattern.first_seen, pattern.last_seen) == (at(0), at(1))
    assert pattern.models == ("model-b", "model-a")
    assert pattern.symbols == ("json.load", "csv.reader")
    for terms, symbols in ((["read"], []), (["load"], []), ([], ["csv.reader"]), (["load", "read"], ["reader"])):
        (hit,) = store.search(terms, symbols, 5)
        assert (hit.pattern, hit.words) == (pattern, "load read")
    assert store.matching("1:bbbb") == store.matching("aaaa") == [pattern]
    assert len(store.occurrences(fingerprint="1:aaaa")) == 3


def test_a_merged_pattern_goes_on_counting_for_the_other(store: Store) -> None:
    """What is recorded under its fingerprint, and what a person says of it."""
    store.record(a_run("run-1"), [an_entry("1:aaaa"), an_entry("1:bbbb")])
    store.merge("1:aaaa", "1:bbbb")
    store.record(a_run("run-2"), [an_entry("1:bbbb", unit_hash="h2", time=at(1))])
    store.say("1:bbbb", "enforce")
    (pattern,) = store.patterns()
    assert (pattern.frequency, pattern.word, pattern.state) == (3, "enforce", "enforced")


def test_the_most_frequent_come_first_with_what_was_merged_into_them(store: Store) -> None:
    """And a limit cuts off after that."""
    store.record(a_run(), [an_entry("1:a"), an_entry("1:b"), an_entry("1:c"), an_entry("1:c", unit_hash="h2")])
    store.merge("1:a", "1:c")
    assert [(found.fingerprint, found.frequency) for found in store.patterns()] == [("1:a", 3), ("1:b", 1)]
    assert [found.fingerprint for found in store.patterns(limit=1)] == ["1:a"]


def test_merging_goes_along_a_chain_and_splitting_takes_it_back(store: Store) -> None:
    """Each has its own counts again, those that came meanwhile with them."""
    store.record(a_run("run-1"), [an_entry("1:a"), an_entry("1:b"), an_entry("1:c")])
    store.merge("1:b", "1:c")
    store.merge("1:a", "1:b")
    store.merge("1:c", "1:a")  # they are one already
    assert [(found.fingerprint, found.frequency) for found in store.patterns()] == [("1:a", 3)]
    store.record(a_run("run-2"), [an_entry("1:c", unit_hash="h2", time=at(1))])
    store.split("1:c")
    store.split("1:c")
    assert {found.fingerprint: found.frequency for found in store.patterns()} == {"1:a": 2, "1:c": 2}
    store.split("1:b")
    assert {found.fingerprint: found.frequency for found in store.patterns()} == {"1:a": 1, "1:b": 1, "1:c": 2}


def test_a_merged_stub_is_shown_with_written_code(store: Store) -> None:
    """The whole is no stub if a part of it is none."""
    store.record(a_run(), [an_entry("1:a", stub=True), an_entry("1:b", words="other")])
    store.merge("1:a", "1:b")
    (pattern,) = store.patterns(shown=True)
    assert not pattern.stub
    assert [hit.pattern for hit in store.search(["other"], [], 5)] == [pattern]


def test_the_words_of_a_pattern_grow_with_its_occurrences(store: Store) -> None:
    """Old words first, none twice, four hundred at most."""
    store.record(a_run("run-1"), [an_entry(words="load user load")])
    store.record(a_run("run-2"), [an_entry(words="user stream", time=at(1))])
    (hit,) = store.search(["stream"], [], 5)
    assert hit.words == "load user stream"
    store.record(a_run("run-3"), [an_entry(words=" ".join(f"w{number}" for number in range(500)))])
    (hit,) = store.search(["user"], [], 5)
    assert len(hit.words.split()) == 400


def test_rarity_tells_in_how_many_patterns_a_word_stands(store: Store) -> None:
    """Of all patterns there are."""
    store.record(a_run(), [an_entry("1:a", words="load user"), an_entry("1:b", words="load file")])
    assert store.rarity(["load", "file", "never"]) == (2, {"load": 2, "file": 1, "never": 0})


@pytest.mark.parametrize(
    "question", ['"', '" OR "', "NEAR(a b)", "words:x", "*", "-load", "a AND", "(", "é", "x" * 10_000, "'; DROP TABLE"]
)
def test_no_question_is_read_as_syntax(store: Store, question: str) -> None:
    """Words are words, whatever they look like."""
    store.record(a_run(), [an_entry(words="load user")])
    assert [hit.pattern.fingerprint for hit in store.search([question, "load"], [question], 5)] == ["1:aaaa"]
    assert store.search([question], [question], 5) == []


@pytest.mark.parametrize(
    "text",
    ["nul\0inside", "\0", "lone \ud800 surrogate", "x" * 10_000, "é" * 3_000, "\x1b[31m", "a\r\nb", ""],
    ids=ascii,
)
def test_hostile_text_is_kept_without_a_fault(store: Store, text: str) -> None:
    """What cannot be stored is written as an escape, and can still be asked for as it was."""
    fingerprint = a_fingerprint(f"1:{text}")
    strange = an_entry(
        fingerprint, nodeid=text, message=text, path=text, function=text, statement=text, unit=text, unit_hash=text,
        model=text, tool=text, symbols=(text,), lesson=text, snippet=text, words=text, exception=text, task=text,
        held=(a_held(text, text=text, path=text, qualname=text),),
        findings=(FindingRow(rule_id=text, severity="major", line=10**30, confidence=1.0, detail=text),),
    )  # fmt: skip
    (counted,) = store.record(a_run(text, command=text, commit=text, python=text), [strange])
    assert (counted.fingerprint, counted.before, counted.after) == (f"1:{text}", 0, 1)
    assert len(store.occurrences(fingerprint=f"1:{text}", run=text)) == 1
    assert len(store.matching(f"1:{text}")) == 1
    assert store.failed_before([text]) == {text}
    store.say(f"1:{text}", "wrong")
    assert store.patterns()[0].state == "muted"


def test_a_line_beyond_all_measure_costs_no_failure(store: Store) -> None:
    """A handed-in number may be any; the failure is kept all the same."""
    (counted,) = store.record(a_run(), [an_entry(line=10**30)])
    assert counted.after == 1


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "grave"},
        {"category": "django"},
        {"when": "???"},
        {"source": "rumour"},
        {"scope": "mine"},
    ],
    ids=str,
)
def test_an_entry_of_unknown_kind_is_refused_before_anything_is_written(store: Store, change: dict[str, str]) -> None:
    """The sentence names the key and what is allowed."""
    (key,) = change
    with pytest.raises(BadOccurrence, match=f"'{key}' must be one of"):
        store.record(a_run(), [an_entry(), an_entry("1:bad", **change)])
    assert store.statistics().occurrences == 0


def test_a_held_unit_says_that_its_test_failed_before(store: Store) -> None:
    """Only tests whose red unit is kept; a kept test alone is nothing to heal."""
    store.record(
        a_run(),
        [
            an_entry(nodeid="unit", held=(a_held("1"), a_held("2", kind="test"))),
            an_entry(nodeid="test", held=(a_held("3", kind="test"),)),
            an_entry(nodeid="nothing"),
        ],
    )
    assert store.failed_before(["unit", "test", "nothing", "unheard"]) == {"unit"}
    assert store.statistics().held == 3


def test_a_private_text_is_kept_once(store: Store) -> None:
    """Fifteen tests that fail on one function keep one function."""
    store.record(a_run("run-1"), [an_entry(nodeid=str(number), held=(a_held("1"),)) for number in range(15)])
    store.record(a_run("run-2"), [an_entry(held=(a_held("1"),))])
    assert store.statistics().held == 1


def test_private_texts_go_when_their_days_are_over(store: Store, clock: MovedByHand) -> None:
    """Counted from when they were last seen red; recording anything clears them away."""
    store.record(a_run("run-1"), [an_entry(nodeid="old", held=(a_held("1"),))])
    store.record(a_run("run-2"), [an_entry(nodeid="renewed", held=(a_held("2"),))])
    clock.now = at(days=20)
    store.record(a_run("run-3"), [an_entry(nodeid="renewed", held=(a_held("2"),))])
    clock.now = at(days=31)
    store.record(a_run("run-4"), [an_entry(nodeid="other")])
    assert store.statistics().held == 1
    assert store.failed_before(["old", "renewed"]) == {"renewed"}


def test_zero_days_keep_nothing_private(opened: Open) -> None:
    """Not even for a moment."""
    store = opened(hold_days=0)
    store.record(a_run(), [an_entry(held=(a_held(),))])
    assert store.statistics().held == 0


def test_no_answer_shows_a_private_text(store: Store) -> None:
    """Recall, lists and exports never see them."""
    store.record(a_run(), [an_entry(held=(a_held(text="PRIVATE", path="PRIVATE", qualname="PRIVATE"),))])
    assert "PRIVATE" not in repr((store.patterns(), store.occurrences(), store.search(["iterat"], [], 5)))


def test_a_cleared_store_is_an_empty_one(store: Store) -> None:
    """And can be used again, as if nothing had been."""
    store.record(a_run(), [an_entry(held=(a_held(),))])
    store.clear()
    assert store.patterns() == []
    assert store.occurrences() == []
    assert store.search(["iterat"], ["sqlite3.fetchall"], 5) == []
    assert store.statistics().held == store.statistics().runs == 0
    (counted,) = store.record(a_run(), [an_entry()])
    assert (counted.before, counted.after, counted.raw_count) == (0, 1, 1)


def test_a_closed_store_can_be_used_again(store: Store) -> None:
    """Closing lets go of the file and of nothing else."""
    store.record(a_run(), [an_entry()])
    store.close()
    assert store.statistics().patterns == 1
