"""The texts by which a pattern is found by meaning."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from pytest_llmlearn.domain.facets import ASKED_LIMIT, LIMIT, asked, digest, facets, repaired
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.lesson import Rewording


@dataclass(frozen=True, kw_only=True)
class Told:
    """A coroutine that nobody awaited."""

    rule_id: str = "async.never-awaited"
    exception: str = "TypeError"
    message: str = "'coroutine' object is not iterable"
    lesson: str = "Await fetch_users() before iterating."
    symbols: tuple[str, ...] = ("httpx.AsyncClient.get",)
    path: str | None = "app/UserService.py"
    unit: str = "app.UserService:load_all"
    bad: str = "    for user in fetch_users():\n        yield user\n"


def test_what_goes_wrong_where_and_in_what_code_stand_apart() -> None:
    """A question is near to one of them, and need not be near to all."""
    found = facets(Told(), contexts=("http client", "async endpoint"))
    assert found == {
        "mistake": "async never awaited. Await fetch_users() before iterating. "
        "TypeError: 'coroutine' object is not iterable. httpx.AsyncClient.get",
        "context": "async endpoint, http client. load all. app user service",
        "code": "for user in fetch_users():\n    yield user",
    }


def test_what_says_nothing_is_left_out() -> None:
    """An empty text is near to everything a little."""
    told = Told(path=None, unit="", bad="  \n\n")
    assert set(facets(told)) == {"mistake"}


def test_what_was_said_already_is_left_out() -> None:
    """Whatever its layout and its capitals: two equal vectors find nothing that one does not."""
    told = Told(rule_id="a.rule", exception="", message="", lesson="", symbols=(), path=None, unit="", bad="A  rule\n")
    assert facets(told) == {"mistake": "a rule"}


def test_the_order_of_equal_contexts_changes_nothing() -> None:
    """Else a pattern would be embedded anew whenever their counts change places."""
    assert facets(Told(), contexts=("a", "b")) == facets(Told(), contexts=("b", "a"))


@pytest.mark.parametrize("part", ["when", "instead", "because", "bad"])
def test_a_persons_words_are_found(part: str) -> None:
    """They stand in place of the template's, or beside it."""
    reworded = Rewording(version=1, **{part: "zebraquokka"})  # type: ignore[arg-type]
    assert any("zebraquokka" in text for text in facets(Told(), reworded=reworded).values())
    assert ("fetch_users" in facets(Told(), reworded=reworded)["mistake"]) == (part in ("when", "bad"))


def test_texts_are_bounded() -> None:
    """However long the message, the names and the code are."""
    long = "x" * 10 * LIMIT
    told = Told(message=long, lesson=long, unit=f"m:{long}", path=f"{long}.py", bad=long, symbols=(long,) * 50)
    assert all(0 < len(text) <= LIMIT for text in facets(told, contexts=(long,) * 50).values())
    assert len(repaired(Fix(fingerprint="1:a", digest="b2:1", bad=long, good=long))) <= LIMIT
    assert len(asked(f"  {long}")) == ASKED_LIMIT


def test_of_a_message_the_first_line_is_taken_that_says_something() -> None:
    """The others are values and carets."""
    assert "TypeError: second. " in facets(Told(message="\n   \nsecond\nthird"))["mistake"]


def test_a_fix_says_what_changed_from_what_to_what() -> None:
    """Both sides without their common margin."""
    fix = Fix(
        fingerprint="1:a", digest="b2:1", bad="    x = f()\n", good="    x = await f()\n", difference="await was added"
    )
    assert repaired(fix) == "await was added\nx = f()\nnow:\nx = await f()"
    assert repaired(replace(fix, difference="")) == "x = f()\nnow:\nx = await f()"


def test_the_digest_follows_the_text() -> None:
    """Whatever is in it: a half of a surrogate pair too."""
    assert digest("a") == digest("a") != digest("b")
    assert len(digest("\ud800")) == 8
