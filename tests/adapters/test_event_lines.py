"""Events in a file, whatever becomes of who writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmlearn.adapters.event_lines import EventFile, read
from pytest_llmlearn.errors import BadInput
from tests.committing import EVENTS


def test_events_are_added_line_by_line(tmp_path: Path) -> None:
    """Into a folder that is made for them, behind what is there."""
    path = tmp_path / "made" / "events.jsonl"
    for event in EVENTS:
        EventFile(path).add(event)
    assert len(path.read_text(encoding="utf-8").splitlines()) == len(EVENTS)
    assert read([path]) == (EVENTS, [])


def test_half_a_line_loses_itself_alone(tmp_path: Path) -> None:
    """A runner was killed while it wrote; the next one in the same folder begins a line of its own."""
    path = tmp_path / "events.jsonl"
    EventFile(path).add(EVENTS[0])
    with path.open("a", encoding="utf-8") as file:
        file.write('{"llmlearn":1,"event":"tes')
    EventFile(path).add(EVENTS[2])
    events, notices = read([path])
    assert events == [EVENTS[0], EVENTS[2]]
    assert notices == [f"1 of 3 lines of {path} were skipped (1 no line of JSON)"]


def test_a_file_without_events_beside_others(tmp_path: Path) -> None:
    """It is said, and the others are read; an empty one is a runner that had nothing to say."""
    good, broken, empty = (tmp_path / name for name in ("good", "broken", "empty"))
    EventFile(good).add(EVENTS[0])
    broken.write_text('{"llmlearn":1,"ev', encoding="utf-8")
    empty.touch()
    events, notices = read([broken, empty, good])
    assert (events, len(notices)) == ([EVENTS[0]], 1)
    assert read([empty]) == ([], [])


def test_nothing_but_other_files(tmp_path: Path) -> None:
    """Whoever folds these has taken the wrong ones, and is told so."""
    path = tmp_path / "report.xml"
    path.write_text("<testsuites/>\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no event is left"):
        read([path])
    with pytest.raises(BadInput, match="cannot be read"):
        read([tmp_path / "missing"])
