"""Failed assertions, exceptions that did not come, and exceptions that came instead of others."""

from __future__ import annotations

import unittest
import warnings
from typing import Any

import pytest

from pytest_llmlearn.detectors.logic import ADVICE, RULES, LogicDetector, llmlearn_register_detectors
from pytest_llmlearn.domain.finding import Finding
from pytest_llmlearn.domain.literal import KINDS
from pytest_llmlearn.domain.occurrence import Frame, Linked, Occurrence
from pytest_llmlearn.domain.source import Unit, unit_named
from pytest_llmlearn.hookspecs import Detector, Evidence

CODE = "class Basket:\n    def total(self):\n        return 3\n\n\ndef check(x):\n    assert x > 0\n    return x\n"
MODULE = Unit(qualname="", kind="module", start=1, line=1, end=8)


def findings(
    message: str,
    test: str,
    line: int,
    *,
    exception: str = "AssertionError",
    mro: tuple[str, ...] = (),
    unit: str = "Basket.total",
    deeper: tuple[Frame, ...] = (),
    **more: Any,
) -> list[Finding]:
    """What the detector says of a failure at that line of the text of `tests/test_shop.py`."""
    statement = test.split("\n")[line - 1].strip()
    frame = Frame(path="tests/test_shop.py", line=line, function="test_it", statement=statement)
    occurrence = Occurrence(
        nodeid="tests/test_shop.py::test_it", when="call", exception=exception, mro=mro or (exception, "Exception"),
        message=message, path="shop.py", frames=(frame, *deeper), test_path="tests/test_shop.py", **more,
    )  # fmt: skip
    evidence = Evidence(
        path="shop.py", text=CODE, unit=unit_named(CODE, unit) or MODULE, surroundings=None,  # type: ignore[arg-type]
        in_test=not deeper, test_text=test,
    )  # fmt: skip
    return list(LogicDetector().detect(occurrence, evidence))


def test_a_failed_assertion_names_the_unit_and_the_kind() -> None:
    """The unit under test and the kind are the identity; the lesson says what was got and what is wanted."""
    (found,) = findings("assert 3 == 4\n +  where 3 = total()", "assert Basket().total() == 4", 1)
    assert found.rule_id == "logic.assertion-mismatch"
    assert found.unit_decides
    assert found.fields["kind"] == "off by one"
    assert found.lesson == "`Basket.total` gives 3, not 4 (off by one): check bounds and the first index."


@pytest.mark.parametrize(
    ("message", "test", "told"),
    [
        (
            "assert 'a' in 'bc'\n +  where 'bc' = total()",
            "assert 'a' in Basket().total()",
            "gives 'bc', which lacks 'a'",
        ),
        (
            "assert 'b' not in 'bc'\n +  where 'bc' = total()",
            "assert 'b' not in Basket().total()",
            "gives 'bc', which holds 'b'",
        ),
        (
            "assert <shop.Basket object at 0x7a1> == <shop.Basket object at 0x7b2>",
            "assert Basket().total() == Basket()",
            "gives a Basket that is not the one expected",
        ),
        (
            "assert 15 == (4 * 5)\n +  where 15 = total()",
            "assert Basket().total() == 4 * 5",
            "gives 15, not 20 (value)",
        ),
    ],
)
def test_a_lesson_says_in_plain_words_what_was_got(message: str, test: str, told: str) -> None:
    """What a container lacks or holds, the class of an object, the sum that the test works out."""
    (found,) = findings(message, test, 1)
    assert found.fields["told"] == told


def test_another_message_is_told_as_that_of_an_error() -> None:
    """A function raises errors, and they have the messages."""
    (found,) = findings("Regex pattern did not match.\n Regex: 'no such'\n Input: 'x'", "f()", 1, exception="Failed")
    assert "must raise an error whose message matches 'no such' here; it raised one with another" in found.lesson


def test_a_statement_over_several_lines_is_read_from_the_tests_file() -> None:
    """A frame holds one line only; which value was expected is told by the whole statement."""
    test = "self.assertEqual(\n    {'a': 1},\n    Basket().total(),\n)\n"
    (found,) = findings("{'a': 1} != {}", test, 1)
    assert (found.fields["got"], found.fields["kind"]) == ("{}", "missing element")


def test_the_method_of_a_class_is_named_where_the_statement_calls_it() -> None:
    """A class as the unit says less than the method that the assertion calls."""
    (found,) = findings("3 != 9", "self.assertEqual(Basket().total(), 9)", 1, unit="Basket")
    assert found.fields["unit"] == "Basket.total"


def test_the_lesson_begins_where_long_values_differ() -> None:
    """Two long texts with one beginning are shown from their difference on."""
    (found,) = findings(f"'{'x' * 60}left' != '{'x' * 60}right'", "self.assertEqual(f(), expected)", 1)
    assert "left" in found.lesson and "right" in found.lesson


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("DID NOT RAISE ValueError", "ValueError"),
        ("DID NOT RAISE <class 'ValueError'>", "ValueError"),
        ("DID NOT RAISE <class 'shop.errors.SoldOut'>", "SoldOut"),
        ("DID NOT RAISE any of (ValueError, KeyError)", "ValueError or KeyError"),
        ("DID NOT RAISE (<class 'ValueError'>, <class 'KeyError'>)", "ValueError or KeyError"),
        ("DID NOT WARN. No warnings of type (<class 'UserWarning'>,) were emitted.\n Emitted: [].", "UserWarning"),
    ],
)
def test_an_exception_that_did_not_come_is_named_in_every_wording(message: str, expected: str) -> None:
    """pytest has worded it differently from version to version."""
    test = "with pytest.raises(ValueError):\n    Basket().total()\n"
    (found,) = findings(message, test, 1, exception="Failed", mro=("Failed", "OutcomeException", "BaseException"))
    assert (found.rule_id, found.fields["expected"]) == ("logic.did-not-raise", expected)
    assert found.severity == "major"


def test_unittest_words_a_missing_exception_as_an_assertion() -> None:
    """`assertRaises` fails with an AssertionError whose message names the class."""
    with pytest.raises(AssertionError) as block, unittest.TestCase().assertRaises(ValueError):
        pass
    with pytest.raises(AssertionError) as call:
        unittest.TestCase().assertRaises((ValueError, KeyError), int, "3")
    for caught, expected in ((block, "ValueError"), (call, "ValueError or KeyError")):
        (found,) = findings(str(caught.value), "with self.assertRaises(ValueError):", 1)
        assert (found.rule_id, found.fields["expected"]) == ("logic.did-not-raise", expected)


RAISES = "def test_it():\n    with pytest.raises({}):\n        Basket().total()\n"


@pytest.mark.parametrize("head", ["ValueError", "ValueError, match='x'", "(ValueError, KeyError)", "errors.SoldOut"])
def test_another_exception_than_the_expected_one_is_told(head: str) -> None:
    """The statement stands inside `with pytest.raises(…)` of another class."""
    raising = Frame(path="shop.py", line=3, function="Basket.total", statement="raise OSError('no')")
    found = findings("no", RAISES.format(head), 3, exception="OSError", deeper=(raising,))
    assert [one.rule_id for one in found] == ["logic.wrong-exception"]
    assert found[0].fields["raised"] == "OSError"
    assert found[0].confidence == 0.9


@pytest.mark.parametrize("head", ["IOError", "OSError", "Exception", "expected", "(ValueError, socket.error)"])
def test_the_expected_exception_under_another_name_is_no_finding(head: str) -> None:
    """A base, an alias of Python's, or a variable that may hold any class."""
    assert findings("no", RAISES.format(head), 3, exception="OSError", mro=("OSError", "Exception")) == []


def test_the_callable_form_of_raises_counts_too() -> None:
    """`self.assertRaises(ValueError, f, 1)` runs the code on its own line."""
    found = findings("'x'", "self.assertRaises(ValueError, f, 1)", 1, exception="OSError")
    assert [one.rule_id for one in found] == ["logic.wrong-exception"]


def test_an_exception_outside_of_raises_is_no_finding() -> None:
    """Only the statements inside the block are expected to raise."""
    test = "def test_it():\n    Basket().total()\n    with pytest.raises(ValueError):\n        pass\n"
    assert findings("no", test, 2, exception="OSError") == []


def test_an_accident_inside_of_raises_is_left_to_its_own_detector() -> None:
    """A NameError is a mistake of its own, whatever the test expects."""
    accident = Frame(path="shop.py", line=3, function="Basket.total", statement="return jsn.dumps(3)")
    test, message = RAISES.format("ValueError"), "name 'jsn' is not defined"
    (found,) = findings(message, test, 3, exception="NameError", deeper=(accident,))
    assert found.confidence < 0.6


@pytest.mark.parametrize(
    "message",
    [
        "Regex pattern did not match.\n  Expected regex: 'foo'\n  Actual message: 'bar'",
        "Regex pattern did not match.\n Regex: 'foo'\n Input: 'bar'",
        '"foo" does not match "bar"',
    ],
)
def test_another_message_than_the_expected_one_is_a_wrong_exception(message: str) -> None:
    """The class is right, the words are not."""
    (found,) = findings(message, RAISES.format("ValueError, match='foo'"), 3)
    assert found.rule_id == "logic.wrong-exception"
    assert "foo" in found.fields["expected"]


def test_an_explicit_failure_is_a_kind_of_its_own() -> None:
    """`pytest.fail` and `self.fail` say in words what no comparison says."""
    (of_pytest,) = findings("broken", "pytest.fail('broken')", 1, exception="Failed")
    (of_unittest,) = findings("broken", "self.fail('broken')", 1)
    assert of_pytest.fields["kind"] == of_unittest.fields["kind"] == "explicit fail"


def test_reading_a_statement_warns_nobody() -> None:
    """An odd escape in the test's text was warned of when Python compiled it, and is no news."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        findings("assert 'a' == '\\d'", r"assert f() == '\d'", 1)
    assert seen == []


def test_a_strict_xpass_is_told() -> None:
    """A test that is strictly expected to fail, and passed."""
    (found,) = findings("[XPASS(strict)] not done yet", "pass", 1, exception="Failed")
    assert found.rule_id == "logic.unexpected-pass"


def test_an_assertion_of_the_code_itself_is_its_own_check() -> None:
    """The generated code's own `assert` compares nothing that the test wants."""
    own = Frame(path="shop.py", line=7, function="check", statement="assert x > 0")
    (found,) = findings("", "check(-1)", 1, deeper=(own,), unit="check")
    assert found.fields["kind"] == "own check"


@pytest.mark.parametrize(
    "message",
    ["Timeout (>10.0s) from pytest-timeout.", "async def functions are not natively supported.",
     "contains 2 failed subtests"],
)  # fmt: skip
def test_what_pytest_fails_for_other_reasons_is_passed_over(message: str) -> None:
    """`Failed` is also how pytest and its plug-ins speak of time limits and missing plug-ins."""
    assert findings(message, "pass", 1, exception="Failed") == []


def test_the_members_of_a_group_are_looked_at() -> None:
    """Several assertions that failed together are one finding."""
    members = tuple(
        Linked(relation="member", exception="AssertionError", mro=("AssertionError",), message=f"assert {n} == 9")
        for n in (3, 4)
    )
    found = findings("two (2 sub-exceptions)", "run()", 1, exception="ExceptionGroup", linked=members)
    assert [one.rule_id for one in found] == ["logic.assertion-mismatch"]


def test_other_exceptions_are_passed_over() -> None:
    """A KeyError is no failed assertion."""
    assert findings("'a'", "f()", 1, exception="KeyError") == []


@pytest.mark.parametrize(
    "message", ["assert '\ud800' == 3", "assert " + "[" * 3_000, "\0", "DID NOT RAISE " + "(" * 999]
)
def test_hostile_messages_are_survived(message: str) -> None:
    """A message is text that anyone can write; the lesson stays a line."""
    for found in findings(message, "assert f() == 3", 1):
        assert len(found.lesson) < 240


def test_every_kind_has_its_advice_and_every_lesson_its_line() -> None:
    """A kind without advice would be given that of another; a lesson is one line of a terminal."""
    assert set(ADVICE) == set(KINDS) - {"message"}
    for kind, advice in ADVICE.items():
        (found,) = findings(f"{'a' * 300!r} != {'b' * 300!r}", "assertEqual(f(), g())", 1)
        longest = found.lesson.replace("value", kind).replace(ADVICE["value"], advice)
        assert len(longest) < 160
    assert all(len(rule.plain) < 160 for rule in RULES)


def test_the_detector_registers_itself() -> None:
    """The hook brings one detector with its rules."""
    brought: list[Detector] = []
    llmlearn_register_detectors(brought.append)
    assert [one.name for one in brought] == ["logic"]
