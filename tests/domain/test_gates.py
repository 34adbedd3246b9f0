"""By what a run fails although its tests pass."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmlearn.domain.annotation import Annotation
from pytest_llmlearn.domain.gates import sentence, shut


def a_mistake(fingerprint: str = "1:aaaa", **changes: Any) -> Annotation:
    """A new mistake at a line."""
    values: dict[str, Any] = {
        "path": "shop/cart.py",
        "line": 3,
        "end_line": 3,
        "rule_id": "async.never-awaited",
        "category": "async",
        "severity": "major",
        "title": "",
        "lesson": "",
        "message": "",
    }
    return Annotation(fingerprint=fingerprint, **{**values, **changes})


@pytest.mark.parametrize(
    ("gate", "changes"),
    [("recurring", {"recurring": True}), ("enforced", {"enforced": True}), ("security", {"category": "security"})],
)
def test_each_gate_looks_at_its_own_sort(gate: str, changes: dict[str, Any]) -> None:
    """A new mistake shuts none of them."""
    seen = [a_mistake(), a_mistake("1:bbbb", **changes)]
    (found,) = shut(seen, ["recurring", "security", "enforced"], ())
    assert found.gate == gate
    assert [one.fingerprint for one in found.mistakes] == ["1:bbbb"]


def test_nothing_was_asked_for() -> None:
    """All gates are off by themselves."""
    assert shut([a_mistake(recurring=True, enforced=True, category="security")], [], ()) == []


def test_what_is_accepted_passes_all() -> None:
    """By its fingerprint, wherever it is seen."""
    seen = [a_mistake(recurring=True, enforced=True, category="security")]
    assert shut(seen, ["recurring", "security", "enforced"], {"1:aaaa"}) == []


def test_the_sentence_names_what_and_the_way_out() -> None:
    """One place of each mistake, three at most; a long sentence loses its end, not the way out."""
    seen = [a_mistake(f"1:{number}aaaaaaaaaaaa", recurring=True, line=number) for number in range(5)]
    found = shut([*seen, *seen], ["recurring"], ())
    told = sentence(found, failing=True)
    assert told.startswith("the run fails by --llm-learn-fail-on")
    assert "llmlearn baseline add 0aaaaaaaaa --reason WHY" in told[:160]
    assert "shop/cart.py:0 [async.never-awaited] 0aaaaaaaaa" in told
    assert told.endswith("and 2 more")
    assert "would fail" in sentence(found, failing=False)
