"""How well a lesson is founded, as a number with its parts.

Every part is clamped, so that the sum stays within 0 to 1. The number words a lesson and ranks equals; whether a lesson
is shown is retrieval's decision alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import fsum
from typing import Literal

from pytest_llmlearn.domain.decay import days_since
from pytest_llmlearn.domain.rates import Rate

OBSERVED_WEIGHT = 0.3
SUCCESS_WEIGHT = 0.4
RECENCY_WEIGHT = 0.2
STEADINESS_WEIGHT = 0.1

OBSERVED_FULL = 10
"""Observations from which more add nothing."""
RECENT_DAYS = 30.0
"""Days since it was last seen after which nothing is recent."""
LEAST_OBSERVED = 3
"""Observations below which a lesson is called new, whatever its number."""
FIRM = 0.7
OPEN = 0.4
FADED = 0.2
"""Confidence, or success rate, below which a lesson has faded."""
FADED_USES = 5
"""Uses from which the success rate alone may tell that."""

Wording = Literal["new", "firm", "open", "weak"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """`value` in 0 to 1 is the sum of its four weighted parts; `times` is how often the mistake was observed."""

    value: float
    observed: float
    success: float
    recency: float
    steadiness: float
    times: int

    @property
    def wording(self) -> Wording:
        """What the lesson may be called: `new` below three observations, else by its number.

        From 0.7 `firm`, from 0.4 `open` (worded as a question rather than a fact), below `weak`.
        """
        if self.times < LEAST_OBSERVED:
            return "new"
        return "firm" if self.value >= FIRM else "open" if self.value >= OPEN else "weak"


def confidence(
    times_observed: int, success_rate: float | None, days_since_seen: float, variance: float | None
) -> Confidence:
    """Confidence by four measures, each clamped to 0 to 1 before it is weighed.

    `success_rate` and `variance` (of outcomes that count 0 or 1) are None where nothing was measured: their parts are
    then 0.
    """
    observed = OBSERVED_WEIGHT * _clamped(times_observed / OBSERVED_FULL)
    success = SUCCESS_WEIGHT * _clamped(success_rate) if success_rate is not None else 0.0
    recency = RECENCY_WEIGHT * _clamped(1 - days_since_seen / RECENT_DAYS)
    steadiness = STEADINESS_WEIGHT * _clamped(1 - variance) if variance is not None else 0.0
    # Rounded, for 0.3 + 0.4 must not fall short of the 0.7 that decides the wording.
    value = min(1.0, round(fsum((observed, success, recency, steadiness)), 12))
    return Confidence(
        value=value, observed=observed, success=success, recency=recency, steadiness=steadiness, times=times_observed
    )


def measured(times_observed: int, outcomes: Rate, last_seen: datetime, now: datetime) -> Confidence:
    """Confidence by what came of the lesson so far: `outcomes` are the successes of its judged exposures."""
    known = outcomes.of > 0
    rate = outcomes.rate
    # Of outcomes that are 0 or 1 the variance follows from their mean.
    return confidence(
        times_observed,
        rate if known else None,
        days_since(last_seen, now),
        rate * (1 - rate) if known else None,
    )


def faded(confidence: Confidence, outcomes: Rate) -> bool:
    """Whether a lesson has nothing left to go by: little confidence, or it was used five times and hardly ever helped.

    The number alone would leave a fresh pattern whose lesson always fails at 0.6.
    """
    return confidence.value < FADED or (outcomes.of >= FADED_USES and outcomes.rate < FADED)


def _clamped(term: float) -> float:
    return max(0.0, min(1.0, term))
