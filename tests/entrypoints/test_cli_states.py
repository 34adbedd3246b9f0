"""The commands by which a person decides what becomes of a pattern."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn import Memory, Occurrence
from pytest_llmlearn.entrypoints.cli import main
from tests.entrypoints.test_cli import OCCURRENCE


@pytest.fixture
def learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """One mistake in the memory of the current folder; its fingerprint."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    with Memory.open(tmp_path) as memory:
        return memory.record([Occurrence.from_dict(OCCURRENCE)])[0]


def llmlearn(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def listed() -> dict[str, Any]:
    done = llmlearn("patterns", "--format", "json")
    assert done.exit_code == 0, done.output
    (pattern,) = json.loads(done.stdout)
    return dict(pattern)


@pytest.mark.parametrize(
    ("command", "word", "state", "told"),
    [
        ("approve", "right", "active", "approved"),
        ("enforce", "enforce", "enforced", "enforced"),
        ("mute", "wrong", "muted", "muted"),
    ],
)
def test_a_word_is_said_and_taken_back(learned: str, command: str, word: str, state: str, told: str) -> None:
    """Afterwards outcomes of tests decide again: here nothing was proven."""
    done = llmlearn(command, learned[:8])
    assert done.exit_code == 0 and done.stdout.startswith(f"{learned} is {told}: ")
    assert (listed()["word"], listed()["state"]) == (word, state)
    done = llmlearn(command, learned, "--undo")
    assert done.exit_code == 0 and done.stdout.startswith(f"{learned} is shown again: ")
    assert (listed()["word"], listed()["state"]) == (None, "candidate")


def test_only_the_same_word_is_taken_back(learned: str) -> None:
    """Who unmutes what is enforced changes nothing, and is told so."""
    llmlearn("enforce", learned)
    done = llmlearn("mute", learned, "--undo")
    assert done.exit_code == 0 and done.stdout.startswith(f"{learned} was not muted: ")
    assert listed()["state"] == "enforced"


def test_the_last_word_counts(learned: str) -> None:
    """Each in the place of the one before."""
    for command in ("mute", "enforce", "approve"):
        llmlearn(command, learned)
    assert (listed()["word"], listed()["state"]) == ("right", "active")


def test_the_list_tells_what_was_put_away(learned: str) -> None:
    """Beside its state, for `restore` wants its fingerprint."""
    llmlearn("archive", learned)
    assert " seen once (archived)  " in llmlearn("patterns").stdout
    llmlearn("approve", learned)
    llmlearn("archive", learned)
    assert " seen once (active, archived)  " in llmlearn("patterns").stdout
    llmlearn("restore", learned)
    assert " seen once (active)  " in llmlearn("patterns").stdout


@pytest.mark.parametrize("command", ["approve", "enforce", "mute"])
def test_a_word_on_nothing_is_one_sentence(learned: str, command: str) -> None:
    """Exit status 1, on standard error."""
    done = llmlearn(command, "1:ffff")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("llmlearn: no pattern has the fingerprint '1:ffff'")


def test_scripts_read_how_a_pattern_stands(learned: str) -> None:
    """What state it is in and why, and how well it is founded, in parts that add up."""
    pattern = listed()
    confidence = pattern["confidence"]
    assert confidence == {
        "value": 0.23, "observed": 0.03, "success": 0.0, "recency": 0.2, "steadiness": 0.0, "wording": "new",
    }  # fmt: skip
    told = {
        "state": "candidate", "tier": "new", "always_inject": False, "shown": True, "archived": False, "stub": False,
        "word": None, "recurrences": 0, "fixes": 0,
    }  # fmt: skip
    assert {key: pattern[key] for key in told} == told
    done = llmlearn("show", learned, "--format", "json")
    assert done.exit_code == 0, done.output
    shown = json.loads(done.stdout)
    assert {key: shown[key] for key in told} == told
