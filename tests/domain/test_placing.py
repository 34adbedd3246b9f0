"""Where what a fix has shown is looked for."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.deriving.fixing import from_fix
from pytest_llmlearn.domain.deriving.placing import placed
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.matchers.shape import Shapes
from pytest_llmlearn.domain.matchers.view import View
from pytest_llmlearn.domain.proof import held_back


def used_of(rule_id: str, bad: str, good: str) -> set[tuple[str, str]]:
    """Patterns that are used at once, each with the function it is looked for in."""
    fix = Fix(fingerprint="1:aaaa", digest="b2:1", bad=bad, good=good, signature="def read(text):", verified=1)
    made = placed(from_fix(fix, rule_id), fix, rule_id)
    assert made
    return {(one.body["pattern"], one.body.get("inside", "")) for one in made if held_back(one) is None}


@pytest.mark.parametrize(
    ("rule_id", "bad", "good"),
    [
        ("runtime.value", "base, quote = text.split('/')", "base, _, quote = text.partition('/')"),
        ("type.missing-attribute", "return json.load(text)", "return json.loads(text)"),
        ("type.missing-attribute", "return text.status == 200", "return text.status_code == 200"),
        ("async.never-awaited", "quote = fetch_quote(text)", "quote = await fetch_quote(text)"),
        ("type.unsupported-operand", "return datetime.utcnow() - text", "return datetime.now(UTC) - text"),
    ],
)
def test_what_values_decide_is_first_looked_for_where_it_was_repaired(rule_id: str, bad: str, good: str) -> None:
    """The same call is right in most other places."""
    assert {inside for _, inside in used_of(rule_id, bad, good)} == {"read"}


@pytest.mark.parametrize(
    ("rule_id", "bad", "good"),
    [
        ("import.module-attribute-missing", "return np.product(text)", "return np.prod(text)"),
        ("type.unexpected-keyword", "return text.load(retries=3)", "return text.load()"),
        ("type.missing-attribute", "return dict(text.iteritems())", "return dict(text.items())"),
    ],
)
def test_what_the_code_says_is_looked_for_anywhere(rule_id: str, bad: str, good: str) -> None:
    """It is wrong wherever it stands."""
    assert {inside for _, inside in used_of(rule_id, bad, good)} == {""}


def test_a_pattern_that_was_right_elsewhere_is_looked_for_anywhere() -> None:
    """Two repairs that were verified say as much."""
    fix = Fix(
        fingerprint="1:aaaa", digest="b2:1", bad="return json.load(text)", good="return json.loads(text)",
        signature="def read(text):", verified=2,
    )  # fmt: skip
    made = placed(from_fix(fix, "type.missing-attribute"), fix, "type.missing-attribute")
    assert {one.body.get("inside", "") for one in made if held_back(one) is None} == {"read", ""}


def test_what_is_caught_is_no_mistake() -> None:
    """Code that asks for `numpy.product` and is ready for its absence."""
    fix = Fix(fingerprint="1:aaaa", digest="b2:1", bad="total = np.product(x)", good="total = np.prod(x)", verified=1)
    matcher, *_ = placed(from_fix(fix, "import.module-attribute-missing"), fix, "import.module-attribute-missing")
    guarded = "try:\n    f = np.product\nexcept AttributeError:\n    f = np.prod\n"
    assert (fires(matcher, "f = np.product\n"), fires(matcher, guarded)) == (1, 0)


def fires(matcher: Matcher, text: str) -> int:
    return sum(
        1
        for node in syntax.nodes(text)
        for _ in Shapes().sightings(matcher, View(path="x.py", node=node, text=text, imports={}))
    )
