"""Where the daemons of these tests listen, and what they do without."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.serving import learned


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of the test's own, whose name is short; no vectors."""
    with tempfile.TemporaryDirectory(prefix="ll", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.setenv("LLMLEARN_EMBEDDER", "none")
        yield Path(folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with mistakes in its memory."""
    return learned(tmp_path)
