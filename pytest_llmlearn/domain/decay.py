"""How a lesson ages: it weighs less the longer its mistake was not seen, and is put away in the end.

Nothing is deleted by age. A sign of life makes a lesson as young as that sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pytest_llmlearn.domain.bounds import HALF_LIFE_DAYS
from pytest_llmlearn.domain.effect import Exposure

ARCHIVE_DAYS = 180
"""Days unseen after which a pattern is archived."""
_DAY = 86_400


def days_since(last_seen: datetime, now: datetime) -> float:
    """Days from `last_seen` to `now`, both aware; 0 where a clock that is ahead puts it in the future."""
    return max((now - last_seen).total_seconds() / _DAY, 0.0)


def weight(last_seen: datetime, now: datetime, half_life: float = HALF_LIFE_DAYS) -> float:
    """1 for what was just seen, half of it after each `half_life` days; 1 too for what was seen in the future.

    Raises:
        ValueError: `half_life` is not positive.
    """
    if not half_life > 0:
        raise ValueError(f"a half-life must be positive, not {half_life}")
    aged: float = 0.5 ** (days_since(last_seen, now) / half_life)
    return aged


def to_archive(last_seen: datetime, now: datetime, days: float = ARCHIVE_DAYS) -> bool:
    """Whether nothing was seen for this many days or longer."""
    return now - last_seen >= timedelta(days=days)


def renews(exposure: Exposure) -> bool:
    """Whether what came of the exposure is a sign of life: the mistake was made again, or the lesson prevented it.

    What was avoided without the lesson was not prevented by it.
    """
    return exposure.outcome == "recurred" or (exposure.outcome == "avoided" and exposure.shown)


def last_alive(last_seen: datetime, exposures: Iterable[Exposure] = ()) -> datetime:
    """The latest sign of life: when the mistake was last seen, or an exposure that renews was judged."""
    signs = (exposure.judged for exposure in exposures if renews(exposure))
    return max([last_seen, *(sign for sign in signs if sign is not None)])


def renewed(retired: datetime, last_seen: datetime, exposures: Iterable[Exposure] = ()) -> bool:
    """Whether there was a sign of life after it was retired."""
    return last_alive(last_seen, exposures) > retired
