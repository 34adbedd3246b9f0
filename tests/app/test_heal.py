"""What becomes of red tests that are green now, judged over stand-ins for the store and the project."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

import pytest

from pytest_llmlearn.app.heal import Green, Healed, Healer, Judge, Reds
from pytest_llmlearn.app.ports import Store
from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.entry import Entry, Held
from pytest_llmlearn.domain.fix import Red
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.redaction import redact
from pytest_llmlearn.hookspecs import Surroundings
from tests.builders import a_run, an_entry, an_occurrence, at
from tests.fakes import FakeFixes, FakeStore, FakeTested

CODE = "import json\n\n\ndef load(rows):\n    for row in rows:\n        pass\n    return rows\n"
MENDED = CODE.replace("in rows:", "in rows or ():")
TESTS = "from app.users import load\n\n\ndef test_load():\n    assert load(None) is None\n"
NODEID = "tests/test_users.py::test_load"


class Files:
    """The part of `hookspecs.Surroundings` that reads the project's files; counts how often each was read."""

    def __init__(self, **texts: str) -> None:
        self.texts = {"app/users.py": MENDED, "tests/test_users.py": TESTS, **texts}
        self.read: list[str] = []

    def text(self, path: str) -> str | None:
        self.read.append(path)
        return self.texts.get(path)


def a_red(code: str = CODE, tests: str | None = TESTS, **changes: Any) -> Red:
    """`load` as it was in that code, and its test."""
    unit = source.unit_named(code, "load")
    test = source.unit_named(tests, "test_load") if tests else None
    assert unit is not None
    values: dict[str, Any] = {
        "occurrence": 1,
        "fingerprint": "1:aaaa",
        "nodeid": NODEID,
        "path": "app/users.py",
        "qualname": "load",
        "unit": "app.users:load",
        "unit_hash": source.unit_hash(code, unit),
        "line": 5,
        "statement": "for row in rows:",
        "text": redact(source.unit_text(code, unit)),
        "test_path": "tests/test_users.py" if test else None,
        "test_qualname": "test_load" if test else None,
        "test_text": source.unit_text(tests, test) if tests and test else None,
        "commit": "0123abc",
        "time": at(0),
    }
    return Red(**{**values, **changes})


def judged(files: Files, red: Red | None = None) -> tuple[str, str]:
    healing = Judge(cast(Surroundings, files), redact).judge(red or a_red(), Green(time=at(5)))
    assert (healing.fix is not None) == (healing.verdict == "fix")
    return healing.verdict, healing.reason


def test_a_changed_unit_is_a_fix() -> None:
    """With what stands around it, what was red and green, and when."""
    healing = Judge(cast(Surroundings, Files()), redact).judge(a_red(), Green(time=at(5), commit="4567"))
    fix = healing.fix
    assert fix is not None
    assert (fix.signature, fix.difference) == ("def load(rows):", "`rows` became `rows or ()`")
    assert "for row in rows:" in fix.bad and "for row in rows or ():" in fix.good
    assert (healing.verdict, healing.red_commit, healing.green_commit) == ("fix", "0123abc", "4567")
    assert healing.red_hash == a_red().unit_hash != healing.green_hash


@pytest.mark.parametrize(
    ("changes", "files", "expected"),
    [
        ({}, {"app/users.py": CODE}, ("elsewhere", "its code is as it was: something else was changed")),
        ({}, {"app/users.py": f"# more\n{CODE}"}, ("elsewhere", "its code is as it was: something else was changed")),
        ({}, {"app/users.py": "x = 1\n"}, ("elsewhere", "load is not in app/users.py any more")),
        ({"path": "gone.py"}, {}, ("elsewhere", "gone.py is gone")),
        ({"text": None}, {}, ("elsewhere", "the code as it was when red is not kept any more")),
        ({}, {"tests/test_users.py": "x = 1\n"}, ("test-changed", "the test is not where it was")),
        (
            {},
            {"tests/test_users.py": TESTS.replace("assert load(None) is None", "load(None)")},
            ("test-changed", "nothing is asserted any more"),
        ),
        (
            {},
            {
                "app/users.py": CODE,
                "tests/test_users.py": TESTS.replace("    assert", "    value = 1\n    assert value\n    assert"),
            },
            ("test-changed", "only the test was changed"),
        ),
    ],
)  # fmt: skip
def test_what_is_no_fix(changes: dict[str, Any], files: dict[str, str], expected: tuple[str, str]) -> None:
    """And why."""
    assert judged(Files(**files), a_red(**changes)) == expected


def test_code_of_a_test_is_no_culprit_that_could_be_mended() -> None:
    """A change in the test alone is none, whoever wrote the test."""
    text = f"{CODE}\n\n{TESTS}"
    files = Files(**{"tests/test_users.py": text.replace("in rows:", "in rows or ():")})
    assert judged(files, a_red(code=text, path="tests/test_users.py"))[0] == "test-changed"


def test_an_import_that_the_repair_brought_is_part_of_it() -> None:
    """One that the red code used already is none: it was imported before."""
    green = CODE.replace("return rows", "return list(chain(rows), json)").replace(
        "import json", "import json\nfrom itertools import chain"
    )
    red = a_red(text=source.unit_text(CODE, cast(source.Unit, source.unit_named(CODE, "load"))) + "    json\n")
    fix = Judge(cast(Surroundings, Files(**{"app/users.py": green})), redact).judge(red, Green(time=at(5))).fix
    assert fix is not None and fix.imports == ("from itertools import chain",)


USING = "def load(rows):\n    return json.dumps(rows)\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("import json\n\n\n", ("import json",)),
        ("import re\nfrom vendor import json\n\n\n", ("from vendor import json",)),
        ("import simplejson as json\n\n\n", ("import simplejson as json",)),
        ("from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import json\n\n\n", None),
        ("import re\n\n\n", None),
    ],
)
def test_a_name_that_was_not_defined_and_is_imported_now_is_a_fix(head: str, expected: tuple[str, ...] | None) -> None:
    """The unit is as it was, for the import block was at fault; an import that nobody runs mends nothing."""
    red = a_red(USING, statement="return json.dumps(rows)", message="name 'json' is not defined")
    files = Files(**{"app/users.py": head + USING})
    healing = Judge(cast(Surroundings, files), redact).judge(red, Green(time=at(5)))
    fix = healing.fix
    assert (fix.imports if fix is not None else None) == expected
    assert healing.verdict == ("fix" if expected else "elsewhere")
    if fix is not None:
        assert (fix.bad, fix.good) == ("return json.dumps(rows)", "return json.dumps(rows)")
        assert fix.difference == f"`{fix.imports[0]}` was added"


def test_an_import_beside_another_failure_mends_nothing() -> None:
    """What the import block holds tells nothing of a failure that was no undefined name."""
    red = a_red(USING, statement="return json.dumps(rows)", message="not JSON serializable: name 'x' is defined")
    files = Files(**{"app/users.py": f"import json\n\n\n{USING}"})
    assert judged(files, red) == ("elsewhere", "its code is as it was: something else was changed")


def test_a_secret_that_alone_was_changed_is_not_shown() -> None:
    """Both sides are redacted alike, so nothing is left to be seen."""
    secret = 'password = "hunter2-hunter2-hunter2"'
    code = CODE.replace("    return rows", f"    {secret}\n    return rows")
    files = Files(**{"app/users.py": code.replace("hunter2-hunter2", "other99-hunter2")})
    assert judged(files, a_red(code=code)) == ("elsewhere", "what was changed of the code cannot be shown")


# Which tests turned green


@pytest.mark.parametrize(
    ("red", "passed", "failing", "expected"),
    [
        ({"a.py::t"}, {"a.py::t", "a.py::u"}, set(), {"a.py::t"}),
        ({"a.py::t"}, {"a.py::t"}, {"a.py::t"}, set()),
        ({"a.py"}, {"a.py::t"}, set(), {"a.py"}),
        ({"a.py"}, {"a.py::t"}, {"a.py::u"}, set()),
        ({"a.py"}, {"ab.py::t"}, set(), set()),
        ({"a.py"}, set(), set(), set()),
        ({"tests"}, {"tests/a.py::t"}, set(), {"tests"}),
        ({"tests"}, {"tests/a.py::t"}, {"tests/b.py"}, set()),
        ({"a.py::T"}, {"a.py::T::t"}, set(), {"a.py::T"}),
        ({"a.py::t[1]"}, {"a.py::t[2]"}, set(), set()),
        ({""}, {"a.py::t"}, set(), set()),
    ],
)  # fmt: skip
def test_which_red_tests_turned_green(red: set[str], passed: set[str], failing: set[str], expected: set[str]) -> None:
    """The test itself; a file that could not be collected, where something of it passed and nothing failed."""
    assert Reds(red).turned_green(passed, passed, failing) == expected


class Bench:
    """A healer over stand-ins, with one red test."""

    def __init__(self, *entries: Entry, **texts: str) -> None:
        self.store = FakeStore()
        self.fixes = FakeFixes(self.store)
        self.tested = FakeTested()
        self.files = Files(**texts)
        red = a_red()
        held = (
            Held(digest="b2:u", kind="unit", path=red.path, qualname="load", text=red.text or ""),
            Held(
                digest="b2:t", kind="test", path="tests/test_users.py", qualname="test_load", text=red.test_text or ""
            ),
        )
        entry = an_entry(
            nodeid=NODEID, held=held, unit=red.unit, unit_hash=red.unit_hash, statement=red.statement, function="load"
        )
        self.store.record(a_run(), [entry, *entries])
        self.healer = Healer(
            store=cast(Store, self.store),
            fixes=self.fixes,
            tested=self.tested,
            surroundings=cast(Surroundings, self.files),
            redact=redact,
        )

    def run(
        self,
        passed: Collection[str] = (NODEID,),
        skipped: Collection[str] = (),
        occurrences: Sequence[Occurrence] = (),
        minutes: float = 10,
    ) -> Healed:
        run = a_run("run-2", started=at(minutes - 1), finished=at(minutes))
        return self.healer.run(run, passed=passed, skipped=skipped, occurrences=occurrences)


def test_a_red_test_that_passes_is_healed_once() -> None:
    """It is green afterwards, and the next run has nothing to mine."""
    bench = Bench()
    healed = bench.run()
    (mined,) = healed.fixes
    assert (mined.path, mined.qualname, mined.seen, mined.fix.verified) == ("app/users.py", "load", 1, 1)
    assert bench.tested.red == [] and NODEID in bench.store.green
    assert bench.run(minutes=20) == Healed()


def test_the_file_of_a_healed_unit_is_parsed_once() -> None:
    """However many tests turned green by it."""
    others = [an_entry(nodeid=f"tests/test_users.py::test_{number}", unit="app.users:load") for number in range(50)]
    bench = Bench(*others)
    source.parse.cache_clear()
    healed = bench.run(passed=[NODEID, *(entry.nodeid for entry in others)])
    assert len(healed.healings) == 51
    # The file, as it is and redacted (here the same), its two units, the test's file and the test.
    assert source.parse.cache_info().misses <= 8


def test_a_test_that_passes_with_a_finding_is_not_green() -> None:
    """A coroutine was never awaited, or it passed only when it was run again."""
    for flaky in (False, True):
        bench = Bench()
        assert bench.run(occurrences=[an_occurrence(nodeid=NODEID, flaky=flaky)]) == Healed()
        assert bench.tested.red == [NODEID] and NODEID not in bench.store.green


def test_tests_are_noted_as_green_without_a_healing() -> None:
    """New ones, under the names that may be written down."""
    bench = Bench()
    bench.run(passed=["tests/a.py::t", "tests/a.py::t[ada@example.org]"])
    assert set(bench.store.green) == {"tests/a.py::t", "tests/a.py::t[<email>]"}
    assert bench.tested.red == [NODEID]


def test_nothing_is_looked_at_where_no_red_test_was_run() -> None:
    """Not a file is read."""
    bench = Bench()
    assert bench.run(passed=["tests/a.py::t"]) == Healed()
    assert bench.files.read == []


def test_a_red_test_that_is_skipped_now_stays_red() -> None:
    """Written down where its own code says so; by circumstance, nothing is."""
    marked = TESTS.replace("def test_load", "@pytest.mark.skip\ndef test_load")
    bench = Bench(**{"tests/test_users.py": marked})
    (healing,) = bench.run(passed=[], skipped=[NODEID]).healings
    assert (healing.verdict, healing.fix, bench.tested.red) == ("test-changed", None, [NODEID])
    bench = Bench()
    assert bench.run(passed=[], skipped=[NODEID]) == Healed() and bench.tested.red == [NODEID]


def test_a_red_case_is_found_under_the_name_that_the_store_gives_it() -> None:
    """What was redacted of its id is redacted of the one that passed."""
    entry = an_entry(nodeid="tests/a.py::t[<email>]")
    bench = Bench(entry)
    healed = bench.run(passed=["tests/a.py::t[ada@example.org]"])
    assert [one.nodeid for one in healed.healings] == ["tests/a.py::t[<email>]"]


def test_the_import_of_a_missing_name_mends_code_that_is_as_it_was() -> None:
    """The function was not touched; what it lacked stands at the top of its file now."""
    code = CODE.replace("import json\n\n\n", "").replace("return rows", "return json.dumps(rows)")
    red = a_red(code=code, statement="return json.dumps(rows)", message="name 'json' is not defined")
    files = Files(**{"app/users.py": f"import json\n\n\n{code}"})
    fix = Judge(cast(Surroundings, files), redact).judge(red, Green(time=at(5))).fix
    assert fix is not None
    assert (fix.bad, fix.difference, fix.imports) == (red.statement, "`import json` was added", ("import json",))
    assert judged(Files(**{"app/users.py": code}), red)[0] == "elsewhere"
