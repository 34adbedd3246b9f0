"""Events, as lines that tell another store."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_llmlearn.domain.events import Event, Noted, Recorded, in_order, line, read
from tests.builders import an_entry, at
from tests.committing import EVENTS, RUN


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_line_says_all_of_an_event(event: Event) -> None:
    """Written and read again, it is the same; on one line, whatever is in it."""
    told = line(event)
    assert "\n" not in told
    assert told.isascii()
    assert read(told) == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_half_a_line_is_none(event: Event) -> None:
    """What a killed process left of its last line."""
    told = line(event)
    for length in (1, len(told) // 2, len(told) - 1):
        with pytest.raises(ValueError, match="no line of JSON"):
            read(told[:length])


def test_a_key_more_is_no_matter_a_version_is() -> None:
    """Later releases may say more; where they mean something else, they say that."""
    told = json.loads(line(EVENTS[0]))
    told["more"] = told["run"]["more"] = 1
    assert read(json.dumps(told)) == EVENTS[0]
    with pytest.raises(ValueError, match="of another version"):
        read(json.dumps({**told, "llmlearn": 2}))


@pytest.mark.parametrize(
    "broken",
    [
        {"run": None},
        {"entries": "none"},
        {"entries": [{}]},
        {"run": {"run_id": "x", "started": "yesterday", "finished": "today"}},
        {"run": {"run_id": "x", "started": "2026-03-01T12:00:00", "finished": "2026-03-01T12:00:00"}},
        {"run": {"run_id": 3, "started": "2026-03-01T12:00:00+00:00", "finished": "2026-03-01T12:00:00+00:00"}},
        {"run": {"run_id": "x", "started": "2026-03-01T12:00:00Z", "finished": "9999-12-31T23:59:59-14:00"}},
        {
            "run": {
                "run_id": "x",
                "started": "2026-03-01T12:00:00Z",
                "finished": "2026-03-01T12:00:00Z",
                "passed": 1 << 63,
            }
        },
    ],
)
def test_what_is_not_whole_is_no_event(broken: dict[str, object]) -> None:
    """Anybody can write into an artefact."""
    with pytest.raises(ValueError, match="not whole"):
        read(json.dumps({**json.loads(line(EVENTS[0])), **broken}))


def test_a_line_that_is_nested_without_end_costs_itself_alone() -> None:
    """It is deeper than any reader goes."""
    with pytest.raises(ValueError, match="no line of JSON"):
        read("[" * 100_000)


def test_a_word_that_no_store_takes_costs_its_line_alone() -> None:
    """Else it would have all that is folded with it refused."""
    told = json.loads(line(EVENTS[0]))
    told["entries"][0]["severity"] = "grave"
    with pytest.raises(ValueError, match="a word that is not known"):
        read(json.dumps(told))


def test_events_are_put_into_the_order_of_time_each_once() -> None:
    """Of one moment what was recorded comes first, and what came of it last."""
    later = Recorded(run=replace(RUN, run_id="run-2", finished=at(9)), entries=(an_entry(),))
    noted = Noted(time=RUN.finished, healed=("a",))
    wanted = [EVENTS[0], EVENTS[1], noted, later]
    assert in_order([later, noted, *EVENTS[:2], later, EVENTS[0]]) == wanted
