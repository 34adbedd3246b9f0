"""Records of Agent Trace in all shapes that are met, and the lines they speak of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.agent_trace import Span, TraceRecord, edits, parse_line, trace_line, without_future
from pytest_llmlearn.domain.content_hash import Effort, parse
from pytest_llmlearn.domain.history import Change, Origin
from pytest_llmlearn.domain.traced import WORKING_TREE, Claim, Ground, Said, claimed, commit_of, latest, located, texts

NOON = datetime(2026, 1, 23, 12, tzinfo=UTC)
BASE, EDIT, LATER = "a" * 40, "b" * 40, "c" * 40
AI = {"type": "ai", "model_id": "anthropic/claude-opus-4-5-20251101"}
RANGE = {"start_line": 3, "end_line": 5}


def record(**fields: Any) -> TraceRecord:
    """The one record of a line with these fields, and what the format asks for."""
    whole = {"version": "0.1.0", "id": "550e8400-e29b", "timestamp": "2026-01-23T12:00:00Z", **fields}
    read = parse_line(json.dumps(whole))
    assert read is not None
    assert len(read) == 1
    return read[0]


def said(of: TraceRecord) -> list[tuple[str, int, int, str, str | None]]:
    """Path, lines, type and model of all that a record says."""
    return [(file.path, span.start, span.end, span.type, span.model) for file in of.files for span in file.spans]


def nested(*ranges: Any, **conversation: Any) -> dict[str, Any]:
    """One file, as the specification has it."""
    return {"files": [{"path": "a.py", "conversations": [{"contributor": AI, **conversation, "ranges": [*ranges]}]}]}


AS_USUAL = [("a.py", 3, 5, "ai", "claude-opus-4-5-20251101")]


@pytest.mark.parametrize(
    "fields",
    [
        nested(RANGE),
        {"files": [{"path": "a.py", "conversations": {"contributor": AI, "ranges": RANGE}}]},
        {"files": [{"path": "a.py", "contributor": AI, "conversations": [{"ranges": [RANGE]}]}]},
        {"files": [{"path": "a.py", "ranges": [RANGE], "contributor": AI}]},
        {"files": [{"path": "a.py", "ranges": [{**RANGE, "contributor": AI}]}]},
        {"files": [{"path": "a.py", "ranges": [RANGE]}], "contributor": AI},
        {"files": [{"path": "a.py", "ranges": [RANGE], "model_id": AI["model_id"]}]},
        {"files": [{"path": "a.py", **RANGE}], "contributor": AI},
        {"files": {"path": "a.py", "ranges": [RANGE]}, "contributor": AI},
        {"file": "a.py", "ranges": [RANGE], "contributor": AI},
        {"path": "a.py", "range": RANGE, "contributor": AI},
        {"file": {"path": "a.py", "ranges": [RANGE]}, "contributor": AI},
        {"file_path": "a.py", **RANGE, "model": "claude-opus-4-5-20251101"},
        {"path": "a.py", "conversations": [{"contributor": AI, "ranges": [RANGE]}]},
        {"path": "a.py", "ranges": [[3, 5]], "contributor": AI},
        {"path": "a.py", "ranges": [3, 5], "contributor": AI},
        {"path": "a.py", "ranges": ["3-5"], "contributor": AI},
        {"path": "a.py", "ranges": [{"start": "3", "end": 5.0}], "contributor": AI},
        {"path": "a.py", "ranges": [{"startLine": 3, "endLine": 5}], "contributor": AI},
    ],
)
def test_all_shapes_say_the_same(fields: dict[str, Any]) -> None:
    """Nested and flat, a file's fields on the record, the contributor on any of them, ranges of several kinds."""
    assert said(record(**fields)) == AS_USUAL


@pytest.mark.parametrize("version", ["1.0", "9", None, 3, {}])
def test_the_version_decides_nothing(version: object) -> None:
    """The reference implementation writes one that its own specification forbids."""
    assert said(record(version=version, **nested(RANGE))) == AS_USUAL


def test_the_nearest_contributor_counts() -> None:
    """A range's own before its conversation's; the model of a model's work is handed down, a person has none."""
    ranges = [
        {"start_line": 1, "end_line": 1, "contributor": {"type": "human"}},
        {"start_line": 2, "end_line": 2, "contributor": {"type": "mixed"}},
        {"start_line": 3, "end_line": 3, "contributor": {"model_id": "openai/gpt-5"}},
        {"start_line": 4, "end_line": 4, "contributor": "human"},
        {"start_line": 5, "end_line": 5},
    ]
    assert [(kind, model) for _, _, _, kind, model in said(record(**nested(*ranges)))] == [
        ("human", None),
        ("mixed", "claude-opus-4-5-20251101"),
        ("ai", "gpt-5"),
        ("human", None),
        ("ai", "claude-opus-4-5-20251101"),
    ]


@pytest.mark.parametrize(
    ("contributor", "kind"),
    [
        ({"type": "AI"}, "ai"),
        ({"type": "assistant"}, "ai"),
        ({"type": "human"}, "human"),
        ({"type": "mixed"}, "mixed"),
        ({"type": "unknown"}, "unknown"),
        ({"type": "martian"}, "unknown"),
        ({"model_id": "gpt-5"}, "ai"),
        ({"model_id": "unknown"}, "unknown"),
        ({}, "unknown"),
        (None, "unknown"),
        ([], "unknown"),
    ],
)
def test_a_type_is_one_of_four(contributor: object, kind: str) -> None:
    """A model without a type is a model's work; what is not said is unknown, never a guess."""
    assert [found for *_, found, _ in said(record(**nested(RANGE, contributor=contributor)))] == [kind]


@pytest.mark.parametrize(
    ("model_id", "model"),
    [
        ("anthropic/claude-opus-4-5", "claude-opus-4-5"),
        ("claude-opus-4-5", "claude-opus-4-5"),
        ("openrouter/anthropic/claude-opus-4-5", "claude-opus-4-5"),
        ("default", None),
        ("cursor/unknown", None),
        ("<synthetic>", None),
        (7, None),
    ],
)
def test_a_model_is_named_without_its_provider(model_id: object, model: str | None) -> None:
    """As everybody else names it."""
    assert [found for *_, found in said(record(**nested(RANGE, contributor={"type": "ai", "model_id": model_id})))] == [
        model
    ]


@pytest.mark.parametrize(
    "one",
    [
        {"start_line": 0, "end_line": 4},
        {"start_line": -3, "end_line": 4},
        {"start_line": 5, "end_line": 2},
        {"start_line": 1, "end_line": 10**12},
        {"start_line": True, "end_line": True},
        {"start_line": "x", "end_line": 4},
        {"start_line": 1.5, "end_line": 4},
        {"start_line": None, "end_line": None},
        {},
        None,
        "nope",
        [],
        [1, 2, 3],
    ],
)
def test_a_range_that_is_none_costs_only_itself(one: object) -> None:
    """From zero, reversed, absurd, of another type; the next one counts."""
    assert said(record(**nested(one, RANGE))) == AS_USUAL


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2026-01-23T12:00:00Z", NOON),
        ("2026-01-23T14:00:00+02:00", NOON),
        ("2026-01-23T12:00:00", NOON),
        ("2026-01-23T12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
        (NOON.timestamp(), NOON),
        (NOON.timestamp() * 1000, NOON),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        (None, None),
        (1e300, None),
        ([], None),
    ],
)
def test_a_time_is_aware_or_unknown(stamp: object, time: datetime | None) -> None:
    """Naive ones are UTC."""
    assert record(timestamp=stamp, **nested(RANGE)).time == time


def test_a_time_to_come_is_unknown() -> None:
    """A clock that is wrong says nothing; one that is a little ahead is believed."""
    read = record(**nested(RANGE))
    assert without_future(read, NOON - timedelta(hours=1)).time is None
    assert without_future(read, NOON - timedelta(minutes=1)).time == NOON


@pytest.mark.parametrize(
    ("fields", "revision"),
    [
        ({"vcs": {"type": "git", "revision": BASE}}, BASE),
        ({"vcs": {"type": "git", "revision": "A1B2C3D4"}}, "a1b2c3d4"),
        ({"vcs": {"revision": BASE}}, BASE),
        ({"vcs": {"type": "jj", "revision": "kkmpptxz"}}, None),
        ({"vcs": {"type": "hg", "revision": BASE}}, None),
        ({"vcs": {"type": "git", "revision": "HEAD"}}, None),
        ({"vcs": "git"}, None),
        ({}, None),
    ],
)
def test_a_revision_is_a_commit_of_git_or_none(fields: dict[str, Any], revision: str | None) -> None:
    """Whole or abbreviated."""
    assert record(**fields, **nested(RANGE)).revision == revision


def test_the_record_of_a_models_own_call_is_a_models() -> None:
    """A flat shape that names neither contributor nor assistant: the call of an assistant's tool is named instead."""
    line = {
        "schema": "agent-trace/v0.1.0", "session_id": "8f5a", "file_path": "/p/a.py", "start_line": 155,
        "end_line": 156, "content_hash": "murmur3:f761763ec88b9451bb3f26bcf38c0b62", "confidence": "high",
        "tool": "Edit", "tool_use_id": "toolu_01N7", "timestamp": "2026-05-16T20:45:23.658433+00:00",
    }  # fmt: skip
    read = parse_line(json.dumps(line))
    assert read is not None
    assert said(read[0]) == [("/p/a.py", 155, 156, "ai", None)]
    assert (read[0].tool, read[0].session) == ("claude", "8f5a")
    found = read[0].files[0].spans[0].hash
    assert found is not None
    assert found.algorithm == "murmur3-128"
    assert len(read[0].id) == 32


@pytest.mark.parametrize("line", ["", "{", "7", '"text"', "null", "not json", '{"a":', "[" * 100_000])
def test_a_line_that_is_no_record_is_none(line: str) -> None:
    """It is skipped, and counted by whoever reads the file."""
    assert parse_line(line) is None


@pytest.mark.parametrize(
    "line", ["{}", "[]", '{"files": []}', '{"files": 3}', '{"files": [null]}', '{"files": [{"path": 3}]}', "[3]"]
)
def test_a_line_that_speaks_of_no_file_says_nothing(line: str) -> None:
    """The event of a session is no mistake."""
    assert parse_line(line) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["files", "file", "path", "conversations", "ranges", "start_line", "end_line", "contributor", "type",
             "model_id", "timestamp", "vcs", "revision", "tool", "name", "content_hash", "id", "metadata", "url"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=25,
)  # fmt: skip


@given(JSON)
def test_any_json_may_be_a_record(value: Any) -> None:
    """Nothing that stands in a trace file is an error."""
    for read in parse_line(json.dumps(value)) or ():
        assert all(edit.ranges for edit in edits(read))


@given(st.text())
def test_any_text_may_be_a_line(text: str) -> None:
    """Nor is anything else."""
    assert parse_line(text) is None or isinstance(parse_line(text), tuple)


def test_what_is_shown_to_people_moves_no_cursor() -> None:
    """Ids and names are another program's words."""
    read = record(id="\x1b[31mabc\n", tool={"name": "x\x1by"}, **nested(RANGE, contributor={"model_id": "a/\x07b"}))
    assert (read.id, read.tool, said(read)[0][-1]) == ("[31mabc", "xy", "b")
    assert record(id=" \n", **nested(RANGE)).id.isalnum()


def test_an_edit_has_the_values_of_a_generation() -> None:
    """One for each file, with the type and the model of most of its lines."""
    read = record(
        tool={"name": "claude-code", "version": "2"},
        vcs={"type": "git", "revision": BASE},
        metadata={"dev.llmlearn": {"session": "one"}},
        files=[
            {"path": "a.py", "conversations": [
                {"url": "https://x/1", "contributor": AI, "ranges": [{"start_line": 1, "end_line": 9}]},
                {"contributor": {"type": "human"}, "ranges": [{"start_line": 12, "end_line": 13}]},
            ]},
            {"path": "b.py", "conversations": [{"contributor": {"type": "human"}, "ranges": [RANGE]}]},
        ],
    )  # fmt: skip
    first, second = edits(read)
    assert (first.id, first.path, first.time, first.type, first.model) == (
        "550e8400-e29b",
        "a.py",
        NOON,
        "ai",
        "claude-opus-4-5-20251101",
    )
    assert (first.tool, first.session, first.conversation, first.revision) == ("claude", "one", "https://x/1", BASE)
    assert first.ranges == ((1, 9), (12, 13))
    assert (second.path, second.type, second.ranges) == ("b.py", "human", ((3, 5),))


def test_what_we_write_is_what_we_read() -> None:
    """And it follows the specification: all that is required, a hash for each range."""
    lines = ["a = 1", "b = 2", "c = 3"]
    line = trace_line(
        id="550e8400-e29b", time=NOON, path="a.py", ranges=[(1, 1), (2, 3)], lines=lines, model="openai/gpt-5",
        tool="codex", tool_version="1", revision=BASE, conversation="https://x/1", own={"session": "s1"},
    )  # fmt: skip
    assert "\n" not in line
    raw = json.loads(line)
    assert (raw["version"], raw["timestamp"]) == ("0.1.0", "2026-01-23T12:00:00.000Z")
    assert raw["metadata"] == {"dev.llmlearn": {"session": "s1"}}
    read = parse_line(line)
    assert read is not None
    assert said(read[0]) == [("a.py", 1, 1, "ai", "gpt-5"), ("a.py", 2, 3, "ai", "gpt-5")]
    assert (read[0].revision, read[0].session, read[0].tool, read[0].time) == (BASE, "s1", "codex", NOON)
    assert [span.hash for span in read[0].files[0].spans] == [
        parse(one["content_hash"]) for one in raw["files"][0]["conversations"][0]["ranges"]
    ]


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        ("src/a.py", "/repo/src/a.py"),
        ("./src/../a.py", "/repo/a.py"),
        ("src\\app\\a.py", "/repo/src/app/a.py"),
        ("/repo/a.py", "/repo/a.py"),
        ("file:///repo/a.py", "/repo/a.py"),
        ("/repository/a.py", None),
        ("/home/somebody/a.py", None),
        ("../a.py", None),
        ("src/../../a.py", None),
        ("..\\..\\a.py", None),
        ("C:\\Users\\x\\a.py", None),
        ("/repo", None),
        (".", None),
        ("", None),
        ("a\0.py", None),
        ("a" * 3_000, None),
    ],
)
def test_a_path_stays_in_the_repository(path: str, whole: str | None) -> None:
    """However it is written."""
    assert located(path, "/repo", ["/repo"]) == whole


def test_windows_paths_are_understood() -> None:
    """A drive is absolute, and case tells nothing apart."""
    assert located("c:\\Work\\repo\\src\\a.py", "C:/work/repo", ["C:/work/repo"]) == "c:/Work/repo/src/a.py"
    assert located("file:///C:/work/repo/a.py", "C:/work/repo", ["C:/work/repo"]) == "C:/work/repo/a.py"


def change(commit: str, minutes: float, *parents: str) -> Change:
    """A commit that touched the file, so long after noon."""
    return Change(commit=commit, time=NOON + timedelta(minutes=minutes), parents=parents)


def ground(origins: Sequence[tuple[str, int] | None], *changes: Change) -> Ground:
    """A file of these origins; None is a line that is not committed."""
    return Ground(
        lines=[f"line {number}" for number in range(1, len(origins) + 1)],
        origins=[None if one is None else Origin(commit=one[0], path="a.py", line=one[1]) for one in origins],
        uncommitted=[one is None for one in origins],
        name="a.py",
        changes=changes,
        times={one.commit: one.time for one in changes},
    )


def all_said(claims: Sequence[Claim], at: Ground) -> list[Said]:
    """What claims say of a file."""
    return [*claimed(claims, at, texts(claims, at, Effort(1_000_000)))]


def lines(of: TraceRecord, at: Ground, named: datetime | None = None) -> list[int]:
    """The lines that a record speaks of."""
    claim = Claim(record=of, spans=of.files[0].spans, file="traces", confidence=0.9, named=named)
    return sorted({line for _, _, found in all_said([claim], at) for line in found})


def traced(minutes: float | None, revision: str | None = None, *ranges: tuple[int, int]) -> TraceRecord:
    """A record of lines 3 to 5 or of `ranges`, so long after noon."""
    spans = [{"start_line": start, "end_line": end} for start, end in ranges or ((3, 5),)]
    stamp = None if minutes is None else (NOON + timedelta(minutes=minutes)).isoformat()
    return record(timestamp=stamp, vcs={"type": "git", "revision": revision}, **nested(*spans))


# Lines 3 to 5 of the file were put in by EDIT; the rest is as BASE made it.
EDITED = [(BASE, 1), (BASE, 2), (EDIT, 3), (EDIT, 4), (EDIT, 5), (BASE, 3), (BASE, 4), (BASE, 5)]
HISTORY = (change(EDIT, 10, BASE), change(BASE, 0))


@pytest.mark.parametrize(
    ("minutes", "revision"),
    [(5, BASE), (5, BASE[:12]), (0.2, BASE), (10.1, EDIT), (9, EDIT), (None, EDIT), (10, None), (5, None), (1, None)],
)
def test_the_commit_of_an_edit_is_found(minutes: float | None, revision: str | None) -> None:
    """By the revision before it or with it, a moment or minutes later, or by the time alone."""
    assert lines(traced(minutes, revision), ground(EDITED, *HISTORY)) == [3, 4, 5]


def test_a_record_of_the_commit_that_made_the_file_is_of_that() -> None:
    """It names the revision with the edit, and what came later is not its work."""
    assert lines(traced(0.1, BASE), ground([(BASE, number) for number in range(1, 7)], change(BASE, 0))) == [3, 4, 5]
    assert lines(traced(None, BASE), ground(EDITED, *HISTORY)) == [6, 7, 8]
    assert lines(traced(0.1, BASE, (1, 5)), ground(EDITED, *HISTORY)) == [1, 2, 6, 7, 8]


def test_a_revision_that_did_not_touch_the_file_points_to_the_next_that_did() -> None:
    """Its time is known from history; of the same second, the child of the revision, or the one that fits."""
    other = "d" * 40
    assert lines(traced(5, other), ground(EDITED, *HISTORY), NOON + timedelta(minutes=4)) == [3, 4, 5]
    at_once = (change(EDIT, 0, other), change(BASE, 0))
    assert lines(traced(0, other), ground(EDITED, *at_once), NOON) == [3, 4, 5]
    strangers = (change(EDIT, 0, LATER), change(BASE, 0))
    assert lines(traced(0, other), ground(EDITED, *strangers), NOON) == [3, 4, 5]


def test_a_revision_that_is_gone_leaves_the_time() -> None:
    """Rebased away, it is known to nobody."""
    assert lines(traced(5, "e" * 40), ground(EDITED, *HISTORY)) == [3, 4, 5]


def test_a_stale_range_says_nothing() -> None:
    """Beyond the file, or lines that another commit brought since."""
    at = ground([(LATER, 1), (LATER, 2), (LATER, 3), (EDIT, 9)], change(LATER, 20), *HISTORY)
    assert lines(traced(5, BASE), at) == []
    assert lines(traced(5, BASE, (50, 70)), ground(EDITED, *HISTORY)) == []


def test_what_no_commit_holds_is_sought_among_uncommitted_lines() -> None:
    """Those have the numbers that the file has now."""
    at = ground([(BASE, 1), (BASE, 2), None, None, (BASE, 3)], change(BASE, 0))
    assert lines(traced(5, BASE), at) == [3, 4]
    assert lines(traced(0.1, BASE, (3, 4)), at) == [3, 4]
    assert lines(traced(None, None), at) == [3, 4]


def test_a_commit_hours_later_does_not_take_what_is_uncommitted() -> None:
    """An edit is in one place, the first commit after it."""
    assert commit_of(traced(5, BASE), [Span(start=3, end=5)], ground([None], *HISTORY)) == EDIT
    assert commit_of(traced(500, EDIT), [Span(start=3, end=5)], ground([None], *HISTORY)) == WORKING_TREE


def hashed(minutes: float, start: int, text: Sequence[str], kind: str = "ai") -> TraceRecord:
    """A record with the hash of a text."""
    whole = trace_line(
        id="550e8400", time=NOON + timedelta(minutes=minutes), path="a.py", ranges=[(start, start + len(text) - 1)],
        lines=[""] * (start - 1) + [*text], type=kind, model="gpt-5",
    )  # fmt: skip
    read = parse_line(whole)
    assert read is not None
    return read[0]


def test_a_text_is_where_its_hash_is() -> None:
    """Whatever history says of the numbers."""
    at = ground([(LATER, number) for number in range(1, 9)], change(LATER, 20))
    assert lines(hashed(5, 1, ["line 6", "line 7"]), at) == [6, 7]


def test_a_text_is_not_sought_in_what_was_there_before() -> None:
    """A copy that is older than the record is not the record's work."""
    old = Change(commit=BASE, time=NOON - timedelta(days=400), parents=())
    assert lines(hashed(5, 1, ["line 6", "line 7"]), ground([(BASE, number) for number in range(1, 9)], old)) == []


def test_a_text_that_is_nowhere_is_laid_on_its_commit_less_surely() -> None:
    """Somebody went over it."""
    read = hashed(5, 3, ["something", "different", "altogether"])
    claim = Claim(record=read, spans=read.files[0].spans, file="traces", confidence=0.9)
    found = all_said([claim], ground(EDITED, *HISTORY))
    assert [[*where] for _, _, where in found] == [[3, 4, 5]]
    assert found[0][1].confidence == 0.7
    assert "changed since" in found[0][1].evidence


def test_the_latest_record_of_a_line_counts() -> None:
    """A person who went over a model's work is its author, and the other way round; without a time, one is earliest."""
    at = Ground(lines=["line 1", "line 2"], origins=[], uncommitted=[True, True])
    first, second = hashed(1, 1, ["line 1", "line 2"]), hashed(2, 2, ["line 2"], kind="human")
    claims = [Claim(record=one, spans=one.files[0].spans, file="t", confidence=0.9) for one in (second, first)]
    assert [one and one.type for one in latest(all_said(claims, at), 2)] == ["ai", "human"]
    timeless = without_future(second, NOON - timedelta(days=1))
    claims = [Claim(record=one, spans=one.files[0].spans, file="t", confidence=0.9) for one in (first, timeless)]
    assert [one and one.type for one in latest(all_said(claims, at), 3)] == ["ai", "ai", None]


def test_evidence_names_file_record_and_day() -> None:
    """So that a person finds the line of the log; a record that says unknown is less sure than a trailer."""
    at = Ground(lines=["1", "2", "3"], origins=[], uncommitted=[True] * 3)
    read = traced(0)
    (_, answer, _), *_ = all_said([Claim(record=read, spans=read.files[0].spans, file="t", confidence=0.9)], at)
    assert answer.evidence == "t 550e8400, 2026-01-23"
    assert (answer.type, answer.model, answer.confidence) == ("ai", "claude-opus-4-5-20251101", 0.9)
    unknown = record(**nested(RANGE, contributor={"type": "unknown"}))
    claim = Claim(record=unknown, spans=unknown.files[0].spans, file="t", confidence=0.9)
    (_, answer, _), *_ = all_said([claim], at)
    assert (answer.type, answer.confidence) == ("unknown", 0.45)
