"""What a memory is worth."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmlearn.domain.audit import AGED_DAYS, FEW, Audit, Kept, Stock, audit
from pytest_llmlearn.domain.audit_bounds import Bounds
from tests.builders import at

NOW = at(days=365)


def kept(fingerprint: str = "1:a", **changes: Any) -> Kept:
    """A candidate seen today, whose words are its own."""
    values: dict[str, Any] = {
        "rule_id": "type.none-value",
        "symbol_key": f"{fingerprint}-symbol",
        "lesson": f"Check {fingerprint} for None.",
        "message": f"{fingerprint} is None",
        "symbols": (fingerprint,),
        "state": "candidate",
        "frequency": 1,
        "first_seen": at(),
        "last_seen": NOW,
    }
    return Kept(fingerprint=fingerprint, **{**values, **changes})


def measured(*patterns: Kept, **secrets: int) -> Audit:
    return audit(Stock(patterns=patterns), secrets, NOW)


def test_equal_symbol_level_and_lesson_are_exact_duplicates() -> None:
    """But for case and blanks; the first seen stays."""
    same = {"symbol_key": "s", "lesson": "Check for None."}
    found = measured(kept("1:b", **same), kept("1:a", symbol_key="s", lesson="check  for none."), kept("1:c"))
    assert (found.duplicates, found.duplicate_groups) == (1, (("1:a", "1:b"),))


def test_equal_lessons_of_other_symbols_are_no_exact_duplicates() -> None:
    """A template words many mistakes alike."""
    assert measured(kept("1:a", lesson="x"), kept("1:b", lesson="x")).duplicates == 0


def test_nearly_the_same_words_are_near_duplicates_within_one_rule_only() -> None:
    """Thirteen words of fourteen; of another rule it is another mistake."""
    long = "open every connection within context manager close afterwards before pool runs empty again"
    one = kept("1:a", lesson=long, message="", symbols=())
    near = kept("1:b", lesson=f"{long} soon", message="", symbols=())
    assert measured(one, near).near_groups == (("1:a", "1:b"),)
    assert measured(one, kept("1:b", rule_id="type.wrong-arity", lesson=long, symbols=())).near_duplicates == 0


def test_what_is_exactly_equal_is_not_counted_as_near_too() -> None:
    """Each pattern that could go is counted once."""
    found = measured(*(kept(name, symbol_key="s", lesson="x", message="y", symbols=()) for name in ("1:a", "1:b")))
    assert (found.duplicates, found.near_duplicates, found.near_groups) == (1, 0, ())


def test_names_tell_mistakes_of_one_template_apart() -> None:
    """Two functions that do not exist are two mistakes."""
    patterns = [
        kept(
            name,
            rule_id="import.missing-name",
            lesson=f"'numpy' does not define '{name}': use another.",
            message=f"cannot import name {name} from numpy",
            symbols=(f"numpy.{name}",),
        )
        for name in ("asscalar", "asfarray")
    ]
    assert measured(*patterns).near_duplicates == 0


@pytest.mark.parametrize(("days", "aged"), [(AGED_DAYS, 0), (AGED_DAYS + 1, 1)])
def test_a_candidate_seen_once_ages_out(days: int, aged: int) -> None:
    """After ninety days, not on the last of them."""
    assert measured(kept(last_seen=at(days=365 - days))).aged == aged


def test_what_came_twice_or_was_put_away_has_not_aged_out() -> None:
    """Nor what a fix or a person made active."""
    old = {"last_seen": at()}
    patterns = (kept("1:a", frequency=2, **old), kept("1:b", archived=True, **old), kept("1:c", state="active", **old))
    assert measured(*patterns).aged == 0


def test_active_lessons_that_nobody_saw() -> None:
    """Of active and enforced ones; candidates and archived ones need not be shown."""
    found = measured(
        kept("1:a", state="active"), kept("1:b", state="enforced"), kept("1:c", state="active", shown=1),
        kept("1:d"), kept("1:e", state="active", archived=True),
    )  # fmt: skip
    assert (found.never_shown, found.active) == (2, 3)


def test_junk_is_counted_once() -> None:
    """A duplicate that aged out, is a stub, and was never counted is one pattern."""
    useless = kept("1:b", symbol_key="1:a-symbol", lesson="Check 1:a for None.", last_seen=at(), stub=True, frequency=0)
    assert measured(kept("1:a"), useless).junk == 1


def test_growth_is_averaged_over_four_weeks() -> None:
    """Eight new patterns in four weeks; older ones do not count."""
    patterns = [kept(f"1:{number}", first_seen=at(days=360)) for number in range(8)]
    found = audit(Stock(patterns=(*patterns, kept("1:old")), bytes=4_000, recent_share=0.5), {}, NOW)
    assert (found.weekly_patterns, found.weekly_bytes) == (2, 500)


def test_nothing_is_above_the_bounds_of_an_empty_memory() -> None:
    """Nor is anything divided by nothing."""
    assert measured().above(Bounds()) == []


def test_shares_of_few_patterns_are_not_held_against_bounds() -> None:
    """Three aged candidates of three say little; twenty of twenty do."""
    few, many = ([kept(f"1:{n}", last_seen=at()) for n in range(count)] for count in (FEW - 1, FEW))
    assert measured(*few).above(Bounds()) == []
    sentences = measured(*many).above(Bounds())
    assert any("audit_max_aged" in sentence and "20 of 20 patterns" in sentence for sentence in sentences)
    assert measured(*many).above(Bounds(aged=1.0, junk=1.0)) == []


def test_one_secret_is_above_the_bound_however_few_patterns_there_are() -> None:
    """And the sentence says where, not what."""
    (sentence,) = measured(held_text=1).above(Bounds())
    assert "held_text" in sentence and "audit_max_secrets" in sentence
    assert measured(held_text=1).above(Bounds(secrets=1)) == []


def test_each_bound_has_its_sentence() -> None:
    """All are passed at once, each named by its setting."""
    same = {"symbol_key": "s", "lesson": "x", "message": "y", "symbols": (), "last_seen": NOW, "first_seen": NOW}
    words = "open every connection within context manager close afterwards before pool runs empty"
    near = [kept(f"1:n{n}", lesson=words, message="", symbols=(), last_seen=at(), state="candidate") for n in range(20)]
    active = [kept(f"1:{n}", state="active", **same) for n in range(20)]
    bounds = Bounds(duplicates=0, near_duplicates=0, never_shown=0, aged=0, junk=0, weekly_patterns=0)
    named = " ".join(measured(*near, *active, text=1).above(bounds))
    for key in ("duplicates", "near_duplicates", "never_shown", "aged", "junk", "secrets", "weekly_patterns"):
        assert f"audit_max_{key}" in named
