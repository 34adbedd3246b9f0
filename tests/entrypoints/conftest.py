"""The bench on which watched runs are made."""

from __future__ import annotations

import pytest

from tests.entrypoints.watching import Bench


@pytest.fixture
def bench(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A temporary project whose runs are watched."""
    return Bench(pytester, monkeypatch)
