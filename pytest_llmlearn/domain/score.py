"""Why a lesson was shown, or was not: the parts of a probability.

Invariant: the contributions of all parts, the intercept's among them, sum to the log-odds of the probability; nothing
else enters it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

INTERCEPT = "intercept"
"""Name of the part that is there whatever the question and the pattern are."""
TOLERANCE = 1e-3
"""By how much a probability may differ from what its parts come to: it may have been rounded."""
_CERTAIN = 700.0
"""Log-odds beyond which `exp` would overflow; the probability is 0 or 1 to the last bit long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a score.

    `value` is what was measured, `weight` what a unit of it counts, `contribution` what it adds to the log-odds,
    mostly their product. `about` says in a few words what was measured.
    """

    name: str
    value: float
    weight: float
    contribution: float
    about: str = ""

    @classmethod
    def of(cls, name: str, value: float, weight: float, about: str = "") -> Part:
        """A part whose contribution is the product of value and weight."""
        return cls(name=name, value=value, weight=weight, contribution=value * weight, about=about)

    @classmethod
    def intercept(cls, log_odds: float, about: str = "before anything is measured") -> Part:
        """The part that is always there."""
        return cls(name=INTERCEPT, value=1.0, weight=log_odds, contribution=log_odds, about=about)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A probability, 0 to 1, and the parts it is made of, in the order in which they are to be read.

    Raises:
        ValueError: the parts do not sum to the probability's log-odds, or two have one name.
    """

    probability: float
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if abs(probability(self.parts) - self.probability) > TOLERANCE:
            raise ValueError(f"the parts come to {probability(self.parts):.4f}, not to {self.probability:.4f}")
        if len({part.name for part in self.parts}) < len(self.parts):
            raise ValueError(f"two parts have one name: {', '.join(part.name for part in self.parts)}")

    @classmethod
    def of(cls, parts: Iterable[Part]) -> Score:
        """The score that these parts come to."""
        known = tuple(parts)
        return cls(probability=probability(known), parts=known)

    @property
    def log_odds(self) -> float:
        """The sum of all contributions."""
        return log_odds(self.parts)

    @property
    def by_name(self) -> Mapping[str, Part]:
        """The parts by their names, in their order, as candidates and matches hold them."""
        return {part.name: part for part in self.parts}


def log_odds(parts: Iterable[Part]) -> float:
    """The sum of all contributions."""
    return math.fsum(part.contribution for part in parts)


def probability(parts: Iterable[Part]) -> float:
    """What the parts come to: 0.5 where their contributions are 0 in sum."""
    odds = max(-_CERTAIN, min(_CERTAIN, log_odds(parts)))
    return 1.0 / (1.0 + math.exp(-odds))
