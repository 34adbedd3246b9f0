"""How likely a kin of mistake is to be made next: a probability out of what was seen, and the parts it is made of.

It is a logistic regression over what is known of like requests, of the model and of the kin itself. The weights were
fitted by `benchmarks/fit_chance.py` to published generations, one set for all; `docs/recall.md` says what they come to.
Invariant: with no attempt known nothing is likely, and a mistake made once more under the very request is never less
likely, all else being equal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_llmlearn.domain.kin import ASSERTED, exception_of
from pytest_llmlearn.domain.request import NONE, Counts
from pytest_llmlearn.domain.score import Part

NEAR_POWER = 4
"""By what power the likeness of another request counts: one of 0.5 a sixteenth of the same."""
SAME_MIDDLE = 0.8
SAME_WIDTH = 0.04
"""A request is the same where it is alike by more than the middle; the width says how sharply."""
FEW = 10.0
"""Attempts that a kin never seen is taken to have had without it."""
SEEN_ONCE = 0.3
"""Mistakes that every kin is taken to have had before the first was seen."""
NEAR_FEW = 1.5
SAME_FEW = 1.5
MODEL_FEW = 4.0
"""Attempts for which the broader rate stands in, of near requests, of the same one, of a model."""

WEIGHTS: Mapping[str, float] = {
    "intercept": -5.03,
    "same request": 0.90,
    "asked again": 0.59,
    "nearest request": 2.42,
    "near requests": 0.02,
    "seen so": 1.04,
    "same model": 0.25,
    "model's way": 0.23,
    "frequency": 0.02,
    "breadth": -0.08,
    "spread": 0.10,
    "names a symbol": 0.99,
    "symbol elsewhere": 0.85,
    "breadth elsewhere": 0.97,
    "spread elsewhere": 1.81,
    "asserted": 1.17,
    "asserted elsewhere": -1.21,
    "syntax": 1.09,
}
"""What a unit of each part adds to the log-odds."""

ABOUT: Mapping[str, str] = {
    "intercept": "before anything is known",
    "same request": "log-odds of its rate under the same request, near ones standing in",
    "asked again": "log of how often it was made under the same request",
    "nearest request": "likeness of the nearest request under which it was made",
    "near requests": "log of its rate under near requests to its rate at all",
    "seen so": "whether it was made under this very request",
    "same model": "log of the model's rate to the rate at all",
    "model's way": "log of the model's rate of this exception to the rate at all",
    "frequency": "log-odds of its rate at all",
    "breadth": "log of how many models made it",
    "spread": "requests under which it was made, for each time it was made",
    "names a symbol": "its message names what it speaks of",
    "symbol elsewhere": "the same, of another request",
    "breadth elsewhere": "log of how many models made it, of another request",
    "spread elsewhere": "requests under which it was made, for each time, of another request",
    "asserted": "a failed assertion",
    "asserted elsewhere": "a failed assertion, of another request",
    "syntax": "code that could not be read",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A remembered request near the question: how alike it is, 0 to 1, and how often it was attempted."""

    likeness: float
    attempts: int

    @property
    def same(self) -> float:
        """How surely it is the same request: 0 to 1."""
        return 1.0 / (1.0 + math.exp(-(self.likeness - SAME_MIDDLE) / SAME_WIDTH))

    @property
    def weight(self) -> float:
        """What an attempt at it counts, as far as it is another request."""
        return float(self.likeness**NEAR_POWER) * (1.0 - self.same)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What was attempted under requests like the question: by the same one, and by near ones."""

    same: float = 0.0
    near: float = 0.0

    @classmethod
    def of(cls, requests: Iterable[Near]) -> Around:
        known = list(requests)
        return cls(
            same=math.fsum(one.same * one.attempts for one in known),
            near=math.fsum(one.weight * one.attempts for one in known),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How often one kin was made under requests like the question, and the likeness of the nearest of them."""

    same: float = 0.0
    near: float = 0.0
    nearest: float = 0.0


UNSEEN = Seen()


def features(
    kin: str,
    *,
    model: str | None,
    seen: Seen,
    around: Around,
    everything: Counts,
    counts: Counts,
    exception: Counts = NONE,
    symbols: bool = False,
) -> dict[str, float]:
    """What is measured of one kin for one question, by the names of `WEIGHTS`.

    `everything` counts all attempts, `counts` those in which this kin was made, `exception` those of its exception.
    """
    total = max(everything.attempts, 1)
    made = max(counts.attempts, 1)
    by_model = everything.by(model)
    rate = (counts.attempts + SEEN_ONCE) / (total + FEW)
    near = (seen.near + NEAR_FEW * rate) / (around.near + NEAR_FEW)
    same = (seen.same + SAME_FEW * near) / (around.same + SAME_FEW)
    of_model = (counts.by(model) + MODEL_FEW * rate) / (by_model + MODEL_FEW)
    wide = (exception.attempts + 1.0) / (total + FEW)
    way = (exception.by(model) + MODEL_FEW * wide) / (by_model + MODEL_FEW)
    often = min(seen.same, 1.0)
    asserted = float(exception_of(kin) == ASSERTED)
    breadth = math.log1p(len(counts.models))
    spread = min(max(counts.requests, 1) / made, 1.0)
    return {
        "intercept": 1.0,
        "same request": _log_odds(same),
        "asked again": math.log1p(seen.same),
        "nearest request": seen.nearest**2,
        "near requests": math.log(near / rate),
        "seen so": often,
        "same model": math.log(of_model / rate),
        "model's way": math.log(way / wide),
        "frequency": _log_odds(rate),
        "breadth": breadth,
        "spread": spread,
        "names a symbol": float(symbols),
        "symbol elsewhere": symbols * (1.0 - often),
        "breadth elsewhere": breadth * (1.0 - often),
        "spread elsewhere": spread * (1.0 - often),
        "asserted": asserted,
        "asserted elsewhere": asserted * (1.0 - often),
        "syntax": float(exception_of(kin) in ("SyntaxError", "IndentationError")),
    }


def parts(measured: Mapping[str, float]) -> tuple[Part, ...]:
    """The parts of a score, each feature with its weight."""
    return tuple(Part.of(name, value, WEIGHTS[name], ABOUT[name]) for name, value in measured.items())


def _log_odds(rate: float) -> float:
    rate = min(max(rate, 1e-6), 0.98)
    return math.log(rate / (1.0 - rate))
