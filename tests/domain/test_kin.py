"""Which mistakes are of one kin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.kin import LIMIT, exception_of, kin

ROOM = len(" of a library")
"""What may stand behind the characters of the limit."""


def of(exception: str = "KeyError", message: str = "'a'", nodeid: str = "t.py::test_a", asserted: bool = False) -> str:
    return kin(exception, message, nodeid, asserted=asserted)


def test_names_and_values_that_a_mistake_met_do_not_tell_kins_apart() -> None:
    """Quoted ones, of either quote, and numbers."""
    assert of(message="'a'") == of(message="'b'") == of(message='"c"')
    assert of("IndexError", "list of 3 is too short") == of("IndexError", "list of 41 is too short")
    assert of("NameError", "name 'np' is not defined") == of("NameError", "name 'pd' is not defined")


def test_another_exception_or_another_wording_is_another_kin() -> None:
    """However alike the rest is."""
    assert of("KeyError") != of("LookupError")
    assert of("TypeError", "'int' object is not iterable") != of("TypeError", "'int' object is not callable")


def test_an_exception_has_one_spelling() -> None:
    """Wherever in its package it is defined."""
    assert of("json.decoder.JSONDecodeError", "x") == of("json.JSONDecodeError", "x")


@pytest.mark.parametrize("name", ["test_add_1", "test_add_2", "test_add", "test_add_17[left]", "test_add3"])
def test_failed_assertions_of_one_test_are_kin_whatever_its_number(name: str) -> None:
    """Nor do its parameters, its folder, its class or the values that it compared."""
    told = of("AssertionError", "assert 1 == 2", f"tests/sub/t.py::TestIt::{name}", asserted=True)
    assert told == of("AssertionError", "assert 'x' in 'y'", "t.py::test_add_9", asserted=True)


def test_assertions_of_two_tests_are_not_kin() -> None:
    """What is known of an assertion is the test that it failed."""
    assert of(nodeid="t.py::test_add", asserted=True) != of(nodeid="t.py::test_remove", asserted=True)
    assert of(nodeid="t.py::test_add_1_more", asserted=True) != of(nodeid="t.py::test_add_2_more", asserted=True)


def test_a_parameter_may_hold_what_parts_a_name() -> None:
    """The name ends where its parameters begin; colons within them are theirs."""
    assert of(nodeid="t.py::test_add[a]", asserted=True) == "assert:test_add"


def test_a_name_that_a_library_lacks_is_not_one_that_the_project_lacks() -> None:
    """The first was remembered wrongly, the second was not written."""
    message = "cannot import name 'mean' from '{}' ({})"
    library = of("ImportError", message.format("numpy", "/usr/lib/python3/site-packages/numpy/__init__.py"))
    own = of("ImportError", message.format("shop", "/home/robin/shop/__init__.py"))
    assert library != own and library.startswith(own.partition(" (")[0][:20])


def test_the_exception_of_a_kin() -> None:
    """Assertions have none but their own mark."""
    assert exception_of(of("OddError", "it: is so")) == "OddError"
    assert exception_of(of("ValueError", "x", asserted=True)) == "assert"
    assert exception_of("") == ""


@given(st.text(), st.text(max_size=600), st.text(max_size=400), st.booleans())
def test_any_text_has_a_bounded_kin_and_the_same_one_again(
    exception: str, message: str, nodeid: str, asserted: bool
) -> None:
    """Nothing raises, and nothing grows beyond bounds."""
    told = kin(exception, message, nodeid, asserted=asserted)
    assert len(told) <= LIMIT + ROOM
    assert told == kin(exception, message, nodeid, asserted=asserted)
