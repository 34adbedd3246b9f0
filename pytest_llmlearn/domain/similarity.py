"""How similar is similar: cosines of one embedder on the scale that all embedders share.

The same two texts have a cosine of 0.9 by one embedder and of 0.4 by another. A calibration turns it into the estimated
chance that the two speak of the same mistake, so that one bar serves all. Invariant: more cosine is never less chance,
and all that comes out lies within 0 and 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, isfinite, log

BAR = 0.70
"""What is at least so likely to be the same is similar."""
SAME = 0.999
"""From this cosine on two texts are one: float16 on disk leaves that much of the same vector."""
_FAR = 700.0
"""Beyond it `exp` overflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A logistic curve over the cosine: even chances at `middle`, and `slope` says how fast they turn.

    Raises:
        ValueError: `slope` is not positive, so that a greater cosine would be less similar, or a number is not finite.
    """

    slope: float
    middle: float

    def __post_init__(self) -> None:
        if not (isfinite(self.slope) and isfinite(self.middle) and self.slope > 0):
            raise ValueError(f"a calibration rises, with finite numbers: slope {self.slope}, middle {self.middle}")

    def similarity(self, cosine: float) -> float:
        """The estimated chance, 0 to 1, that two texts of this cosine speak of the same mistake; 1 of equal texts.

        A cosine outside of -1 to 1 is rounding, and taken for the end that is nearest.
        """
        if cosine >= SAME:
            return 1.0
        turned = self.slope * (max(cosine, -1.0) - self.middle)
        return 1 / (1 + exp(min(-turned, _FAR)))

    def cosine(self, similarity: float) -> float:
        """The least cosine, -1 to `SAME`, that is at least so similar: for who compares many cosines with one bar."""
        if similarity <= 0:
            return -1.0
        if similarity >= 1:
            return SAME
        return min(max(self.middle + log(similarity / (1 - similarity)) / self.slope, -1.0), SAME)


def similar(similarity: float, bar: float = BAR) -> bool:
    """Whether a calibrated similarity reaches the bar: 0.70 does, 0.69 does not."""
    return similarity >= bar


CAUTIOUS = Calibration(slope=15.0, middle=0.85)
"""For an embedder that nobody calibrated: 0.91 and more is similar. Many models give 0.8 to any two sentences, so less
would let all through; `llmlearn model calibrate` finds the right numbers."""

SHIPPED: Mapping[str, Calibration] = {
    "minilm:53aa5117": Calibration(slope=7.37, middle=0.352),
    "hashing:2": Calibration(slope=7.79, middle=0.219),
}
"""By the name of the embedder, which tells its weights. Fitted on the tuning half of the labelled pairs that come with
the package, by tools/calibrate_similarity.py; tests/test_similarity_pairs.py fits them again."""


def calibration(embedder: str, own: Mapping[str, Calibration] | None = None) -> Calibration:
    """The calibration of an embedder by its name: the user's `own`, else the one shipped, else `CAUTIOUS`."""
    return (own or {}).get(embedder) or SHIPPED.get(embedder, CAUTIOUS)
