"""What a test that calls one function of a file reaches in it besides."""

from __future__ import annotations

from pytest_llmlearn.domain.within import reached_within

TEXT = """def load(path):
    return _parse(open(path).read())


def _parse(text):
    return [_number(part) for part in text.split()]


def _number(part):
    return int(part)


class Cart:
    def __init__(self):
        self.items = []

    def total(self):
        return self._sum()

    def _sum(self):
        return sum(self.items)

    def never(self):
        return load("x")


def loops(left):
    return loops(left - 1)
"""


def test_what_a_function_calls_is_reached_through_others_too() -> None:
    """A private function is tested by who tests the public one."""
    assert reached_within(TEXT, ["load"]) == {"load", "_parse", "_number"}


def test_a_method_reaches_those_that_it_calls_on_itself() -> None:
    """By `self`, and no other method of its class."""
    assert reached_within(TEXT, ["Cart.total"]) == {"Cart.total", "Cart._sum"}


def test_naming_a_class_makes_one_of_it() -> None:
    """Its constructor runs; its methods do not by that."""
    assert reached_within(TEXT, ["Cart"]) == {"Cart", "Cart.__init__"}


def test_a_function_that_calls_itself_is_reached_once() -> None:
    """No loop."""
    assert reached_within(TEXT, ["loops"]) == {"loops"}


def test_a_name_that_the_file_lacks_stays_what_it_is() -> None:
    """The module itself, or a constant."""
    assert reached_within(TEXT, [""]) == {""}
    assert reached_within("not python (", ["f"]) == {"f"}
