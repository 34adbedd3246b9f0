"""Words as full-text search sees them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.words import symbols, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("load_user", "loads a user"),
        ("LoadUser", "loading users"),
        ("recursive", "recursion"),
        ("sqlite3", "sqlite"),
        ("awaited", "await"),
        ("parseHTMLPage", "parse html pages"),
        ("dividing", "divided"),
    ],
)
def test_spellings_of_one_thing_meet(one: str, other: str) -> None:
    """Identifiers fall apart, endings go."""
    assert set(words(one)) & set(words(other))
    assert set(words(one)) <= set(words(other))


def test_words_too_common_to_tell_anything_are_left_out() -> None:
    """And numbers, and single letters."""
    assert list(words("write a function that returns the value of x in 3 steps")) == ["step"]


def test_symbols_are_what_reads_as_code() -> None:
    """Dotted names with their last part, snake_case and CamelCase; plain words are none."""
    assert symbols("use numpy.asscalar or load_user of UserStore, please") == {
        "numpy.asscalar",
        "asscalar",
        "load_user",
        "UserStore",
    }


@given(st.text())
def test_any_text_gives_words_without_blanks(text: str) -> None:
    """What is stored blank-separated must come apart as it was."""
    found = list(words(text))
    assert " ".join(found).split() == found
