"""Units, snippets and what makes two states of code one."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.source import unit_at, unit_hash, unit_named

TEXT = '''import os
import sys

RATE = {}["k"]


class Order:
    """An order."""

    @property
    def total(self):
        def inner():
            return 1
        return inner()


async def load():
    pass
'''


@pytest.mark.parametrize(
    ("line", "qualname", "kind"),
    [
        (1, "", "imports"),
        (4, "", "module"),
        (7, "Order", "class"),
        (10, "Order.total", "function"),
        (13, "Order.total.<locals>.inner", "function"),
        (14, "Order.total", "function"),
        (18, "load", "function"),
    ],
)
def test_a_line_belongs_to_its_innermost_unit(line: int, qualname: str, kind: str) -> None:
    """Decorators are part of what they decorate."""
    unit = unit_at(TEXT, line)
    assert (unit.qualname, unit.kind) == (qualname, kind)


def test_a_change_elsewhere_changes_no_unit() -> None:
    """Neither a function's, nor that of a statement at the module's top level."""
    grown = TEXT.replace("import sys", "import sys\n\nOTHER = 1") + "\n\ndef more():\n    pass\n"
    for line, moved in ((4, 6), (14, 16), (18, 20)):
        assert unit_hash(TEXT, unit_at(TEXT, line)) == unit_hash(grown, unit_at(grown, moved))


def test_comments_layout_and_docstrings_are_not_code() -> None:
    """The code is what Python runs."""
    other = TEXT.replace('    """An order."""\n', "    # no words\n")
    first, second = unit_named(TEXT, "Order"), unit_named(other, "Order")
    assert first is not None and second is not None
    assert unit_hash(TEXT, first) == unit_hash(other, second)
    changed = TEXT.replace("return 1", "return 2")
    third = unit_named(changed, "Order")
    assert third is not None and unit_hash(TEXT, first) != unit_hash(changed, third)


def test_in_text_that_does_not_parse_a_block_is_the_unit() -> None:
    """From one line at the margin to the next: a change in another block is nothing."""
    broken = "def one(:\n    pass\n\n\ndef two():\n    pass\n"
    changed = broken.replace("two", "three")
    assert unit_hash(broken, unit_at(broken, 1)) == unit_hash(changed, unit_at(changed, 1))
    assert unit_hash(broken, unit_at(broken, 5)) != unit_hash(changed, unit_at(changed, 5))


@pytest.mark.parametrize("line", [1, 20, 40])
def test_a_snippet_is_at_most_five_lines_with_the_statement_in_it(line: int) -> None:
    """At the edges of a file too."""
    text = "\n".join(f"step_{number} = {number}" for number in range(1, 41))
    shown = source.snippet(text, line).split("\n")
    assert len(shown) == source.SNIPPET_LINES
    assert f"step_{line} = {line}" in shown


def test_a_statement_over_several_lines_is_shown_from_its_start() -> None:
    """The line that failed may be its last."""
    text = "x = call(\n    1,\n    2,\n)\ny = 2\n"
    assert source.snippet(text, 3).startswith("x = call(")


def test_a_long_statement_is_cut_around_the_line() -> None:
    """Never more than the limit, never without the line."""
    text = "x = [\n" + "".join(f"    {number},\n" for number in range(50)) + "]\n"
    shown = source.snippet(text, 30).split("\n")
    assert len(shown) == source.SNIPPET_LINES and "28," in [entry.strip() for entry in shown]


@pytest.mark.parametrize(("line", "said"), [(5, "def two():"), (2, "def one():"), (9, "def three():")])
def test_a_snippet_of_a_function_takes_nothing_from_its_neighbours(line: int, said: str) -> None:
    """They have not failed, and what is shown as failed code is read as if they had."""
    text = "def one():\n    return 1\n\ndef two():\n    return 2\n\n\ndef three():\n    return 3\n"
    shown = source.snippet(text, line, unit=unit_at(text, line))
    assert shown == f"{said}\n    return {text.splitlines()[line - 1].strip()[-1]}"


@pytest.mark.parametrize("line", [None, 0, 99])
def test_a_line_that_is_not_there_shows_nothing(line: int | None) -> None:
    """No guess."""
    assert source.snippet("x = 1\n", line) == ""


def test_form_feeds_end_no_line() -> None:
    """Lines are counted as Python counts them."""
    assert source.line_text("a = 1\x0c\nb = 2\r\nc = 3", 3) == "c = 3"
