"""A few real generations that failed, each replaced by one that passes: fixes are mined, and none of tests alone.

All of it is measured by hand with `benchmarks/heal.py`, whose figures this test reads. Skipped where the corpora are
absent (LLMLEARN_CORPORA) or where their code cannot be cut off from the network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "benchmarks" / "heal.py"
PACK = Path(os.environ.get("LLMLEARN_CORPORA", ROOT.parent / "shared" / "corpora"))
PAIRS = "all: a failing generation, then a passing one"
TESTS = "only the test was changed"

RED = '''def area(width, height=1):
    """What it covers."""
    if width is None:
        return 0
    total = width + height
    return total
'''
TEST = """from areas import area


def test_area():
    found = area(2, 3)
    assert found == 6
"""


def may_run() -> bool:
    """Whether the corpora are here, and their code can be run without a network."""
    unshare = shutil.which("unshare")
    if unshare is None or not (PACK / "dev.tar.xz").is_file():
        return False
    return subprocess.run([unshare, "-rn", "true"], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The figures of four pairs, and of a few tests of theirs that were weakened."""
    if not may_run():
        pytest.skip("no corpora (LLMLEARN_CORPORA), or no `unshare -rn`")
    written = tmp_path_factory.mktemp("heal") / "figures.json"
    words = ["classeval", "--pairs", "4", "--tests", "1", "--parts", "pairs,tests", "--jobs", "2", "--json", written]
    environment = {**os.environ, "LLMLEARN_CORPORA": str(PACK)}
    command = [str(word) for word in (sys.executable, SCRIPT, *words)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(written.read_text(encoding="utf-8"))


@pytest.mark.corpora
@pytest.mark.slow
def test_fixes_are_mined_of_real_repairs(figures: Any) -> None:
    """Of units of which little differs; what was written anew is called so; nothing went wrong on the way."""
    mined = figures[PAIRS]["1 to 10 differ: fix mined"]
    assert mined["of"] >= 3
    assert mined["ok"], mined["missed"]
    for name, count in figures[PAIRS].items():
        assert name.startswith("hunk: holds") or count["ok"], (name, count["missed"])


@pytest.mark.corpora
@pytest.mark.slow
def test_no_fix_is_mined_of_tests_that_were_weakened(figures: Any) -> None:
    """And where such a test still runs, it is written down that the test was changed."""
    assert figures[TESTS]["no fix"]["of"] >= 5
    assert figures[TESTS]["no fix"]["missed"] == []
    assert figures[TESTS]["recorded as test-changed"]["missed"] == []


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The benchmark's own counts, imported from its folder, which is no package."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import healing_counts
    import planted
    import statements
    import weaker

    yield SimpleNamespace(counts=healing_counts, planted=planted, statements=statements, weaker=weaker)
    # Such plain names must not stay importable for other tests.
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        if isinstance(module, ModuleType) and str(getattr(module, "__file__", "")).startswith(str(SCRIPT.parent)):
            del sys.modules[name]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("width + height", "width * height", 1),
        ('"""What it covers."""', '"""Anything."""', 0),
        ("    total = width + height\n", "", 1),
        ("    if width is None:\n        return 0\n", "", 2),
        ("    total =", "    # in square metres\n    total =", 0),
        ("def area", "def other", None),
    ],
)
def test_statements_that_differ_are_counted(bench: SimpleNamespace, old: str, new: str, expected: int | None) -> None:
    """Comments and docstrings are none; a unit that is gone has no count."""
    assert bench.statements.changed(RED, RED.replace(old, new), "area") == expected


@pytest.mark.parametrize(
    ("side", "statement", "expected"),
    [
        ("total = width + height", "total  =  width+height  # sum", True),
        ("total = (width + …) * height", "total = (width + height + depth) * height", True),
        ("total = width", "total = width + height", False),
        ("return total", "total", False),
    ],
)
def test_a_hunk_holds_a_statement_or_not(bench: SimpleNamespace, side: str, statement: str, expected: bool) -> None:
    """Layout makes no difference, a part of the statement does."""
    assert bench.counts.holds(side, statement) is expected


def test_each_planted_mistake_is_one_statement(bench: SimpleNamespace) -> None:
    """And what it was planted into is what repairs it."""
    edits = list(bench.planted.planted(RED))
    kinds = {"wrong operator", "missing return", "wrong default", "removed None check"}
    assert kinds <= {edit.kind for edit in edits}
    for edit in edits:
        assert edit.green == RED
        assert bench.statements.changed(edit.red, RED, "area") == (2 if edit.kind == "removed None check" else 1)


def test_each_weakened_test_is_another_and_parses(bench: SimpleNamespace) -> None:
    """In ten ways, of a test that fails at its assertion."""
    changes = list(bench.weaker.weaker(TEST, "test_areas.py::test_area", 6))
    assert len({change.text for change in changes}) == len(changes) == 10
    for change in changes:
        assert change.text != TEST
        compile(change.text, change.kind, "exec")
