"""What the words of a failed assertion tell of the mismatch."""

from __future__ import annotations

import ast
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from pytest_llmlearn.domain.literal import KINDS, Unreadable, difference, read
from pytest_llmlearn.domain.mismatch import VALUE_LIMIT, mismatch


def statement(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


PYTEST = [
    ("assert (3 + 3) == 3\n +  where 3 = step(1)", "assert step(1) + step(1) == 3", "value"),
    ("assert (<Engine> + 1) == 8\n +  where <Engine> = f()", "assert f() + 1 == 8", "value"),
    ("assert 15 == (4 * 5)\n +  where 15 = f()", "assert f() == 4 * 5", "value"),
    ("assert 19 == (4 * 5)\n +  where 19 = f()", "assert f() == 4 * 5", "off by one"),
    ("assert 'ab' == ('a' * 3)\n +  where 'ab' = f()", "assert f() == 'a' * 3", "value"),
    ("assert 3 == (<A> | <B>)\n +  where 3 = f()", "assert f() == A | B", "value"),
    ("assert {'x': 1} == {'x': 2}", "assert f() == {'x': 2}", "value"),
    ("assert [{'x': 1}] == [{'x': 2}]", "assert f() == [{'x': 2}]", "value"),
    ("assert {1} == {2}", "assert f() == {2}", "value"),
    (
        "assert {'x': 1, ...} == {'x': 2, ...}\n  \n  Differing items:\n  {'x': 1} != {'x': 2}",
        "assert f() == big",
        "value",
    ),
    ("assert [1, 2] == [2, 3]", "assert f() == [2, 3]", "off by one"),
    ("assert 3 == 4\n +  where 3 = add(1, 1)", "assert add(1, 1) == 4", "off by one"),
    ("assert 3 == 9\n +  where 3 = add(1, 1)", "assert add(1, 1) == 9", "value"),
    ("assert (1 == 2)\n +  where 1 = f(1)", "assert f(1) == 2 and f(2) == 3", "off by one"),
    ("assert '3' == 3", "assert f() == 3", "type"),
    ("assert [1] == (1,)\n  \n  Use -v to get more diff", "assert f() == (1,)", "type"),
    ("assert None == 3\n +  where None = f(None)", "assert f(None) == 3", "none"),
    ("assert None is not None", "assert f() is not None", "none"),
    ("assert None\n +  where None = f()", "assert f()", "none"),
    ("assert [] is None", "assert f() is None", "type"),
    ("assert False\n +  where False = f(1)", "assert f(1)", "truth"),
    ("assert not [1]\n +  where [1] = f([1])", "assert not f([1])", "truth"),
    ("assert False is True\n +  where False = <a.B object at 0x7f1>.c", "assert b.c is True", "truth"),
    ("assert False\n +  where False = isinstance(3, str)", "assert isinstance(f(3), str)", "type"),
    ("assert 1 == 2\n +  where 1 = len([1])\n +    where [1] = f([1])", "assert len(f([1])) == 2", "length"),
    ("assert 'dict' == 'Point'\n  \n  - Point\n  + dict", "assert type(f()).__name__ == 'Point'", "type"),
    ("assert 'a' in ['b']\n +  where ['b'] = f()", "assert 'a' in f()", "missing element"),
    ("assert 'a' not in 'abc'\n  \n  'a' is contained here:\n    abc\n  ? +", "assert 'a' not in f()", "extra element"),
    ("assert 'Ab' == 'ab'\n  \n  - ab\n  + Ab", "assert f() == 'ab'", "text case"),
    ("assert 'a b' == 'a  b\\n'\n  \n  - a  b\n  + a b", "assert f() == 'a  b\\n'", "white space"),
    ("assert [1, 2] == [1, 2, 3]\n  \n  Right contains one more item: 3", "assert f() == [1, 2, 3]", "missing element"),
    ("assert [1, 2, 3] == [1, 2]\n  \n  Left contains one more item: 3", "assert f() == [1, 2]", "extra element"),
    ("assert [2, 1] == [1, 2]\n  \n  At index 0 diff: 2 != 1", "assert f() == [1, 2]", "order"),
    ("assert [0, 1] == [1, 2]\n  \n  At index 0 diff: 0 != 1", "assert f() == [1, 2]", "off by one"),
    ("assert {1, 2} == {2}\n  \n  Extra items in the left set:\n  1", "assert f() == {2}", "extra element"),
    ("assert {'a': 1} == {'a': 1, 'b': 2}", "assert f() == {'a': 1, 'b': 2}", "missing element"),
    ("assert {'Name': 1} == {'name': 1}", "assert f() == {'name': 1}", "text case"),
    ("assert 1.1 == 1.2 ± 1.2e-06\n  \n  comparison failed", "assert f() == approx(1.2)", "value"),
    ("assert 1.20001 == 1.2 ± 1.2e-06\n  \n  comparison failed", "assert f() == approx(1.2)", "float tolerance"),
    ("assert 0.30000000000000004 == 0.3", "assert f() == 0.3", "float tolerance"),
    ("assert 33.33 == 33.333333", "assert f() == 33.333333", "float tolerance"),
    ("should be big\nassert 1 > 2\n +  where 1 = f(1)", "assert f(1) > 2, 'should be big'", "value"),
    (
        "assert [0, 1, 2, 3, 4, 5, ...] == [0, 1, 2, 3, 4, 5, ...]\n  \n  Right contains one more item: 200",
        "assert f() == list(range(201))",
        "missing element",
    ),
    (
        "assert {'k': 'vvvvvv...vvvv'} == {'k': 'wwww...ww', 'z': 1}\n  \n  Differing items:\n"
        "  {'k': 'vvvvvv...vvvv'} != {'k': 'wwww...ww'}\n  Right contains 1 more item:\n  {'z': 1}",
        "assert f() == expected",
        "value",
    ),
    (
        "assert False\n +  where False = <function allclose at 0x7fd0>(array([1.0, 2.0]), array([1.0, 2.00001]))",
        "assert np.allclose(f(), [1.0, 2.00001])",
        "float tolerance",
    ),
    (
        "assert False\n +  where False = <function array_equal at 0x7fd0>(array([[1],\\n       [2]]), array([1, 2]))",
        "assert np.array_equal(f(), expected)",
        "shape",
    ),
    (
        "assert False\n +  where False = <built-in method startswith of str object at 0x7f>('x')",
        "assert f().startswith('x')",
        "value",
    ),
]


@pytest.mark.parametrize(("message", "failing", "kind"), PYTEST)
def test_pytests_introspection_tells_the_kind(message: str, failing: str, kind: str) -> None:
    """Each shape of pytest's own explanation leads to the kind a reader would name."""
    assert mismatch(message, statement(failing)).kind == kind


class Case(unittest.TestCase):
    """Words its failures as any unittest does."""


UNITTEST: list[tuple[Callable[[Case], None], str, str]] = [
    (lambda case: case.assertEqual(3, 4), "self.assertEqual(f(), 4)", "off by one"),
    (lambda case: case.assertEqual(4, 3), "self.assertEqual(4, f())", "off by one"),
    (lambda case: case.assertEqual(2, 3), "self.assertEqual(len(f()), 3)", "length"),
    (lambda case: case.assertEqual("a", "b"), "self.assertEqual(f(), 'b')", "value"),
    (lambda case: case.assertEqual("A", "a", "why"), "self.assertEqual(f(), 'a', 'why')", "text case"),
    (lambda case: case.assertEqual("a\nb", "\na\nb\n"), "self.assertEqual(f(), '')", "white space"),
    (lambda case: case.assertEqual(None, "b"), "self.assertEqual(f(), 'b')", "none"),
    (lambda case: case.assertEqual("b", None), "self.assertEqual('b', f())", "none"),
    (lambda case: case.assertEqual(False, -1), "self.assertEqual(f(), -1)", "type"),
    (lambda case: case.assertTrue(False), "self.assertTrue(f())", "truth"),
    (lambda case: case.assertTrue(None), "self.assertTrue(f())", "none"),
    (lambda case: case.assertIsNone(3), "self.assertIsNone(f())", "type"),
    (lambda case: case.assertIsNotNone(None), "self.assertIsNotNone(f())", "none"),
    (lambda case: case.assertIsInstance(1, str), "self.assertIsInstance(f(), str)", "type"),
    (lambda case: case.assertIn(1, [2]), "self.assertIn(1, f())", "missing element"),
    (lambda case: case.assertNotIn(1, [1]), "self.assertNotIn(1, f())", "extra element"),
    (lambda case: case.assertEqual([1], [1, 2]), "self.assertEqual(f(), [1, 2])", "missing element"),
    (lambda case: case.assertEqual([1, 2], [1]), "self.assertEqual([1, 2], f())", "missing element"),
    (lambda case: case.assertEqual([1] * 100, [1] * 101), "self.assertEqual(f(), wanted)", "missing element"),
    (lambda case: case.assertEqual({1}, {1, 2}), "self.assertEqual(f(), {1, 2})", "missing element"),
    (lambda case: case.assertEqual({"a": 1}, {"a": "1"}), "self.assertEqual(f(), {'a': '1'})", "type"),
    (lambda case: case.assertCountEqual([1, 2, 2], [1, 2]), "self.assertCountEqual(f(), [1, 2])", "extra element"),
    (lambda case: case.assertCountEqual([1], [2]), "self.assertCountEqual(f(), [2])", "value"),
    (lambda case: case.assertAlmostEqual(1.0, 1.0001), "self.assertAlmostEqual(f(), 1.0001)", "float tolerance"),
    (lambda case: case.assertAlmostEqual(1.0, 5.0), "self.assertAlmostEqual(f(), 5.0)", "value"),
    (lambda case: case.assertGreater(1, 2), "self.assertGreater(f(), 2)", "value"),
    (lambda case: case.assertRegex("abc", "x+"), "self.assertRegex(f(), 'x+')", "value"),
    (lambda case: mock.Mock(name="foo").assert_called_once(), "foo.assert_called_once()", "call"),
    (lambda case: mock.Mock(name="foo").assert_called_with(2), "foo.assert_called_with(2)", "call"),
]


@pytest.mark.parametrize(("fail", "failing", "kind"), UNITTEST)
def test_unittests_messages_tell_the_kind(fail: Callable[[Case], None], failing: str, kind: str) -> None:
    """The messages are made by unittest itself, so that a newer Python's wording is tried where it runs."""
    with pytest.raises(AssertionError) as caught:
        fail(Case())
    assert mismatch(str(caught.value), statement(failing)).kind == kind


ARRAYS = [
    ("\nNot equal to tolerance rtol=1e-07, atol=0\n\nMismatched elements: 1 / 2 (50%)\n"
     "Max absolute difference among violations: 0.0001\nMax relative difference among violations: 0.0001\n",
     "float tolerance"),
    ("\nNot equal to tolerance rtol=1e-07, atol=0\n\nMismatched elements: 1 / 2 (50%)\n"
     "Max absolute difference: 5.\nMax relative difference: 0.5\n", "value"),
    ("\nArrays are not equal\n\n(shapes (2,), (3,) mismatch)\n ACTUAL: array([1, 2])", "shape"),
    ("DataFrame are different\n\nDataFrame shape mismatch\n[left]:  (2, 2)\n[right]: (3, 2)", "shape"),
    ('Attributes of DataFrame.iloc[:, 0] (column name="a") are different\n\nAttribute "dtype" are different\n'
     "[left]:  int64\n[right]: float64", "type"),
    ('DataFrame.iloc[:, 0] (column name="a") are different\n\nvalues are different (50 %)\n[left]: [1]', "value"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "kind"), ARRAYS)
def test_the_messages_of_array_libraries_tell_the_kind(message: str, kind: str) -> None:
    """numpy.testing and pandas.testing name the facts below a headline."""
    assert mismatch(message, statement("assert_allclose(f(), wanted)")).kind == kind


def test_a_literal_on_the_left_is_what_was_expected() -> None:
    """`assertEqual('apple', f())` has its values the other way round."""
    found = mismatch("'apple' != 'pear'\n- apple\n+ pear\n", statement("self.assertEqual('apple', f())"))
    assert (found.got, found.expected) == ("'pear'", "'apple'")


def test_without_a_statement_the_first_value_is_what_was_got() -> None:
    """A failure that was handed in has no statement of its test."""
    found = mismatch("'pear' != 'apple'\n- pear\n+ apple\n")
    assert (found.got, found.expected) == ("'pear'", "'apple'")


def test_an_operator_inside_a_text_does_not_split_it() -> None:
    """Values may hold ` == `."""
    found = mismatch("assert 'a == b' == 'a == c'", statement("assert f() == 'a == c'"))
    assert (found.got, found.expected) == ("'a == b'", "'a == c'")


def test_long_values_are_cut() -> None:
    """What is kept of a value is bounded."""
    found = mismatch(f"{'a' * 900!r} != {'b' * 900!r}")
    assert found.got is not None and len(found.got) == VALUE_LIMIT


@pytest.mark.parametrize(
    "message",
    ["", "\0", "assert " + "(" * 2_000, "assert " + " == " * 700, "- " * 1_500, "{" * 900 + " != 1", "\ud800 != 'a'",
     "assert '\\q' == 3", "1" * 2_500 + " != 2", "9" * 400 + " != 1.5", "assert 1e999 == 10"],
)  # fmt: skip
def test_hostile_messages_give_some_kind(message: str) -> None:
    """A message is text that anyone can write."""
    assert mismatch(message).kind in KINDS


@pytest.mark.parametrize(
    ("text", "value"),
    [("[1, -2.5, None, True]", [1, -2.5, None, True]), ("np.float64(1.5)", 1.5), ("np.True_", True),
     ("array([[1, 2]], dtype=int32)", [[1, 2]]), ("frozenset({1})", [1]), ("Counter({'a': 2})", [("a", 2)])],
)  # fmt: skip
def test_values_are_read_back_from_their_repr(text: str, value: Any) -> None:
    """Constants, containers, and the containers of well-known libraries."""
    assert read(text) == value


@pytest.mark.parametrize("text", ["<object at 0x1>", "[1, ...]", "x", "__import__", "1 +", "lambda: 0", ""])
def test_what_is_no_value_is_unreadable(text: str) -> None:
    """Nothing is guessed, and nothing is evaluated."""
    with pytest.raises(Unreadable):
        read(text)


def test_objects_of_one_class_differ_by_their_arguments() -> None:
    """A dataclass shows its fields in its repr."""
    assert difference(read("Point(x=1, y=2)"), read("Point(x=1, y=3)")) == "off by one"
    assert difference(read("Point(x=1)"), read("Place(x=1)")) == "type"


@pytest.mark.parametrize(
    ("claim", "shown"),
    [
        ("15 == (4 * 5)", "20"),
        ("15 == (4 - (5 / 2))", "1.5"),
        ("15 == ((2 ** 3) % 3)", "2"),
        ("'a' == ('a' + 'b')", "'ab'"),
        ("[] == ([0] * 3)", "[0, 0, 0]"),
        ("1 == (9 ** 999)", "(9 ** 999)"),
        ("1 == (1 / 0)", "(1 / 0)"),
        ("'' == ('a' * 999999999)", "('a' * 999999999)"),
        ("1 == (1 + 'a')", "(1 + 'a')"),
        ("1 == (1 @ 2)", "(1 @ 2)"),
    ],
)
def test_arithmetic_of_literals_is_worked_out_within_bounds(claim: str, shown: str) -> None:
    """pytest shows it as written; what cannot be had stays so."""
    assert mismatch(f"assert {claim}", statement("assert f() == x")).expected == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<shop.cart.Stack object at 0x7f7742995a90>", "a Stack"),
        ("[<tests.test_it.test_a.<locals>.Engine object at 0x7F>]", "[an Engine]"),
        ("<Engine>", "<Engine>"),
        ("<function f at 0x7f>", "<function f at 0x7f>"),
    ],
)
def test_objects_are_shown_by_their_class(text: str, shown: str) -> None:
    """An address tells nothing, and is another one in every run."""
    assert mismatch(f"assert {text} == 3", statement("assert f() == 3")).got == shown
