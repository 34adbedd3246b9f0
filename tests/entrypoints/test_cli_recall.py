"""`llmlearn recall`: every format, one line each, and why."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn import Memory, Occurrence
from pytest_llmlearn.domain.guidance import Candidate, Guidance, Query
from pytest_llmlearn.domain.plain_guidance import guidance
from pytest_llmlearn.domain.score import Part, Score
from pytest_llmlearn.entrypoints.cli import main
from pytest_llmlearn.entrypoints.printing_guidance import guidance_lines
from tests.entrypoints.test_cli import OCCURRENCE

QUESTION = "load a user in an async endpoint"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one mistake in its memory, as the current folder, outside of any assistant."""
    for name in ("CLAUDECODE", "CLAUDE_CODE_SESSION_ID", "AI_AGENT", "CURSOR_AGENT", "CODEX_THREAD_ID", "GEMINI_CLI"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    with Memory.open(tmp_path) as memory:
        memory.record([Occurrence.from_dict(OCCURRENCE)])
    return tmp_path


def llmlearn(*words: str) -> Result:
    return CliRunner().invoke(main, ["recall", *words])


def printed(*words: str) -> str:
    done = llmlearn(*words)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("style", "beginning"),
    [
        ("text", "Await 'load_user'"),
        ("context", "From the test outcomes of this repository"),
        ("prompt", "CRITICAL: Avoid these common mistakes:"),
        ("markdown", "### Past failures of generated code"),
        ("json", "{"),
    ],
)
def test_every_format_says_the_lesson(style: str, beginning: str) -> None:
    """Each in its own words."""
    text = printed(QUESTION, "--format", style)
    assert text.startswith(beginning) and "load" in text and text.endswith("\n")


@pytest.mark.parametrize("style", ["context", "prompt", "markdown"])
def test_what_is_pasted_is_nothing_where_nothing_matters(style: str) -> None:
    """No head without a lesson."""
    assert printed("draw a bar chart of rainfall", "--format", style) == ""


def test_a_budget_is_no_matter_for_people() -> None:
    """They are shown all, and the help says whom it bounds."""
    assert printed(QUESTION) == printed(QUESTION, "--budget", "1")
    assert "not what is printed for people" in " ".join(printed("--help").split())


def test_a_budget_bounds_every_wording() -> None:
    """At four characters a token."""
    for style in ("context", "prompt", "markdown"):
        for budget in (0, 40, 80):
            assert len(printed(QUESTION, "--format", style, "--budget", str(budget)).rstrip("\n")) <= 4 * budget


def test_compact_is_one_line_a_lesson() -> None:
    """With the command that prints the rest."""
    line = printed(QUESTION, "--compact")
    assert line.count("\n") == 1 and "[async.never-awaited] Await 'load_user'" in line
    _, _, last = printed(QUESTION, "--compact", "--format", "context").rstrip().rpartition("\n")
    assert last.startswith("1. async.never-awaited: TypeError. The remedy on record is to await 'load_user'")
    assert "llmlearn show 1:" in last and len(last) <= 200


def test_the_json_has_what_it_had_and_more() -> None:
    """Keys may be added, never changed."""
    answer = json.loads(printed(QUESTION, "--format", "json"))
    assert set(answer) == {"query", "abstained", "matches", "text", "tokens", "style", "below"}
    assert (answer["style"] == "text" and answer["below"] == []) or answer["below"][0]["rule_id"]
    (match,) = answer["matches"]
    assert {"probability", "parts", "success_rate_after_injection", "score", "reasons", "always"} <= set(match)
    assert match["success_rate_after_injection"] is None


@pytest.mark.parametrize("style", ["context", "prompt", "markdown"])
def test_why_is_no_part_of_what_is_pasted(style: str) -> None:
    """Wrong usage, said in a sentence."""
    done = llmlearn(QUESTION, "--explain", "--format", style)
    assert done.exit_code == 2 and "--explain goes with --format text and json" in done.stderr


@pytest.fixture
def explained(project: Path) -> Guidance:
    """An answer whose score is taken apart, and that tells what stayed below."""
    with Memory.open(project) as memory:
        found = memory.recall(Query(text=QUESTION))
    score = Score.of(
        [
            Part.intercept(-2.0),
            Part.of("words", 0.75, 4.0, "share of the question's words"),
            Part.of("recency", 1.0, -0.5),
        ]
    )
    match = replace(found.matches[0], score=score.probability, parts=score.by_name)
    near = Candidate(
        pattern=match.pattern, score=0.12, reasons=("speaks of user",), parts={"words": Part.of("words", 0.1, 4.0)}
    )
    return replace(found, matches=(match,), below=(near,))


def test_the_parts_of_a_score_are_aligned_and_summed(explained: Guidance) -> None:
    """For people: value, weight, what it adds; below them the log-odds and what they come to."""
    lines = guidance_lines(guidance(explained), explain=True)
    table = lines[lines.index(next(line for line in lines if line.startswith("    part"))) :]
    assert table[:5] == [
        "    part       value  weight   adds",
        "    intercept   1.00   -2.00  -2.00  before anything is measured",
        "    words       0.75   +4.00  +3.00  share of the question's words",
        "    recency     1.00   -0.50  -0.50",
        "    sum                       +0.50  log-odds: probability 0.62",
    ]
    assert "below the threshold, and not shown:" in table
    assert "    speaks of user" in table and "  score 0.12  [async.never-awaited]" in "\n".join(table)
    assert not any("weight" in line or "below" in line for line in guidance_lines(guidance(explained)))


def test_machines_read_the_parts_by_name(explained: Guidance) -> None:
    """Contributions sum to the log-odds of the probability."""
    answer: dict[str, Any] = json.loads(json.dumps(guidance(explained)))
    (match,) = answer["matches"]
    assert match["probability"] == pytest.approx(0.622459)
    assert sum(part["contribution"] for part in match["parts"].values()) == pytest.approx(0.5)
    assert match["parts"]["words"] == {
        "value": 0.75, "weight": 4.0, "contribution": 3.0, "about": "share of the question's words",
    }  # fmt: skip
    assert set(answer["below"][0]) == {"fingerprint", "rule_id", "lesson", "score", "reasons", "probability", "parts"}


def test_a_score_without_parts_says_so(explained: Guidance) -> None:
    """Rather than an empty table."""
    bare = replace(explained, matches=tuple(replace(match, parts={}) for match in explained.matches), below=())
    assert "    (this score has no parts)" in guidance_lines(guidance(bare), explain=True)
    assert guidance(bare)["matches"][0]["probability"] is None


def test_silence_is_explained_too(explained: Guidance) -> None:
    """What came nearest to the threshold."""
    lines = guidance_lines(guidance(replace(explained, matches=())), explain=True)
    assert lines[0] == "no lesson here matters for this" and "below the threshold, and not shown:" in lines


def test_what_is_always_shown_is_marked_for_people(explained: Guidance) -> None:
    """In full and on one line, whether it is near or not."""
    always = replace(explained, matches=tuple(replace(match, always=True) for match in explained.matches))
    assert "; always shown" in "\n".join(guidance_lines(guidance(always)))
    assert ", always shown  [" in "\n".join(guidance_lines(guidance(always), compact=True))
