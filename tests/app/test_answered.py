"""An answer that is given again is the one that would be made now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn import Memory, Occurrence, Query
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.adapters.sqlite_store.exposures import SqliteExposures
from pytest_llmlearn.app import answered
from pytest_llmlearn.app.meaning import Meant
from pytest_llmlearn.app.recall import Recall
from pytest_llmlearn.domain.guidance import Guidance
from pytest_llmlearn.settings import Settings
from tests.builders import a_run, an_entry, at
from tests.fakes import FakeLessons, FakeStore

ASKED = Query(text="await the coroutine of load_user", path="app/users.py")
NOW = at(days=1)


class Project:
    """A store, files and what is gone, all of which a test can change; `made` counts the answers that were made."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.learn("Await load_user in an async endpoint.")
        self.state: object | None = 1
        self.texts: dict[str, str] = {"app/users.py": "import asyncio\n", "app/orders.py": "import json\n"}
        self.beside: Sequence[str] = ("app/orders.py",)
        self.void: Collection[str] = ()
        self.meaning: Any = None
        self.recall = Recall(
            self.store,
            FakeLessons(self.store),
            lambda path: self.texts.get(path),
            gone=lambda now, fingerprints: set(self.void).intersection(fingerprints),
            siblings=lambda path: self.beside,
            state=lambda: self.state,
        )

    def learn(self, lesson: str) -> None:
        number = len(self.store.patterns())
        entry = an_entry(
            f"1:{number:04d}", lesson=lesson, words="await load user async endpoint corout", symbols=("q",)
        )
        self.store.record(a_run(f"run-{number}"), [entry])

    def ask(self, query: Query = ASKED, now: datetime = NOW) -> Guidance:
        return self.recall.recall(query, now)


def change_the_store(project: Project) -> None:
    project.learn("Await every coroutine of load_user, endpoint or not.")
    project.state = 2


def change_the_file(project: Project) -> None:
    project.texts["app/users.py"] = "from app.endpoints import load_user\n"


def take_the_file(project: Project) -> None:
    del project.texts["app/users.py"]


def change_what_is_gone(project: Project) -> None:
    project.void = ("1:0000",)


def test_the_same_question_has_the_same_answer() -> None:
    """The very one: nothing is looked for again."""
    project = Project()
    given = project.ask()
    assert not given.abstained
    assert project.ask() is given


@pytest.mark.parametrize("change", [change_the_store, change_the_file, take_the_file, change_what_is_gone])
def test_what_changes_is_seen_at_once(change: Callable[[Project], None]) -> None:
    """The answer is that of whoever never asked before."""
    project, other = Project(), Project()
    given = project.ask()
    change(project)
    change(other)
    again = project.ask()
    assert again is not given
    assert again == other.ask()


def test_what_comes_back_is_seen_too() -> None:
    """A file that is again what it was, and a lesson that may be shown again."""
    project = Project()
    given = project.ask()
    change_what_is_gone(project)
    assert project.ask().abstained
    project.void = ()
    assert project.ask() == given


def test_files_beside_it_are_looked_at_where_they_mattered() -> None:
    """One that comes, and one that is written anew."""
    found = answered.Outside({"a.py": "1", "b.py": "2"}.get, lambda path: ("b.py",), lambda now, names: ())
    assert found.unchanged(NOW)
    texts, beside = {"a.py": "1", "b.py": "2"}, ["b.py"]
    found = answered.Outside(texts.get, lambda path: beside, lambda now, names: ())
    assert (found.text_of("b.py"), found.siblings("a.py"), found.text_of("c.py")) == ("2", ["b.py"], None)
    texts["a.py"] = "other, and nobody looked at it"
    assert found.unchanged(NOW)
    texts["b.py"] = "3"
    assert not found.unchanged(NOW)
    texts["b.py"] = "2"
    beside.append("c.py")
    assert not found.unchanged(NOW)
    beside.remove("c.py")
    texts["c.py"] = ""
    assert not found.unchanged(NOW)


@pytest.mark.parametrize(
    "other",
    [
        Query(text=ASKED.text, path="app/orders.py"),
        Query(text=ASKED.text, path=ASKED.path, model="gpt-4o"),
        Query(text=ASKED.text, path=ASKED.path, style="prompt"),
        Query(text=ASKED.text, path=ASKED.path, threshold=0.0),
        Query(text=f"{ASKED.text} ", path=ASKED.path),
    ],
)
def test_another_question_has_its_own_answer(other: Query) -> None:
    """Whatever it differs in."""
    project = Project()
    given = project.ask()
    found = project.ask(other)
    assert found.query == other
    assert found is not given
    assert project.ask() is given


def test_an_answer_is_given_for_minutes() -> None:
    """Then recency has moved; nor is it given before its time, where a clock was put back."""
    project = Project()
    given = project.ask()
    assert project.ask(now=NOW + answered.AGE) is given
    assert project.ask(now=NOW - answered.AGE) is not given
    project = Project()
    given = project.ask()
    assert project.ask(now=NOW + 2 * answered.AGE) is not given


def test_what_was_made_of_two_states_is_not_kept() -> None:
    """Somebody wrote while the answer was made."""
    project = Project()
    states = iter([1, 2, 2, 2, 2])
    project.recall = Recall(project.store, FakeLessons(project.store), project.texts.get, state=lambda: next(states))
    given = project.ask()
    kept = project.ask()
    assert kept is not given
    assert project.ask() is kept


def test_nothing_is_kept_where_the_store_cannot_tell() -> None:
    """As in a process that asks once."""
    project = Project()
    project.state = None
    assert project.ask() is not project.ask()


@pytest.mark.parametrize("meant", [None, Meant(whole=False)])
def test_an_answer_that_lacks_something_is_not_kept(meant: Meant | None) -> None:
    """Meaning that is being loaded, or texts that wait for their vectors, come to the next one."""

    class Meaning:
        notices = ()
        absent = False
        found: Meant | None = meant

        def of(self, text: str, model: str | None = None) -> Meant | None:
            return self.found

    project, meaning = Project(), Meaning()
    recall = Recall(
        project.store,
        FakeLessons(project.store),
        project.texts.get,
        state=lambda: 1,
        meaning=meaning,  # type: ignore[arg-type]
    )
    assert recall.recall(ASKED, NOW) is not recall.recall(ASKED, NOW)
    meaning.found = Meant()
    assert recall.recall(ASKED, NOW) is recall.recall(ASKED, NOW)
    meaning.found, meaning.absent = None, True  # there never will be any
    other = replace(ASKED, text="await it")
    assert recall.recall(other, NOW) is recall.recall(other, NOW)


def test_as_many_are_kept_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was asked for longest ago goes first, and a very long question's is never kept."""
    monkeypatch.setattr(answered, "KEPT", 2)
    project = Project()
    first, second, third = (Query(text=f"{ASKED.text} {name}") for name in ("one", "two", "three"))
    one, two = project.ask(first), project.ask(second)
    assert project.ask(first) is one
    project.ask(third)
    assert project.ask(first) is one
    assert project.ask(second) is not two
    long = Query(text="await load_user " * answered.LONGEST)
    assert project.ask(long) is not project.ask(long)


def test_the_state_is_another_one_after_whatever_others_write(tmp_path: Path) -> None:
    """Whoever wrote it, this process or another one; what is shown leaves it as it is."""
    from pytest_llmlearn.app.ports.exposures import Showing, Shown

    store, other = SqliteStore(tmp_path), SqliteStore(tmp_path)
    assert store.state() is None
    store.record(a_run("run-1"), [an_entry("1:0001")])
    seen = [store.state()]
    assert seen[0] is not None
    assert store.state() == seen[0]
    showing = Showing(time=NOW, channel="command", lessons=(Shown(fingerprint="1:0001"),), session="s")
    assert store.exposures().show(showing)
    assert store.state() == seen[0]
    for number, writer in enumerate((store, other, store)):
        writer.record(a_run(f"run-{number + 2}"), [an_entry("1:0001")])
        seen.append(store.state())
    other.clear()
    seen.append(store.state())
    store.close()
    seen.append(store.state())
    assert len(set(seen)) == len(seen)
    store.close()
    other.close()


def test_a_warm_memory_sees_what_others_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer is that of a memory opened just then, and each is written down as shown."""
    showings: list[Any] = []
    show = SqliteExposures.show
    monkeypatch.setattr(SqliteExposures, "show", lambda self, showing: showings.append(showing) or show(self, showing))
    settings = Settings(embedder="none", holdback=0.0)

    def failed(unit: str, message: str) -> Occurrence:
        return Occurrence.from_dict(
            {
                "nodeid": f"tests/test_shop.py::test_{unit}", "when": "call", "exception": "KeyError",
                "mro": ["KeyError"], "message": message, "path": "shop.py", "line": 2, "function": unit,
                "statement": f"return order[{message}]", "code": f"def {unit}(order):\n    return order[{message}]\n",
                "model": "gpt-4o", "prompt": "sum the totals of an order",
            }
        )  # fmt: skip

    def answer() -> tuple[Guidance, Guidance]:
        with Memory.open(tmp_path, settings=settings) as fresh:
            return warm.recall(query), fresh.recall(query)

    query = Query(text="sum the totals of an order", path="shop.py", threshold=0.0)
    with (
        Memory.open(tmp_path, settings=settings, warm=True, patient=True) as warm,
        Memory.open(tmp_path, settings=settings) as other,
    ):
        other.record([failed("total", "'total'")])
        first = warm.recall(query)
        assert [match.pattern.message for match in first.matches] == ["'total'"]
        assert warm.recall(query) is first
        assert len(showings) == 2
        for step in (
            lambda: other.record([failed("weight", "'weight'")]),
            lambda: other.mute(other.patterns()[0].fingerprint),
            lambda: other.reword(other.patterns()[0].fingerprint, instead="Ask whether it is there"),
        ):
            step()
            found, expected = answer()
            assert found is not first
            assert (found.text, [one.pattern for one in found.matches]) == (
                expected.text,
                [one.pattern for one in expected.matches],
            )
            first = found
