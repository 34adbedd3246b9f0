"""The pipeline over real generated code: five models write the same modules one after the other, and five runners test
them.

Skipped where the corpora are absent (LLMLEARN_CORPORA) or where their code cannot be cut off from the network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmlearn.adapters import event_lines
from pytest_llmlearn.bootstrap import Memory
from tests.pipelines import Origin, an_origin
from tests.projects import Project, clean_environment
from tests.test_pipeline import PLUGIN, mistakes

PACK = Path(os.environ.get("LLMLEARN_CORPORA", Path(__file__).resolve().parents[2] / "shared" / "corpora"))
MODELS = ("CodeLlama-13b-Instruct", "GPT-3.5-Turbo", "Codestral", "GPT-4-Turbo", "Magicoder-S-DS-6.7B")
TASKS = 6


def may_run() -> bool:
    """Whether the corpora are here, and their code can be run without a network."""
    unshare = shutil.which("unshare")
    if unshare is None or not (PACK / "dev.tar.xz").is_file():
        return False
    return subprocess.run([unshare, "-rn", "true"], capture_output=True).returncode == 0


def laid_out(folder: Path) -> Origin:
    """A repository in which each commit has the modules of another model, and the published tests."""
    script = [sys.executable, str(PACK / "materialise.py")]
    subprocess.run([*script, "unpack", str(folder / "pack")], check=True, capture_output=True)
    chosen = ["--tasks", str(TASKS), "--models", f"^({'|'.join(MODELS)})$"]
    tree = folder / "tree"
    subprocess.run([*script, "tree", str(folder / "pack" / "classeval"), str(tree), *chosen], check=True)
    common = {"conftest.py": "", ".gitignore": "__pycache__/\n"}
    commits = []
    for model in MODELS:
        files = {f"app/{path.name}": path.read_text(encoding="utf-8") for path in (tree / "gen" / model).glob("*.py")}
        settings = f'[tool.llmlearn]\ngenerated = ["app/classeval_*.py={model}"]\n'
        commits.append({**common, **files, "pyproject.toml": settings})
    return an_origin(folder / "origin", commits)


def run(runner: Project, events: Path) -> set[str]:
    """Run a runner's tests cut off from the network; the fingerprints of all that it saw."""
    words = ["-m", "pytest", "-p", PLUGIN, "-p", "pytest_timeout", "--timeout=5", "--llm-learn-scan=off", "-q"]
    words += ["--tb=no", "-p", "no:cacheprovider", "--continue-on-collection-errors", f"--llm-learn-events={events}"]
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, *words, "app"],
        cwd=runner.root,
        env=clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", LLMLEARN_EMBEDDER="none", PYTHONPATH="app"),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return set.union(*mistakes(runner))


@pytest.mark.corpora
@pytest.mark.slow
@pytest.mark.skipif(not may_run(), reason="no corpora (LLMLEARN_CORPORA), or no `unshare -rn`")
def test_five_runners_of_real_code(tmp_path: Path) -> None:
    """From the third on, each tells exactly what two before it saw, or what is committed, from what is new."""
    origin = laid_out(tmp_path)
    files = [tmp_path / f"{number}.jsonl" for number in range(5)]
    seen: list[set[str]] = []
    committed: set[str] = set()
    text = ""
    recurred = 0
    for number in range(5):
        runner = origin.clone(tmp_path / f"runner-{number}", number)
        if text:
            runner.write({".llmlearn/lessons.jsonl": text})
        with Memory.open(runner.root) as memory:
            known = event_lines.read(files[:number])[0] if number != 4 else ()
            memory.fold(known)
        seen.append(run(runner, files[number]))
        recurring, new = mistakes(runner)
        before = seen[:number] if number != 4 else []
        twice = {one for one in seen[number] if sum(one in each for each in before) >= 2 or one in committed}
        assert recurring == twice
        assert new == seen[number] - twice
        recurred += len(recurring)
        if number == 3:  # what is learned by now is committed; the last runner knows that file alone
            with Memory.open(runner.root) as memory:
                for one in sorted(seen[3] & seen[2])[:3]:
                    memory.approve(one)
                made = memory.lessons_to_commit()
            text = made.text
            committed = {one for one in set.union(*seen) if f'"{one}"' in text}
            assert made.lessons == len(committed) > 0
    assert recurred >= 3
    assert min(map(len, seen)) >= 3

    fold = origin.clone(tmp_path / "fold", 4)
    events = event_lines.read(reversed(files))[0]
    with Memory.open(fold.root) as memory:
        assert memory.fold(events).runs == 5
        counts = {one.fingerprint: one.raw_count for one in memory.patterns()}
    assert set(counts) >= set.union(*seen)
