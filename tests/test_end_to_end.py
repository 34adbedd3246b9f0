"""The loop, in one temporary repository: red, an uncommitted repair, green, recall.

Everything is real: git, pytest in processes of its own, the command line.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

USERS = """import asyncio

USERS = {1: {"name": "Ada"}}


async def load_user(user_id):
    await asyncio.sleep(0)
    return USERS[user_id]


async def user_name(user_id):
    user = load_user(user_id)
    return user["name"]


def initials(name):
    return name[0] + name[1]
"""
REPAIRED = USERS.replace("user = load_user", "user = await load_user")
TESTS = """import asyncio

from shop.users import initials, user_name


def test_the_name():
    assert asyncio.run(user_name(1)) == "Ada"


def test_the_initials():
    assert initials("Ada Lovelace") == "AL"


def test_a_person_made_a_mistake_too():
    from shop.people import broken

    assert broken() == 1


def test_passes():
    assert initials("ab") == "ab"
"""
ASSISTANTS = ("AI_AGENT", "AGENT", "CLAUDE", "CODEX", "CURSOR", "GEMINI", "ANTIGRAVITY", "AUGMENT", "OPENCODE",
              "REPL_ID", "COPILOT", "CLINE")  # fmt: skip


def clean_environment() -> dict[str, str]:
    """Without what would lead git, pytest or us to another project, or speak of an assistant."""
    foreign = ("GIT_", "LLMLEARN", "PYTEST_", *ASSISTANTS)
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


@dataclass
class Shop:
    """A repository with two modules of an assistant's, one of a person's, and a person's tests."""

    root: Path

    def git(self, *words: str) -> str:
        person = ["-c", "user.name=Robin", "-c", "user.email=robin@example.org", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", "-C", str(self.root), *person, *words],
            check=True, capture_output=True, text=True, env=clean_environment(), stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def run(self, *words: str, folder: str = ".", **environ: str) -> subprocess.CompletedProcess[str]:
        module = {"pytest": "pytest", "llmlearn": "pytest_llmlearn.entrypoints.cli"}[words[0]]
        return subprocess.run(
            [sys.executable, "-m", module, *words[1:]],
            cwd=self.root / folder,
            env={**clean_environment(), "LLMLEARN_EMBEDDER": "none", "LLMLEARN_SCAN": "off", **environ},
            capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False, timeout=120,
        )  # fmt: skip

    def json(self, *words: str) -> Any:
        done = self.run("llmlearn", *words, "--format", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.git("init", "-q")
    shop.write("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["."]\n')
    shop.write("tests/test_shop.py", TESTS)
    shop.write("shop/people.py", "def broken():\n    return 2\n")
    shop.commit("Add the tests")
    shop.write("shop/__init__.py", "")
    shop.write("shop/users.py", USERS)
    shop.commit("Add users\n\nCo-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>")
    return shop


def test_the_loop(shop: Shop) -> None:
    """Red teaches, the repair is not committed, green is silent, recall knows."""
    red = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    assert red.returncode == 1
    assert "2 failures laid on LLM-written code: 2 new patterns, 0 seen before; 1 elsewhere" in red.stdout
    assert "shop/users.py:13 [async.never-awaited] Await 'load_user'" in red.stdout

    rows = {row["nodeid"].partition("::")[2]: row for row in shop.json("occurrences")}
    assert set(rows) == {"test_the_name", "test_the_initials"}
    name, initials = rows["test_the_name"], rows["test_the_initials"]
    assert (name["path"], name["line"], name["rule_id"]) == ("shop/users.py", 13, "async.never-awaited")
    assert (name["model"], name["scope"], name["function"]) == ("Claude Sonnet 5", "generated", "user_name")
    assert (initials["line"], initials["rule_id"]) == (16, "logic.assertion-mismatch")
    assert initials["chosen_by"] == "statement"

    shop.write("shop/users.py", REPAIRED)
    green = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider", "-k", "name or passes")
    assert green.returncode == 0
    assert "LLM-written" not in green.stdout

    asked = shop.json("recall", "write an async endpoint that loads a user")
    assert asked["matches"][0]["rule_id"] == "async.never-awaited"
    assert "await" in asked["text"]
    assert not asked["abstained"]
    silent = shop.json("recall", "draw a bar chart of rainfall")
    assert silent["abstained"] and silent["matches"] == [] and silent["text"] == "" and silent["tokens"] == 0


def test_a_second_identical_run_adds_no_frequency(shop: Shop) -> None:
    """The same broken code is one mistake, however often it is run."""
    for _ in range(2):
        again = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    assert "0 new patterns, 2 seen before" in again.stdout
    assert [(row["frequency"], row["raw_count"]) for row in shop.json("patterns")] == [(1, 2), (1, 2)]


def test_xdist_records_the_same(shop: Shop) -> None:
    """Two workers, one writer."""
    shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    plain = shop.json("occurrences")
    shop.json("patterns")
    assert shop.run("llmlearn", "clear", "--yes").returncode == 0
    shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider", "-n", "2")
    spread = shop.json("occurrences")

    def told(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
        keys = ("nodeid", "when", "path", "line", "rule_id", "fingerprint", "model", "chosen_by")
        return {tuple(row[key] for key in keys) for row in rows}

    assert told(plain) == told(spread) and plain


def test_all_failures_are_recorded_where_all_are_asked_for(shop: Shop) -> None:
    """A person's mistake too, marked as such."""
    shop.run("pytest", "--llm-learn-scope=all", "-p", "no:cacheprovider")
    scopes = {row["path"]: row["scope"] for row in shop.json("occurrences")}
    assert scopes == {"shop/users.py": "generated", "shop/people.py": "other"}


def test_code_that_is_not_committed_yet_is_named_and_not_guessed(shop: Shop) -> None:
    """Nothing says who wrote it: the head line says so, and what to do."""
    shop.write("shop/fresh.py", "def fresh():\n    return 1 / 0\n")
    shop.write("tests/test_fresh.py", "from shop.fresh import fresh\n\n\ndef test_fresh():\n    fresh()\n")
    done = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider", "tests/test_fresh.py")
    assert "1 elsewhere (not known who wrote shop/fresh.py: commit it, or say it with `llmlearn mark`)" in done.stdout
    shop.run("llmlearn", "mark", "shop/fresh.py", "--model", "gpt-x")
    shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider", "tests/test_fresh.py")
    assert {row["model"] for row in shop.json("occurrences")} == {"gpt-x"}


def test_a_repository_that_says_nothing_is_told_how_to(shop: Shop) -> None:
    """No guess: the section names the ways to say what a model wrote."""
    shop.git("commit", "--amend", "-q", "-m", "Add users")
    done = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    assert "no LLM-written code is known in this repository" in done.stdout
    assert "# llmlearn: generated=MODEL" in done.stdout
    assert not (shop.root / ".llmlearn").exists()


def test_markers_and_globs_say_it(shop: Shop) -> None:
    """The one-line ways that the section names work."""
    shop.git("commit", "--amend", "-q", "-m", "Add users")
    settings = '[tool.llmlearn]\ngenerated = ["shop/users.py=gpt-x"]\n'
    shop.write("pyproject.toml", f'[tool.pytest.ini_options]\npythonpath = ["."]\n{settings}')
    shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    assert {row["model"] for row in shop.json("occurrences")} == {"gpt-x"}
    shop.write("shop/people.py", "# llmlearn: generated=gpt-y\ndef broken():\n    return 2\n")
    shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    assert {row["model"] for row in shop.json("occurrences")} == {"gpt-x", "gpt-y"}


def test_quiet_runs_print_less(shop: Shop) -> None:
    """Under `-q` the lessons without the frame, under `-qq` one line, under `--no-summary` nothing."""
    quiet = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider", "-q", "--tb=no").stdout
    assert "= llmlearn =" not in quiet and "[async.never-awaited]" in quiet and "failures laid" not in quiet
    quieter = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider", "-qq", "--tb=no").stdout
    assert "llmlearn: 2 failures laid on LLM-written code" in quieter and "[async.never-awaited]" not in quieter
    silent = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider", "--no-summary", "--tb=no").stdout
    assert "LLM-written" not in silent


def test_any_sub_folder_finds_the_same_memory(shop: Shop) -> None:
    """pytest and the command line agree on the root, wherever they are started."""
    shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider", folder="tests")
    assert [path.parent for path in shop.root.rglob(".llmlearn")] == [shop.root]
    below = shop.run("llmlearn", "patterns", "--format", "json", folder="tests")
    assert len(json.loads(below.stdout)) == 2
    doctor = shop.run("llmlearn", "doctor", folder="tests").stdout
    assert f"root: {shop.root} (the nearest folder upwards with .llmlearn/)" in doctor


def test_the_memory_is_private_and_ignored_by_git(shop: Shop) -> None:
    """Only the README, the .gitignore and (later) the lessons can be committed; the state is the owner's alone."""
    shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    shop.git("add", "-A")
    staged = {line for line in shop.git("diff", "--cached", "--name-only").splitlines() if ".llmlearn" in line}
    assert staged == {".llmlearn/.gitignore", ".llmlearn/README.md"}
    state = shop.root / ".llmlearn" / "state"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()} == {0o600}


def test_the_memory_stays_out_of_git_where_the_branch_has_no_gitignore(shop: Shop) -> None:
    """The one beside the README is committed, and goes with its branch; the private part is ignored all the same."""
    branch = shop.git("rev-parse", "--abbrev-ref", "HEAD").strip()
    shop.git("checkout", "-q", "-b", "work")
    shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    shop.git("add", "-A")
    shop.git("commit", "-q", "-m", "Learn")
    shop.git("checkout", "-q", branch)
    assert (shop.root / ".llmlearn" / "state" / "memory.db").exists()
    assert not (shop.root / ".llmlearn" / ".gitignore").exists()
    shop.git("add", "-A")
    assert ".llmlearn" not in shop.git("diff", "--cached", "--name-only")


def test_learning_never_changes_the_exit_status(shop: Shop) -> None:
    """A store that cannot be made costs the learning and one line."""
    (shop.root / ".llmlearn").write_text("in the way", encoding="utf-8")
    done = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    assert done.returncode == 1
    assert "llmlearn: nothing was learned from this run" in done.stdout
    assert "INTERNALERROR" not in done.stdout + done.stderr


def test_a_root_elsewhere_is_named(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Code outside the root is nobody's to judge; the line says which root it was."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider", f"--llm-learn-store={elsewhere}")
    assert f"the tests lie outside the project's root {elsewhere}" in done.stdout
    assert "no LLM-written code is known" not in done.stdout


def test_an_unknown_setting_stops_before_the_first_test(shop: Shop) -> None:
    """It is the user's mistake, said as pytest says its own; without learning it is nobody's business."""
    shop.write("pyproject.toml", "[tool.llmlearn]\nlimits = 3\n")
    done = shop.run("pytest", "--llm-learn")
    assert done.returncode == 4
    assert "no setting 'limits'; did you mean 'limit'?" in done.stderr
    assert shop.run("pytest", "--no-llm-learn", "-p", "no:cacheprovider", "--co", "-q").returncode in (0, 2)
    unasked = shop.run("pytest", "-p", "no:cacheprovider", "--co")
    assert unasked.returncode in (0, 2)
    assert "llmlearn: does not learn: [tool.llmlearn] in pyproject.toml has no setting 'limits'" in unasked.stdout


def test_one_variable_switches_it_on(shop: Shop) -> None:
    """`LLMLEARN=1` for a machine, `--no-llm-learn` for one run."""
    assert "LLM-written" in shop.run("pytest", "-p", "no:cacheprovider", LLMLEARN="1").stdout
    assert "LLM-written" not in shop.run("pytest", "-p", "no:cacheprovider", "--no-llm-learn", LLMLEARN="1").stdout
    assert "LLM-written" not in shop.run("pytest", "-p", "no:cacheprovider").stdout


DETECTOR = """
from pytest_llmlearn import Finding, Rule

RULE = Rule(rule_id="runtime.initials", severity="critical", meaning="Initials are special here.",
            lesson="Split names at blanks, not after {count} letters.", plain="Split names at blanks.")


class Initials:
    name = "initials"
    rules = (RULE,)

    def detect(self, occurrence, evidence):
        if evidence.unit.qualname == "initials":
            yield Finding(rule=RULE, fields={"count": "two"}, confidence=1.0)


class Raising:
    name = "raising"
    rules = ()

    def detect(self, occurrence, evidence):
        raise RuntimeError("not today")


def llmlearn_register_detectors(register):
    register(Raising())
    register(Initials())
"""


def test_a_detector_in_conftest_works_and_a_raising_one_costs_nobody_else(shop: Shop) -> None:
    """The gravest finding wins, whoever brought it; the fault is named."""
    shop.write("conftest.py", DETECTOR)
    done = shop.run("pytest", "--llm-learn", "-p", "no:cacheprovider")
    assert done.returncode == 1
    assert "[runtime.initials] Split names at blanks, not after two letters." in done.stdout
    assert "[async.never-awaited]" in done.stdout
    assert "detector 'raising' failed (RuntimeError" in done.stdout
