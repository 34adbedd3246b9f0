"""When upkeep is due; apart, because every run that learns asks."""

from __future__ import annotations

from datetime import datetime, timedelta

DAILY = timedelta(days=1)
"""How often it is done by itself."""


def due(last: datetime | None, now: datetime) -> bool:
    """Whether a day has passed since it was done; not where there is nothing yet (None).

    A clock that was ahead when it was done must not put it off for years.
    """
    return last is not None and not timedelta(0) <= now - last < DAILY
