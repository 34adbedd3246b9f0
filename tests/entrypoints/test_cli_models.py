"""`llmlearn models`: what came of what each model wrote."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pytest_llmlearn import Memory
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.occurrence import Frame, Occurrence
from pytest_llmlearn.entrypoints.cli import main
from tests.projects import Project, clean_environment

FUNCTIONS = 12
MADE = "# llmlearn: generated=model-a\n" + "".join(
    f"\n\ndef f{number}(x):\n    return x + {number}\n" for number in range(FUNCTIONS)
)
BY_HAND = "def mine(x):\n    return x\n"
KEYS = {"model", "generations", "tested", "functions", "first_pass", "re_edit", "failures_per_hundred"}
RATE_KEYS = {"rate", "low", "high", "count", "of"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that is the current folder, with a file of a model's and a person's."""
    for name in os.environ.keys() - clean_environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path).write({"app/made.py": MADE, "app/mine.py": BY_HAND})


def models(*words: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(main, ["models", "--format", "json", *words])
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["models"]
    return found


def text() -> str:
    done = CliRunner().invoke(main, ["models"])
    assert done.exit_code == 0, done.output
    return done.stdout


def add(count: int, model: str = "model-a", **event: Any) -> None:
    """So many generations of functions of their own, ten minutes apart."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    with Memory.open() as memory:
        for number in range(count):
            memory.record_generation(
                path="app/made.py",
                function=f"f{number}",
                model=model,
                **{"time": (first + timedelta(minutes=10 * number)).isoformat(), **event},
            )


def watched(
    passed: list[str], failed: list[Occurrence] | None = None, loaded: tuple[str, ...] = ("app/made.py", "app/mine.py")
) -> None:
    """A run of the tests, as pytest would tell it."""
    now = datetime.now(UTC)
    run = Run(run_id=now.isoformat(), started=now, finished=now)
    with Memory.open() as memory:
        recording = memory.record_run(run, failed) if failed else None
        memory.watched(run, passed=passed, occurrences=failed or [], recording=recording, loaded=loaded)


def a_failure(number: int) -> Occurrence:
    line = MADE[: MADE.index(f"def f{number}(")].count("\n") + 2
    return Occurrence(
        nodeid=f"tests/test_made.py::test_f{number}",
        when="call",
        exception="TypeError",
        mro=("TypeError", "Exception", "BaseException", "object"),
        message="no",
        path="app/made.py",
        line=line,
        frames=(Frame(path="app/made.py", line=line, function=f"f{number}", statement=""),),
    )


def with_tests(project: Project) -> list[str]:
    names = ", ".join(f"f{number}" for number in range(FUNCTIONS))
    tests = "".join(f"\n\ndef test_f{n}():\n    assert f{n}(0) == {n}\n" for n in range(FUNCTIONS))
    project.write({"tests/test_made.py": f"from app.made import {names}\n{tests}"})
    return [f"tests/test_made.py::test_f{number}" for number in range(FUNCTIONS)]


def test_without_generations_it_says_so(project: Project) -> None:
    """And creates nothing."""
    assert models() == []
    assert "no generations in" in text()
    assert not (project.root / ".llmlearn").exists()


def test_below_ten_cases_no_rate_is_told(project: Project) -> None:
    """The counts are, in words and in JSON."""
    add(9)
    (one,) = models()
    assert set(one) == KEYS
    assert (one["model"], one["generations"], one["tested"], one["functions"]) == ("model-a", 9, 0, 0)
    assert (one["first_pass"], one["re_edit"], one["failures_per_hundred"]) == (None, None, None)
    assert "not enough data (9)" in text()


def test_each_rate_stands_with_its_interval_and_its_count(project: Project) -> None:
    """Nine of twelve first runs were green; three of twelve functions failed."""
    nodeids = with_tests(project)
    add(FUNCTIONS)
    watched(nodeids[3:], [a_failure(number) for number in range(3)])
    (one,) = models()
    assert set(one["first_pass"]) == RATE_KEYS
    assert (one["first_pass"]["count"], one["first_pass"]["of"], one["first_pass"]["rate"]) == (9, 12, 0.75)
    assert one["first_pass"]["low"] == pytest.approx(0.4677, abs=0.0001)
    assert one["first_pass"]["high"] == pytest.approx(0.9111, abs=0.0001)
    assert (one["failures_per_hundred"]["rate"], one["failures_per_hundred"]["of"]) == (25.0, 12)
    assert (one["re_edit"]["count"], one["re_edit"]["of"]) == (0, 12)
    assert "75% (47-91) of 12" in text()
    assert "25 (9-53) of 12" in text()


def test_a_function_that_was_repaired_keeps_its_failure(project: Project) -> None:
    """The state that failed is there no more, and was exposed to tests all the same."""
    nodeids = with_tests(project)
    add(1)
    watched(nodeids[1:], [a_failure(0)])
    project.write({"app/made.py": MADE.replace("return x + 0", "return x")})
    (one,) = models()
    rate = one["failures_per_hundred"]
    assert (rate["count"], rate["of"]) == (1, FUNCTIONS + 1)


def test_code_that_no_test_loads_is_no_denominator(project: Project) -> None:
    """Nor is what a person wrote."""
    add(1)
    watched([], loaded=("app/mine.py",))
    assert models()[0]["functions"] == 0
    watched([], loaded=("app/made.py",))
    assert models()[0]["functions"] == FUNCTIONS


def test_what_was_edited_again_at_once_is_a_rate_of_its_own(project: Project) -> None:
    """Each of twelve but the last was followed by another on the same function."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    with Memory.open() as memory:
        for number in range(FUNCTIONS):
            time = (first + timedelta(minutes=number)).isoformat()
            memory.record_generation(path="app/made.py", function="f0", model="model-a", time=time)
    assert (models()[0]["re_edit"]["count"], models()[0]["re_edit"]["of"]) == (11, 12)


def test_models_stand_apart_those_with_most_generations_first(project: Project) -> None:
    """Each with its own counts."""
    add(2)
    add(3, model="model-b")
    assert [(one["model"], one["generations"]) for one in models()] == [("model-b", 3), ("model-a", 2)]


def test_what_assistants_committed_is_taken_in_first(project: Project) -> None:
    """Without any event and any run."""
    project.commit("Work\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>")
    assert [(one["model"], one["generations"]) for one in models()] == [("Claude Opus 4.6", 2)]
    assert [(one["model"], one["generations"]) for one in models()] == [("Claude Opus 4.6", 2)]


def test_a_ledger_that_cannot_be_written_is_read_as_it_is(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line on standard error says what is missing."""
    add(1)
    project.commit("Work\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>")
    from pytest_llmlearn.adapters.sqlite_store.ledger import SqliteLedger
    from pytest_llmlearn.errors import StoreUnavailable

    def refused(*_: object) -> None:
        raise StoreUnavailable(str(project.database), "read-only")

    monkeypatch.setattr(SqliteLedger, "add", refused)
    done = CliRunner().invoke(main, ["models", "--format", "json"])
    assert done.exit_code == 0
    assert [one["model"] for one in json.loads(done.stdout)["models"]] == ["model-a"]
    assert "could not be taken in" in done.stderr
    assert len(done.stderr.splitlines()) == 1
