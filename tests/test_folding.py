"""Folding: the events of five runs, told in any order, come to what one process that saw all of them knows."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters import event_lines
from pytest_llmlearn.bootstrap import Memory
from pytest_llmlearn.domain import events as told_of
from pytest_llmlearn.domain.events import Event, Noted, Recorded
from tests.pipelines import COMMITS, an_origin, dump, watch
from tests.projects import Project

Dump = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Dump, list[list[Event]]]:
    """A clone to fold in, what a store that saw five runs came to, and the events of each."""
    folder = tmp_path_factory.mktemp("folding")
    origin = an_origin(folder / "origin")
    direct = origin.clone(folder / "direct", 0)
    files = []
    for number in range(len(COMMITS)):
        direct.git("checkout", "-q", origin.commits[number])
        files.append(folder / f"{number}.jsonl")
        watch(direct, number, files[-1])
    events = [event_lines.read([file])[0] for file in files]
    return origin.clone(folder / "clone", len(COMMITS) - 1), dump(direct), events


@pytest.fixture
def clone(watched: tuple[Project, Dump, list[list[Event]]]) -> Project:
    """The clone, without a memory."""
    shutil.rmtree(watched[0].root / ".llmlearn", ignore_errors=True)
    return watched[0]


@pytest.fixture
def direct(watched: tuple[Project, Dump, list[list[Event]]]) -> Dump:
    """What one process that saw all came to."""
    return watched[1]


@pytest.fixture
def events(watched: tuple[Project, Dump, list[list[Event]]]) -> list[list[Event]]:
    """The events of each run."""
    return watched[2]


def fold(clone: Project, *told: Sequence[Event]) -> Dump:
    """What the clone's memory comes to when it is told these, one after the other."""
    with Memory.open(clone.root) as memory:
        for one in told:
            memory.fold(one)
    return dump(clone)


def without_notes(events: Sequence[Event]) -> list[Event]:
    """What a runner tells that has no memory of the runs before: nothing of what was red in them."""
    return [one for one in events if not isinstance(one, Noted)]


def test_there_is_something_to_compare(direct: Dump) -> None:
    """Mistakes of two models, one of which both made; four repairs, and one that broke again."""
    assert [len(direct[name]) for name in ("runs", "patterns", "fixes", "healings")] == [5, 4, 4, 4]
    assert {row[3] for row in direct["patterns"]} == {"active"}
    assert {row[12] for row in direct["patterns"]} == {0, 1}
    assert {row[1] for row in direct["models"]} == {"model-x", "model-y"}
    assert any(row[2] is not None for row in direct["tests"])
    assert {row[3] for row in direct["healings"]} == {"fix"}


def test_all_at_once(clone: Project, direct: Dump, events: list[list[Event]]) -> None:
    """One call, in whatever order the lines of the files stand."""
    assert fold(clone, [one for each in reversed(events) for one in reversed(each)]) == direct


ORDERS = [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3), (1, 4, 0, 3, 2), (3, 4, 2, 0, 1, 3, 2)]


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("forgetful", [False, True], ids=["one memory", "fresh clones"])
def test_one_after_the_other(
    order: tuple[int, ...], forgetful: bool, clone: Project, direct: Dump, events: list[list[Event]]
) -> None:
    """Late ones take their place, and some come twice; fixes are mined between runs of different clones."""
    told = [without_notes(events[number]) if forgetful else events[number] for number in order]
    assert fold(clone, *told, told[1]) == direct


def test_parts_of_a_run_may_come_apart(clone: Project, direct: Dump, events: list[list[Event]]) -> None:
    """What was recorded and what the tests said, in different files."""
    every = [one for each in events for one in without_notes(each)]
    recorded = [one for one in every if isinstance(one, Recorded)]
    rest = [one for one in every if isinstance(one, told_of.Tested)]
    assert fold(clone, every[:4], recorded, rest[::-1], every) == direct


def test_a_run_that_is_missing_is_the_only_one_that_is(clone: Project, direct: Dump, events: list[list[Event]]) -> None:
    """The others are as they are without it; once it is found, all is there."""
    some = fold(clone, *(events[number] for number in (0, 2, 3, 4)))
    assert {row[0] for row in some["runs"]} == {"run-0", "run-2", "run-3", "run-4"}
    assert fold(clone, events[1]) == direct


def test_folding_that_was_broken_off_goes_on(
    clone: Project, direct: Dump, events: list[list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies amid it leaves a memory that the next call puts right."""
    from pytest_llmlearn.app import fold as folding

    def dies(self: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(folding._Replay, "run", dies)
        with pytest.raises(KeyboardInterrupt):
            fold(clone, *map(without_notes, events))
    assert fold(clone, *map(without_notes, events)) == direct


def test_whoever_folds_at_once_waits(clone: Project, direct: Dump, events: list[list[Event]]) -> None:
    """What is known, and what comes of it, takes several steps: two that take them at once would mine other fixes."""
    first, second = Memory.open(clone.root), Memory.open(clone.root)
    with first, second, ThreadPoolExecutor(2) as pool:
        halves = [without_notes([*events[0], *events[3]]), without_notes([*events[4], *events[2], *events[1]])]
        done = list(pool.map(Memory.fold, (first, second), halves))
    assert sum(one.runs for one in done) == 5
    assert dump(clone) == direct


def test_a_store_is_told_nothing_by_its_own_events(
    watched: tuple[Project, Dump, list[list[Event]]], events: list[list[Event]]
) -> None:
    """A developer folds what the CI saw and what was seen here: each run counts once."""
    direct = Project(watched[0].root.parent / "direct")
    before = dump(direct)
    assert fold(direct, *events) == before


def test_without_the_history_no_fix_is_mined_and_that_is_said(
    tmp_path: Path, events: list[list[Event]], direct: Dump
) -> None:
    """What was seen is counted all the same."""
    elsewhere = Project(tmp_path / "elsewhere")
    elsewhere.write({"pyproject.toml": "[tool.llmlearn]\n"})
    with Memory.open(elsewhere.root) as memory:
        done = memory.fold([one for each in events for one in without_notes(each)])
    assert (done.runs, done.fixes, done.unseen) == (5, 0, 3)
    found = dump(elsewhere)
    assert found["fixes"] == found["healings"] == []
    assert [row[:3] for row in found["patterns"]] == [row[:3] for row in direct["patterns"]]
    assert [row for row in found["tests"] if row[2]] == [row for row in direct["tests"] if row[2]]
