"""A stream in which mistakes are known by sight: look, judge, learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from pytest_llmlearn.app.baselines import Baselines
from pytest_llmlearn.app.evaluate import LINES, Evaluation, Row, Terms, any_task, cross_task, left_out
from pytest_llmlearn.app.scratch import Learned
from pytest_llmlearn.bootstrap.scratch import scratches
from pytest_llmlearn.domain.edit_time import Caught, caught, false_alarms
from pytest_llmlearn.domain.replay import Attempt
from pytest_llmlearn.settings import Settings
from tests.replaying import a_failure, an_attempt

CODE = "import cv2\n\n\ndef {name}(image):\n{before}    out = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)\n    return out\n"


def attempt(number: int, task: str, *, fails: bool = True, before: str = "") -> Attempt:
    """One that calls the library with what it does not take, or one that passes though it does so too."""
    code = CODE.format(name=task, before=before)
    line = 5 + before.count("\n")
    failures = [a_failure("cv2.error", "bad number of channels", line=line, function=task)] if fails else []
    return an_attempt(str(number), task, *failures, code=code)


@pytest.fixture(scope="module")
def found() -> Evaluation:
    """A mistake that comes three times, then passing code with it, then the mistake once more."""
    stream = [
        attempt(1, "grey"),
        attempt(2, "grey", before="    print(image)\n"),
        an_attempt("3", "users"),
        attempt(4, "users", fails=False),
        attempt(5, "grey", before="    print(1)\n    print(2)\n"),
        attempt(6, "users", fails=False, before="    print(3)\n"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMLEARN_EMBEDDER", "none")
        opened = scratches(Settings(scan="off", embedder="none"), None, by_sight=True)
        return any_task(stream, opened, Terms(edit_time=True), Baselines(()))


def test_what_came_before_is_told_on_its_line(found: Evaluation) -> None:
    """Once it was learned; the first one is new to everybody."""
    assert caught(found.watched, "exact") == Caught(count=2, of=2)
    assert caught(found.watched, "new") == Caught(count=0, of=1)


def test_what_fires_on_code_that_passes_is_told_no_more(found: Evaluation) -> None:
    """Once is a false alarm, and the last; in the function where it fails it is told all the same."""
    assert false_alarms(found.watched) == Caught(count=1, of=3)


def test_alarms_are_judged_as_lessons_are_too(found: Evaluation) -> None:
    """Beside what the text alone finds."""
    rows = found.rows[LINES]
    assert [row.hit("exact") for row in rows] == [False, True, False, False, True, False]


def test_nobody_looks_where_nobody_asks() -> None:
    """A replay that asks with the request derives nothing."""
    with scratches(Settings(scan="off", embedder="none"))() as scratch:
        scratch.learn(attempt(1, "grey"))
        assert scratch.watcher is None and not scratch._memory.matchers()


def test_of_the_very_task_nothing_is_known_by_sight_where_that_is_asked_for() -> None:
    """What other tasks taught counts."""
    stream = [attempt(1, "grey"), attempt(2, "users"), an_attempt("3", "users")]
    opened = scratches(Settings(scan="off", embedder="none"), None, by_sight=True)

    def each(journal: Sequence[Learned], terms: Terms, tasks: Sequence[str]) -> Iterator[list[tuple[int, list[Row]]]]:
        return (left_out(journal, opened, terms, task) for task in tasks)

    found = cross_task(stream, opened, Terms(edit_time=True), Baselines(()), each)
    assert [row.hit("exact") for row in found.rows[LINES]] == [False, True, False]
    assert not found.watched
