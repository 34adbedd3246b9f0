"""How the cost of some work grows with its input, where a time by itself would say more of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable

SMALLEST = 0.002
"""Processor seconds below which a cost is noise."""


def growth(work: Callable[[], object], more: Callable[[], object], *, tries: int = 3) -> float:
    """How many times as much processor time `more` costs as `work`: the least of several tries of each.

    Other processes do not count, and a small cost counts as `SMALLEST`.
    """
    return min(_cost(more) for _ in range(tries)) / max(min(_cost(work) for _ in range(tries)), SMALLEST)


def _cost(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before
