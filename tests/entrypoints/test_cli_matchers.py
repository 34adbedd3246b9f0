"""`llmlearn matchers`: what is recognised by sight, and why something is held back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmlearn import Memory
from pytest_llmlearn.entrypoints.cli import main
from pytest_llmlearn.settings import Settings
from tests.builders import an_occurrence

CODE = "def total(row):\n    return row['amount'] / row['count']\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which a key was missing once."""
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "none")
    monkeypatch.delenv("LLMLEARN_ROOT", raising=False)
    with Memory.open(tmp_path, settings=Settings()) as memory:
        memory.record(
            [
                an_occurrence(
                    exception="KeyError",
                    mro=("KeyError",),
                    message="'amount'",
                    path="total.py",
                    line=2,
                    function="total",
                    code=CODE,
                    source="handed-in",
                    model="m",
                )
            ]
        )
    return tmp_path


def asked(project: Path, *words: str) -> str:
    result = CliRunner().invoke(main, ["--root", str(project), "matchers", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_matchers_are_listed_with_what_they_look_for(project: Path) -> None:
    """In words, and as JSON with stable keys."""
    assert "`row['amount']` in total" in asked(project)
    found = json.loads(asked(project, "--format", "json"))
    assert found["proved"] is None
    one = found["matchers"][0]
    assert one["used"] and one["held_back"] is None and one["kind"] == "shape" and one["origin"] == "failure"
    assert (one["right"], one["wrong"], one["silent"]) == (0, 0, 0)
    assert one["body"]["pattern"] == "row['amount']"


def test_proving_tells_what_was_looked_at(project: Path) -> None:
    """Nothing has passed yet."""
    assert "tried on 0 files" in asked(project, "--prove")
    found = json.loads(asked(project, "--prove", "--format", "json"))
    assert found["proved"]["files"] == 0 and found["proved"]["hits"] == {}
    assert found["proved"]["matchers"] == len(found["matchers"])


def test_of_one_pattern_by_its_beginning(project: Path) -> None:
    """An unknown one is an error in a sentence."""
    fingerprint = json.loads(asked(project, "--format", "json"))["matchers"][0]["fingerprint"]
    assert json.loads(asked(project, fingerprint[:9], "--format", "json"))["matchers"]
    result = CliRunner().invoke(main, ["--root", str(project), "matchers", "1:nothing"])
    assert result.exit_code == 1


def test_where_nothing_was_learned_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is made."""
    monkeypatch.delenv("LLMLEARN_ROOT", raising=False)
    assert "nothing is recognised by sight yet" in asked(tmp_path)
    assert not (tmp_path / ".llmlearn").exists()
