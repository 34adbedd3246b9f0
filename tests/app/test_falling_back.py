"""An index that is away, and the one that answers for it."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmlearn.app.falling_back import FallingBack
from pytest_llmlearn.app.index_check import found_of
from pytest_llmlearn.app.ports.vectors import Filter, Near, Space
from pytest_llmlearn.errors import IndexUnavailable, MissingExtra

QUESTION: Any = None
"""Neither of these looks at it."""


class Index:
    """Answers with its name, unless something is wrong with it."""

    def __init__(self, name: str, wrong: Exception | None = None) -> None:
        self.name = name
        self.wrong = wrong
        self.calls: list[str] = []

    def _do(self, what: str) -> None:
        self.calls.append(what)
        if self.wrong is not None and what != "close":
            raise self.wrong

    def catch_up(self) -> None:
        self._do("catch up")

    def nearest(self, space: Space, vector: Any, limit: int, where: Filter | None = None) -> list[Near]:
        self._do("nearest")
        return [Near(key=self.name, owner="", similarity=1.0)]

    def size(self, space: Space) -> int:
        return len(self.name)

    def close(self) -> None:
        self._do("close")


def test_the_second_is_not_made_while_the_first_answers() -> None:
    """It would cost memory for nothing."""
    index = FallingBack(Index("first"), lambda: pytest.fail("it was made"))
    index.catch_up()
    assert (index.name, index.nearest("mistakes", QUESTION, 1)[0].key, index.away) == ("first", "first", "")


@pytest.mark.parametrize("wrong", [IndexUnavailable("it is away"), MissingExtra("vectors", "an index")])
def test_where_the_first_is_away_the_second_answers_until_it_is_back(wrong: Exception) -> None:
    """Caught up before each answer; let go of once it is not needed."""
    first, second = Index("first", wrong), Index("second")
    index = FallingBack(first, lambda: second)
    assert index.nearest("mistakes", QUESTION, 1)[0].key == "second"
    assert (index.name, index.away, index.size("fixes")) == ("second", str(wrong), 6)
    index.catch_up()
    assert second.calls == ["catch up", "nearest", "catch up"]
    first.wrong = None
    index.catch_up()
    assert (index.name, index.away, second.calls[-1]) == ("first", "", "close")
    assert index.nearest("mistakes", QUESTION, 1)[0].key == "first"
    index.close()
    assert first.calls[-1] == "close"


def test_a_fault_that_is_not_the_first_ones_is_not_hidden() -> None:
    """A store that cannot be read is nothing that a second index could help with."""
    index = FallingBack(Index("first", ValueError("a fault")), lambda: Index("second"))
    with pytest.raises(ValueError, match="a fault"):
        index.catch_up()
    with pytest.raises(ValueError, match="a fault"):
        index.nearest("mistakes", QUESTION, 1)


@pytest.mark.parametrize(
    ("found", "wanted", "share"),
    [
        ([], [], 1.0),
        ([], [0.9], 0.0),
        ([0.9, 0.8], [0.9, 0.8], 1.0),
        ([0.9, 0.7], [0.9, 0.8], 0.5),
        ([0.9, 0.8, 0.8], [0.9, 0.8], 1.0),
        ([0.9, 0.799999], [0.9, 0.8], 1.0),
    ],
)
def test_what_is_just_as_near_is_as_good_an_answer(found: list[float], wanted: list[float], share: float) -> None:
    """Two entries may say the same."""

    def near(cosines: list[float]) -> list[Near]:
        return [Near(key=str(number), owner="", similarity=cosine) for number, cosine in enumerate(cosines)]

    assert found_of(near(found), near(wanted)) == share
