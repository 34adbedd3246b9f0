"""What a scan says in the section, and how much room it takes there."""

from __future__ import annotations

import pytest

from pytest_llmlearn.app.record import Recording
from pytest_llmlearn.app.scan import Scanned
from pytest_llmlearn.domain.entry import Counted
from pytest_llmlearn.entrypoints.summary import LINE_LIMIT, Line, ScanLines, scan_lines, with_scan
from tests.builders import an_entry


def found(count: int, *, hidden: int = 0) -> Scanned:
    """So many mistakes of as many patterns, the first of them not to be shown."""
    entries = [an_entry(f"1:{n}", source="security_scan", lesson=f"Lesson {n}.", line=n + 1) for n in range(count)]
    counted = [Counted(fingerprint=f"1:{n}", before=0, after=1, raw_count=1, hidden=n < hidden) for n in range(count)]
    return Scanned(recording=Recording(entries=tuple(entries), counted=tuple(counted), unlaid=0), looked=3, files=9)


def test_nothing_found_is_nothing_said() -> None:
    """A run in which nothing is new has no section for it."""
    assert scan_lines(Scanned(files=3)) == ScanLines()


def test_what_is_muted_is_counted_and_not_shown() -> None:
    """Who muted a lesson has nothing to learn from it."""
    told = scan_lines(found(2, hidden=1))
    assert told.headline == (
        "the scan found 2 mistakes in 3 changed files: 2 new patterns, 0 seen before, 1 of them not shown"
    )
    assert [line.text.partition("] ")[2] for line in told.lessons] == ["Lesson 1."]


@pytest.mark.parametrize("before", [0, 4, LINE_LIMIT])
@pytest.mark.parametrize("mistakes", [1, 30])
def test_both_share_the_room(before: int, mistakes: int) -> None:
    """However much there is to say, the scan's headline and one lesson stand, and the section has its length."""
    shown = [Line(text=f"failure {number}") for number in range(before)]
    lines = with_scan(shown, scan_lines(found(mistakes)), verbosity=0)
    assert len(lines) <= LINE_LIMIT
    assert sum("the scan found" in line.text for line in lines) == 1
    assert lines[-1].text.startswith(("new:", "…"))
    assert lines[: min(before, 4)] == shown[: min(before, 4)]


def test_under_qq_it_is_one_line() -> None:
    """The failures' where there are any."""
    told = scan_lines(found(1))
    assert [line.text for line in with_scan([Line(text="failures")], told, verbosity=-2)] == ["failures"]
    assert len(with_scan([], told, verbosity=-2)) == 1
