"""How effects are printed: as JSON-ready builtins with stable keys, and as lines for people.

No rate stands without its interval and the number of cases it is of; too few cases are said to be too few.
"""

from __future__ import annotations

from typing import Any

from pytest_llmlearn.domain.effect import Arm, Difference, Effect
from pytest_llmlearn.domain.rates import ENOUGH, Rate

TOO_FEW = "not enough data"


def success(effect: Effect) -> dict[str, float | int] | None:
    """`success_rate_after_injection` as JSON has it: rate and 95 % interval with `count` of `of`; None of too few."""
    return _rate(effect.success_rate_after_injection)


def effect(found: Effect, fingerprint: str | None, holdback: float) -> dict[str, Any]:
    """An effect as `llmlearn effect --format json` prints it. Keys may be added, never changed."""
    comparison = found.comparison
    enough = comparison.enough
    return {
        "fingerprint": fingerprint,
        "holdback": holdback,
        "shown": _arm(found.shown),
        "held_back": _arm(found.held),
        "success_rate_after_injection": success(found),
        "comparison": {
            "shown": _arm(comparison.shown),
            "held_back": _arm(comparison.held),
            "enough": enough,
            "recurrence": _difference(comparison.recurrence) if enough else None,
            "other_failures": _difference(comparison.others) if enough else None,
            "verdict": comparison.verdict,
        },
    }


def effect_lines(found: Effect, fingerprint: str | None, holdback: float) -> list[str]:
    """An effect for people."""
    of = f"the lesson of {fingerprint}" if fingerprint else "lessons"
    if not _exposures(found.shown) and not _exposures(found.held):
        return [f"{of} {'was' if fingerprint else 'were'} never shown: {TOO_FEW}"]
    lines = [
        f"shown:     {_counts(found.shown)}",
        f"held back: {_counts(found.held)}",
        f"avoided of those shown where the mistake could be made: {_shown(found.success_rate_after_injection)}",
    ]
    comparison = found.comparison
    shown, held = comparison.shown.recurrence, comparison.held.recurrence
    if comparison.enough:
        lines += [
            f"made again with lessons shown: {_shown(shown)}; held back: {_shown(held)}",
            f"difference: {_points(comparison.recurrence)}; in other failures {_points(comparison.others)}",
            f"verdict: {comparison.verdict}",
        ]
    else:
        lines.append(
            f"verdict: inconclusive, {TOO_FEW} ({shown.of} cases shown and {held.of} held back that can be compared; "
            f"{ENOUGH} of each are needed)"
        )
    if not holdback:
        lines.append("nothing is held back (setting holdback = 0), so that nothing new can be compared")
    return lines


def _exposures(arm: Arm) -> int:
    return arm.opportunities + arm.no_opportunity + arm.awaiting


def _arm(arm: Arm) -> dict[str, int]:
    return {
        "exposures": _exposures(arm),
        "opportunities": arm.opportunities,
        "recurred": arm.recurred,
        "avoided": arm.avoided,
        "other_failure": arm.other,
        "no_opportunity": arm.no_opportunity,
        "awaiting": arm.awaiting,
    }


def _counts(arm: Arm) -> str:
    return (
        f"{_exposures(arm)}; mistake avoided {arm.avoided}, made again {arm.recurred}, failed otherwise {arm.other}, "
        f"no opportunity {arm.no_opportunity}, awaiting a run {arm.awaiting}"
    )


def _rate(rate: Rate) -> dict[str, float | int] | None:
    if not rate.enough:
        return None
    shares = {"rate": rate.rate, "low": rate.low, "high": rate.high}
    return {**{name: round(share, 4) for name, share in shares.items()}, "count": rate.count, "of": rate.of}


def _shown(rate: Rate) -> str:
    """Such as `84% (71-92) of 45`."""
    if not rate.enough:
        return f"{TOO_FEW} ({rate.count} of {rate.of})"
    low, share, high = (f"{part * 100:.0f}" for part in (rate.low, rate.rate, rate.high))
    return f"{share}% ({low}-{high}) of {rate.of}"


def _difference(difference: Difference) -> dict[str, float]:
    values = {"difference": difference.value, "low": difference.low, "high": difference.high}
    return {name: round(value, 4) for name, value in values.items()}


def _points(difference: Difference) -> str:
    value, low, high = (f"{part * 100:+.0f}" for part in (difference.value, difference.low, difference.high))
    return f"{value} points ({low} to {high})"
