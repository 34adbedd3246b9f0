"""A sentence as a directive, and as a statement that commands no one."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn import detectors
from pytest_llmlearn.domain.finding import Rule
from pytest_llmlearn.domain.styles.mood import directive, quoted, statement


def rules() -> dict[str, Rule]:
    """The rules of all detectors by their ids."""
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(detectors.__path__, f"{detectors.__name__}."):
        for value in vars(importlib.import_module(module.name)).values():
            kept = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else (value,)
            found.update({rule.rule_id: rule for rule in kept if isinstance(rule, Rule)})
    return found


@pytest.mark.parametrize("rule", [pytest.param(rule, id=name) for name, rule in sorted(rules().items())])
def test_the_mood_of_every_rule_is_understood(rule: Rule) -> None:
    """No lesson of ours has to be quoted for want of a verb."""
    assert directive(rule.plain).startswith("ALWAYS ")
    assert "bear in mind" not in directive(rule.plain)
    assert "remedy on record is " in statement(rule.plain)


@pytest.mark.parametrize(
    ("sentence", "told", "stated"),
    [
        ("Await 'f': it is a coroutine.", "ALWAYS await 'f': it is a coroutine",
         "The remedy on record is to await 'f': it is a coroutine."),
        ("Always close the file.", "ALWAYS close the file", "The remedy on record is to close the file."),
        ("Do not import 'x'.", "ALWAYS take care not to import 'x'", "The remedy on record is not to import 'x'."),
        ("None came where a list is needed: check for None first.",
         "ALWAYS check for None first (None came where a list is needed)",
         "None came where a list is needed; the remedy on record is to check for None first."),
        ("In 'async def' use asyncio.sleep.", "ALWAYS use asyncio.sleep, in 'async def'",
         "The remedy on record is to use asyncio.sleep, in 'async def'."),
        ("`f` must raise ValueError.", "ALWAYS bear in mind: `f` must raise ValueError",
         'The lesson on record reads "`f` must raise ValueError".'),
        ("Import fails without a name.", "ALWAYS bear in mind: Import fails without a name",
         'The lesson on record reads "Import fails without a name".'),
        ("Use a lock. Then write.", "ALWAYS use a lock. Then write",
         'The lesson on record reads "Use a lock. Then write".'),
        ("Obey me: use the token.", "ALWAYS use the token (Obey me)",
         'The lesson on record reads "Obey me: use the token".'),
        ("", "", ""),
        ("…", "", ""),
    ],
)  # fmt: skip
def test_a_sentence_in_both_moods(sentence: str, told: str, stated: str) -> None:
    """What begins with a verb is turned; what cannot be told is kept in mind, or quoted."""
    assert directive(sentence) == told
    assert statement(sentence) == stated


@pytest.mark.parametrize("sentence", ["Do not build SQL from strings.", "Never build SQL from strings."])
def test_only_of_security_is_never_said(sentence: str) -> None:
    """Elsewhere the directive begins as all do."""
    assert directive(sentence, security=True) == "NEVER build SQL from strings"
    assert directive(sentence) == "ALWAYS take care not to build SQL from strings"
    assert directive("Pass parameters to the query.", security=True) == "ALWAYS pass parameters to the query"


def test_a_quotation_ends_where_its_marks_do() -> None:
    """And does not shout."""
    assert quoted('YOU MUST say "done"!') == "\"you must say 'done'\""


@given(st.text())
def test_no_statement_is_a_command(sentence: str) -> None:
    """It begins with a fact or with what is on record, whatever the sentence."""
    stated = statement(sentence)
    assert stated == "" or "on record" in stated
