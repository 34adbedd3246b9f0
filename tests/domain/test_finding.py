"""Lessons are worded from fields that anyone can write: they stay one plain sentence."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.finding import FIELD_LIMIT, Rule, fill, quotable

RULE = Rule(rule_id="type.x", severity="minor", meaning="", lesson="Do {what}: {problem}.", plain="Do it.")


@pytest.mark.parametrize("operator", ["<", ">", "<=", ">=", "<<", ">>", "->"])
@pytest.mark.parametrize("around", ["{}", "< 3 {} 4", "'{}' not supported", "({})", "use {}, not ="])
def test_an_operator_that_stands_alone_is_shown_as_it_is(operator: str, around: str) -> None:
    """No reader takes it for a tag."""
    assert quotable(around.format(operator)) == around.format(operator)


@pytest.mark.parametrize(
    "text",
    ["<script>", "</s>", "a <b> c", "<|im_end|>", "<<SYS>>", "< /s>", "<-- x", "<!-- x -->", "'<b'", "><b>", "( <a"],
)
def test_what_could_open_or_close_a_tag_is_not(text: str) -> None:
    """No `<` is left before a letter, a slash, a bar or an exclamation mark."""
    shown = quotable(text)
    assert "‹" in shown or "›" in shown
    assert not any(f"<{next_one}" in shown for next_one in "abs/|!S")


def test_a_field_is_one_line_without_a_fence_and_cut() -> None:
    """Also where an operator stands in it."""
    assert quotable("a\n``` \x00 < b") == "a ''' < b"
    assert len(quotable("< " * FIELD_LIMIT)) == FIELD_LIMIT


@pytest.mark.parametrize(
    ("problem", "end"),
    [
        ("invalid syntax. Maybe you meant '==' instead of '='?", "instead of '='?"),
        ("Did you mean print(...)?", "print(...)?"),
        ("it ends.", "it ends."),
        ("cut…", "cut…"),
        ("plain", "plain."),
    ],
)
def test_a_sentence_ends_once(problem: str, end: str) -> None:
    """Whatever the field ended with."""
    assert fill(RULE, {"what": "this", "problem": problem}).endswith(f" {end}")


def test_a_field_before_a_colon_ends_without_a_stop() -> None:
    """`refused.: check` would be two sentences in one."""
    assert fill(RULE, {"what": "that.", "problem": "x"}) == "Do that: x."
