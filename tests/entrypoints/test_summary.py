"""The section at the end of a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import an_entry

from pytest_llmlearn.app.record import Recording
from pytest_llmlearn.domain.entry import Counted, Entry
from pytest_llmlearn.entrypoints.summary import LINE_LIMIT, lines


def counted(fingerprint: str, before: int, after: int) -> Counted:
    return Counted(fingerprint=fingerprint, before=before, after=after, raw_count=after)


def a_recording(*pairs: tuple[Entry, Counted], unlaid: int = 0) -> Recording:
    return Recording(
        entries=tuple(entry for entry, _ in pairs), counted=tuple(count for _, count in pairs), unlaid=unlaid
    )


def printed(recording: Recording | None, *notices: str, verbosity: int = 0, silent: bool = False) -> list[str]:
    return [line.text for line in lines(recording, notices, silent_repository=silent, verbosity=verbosity)]


def pair(name: str, before: int, after: int, **changes: Any) -> tuple[Entry, Counted]:
    return an_entry(f"1:{name}", lesson=f"Lesson {name}.", path=f"{name}.py", line=3, **changes), counted(
        f"1:{name}", before, after
    )


def test_where_nothing_failed_nothing_is_said() -> None:
    """No section at all."""
    assert printed(None) == []


def test_new_patterns_and_known_ones_are_told_apart() -> None:
    """What recurs comes first, with how often; each line has its place and its lesson."""
    said = printed(a_recording(pair("new", 0, 1), pair("known", 3, 4)), verbosity=0)
    assert said == [
        "2 failures laid on LLM-written code: 1 new pattern, 1 seen before",
        "again, seen 4 times: known.py:3 [type.none-value] Lesson known.",
        "new: new.py:3 [type.none-value] Lesson new.",
    ]


def test_a_pattern_that_is_not_to_be_shown_is_counted_only() -> None:
    """Somebody muted it, or its code was not written yet: its lesson is nobody's."""
    entry, count = pair("muted", 3, 4)
    said = printed(a_recording(pair("known", 3, 4), (entry, replace(count, hidden=True))))
    assert said == [
        "2 failures laid on LLM-written code: 0 new patterns, 2 seen before, 1 of them not shown",
        "again, seen 4 times: known.py:3 [type.none-value] Lesson known.",
    ]


def test_five_failures_of_one_pattern_are_one_line() -> None:
    """A line a pattern, not a line a failure."""
    said = printed(a_recording(*(pair("same", number, number + 1) for number in range(5))))
    assert said == [
        "5 failures laid on LLM-written code: 1 new pattern, 0 seen before",
        "new, 5 times: same.py:3 [type.none-value] Lesson same.",
    ]


def test_one_lesson_for_one_place_is_said_once() -> None:
    """Two messages of one statement may be two patterns; who reads the section needs the lesson once."""
    first, again = pair("same", 0, 1), pair("other", 0, 1)
    twin = an_entry("1:other", lesson="Lesson same.", path="same.py", line=3)
    said = printed(a_recording(first, (twin, again[1])))
    assert said == [
        "2 failures laid on LLM-written code: 2 new patterns, 0 seen before",
        "new: same.py:3 [type.none-value] Lesson same.",
    ]


def test_the_section_never_passes_ten_lines_with_its_frame() -> None:
    """What does not fit is counted, with the command that lists it."""
    said = printed(a_recording(*(pair(f"p{number:02}", 0, 1) for number in range(40))), "a", "b", "c")
    assert len(said) <= LINE_LIMIT
    assert any(line.startswith("… and 35 more: llmlearn patterns") for line in said)


def test_what_was_told_apart_or_lies_elsewhere_is_counted() -> None:
    """Failures that the generated code did not cause make no lesson line."""
    said = printed(a_recording(pair("a", 0, 1), pair("b", 0, 0, scope="environment"), unlaid=2))
    assert said[0] == (
        "1 failure laid on LLM-written code: 1 new pattern, 0 seen before; "
        "1 not caused by it (environment or test), 2 elsewhere"
    )
    assert len(said) == 2


def test_a_flaky_failure_is_no_lesson() -> None:
    """It passed when it was run again."""
    assert not any("Lesson" in line for line in printed(a_recording(pair("a", 0, 0, flaky=True))))


@pytest.mark.parametrize(("verbosity", "count"), [(-1, 1), (-2, 1)])
def test_quiet_runs_print_less(verbosity: int, count: int) -> None:
    """The lessons without the frame, then a single line."""
    said = printed(a_recording(pair("a", 0, 1)), verbosity=verbosity)
    assert len(said) == count
    assert ("Lesson a." in said[0]) is (verbosity == -1)


def test_a_repository_that_says_nothing_is_told_the_ways() -> None:
    """The one-line ways to say which code a model wrote."""
    said = "\n".join(printed(a_recording(unlaid=2), silent=True))
    assert "# llmlearn: generated=MODEL" in said and "generated = [" in said and "Co-Authored-By" in said


def test_a_notice_is_one_line() -> None:
    """Whatever a fault's message holds."""
    said = printed(None, "a\nb" + "c" * 1000)
    assert len(said) == 1 and "\n" not in said[0] and len(said[0]) < 320


def test_code_that_nobody_is_known_to_have_written_is_named() -> None:
    """Else what an assistant wrote and nobody committed would be passed over in silence."""
    recording = replace(a_recording(pair("a", 0, 1), unlaid=2), unknown=("shop/a.py", "shop/b.py"))
    said = printed(recording)[0]
    assert "2 elsewhere (not known who wrote shop/a.py and 1 more: commit it, or say it with `llmlearn mark`)" in said
