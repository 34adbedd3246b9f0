"""Committed lessons and events, of which a test names only what it is about."""

from __future__ import annotations

from datetime import date
from typing import Any

from pytest_llmlearn.domain import events
from pytest_llmlearn.domain.committed import Committed, Cure
from pytest_llmlearn.domain.fix import Fix, Healing
from tests.builders import a_held, a_run, an_entry, at


def a_lesson(fingerprint: str = "1:aaaa", **changes: Any) -> Committed:
    """A committed lesson that was seen twice."""
    values: dict[str, Any] = {
        "symbol_key": "1:bbbb",
        "rule_id": "type.missing-attribute",
        "category": "type",
        "severity": "major",
        "exception": "AttributeError",
        "lesson": "`list` has no attribute `summ`.",
        "first_seen": date(2026, 3, 1),
        "seen": 2,
        "message": "'list' object has no attribute 'summ'",
        "symbols": ("list.summ",),
        "models": ("model-a",),
        "unit": "shop.cart:total",
        "path": "shop/cart.py",
        "kin": "AttributeError:'Q'",
        "contexts": ("web",),
        "bad": "return cart.summ()",
    }
    return Committed(fingerprint=fingerprint, **{**values, **changes})


FIX = Cure(bad="return cart.summ()", good="return sum(cart)", signature="def total(cart):", difference="mended")
RUN = a_run(state="git:aaa", session="s-1")
MENDED = Fix(fingerprint="1:aaaa", digest="d", bad="a", good="b", imports=("import os",), verified=2, first_seen=at(0))
HEALING = Healing(
    occurrence=None,
    fingerprint="1:aaaa",
    nodeid="tests/test_users.py::test_load",
    unit="app.users:load_user",
    verdict="fix",
    reason="mended",
    time=at(5),
    red_hash="h1",
    green_hash="h2",
    fix=MENDED,
)
EVENTS: list[events.Event] = [
    events.Recorded(
        run=RUN, entries=(an_entry(held=(a_held(),), contexts=("web",), prompt="load it"), an_entry(line=None))
    ),
    events.Tested(run=RUN, passed=("tests/test_a.py::test[\u00e9]",), failing=("tests/test_b.py::test",)),
    events.Noted(time=at(5), healed=("tests/test_users.py::test_load",), healings=(HEALING,)),
]
