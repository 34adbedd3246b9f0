"""The page on recall says what the code does."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from pytest_llmlearn.domain.chance import ABOUT, WEIGHTS

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recall_tables", PROJECT / "tools" / "recall_tables.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_tables_are_those_of_the_code(tables: ModuleType) -> None:
    """`python tools/recall_tables.py` writes them."""
    page = tables.PAGE.read_text(encoding="utf-8")
    assert tables.written(page) == page
    assert all(f"| `{name}` | {ABOUT[name]} | {weight:+.2f} |" in page for name, weight in WEIGHTS.items())


def test_another_weight_is_another_page(tables: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison can fail."""
    page = tables.PAGE.read_text(encoding="utf-8")
    monkeypatch.setitem(WEIGHTS, "intercept", 7.77)
    assert "+7.77" in tables.written(page) != page


def test_every_part_that_explain_prints_is_on_it(tables: ModuleType) -> None:
    """Those beside the chance, too."""
    page = tables.PAGE.read_text(encoding="utf-8")
    for word in (
        "`words`",
        "`weight`",
        "`doubt`",
        "severity",
        "recency",
        "confidence",
        "avoided when shown",
        "imports",
    ):
        assert word in page, word
