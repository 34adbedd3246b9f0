"""The table of assistants, and what a project adds to it."""

from __future__ import annotations

import pickle

import pytest

from pytest_llmlearn.domain.assistants import ASSISTANTS, KNOWN, Assistant, Roster, an_assistant, roster_with
from pytest_llmlearn.domain.authorship import AUTHOR, TRAILER, authorship
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.domain.signs import Identity, credited, declared, identify, marked

ADA = Identity(name="Ada Byron", email="ada@example.org")
ACME = roster_with((an_assistant("acme", ["Bot@acme.dev", "acme-bot[bot]"], ["Acme  Coder"]),))


def by(name: str, email: str = "", roster: Roster = ACME) -> tuple[str | None, str | None] | None:
    """Tool and model of that identity, None for a person's."""
    sign = identify(Identity(name=name, email=email), roster)
    return (sign.tool, sign.model) if sign else None


def of_commit(author: Identity, message: str = "Sort", roster: Roster = ACME) -> Provenance | None:
    """The authorship of a commit."""
    return authorship(author, ADA, message, roster)


@pytest.mark.parametrize(
    ("name", "email", "model"),
    [
        ("Acme Coder", "", None),
        ("ACME coder", "ada@example.org", None),
        ("Anything At All", "bot@ACME.dev", None),
        ("acme-bot[bot]", "1+acme-bot[bot]@users.noreply.github.com", None),
        ("acme-bot[bot]", "", None),
        ("acme", "bot@acme.dev", None),
        ("acme-bot", "bot@acme.dev", None),
        ("Acme Coder (gpt-5)", "bot@acme.dev", "gpt-5"),
        ("Acme Coder gpt-5", "ada@example.org", "gpt-5"),
    ],
)
def test_an_assistant_of_the_projects_own_is_known(name: str, email: str, model: str | None) -> None:
    """By address, by login and by name, in any case, with the model where one is named; unknown without the setting."""
    assert by(name, email) == ("acme", model)
    without = by(name, email, KNOWN)
    assert without is None or without[0] != "acme"


@pytest.mark.parametrize(
    ("name", "email"),
    [("Ada Byron", "ada@acme.dev"), ("Acme Coder Smith", "smith@example.org"), ("Acme", "info@example.org")],
)
def test_a_vendors_staff_are_people_here_too(name: str, email: str) -> None:
    """The account decides, and the whole name."""
    assert by(name, email) is None


def test_every_kind_of_sign_knows_it() -> None:
    """A mark behind the author's name, a trailer's value, free text."""
    signs = [marked("acme coder", ACME), *declared("Acme Coder:gpt-5", ACME), credited("Acme Coder.", ACME)]
    assert [sign.tool for sign in signs if sign] == ["acme"] * 3
    assert marked("acme coder") is None
    assert credited("Acme Coder.") is None


def test_a_commit_by_it_is_a_models() -> None:
    """As author, and as co-author; without the setting, a person's."""
    author = Identity(name="Acme Coder", email="bot@acme.dev")
    found = of_commit(author)
    assert found is not None
    assert (found.tool, found.confidence) == ("acme", AUTHOR)
    message = "Sort\n\nCo-authored-by: Whoever <bot@acme.dev>"
    found = of_commit(ADA, message)
    assert found is not None
    assert (found.tool, found.confidence) == ("acme", TRAILER)
    assert of_commit(author, roster=KNOWN) is of_commit(ADA, message, KNOWN) is None


def test_what_is_built_in_stays_known() -> None:
    """The setting adds."""
    assert by("Claude Opus 4.6", "noreply@anthropic.com") == ("claude", "Claude Opus 4.6")
    assert by("coderabbitai[bot]") is None


def test_a_known_tool_gets_more_accounts() -> None:
    """A company's own instance of it is the same tool."""
    roster = roster_with((an_assistant("claude", ["claude@corp.example"]),))
    assert by("Claude Opus 4.6", "claude@corp.example", roster) == ("claude", "Claude Opus 4.6")
    assert (
        by("Claude", "claude@corp.example", roster) == by("Claude", "noreply@anthropic.com", roster) == ("claude", None)
    )
    assert by("Claude", "claude@example.org", roster) is None
    assert len(roster.assistants) == len(ASSISTANTS)


def test_the_projects_word_wins_over_the_table() -> None:
    """What it claims is no other tool's, no bystander's, and not ambiguous."""
    more = (an_assistant("ours", ["noreply@openai.com", "coderabbitai[bot]"], ["Devin"]),)
    roster = roster_with(more)
    assert by("X Y", "noreply@openai.com", roster) == ("ours", None)
    assert by("X Y", "1+coderabbitai[bot]@users.noreply.github.com", roster) == ("ours", None)
    assert by("coderabbitai", "1+coderabbitai[bot]@users.noreply.github.com", roster) == ("ours", None)
    assert by("Devin", "devin@example.org", roster) == ("ours", None)
    assert by("Devin", "devin@example.org", KNOWN) is None
    assert credited("Devin.", roster) is not None


def test_a_name_shared_with_people_can_become_the_tools_own() -> None:
    """Where nobody on the project is called so."""
    roster = roster_with((an_assistant("claude", names=["Claude"]),))
    assert by("Claude", "claude@example.org", roster) == ("claude", None)
    assert by("Claude", "claude@example.org", KNOWN) is None


def test_several_entries_for_one_tool_are_one() -> None:
    """Order does not matter to what is known, and nothing is lost."""
    entries = (an_assistant("acme", ["a@acme.dev"]), an_assistant("acme", ["b@acme.dev"], ["Acme Coder"]))
    roster = roster_with(entries)
    assert [by(name, email, roster) for name, email in (("X Y", "a@acme.dev"), ("X Y", "b@acme.dev"))] == [
        ("acme", None),
        ("acme", None),
    ]
    assert sum(entry.tool == "acme" for entry in roster.assistants) == 1


def test_equal_rosters_are_one_value() -> None:
    """Equal, of one hash and one digest; made once; other ones differ."""
    same = KNOWN.with_more((an_assistant("acme", ["Bot@acme.dev", "acme-bot[bot]"], ["Acme  Coder"]),))
    assert same == ACME
    assert hash(same) == hash(ACME)
    assert same.digest == ACME.digest
    assert roster_with() is KNOWN
    assert roster_with((an_assistant("x", ["y"]),)) is roster_with((an_assistant("x", ["y"]),))
    assert ACME != KNOWN
    assert ACME.digest != KNOWN.digest
    assert Roster(assistants=KNOWN.assistants).digest != KNOWN.digest


def test_a_roster_survives_a_copy_into_another_process() -> None:
    """With its indexes."""
    copy = pickle.loads(pickle.dumps(ACME))
    assert by("X Y", "bot@acme.dev", copy) == ("acme", None)


def test_the_table_is_in_lower_case_and_names_nothing_twice() -> None:
    """Look-ups are; what stood in two entries would be the later one's."""
    words = [
        (key, word)
        for entry in ASSISTANTS
        for key, words in (
            ("account", entry.accounts),
            ("name", (*entry.own, *entry.shared)),
            ("office", entry.offices),
        )
        for word in words
    ]
    assert len(words) == len(set(words))
    assert [word for _, word in words if word != word.lower()] == []


def test_an_assistant_is_described_by_accounts_and_names() -> None:
    """Blanks and case do not matter, an app's login is its name, and none of it is a model."""
    assert an_assistant("Acme", [" Bot@Acme.dev ", "acme-bot[bot]"], ["Acme  Coder"]) == Assistant(
        tool="Acme",
        accounts=("bot@acme.dev", "acme-bot[bot]"),
        own=("acme coder", "acme-bot[bot]"),
        plain=("acme", "acme-bot[bot]", "acme-bot"),
    )
