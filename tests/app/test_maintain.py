"""The memory kept in order, with a moving clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.adapters.sqlite_store.upkeep import SqliteUpkeep
from pytest_llmlearn.app.maintain import Maintained, Maintenance, Terms
from pytest_llmlearn.app.ports.upkeep import Subject
from pytest_llmlearn.app.retire import Retirement
from tests.builders import a_generation, a_held, a_run, an_entry, at


class Around:
    """Surroundings of which a test says what there is: own modules with names, libraries, texts."""

    def __init__(self, **changes: Any) -> None:
        self.own: dict[str, str] = {}
        self.files: dict[str, str] = {}
        self.libraries: dict[str, tuple[str, ...]] = {}
        self.opaque = False
        self.__dict__.update(changes)

    def is_stdlib(self, module: str) -> bool:
        return module.partition(".")[0] in ("sqlite3", "json")

    def installed(self, module: str) -> bool | None:
        return True if module.partition(".")[0] in self.libraries else None if self.opaque else False

    def declared(self, module: str) -> bool:
        return module in self.libraries

    def own_module(self, module: str, near: str | None = None) -> str | None:
        return self.own.get(module)

    def names(self, module: str) -> tuple[str, ...] | None:
        return self.libraries.get(module)

    def text(self, path: str) -> str | None:
        return self.files.get(path)


class Free:
    """A lock that nobody else holds, or somebody does."""

    def __init__(self, free: bool = True) -> None:
        self.free = free

    @contextmanager
    def held(self) -> Iterator[bool]:
        yield self.free


class Home:
    """A store with a clock to be moved, and its maintenance."""

    def __init__(self, root: Path, around: Around, **terms: Any) -> None:
        self.now = at(2)
        self.store = SqliteStore(root, hold_days=3_000, clock=lambda: self.now)
        self.upkeep: SqliteUpkeep = self.store.upkeep()
        self.lock = Free()
        self.maintenance = Maintenance(
            self.upkeep,
            retirement=Retirement(around, lambda: sorted(around.files)),  # type: ignore[arg-type] # what is asked
            alone=self.lock,
            expire=lambda before: self.store.exposures().expire(before, time=self.now),
            trim=lambda: 0,
            prove=lambda: 0,
            terms=Terms(**terms),
            clock=lambda: self.now,
        )

    def after(self, **lapse: float) -> Maintained:
        self.now = at(2) + timedelta(**lapse)
        return self.maintenance.run()

    def counts(self, done: Maintained) -> dict[str, int]:
        return {task.name: task.count for task in done.done}

    def pattern(self, fingerprint: str = "1:aaaa") -> Any:
        (found,) = self.store.matching(fingerprint)
        return found


@pytest.fixture
def around() -> Around:
    return Around(files={"app/users.py": "def load_user():\n    pass\n"}, own={"app.users": "app/users.py"})


@pytest.fixture
def home(tmp_path: Path, around: Around) -> Iterator[Home]:
    made = Home(tmp_path, around)
    made.store.record(a_run(), [an_entry(held=(a_held(),))])
    yield made
    made.store.close()


@pytest.mark.parametrize(("days", "archived"), [(179, False), (180, True)])
def test_a_pattern_is_archived_after_so_many_days_unseen(home: Home, days: int, archived: bool) -> None:
    """Hidden from search, not deleted, and once only."""
    assert home.counts(home.after(days=days)).get("archive", 0) == int(archived)
    assert home.pattern().archived is archived
    assert bool(home.store.search(["check"], [], 5)) is not archived
    assert home.counts(home.maintenance.run()) == {}


def test_a_recurrence_takes_an_archived_pattern_back(home: Home) -> None:
    """And its days begin anew."""
    home.after(days=180)
    later = at(days=181)
    home.store.record(a_run("run-2", started=later, finished=later), [an_entry(time=later)])
    assert not home.pattern().archived
    assert "archive" not in home.counts(home.after(days=300))


def test_what_a_person_restored_is_not_put_away_the_next_day(home: Home) -> None:
    """A person who wanted it back is a sign of life."""
    home.after(days=180)
    home.upkeep.restore("1:aaaa")
    assert "archive" not in home.counts(home.after(days=181))
    assert home.counts(home.after(days=180 + 180))["archive"] == 1


def test_an_enforced_pattern_is_not_archived(home: Home) -> None:
    """It is unseen because it is kept to."""
    home.store.say("1:aaaa", "enforce")
    assert "archive" not in home.counts(home.after(days=1_000))


def test_a_dry_run_says_what_would_be_done_and_does_nothing(home: Home) -> None:
    """Twice the same."""
    home.now = at(days=200)
    for _ in range(2):
        assert home.counts(home.maintenance.run(dry_run=True)) == {"archive": 1, "private-texts": 1}
    assert home.store.statistics().held == 1 and not home.pattern().archived


def test_one_process_at_a_time(home: Home) -> None:
    """Where another one is at it, nothing is done and nothing is remembered."""
    home.lock.free = False
    done = home.after(days=200)
    assert not done.alone and not done.tasks and home.maintenance.due


def test_due_a_day_after_the_first_run_and_after_each_time(home: Home) -> None:
    """A clock that was ahead does not put it off."""
    home.now = at(minutes=23 * 60)
    assert not home.maintenance.due
    home.now = at(days=1)
    assert home.maintenance.due
    assert home.maintenance.run(if_due=True).tasks and not home.maintenance.due
    assert not home.maintenance.run(if_due=True).tasks
    home.now = at(days=-1)
    assert home.maintenance.due


def test_without_a_store_nothing_is_made(tmp_path: Path, around: Around) -> None:
    """Nor is anything due."""
    home = Home(tmp_path, around)
    assert home.maintenance.run() == Maintained() and not home.maintenance.due
    assert not list(tmp_path.iterdir())


def test_what_was_told_long_ago_is_erased_and_its_counts_stay(tmp_path: Path, around: Around) -> None:
    """Texts of occurrences and generations go, rows and patterns stay; nothing of the newer ones goes."""
    home = Home(tmp_path, around, keep_days=30)
    ledger = home.store.ledger()
    entries = [an_entry(message="alpha secret words", statement="alpha = 1"), an_entry("1:bbbb", time=at(days=40))]
    home.store.record(a_run(command="pytest alpha"), entries)
    ledger.add([a_generation(prompt="alpha prompt"), a_generation("g-2", time=at(days=40), prompt="beta prompt")])
    assert home.counts(home.after(days=45))["retention"] == 3
    old, new = home.store.occurrences()
    assert (old["message"], old["snippet"], old["statement"], old["findings"]) == ("", "", None, [])
    assert new["message"] and new["findings"]
    assert [one.prompt for one in ledger.generations()] == [None, "beta prompt"]
    assert home.pattern().frequency == 1 and home.pattern().message == "alpha secret words"
    assert "retention" not in home.counts(home.maintenance.run())


def test_free_pages_are_given_back(home: Home) -> None:
    """When a fifth of the file is free."""
    entries = [an_entry(f"1:{number:04d}", snippet=f"{number} " * 200) for number in range(300)]
    home.store.record(a_run("run-2"), entries)
    with_all = home.store.statistics().bytes
    for entry in entries[:30]:
        home.store.merge("1:0299", entry.fingerprint.exact)
    home.upkeep.forget("1:0299")
    assert home.store.statistics().bytes < with_all
    assert home.upkeep.free_share() < 0.2 and "compact" not in home.counts(home.maintenance.run())


def test_a_retired_pattern_comes_back_with_a_recurrence(tmp_path: Path) -> None:
    """It is hidden with its reason; and is not retired again for the same one."""
    home = Home(tmp_path, Around(libraries={"numpy": ("asscalar",)}))
    mistake: dict[str, Any] = {
        "fingerprint": "1:bbbb",
        "rule_id": "import.missing-name",
        "symbols": ("numpy.asscalar",),
    }
    home.store.record(a_run(), [an_entry(**mistake)])
    assert home.counts(home.maintenance.run()) == {"retire": 1}
    assert home.pattern("1:bbbb").state == "retired" and not home.store.search(["check"], [], 5)
    assert home.counts(home.maintenance.run()) == {}
    home.now = at(days=1)
    home.store.record(a_run("run-2", started=home.now, finished=home.now), [an_entry(**mistake, time=home.now)])
    assert home.pattern("1:bbbb").state == "candidate"
    assert home.counts(home.maintenance.run()) == {}


def test_a_person_takes_a_retired_pattern_back(tmp_path: Path) -> None:
    """Even within the same tick of the clock."""
    home = Home(tmp_path, Around(libraries={"numpy": ("asscalar",)}))
    home.store.record(a_run(), [an_entry(rule_id="import.missing-name", symbols=("numpy.asscalar",))])
    home.maintenance.run()
    home.upkeep.restore("1:aaaa")
    assert home.pattern().state == "candidate"
    assert home.counts(home.maintenance.run()) == {}


def a_subject(**changes: Any) -> Subject:
    values: dict[str, Any] = {
        "fingerprint": "1:aaaa",
        "rule_id": "import.missing-name",
        "symbols": ("numpy.asscalar",),
        "contexts": ("numpy",),
        "last_seen": at(),
        "state": "candidate",
        "places": (("app/users.py", "app.users:load_user"),),
    }
    return Subject(**{**values, **changes})


MONTH = at(days=31)


def why(around: Around, now: datetime = MONTH, **changes: Any) -> str | None:
    return Retirement(around, lambda: sorted(around.files)).why(a_subject(**changes), now)  # type: ignore[arg-type]


STANDING = {"app/users.py": "import numpy\ndef load_user():\n    pass\n"}


def test_a_lesson_that_has_become_wrong_is_retired_at_once() -> None:
    """The name, or the module, that it calls missing is there."""
    numpy = Around(libraries={"numpy": ("asscalar",)}, files=STANDING)
    assert why(numpy, at()) == "numpy has asscalar now"
    assert why(Around(libraries={"numpy": ("array",)}, files=STANDING), at()) is None
    module: dict[str, Any] = {"rule_id": "import.missing-module", "symbols": ("fastjsonx",)}
    assert why(Around(libraries={"fastjsonx": ()}, files=STANDING), at(), **module) is not None
    assert why(Around(own={"fastjsonx": "fastjsonx.py"}, files=STANDING), at(), **module) is not None
    assert why(Around(files=STANDING), **module) is None


def test_names_of_an_environment_that_is_not_the_projects_tell_nothing() -> None:
    """Installed, but not declared: it may be somebody else's."""
    around = Around(libraries={"numpy": ("asscalar",)}, files=STANDING)
    around.declared = lambda module: False  # type: ignore[method-assign]
    assert why(around, at()) is None


def test_a_library_that_is_no_longer_used_retires_its_lessons() -> None:
    """Neither declared, installed nor imported; for a month."""
    left = Around(files={"app/users.py": "def load_user():\n    pass\n"})
    assert why(left) == "the project no longer uses numpy"
    assert why(left, at(days=29)) is None
    assert why(Around(files=STANDING)) is None
    assert why(Around(files={}, opaque=True)) is None


def test_a_module_that_never_existed_is_not_missed() -> None:
    """The project never imported it: that is the lesson."""
    left = Around(files={"app/users.py": "def load_user():\n    pass\n"})
    assert why(left, rule_id="import.missing-module", symbols=("fastjsonx",)) is None


def test_a_word_that_may_be_a_variable_is_no_library() -> None:
    """Only what the code was seen to import counts as one."""
    left = Around(files={"app/users.py": "def load_user():\n    pass\n"})
    assert why(left, rule_id="type.not-callable", symbols=("user.name",), contexts=()) is None
    assert why(left, rule_id="type.not-callable", symbols=("httpx.get",), contexts=("httpx",)) is not None


LOGIC: dict[str, Any] = {"rule_id": "logic.assertion-mismatch", "symbols": (), "contexts": ()}


@pytest.mark.parametrize("files", [{"other.py": "x = 1\n"}, {"app/users.py": "x = 1\n"}])
def test_what_speaks_of_a_unit_goes_with_it(files: dict[str, str]) -> None:
    """The file is gone, or the function is."""
    assert "nothing is left" in (why(Around(files=files), **LOGIC) or "")


@pytest.mark.parametrize(
    ("files", "changes"),
    [
        ({"other.py": "class A:\n    def load_user(self):\n        pass\n"}, {}),
        ({"app/users.py": "def load_user(:\n"}, {}),
        ({}, {}),
        ({"other.py": "x = 1\n"}, {"handed_in": True}),
        ({"other.py": "x = 1\n"}, {"places": ((None, ""),)}),
        ({"other.py": "x = 1\n"}, {"last_seen": at(days=2)}),
        ({"other.py": "x = 1\n"}, {"rule_id": "runtime.file-not-found", "symbols": ("open",)}),
        ({"other.py": "x = 1\n"}, {"rule_id": "type.none-value"}),
    ],
    ids=["moved", "unreadable", "no files", "handed in", "unknown place", "not for long", "a built-in's", "general"],
)
def test_where_it_is_not_sure_a_lesson_stays(files: dict[str, str], changes: dict[str, Any]) -> None:
    """Silence is the rule."""
    assert why(Around(files=files), **{**LOGIC, **changes}) is None


def test_own_functions_that_are_gone_take_their_lessons_along() -> None:
    """Of any rule, where all that it names was the project's own; a library's lessons outlive their file."""
    gone = Around(files={"other.py": "x = 1\n"})
    of: dict[str, Any] = {"rule_id": "async.never-awaited", "contexts": ()}
    assert why(gone, symbols=("load_user",), **of) is not None
    assert why(gone, symbols=("sqlite3.fetchall",), **of) is None


def test_a_reason_that_a_sign_of_life_refuted_is_none() -> None:
    """It was retired for it once, and came back."""
    numpy = Around(libraries={"numpy": ("asscalar",)}, files=STANDING)
    assert why(numpy, at(), renewed_because="numpy has asscalar now") is None
