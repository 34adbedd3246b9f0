"""Fixes on the command line: what is printed, and with which exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.heal import Mined
from pytest_llmlearn.app.heal_between import HealedBetween
from pytest_llmlearn.domain.fix import Fix, Healing
from pytest_llmlearn.entrypoints import printing_fixes as printing
from pytest_llmlearn.entrypoints.cli import main
from tests.builders import a_run, an_entry, at

FIX_KEYS = {
    "fingerprint", "digest", "difference", "bad", "good", "signature", "imports", "verified", "conflicting",
    "first_seen", "last_seen",
}  # fmt: skip
FIX = Fix(
    fingerprint="1:aaaa",
    digest="b2:f1",
    bad="x = json.load(f)",
    good="x = json.loads(f)",
    signature="class A:\n    def load(f):",
    imports=("import json",),
    difference="`json.load` became `json.loads`",
)


def healing(**changes: object) -> Healing:
    values: dict[str, object] = {
        "occurrence": None, "fingerprint": "1:aaaa", "nodeid": "t.py::t", "unit": "m:load", "verdict": "fix",
        "reason": "", "time": at(5), "red_hash": "h1", "green_hash": "h2", "fix": FIX,
    }  # fmt: skip
    return Healing(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that is the current folder, with two patterns of which one was mended."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    store = SqliteStore(tmp_path)
    store.record(a_run(), [an_entry(), an_entry("1:bbbb")])
    store.fixes().note(time=at(5), healings=[healing()])
    store.close()
    return tmp_path


def llmlearn(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_fixes_are_printed_with_stable_keys(project: Path) -> None:
    """For scripts."""
    (fix,) = json.loads(llmlearn("fixes", "--format", "json").stdout)
    assert fix.keys() >= FIX_KEYS
    assert (fix["verified"], fix["imports"], fix["first_seen"]) == (1, ["import json"], "2026-03-01T12:05:00Z")


def test_fixes_are_printed_as_differences(project: Path) -> None:
    """For people: what was changed, under the definition that it stands in."""
    assert llmlearn("fixes").stdout.splitlines() == [
        "1:aaaa  `json.load` became `json.loads`  verified in 1 piece of code",
        "      class A:",
        "          def load(f):",
        "    + import json",
        "    -         x = json.load(f)",
        "    +         x = json.loads(f)",
    ]


def test_the_fixes_of_one_pattern_by_the_start_of_its_fingerprint(project: Path) -> None:
    """An unknown one is an error in one sentence; one without fixes is an answer."""
    assert "json.loads" in llmlearn("fixes", "aa").stdout
    assert llmlearn("fixes", "bb").stdout.startswith("no fixes yet")
    assert json.loads(llmlearn("fixes", "bb", "--format", "json").stdout) == []
    unknown = llmlearn("fixes", "zz")
    assert unknown.exit_code == 1 and "no pattern has the fingerprint" in unknown.stderr


def test_why_there_is_no_fix_is_said(project: Path) -> None:
    """Of each test that turned green without one, once."""
    store = SqliteStore(project)
    weaker = {"fingerprint": "1:bbbb", "verdict": "test-changed", "reason": "the test asserts less", "fix": None}
    store.fixes().note(time=at(6), healings=[healing(**weaker), healing(**weaker, red_hash="h3", time=at(6))])
    store.close()
    assert llmlearn("fixes", "bb").stdout.splitlines() == [
        "no fixes yet: they are mined when a test that failed passes again",
        "  test-changed: t.py::t, m:load: the test asserts less",
    ]


def test_heal_asks_for_two_commits(project: Path) -> None:
    """Wrong usage, and a folder that is no repository."""
    assert llmlearn("heal").exit_code == 2
    assert llmlearn("heal", "--between", "HEAD").exit_code == 2
    failed = llmlearn("heal", "--between", "a", "b")
    assert failed.exit_code == 1 and "in no git repository" in failed.stderr


def test_what_was_healed_between_two_commits_is_told_in_full() -> None:
    """What was run, what turned green, what was mined, and what was none."""
    found = HealedBetween(
        red="0" * 40,
        green="1" * 40,
        ran=("t.py",),
        failing=("t.py::t",),
        healings=(healing(), healing(verdict="rewritten", reason="14 or more statements were changed", fix=None)),
        fixes=(Mined(fix=FIX, path="m.py", qualname="load", seen=2),),
        unlaid=1,
    )
    lines = list(printing.between_lines(found))
    assert lines[0] == "ran t.py at 000000000000 and 111111111111"
    assert lines[1:4] == [
        "turned green: t.py::t",
        "1 failure could not be laid on LLM-written code",
        "fixed: m.py load",
    ]
    assert lines[-1] == "rewritten: t.py::t, m:load: 14 or more statements were changed"
    told = printing.between(found)
    assert told.keys() == {"red", "green", "ran", "failing", "unlaid", "healings", "fixes"}
    assert [one["fix"] for one in told["healings"]] == ["b2:f1", None]


def test_nothing_turned_green_is_an_answer() -> None:
    """In one line more than what was run."""
    found = HealedBetween(red="0" * 40, green="1" * 40, ran=("t.py",), failing=(), healings=(), fixes=())
    assert list(printing.between_lines(found))[1].startswith("no test fails at the first")
