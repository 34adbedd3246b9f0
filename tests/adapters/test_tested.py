"""Whether a passing run can heal anything, told from one small file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.last_run.tested import KNOWN_RUNS, MASKS
from pytest_llmlearn.adapters.last_run.tested import TestedFile as File
from pytest_llmlearn.domain.redaction import EMAIL, HOME, IP
from pytest_llmlearn.domain.secret_shapes import MASK


@pytest.fixture
def tested(tmp_path: Path) -> File:
    """The file of a project that has a memory."""
    state = tmp_path / ".llmlearn/state"
    state.mkdir(parents=True)
    (state / "memory.db").touch()
    return File(tmp_path)


def red(*tests: str) -> Sequence[str]:
    return tests


def test_without_a_memory_nothing_can_be_healed_and_nothing_is_written(tmp_path: Path) -> None:
    """A project that never failed costs one look."""
    tested = File(tmp_path)
    tested.saw(["a"], red)
    assert not tested.watched and tested.unchanged(["a"], []) and list(tmp_path.iterdir()) == []


def test_a_run_is_known_by_its_tests_in_any_order(tested: File) -> None:
    """Others, more or fewer are not known yet; several selections are remembered, the latest."""
    assert not tested.unchanged(["a", "b"], [])
    tested.saw(["a", "b"], red)
    assert tested.unchanged(["b", "a"], [])
    assert not tested.unchanged(["a"], []) and not tested.unchanged(["a", "b", "c"], [])
    for number in range(KNOWN_RUNS):
        tested.saw([str(number)], red)
    assert tested.unchanged(["0"], []) and not tested.unchanged(["a", "b"], [])


@pytest.mark.parametrize(
    ("name", "passed", "skipped", "unchanged"),
    [
        ("a.py::t", ["a.py::t"], [], False),
        ("a.py::t", ["a.py::u"], [], True),
        ("a.py::t", ["a.py::u"], ["a.py::t"], False),
        ("a.py::t[1]", ["a.py::t[2]"], [], False),
        ("a.py::t", ["a.py::t[2]"], [], False),
        ("a.py", ["a.py::t"], [], False),
        ("a.py", ["ba.py::t"], [], True),
        ("tests", ["tests/a.py::t"], [], False),
        ("a.py::t[<email>]", ["b.py::u"], [], False),
    ],
)
def test_a_run_with_a_red_test_is_looked_at(
    tested: File, name: str, passed: list[str], skipped: list[str], unchanged: bool
) -> None:
    """The test itself, its cases, what is below a file; where an id was redacted, every run."""
    tested.saw(passed, lambda: [name])
    assert tested.unchanged(passed, skipped) is unchanged


def test_after_a_failure_every_run_is_looked_at(tested: File) -> None:
    """Until one has said how the tests stand."""
    tested.saw(["a"], red)
    tested.forget()
    tested.forget()
    assert not tested.unchanged(["a"], [])


def test_another_database_under_the_same_name_is_noticed(tested: File, tmp_path: Path) -> None:
    """What was remembered of the old one does not count."""
    tested.saw(["a"], red)
    database = tmp_path / ".llmlearn/state/memory.db"
    database.rename(database.with_name("old.db"))
    database.touch()
    assert not tested.unchanged(["a"], [])


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version": 9}', b"\xff", b'{"version": 1, "store": 0}'])
def test_a_damaged_file_is_as_none(tested: File, tmp_path: Path, content: bytes) -> None:
    """And is written anew."""
    (tmp_path / ".llmlearn/state/tested.json").write_bytes(content)
    assert not tested.unchanged(["a"], [])
    tested.saw(["a"], red)
    assert tested.unchanged(["a"], [])


def test_a_failure_that_is_recorded_meanwhile_is_not_lost(tested: File) -> None:
    """Asked again after writing, until it stays the same."""
    answers = iter([[], ["a.py::t"], ["a.py::t"]])
    tested.saw(["a.py::t"], lambda: next(answers))
    assert not tested.unchanged(["a.py::t"], []) and next(answers, None) is None


def test_the_masks_are_those_of_redaction() -> None:
    """They are written out again, for this file imports nothing of ours."""
    assert set(MASKS) == {MASK, EMAIL, IP, HOME}
