"""What the store of matchers keeps to, the real one and its stand-in alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.adapters.sqlite_store.matchers import A_PATTERN
from pytest_llmlearn.app.ports import Store
from pytest_llmlearn.app.ports.matchers import Matchers
from pytest_llmlearn.domain import proof
from pytest_llmlearn.domain.matcher import Trials
from tests.builders import a_run, an_entry
from tests.fake_matchers import FakeMatchers, a_matcher
from tests.fakes import FakeStore

Both = tuple[Store, Matchers]


@pytest.fixture(params=["sqlite", "fake"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    """A store with the candidates `1:a` and `1:b`, and the matchers beside it."""
    if request.param == "fake":
        fake = FakeStore()
        fake.record(a_run(), [an_entry("1:a"), an_entry("1:b")])
        yield fake, FakeMatchers(fake)
        return
    store = SqliteStore(tmp_path)
    store.record(a_run(), [an_entry("1:a"), an_entry("1:b")])
    yield store, store.matchers()
    store.close()


def test_what_was_put_is_answered_as_it_was(both: Both) -> None:
    """Whole and surest first, once however often it is put; of unknown patterns nothing is kept."""
    _, matchers = both
    sure = a_matcher("1:a", confidence=0.9, body={"pattern": "rows[$X]", "inside": "Table.total"})
    other = a_matcher("1:b", "load(rows)", atoms=frozenset({"load", "rows"}))
    assert list(matchers.put([other, sure, a_matcher("1:nobody")])) == [other, sure]
    assert list(matchers.put([sure])) == []
    assert list(matchers.kept(candidates=True)) == [sure, other]
    assert list(matchers.every("1:b")) == [other]


def test_shapes_are_found_by_the_words_of_code(both: Both) -> None:
    """All of their names are there; literals do not count, nor do other kinds; those that are held back are found."""
    _, matchers = both
    here = a_matcher("1:a", atoms=frozenset({"rows", "'total'"}))
    wrong = a_matcher("1:b", "load(rows)", atoms=frozenset({"load", "rows"}))
    there = a_matcher("1:a", "rows.total", atoms=frozenset({"rows", "total"}))
    matchers.put([here, wrong, there, a_matcher("1:b", kind="undefined", body={"name": "rows"})])
    matchers.tried({wrong.key: Trials(wrong=1)}, "c")
    found = {one.body["pattern"] for one in matchers.shapes_among({"rows", "load", "if"})}
    assert found == {"rows[$X]", "load(rows)"}


def test_candidates_are_answered_to_whoever_asks_for_them(both: Both) -> None:
    """Until somebody says that they are right, or they are confirmed."""
    store, matchers = both
    matchers.put([a_matcher("1:a")])
    assert list(matchers.kept()) == []
    store.say("1:a", "right")
    assert [one.fingerprint for one in matchers.kept()] == ["1:a"]


def test_matchers_of_a_muted_pattern_are_silent(both: Both) -> None:
    """And back once the word is taken back."""
    store, matchers = both
    matchers.put([a_matcher("1:a")])
    store.say("1:a", "wrong")
    assert list(matchers.kept(candidates=True)) == list(matchers.every()) == []
    store.say("1:a", None)
    assert len(matchers.kept(candidates=True)) == 1


def test_matchers_of_a_merged_pattern_speak_for_the_other(both: Both) -> None:
    """Under its name."""
    store, matchers = both
    matchers.put([a_matcher("1:a"), a_matcher("1:b")])
    store.merge("1:a", "1:b")
    assert [one.fingerprint for one in matchers.kept(candidates=True)] == ["1:a"]


def test_what_a_merged_one_does_counts_for_it(both: Both) -> None:
    """Though it goes by another name."""
    store, matchers = both
    matchers.put([a_matcher("1:b")])
    store.merge("1:a", "1:b")
    matchers.tried({matchers.every()[0].key: Trials(right=1)}, "red")
    assert matchers.every()[0].trials == Trials(right=1)
    matchers.proved({matchers.every()[0].key: 1})
    assert list(matchers.kept(candidates=True)) == []


def test_the_same_code_counts_once(both: Both) -> None:
    """What it says again adds nothing."""
    _, matchers = both
    matcher = a_matcher("1:a", confidence=proof.TRIED)
    matchers.put([matcher])
    for code in ("one", "one", "two"):
        matchers.tried({matcher.key: Trials(right=1)}, code)
    found = matchers.every("1:a")[0]
    assert found.trials == Trials(right=2)
    assert found.confidence == pytest.approx(proof.confidence(proof.TRIED, Trials(right=2)))


def test_what_fires_on_passing_code_is_held_back(both: Both) -> None:
    """However often it was right; it is still told of."""
    _, matchers = both
    matcher = a_matcher("1:a")
    matchers.put([matcher])
    matchers.tried({matcher.key: Trials(right=1)}, "red")
    matchers.tried({matcher.key: Trials(wrong=1)}, "green")
    assert list(matchers.kept(candidates=True)) == []
    assert matchers.every()[0].trials == Trials(right=1, wrong=1)


def test_a_look_at_the_project_is_set_and_not_added(both: Both) -> None:
    """Code that is changed may make room for it again."""
    _, matchers = both
    matcher = a_matcher("1:a")
    matchers.put([matcher])
    matchers.proved({matcher.key: 2})
    assert matchers.every()[0].trials.wrong == 2 and list(matchers.kept(candidates=True)) == []
    matchers.proved({matcher.key: 0})
    assert len(matchers.kept(candidates=True)) == 1


def test_the_revision_moves_with_all_that_is_answered_otherwise(both: Both) -> None:
    """Or whoever keeps matchers in memory would show what is muted."""
    _, matchers = both
    matcher = a_matcher("1:a")
    seen = [matchers.revision()]
    for change in (
        lambda: matchers.put([matcher]),
        lambda: matchers.tried({matcher.key: Trials(right=1)}, "x"),
        lambda: matchers.proved({matcher.key: 1}),
    ):
        change()
        seen.append(matchers.revision())
    assert len(set(seen)) == 4
    assert matchers.revision() == seen[-1]


class TestInTheFile:
    """What the stand-in has no need of."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SqliteStore]:
        store = SqliteStore(tmp_path)
        store.record(a_run(), [an_entry("1:a")])
        yield store
        store.close()

    def test_a_word_on_a_pattern_moves_the_revision(self, store: SqliteStore) -> None:
        """The pattern's state decides what is answered."""
        matchers = store.matchers()
        matchers.put([a_matcher("1:a")])
        before = matchers.revision()
        store.say("1:a", "wrong")
        assert matchers.revision() > before

    def test_a_pattern_keeps_so_many_and_the_weakest_go(self, store: SqliteStore) -> None:
        """A pattern of a thousand failures must not have a thousand matchers."""
        matchers = store.matchers()
        wrong = replace(a_matcher("1:a", "wrong[$X]"), trials=Trials(wrong=1))
        right = replace(a_matcher("1:a", "right[$X]"), trials=Trials(right=1))
        matchers.put([wrong, *(a_matcher("1:a", f"rows[{n}]") for n in range(A_PATTERN + 3)), right])
        found = {one.key for one in matchers.every()}
        assert len(found) == A_PATTERN + 1 and {wrong.key, right.key} <= found

    def test_what_is_forgotten_takes_its_matchers_along(self, store: SqliteStore, tmp_path: Path) -> None:
        """Nothing of the code stays in the file."""
        matchers = store.matchers()
        matcher = a_matcher("1:a", "unheard_of[$X]")
        matchers.put([matcher])
        matchers.tried({matcher.key: Trials(right=1)}, "code")
        store.clear()
        assert list(matchers.every()) == []
        store.close()
        held = b"".join(path.read_bytes() for path in tmp_path.rglob("memory.db*"))
        assert b"unheard_of" not in held

    def test_hits_that_are_allowed_hold_nothing_back(self, tmp_path: Path) -> None:
        """Beyond them it is silent."""
        with_hits = SqliteStore(tmp_path, matcher_hits=1)
        with_hits.record(a_run(), [an_entry("1:a")])
        matchers = with_hits.matchers()
        matcher = a_matcher("1:a", confidence=0.95)
        matchers.put([matcher])
        matchers.tried({matcher.key: Trials(right=9)}, "red")
        matchers.proved({matcher.key: 1})
        assert len(matchers.kept(candidates=True)) == 1
        matchers.proved({matcher.key: 2})
        assert list(matchers.kept(candidates=True)) == []
        with_hits.close()

    def test_a_store_of_before_gains_the_tables(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What was learned stays, and matchers can be put beside it."""
        from pytest_llmlearn.adapters import migrations

        with monkeypatch.context() as older:
            older.setattr(migrations, "STEPS", tuple(s for s in migrations.STEPS if s.__name__ != "m011_matchers"))
            before = SqliteStore(tmp_path)
            before.record(a_run(), [an_entry("1:a")])
            before.close()
        store = SqliteStore(tmp_path)
        assert list(store.matchers().kept()) == []
        store.matchers().put([a_matcher("1:a")])
        assert len(store.matchers().kept(candidates=True)) == 1
        store.close()
