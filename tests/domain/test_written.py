"""What was written of a file since, and whether a mistake could be made in it."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.written import Piece, could_be_made, home, names, pieces, states, written_since

CART = '''import json as j
from shop.prices import price_of

RATE = 2


@cached
def total(items):
    return sum(price_of(item) for item in items)


class Cart:
    """Holds items."""

    size = 3

    @property
    def text(self):
        return j.dumps(self.items)

    def __len__(self):
        def inner():
            return 1

        return inner()
'''


def piece(text: str, qualname: str) -> Piece:
    (found,) = [one for one in pieces(text) if one.qualname == qualname and one.is_function]
    return found


def since(before: str, after: str) -> list[str]:
    return [one.qualname for one in written_since(after, states(before))]


def test_the_pieces_of_a_file_do_not_overlap() -> None:
    """Functions and methods with their decorators; what a function defines is its own."""
    found = [(one.qualname, one.start, one.end) for one in pieces(CART)]
    assert found == [
        ("", 1, 1),
        ("", 2, 2),
        ("", 4, 4),
        ("total", 7, 9),
        ("Cart", 12, 12),
        ("Cart", 13, 13),
        ("Cart", 15, 15),
        ("Cart.text", 17, 19),
        ("Cart.__len__", 21, 25),
    ]


def test_a_changed_function_was_written_and_its_neighbours_were_not() -> None:
    """Alone."""
    assert since(CART, CART.replace("sum(", "max(")) == ["total"]


def test_an_added_import_was_written() -> None:
    """Alone, too."""
    assert since(CART, f"import os\n{CART}") == [""]


def test_moved_and_formatted_code_was_not_written() -> None:
    """Comments, blank space, kinds of quotes and last commas are no code."""
    formatted = CART.replace("j.dumps(self.items)", "j.dumps(  # all\n            self.items,\n        )")
    head, _, tail = formatted.partition("class Cart")
    function = head[head.index("@cached") :]
    moved = head.replace(function, "") + "class Cart" + tail.replace('"""', "'''") + "\n\n" + function
    assert since(CART, moved) == []


def test_all_of_a_new_file_was_written() -> None:
    """Nothing of it was there."""
    assert len(written_since(CART, ())) == len(pieces(CART))


def test_a_text_that_does_not_parse_is_one_piece() -> None:
    """Nothing more can be told of it."""
    (whole,) = pieces("def broken(:\n    pass\n")
    assert (whole.qualname, whole.start, whole.is_function) == ("", 1, False)
    assert pieces("") == ()


def test_no_code_can_be_read_from_the_states() -> None:
    """They are digests of one length."""
    assert {len(state) for state in states(CART)} == {12}


def test_the_home_of_a_failure_is_told_by_its_line_or_else_by_its_unit() -> None:
    """A class's method that is not there lies in the class."""
    by_line, by_unit, by_class = (
        home(CART, None, 24),
        home(CART, "Cart.__len__.<locals>.inner", None),
        home(CART, "Cart.no", None),
    )
    assert by_line == by_unit == piece(CART, "Cart.__len__")
    assert by_class is not None
    assert by_class.qualname == "Cart"
    assert home(CART, None, 5) is None
    assert home(CART, "nowhere", None) is None


@pytest.mark.parametrize(
    ("symbols", "qualname", "could"),
    [
        (["json.load_text"], "Cart.text", True),  # by another name
        (["json.load_text"], "total", False),  # imported, and not used here
        (["shop.prices.price"], "total", True),
        (["total.rate"], "total", True),  # a keyword of this function
        (["len"], "Cart.__len__", False),  # every code uses it
        (["missing"], "total", False),
        ([], "total", False),
    ],
)
def test_a_mistake_could_be_made_where_its_owner_is_used(symbols: list[str], qualname: str, could: bool) -> None:
    """Not where its last name stands: who avoids the mistake does not write that."""
    assert could_be_made(symbols, names(CART, piece(CART, qualname))) is could
