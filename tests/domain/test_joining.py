"""Which generations a run may judge, and what it says of them."""

from __future__ import annotations

import hashlib

import pytest

from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.generation import Outcome
from pytest_llmlearn.domain.joining import first_watched, latest, outcome, still_there, touches
from tests.builders import a_generation, at

TEXT = "def load_user(key):\n    return key\n\n\ndef other():\n    return 1\n"
CHANGED = TEXT.replace("return key", "return key + 1")


def _blob(text: bytes) -> str:
    return "git:" + hashlib.sha1(b"blob %d\0" % len(text) + text).hexdigest()


def _unit_hash(text: str) -> str:
    unit = source.unit_named(text, "load_user")
    assert unit is not None
    return source.unit_hash(text, unit)


@pytest.mark.parametrize(
    ("qualname", "path", "reached", "said"),
    [
        ("load_user", "app/users.py", "load_user", True),
        ("load_user", "app/users.py", "load_users", False),
        ("load_user", "app/other.py", "load_user", False),
        ("User", "app/users.py", "User.name", True),
        ("User.name", "app/users.py", "User", False),
        (None, "app/users.py", "anything", True),
        (None, "app/users.py", "", True),
    ],
)
def test_a_generation_is_its_unit_with_all_in_it(qualname: str | None, path: str, reached: str, said: bool) -> None:
    """A class was written with its methods; a file, where no unit is named, with everything."""
    assert touches(a_generation(qualname=qualname), path, reached) is said


def test_the_units_digest_outlives_changes_elsewhere_in_the_file() -> None:
    """The narrowest digest decides: the function is as it was, though its file is not."""
    made = a_generation(unit_after=_unit_hash(TEXT), after=source.text_digest(TEXT))
    assert still_there(made, TEXT.replace("return 1", "return 2"))
    assert not still_there(made, CHANGED)


@pytest.mark.parametrize("digest", [source.text_digest(TEXT), _blob(TEXT.encode())])
def test_a_file_is_told_by_our_digest_and_by_gits(digest: str) -> None:
    """Byte for byte."""
    made = a_generation(qualname=None, after=digest)
    assert still_there(made, TEXT)
    assert not still_there(made, CHANGED)


def test_a_file_with_the_line_ends_of_another_system_is_still_gits_own() -> None:
    """Text is read with one sort of line end, whichever was committed."""
    assert still_there(a_generation(qualname=None, after=_blob(TEXT.replace("\n", "\r\n").encode())), TEXT)


def test_a_repository_with_longer_digests_is_understood() -> None:
    """git with SHA-256."""
    content = TEXT.encode()
    digest = hashlib.sha256(b"blob %d\0" % len(content) + content).hexdigest()
    assert still_there(a_generation(qualname=None, after=f"git:{digest}"), TEXT)


def test_without_digests_a_unit_is_believed_while_it_is_there() -> None:
    """Unknown is not superseded."""
    assert still_there(a_generation(after="sha256:0123456789"), CHANGED)
    assert not still_there(a_generation(qualname="gone"), TEXT)


def test_what_deleted_leaves_nothing_to_be_tested() -> None:
    """Even if the file is there again."""
    assert not still_there(a_generation(operation="delete", qualname=None), TEXT)


def test_only_the_latest_of_a_unit_is_judged() -> None:
    """What was written over before any test saw it never is."""
    first, second = a_generation("g-1", time=at(0)), a_generation("g-2", time=at(1))
    elsewhere = a_generation("g-3", time=at(0), qualname="other")
    assert latest([second, first, elsewhere], []) == [elsewhere, second]


def test_one_that_is_judged_already_supersedes_too() -> None:
    """Else the older one would be judged by the run after."""
    older, judged = a_generation("g-1", time=at(0)), a_generation("g-2", time=at(1))
    assert latest([older], [older, judged]) == []


def test_a_generation_after_the_runs_start_waits_for_the_next() -> None:
    """Its code may not have been what ran."""
    assert not first_watched(a_generation(time=at(1)), started=at(0), since=None, new=())
    assert first_watched(a_generation(time=at(-1)), started=at(0), since=None, new=())


def test_of_what_was_only_found_earlier_runs_are_not_known() -> None:
    """A commit counts if it is new to this run, or younger than the watching; a trace by its time alone."""
    commit = a_generation(way="git", commit="c1", time=at(-10))
    assert first_watched(commit, started=at(0), since=None, new={"c1"})
    assert not first_watched(commit, started=at(0), since=None, new=())
    assert not first_watched(commit, started=at(0), since=at(-5), new=())
    assert first_watched(commit, started=at(0), since=at(-15), new=())
    assert not first_watched(a_generation(way="trace", time=at(-10)), started=at(0), since=None, new={"c1"})


def test_a_run_counts_the_tests_on_either_side() -> None:
    """Tests that passed and name its unit; tests that failed and were laid on it."""
    told = outcome(
        a_generation(),
        "run-1",
        reached={"a": [("app/users.py", "load_user")], "b": [("app/users.py", "other")]},
        failed={"c": [("app/users.py", "load_user"), ("app/users.py", "load_user")], "d": [("app/cart.py", "x")]},
    )
    assert told is not None
    assert (told.passed, told.failed, told.run, told.first_pass) == (1, 1, "run-1", False)


def test_a_run_that_did_not_reach_it_says_nothing() -> None:
    """It awaits the next one."""
    assert outcome(a_generation(), "run-1", reached={"b": [("app/users.py", "other")]}, failed={}) is None


def test_what_else_came_of_it_is_kept() -> None:
    """A rating given before the first run."""
    rated = a_generation(outcome=Outcome(rating=4))
    told = outcome(rated, "run-1", reached={"a": [("app/users.py", "load_user")]}, failed={})
    assert told is not None
    assert (told.first_pass, told.rating) == (True, 4)
