"""Whether a lesson helps: what came of the exposures, with the lesson shown and with it held back.

An exposure counts only where there was an opportunity to repeat the mistake; silence is no success. What cannot be told
yet is `inconclusive`, which is an answer like the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from math import sqrt
from typing import Literal, get_args

from pytest_llmlearn.domain import beta
from pytest_llmlearn.domain.rates import Rate, wilson

Outcome = Literal["recurred", "avoided", "other-failure", "no-opportunity"]
"""What the next test that reached the code said: the mistake was made again; matching code was written and passed; it
failed in another way; or nothing was written in which the mistake could have been made."""
OUTCOMES: tuple[str, ...] = get_args(Outcome)
Verdict = Literal["helped", "harmed", "inconclusive"]

Channel = Literal["hook", "mcp", "lsp", "diagnostic", "command", "library", "evaluate"]
"""Ways by which a lesson reaches somebody."""
CHANNELS: tuple[str, ...] = get_args(Channel)
AUTOMATIC: frozenset[str] = frozenset({"hook"})
"""Channels that bring lessons nobody asked for. Whoever asks gets the whole answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """A lesson that was shown to somebody about to write code, or held back from them (`shown` False).

    `propensity` is the chance it had of being shown, 1 where it could not have been held back. `outcome` is None until
    it is judged, which it was at `judged` (aware, UTC).
    """

    fingerprint: str
    shown: bool = True
    session: str | None = None
    propensity: float = 1.0
    outcome: Outcome | None = None
    judged: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """How often each came of exposures that were treated alike; `awaiting` are not judged yet."""

    recurred: int = 0
    avoided: int = 0
    other: int = 0
    no_opportunity: int = 0
    awaiting: int = 0

    @property
    def opportunities(self) -> int:
        """Judged exposures in which the mistake could have been made."""
        return self.recurred + self.avoided + self.other

    @property
    def success(self) -> Rate:
        """Avoided of the opportunities: code that failed in another way is no success."""
        return Rate(count=self.avoided, of=self.opportunities)

    @property
    def recurrence(self) -> Rate:
        """Recurred of the opportunities."""
        return Rate(count=self.recurred, of=self.opportunities)

    @property
    def not_recurring(self) -> Rate:
        """Did not recur, of the opportunities: avoided, or failed in another way."""
        return Rate(count=self.avoided + self.other, of=self.opportunities)

    @property
    def not_recurring_low(self) -> float:
        """The share above which not recurring truly lies, but for a chance of 5 % (uniform prior); 0.05 of nothing."""
        rate = self.not_recurring
        return beta.lower_bound(rate.count, rate.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A rate with lessons shown less that with them held back, with its 95 % interval: below 0 is fewer if shown."""

    value: float = 0.0
    low: float = -1.0
    high: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Shown against held back, over exposures that could have been either; each session is one case.

    `recurrence` is the difference in the mistake itself, `others` that in other failures.
    """

    shown: Arm = Arm()
    held: Arm = Arm()
    recurrence: Difference = Difference()
    others: Difference = Difference()

    @property
    def enough(self) -> bool:
        """Whether both arms have cases enough to tell anything."""
        return self.shown.recurrence.enough and self.held.recurrence.enough

    @property
    def verdict(self) -> Verdict:
        """`helped` where recurrences became fewer, `harmed` where they or other failures became more.

        Only what the whole interval says counts. A lesson that trades one failure for another is `inconclusive`.
        """
        if not self.enough:
            return "inconclusive"
        helped = self.recurrence.high < 0
        harmed = self.recurrence.low > 0 or self.others.low > 0
        if helped == harmed:
            return "inconclusive"
        return "helped" if helped else "harmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What came of all exposures: each arm as it is, and the fair comparison of what can be compared."""

    shown: Arm = Arm()
    held: Arm = Arm()
    comparison: Comparison = Comparison()

    @property
    def success_rate_after_injection(self) -> Rate:
        """Avoided of the exposures shown that had an opportunity; tell it with its count and its interval."""
        return self.shown.success


NOTHING = Effect()
"""The effect of a lesson that was never shown."""


def effect(exposures: Iterable[Exposure]) -> Effect:
    """The effect of one lesson or of many, whatever the order of their exposures."""
    known = list(exposures)
    return Effect(
        shown=_arm(exposure.outcome for exposure in known if exposure.shown),
        held=_arm(exposure.outcome for exposure in known if not exposure.shown),
        comparison=compare(known),
    )


def _arm(outcomes: Iterable[Outcome | None]) -> Arm:
    counts: dict[Outcome | None, int] = {}
    for outcome in outcomes:
        counts[outcome] = counts.get(outcome, 0) + 1
    return Arm(
        recurred=counts.get("recurred", 0),
        avoided=counts.get("avoided", 0),
        other=counts.get("other-failure", 0),
        no_opportunity=counts.get("no-opportunity", 0),
        awaiting=counts.get(None, 0),
    )


_Case = tuple[Outcome, float]
"""What came of it, and its weight."""
_GRAVEST: tuple[Outcome, ...] = ("recurred", "other-failure", "avoided")


def compare(exposures: Iterable[Exposure]) -> Comparison:
    """Shown against held back, among exposures that could have been either (0 < propensity < 1).

    Chance decides for a lesson in a session, not for each exposure, so the exposures of one are one case, with the
    gravest outcome. Each is weighted by the inverse of the chance it had of being in its arm, for the share may have
    been changed on the way. Intervals are those of R. G. Newcombe's method 10 (Statist. Med. 17, 1998, 873-890): two
    score intervals, squared and added; weighted cases count as fewer, by L. Kish's effective size (Survey Sampling,
    1965): the square of the sum of weights by the sum of their squares.
    """
    cases: dict[tuple[bool, str, str | None, int], _Case] = {}
    for number, exposure in enumerate(exposures):
        if exposure.outcome is None or exposure.outcome not in _GRAVEST or not 0 < exposure.propensity < 1:
            continue
        # Without a session nothing ties two exposures together: each is a case of its own.
        apart = 0 if exposure.session is not None else number
        case = (exposure.shown, exposure.fingerprint, exposure.session, apart)
        weight = 1 / (exposure.propensity if exposure.shown else 1 - exposure.propensity)
        outcome, heaviest = cases.get(case, (exposure.outcome, weight))
        cases[case] = min(outcome, exposure.outcome, key=_GRAVEST.index), max(heaviest, weight)
    shown = [entry for case, entry in cases.items() if case[0]]
    held = [entry for case, entry in cases.items() if not case[0]]
    return Comparison(
        shown=_arm(outcome for outcome, _ in shown),
        held=_arm(outcome for outcome, _ in held),
        recurrence=_difference(shown, held, "recurred"),
        others=_difference(shown, held, "other-failure"),
    )


def _difference(shown: list[_Case], held: list[_Case], outcome: Outcome) -> Difference:
    if not shown or not held:
        return Difference()
    one, low_one, high_one = _weighted(shown, outcome)
    two, low_two, high_two = _weighted(held, outcome)
    value = one - two
    return Difference(
        value=value,
        low=max(-1.0, value - sqrt((one - low_one) ** 2 + (high_two - two) ** 2)),
        high=min(1.0, value + sqrt((high_one - one) ** 2 + (two - low_two) ** 2)),
    )


def _weighted(cases: list[_Case], outcome: Outcome) -> tuple[float, float, float]:
    """The weighted share of cases with this outcome, and its interval."""
    weights = sorted(weight for _, weight in cases)
    total = sum(weights)
    share = min(1.0, sum(sorted(weight for found, weight in cases if found == outcome)) / total)
    size = total * total / sum(weight * weight for weight in weights)
    low, high = wilson(share * size, size)
    return share, min(low, share), max(high, share)


def held_back(fingerprint: str, session: str, share: float, seed: str = "") -> bool:
    """Whether this lesson is held back in this session: the same answer always, for `share` of all (0 none, 1 all).

    Who is held back at a share is so at every greater one.

    Raises:
        ValueError: `share` is not within 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"the share that is held back must be from 0 to 1, not {share}")
    content = "\0".join((seed, session, fingerprint)).encode("utf-8", "surrogatepass")
    # 53 bits: more would round up to 1, which a share of 1 would let pass.
    drawn = int.from_bytes(blake2b(content, digest_size=8).digest()) >> 11
    return drawn / 2**53 < share


def propensity(share: float, eligible: bool = True) -> float:
    """The chance of being shown: all but the share for who may be held back, else 1."""
    return 1.0 - share if eligible else 1.0


def eligible(channel: str, session: str | None, state: str, category: str, severity: str) -> bool:
    """Whether a lesson may be held back for the sake of the comparison.

    Only where it is brought unasked in a known session. Never what a person or a tool asks for, a diagnostic, or
    `evaluate`; never what a person enforced, nor critical lessons of security.
    """
    spared = state == "enforced" or (category == "security" and severity == "critical")
    return channel in AUTOMATIC and bool(session) and not spared
