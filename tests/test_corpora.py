"""A small part of the real corpora, replayed: everything that fails is learned, once, and on the right file.

The whole of them is replayed by hand with `benchmarks/corpora.py`, whose figures this test reads. Skipped where the
corpora are absent (LLMLEARN_CORPORA) or where their code cannot be cut off from the network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "benchmarks" / "corpora.py"
PACK = Path(os.environ.get("LLMLEARN_CORPORA", ROOT.parent / "shared" / "corpora"))


def may_replay() -> bool:
    """Whether the corpora are here, and their code can be run without a network."""
    unshare = shutil.which("unshare")
    if unshare is None or not (PACK / "dev.tar.xz").is_file():
        return False
    return subprocess.run([unshare, "-rn", "true"], capture_output=True).returncode == 0


replayed = pytest.mark.skipif("not may_replay()", reason="no corpora (LLMLEARN_CORPORA), or no `unshare -rn`")


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The figures and deviations of one replay: three models, one weak, whose answers are often cut off."""
    figures = tmp_path_factory.mktemp("corpora") / "figures.json"
    command = [
        sys.executable,
        SCRIPT,
        "classeval",
        "--models",
        "^(GPT-5|Codestral|instruct-codegen-16B)$",
        "--tasks",
        "4",
        "--json",
        figures,
    ]
    environment = {**os.environ, "LLMLEARN_CORPORA": str(PACK)}
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(figures.read_text(encoding="utf-8"))["classeval"]


@pytest.mark.corpora
@pytest.mark.slow
@replayed
@pytest.mark.parametrize("arm", ["plain", "again", "n2"])
def test_every_failing_test_is_captured_once_and_nothing_else(replay: Any, arm: str) -> None:
    """What pytest's own report calls failed is what the store holds, alone and over two workers."""
    assert replay["figures"][f"{arm}: failing reports"] > 20
    assert replay["deviations"][f"{arm}: failed and was not captured"] == []
    assert replay["deviations"][f"{arm}: captured and did not fail so, or captured twice"] == []


@pytest.mark.corpora
@pytest.mark.slow
@replayed
@pytest.mark.parametrize(
    "kind",
    [
        "the culprit is not the generated module",
        "rule unknown",
        "another model named",
        "frequency grew with a second identical run",
        "only plain",
        "only with -n 2",
        "exit status changed",
    ],
)
def test_the_replay_finds_no_deviation(replay: Any, kind: str) -> None:
    """Culprit, rule, model, repetition, workers and exit status are as they must be."""
    assert replay["deviations"][kind] == []


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The replay's own checks, imported from the benchmarks' folder, which is no package."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import reports
    import verdicts

    # Such plain names must not stay importable for other tests.
    for name in ("reports", "verdicts"):
        monkeypatch.delitem(sys.modules, name)
    return SimpleNamespace(reports=reports, verdicts=verdicts)


def an_occurrence(nodeid: str, **changes: Any) -> dict[str, Any]:
    """An occurrence as the command line lists it, laid on the module beside the test."""
    known = {
        "nodeid": nodeid,
        "when": "call",
        "run": "1",
        "path": "gen/m/x.py",
        "line": 1,
        "rule_id": "runtime.key",
        "fingerprint": "1:a",
        "exception": "KeyError",
        "message": "'a'",
        "model": "m",
        "scope": "generated",
        "chosen_by": "frame",
    }
    return {**known, **changes}


def test_the_check_names_what_was_not_captured_and_what_came_twice(bench: SimpleNamespace) -> None:
    """A check that never complains proves nothing: one test is missing, another came twice."""
    failing = [bench.reports.Failing(nodeid=f"gen/m/test_x.py::{n}", when="call", reason="") for n in ("one", "two")]
    verdict = bench.verdicts.Verdict()
    bench.verdicts.capture(verdict, "plain", failing, [an_occurrence("gen/m/test_x.py::one")] * 2)
    assert verdict.deviations["plain: failed and was not captured"] == ["gen/m/test_x.py::two (call)"]
    assert verdict.deviations["plain: captured and did not fail so, or captured twice"] == [
        "gen/m/test_x.py::one (call)"
    ]


def test_the_check_names_a_failure_laid_on_the_test(bench: SimpleNamespace) -> None:
    """The module beside the test is the culprit; the test itself is not, nor is another model to blame."""
    verdict = bench.verdicts.Verdict()
    laid = an_occurrence("gen/m/test_x.py::one", path="gen/m/test_x.py", model="other")
    bench.verdicts.attribution(verdict, [laid, an_occurrence("gen/m/test_x.py::two")])
    assert verdict.figures["culprit is the generated module"] == 0.5
    assert len(verdict.deviations["the culprit is not the generated module"]) == 1
    assert verdict.deviations["another model named"] == ["m: other (1 times)"]


def test_a_dotted_name_is_read_with_the_longest_test_file(bench: SimpleNamespace, tmp_path: Path) -> None:
    """JUnit XML joins folders, file and class by dots, and a folder may hold dots itself."""
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="gen.m-4.1.test_x.Case" name="test_a[b.c]"><failure message="no"/>'
        '</testcase><testcase classname="" name="gen.m-4.1.test_x"><error message="collection failure"/></testcase>'
        "</testsuite></testsuites>"
    )
    found = bench.reports.read_junit(report, ["gen/m-4.1/test_x.py"])
    assert [one.key for one in found] == [
        ("gen/m-4.1/test_x.py::Case::test_a[b.c]", "call"),
        ("gen/m-4.1/test_x.py", "collect"),
    ]
