"""Whether a matcher has proved itself: what it did in code whose tests failed so, and in code whose tests pass.

Invariant: a matcher that fired on passing code oftener than allowed is held back, whatever else it did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pytest_llmlearn.domain.matcher import Matcher, Origin, Trials

SPEAKS = 0.8
"""Confidence of a matcher whose kind is mostly right from the start."""
BY_VALUE = 0.56
"""Confidence at most of one of a mistake that values decide, which no line shows: it has to be right once first."""
TRIED = 0.45
"""Confidence of a matcher whose kind has to be right twice first."""
WIDE = 0.3
"""Confidence of a matcher that looks at all code for little: it has to be right three times first."""
BARS: Mapping[Origin, float] = {"failure": 0.7}
"""Confidence from which on a matcher of an origin is used. What was made of a failure only looks like what failed; what
a pattern names is known to be wrong where it is seen, and a fix has said what is right."""
BAR = 0.5
"""The bar of the origins that have none of their own."""
WEIGHT = 2.0
"""How many trials the confidence at the start counts for."""
A_SILENCE = 0.25
"""What part of a right one it counts that a matcher is silent on passing code of the same unit, or the verified fix."""
_MOST_OF_SILENCE = 0.75

Held = Literal["fires on passing code", "not sure enough yet"]


def confidence(start: float, trials: Trials) -> float:
    """How sure a matcher is: the mean of Beta(start, WEIGHT) after its trials, from 0 to 1.

    Silence on passing code counts little, and however often never as much as one right: a shape that stands nowhere
    else is silent too.
    """
    right = trials.right + min(trials.silent * A_SILENCE, _MOST_OF_SILENCE)
    return (start * WEIGHT + right) / (WEIGHT + right + trials.wrong)


def held_back(matcher: Matcher, *, hits: int = 0) -> Held | None:
    """Why a matcher may not be used; None where it may. `hits` it may have in passing code.

    `matcher.confidence` is that of its trials, as `tried` gives it.
    """
    if matcher.trials.wrong > hits:
        return "fires on passing code"
    return None if matcher.confidence >= BARS.get(matcher.origin, BAR) else "not sure enough yet"


def tried(matcher: Matcher) -> Matcher:
    """The matcher with the confidence that its trials give it, where it comes with that of its kind."""
    return replace(matcher, confidence=confidence(matcher.confidence, matcher.trials))


def added(one: Trials, other: Trials) -> Trials:
    """Both together."""
    return Trials(right=one.right + other.right, wrong=one.wrong + other.wrong, silent=one.silent + other.silent)
