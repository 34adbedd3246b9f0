"""Measuring the memory itself: what it holds, and whether redaction would hide more of it today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from pytest_llmlearn.app.ports.upkeep import Upkeep
from pytest_llmlearn.domain.audit import GROWTH_WEEKS, Audit
from pytest_llmlearn.domain.audit import audit as measure


def audit(upkeep: Upkeep, redact: Callable[[str], str], now: datetime) -> Audit:
    """The store's account of itself.

    Raises:
        StoreError: the store cannot be read.
    """
    since = now - timedelta(weeks=GROWTH_WEEKS)
    return measure(upkeep.stock(since), secrets(upkeep, redact), now)


def secrets(upkeep: Upkeep, redact: Callable[[str], str]) -> dict[str, int]:
    """By table and column, how many texts hold what redaction would hide today: what it learned since, or leaks."""
    known: dict[str, bool] = {}
    found: Counter[str] = Counter()
    for place, text in upkeep.texts():
        if text not in known:
            known[text] = redact(text) != text
        if known[text]:
            found[place] += 1
    return dict(found)
