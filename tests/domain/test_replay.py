"""What a lesson stands for, and whether it named what then failed."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.replay import Alarm, Seen, half, judged, judged_lines, signature
from tests.replaying import a_failure, an_attempt


@pytest.mark.parametrize(
    ("message", "rule", "exact"),
    [
        ("'total'", "Q", "'total'"),
        ("line 12 of /srv/app/shop.py at 0x7f3a", "line N of P at X", "line N of P at X"),
        ("no 'a' in 'b'\nsecond line", "no Q in Q", "no 'a' in 'b'"),
        ("x" * 400, "x" * 160, "x" * 160),
        ("", "", ""),
    ],
)
def test_a_message_keeps_what_does_not_vary(message: str, rule: str, exact: str) -> None:
    """Numbers, paths and addresses go at both levels, quoted names at the rule level alone."""
    failure = a_failure("shop.CartError", message)
    assert signature(failure, "rule") == ("shop.CartError", rule)
    assert signature(failure, "exact") == ("shop.CartError", exact)


@pytest.mark.parametrize("exception", ["AssertionError", "_pytest.outcomes.Failed", "XPASS(strict)"])
def test_a_failed_expectation_is_told_by_its_test(exception: str) -> None:
    """Its message holds values; which expectation it was only the test's name tells."""
    failure = a_failure(exception, "assert 1 == 2", nodeid="test_a.py::TestCart::test_add_item_12[x-1]")
    assert signature(failure, "exact") == ("assert", "test_add_item_12")
    assert signature(failure, "rule") == ("assert", "test_add_item")


def test_a_lesson_stands_for_its_most_frequent_signature_alone() -> None:
    """A pattern that gathers all sorts of failures names one of them; of two as frequent the earlier one."""
    seen = Seen()
    seen.learn("carts", [("1:a", a_failure(message="empty")), ("1:a", a_failure(message="full"))])
    assert seen.stands_for("1:a", "rule") == ("KeyError", "empty")
    seen.learn("carts", [("1:a", a_failure(message="full"))])
    assert seen.stands_for("1:a", "rule") == ("KeyError", "full")
    assert seen.stands_for("1:b", "rule") is None


def test_what_a_task_taught_can_be_left_out_with_its_counts() -> None:
    """Not even how often it came there may decide what a lesson stands for."""
    seen = Seen()
    seen.learn("users", [("1:a", a_failure(message="empty"))])
    seen.learn("carts", [("1:a", a_failure(message="full")), ("1:a", a_failure(message="full"))])
    assert seen.stands_for("1:a", "rule") == ("KeyError", "full")
    assert seen.stands_for("1:a", "rule", "carts") == ("KeyError", "empty")
    full, empty = a_failure(message="full"), a_failure(message="empty")
    assert seen.repeats([full], "rule")
    assert not seen.repeats([full], "rule", "carts")
    assert seen.repeats([full, empty], "rule", "carts")


def test_an_answer_is_right_where_it_names_a_coming_failure() -> None:
    """At each level by itself: another key is another failure at the exact level only."""
    seen = Seen()
    seen.learn("carts", [("1:a", a_failure(message="'total'")), ("1:b", a_failure("TypeError", "not callable"))])
    attempt = an_attempt("2", "carts", a_failure(message="'price'"))
    scored = judged(attempt, [("1:b", 0.9, False), ("1:a", 0.4, True)], seen, tokens=30)
    assert [one.right for one in scored.told] == [frozenset(), {"rule"}]
    assert scored.repeats == {"rule"}
    assert scored.hit("rule") and not scored.hit("rule", 1) and not scored.hit("exact")
    assert [one.always for one in scored.above(0.95).told] == [True]
    assert scored.tokens == 30


def test_an_alarm_is_right_on_the_failing_line_alone() -> None:
    """The right mistake two lines lower is a wrong alarm."""
    seen = Seen()
    seen.learn("carts", [("1:a", a_failure(line=2))])
    attempt = an_attempt("2", "carts", a_failure(line=7))
    scored = judged_lines(attempt, [Alarm(fingerprint="1:a", line=5), Alarm(fingerprint="1:a", line=7)], seen)
    assert [one.right for one in scored.told] == [frozenset(), {"rule", "exact"}]


def test_an_alarm_that_stands_for_nothing_is_never_right() -> None:
    """A failure without a place must not meet a pattern that is not known."""
    scored = judged_lines(an_attempt("1", "carts", a_failure()), [Alarm(fingerprint="1:x", line=1)], Seen())
    assert scored.told[0].right == frozenset()


def test_every_other_task_goes_by_name() -> None:
    """The halves share no task, and hold all of them together."""
    tasks = ["d", "b", "a", "c", "b"]
    assert half(tasks, "even") == {"a", "c"}
    assert half(tasks, "odd") == {"b", "d"}
    assert half(tasks, "all") == {"a", "b", "c", "d"}
