"""What a run's failures show of libraries that are imported anyway is kept, and counts later."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.last_run.seen_modules import SeenModulesFile
from pytest_llmlearn.domain.seen_modules import LACKS, SeenModule, SeenModules
from tests.projects import Project

FAILING = {
    "tools.py": (
        "import pytest\n"
        "def close():\n    return pytest.approx(1, tolerance=2)\n"
        "def asked():\n    return pytest.nonsense\n"
        "def own():\n    import helpers\n    return helpers.nothing\n"
    ),
    "helpers.py": "here = 1\n",
    "test_tools.py": (
        "import tools\n"
        "def test_close():\n    tools.close()\n"
        "def test_asked():\n    tools.asked()\n"
        "def test_own():\n    tools.own()\n"
        "def test_fine():\n    pass\n"
    ),
    "test_import.py": "from pytest import fixtures_of_all\n",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run over two workers wrote."""
    root = tmp_path_factory.mktemp("seen")
    project = Project(root, {"LLMLEARN_SCAN": "off", "LLMLEARN_EMBEDDER": "none"}).write(FAILING)
    project.run("pytest", "--llm-learn", "--llm-learn-scope=all", "-n2", "-p", "no:cacheprovider", "-q")
    file = root / ".llmlearn" / "state" / "seen_modules.json"
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # Whoever looks at code later asks the interpreter that ran it, wherever it lives.
    ran = json.loads(file.with_name("ran_by.json").read_text())
    assert Path(ran["executable"]).samefile(sys.executable)
    return dict(json.loads(file.read_text()))


def test_names_that_a_module_lacked_are_kept(seen: dict[str, Any]) -> None:
    """By attribute and by import, while collecting too."""
    assert seen["modules"]["pytest"]["lacks"] == ["fixtures_of_all", "nonsense"]
    assert seen["modules"]["pytest"]["version"] == pytest.__version__


def test_arguments_that_were_refused_are_kept(seen: dict[str, Any]) -> None:
    """With the parameters that the callable has."""
    assert seen["modules"]["pytest"]["refuses"] == {"approx": ["tolerance"]}
    assert "rel" in seen["modules"]["pytest"]["takes"]["approx"]


def test_nothing_is_told_of_the_projects_own_modules(seen: dict[str, Any]) -> None:
    """Their source tells it, and may change at any time."""
    assert list(seen["modules"]) == ["pytest"]


def test_what_was_seen_of_another_version_is_forgotten(tmp_path: Path) -> None:
    """New facts of a version replace those of the one before; within a version they join, and are bounded."""
    (tmp_path / ".llmlearn" / "state").mkdir(parents=True)
    (tmp_path / ".llmlearn" / "state" / "memory.db").touch()
    file = SeenModulesFile(tmp_path)
    file.saw([{"module": "paints", "version": "1", "lacks": ["a"], "names": ["x"]}])
    file.saw([{"module": "paints", "version": "1", "lacks": [f"b{n}" for n in range(2 * LACKS)]}])
    assert len(file.read().modules["paints"].lacks) == LACKS
    assert file.read().has("paints", "x", "1") is True
    assert file.read().has("paints", "y", "1") is False
    file.saw([{"module": "paints", "version": "2", "lacks": ["c"]}])
    assert file.read().modules["paints"] == SeenModule(version="2", lacks=frozenset({"c"}))
    assert file.read().has("paints", "a", "1") is None


@pytest.mark.parametrize(
    "content", ["", "[]", '{"version": 1, "modules": {"a": 1, "b": {"version": "1", "lacks": 3}}}']
)
def test_a_damaged_file_says_nothing(tmp_path: Path, content: str) -> None:
    """It is a shadow of what was seen."""
    (tmp_path / ".llmlearn" / "state").mkdir(parents=True)
    (tmp_path / ".llmlearn" / "state" / "seen_modules.json").write_text(content)
    assert SeenModulesFile(tmp_path).read().modules == SeenModules({}).modules
