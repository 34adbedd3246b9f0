"""Notes of git-ai, good and bad: which lines they attest, and to whom."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.git_ai import Note, parse

SESSION = "s_c9883b05a2487d"
PERSON = "h_31dce776f88375"
PROMPT = "abcd1234abcd1234"
AGENT = {"tool": "cursor", "id": "6ef2", "model": "claude-sonnet-4-5-20250514"}


def metadata(**more: Any) -> str:
    """The JSON below the divider."""
    known = {
        "schema_version": "authorship/3.0.0",
        "git_ai_version": "1.4.5",
        "base_commit_sha": "7734",
        "prompts": {PROMPT: {"agent_id": {"tool": "claude", "id": "1", "model": "claude-opus-4-5"}}},
        "humans": {PERSON: {"author": "Dev <dev@example.com>"}},
        "sessions": {SESSION: {"agent_id": AGENT, "human_author": "dev@example.com"}},
    }
    return json.dumps({**known, **more}, indent=2)


def note(attested: str, below: str | None = None) -> Note:
    """A note with these attestations."""
    parsed = parse(f"{attested}\n---\n{metadata() if below is None else below}")
    assert parsed is not None
    return parsed


def who(of: Note, path: str, line: int) -> tuple[str, str | None, str | None] | None:
    """Type, tool and model of one line."""
    attested = of.at(path, line)
    return None if attested is None else (attested.type, attested.tool, attested.model)


def test_the_prefix_of_a_key_says_where_to_look() -> None:
    """Sessions, with a trace behind `::`; known people; prompts of older versions."""
    read = note(f"src/main.py\n  {SESSION}::t_9f8e7d6c5b4a32 1-10,15-20\n  {PERSON} 35-40\nsrc/my.py\n  {PROMPT} 1-50")
    assert who(read, "src/main.py", 1) == ("ai", "cursor", "claude-sonnet-4-5-20250514")
    assert who(read, "src/main.py", 10) == ("ai", "cursor", "claude-sonnet-4-5-20250514")
    assert who(read, "src/main.py", 15) == ("ai", "cursor", "claude-sonnet-4-5-20250514")
    assert who(read, "src/main.py", 37) == ("human", None, None)
    assert who(read, "src/my.py", 50) == ("ai", "claude", "claude-opus-4-5")


@pytest.mark.parametrize("line", [0, 11, 14, 21, 34, 41, 10**9])
def test_other_lines_are_not_covered(line: int) -> None:
    """A note does not speak of them."""
    read = note(f"a.py\n  {SESSION} 1-10,15-20\n  {PERSON} 35-40")
    assert read.at("a.py", line) is None
    assert read.at("b.py", 1) is None


def test_the_later_entry_counts() -> None:
    """As git-ai reads its own notes."""
    read = note(f"a.py\n  {SESSION} 1-10\n  {PERSON} 5")
    assert who(read, "a.py", 4) == ("ai", "cursor", "claude-sonnet-4-5-20250514")
    assert who(read, "a.py", 5) == ("human", None, None)


def test_a_path_may_be_quoted() -> None:
    """By git-ai without escapes, by git with them."""
    read = note(
        f'"src/my file.py"\n  {PROMPT} 1\n"src/caf\\303\\251.py"\n  {PROMPT} 2\n"a\\"b.py"\n  {PROMPT} 3\n'
        f'"a\\\\b.py"\n  {PROMPT} 4\nwith space.py\n  {PROMPT} 5'
    )
    for path, line in [("src/my file.py", 1), ("src/café.py", 2), ('a"b.py', 3), ("a\\b.py", 4), ("with space.py", 5)]:
        assert who(read, path, line) == ("ai", "claude", "claude-opus-4-5"), path


@pytest.mark.parametrize(
    ("key", "kind"),
    [("s_0123456789abcd", "ai"), ("h_0123456789abcd", "human"), ("0123456789abcdef", "ai"), ("0123abc", "ai")],
)
def test_a_key_without_metadata_still_tells_the_kind(key: str, kind: str) -> None:
    """Rewritten notes lack the metadata of half their keys."""
    assert who(note(f"a.py\n  {key} 1-3"), "a.py", 2) == (kind, None, None)


@pytest.mark.parametrize("model", ["unknown", "default", "<synthetic>", "", '"unknown"', None, 7, {}])
def test_a_model_that_says_nothing_is_none(model: object) -> None:
    """The tool is known all the same."""
    below = metadata(sessions={SESSION: {"agent_id": {**AGENT, "model": model}}})
    assert who(note(f"a.py\n  {SESSION} 1", below), "a.py", 1) == ("ai", "cursor", None)


@pytest.mark.parametrize("model", ['"claude-opus-4-5"', '"\\"claude-opus-4-5\\""', " claude-opus-4-5\n"])
def test_a_model_quoted_twice_is_unquoted(model: str) -> None:
    """So that one model is one model."""
    below = metadata(sessions={SESSION: {"agent_id": {**AGENT, "model": model}}})
    assert who(note(f"a.py\n  {SESSION} 1", below), "a.py", 1) == ("ai", "cursor", "claude-opus-4-5")


def test_the_tool_has_the_name_that_other_readers_give_it() -> None:
    """`claude-code` and the `claude` of a trailer are one tool."""
    below = metadata(sessions={SESSION: {"agent_id": {**AGENT, "tool": "claude-code"}}})
    assert who(note(f"a.py\n  {SESSION} 1", below), "a.py", 1) == ("ai", "claude", "claude-sonnet-4-5-20250514")


@pytest.mark.parametrize("ranges", ["10-1", "0", "0-3", "1-99999999999", "x", "-5", "1-2-3", "20000001", ","])
def test_a_range_that_is_none_covers_nothing(ranges: str) -> None:
    """Reversed, from zero, absurd or no number; the other ranges of its line still count."""
    read = note(f"a.py\n  {SESSION} {ranges}\n  {PERSON} 7,{ranges},9")
    assert [line for line in range(200) if read.at("a.py", line)] == [7, 9]


def test_overlapping_ranges_are_one() -> None:
    """In whichever order they come."""
    read = note(f"a.py\n  {SESSION} 8-9,1-5,2-3,4-6")
    assert [line for line in range(20) if read.at("a.py", line)] == [1, 2, 3, 4, 5, 6, 8, 9]


def test_malformed_lines_cost_only_themselves() -> None:
    """An entry before any path, one without ranges, a blank line, a tab for blanks, Windows' line ends."""
    read = note(f"  {SESSION} 1\n\na.py\r\n  {SESSION}\r\n\n  ??? 1-9\n\t{SESSION} 4\r\n   {PERSON}   5")
    assert [(line, read.at("a.py", line)) for line in (1, 9)] == [(1, None), (9, None)]
    assert who(read, "a.py", 4) == ("ai", "cursor", "claude-sonnet-4-5-20250514")
    assert who(read, "a.py", 5) == ("human", None, None)


@pytest.mark.parametrize("below", ["", "{", "null", "[]", '{"schema_version": 3', "[" * 100_000])
def test_broken_metadata_leaves_the_attestations(below: str) -> None:
    """What stands above the divider can still be understood."""
    assert who(note(f"a.py\n  {SESSION} 1", below), "a.py", 1) == ("ai", None, None)


def test_a_missing_divider_leaves_the_attestations() -> None:
    """As does a note that was cut."""
    read = parse(f"a.py\n  {SESSION} 1-3\n")
    assert read is not None
    assert who(read, "a.py", 3) == ("ai", None, None)


@pytest.mark.parametrize("version", ["authorship/3.1.0", "authorship/2", "4", None, 7])
def test_other_versions_are_read_where_the_shape_fits(version: object) -> None:
    """A version number is no reason to know nothing."""
    read = note(f"a.py\n  {SESSION} 1", metadata(schema_version=version))
    assert who(read, "a.py", 1) == ("ai", "cursor", "claude-sonnet-4-5-20250514")


def test_a_note_that_covers_nothing_is_a_note() -> None:
    """git-ai watched, and no model wrote."""
    read = parse(f"---\n{metadata()}")
    assert read is not None
    assert read.at("a.py", 1) is None


def test_logs_one_after_the_other_are_all_read() -> None:
    """Merging notes concatenates them."""
    other = json.dumps({"schema_version": "authorship/3.0.0", "prompts": {PROMPT: {"agent_id": {"tool": "amp"}}}})
    read = parse(f"a.py\n  {SESSION} 1\n---\n{metadata()}\n\nb.py\n  {PROMPT} 2\n---\n{other}\n")
    assert read is not None
    assert who(read, "a.py", 1) == ("ai", "cursor", "claude-sonnet-4-5-20250514")
    assert who(read, "b.py", 2) == ("ai", "amp", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Reviewed-by: Robin\n",
        "Summary of the change\n\n  it is good 12 of 13 times\n",
        '{"version": 3, "session": {}}',
        "---\ntitle: x\n---\n",
        '---\n{"other": 1}',
        "-----BEGIN PGP SIGNATURE-----\n\n  0 1\n",
    ],
)
def test_another_tools_note_is_none(text: str) -> None:
    """Others write under the same reference."""
    assert parse(text) is None


@pytest.mark.parametrize(
    "records",
    [
        {"sessions": [], "prompts": None, "humans": 3},
        {"sessions": {SESSION: None}},
        {"sessions": {SESSION: {"agent_id": "cursor"}}},
        {"sessions": {SESSION: {}}},
    ],
)
def test_records_of_another_shape_tell_nothing_of_tool_and_model(records: dict[str, Any]) -> None:
    """Nor do they stop the reading."""
    assert who(note(f"a.py\n  {SESSION} 1", metadata(**records)), "a.py", 1) == ("ai", None, None)


@given(st.text())
def test_any_text_may_be_a_note(text: str) -> None:
    """Nothing that stands under a reference is an error."""
    read = parse(text)
    assert read is None or read.at("a.py", 1) is None or bool(list(read.attestations))


@given(st.lists(st.sampled_from(["a.py", "  ", SESSION, " 1-3", '"', "\\", "---", "{", "}", "\n", "9" * 30, ","])))
def test_any_mixture_of_its_own_pieces_may_be_a_note(pieces: list[str]) -> None:
    """Near the format, too, nothing is an error."""
    read = parse("".join(pieces))
    assert read is None or read.at("b.py", 1) is None


@pytest.mark.timeout(120)  # against running without an end; how long it takes is for benchmarks to say
@pytest.mark.parametrize(
    "text",
    [
        "a.py\n" + f"  {SESSION} {','.join(str(2 * number + 1) for number in range(200_000))}\n---\n{{}}",
        "---\n{}\n" * 500_000,
        "".join(f"f{number}.py\n  {SESSION} 1-9\n" for number in range(150_000)),
        '"' + "\\" * 1_000_000 + '"\n',
        "x" * 20_000_000,
    ],
    ids=["ranges", "logs", "files", "escapes", "long"],
)
def test_a_huge_note_is_read_in_bounded_time(text: str) -> None:
    """No shape of it costs more than its length."""
    parse(text)
