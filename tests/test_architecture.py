"""The house keeps its walls."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
HEAVY = ("numpy", "sqlite_utils", "chromadb", "onnxruntime", "semgrep", "pygls", "mcp", "click", "sqlite3")


def test_the_contracts_of_the_floors_hold() -> None:
    """Inward only; adapters, detectors and faces apart from one another; a pure domain."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(lint), "--no-cache"], cwd=PROJECT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_broken_contract_would_be_seen(tmp_path: Path) -> None:
    """The contracts are not empty: an adapter imported by the domain breaks them."""
    for folder in ("pytest_llmlearn", "lsp_server"):
        for source in (PROJECT / folder).rglob("*.py"):
            target = tmp_path / source.relative_to(PROJECT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((PROJECT / "pyproject.toml").read_bytes())
    broken = tmp_path / "pytest_llmlearn/domain/pattern.py"
    broken.write_text(broken.read_text(encoding="utf-8") + "\nimport sqlite3  # noqa\n", encoding="utf-8")
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(lint), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode != 0
    assert "The domain is pure BROKEN" in done.stdout


def _loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_pytest_face_loads_nothing_heavy() -> None:
    """Every pytest run of an environment pays for what this module imports."""
    loaded = _loaded_by(
        "import pytest, sys; before = set(sys.modules); import pytest_llmlearn.entrypoints.pytest_plugin"
    )
    ours = {name for name in loaded if name.startswith("pytest_llmlearn")}
    assert ours == {
        "pytest_llmlearn",
        "pytest_llmlearn.entrypoints",
        "pytest_llmlearn.entrypoints.pytest_plugin",
    }
    assert not loaded & set(HEAVY)


def test_starting_to_learn_loads_little() -> None:
    """What is only needed after the last test, or in an answer, is loaded then."""
    loaded = _loaded_by(
        "import pytest, pytest_llmlearn.settings, pytest_llmlearn.entrypoints.observe, "
        "pytest_llmlearn.entrypoints.collect, pytest_llmlearn.entrypoints.learn"
    )
    assert not loaded & {*HEAVY, "asyncio", "pytest_llmlearn.domain.guidance", "pytest_llmlearn.app.record"}


def test_asking_loads_no_writer() -> None:
    """A recall reads with the standard library: the store's writing library costs more than the whole answer."""
    loaded = _loaded_by(
        "from pytest_llmlearn import Memory, Query; import tempfile; "
        "folder = tempfile.mkdtemp(); memory = Memory.open(folder); memory.recall(Query(text='x')); memory.close()"
    )
    assert not loaded & {"sqlite_utils", "numpy", "pytest", "detect_secrets"}


@pytest.mark.parametrize(
    ("extra", "missing", "call"),
    [
        ("lsp", "pygls", "from lsp_server.__main__ import main; sys.exit(main([]))"),
        (
            "secrets",
            "detect_secrets",
            "from pytest_llmlearn.adapters.secrets import DetectSecretsScanner\n"
            "from pytest_llmlearn.errors import LlmlearnError\n"
            "try:\n    DetectSecretsScanner().find('x')\n"
            "except LlmlearnError as error:\n    sys.exit(str(error))",
        ),
    ],
)
def test_a_face_whose_extra_is_missing_says_what_to_install(extra: str, missing: str, call: str) -> None:
    """One sentence with the command, no traceback."""
    code = f"import sys; sys.modules[{missing!r}] = None\n{call}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 1
    assert f"pip install 'pytest-llmlearn[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
