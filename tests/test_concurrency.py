"""Several processes at one memory, and a memory that cannot be used: nothing is lost, and the run goes its way.

Every pytest and every `llmlearn` here is a process of its own, on a store that a real run made.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_llmlearn.adapters import migrations
from tests.projects import Project

BROKEN = ("rows.part(1)", "rows['part']", "rows[7]", "{}['part']", "int('part')", "1 / (len(rows) - 1)")
FUNCTIONS = len(BROKEN)
"""Functions of the generated module, each broken in its own way and called by two tests."""
MODULE = "".join(f"def part_{n}(rows):\n    return {BROKEN[n]}\n\n\n" for n in range(FUNCTIONS))
TESTS = "import pytest\n\nfrom app import parts\n\n\n" + "".join(
    f"@pytest.mark.parametrize('rows', [[1], [2]])\ndef test_part_{n}(rows):\n    parts.part_{n}(rows)\n\n\n"
    for n in range(FUNCTIONS)
)
# Waits at the end of the run until as many runs are there as the environment says; or is killed while it writes,
# after the rows and before the commit; or becomes somebody who may not write, until it is written.
CONFTEST = """
import os
import pathlib
import signal
import time

import pytest


@pytest.hookimpl(wrapper=True, trylast=True)  # inside the terminal's, which prints as whoever started the run
def pytest_sessionfinish(session):
    if "WAIT_FOR" in os.environ:
        folder = pathlib.Path(os.environ["WAIT_IN"])
        (folder / str(os.getpid())).touch()
        until = time.monotonic() + 60
        while len(list(folder.iterdir())) < int(os.environ["WAIT_FOR"]) and time.monotonic() < until:
            time.sleep(0.002)
    if "KILLED" in os.environ:
        from pytest_llmlearn.adapters.sqlite_store import erasing

        erasing.purge = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    if "AS_NOBODY" in os.environ:
        import nobody

        nobody.become()
        try:
            return (yield)
        finally:
            os.seteuid(os.getuid())
    return (yield)
"""
# Root may write anywhere, so root becomes nobody; what is needed of folders that nobody may enter is imported before.
NOBODY = """
import os
import sqlite3

import sqlite_utils
import sqlite_utils.migrations

from pytest_llmlearn import bootstrap, hookspecs
from pytest_llmlearn.adapters import git, markers, secrets, surroundings
from pytest_llmlearn.app import recall
from pytest_llmlearn.entrypoints import printing, summary


def become():
    bootstrap.detectors()
    bootstrap.redactor()("x")
    if os.geteuid() == 0:
        os.seteuid(65534)
"""
ASK_AS_NOBODY = """
import sys

import nobody
from pytest_llmlearn.entrypoints import cli

nobody.become()
cli.main(sys.argv[1:])
"""
FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n\n[tool.llmlearn]\ngenerated = ["app/*.py"]\n',
    "app/__init__.py": "",
    "app/parts.py": MODULE,
    "conftest.py": CONFTEST,
    "nobody.py": NOBODY,
    "tests/test_parts.py": TESTS,
}
LEARN = ("pytest", "--llm-learn", "-p", "no:cacheprovider", "--tb=no", "-rN")
ASK = ("recall", "call part of a list of rows", "--threshold", "0", "--format", "json")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one run in its memory. Not to be changed: `project` is a copy."""
    made = Project(tmp_path_factory.mktemp("learned")).write(FILES)
    done = made.run(*LEARN)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{2 * FUNCTIONS} failures laid on LLM-written code: {FUNCTIONS} new patterns" in done.stdout
    return made


@pytest.fixture
def project(learned: Project, tmp_path: Path) -> Project:
    """The project with one run in its memory."""
    shutil.copytree(learned.root, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


def counts(project: Project) -> list[tuple[int, int]]:
    """(frequency, raw count) of each pattern."""
    return [(row["frequency"], row["raw_count"]) for row in project.json("patterns")]


def notices(output: str) -> list[str]:
    """The lines of the section that say what went wrong."""
    return [line for line in output.splitlines() if line.startswith("llmlearn: ") and "learning in" not in line]


@pytest.mark.slow
def test_runs_at_once_and_a_reader_beside_them_lose_nothing(tmp_path: Path) -> None:
    """Two runs begin the store and write it at the same moment, twice; who reads sees whole runs or none."""
    project = Project(tmp_path / "project").write(FILES)
    wanted = 0
    for turn in range(2):
        gate = tmp_path / f"gate-{turn}"
        gate.mkdir()
        waiting = {"WAIT_FOR": "2", "WAIT_IN": str(gate)}
        runs = [project.start(*LEARN, **waiting) for _ in range(2)]
        seen = []
        while any(run.poll() is None for run in runs):
            asked = project.run("llmlearn", *ASK)
            assert asked.returncode == 0, asked.stderr
            assert asked.stderr == ""
            seen.append([match["frequency"] for match in json.loads(asked.stdout)["matches"]])
            time.sleep(0.2)  # the runs need the processor too
        for run in runs:
            out, err = run.communicate()
            assert run.returncode == 1, out + err
            assert notices(out) == [] and "Traceback" not in out + err
            assert f"{2 * FUNCTIONS} failures laid on LLM-written code" in out
        wanted += 2
        assert seen and all(matches in ([], [1] * 5) for matches in seen)  # five is the default limit
        assert counts(project) == [(1, 2 * wanted)] * FUNCTIONS
    rows = project.json("occurrences")
    assert len({row["run"] for row in rows}) == wanted
    assert len(rows) == wanted * 2 * FUNCTIONS
    assert sorted(path.name for path in project.root.iterdir() if path.name.startswith(".llm")) == [".llmlearn"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system does not kill by signal")
def test_a_run_killed_while_it_writes_leaves_a_whole_store(project: Project) -> None:
    """Its rows are gone as a whole, those before it are there, and the next run writes as ever."""
    before = project.json("occurrences")
    killed = project.run(*LEARN, KILLED="1")
    assert killed.returncode == -signal.SIGKILL
    assert project.json("occurrences") == before
    assert project.run("llmlearn", *ASK).returncode == 0
    after = project.run(*LEARN)
    assert notices(after.stdout) == []
    assert counts(project) == [(1, 4)] * FUNCTIONS
    with closing(sqlite3.connect(project.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_locked_store_costs_the_learning_and_one_line(project: Project) -> None:
    """Another process writes for longer than this one waits: the run's own outcome is what it is."""
    with closing(sqlite3.connect(project.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = project.run(*LEARN, LLMLEARN_BUSY_SECONDS="1")
        asked = project.run("llmlearn", *ASK)
    assert done.returncode == 1
    (line,) = notices(done.stdout)
    assert line.startswith("llmlearn: nothing was learned from this run: ") and "locked" in line
    assert f"{2 * FUNCTIONS} failed" in done.stdout and "Traceback" not in done.stdout + done.stderr
    assert len(json.loads(asked.stdout)["matches"]) == 5, "a reader does not wait for a writer"
    assert counts(project) == [(1, 2)] * FUNCTIONS


def test_a_newer_schema_is_named_and_left_alone(project: Project) -> None:
    """By the run and by the command line; not a byte changes."""
    with closing(sqlite3.connect(project.database)) as connection:
        connection.execute("PRAGMA user_version = 4711")
    content = project.database.read_bytes()
    done = project.run(*LEARN)
    assert done.returncode == 1
    (line,) = notices(done.stdout)
    assert f"schema 4711, this one knows {migrations.known()}" in line and "upgrade" in line
    asked = project.run("llmlearn", *ASK)
    assert asked.returncode == 1
    assert "schema 4711" in asked.stderr and asked.stdout == "" and "Traceback" not in asked.stderr
    assert project.database.read_bytes() == content
    assert [path.name for path in project.database.parent.iterdir() if "damaged" in path.name] == []


def test_a_damaged_store_is_moved_aside_and_said_in_the_section(project: Project) -> None:
    """The new run is learned all the same, and the old bytes are kept."""
    damaged = b"this is no database at all " * 400
    project.database.write_bytes(damaged)
    done = project.run(*LEARN)
    assert done.returncode == 1
    (line,) = notices(done.stdout)
    (aside,) = project.database.parent.glob("memory.db.damaged-*")
    assert "was damaged" in line and aside.name in line
    assert aside.read_bytes() == damaged
    assert f"{FUNCTIONS} new patterns" in done.stdout
    assert counts(project) == [(1, 2)] * FUNCTIONS


@pytest.fixture
def read_only(learned: Project) -> Iterator[Project]:
    """The project where nobody may write; not below pytest's own folder, which only its owner may enter."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "project"
        shutil.copytree(learned.root, root)
        Path(name).chmod(0o755)
        for path in (root, *root.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield Project(root)
        for path in (root, *root.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_a_read_only_store_answers_and_the_run_goes_on(read_only: Project) -> None:
    """Another user, a read-only mount: recall works, learning costs one line."""
    before = read_only.database.read_bytes()
    for embedder in ("none", "hashing"):
        asked = read_only.run(
            "python", "-c", ASK_AS_NOBODY, *ASK, PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=".", LLMLEARN_EMBEDDER=embedder
        )
        assert asked.returncode == 0, asked.stderr
        assert len(json.loads(asked.stdout)["matches"]) == 5
    done = read_only.run(*LEARN, PYTHONDONTWRITEBYTECODE="1", AS_NOBODY="1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{2 * FUNCTIONS} failed" in done.stdout
    (line,) = notices(done.stdout)
    assert line.startswith("llmlearn: nothing was learned from this run: ") and "cannot be used now" in line
    assert read_only.database.read_bytes() == before
