"""A person's word follows the lines it was said of, and no others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.marks import Mark, MarkType, applied, hashes, located, mark

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = [
    "import os",
    "",
    "def first():",
    "    value = os.getcwd()",
    "    return value",
    "",
    "def second():",
    "    other = 2",
    "    return other",
]


def a_mark(
    span: tuple[int, int], lines: list[str] = TEXT, *, type: MarkType = "ai", model: str | None = "opus", hour: int = 0
) -> Mark:
    return mark("a.py", lines, span, type, time=NOON + timedelta(hours=hour), model=model)


def marked(entry: Mark, lines: list[str]) -> list[str]:
    return [lines[index] for index in located(entry, hashes(lines))]


def test_lines_at_their_old_place_are_marked() -> None:
    """And only those."""
    assert list(located(a_mark((3, 5)), hashes(TEXT))) == [2, 3, 4]


def test_a_block_is_found_where_it_moved_to() -> None:
    """Upwards or downwards, whatever stands around it now."""
    assert marked(a_mark((3, 5)), ["# new", "# head", *TEXT]) == TEXT[2:5]
    assert marked(a_mark((7, 9)), TEXT[6:]) == TEXT[6:]


def test_code_that_was_moved_into_a_block_is_the_same_code() -> None:
    """Indentation and blanks at the end do not count."""
    inner = ["class A:", *(f"    {line}  " for line in TEXT[2:5])]
    assert marked(a_mark((3, 5)), inner) == inner[1:]


def test_of_equal_blocks_the_one_with_its_old_surroundings_is_meant() -> None:
    """A copy that somebody else put above does not inherit the mark."""
    twice = ["try:", "    go()", "except E:", "    pass", "a()", "try:", "    go()", "except E:", "    pass", "b()"]
    entry = a_mark((6, 9), twice)
    copied = ["try:", "    go()", "except E:", "    pass", "c()", *twice]
    assert list(located(entry, hashes(copied))) == [10, 11, 12, 13]


def test_of_equal_blocks_with_equal_surroundings_the_nearest_is_meant() -> None:
    """Nothing else tells them apart."""
    lines = ["x", "mark me", "y"] * 3
    assert list(located(a_mark((5, 5), lines), hashes(lines))) == [4]


def test_a_changed_line_loses_the_mark() -> None:
    """The others of the block keep it."""
    changed = [*TEXT]
    changed[3] = "    value = os.path.abspath('.')"
    assert marked(a_mark((3, 5)), changed) == ["def first():", "    return value"]


def test_a_line_that_was_put_in_is_not_marked() -> None:
    """The person did not speak of it."""
    grown = [*TEXT[:4], "    print(value)", *TEXT[4:]]
    assert marked(a_mark((3, 5)), grown) == TEXT[2:5]


def test_a_deleted_block_marks_nothing() -> None:
    """Not even equal small words that happen to stand elsewhere."""
    block = ["if x:", "    unique_call()", "else:", "    pass"]
    entry = a_mark((1, 4), [*block, "rest()"])
    elsewhere = ["if y:", "    one()", "else:", "    pass", "if z:", "    two()", "else:", "    pass"]
    assert marked(entry, elsewhere) == []


def test_blank_lines_alone_are_found_by_their_surroundings() -> None:
    """They are everywhere, and so nowhere without what stood around them."""
    assert list(located(a_mark((2, 2)), hashes(TEXT))) == [1]
    assert marked(a_mark((2, 2)), ["a", "", "b", "", "c"]) == []


def test_a_mark_of_the_whole_file_outlives_an_edit() -> None:
    """All lines but the changed and the new one."""
    edited = ["import os", "import sys", *TEXT[1:7], "    other = 3", TEXT[8]]
    kept = marked(a_mark((1, len(TEXT))), edited)
    assert kept == [line for line in edited if line not in ("import sys", "    other = 3")]


def test_the_later_mark_counts() -> None:
    """By its time, wherever a merge put it; written in the same moment, by its place."""
    late, early = a_mark((3, 4), type="human", model=None, hour=1), a_mark((1, 9))
    for marks in ([late, early], [early, late]):
        said = [answer.type if answer else None for answer in applied(marks, TEXT)]
        assert said == ["ai", "ai", "human", "human", "ai", "ai", "ai", "ai", "ai"]
    again = a_mark((1, 9), type="human", model=None)
    assert {answer.type for answer in applied([early, again], TEXT) if answer} == {"human"}


def test_a_mark_that_is_taken_back_says_nothing() -> None:
    """Of the whole file, or of some lines; what is said afterwards counts again."""
    everything = Mark(path="a.py", type="withdrawn", time=NOON + timedelta(hours=1))
    assert applied([a_mark((1, 9)), everything], TEXT) == [None] * 9
    some = a_mark((3, 5), type="withdrawn", model=None, hour=1)
    assert [answer is None for answer in applied([a_mark((1, 9)), some], TEXT)].count(True) == 3
    assert applied([a_mark((1, 9)), everything, a_mark((3, 3), hour=2)], TEXT).count(None) == 8


def test_a_mark_says_who_and_when_with_certainty() -> None:
    """The model where it is a model's."""
    (answer, *_) = applied([mark("a.py", TEXT, (1, 1), "ai", time=NOON, model="opus", by="Robin")], TEXT)
    assert answer is not None
    assert (answer.type, answer.model, answer.confidence) == ("ai", "opus", 1.0)
    assert answer.evidence == "marked by Robin on 2026-11-21"


@pytest.mark.timeout(120)  # against running without an end; how long it takes is for benchmarks to say
@pytest.mark.parametrize("line", ["x = 1,", "", "    return None"])
def test_long_monotonous_files_are_quick(line: str) -> None:
    """A line in ten changed, in a file that says much the same throughout."""
    lines = [line if index % 3 else f"item_{index}()" for index in range(6000)]
    changed = [f"new_{index}()" if index % 10 == 0 else old for index, old in enumerate(lines)]
    assert applied([a_mark((1, 6000), lines)], changed).count(None) >= 600


@given(st.lists(st.sampled_from(["a", "b", "c", "", "d = 1"]), min_size=1, max_size=25), st.data())
def test_a_mark_never_holds_for_a_line_that_was_not_in_its_block(lines: list[str], data: st.DataObject) -> None:
    """Whatever becomes of the file."""
    start = data.draw(st.integers(1, len(lines)))
    end = data.draw(st.integers(start, len(lines)))
    now = data.draw(st.lists(st.sampled_from(["a", "b", "c", "", "d = 1", "new"]), max_size=25))
    found = marked(a_mark((start, end), lines), now)
    assert set(found) <= set(lines[start - 1 : end])
    assert len(found) <= end - start + 1
