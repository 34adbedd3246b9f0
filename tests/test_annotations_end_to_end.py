"""A run of the tests marks what it recorded: in a folder of a repository, over several runs, and among workers."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from pytest_llmlearn.entrypoints.annotations.publish import STEP_SUMMARY
from pytest_llmlearn.entrypoints.cli import main
from tests.annotating import Command, runner_reads
from tests.projects import Project
from tests.scanning import FakeSemgrep

FILES = {
    "pyproject.toml": '[tool.llmlearn]\ngenerated = ["made/**=gpt-4o"]\n',
    "made/__init__.py": "",
    "made/calc.py": "def add(a, b):\n    return a + str(b)\n",
    "made/close.py": "def close(channel):\n    return channel.shut\n",
    "made/ready.py": "def ready(names):\n    return names['first']\n",
    "made/later.py": "async def later():\n    return 1\n\n\ndef use():\n    later()\n    return 2\n",
    "made/gone.py": "from asyncio import nothing_here\n",
    "test_gone.py": "import made.gone\n",
    "test_it.py": """\
import pytest
from made.calc import add
from made.close import close
from made.later import use
from made.ready import ready

@pytest.fixture
def prepared():
    return ready({})

@pytest.fixture
def closing():
    yield
    close(3)

def test_setup(prepared): pass
def test_teardown(closing): pass
@pytest.mark.parametrize("number", [1, 2])
def test_call(number): assert add(number, 2) == number + 2
def test_warned(): assert use() == 2
""",
}
PLACES = {
    ("packages/a/made/calc.py", "2"),
    ("packages/a/made/close.py", "2"),
    ("packages/a/made/ready.py", "2"),
    ("packages/a/made/later.py", "6"),
    ("packages/a/made/gone.py", "1"),
}
PHASES = {"call", "teardown", "setup", "warning", "collect"}
RUN = ("pytest", "--llm-learn", "--continue-on-collection-errors", "-p", "no:cacheprovider", "--junitxml=junit.xml")


def marks(done: subprocess.CompletedProcess[str]) -> list[Command]:
    """The commands that GitHub's runner sees."""
    return [command for line in done.stdout.splitlines() if (command := runner_reads(line)) is not None]


def properties(report: Path) -> dict[str, dict[str, str]]:
    """What the JUnit report says of each test that has properties."""
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        told = {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}
        if told:
            assert len(list(case.iter("property"))) == len(told)
            found[case.attrib["name"]] = told
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project in `packages/a` of a repository, in which three runs were made of three commits."""
    top = Project(tmp_path_factory.mktemp("repo"))
    top.write({f"packages/a/{path}": text for path, text in FILES.items()}).commit("one")
    return Project(top.root / "packages/a")


@pytest.fixture(scope="module")
def runs(folder: Project) -> list[subprocess.CompletedProcess[str]]:
    """Three runs on GitHub: of each commit one, the second among two workers."""
    top = Project(folder.root.parent.parent)
    step = top.root.parent / "step.md"
    step.write_text("# Other steps\n")
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/home/runner/work/r/r", STEP_SUMMARY: str(step)}
    files = ("--llm-learn-sarif=out/first.sarif", "--llm-learn-codequality=cq.json", "--llm-learn-rdjson=rd.json")
    unwritable = f"--llm-learn-summary={folder.root}/test_it.py/no.md"
    done = [folder.run(*RUN, *files, unwritable, **environ)]
    (folder.root / "junit.xml").rename(folder.root / "junit-1.xml")
    top.write({"packages/a/made/other.py": "x = 1\n"}).commit("two")
    done.append(folder.run(*RUN, "-n2", "--llm-learn-summary=summary.md", **environ))
    top.write({"packages/a/made/other.py": "x = 2\n"}).commit("three")
    done.append(folder.run(*RUN, **environ))
    return done


def test_each_phase_is_marked_once_at_its_line_in_the_repository(
    folder: Project, runs: list[subprocess.CompletedProcess[str]]
) -> None:
    """Setup, call, teardown, collection and what was only warned of; uncoloured, at the beginning of a line."""
    found = marks(runs[0])
    assert {(one.properties["file"], one.properties["line"]) for one in found} == PLACES
    assert len(found) == len(PLACES)
    assert {one.name for one in found} == {"warning"}
    assert all(one.properties["title"].endswith(", new") for one in found)
    (run,) = json.loads((folder.root / "out/first.sarif").read_text())["runs"]
    assert {result["properties"]["phase"] for result in run["results"]} == PHASES
    uris = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]}
    assert uris == {path for path, _ in PLACES}
    for result in run["results"]:
        assert re.fullmatch(r"[0-9a-f]+:\d+", result["partialFingerprints"]["primaryLocationLineHash"])
    entries = json.loads((folder.root / "cq.json").read_text())
    assert {entry["location"]["path"] for entry in entries} == uris
    diagnostics = json.loads((folder.root / "rd.json").read_text())["diagnostics"]
    assert {one["location"]["path"] for one in diagnostics} == uris


def test_what_cannot_be_written_is_a_sentence_and_changes_nothing(
    runs: list[subprocess.CompletedProcess[str]],
) -> None:
    """The exit status is that of the tests."""
    (line,) = [line for line in runs[0].stdout.splitlines() if "could not be written" in line]
    assert line.startswith("llmlearn: ") and "Not a directory" in line
    assert [done.returncode for done in runs] == [1, 1, 1]


def test_workers_make_no_duplicates(folder: Project, runs: list[subprocess.CompletedProcess[str]]) -> None:
    """The controller alone writes; what stands in the reports is the same."""
    assert {(one.properties["file"], one.properties["line"]) for one in marks(runs[1])} == PLACES
    assert len(marks(runs[1])) == len(PLACES)
    alone, among = properties(folder.root / "junit-1.xml"), properties(folder.root / "junit.xml")
    assert set(alone) == {"test_setup", "test_teardown", "test_call[1]", "test_call[2]"}
    assert alone == among
    told = alone["test_call[1]"]
    assert told["llm_learn.category"] == "type"
    assert told["llm_learn.rule"].startswith("type.")
    page = (folder.root / "summary.md").read_text()
    assert page.count("packages/a/made/calc.py:2") == 1


def test_what_earlier_commits_showed_is_recurring(
    folder: Project, runs: list[subprocess.CompletedProcess[str]]
) -> None:
    """In two states of the code before; a JUnit report names the same pattern as SARIF."""
    assert all(one.properties["title"].endswith(", new") for one in marks(runs[1]))
    third = marks(runs[2])
    assert len(third) == len(PLACES)
    for one in third:
        assert re.search(r", (recurring|seen \w+( times)?)$", one.properties["title"])
        assert re.search(r"(Recurring|Seen \w+( times)?) since \d{4}-\d\d-\d\d, by gpt-4o", one.data)
    (run,) = json.loads((folder.root / "out/first.sarif").read_text())["runs"]
    marked = {one["partialFingerprints"]["llmlearn/v1"] for one in run["results"]}
    assert {told["llm_learn.fingerprint"] for told in properties(folder.root / "junit-1.xml").values()} < marked


def test_the_jobs_summary_is_added_to_what_is_there(
    folder: Project, runs: list[subprocess.CompletedProcess[str]]
) -> None:
    """One table a run."""
    page = (folder.root.parent.parent.parent / "step.md").read_text()
    assert page.startswith("# Other steps\n")
    assert page.count("5 new mistakes of LLM-written code") == 2
    assert page.count("5 recurring mistakes of LLM-written code") == 1


def test_the_command_marks_a_run_of_the_past(
    folder: Project, runs: list[subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one, as it was marked then; any format, to a file too; an unknown run is an error."""
    monkeypatch.chdir(folder.root)

    def annotate(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["annotate", *words])
        return done.exit_code, done.stdout

    status, out = annotate("--format", "github")
    again = [command for line in out.splitlines() if (command := runner_reads(line)) is not None]
    assert status == 0
    assert {(one.properties["file"], one.properties["line"]) for one in again} == PLACES
    assert {one.properties["title"] for one in again} == {one.properties["title"] for one in marks(runs[2])}
    assert annotate()[1].startswith("### llmlearn: 5 recurring mistakes")
    assert annotate("--format", "sarif", "--output", "told/x.sarif") == (0, "")
    assert len(json.loads((folder.root / "told/x.sarif").read_text())["runs"][0]["results"]) == 5
    monkeypatch.setenv("GITLAB_CI", "true")
    assert len(json.loads(annotate()[1])) == 5
    assert annotate("--run", "no-such")[0] == 1


CONFTEST = """\
import sys

def pytest_unconfigure():
    print("LOADED", sorted(name for name in sys.modules if "llmlearn" in name and "annotat" in name))
"""


def test_without_a_ci_nothing_is_loaded_and_with_one_a_clean_run_writes_empty_files(tmp_path: Path) -> None:
    """A report that is not there fails the job that hands it on; one without results closes what is mended."""
    project = Project(tmp_path).write(
        {
            "pyproject.toml": FILES["pyproject.toml"],
            "conftest.py": CONFTEST,
            "made/calc.py": FILES["made/calc.py"],
            "test_it.py": "from made.calc import add\n\ndef test_it(): assert add(1, 2) == 3\n",
        }
    )
    done = project.run("pytest", "--llm-learn", "-q")
    assert "again" not in done.stdout and "new: made/calc.py:2" in done.stdout
    loaded = next(line for line in done.stdout.splitlines() if line.startswith("LOADED"))
    assert "entrypoints.annotations" not in loaded and "domain.annotation" not in loaded
    assert marks(done) == []
    project.write({"made/calc.py": "def add(a, b):\n    return a + b\n"})
    done = project.run("pytest", "-q", "--llm-learn-sarif=x.sarif", "--llm-learn-summary=x.md", GITLAB_CI="true")
    assert done.returncode == 0
    assert json.loads((tmp_path / "x.sarif").read_text())["runs"][0]["results"] == []
    assert (tmp_path / "x.md").read_text() == "### llmlearn: no mistakes of LLM-written code\n"
    assert json.loads((tmp_path / "gl-llmlearn.json").read_text()) == []


@pytest.mark.skipif(os.name != "posix", reason="the program that stands in is a script")
def test_what_the_scan_beside_the_tests_found_is_marked(tmp_path: Path) -> None:
    """Without any test that fails; with the columns that it knows."""
    fake = FakeSemgrep(tmp_path / "bin")
    bad = 'import sqlite3\n\n\ndef find(cursor, name):\n    cursor.execute(f"SELECT {name}")\n    return cursor\n'
    project = Project(tmp_path / "p", {"LLMLEARN_SCAN_PROGRAM": str(fake.program), "LLMLEARN_SCAN_GRACE": "60"})
    project.write(
        {
            "pyproject.toml": FILES["pyproject.toml"],
            "made/db.py": bad,
            "test_it.py": "def test_it():\n    pass\n",
        }
    )
    done = project.run("pytest", "-q", "--llm-learn-scan=on", "--llm-learn-annotate=github")
    assert done.returncode == 0
    (mark,) = marks(done)
    assert (mark.properties["file"], mark.properties["line"]) == ("made/db.py", "5")
    assert mark.properties["title"] == "llmlearn: security.sql-built-from-parts, new"
    assert mark.properties["col"] == "5"
