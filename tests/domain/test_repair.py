"""What a repair did, in a few words."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.hunk import Hunk, difference
from pytest_llmlearn.domain.repair import QUOTED, told

LONG = " + ".join(f"value_{number}" for number in range(20))


def words(red: str, green: str) -> str:
    """Of two functions that differ in one statement."""
    found = difference(f"def f(a):\n    {red}\n", f"def f(a):\n    {green}\n")
    assert isinstance(found, Hunk)
    return told(found)


@pytest.mark.parametrize(
    ("red", "green", "said"),
    [
        ("x = load(a)", "x = await load(a)", "await was added"),
        ("return a < 1", "return a <= 1", "`a < 1` became `a <= 1`"),
        ("return load(a.size)", "return load(len(a))", "`a.size` became `len(a)`"),
        ("return [i for i in range(a - 1)]", "return [i for i in range(a)]", "`a - 1` became `a`"),
        ("return {i: 1 for i in a if i > 0}", "return {i: 1 for i in a if i}", "`i > 0` became `i`"),
        ("return [i for i in a]", "return [i for i in a if i]", "`[i for i in a]` became `[i for i in a if i]`"),
    ],
)
def test_the_smallest_expression_that_differs_is_said(red: str, green: str, said: str) -> None:
    """In a comprehension as elsewhere; what is no expression by itself is said with the one around it."""
    assert words(red, green) == said


def test_two_long_pieces_of_code_do_not_read_alike() -> None:
    """Where the difference lies beyond what is quoted, it is what is quoted."""
    said = words(f"return [{LONG}, 1, last(a)]", f"return [{LONG}, last(a), 1]")
    red, _, green = said.partition(" became ")
    assert red != green and "19, 1, last" in red and "19, last" in green
    assert max(len(red), len(green)) <= QUOTED + 2
