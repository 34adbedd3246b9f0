"""What was seen in code before it ran, held against what then failed."""

from __future__ import annotations

from pytest_llmlearn.domain.edit_time import Caught, Met, caught, failing, false_alarms
from pytest_llmlearn.domain.replay import Alarm
from tests.replaying import a_failure, an_attempt


def test_an_alarm_may_be_a_line_beside() -> None:
    """Of a statement of several lines any will do; two lines off is wrong."""
    attempt = an_attempt("1", "carts", a_failure(line=5))
    for line, end, right in ((5, 5, True), (4, 4, True), (6, 0, True), (1, 4, True), (3, 3, False), (7, 9, False)):
        watched = Met().judged(attempt, [Alarm(fingerprint="1:a", line=line, end=end)])
        assert watched.failures == (("new", right),)


def test_repeats_are_told_apart_by_what_came_before() -> None:
    """Exactly so, only the like, or neither."""
    met = Met()
    met.learn(an_attempt("1", "carts", a_failure(line=5)))
    again = an_attempt(
        "2", "carts", a_failure(line=9), a_failure(message="'other'", line=9), a_failure("ValueError", "x", line=1)
    )
    rows = [met.judged(again, [Alarm(fingerprint="1:a", line=9)])]
    assert [caught(rows, kind) for kind in ("exact", "rule", "new")] == [
        Caught(count=1, of=1),
        Caught(count=1, of=1),
        Caught(count=0, of=1),
    ]


def test_what_linters_know_and_what_tests_expect_is_not_looked_at() -> None:
    """Nor what has no line in the code; each signature once."""
    names = ("AssertionError", "SyntaxError", "builtins.NameError", "UnboundLocalError", "Failed")
    failures = [a_failure(name, line=2) for name in names]
    attempt = an_attempt("1", "carts", *failures, a_failure(), a_failure(line=3), a_failure(line=4))
    assert [one.line for one in failing(attempt).values()] == [3]


def test_a_false_alarm_is_any_in_what_passes() -> None:
    """However many there are in one."""
    alarms = [Alarm(fingerprint="1:a", line=1), Alarm(fingerprint="1:b", line=2)]
    met = Met()
    rows = [met.judged(an_attempt("1"), alarms), met.judged(an_attempt("2"), [])]
    rows.append(met.judged(an_attempt("3", "carts", a_failure(line=1)), alarms))
    assert false_alarms(rows) == Caught(count=1, of=2)
    assert caught([], "exact").share is None
