"""Runs joined with generations, on real files of a small project and a ledger in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.surroundings import ProjectSurroundings
from pytest_llmlearn.app.attribute import Attribution
from pytest_llmlearn.app.outcomes import Outcomes, Watched
from pytest_llmlearn.app.provenance import Origins
from pytest_llmlearn.app.record import Recording
from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.generation import Generation, Outcome
from pytest_llmlearn.domain.occurrence import Frame, Occurrence
from tests.builders import a_generation, a_run, an_entry, an_occurrence, at
from tests.fakes import FakeLedger

CART = """def total(items):
    return _sum(items)


def _sum(items):
    return sum(items)


def count(items):
    return len(items)
"""
TESTS = """import pytest

from shop.cart import count, total


@pytest.mark.parametrize("items", [[1], [2]])
def test_total(items):
    assert total(items) == items[0]


def test_count():
    assert count([1]) == 1


def test_nothing():
    assert True
"""


@dataclass
class Bench:
    """A project with its ledger. Each run begins at the minute given."""

    root: Path
    ledger: FakeLedger = field(default_factory=FakeLedger)

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def add(self, identifier: str = "g-1", **changes: Any) -> None:
        values: dict[str, Any] = {"path": "shop/cart.py", "qualname": "total", "time": at(-1)}
        self.ledger.add([a_generation(identifier, **{**values, **changes})])

    def _outcomes(self) -> Outcomes:
        surroundings = ProjectSurroundings(self.root)
        origins = Origins(list, surroundings.text)
        return Outcomes(
            ledger=self.ledger,
            surroundings=surroundings,
            everything=Attribution(surroundings, origins, everything=True),
        )

    def run(
        self,
        *passed: str,
        minute: float = 0,
        occurrences: Sequence[Occurrence] = (),
        recording: Recording | None = None,
        new: Collection[str] = (),
    ) -> Watched:
        run = a_run(f"run-{minute}", started=at(minute), finished=at(minute + 0.5))
        return self._outcomes().join(run, passed=passed, occurrences=occurrences, recording=recording, new_commits=new)

    def expose(self, loaded: Iterable[str], *, days: float = 0) -> None:
        self._outcomes().expose(a_run(finished=at(1, days=days)), loaded)

    def outcome(self, identifier: str = "g-1") -> Outcome:
        (found,) = self.ledger.generation(identifier)
        return found.outcome


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    bench.write("shop/__init__.py", "")
    bench.write("shop/cart.py", CART)
    bench.write("tests/test_cart.py", TESTS)
    return bench


TOTAL = ("tests/test_cart.py::test_total[items0]", "tests/test_cart.py::test_total[items1]")
COUNT = "tests/test_cart.py::test_count"


def _unlaid(*occurrences: Occurrence) -> Recording:
    return Recording(entries=(), counted=(), unlaid=len(occurrences))


def _recorded(**changes: Any) -> Recording:
    return Recording(entries=(an_entry(path="shop/cart.py", **changes),), counted=(), unlaid=0)


def a_failure(**changes: Any) -> Occurrence:
    frame = Frame(path="shop/cart.py", line=2, function="total", statement="return _sum(items)")
    return an_occurrence(nodeid=TOTAL[0], path="shop/cart.py", line=2, frames=(frame,), **changes)


def test_a_green_first_run_is_told_although_nothing_failed(bench: Bench) -> None:
    """Each of the tests that name the unit counts; those that do not, do not."""
    bench.add()
    watched = bench.run(*TOTAL, COUNT)
    assert bench.outcome() == Outcome(passed=2, failed=0, run="run-0")
    assert watched == Watched(joined=1, awaiting=False)


def test_a_red_first_run_is_told_with_what_passed(bench: Bench) -> None:
    """One failure was recorded and laid on the unit."""
    bench.add()
    bench.run(TOTAL[1], recording=_recorded(nodeid=TOTAL[0], function="total"))
    assert (bench.outcome().passed, bench.outcome().failed, bench.outcome().first_pass) == (1, 1, False)


def test_a_failure_counts_although_nobody_knew_a_model_had_written_the_code(bench: Bench) -> None:
    """It was not recorded, but the ledger says whose the unit is."""
    bench.add()
    failure = a_failure()
    bench.run(TOTAL[1], occurrences=[failure], recording=_unlaid(failure))
    assert (bench.outcome().passed, bench.outcome().failed) == (1, 1)


def test_a_failure_of_another_unit_says_nothing_of_this_one(bench: Bench) -> None:
    """It was laid on `count`."""
    bench.add()
    bench.run(*TOTAL, recording=_recorded(nodeid=COUNT, function="count"))
    assert bench.outcome().first_pass is True


@pytest.mark.parametrize("entry", [{"flaky": True}, {"scope": "test"}])
def test_a_failure_that_does_not_count_is_none(bench: Bench, entry: dict[str, Any]) -> None:
    """It passed when run again, or the test itself was broken."""
    bench.add()
    watched = bench.run(recording=_recorded(nodeid=TOTAL[0], function="total", **entry))
    assert bench.outcome().first_pass is None
    assert watched.awaiting


def test_a_failure_that_went_when_run_again_is_none_even_where_nothing_was_recorded(bench: Bench) -> None:
    """A flaky test says nothing of who wrote the code."""
    bench.add()
    failure = a_failure(flaky=True)
    bench.run(occurrences=[failure], recording=_unlaid(failure))
    assert bench.outcome().first_pass is None


def test_no_test_reached_it_so_it_awaits_the_next_run(bench: Bench) -> None:
    """Only `count` was exercised; the run after exercises it."""
    bench.add()
    assert bench.run(COUNT) == Watched(joined=0, awaiting=True)
    assert bench.outcome().first_pass is None
    bench.run(*TOTAL, minute=5)
    assert bench.outcome().run == "run-5"


def test_the_first_run_that_reached_it_stays_the_first(bench: Bench) -> None:
    """A later red run is no first one."""
    bench.add()
    bench.run(*TOTAL)
    bench.run(minute=5, recording=_recorded(nodeid=TOTAL[0], function="total"))
    assert bench.outcome().run == "run-0"


def test_what_the_public_function_calls_is_reached_by_its_test(bench: Bench) -> None:
    """Nobody tests a private function by name."""
    bench.add(qualname="_sum")
    bench.run(*TOTAL)
    assert bench.outcome().passed == 2


def test_where_no_unit_is_named_any_of_the_file_is_meant(bench: Bench) -> None:
    """A test that names nothing of it does not count, though its file imports it."""
    bench.add(qualname=None)
    bench.run(*TOTAL, COUNT, "tests/test_cart.py::test_nothing")
    assert bench.outcome().passed == 3


def test_a_fixture_reaches_for_its_tests(bench: Bench) -> None:
    """The test names the fixture, which stands in a conftest and makes what is tested."""
    bench.write(
        "tests/conftest.py",
        "import pytest\nfrom shop.cart import total\n\n@pytest.fixture\ndef sum_of():\n    return total([1])\n",
    )
    bench.write("tests/test_other.py", "def test_it(sum_of):\n    assert sum_of == 1\n")
    bench.add()
    bench.run("tests/test_other.py::test_it")
    assert bench.outcome().passed == 1


def test_a_name_handed_on_by_the_package_is_followed(bench: Bench) -> None:
    """The test imports it from elsewhere than where it is defined."""
    bench.write("shop/__init__.py", "from shop.cart import total\n")
    bench.write("tests/test_other.py", "from shop import total\n\ndef test_it():\n    assert total([1]) == 1\n")
    bench.add()
    bench.run("tests/test_other.py::test_it")
    assert bench.outcome().passed == 1


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("import shop.cart", "shop.cart.total"),
        ("import shop.cart as it", "it.total"),
        ("from shop import cart", "cart.total"),
        ("from shop.cart import total as it", "it"),
        ("from shop.cart import *", "total"),
        ("from shop.handed import total", "total"),
        ("from shop import handed", "handed.total"),
        ("from shop.deep import total", "total"),
        ("import shop.deep", "shop.deep.total"),
    ],
)
def test_however_it_is_imported_it_is_reached(bench: Bench, imports: str, call: str) -> None:
    """By its own name, by another, through a module or a package that hands it on."""
    bench.write("shop/handed.py", "from shop.cart import total\n")
    bench.write("shop/deep/__init__.py", "from .inner import total\n")
    bench.write("shop/deep/inner/__init__.py", "from ...cart import total\n")
    bench.write("tests/test_other.py", f"{imports}\n\n\ndef test_it():\n    assert {call}([1]) == 1\n")
    bench.add()
    bench.run("tests/test_other.py::test_it")
    assert bench.outcome().passed == 1


def test_a_test_of_another_module_is_not_even_looked_at(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file imports from the same package, and nothing that leads here."""
    bench.write("shop/other.py", "def total(items):\n    return 1\n")
    bench.write("tests/test_other.py", "from shop.other import total\n\n\ndef test_it():\n    assert total([1]) == 1\n")
    looked: list[str] = []
    look = Attribution.reached

    def noted(self: Attribution, nodeid: str, path: str) -> object:
        looked.append(path)
        return look(self, nodeid, path)

    monkeypatch.setattr(Attribution, "reached", noted)
    bench.add()
    bench.run("tests/test_other.py::test_it", COUNT)
    assert looked == ["tests/test_cart.py"]
    assert bench.outcome().first_pass is None


def test_code_that_has_changed_since_is_not_judged_by_this_run(bench: Bench) -> None:
    """Somebody went over it before any test saw it."""
    unit = source.unit_named(CART, "total")
    assert unit is not None
    bench.add(unit_after=source.unit_hash(CART, unit))
    bench.write("shop/cart.py", CART.replace("return _sum(items)", "return 0 + _sum(items)"))
    assert bench.run(*TOTAL) == Watched(joined=0, awaiting=False)


def test_of_two_on_one_unit_the_later_is_judged_and_the_earlier_never(bench: Bench) -> None:
    """Not by the run after, either."""
    bench.add("g-1", time=at(-3))
    bench.add("g-2", time=at(-2))
    bench.run(*TOTAL)
    bench.run(*TOTAL, minute=5)
    assert bench.outcome("g-1").first_pass is None
    assert bench.outcome("g-2").run == "run-0"


def test_one_made_during_the_run_awaits_the_next_and_unsettles_it(bench: Bench) -> None:
    """The next run is looked at even if it is like this one."""
    bench.add(time=at(0.2))
    assert not bench.run(*TOTAL).settled
    assert bench.outcome().first_pass is None
    assert bench.run(*TOTAL, minute=5).settled
    assert bench.outcome().run == "run-5"


def test_a_test_is_not_judged_by_whether_it_passes(bench: Bench) -> None:
    """Generated tests are no code under test, and await nothing."""
    bench.add(path="tests/test_cart.py", qualname=None)
    assert bench.run(*TOTAL) == Watched()


@pytest.mark.parametrize(
    ("change", "joined"),
    [
        ({"commit": "c1"}, 1),
        ({"commit": "c0"}, 0),
        ({"commit": "c0", "time": at(-0.5)}, 0),
    ],
)
def test_in_the_first_watched_run_only_new_commits_count(bench: Bench, change: dict[str, Any], joined: int) -> None:
    """Of older ones nobody knows whether a run came before."""
    bench.add(way="git", qualname=None, **change)
    assert bench.run(*TOTAL, new={"c1"}).joined == joined


def test_once_runs_are_watched_a_commit_awaits_its_first(bench: Bench) -> None:
    """It was read by a command between two runs, and is younger than the first."""
    bench.run(COUNT)
    bench.add(way="git", commit="c2", qualname=None, time=at(2))
    assert bench.run(*TOTAL, minute=5).joined == 1


def test_files_that_tests_loaded_are_exposed_but_for_the_tests(bench: Bench) -> None:
    """Paths that lead nowhere are left out too."""
    bench.expose(["shop/cart.py", "tests/test_cart.py", "gone.py", "../elsewhere.py"])
    assert bench.ledger.exposed() == {"shop/cart.py": at(1)}


def test_what_was_exposed_today_is_not_written_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is new, and the next day all that was loaded."""
    bench.expose(["shop/cart.py"])
    written: list[list[str]] = []
    monkeypatch.setattr(bench.ledger, "expose", lambda files: written.append([*files]))
    bench.expose(["shop/cart.py"])
    bench.write("shop/new.py", "x = 1\n")
    bench.expose(["shop/cart.py", "shop/new.py"])
    bench.expose(["shop/cart.py"], days=2)
    assert written == [["shop/new.py"], ["shop/cart.py"]]


def test_what_waited_for_two_weeks_makes_no_run_be_looked_at(bench: Bench) -> None:
    """It is judged all the same by one that is."""
    bench.add(time=at(days=-20))
    assert not bench.run(COUNT).awaiting
    assert bench.run(*TOTAL, minute=5).joined == 1


def test_many_that_await_are_looked_at_in_one_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is asked for the paths that are there, not for each generation."""
    asked: list[str | None] = []
    ask: Callable[..., list[Generation]] = bench.ledger.generations

    def counted(**words: Any) -> list[Generation]:
        asked.append(words.get("path"))
        return ask(**words)

    monkeypatch.setattr(bench.ledger, "generations", counted)
    bench.ledger.add([replace(a_generation(f"g-{n}"), path=f"gone/{n}.py", time=at(-1)) for n in range(50)])
    bench.add("here")
    bench.run(*TOTAL)
    assert asked == [None, "shop/cart.py"]
