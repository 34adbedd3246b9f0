"""`llmlearn effect`, and what `doctor` says of lessons held back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports.exposures import Showing, Shown
from pytest_llmlearn.domain.effect import NOTHING, Outcome
from pytest_llmlearn.entrypoints import printing_effect
from pytest_llmlearn.entrypoints.cli import main
from tests.builders import a_run, an_entry, at


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two patterns that is the current folder."""
    for name in ("LLMLEARN_ROOT", "LLMLEARN_HOLDBACK", "LLMLEARN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    store = SqliteStore(tmp_path)
    store.record(a_run(), [an_entry("1:aaaa"), an_entry("1:bbbb", unit_hash="h2")])
    store.close()
    return tmp_path


def llmlearn(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


def told(*words: str) -> Any:
    done = llmlearn("effect", *words, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def expose(root: Path, outcomes: Mapping[bool, Sequence[str]], fingerprint: str = "1:aaaa") -> None:
    """Exposures with these outcomes, of lessons shown (True) and held back, each in a session of its own."""
    store = SqliteStore(root)
    exposures = store.exposures()
    for shown, several in outcomes.items():
        for number, outcome in enumerate(several):
            lesson = Shown(fingerprint=fingerprint, shown=shown, propensity=0.9)
            session = f"{shown}-{number}"
            assert exposures.show(Showing(time=at(5), channel="hook", session=session, lessons=(lesson,)))
            exposures.judge(
                {one.id: cast("Outcome", outcome) for one in exposures.awaiting(9)}, run="run-2", time=at(9)
            )
    store.close()


def test_a_lesson_never_shown_says_so(project: Path) -> None:
    """Of one, and of all."""
    assert llmlearn("effect").stdout == "lessons were never shown: not enough data\n"
    assert llmlearn("effect", "aaaa").stdout == "the lesson of 1:aaaa was never shown: not enough data\n"


def test_a_pattern_that_is_not_there_is_an_error(project: Path) -> None:
    """In one sentence."""
    done = llmlearn("effect", "cccc")
    assert done.exit_code == 1
    assert "cccc" in done.stderr


def test_below_ten_cases_no_rate_is_told_anywhere(project: Path) -> None:
    """Neither by `effect` nor by `show`, which has the counts."""
    expose(project, {True: ["avoided", "recurred"]})
    assert told("aaaa")["success_rate_after_injection"] is None
    done = llmlearn("show", "aaaa", "--format", "json")
    assert done.exit_code == 0, done.output
    rate = json.loads(done.stdout)["effect"]["success_rate_after_injection"]
    assert rate == {"count": 1, "of": 2, "rate": None, "low": None, "high": None}


def test_fourteen_avoided_of_fifteen_is_a_rate_of_93_percent(project: Path) -> None:
    """With its interval and its count; what had no opportunity is not in it."""
    expose(project, {True: ["avoided"] * 14 + ["recurred"] + ["no-opportunity"] * 5})
    rate = told("aaaa")["success_rate_after_injection"]
    assert (rate["count"], rate["of"], round(rate["rate"], 2)) == (14, 15, 0.93)
    assert rate["low"] < 0.75 < rate["rate"] < rate["high"]
    text = llmlearn("effect", "aaaa").stdout
    assert "mistake avoided 14, made again 1, failed otherwise 0, no opportunity 5" in text
    assert "93% (70-99) of 15" in text
    assert "inconclusive, not enough data (15 cases shown and 0 held back" in text


def test_nine_are_too_few_for_a_rate(project: Path) -> None:
    """Null for scripts, words for people."""
    expose(project, {True: ["avoided"] * 9})
    assert told()["success_rate_after_injection"] is None
    assert "not enough data (9 of 9)" in llmlearn("effect").stdout


def test_the_comparison_is_told_with_its_interval(project: Path) -> None:
    """Far fewer recurrences where the lesson was shown."""
    expose(project, {True: ["avoided"] * 38 + ["recurred"] * 2, False: ["avoided"] * 6 + ["recurred"] * 14})
    comparison = told()["comparison"]
    assert (comparison["verdict"], comparison["enough"]) == ("helped", True)
    assert comparison["recurrence"]["low"] < comparison["recurrence"]["difference"] == -0.65
    text = llmlearn("effect").stdout
    assert "made again with lessons shown: 5% (1-17) of 40; held back: 70% (48-85) of 20" in text
    assert "difference: -65 points" in text
    assert "verdict: helped" in text


def test_equal_arms_are_inconclusive(project: Path) -> None:
    """With data enough, which is an answer, too."""
    expose(project, {True: ["avoided"] * 10 + ["recurred"] * 2, False: ["avoided"] * 10 + ["recurred"] * 2})
    assert told()["comparison"]["verdict"] == "inconclusive"
    assert llmlearn("effect").stdout.splitlines()[-1] == "verdict: inconclusive"


def test_one_patterns_effect_is_not_anothers(project: Path) -> None:
    """Together they are that of all."""
    expose(project, {True: ["avoided"]})
    expose(project, {True: ["recurred"]}, "1:bbbb")
    assert (told("aaaa")["shown"]["avoided"], told("aaaa")["shown"]["recurred"]) == (1, 0)
    assert (told()["shown"]["avoided"], told()["shown"]["recurred"]) == (1, 1)


def test_keys_stay(project: Path) -> None:
    """Scripts read them."""
    found = told()
    assert {*found} == {
        "fingerprint", "holdback", "shown", "held_back", "success_rate_after_injection", "comparison",
    }  # fmt: skip
    assert {*found["comparison"]} == {"shown", "held_back", "enough", "recurrence", "other_failures", "verdict"}
    assert {*found["shown"]} == {
        "exposures", "opportunities", "recurred", "avoided", "other_failure", "no_opportunity", "awaiting",
    }  # fmt: skip
    assert (found["fingerprint"], found["holdback"]) == (None, 0.1)


def test_doctor_says_that_lessons_are_held_back_and_how_to_end_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing once it was ended, which `effect` says."""
    assert "LLMLEARN_HOLDBACK=0" in llmlearn("doctor").stdout
    monkeypatch.setenv("LLMLEARN_HOLDBACK", "0")
    expose(project, {True: ["avoided"]})
    assert "holdback: on" not in llmlearn("doctor").stdout
    assert "nothing is held back" in llmlearn("effect").stdout


def test_a_persons_recall_is_written_down_and_shows_everything(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a session, and where all would be held back."""
    monkeypatch.setenv("LLMLEARN_HOLDBACK", "1")
    session = "a session"
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", session)
    done = llmlearn("recall", "iterate", "--threshold", "0", "--format", "json")
    assert len(json.loads(done.stdout)["matches"]) == 2
    store = SqliteStore(project)
    assert {(one.fingerprint, one.session) for one in store.exposures().awaiting(9)} == {
        ("1:aaaa", session),
        ("1:bbbb", session),
    }
    store.close()


def test_success_is_a_part_of_other_answers() -> None:
    """Nothing of too few."""
    assert printing_effect.success(NOTHING) is None
