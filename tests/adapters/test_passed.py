"""Which files passed as they are."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.last_run.passed import PassedFile


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a memory and a file that was written a while ago."""
    (tmp_path / ".llmlearn" / "state").mkdir(parents=True)
    (tmp_path / ".llmlearn" / "state" / "memory.db").touch()
    written(tmp_path / "shop.py", "a = 1\n", ago=60)
    return tmp_path


def written(file: Path, text: str, ago: float) -> None:
    file.write_text(text)
    os.utime(file, (time.time() - ago, time.time() - ago))


def test_what_a_passing_run_loaded_passed(root: Path) -> None:
    """A file that nothing loaded did not."""
    written(root / "other.py", "b = 1\n", ago=60)
    PassedFile(root).saw(["shop.py"], time.time())
    assert PassedFile(root).stands() == {"shop.py"}


def test_what_was_written_since_has_not_passed_yet(root: Path) -> None:
    """The mistake that is being made now is no code that passes."""
    PassedFile(root).saw(["shop.py"], time.time())
    written(root / "shop.py", "a = 2\n", ago=30)
    assert PassedFile(root).stands() == frozenset()


def test_what_was_written_while_the_tests_ran_is_not_known_to_pass(root: Path) -> None:
    """They may have loaded what was there before."""
    PassedFile(root).saw(["shop.py"], time.time() - 90)
    assert PassedFile(root).stands() == frozenset()


def test_a_later_run_of_other_files_takes_nothing_back(root: Path) -> None:
    """What passed then and is as it was passes still."""
    written(root / "other.py", "b = 1\n", ago=60)
    PassedFile(root).saw(["shop.py"], time.time())
    PassedFile(root).saw(["other.py", "gone.py"], time.time())
    assert PassedFile(root).stands() == {"other.py", "shop.py"}


def test_it_is_written_only_where_something_is_new(root: Path) -> None:
    """A passing run pays for a few looks at files."""
    passed = PassedFile(root)
    passed.saw(["shop.py"], time.time())
    before = (root / ".llmlearn" / "state" / "passed.json").stat().st_ino
    passed.saw(["shop.py"], time.time())
    assert (root / ".llmlearn" / "state" / "passed.json").stat().st_ino == before


@pytest.mark.parametrize("damage", ["", "[]", '{"version": 1, "store": 0}', '{"version": 9}'])
def test_what_is_damaged_says_nothing(root: Path, damage: str) -> None:
    """And is written anew."""
    (root / ".llmlearn" / "state" / "passed.json").write_text(damage)
    assert PassedFile(root).stands() == frozenset()
    PassedFile(root).saw(["shop.py"], time.time())
    assert PassedFile(root).stands() == {"shop.py"}


def test_without_a_memory_nothing_is_left_behind(tmp_path: Path) -> None:
    """Nor is anything known."""
    written(tmp_path / "shop.py", "a = 1\n", ago=60)
    PassedFile(tmp_path).saw(["shop.py"], time.time())
    assert PassedFile(tmp_path).stands() == frozenset()
    assert not (tmp_path / ".llmlearn").exists()
