"""The commands of upkeep, and upkeep that goes on by itself."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn import Memory, Occurrence
from pytest_llmlearn.adapters.last_run import tested
from pytest_llmlearn.entrypoints import background
from pytest_llmlearn.entrypoints.cli import main
from tests.projects import Project

WORD = "zebraquokka"
AUDIT_KEYS = {
    "patterns", "active", "duplicates", "duplicate_groups", "near_duplicates", "near_groups", "never_shown", "aged",
    "junk", "secrets", "weekly_patterns", "weekly_bytes", "bytes", "sizes", "above",
}  # fmt: skip
PATIENCE = 30.0
"""Seconds within which a process in the background has done its work, on the slowest machine."""


def a_failure(key: str, exception: str = "KeyError", **changes: Any) -> Occurrence:
    values: dict[str, Any] = {
        "nodeid": f"tests/test_{key}.py::test_{key}",
        "when": "call",
        "exception": exception,
        "mro": [exception, "Exception"],
        "message": f"'{key}'",
        "path": f"{key}.py",
        "line": 2,
        "function": f"read_{key}",
        "statement": f"return row['{key}']",
        "code": f"def read_{key}(row):\n    return row['{key}']\n",
        "model": "model-a",
    }
    return Occurrence.from_dict({**values, **changes})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that is the current folder, with two mistakes in its memory."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def learned(project: Path) -> list[str]:
    """Two mistakes of one rule, and one of another; their fingerprints."""
    awaited = {"message": "object list can't be used in 'await' expression", "statement": "await load()"}
    with Memory.open(project) as memory:
        return memory.record([a_failure(WORD), a_failure("other_key"), a_failure("third", "TypeError", **awaited)])


def llmlearn(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, words, input=stdin)


def parsed(*words: str) -> Any:
    done = llmlearn(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def patterns() -> dict[str, dict[str, Any]]:
    return {pattern["fingerprint"]: pattern for pattern in parsed("patterns")}


def test_an_archived_pattern_is_hidden_until_it_is_restored(learned: list[str]) -> None:
    """Several at once; none where one of them names nothing."""
    assert llmlearn("archive", learned[0], "1:ffff").exit_code == 1
    assert not parsed("recall", WORD)["abstained"]
    done = llmlearn("archive", learned[0][:10], learned[1])
    assert done.exit_code == 0 and done.stdout.count("is archived") == 2
    assert parsed("recall", WORD)["abstained"]
    assert "is candidate again" in llmlearn("restore", learned[0], learned[1]).stdout
    assert not parsed("recall", WORD)["abstained"]


def test_forgetting_asks_first_and_erases_every_byte(learned: list[str], project: Path) -> None:
    """Only a yes erases; then the names of red tests are gone from the files beside the database, too."""
    tested.TestedFile(project).saw([], lambda: [f"tests/test_{WORD}.py::test_{WORD}"])
    assert "nothing was erased" in llmlearn("forget", learned[0], stdin="n\n").stdout
    assert len(patterns()) == 3
    done = llmlearn("forget", learned[0], "--yes")
    assert done.exit_code == 0 and "with 1 occurrences" in done.stdout and done.stderr == ""
    files = [path for path in (project / ".llmlearn").rglob("*") if path.is_file()]
    assert files and not [path for path in files if WORD.encode() in path.read_bytes().lower()]
    assert set(patterns()) == set(learned[1:])
    assert llmlearn("forget", learned[0], "--yes").exit_code == 1


def test_the_one_seen_first_is_the_parent_whatever_the_order(learned: list[str], project: Path) -> None:
    """And splitting gives both back."""
    later = a_failure("other_key", code="def read_other_key(row):\n    return 1, row['other_key']\n")
    with Memory.open(project) as memory:
        memory.record([later])
    told = parsed("merge", learned[1], learned[0])
    assert (told["parent"], told["child"], told["frequency"]) == (*sorted(learned[:2]), 3)
    assert len(patterns()) == 2
    child, parent = told["child"], told["parent"]
    assert "stands for itself again" in llmlearn("split", child[:12]).stdout
    assert len(patterns()) == 3
    llmlearn("merge", child, parent)
    assert "stands for itself again" in llmlearn("split", parent).stdout
    assert "nothing was merged" in llmlearn("split", parent).stdout


def test_what_cannot_be_one_is_refused_in_a_sentence(learned: list[str]) -> None:
    """Itself, what is one already, and other categories."""
    for pair in ((learned[0], learned[0]), (learned[0], learned[2])):
        done = llmlearn("merge", *pair)
        assert done.exit_code == 1 and len(done.stderr.splitlines()) == 1 and "cannot be merged" in done.stderr
    assert llmlearn("merge", learned[0]).exit_code == 2
    assert llmlearn("merge").exit_code == 2
    assert llmlearn("merge", learned[0], learned[1], "--suggest").exit_code == 2


def test_patterns_that_may_be_one_are_suggested(learned: list[str], project: Path) -> None:
    """Equal symbols in other words, of one category; none is an answer."""
    assert "no two patterns" in llmlearn("merge", "--suggest").stdout
    with closing(sqlite3.connect(project / ".llmlearn" / "state" / "memory.db")) as db, db:
        db.execute("UPDATE patterns SET symbol_key = 'same'")
    assert parsed("merge", "--suggest") == [{"why": "symbol", "patterns": sorted(learned[:2])}]
    told = llmlearn("merge", "--suggest").stdout
    assert told.startswith("the same symbols:\n") and learned[0] in told and learned[2] not in told


def test_an_audit_says_what_it_measured(learned: list[str]) -> None:
    """For scripts and for people; exit status 0 within the bounds."""
    report = parsed("audit")
    assert set(report) == AUDIT_KEYS
    assert (report["patterns"], report["above"], report["secrets"]) == (3, [], {})
    assert {"table", "rows", "bytes"} == set(report["sizes"][0])
    assert "patterns               3, of them 0 active" in llmlearn("audit").stdout


def test_an_audit_above_a_bound_fails_and_names_it(learned: list[str], project: Path) -> None:
    """The option, the environment and pyproject.toml say which bound."""
    done = llmlearn("audit", "--max-weekly-patterns", "0")
    assert done.exit_code == 1 and "audit_max_weekly_patterns" in done.stdout
    (project / "pyproject.toml").write_text("[tool.llmlearn]\naudit_max_weekly_patterns = 0\n", encoding="utf-8")
    done = llmlearn("audit", "--format", "json")
    assert done.exit_code == 1 and len(json.loads(done.stdout)["above"]) == 1
    assert llmlearn("audit", "--max-weekly-patterns", "9").exit_code == 0
    assert llmlearn("audit", "--max-junk", "2").exit_code == 2


def test_maintaining_says_what_it_did(learned: list[str], project: Path) -> None:
    """A line for each task that had something to do; one sentence where none had."""
    assert llmlearn("maintain").stdout == "nothing is due\n"
    _age(project, days=200)
    assert "would be: 3 patterns archived" in llmlearn("maintain", "--dry-run").stdout
    assert "3 patterns archived: unseen for 180 days" in llmlearn("maintain").stdout
    report = parsed("maintain")
    assert {"dry_run", "alone", "tasks"} == set(report)
    assert not any(task["count"] for task in report["tasks"])
    assert llmlearn("maintain", "--quiet").stdout == ""


def test_upkeep_makes_nothing_where_nothing_was_learned(project: Path) -> None:
    """Neither command leaves a trace."""
    for words in (("audit",), ("maintain",), ("maintain", "--dry-run"), ("merge", "--suggest")):
        assert llmlearn(*words).exit_code == 0
    assert not (project / ".llmlearn").exists()


def test_no_lesson_is_shown_of_what_is_gone(project: Path) -> None:
    """Between two times of upkeep too, and nothing is written to say so."""
    (project / "shop.py").write_text("x = 1\n", encoding="utf-8")
    message = "cannot import name 'total_price' from 'shop' (shop.py)"
    with Memory.open(project) as memory:
        memory.record([a_failure("cart", "ImportError", message=message, code="from shop import total_price\n")])
        rule = memory.patterns()[0].rule_id
    assert rule == "import.missing-name"
    assert not parsed("recall", "total_price of the shop")["abstained"]
    (project / "shop.py").write_text("def total_price():\n    return 1\n", encoding="utf-8")
    assert parsed("recall", "total_price of the shop")["abstained"]
    assert next(iter(patterns().values()))["state"] == "candidate"
    assert "1 pattern retired" in llmlearn("maintain").stdout
    assert next(iter(patterns().values()))["state"] == "retired"


FAILING = {
    "app.py": "def total(row):\n    return row['price']\n",
    "test_app.py": "from app import total\n\ndef test_total():\n    assert total({}) == 1\n",
    "pyproject.toml": "[tool.llmlearn]\nscope = 'all'\n",
}


def _age(root: Path, days: float) -> None:
    """Put everything in the memory so many days back."""
    then = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")
    with closing(sqlite3.connect(root / ".llmlearn" / "state" / "memory.db")) as db, db:
        db.execute("UPDATE runs SET started = ?1, finished = ?1", (then,))
        db.execute("UPDATE patterns SET first_seen = ?1, last_seen = ?1", (then,))
        db.execute("DELETE FROM remembered_words WHERE key = 'maintain.last'")


def _maintained(root: Path) -> str | None:
    with closing(sqlite3.connect(root / ".llmlearn" / "state" / "memory.db")) as db:
        row = db.execute("SELECT value FROM remembered_words WHERE key = 'maintain.last'").fetchone()
    return row[0] if row else None


def _awaited(root: Path) -> str | None:
    """When it was maintained, within bounded patience."""
    end = time.monotonic() + PATIENCE
    while (found := _maintained(root)) is None and time.monotonic() < end:
        time.sleep(0.05)
    return found


def test_upkeep_that_is_due_goes_on_after_a_run_by_itself(tmp_path: Path) -> None:
    """Not after the first run, once a day from then on; the run says nothing of it."""
    project = Project(tmp_path).write(FAILING)
    done = project.run("pytest", "--llm-learn", CI="")
    assert done.returncode == 1 and _maintained(tmp_path) is None
    _age(tmp_path, days=200)
    done = project.run("pytest", "--llm-learn", CI="", PYTEST_ADDOPTS="-q")
    assert done.returncode == 1 and "order" not in done.stdout
    first = _awaited(tmp_path)
    assert first is not None
    project.run("pytest", "--llm-learn", CI="")
    assert project.json("maintain", "--dry-run")["alone"] and _maintained(tmp_path) == first


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"CI": "", "LLMLEARN_MAINTAIN": "0"}])
def test_upkeep_is_never_begun_in_ci_or_where_it_is_switched_off(tmp_path: Path, environ: dict[str, str]) -> None:
    """No process is started: the shell that would start it is not there to be found."""
    project = Project(tmp_path).write(FAILING)
    project.run("pytest", "--llm-learn", **environ)
    _age(tmp_path, days=2)
    probe = "import pytest_llmlearn.entrypoints.background as b\nb.begin = lambda *a: open('begun', 'w').close()\n"
    project.write({"conftest.py": probe})
    project.run("pytest", "--llm-learn", **environ)
    assert not (tmp_path / "begun").exists()
    project.run("pytest", "--llm-learn", CI="")
    assert (tmp_path / "begun").exists()


@pytest.mark.skipif(os.name != "posix", reason="only there are zombies")
def test_no_child_is_left_behind(tmp_path: Path) -> None:
    """What was begun is nobody's child here, even while it runs; and beginning it takes no time."""
    project = Project(tmp_path).write(FAILING)
    project.run("pytest", "--llm-learn", CI="true")
    _age(tmp_path, days=2)
    # In a process of its own: other tests of this one may have begun something that still runs.
    begins = """
import os, pathlib
from pytest_llmlearn.entrypoints import background

background.begin(pathlib.Path.cwd(), os.environ)
try:
    print("a child is left:", os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("none is left")
"""
    done = project.run("python", "-c", begins)
    assert done.stdout == "none is left\n", done.stderr
    assert _awaited(tmp_path) is not None


@pytest.mark.parametrize(("ci", "wanted"), [(None, True), ("", True), ("false", True), ("true", False), ("1", False)])
def test_what_counts_as_ci(ci: str | None, wanted: bool) -> None:
    """The variable that all the usual services set."""
    assert background.wanted({} if ci is None else {"CI": ci}) is wanted
