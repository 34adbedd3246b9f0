"""A share of a count, and how far it can be trusted.

No rate stands without its interval and its count, and none is worked out of too few.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

ENOUGH = 10
"""Cases below which a rate is not told."""
Z = 1.959963984540054
"""The 97.5 % point of the standard normal distribution: two sides of 2.5 % leave an interval of 95 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`count` cases of `of`, each at most once: 0 <= count <= of."""

    count: int
    of: int

    @property
    def enough(self) -> bool:
        """Whether there are cases enough to tell a rate."""
        return self.of >= ENOUGH

    @property
    def rate(self) -> float:
        """The share, 0 to 1; 0 of nothing."""
        return self.count / self.of if self.of else 0.0

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return wilson(self.count, self.of)[0]

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return wilson(self.count, self.of)[1]


def wilson(count: float, of: float, z: float = Z) -> tuple[float, float]:
    """The score interval of a share, as E. B. Wilson gave it (J. Amer. Statist. Assoc. 22, 1927, 209-212).

    Unlike the plain normal interval it stays within 0 to 1, and says something of small counts and of shares near the
    ends. Of nothing it is all of 0 to 1.
    """
    if not of:
        return 0.0, 1.0
    share = count / of
    spread = 1 + z * z / of
    middle = (share + z * z / (2 * of)) / spread
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / spread
    # At the ends the two parts are equal but for rounding.
    low = 0.0 if count == 0 else max(0.0, middle - half)
    high = 1.0 if count == of else min(1.0, middle + half)
    return low, high
