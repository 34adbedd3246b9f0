"""Matchers that go along with committed lessons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmlearn import Memory
from pytest_llmlearn.adapters.lessons_file import LessonsFile
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.domain.committed import line, read
from pytest_llmlearn.domain.committed_matchers import MOST, matchers_of, written
from pytest_llmlearn.domain.matcher import Matcher
from tests.committing import a_lesson


def a_matcher(name: str = "summ", confidence: float = 0.84) -> Matcher:
    """Recognises a call of a method that is not there."""
    return Matcher(
        fingerprint="1:aaaa",
        rule_id="type.missing-attribute",
        kind="shape",
        body={"pattern": f"$X.{name}()"},
        atoms=frozenset({name}),
        origin="fix",
        confidence=confidence,
    )


def test_a_matcher_goes_by_way_of_a_line() -> None:
    """With the confidence that it had, rounded: a number that moves would make every export another file."""
    lesson = read(line(a_lesson(matchers=written([a_matcher()]))))
    assert list(matchers_of(lesson)) == [replace(a_matcher(), confidence=0.8)]


def test_few_go_along_and_always_the_same() -> None:
    """The surest, whatever their order."""
    many = [a_matcher(f"name{number}", number / 10) for number in range(9)]
    assert written(many) == written(many[::-1])
    assert len(written(many)) == MOST
    assert all(f'"name{number}"' in "".join(written(many)) for number in (5, 6, 7, 8))


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", '"x"', '{"kind": "scan"}', '{"kind": "shape", "origin": "fix", "confidence": 7, "body": {}}'],
)
def test_what_is_no_matcher_is_left_out(text: str) -> None:
    """The lesson itself stands."""
    assert list(matchers_of(a_lesson(matchers=(text, *written([a_matcher()]))))) == [
        replace(a_matcher(), confidence=0.8)
    ]


def test_a_fresh_clone_recognises_what_is_committed(tmp_path: Path) -> None:
    """Written by one, read by another, and written again without a change."""
    one, other = tmp_path / "one", tmp_path / "other"
    LessonsFile(one).write(f"{line(a_lesson())}\n")
    with Memory.open(one) as memory:
        memory.patterns()
        SqliteStore(one).matchers().put([a_matcher()])
        memory.commit_lessons(memory.lessons_to_commit())
    LessonsFile(other).write(LessonsFile(one).read().text)
    with Memory.open(other) as memory:
        (pattern,) = memory.patterns()
        (found,) = SqliteStore(other).matchers().kept()
        assert (found.fingerprint, found.body) == (pattern.fingerprint, a_matcher().body)
        assert memory.lessons_to_commit().changed == 0
        assert memory.check_lessons() == []
