"""Real editors over the real server: a mistake that the tests taught is marked where it is made again, and mended.

Neovim is driven headless by `drive.lua`, VS Code's client library by `drive.cjs`. Where they are missing these tests
skip, saying what is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from projects import WITHOUT_WEIGHTS, clean_environment

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

HERE = Path(__file__).parent
SERVER = [sys.executable, "-P", "-m", "lsp_server"]
WRONG = "import statistics\n\n\ndef mean_price(prices):\n    return statistics.average(prices)\n"
RIGHT = WRONG.replace("average", "mean")
LINE = 5
TEST = "from stats import mean_price\n\n\ndef test_mean():\n    assert mean_price([1, 3]) == 2\n"
SETTINGS = '[tool.llmlearn]\ngenerated = ["stats.py=gpt-4o"]\n\n[tool.pytest.ini_options]\npythonpath = ["."]\n'


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose tests were red, then green, and in which the same mistake is made a second time."""
    root = tmp_path_factory.mktemp("taught")
    (root / "pyproject.toml").write_text(SETTINGS)
    (root / "test_stats.py").write_text(TEST)
    for text, status in ((WRONG, 1), (RIGHT, 0)):
        (root / "stats.py").write_text(text)
        command = [sys.executable, "-P", "-m", "pytest", "--llm-learn", "-q", "-p", "no:cacheprovider"]
        environment = clean_environment(**WITHOUT_WEIGHTS, LLMLEARN_SCAN="off", PYTHONDONTWRITEBYTECODE="1")
        run = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)
        assert run.returncode == status, run.stdout + run.stderr
    return root


@pytest.fixture
def project(taught: Path, tmp_path: Path) -> Path:
    """A copy of it for one editor."""
    root = tmp_path / "project"
    shutil.copytree(taught, root)
    (root / "stats.py").write_text(WRONG)
    return root


def driven(command: list[str], root: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """What came of an editor that worked on the project."""
    environment = clean_environment(
        **WITHOUT_WEIGHTS,
        LLMLEARN_SCAN="off",
        LLMLEARN_DAEMON="off",
        DRIVE_SERVER=json.dumps(SERVER),
        DRIVE_ROOT=str(root),
        DRIVE_FILE=str(root / "stats.py"),
        DRIVE_QUESTION="the mean price of a list, with statistics",
        DRIVE_AGAIN="    return statistics.average(prices)",
        **more,
    )
    return subprocess.run(
        command, cwd=root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )


def is_about_the_mistake(marks: list[Mapping[str, Any]]) -> bool:
    return [(one["source"], one["code"]) for one in marks] == [("llmlearn", "import.module-attribute-missing")]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("nvim"), reason="Neovim is not installed (Debian's package `neovim`)")
def test_neovim_shows_the_mistake_and_takes_the_fix(project: Path, tmp_path: Path) -> None:
    """Marked at its line, explained, mended by what is offered, marked no more, and again when made again."""
    folders = {name: str(tmp_path / name) for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    command = ["nvim", "--headless", "--clean", "-u", "NONE", "-n", "-S", str(HERE / "drive.lua")]
    done = driven(command, project, DRIVE_ANSWER=str(tmp_path / "answer.json"), **folders)
    assert (tmp_path / "answer.json").is_file(), done.stdout + done.stderr
    answer = json.loads((tmp_path / "answer.json").read_text("utf-8"))
    assert "fault" not in answer, answer["fault"]
    assert is_about_the_mistake(answer["marked"])
    assert (answer["marked"][0]["line"], answer["marked"][0]["column"]) == (LINE, 11)
    assert "statistics.mean" in answer["hover"]["contents"]["value"]
    assert "1 past mistake" in answer["lenses"][0]["command"]["title"]
    assert answer["offered"][0]["title"].startswith("Apply the verified fix")
    assert answer["text"] == RIGHT.rstrip("\n")
    assert is_about_the_mistake(answer["again"])
    for said in (answer["relevant"], answer["custom"]):
        assert [one["rule_id"] for one in said["lessons"]] == ["import.module-attribute-missing"]


def no_library() -> str:
    """Why VS Code's client library cannot be driven; empty where it can."""
    node = shutil.which("node")
    if node is None:
        return "Node.js is not installed"
    found = subprocess.run([node, "-e", "require('vscode-languageserver-protocol/node')"], capture_output=True)
    return "npm's vscode-languageserver-protocol is not on NODE_PATH" if found.returncode else ""


@pytest.mark.slow
def test_vs_codes_client_library_shows_the_mistake_and_takes_the_fix(project: Path) -> None:
    """The same over the wire of VS Code: options of null, configuration asked for, edits versioned."""
    if missing := no_library():
        pytest.skip(missing)
    done = driven(["node", str(HERE / "drive.cjs")], project, NODE_PATH=os.environ.get("NODE_PATH", ""))
    answer = json.loads(done.stdout)
    assert "fault" not in answer, answer["fault"] + done.stderr
    assert answer["server"]["name"] == "llmlearn"
    assert is_about_the_mistake(answer["marked"])
    assert answer["marked"][0]["range"]["start"] == {"line": LINE - 1, "character": 11}
    assert answer["marked"][0]["relatedInformation"]
    assert [one["preferred"] for one in answer["offered"]].count(True) == 1
    assert (answer["version"], answer["text"]) == (1, RIGHT)
    assert [one["rule_id"] for one in answer["relevant"]["lessons"]] == ["import.module-attribute-missing"]
    assert answer["exit"] == 0
