"""Words of programming that speak of one thing meet in a concept."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.concepts import LONGEST, concepts


@pytest.mark.parametrize(
    ("one", "other", "concept"),
    [
        ("coroutine", "await", "await"),
        ("regex", "the pattern", "pattern"),
        ("without a check", "forgot it", "absent"),
        ("NoneType", "None", "none"),
        ("KeyError", "keys of a dictionary", "mapping"),
        ("hangs for ever", "timeout", "time limit"),
        ("requests.get", "download", "web"),
    ],
)
def test_words_of_one_thing_meet(one: str, other: str, concept: str) -> None:
    """However they are spelled, in code or in a sentence."""
    assert concept in set(concepts(one)) & set(concepts(other))


@pytest.mark.parametrize(
    "text", ["forgot await", "never awaited", "await is missing", "forgot to await it", "not awaited"]
)
def test_what_is_lacking_is_a_concept_of_its_own(text: str) -> None:
    """Said before it, or after it."""
    assert "no await" in set(concepts(text))


@pytest.mark.parametrize("text", ["awaited a plain value", "await it", "removed the await"])
def test_what_is_there_is_not_lacking(text: str) -> None:
    """ "Removed" says that somebody wanted it so."""
    assert "no await" not in set(concepts(text))


def test_what_lacks_something_unknown_lacks_it_by_its_stem() -> None:
    """So that "without colons" and "colon missing" meet as well as "no widgets" and "a widget is missing"."""
    assert "no widget" in set(concepts("no widgets"))
    assert "no widget" in set(concepts("a widget is missing"))


def test_words_of_no_concept_say_nothing() -> None:
    """A recipe has none."""
    assert list(concepts("simmer the chickpeas with lemon and thyme")) == []
    assert list(concepts("")) == []


def test_a_long_text_is_looked_at_up_to_an_end() -> None:
    """A whole file costs no more than its beginning."""
    assert sum(one == "await" for one in concepts("await " * (LONGEST + 50))) == LONGEST
