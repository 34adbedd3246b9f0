"""Lessons as lines of a file that branches share."""

from __future__ import annotations

import json
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain import committed
from pytest_llmlearn.domain.committed import STEPS, folded, joined, line, read, step
from tests.committing import FIX, a_lesson


@pytest.mark.parametrize(("count", "wanted"), [(0, 1), (1, 1), (2, 2), (4, 2), (5, 5), (49, 15), (50, 50), (9999, 150)])
def test_a_count_is_told_in_steps(count: int, wanted: int) -> None:
    """A number that moves with every failure would make every run a change of the file."""
    assert step(count) == wanted


def test_a_line_says_all_of_a_lesson() -> None:
    """Written and read again, it is the same."""
    lesson = a_lesson(fix=FIX, words=(("instead", "use sum()"),), matchers=('{"kind": "shape"}',), state="enforced")
    assert read(line(lesson)) == lesson


def test_a_line_has_sorted_keys_and_nothing_empty() -> None:
    """So that two that write the same lesson write the same line."""
    told = json.loads(line(a_lesson(contexts=(), kin="", path=None)))
    assert list(told) == sorted(told)
    assert not {"contexts", "kin", "path", "fix", "words"} & told.keys()


def test_lines_of_one_mistake_join() -> None:
    """The larger step, the earlier day, all models; what is enforced on one side is."""
    one = a_lesson(seen=5, first_seen=date(2026, 3, 2), models=("model-b",))
    other = a_lesson(seen=2, models=("model-a", "model-c"), state="enforced", fix=FIX)
    both = joined([one, other])
    assert (both.seen, both.first_seen, both.state) == (5, date(2026, 3, 1), "enforced")
    assert both.models == ("model-a", "model-b", "model-c")
    assert both.fix == FIX


def test_joining_does_not_depend_on_the_order() -> None:
    """Whatever git put first."""
    lines = [
        a_lesson(seen=5, lesson="Other words."),
        a_lesson(models=("model-b",), fix=FIX),
        a_lesson(first_seen=date(2026, 1, 1), words=(("instead", "use sum()"),)),
        a_lesson("1:cccc"),
    ]
    assert len({tuple(folded(order)) for order in permutations(lines)}) == 1


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 28), st.sampled_from("abcd")), min_size=1, max_size=6))
def test_folding_a_fold_changes_nothing(parts: list[tuple[int, int, str]]) -> None:
    """And what is folded in twice counts once."""
    lines = [a_lesson(seen=seen, first_seen=date(2026, 3, day), models=(model,)) for seen, day, model in parts]
    once = folded(lines)
    assert folded(once) == once == folded([*lines, *once])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no line of JSON"),
        ("[]", "no lesson"),
        ("[" * 100_000, "no line of JSON"),
        ('{"v": 2}', "of a later version"),
        ('{"v": "passwd"}', "no lesson"),
        ('{"v": 1}', "without 'fingerprint'"),
        (line(a_lesson()).replace('"shop/cart.py"', '"../cart.py"'), "with a path outside the project"),
        (line(a_lesson()).replace('"shop/cart.py"', '"/etc/passwd"'), "with a path outside the project"),
        (line(a_lesson()).replace('"type"', '"colour"'), "with a 'category' that is none"),
        (line(a_lesson()).replace('"seen": 2', '"seen": -2'), "with a 'seen' that is no count"),
        (line(a_lesson()).replace("2026-03-01", "passwd"), "with a 'first_seen' that is no day"),
        (line(a_lesson()).replace('"state": "active"', '"state": "muted"'), "with a 'state' that is none"),
    ],
)
def test_what_is_no_line_is_said_without_quoting_it(text: str, why: str) -> None:
    """A line may hold anything, and the sentence goes to a terminal."""
    with pytest.raises(ValueError, match=why) as caught:
        read(text)
    assert "passwd" not in str(caught.value)


def test_what_no_store_can_hold_does_not_reach_it() -> None:
    """Half of a surrogate pair, inside of what recognises the mistake."""
    told = {**json.loads(line(a_lesson())), "matchers": [{"kind": "api", "body": {"name": "\ud800"}}]}
    assert read(json.dumps(told)).matchers == ('{"body": {"name": "\ufffd"}, "kind": "api"}',)


def test_a_line_that_is_too_long_is_cut() -> None:
    """A file that somebody filled by hand costs no prompt its room."""
    text = line(a_lesson()).replace("return cart.summ()", "\\n".join(["x" * 500] * 50))
    lines = read(text).bad.split("\n")
    assert len(lines) == committed.CODE_LINES
    assert max(map(len, lines)) == committed.CODE_WIDTH
