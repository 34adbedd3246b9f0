"""Failures read from files that pytest itself wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.entrypoints.ingest import read
from pytest_llmlearn.errors import BadInput

TESTS = """
import pytest
from made import price, pick


class TestPrice:
    @pytest.mark.parametrize("net", [1])
    def test_gross(self, net):
        assert price(net) == 3


def test_pick():
    pick({})


@pytest.fixture
def broken():
    raise ValueError("no fixture")


def test_setup(broken):
    pass


def test_parts(subtests):
    with subtests.test("one"):
        assert price(2) == 5


def test_passes():
    assert True
"""
MADE = """
def price(net):
    return net + 1


def pick(table):
    return table["key"]
"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without the plug-in, reported in both formats."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "made.py").write_text(MADE, encoding="utf-8")
    (folder / "test_made.py").write_text(TESTS, encoding="utf-8")
    (folder / "test_lost.py").write_text("import no_such_module_anywhere\n", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:llm_learn", "-p", "no:cacheprovider", "-q",
         "--continue-on-collection-errors", "--report-log=log.jsonl", "--junitxml=junit.xml", "--rootdir=."],
        cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return folder


def seen(found: list[Occurrence]) -> dict[str, tuple[str, str, str]]:
    return {each.nodeid: (each.when, each.exception, each.message.split("\n")[0]) for each in found}


EXPECTED = {
    "test_lost.py": ("collect", "ModuleNotFoundError", "No module named 'no_such_module_anywhere'"),
    "test_made.py::TestPrice::test_gross[1]": ("call", "AssertionError", "assert 2 == 3"),
    "test_made.py::test_pick": ("call", "KeyError", "'key'"),
    "test_made.py::test_setup": ("setup", "ValueError", "no fixture"),
    "test_made.py::test_parts": ("call", "AssertionError", "assert 3 == 5"),
}


@pytest.mark.parametrize("name", ["log.jsonl", "junit.xml"])
def test_both_formats_give_every_failure_once(reports: Path, name: str) -> None:
    """Node id, phase, exception and message, as pytest had them; what passed is not there."""
    found = read((reports / name).read_bytes(), "auto", name, reports)
    assert len(found) == len(EXPECTED)
    assert seen(found) == EXPECTED


def test_the_short_style_names_assertions_too(reports: Path) -> None:
    """There pytest prints the function where the long style prints the exception."""
    place = {"path": "test_made.py", "lineno": 8, "message": "in test_gross"}
    printed = {
        "reprcrash": {"message": "assert 2 == 3"},
        "reprtraceback": {"reprentries": [{"data": {"reprfileloc": place}}]},
    }
    line = {"$report_type": "TestReport", "outcome": "failed", "when": "call", "nodeid": "a::b", "longrepr": printed}
    (found,) = read(json.dumps(line).encode(), "auto", "f", reports)
    assert (found.exception, found.message) == ("AssertionError", "assert 2 == 3")


@pytest.mark.parametrize("name", ["log.jsonl", "junit.xml"])
def test_the_frames_lead_into_the_code(reports: Path, name: str) -> None:
    """Places printed in the traceback become frames, relative to the root."""
    found = {each.nodeid: each for each in read((reports / name).read_bytes(), "auto", name, reports)}
    assert [(frame.path, frame.line) for frame in found["test_made.py::test_pick"].frames][-1] == ("made.py", 7)


def a_line(**changes: object) -> str:
    values = {
        "nodeid": "t.py::t", "when": "call", "exception": "KeyError", "mro": ["KeyError"], "message": "'a'",
        "path": "m.py", "line": 3, "function": "f", "statement": "x['a']",
    }  # fmt: skip
    return json.dumps({**values, **changes})


def test_json_lines_of_occurrences_are_read() -> None:
    """One object a line; blank lines do not matter."""
    found = read(f"{a_line()}\n\n{a_line(line=4, model='m')}\n".encode(), "auto", "f", Path("/p"))
    assert [(each.line, each.model) for each in found] == [(3, None), (4, "m")]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "f is empty"),
        (b"hello", "neither JSON lines"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"nodeid": 1', "f, line 1 is not JSON"),
        (f"{a_line()}\n{a_line(color='red')}".encode(), "f, line 2: not an occurrence: unknown key 'color'"),
        (f"{a_line(line='3')}".encode(), "'line' must be int or None, not str"),
        (b'{"nodeid": "a"}', "missing key 'when'"),
        (b"<testsuite><testcase>", "not well-formed XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares a document type"),
    ],
)
def test_bad_input_is_one_sentence_that_names_the_place(raw: bytes, said: str) -> None:
    """And nothing of it is taken."""
    with pytest.raises(BadInput) as raised:
        read(raw, "auto", "f", Path("/p"))
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_report_with_a_strange_phase_or_time_is_still_a_failure() -> None:
    """A crashed worker's has a phase of xdist's own; JSON from anywhere may hold a time that is none."""
    report = {"$report_type": "TestReport", "nodeid": "t.py::t", "outcome": "failed", "when": "???"}
    line = json.dumps({**report, "start": float("nan"), "longrepr": "worker 'gw0' crashed\x1b[2J"})
    (found,) = read(line.encode(), "auto", "f", Path("/p"))
    assert (found.when, found.time, found.message) == ("call", None, "worker 'gw0' crashed")
