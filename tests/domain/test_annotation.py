"""What a reviewer is told of a mistake, and in which order."""

from __future__ import annotations

import json

from hypothesis import given

from pytest_llmlearn.domain.annotation import (
    Annotation,
    Remedy,
    counted,
    distinct,
    one_each,
    ordered,
    said,
    standing,
    title,
    worded,
)
from tests.annotating import FIX, an_annotation, hostile_annotations


def test_what_recurs_most_comes_first() -> None:
    """Before what is new, however often that failed; then what a person enforces, then the gravest."""
    rare = an_annotation("1:rare", seen=2)
    often = an_annotation("1:often", seen=9)
    new = an_annotation("1:new", seen=50, recurring=False)
    enforced = an_annotation("1:enforced", seen=2, enforced=True)
    grave = an_annotation("1:grave", seen=2, severity="critical")
    assert ordered([new, rare, often, grave, enforced]) == [often, enforced, grave, rare, new]


def test_a_mistake_is_told_once_and_a_place_of_it_once() -> None:
    """One a fingerprint where few are shown; where all are, one a line."""
    here, again, below = an_annotation(), an_annotation(nodeid="other"), an_annotation(line=20, end_line=20)
    assert one_each([here, again, below]) == [here]
    assert distinct([here, again, below]) == [here, below]


def test_the_words_say_how_often_since_when_by_whom_and_what_repaired_it() -> None:
    """On one line; new ones are told apart."""
    told = "Await 'later'. Seen 4 times since 2026-10-02, by gpt-4o and claude; verified fix: later() → await later()"
    assert worded(an_annotation(fix=FIX)) == told
    assert worded(an_annotation(recurring=False, seen=1, models=("unknown",))) == "Await 'later'. New."
    assert standing(an_annotation(recurring=False, seen=3, models=())) == "New, seen 3 times."
    assert (
        standing(an_annotation(enforced=True, first_seen=None)) == "Seen 4 times, by gpt-4o and claude, enforced here."
    )
    assert standing(an_annotation(models=("a", "b", "c", "d"))).endswith("by a, b, c and 1 more.")
    assert standing(an_annotation(fix=Remedy(text="use `await`"), models=())).endswith("; instead: use `await`")
    assert title(an_annotation()) == "async.never-awaited, seen 4 times"
    assert title(an_annotation(recurring=False)) == "async.never-awaited, new"


def test_they_are_counted_by_mistake_and_told_whose() -> None:
    """With everybody's code recorded, not all of it is a model's."""
    assert counted([an_annotation(), an_annotation(line=9)]) == "1 mistake of LLM-written code"
    others = [an_annotation(), an_annotation("1:b", generated=False)]
    assert counted(others, more=True) == "2 more mistakes of this code"


@given(hostile_annotations())
def test_no_text_reaches_the_words_but_on_one_line_and_cut(annotation: Annotation) -> None:
    """Whoever fails a test writes the messages."""
    for text in (title(annotation), worded(annotation), said(annotation)):
        assert text.splitlines() in ([], [text])
        assert len(text) < 1_600
        assert "\x1b" not in text
        text.encode()


def test_an_annotation_travels_as_json() -> None:
    """From the process that scans to the run that marks."""
    whole = an_annotation(fix=FIX, labels=("CWE-89",))
    for one in (whole, an_annotation(first_seen=None)):
        assert Annotation.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_what_recurs_in_one_function_is_not_said_to_be_seen_once() -> None:
    """The same function in state after state of the code counts once, and recurs."""
    one = an_annotation(recurring=True, seen=1)
    assert title(one).endswith(", recurring")
    assert standing(one).startswith("Recurring since")
    assert title(an_annotation(recurring=False, seen=1)).endswith(", new")
