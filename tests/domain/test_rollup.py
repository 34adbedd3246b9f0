"""Many lines as one answer: who decides, how surely, and what blank lines do."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.provenance import UNKNOWN, FileProvenance, Provenance
from pytest_llmlearn.domain.rollup import Counts, account, ranges, roll_up, roll_up_units
from pytest_llmlearn.domain.tally import ModelCounts, Summary, of_file, total

AI = Provenance(type="ai", model="opus", tool="claude", confidence=0.8, evidence="commit a")
OTHER = Provenance(type="ai", model="gpt", confidence=0.6, evidence="commit b")
TOOL = Provenance(type="ai", tool="cursor", confidence=0.6)
NAMELESS = Provenance(type="ai", confidence=0.5)
HUMAN = Provenance(type="human", confidence=0.4, evidence="commit c")
MIXED = Provenance(type="mixed", model="opus", confidence=0.6)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([AI, AI], "ai"),
        ([HUMAN, HUMAN], "human"),
        ([AI, HUMAN], "mixed"),
        ([MIXED], "mixed"),
        ([MIXED, HUMAN], "mixed"),
        ([AI, UNKNOWN, UNKNOWN], "ai"),
        ([HUMAN, UNKNOWN], "human"),
        ([UNKNOWN], "unknown"),
        ([], "unknown"),
    ],
)
def test_the_known_lines_decide(lines: list[Provenance], expected: str) -> None:
    """However few they are; lines of unknown origin are no evidence for anybody."""
    assert roll_up(lines, ["x"] * len(lines)).type == expected


def test_lines_of_unknown_origin_lower_the_confidence() -> None:
    """It is the mean over all lines that count."""
    rolled = roll_up([AI, AI, UNKNOWN, HUMAN], ["a", "b", "c", "d"])
    assert rolled.confidence == pytest.approx((0.8 + 0.8 + 0 + 0.4) / 4)
    assert rolled.lines == Counts(ai=2, unknown=1, human=1)


def test_blank_lines_are_counted_and_decide_nothing() -> None:
    """Neither the type nor the confidence hangs on them, unless there is nothing else."""
    rolled = roll_up([AI, HUMAN, HUMAN, AI], ["a", "", "  \t", "b"])
    assert (rolled.type, rolled.lines) == ("ai", Counts(ai=2, human=2))
    assert rolled.confidence == pytest.approx(0.8)
    assert roll_up([HUMAN], [""]).type == "human"


def test_models_are_counted_by_their_lines() -> None:
    """Most lines first; the tool stands for an unknown model, and a human for none."""
    rolled = roll_up([AI, TOOL, OTHER, OTHER, MIXED, AI, NAMELESS, HUMAN], ["x"] * 8)
    assert rolled.models == (("opus", 3), ("gpt", 2), ("cursor", 1), ("unknown", 1))
    assert rolled.model is None
    assert roll_up([AI, HUMAN, MIXED], ["x"] * 3).model == "opus"
    assert roll_up([HUMAN], ["x"]).model is None


def test_equal_neighbours_are_one_range() -> None:
    """Equal in all that is known; the same answer further down is a range of its own."""
    found = [(entry.start, entry.end, entry.provenance) for entry in ranges([AI, AI, HUMAN, AI, OTHER])]
    assert found == [(1, 2, AI), (3, 3, HUMAN), (4, 4, AI), (5, 5, OTHER)]
    assert ranges([]) == ()


TEXT = """\
import os

class Client:
    @property
    def name(self):
        return "n"

    async def load(self):
        def inner():
            return 1
        return inner()


def free():
    return os
"""
LINES = (HUMAN, UNKNOWN, AI, AI, AI, AI, AI, OTHER, AI, AI, OTHER, UNKNOWN, UNKNOWN, HUMAN, HUMAN)


def test_every_function_and_class_is_rolled_up() -> None:
    """From its first decorator to its last line, nested ones within their own and the outer one's."""
    found = {
        entry.unit.qualname: (entry.unit.start, entry.rolled.type, entry.rolled.models, entry.rolled.lines.total)
        for entry in roll_up_units(FileProvenance(lines=LINES), TEXT)
    }
    assert found == {
        "Client": (3, "ai", (("opus", 7), ("gpt", 2)), 9),
        "Client.name": (4, "ai", (("opus", 3),), 3),
        "Client.load": (8, "ai", (("gpt", 2), ("opus", 2)), 4),
        "Client.load.<locals>.inner": (9, "ai", (("opus", 2),), 2),
        "free": (14, "human", (), 2),
    }


def test_an_account_has_lines_and_units_and_the_whole() -> None:
    """A file that is no Python has no functions, whatever its text looks like."""
    found = account("a.py", TEXT, FileProvenance(lines=LINES))
    assert (found.rolled.type, found.rolled.lines) == ("mixed", Counts(human=3, ai=9, unknown=3))
    assert len(found.units) == 5
    assert found.ranges[0].end == 1
    assert account("a.txt", TEXT, FileProvenance(lines=LINES)).units == ()


def test_a_file_that_does_not_parse_keeps_its_lines() -> None:
    """Only its functions are not known."""
    counted = of_file("a.py", "def f(:\n  x\n", FileProvenance(lines=(AI, HUMAN)))
    assert counted.tally.lines == Counts(ai=1, human=1)
    assert counted.tally.functions == Counts()


def test_a_tally_counts_functions_once_and_models_where_they_wrote() -> None:
    """A class is no function; a function of two models counts under both."""
    counted = of_file("a.py", TEXT, FileProvenance(lines=LINES))
    assert counted.tally.files == Counts(mixed=1)
    assert counted.tally.functions == Counts(ai=3, human=1)
    assert counted.tally.models == (
        ("opus", ModelCounts(lines=7, functions=3, files=1)),
        ("gpt", ModelCounts(lines=2, functions=1, files=1)),
    )
    assert not counted.in_tests


def test_tallies_add_up_and_tests_are_told_apart() -> None:
    """The whole is the sum of its files, that of the tests of theirs alone."""
    code = of_file("a.py", TEXT, FileProvenance(lines=LINES))
    test = of_file("tests/test_a.py", "def test_x():\n    pass\n", FileProvenance(lines=(OTHER, OTHER)))
    found = Summary(files={"a.py": code, "tests/test_a.py": test})
    assert found.whole == total([code.tally, test.tally])
    assert found.whole.files == Counts(mixed=1, ai=1)
    assert found.whole.functions.total == 5
    assert dict(found.whole.models)["gpt"] == ModelCounts(lines=4, functions=2, files=2)
    assert found.tests == test.tally
