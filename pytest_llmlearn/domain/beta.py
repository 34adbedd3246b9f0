"""How surely a share lies above a bound, by the beta distribution.

Invariant: the distribution function never falls with x, and quantile and distribution undo one another.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log, log1p

LOWER = 0.05
"""The chance that a share lies below its lower bound."""
_TINY = 1e-300
_NEAR = 1e-15
_STEPS = 100_000
"""About the root of the greater parameter is needed: enough for 10,000,000,000 cases."""


def cumulative(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b): the chance that a share of Beta(a, b) is at most `x`.

    By its continued fraction (NIST Digital Library of Mathematical Functions, 8.17.22), which is summed by the method
    of Lentz as W. J. Thompson and A. R. Barnett made it safe (J. Comput. Phys. 64, 1986, 490-509). Beyond the mean it
    converges slowly; there the symmetry I_x(a, b) = 1 - I_(1-x)(b, a) is used.

    Raises:
        ValueError: `a` or `b` is not positive.
        ArithmeticError: more cases than it can be worked out for.
    """
    if not (a > 0 and b > 0):
        raise ValueError(f"a and b must be positive, not {a} and {b}")
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return min(1.0, max(0.0, 1.0 - _front(1 - x, b, a) / _fraction(1 - x, b, a)))
    return min(1.0, max(0.0, _front(x, a, b) / _fraction(x, a, b)))


def _front(x: float, a: float, b: float) -> float:
    """What stands before the fraction: x^a (1 - x)^b / (a B(a, b))."""
    return exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a


def _fraction(x: float, a: float, b: float) -> float:
    """1 + d1 / (1 + d2 / (1 + ...)), with the d's of 8.17.23 and 8.17.24."""
    value = above = 1.0
    below = 0.0
    for step in range(1, _STEPS):
        m, odd = divmod(step, 2)
        if odd:
            part = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            part = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        below = 1 / ((1 + part * below) or _TINY)
        above = (1 + part / above) or _TINY
        value *= above * below
        if abs(above * below - 1) < _NEAR:
            return value
    raise ArithmeticError(f"the continued fraction of I_x({a}, {b}) does not end at x = {x}")


@lru_cache(maxsize=4096)
def quantile(chance: float, a: float, b: float) -> float:
    """The share below which one of Beta(a, b) lies with this chance (0 to 1), by bisection to within 1e-13.

    Raises:
        ValueError: `chance` is not within 0 to 1, or `a` or `b` not positive.
    """
    if not 0 <= chance <= 1:
        raise ValueError(f"a chance must be from 0 to 1, not {chance}")
    low, high = 0.0, 1.0
    while high - low > 1e-13:
        middle = (low + high) / 2
        if cumulative(middle, a, b) < chance:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def lower_bound(count: int, of: int, chance: float = LOWER) -> float:
    """The share above which that of `count` cases in `of` truly lies, but for this chance, if any share was as likely.

    The prior is uniform, so that of nothing it is `chance` itself.

    Raises:
        ValueError: not 0 <= count <= of.
    """
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of} is no share")
    return quantile(chance, 1 + count, 1 + of - count)
