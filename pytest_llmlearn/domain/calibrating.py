"""Labelled pairs of texts, the calibration fitted to them, and how good it is.

Pairs are of five kinds, two that speak of the same mistake and three that do not. Whatever their numbers, each side
weighs a half, so similarity is a chance at even odds; `SHARE` says what the kinds weigh within their side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import exp, log
from typing import Literal, get_args

from pytest_llmlearn.domain.similarity import Calibration, similar

Kind = Literal["like words", "other words", "near miss", "same category", "unrelated"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SHARE: dict[Kind, float] = {
    "like words": 0.5,
    "other words": 0.5,
    # One in five: the opposite of what is asked for is seldom in a store, other mistakes always are.
    "near miss": 0.2,
    "same category": 0.4,
    "unrelated": 0.4,
}
"""What a kind weighs among the pairs that are the same, or among those that are not."""
BINS = 10
_ROUNDS = 100
_ENOUGH = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two texts, and whether they speak of the same mistake (or, of two requests, ask for the same).

    `kind` says how: in like or in other words; or not, as a near miss (the opposite, the same words or library with
    another mistake), as another mistake of the same category, or as something unrelated. `form` is what the first text
    is: a request, a mistake, code, or a prompt (then both are prompts).
    """

    one: str
    other: str
    same: bool
    kind: Kind
    category: str
    form: str

    @property
    def held_out(self) -> bool:
        """Whether it is kept from all tuning: about half, by a digest of the first text, so that a text and what it is
        nearly never stand on the same side."""
        return blake2b(self.one.encode(), digest_size=8).digest()[0] & 1 == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How well similarity tells pairs that are the same from others, weighted as `weights` says.

    `auc` is the chance that of a pair that is the same and one that is not the first has the greater cosine, of equal
    ones a half; `auc_of` the same against one kind alone. `precision` and `recall` are those at the bar of 0.70,
    `shown` the share of each kind that reaches it, unweighted. `brier` is the mean square of what similarity was off;
    `ece` the expected calibration error over ten bins of equal width.
    """

    pairs: int
    auc: float
    auc_of: dict[Kind, float]
    precision: float
    recall: float
    shown: dict[Kind, float]
    brier: float
    ece: float


def weights(pairs: Sequence[Pair]) -> list[float]:
    """What each pair weighs, all together 1: half for each side, and `SHARE` of that for each kind that is there."""
    counts = Counter(pair.kind for pair in pairs)
    sides = {pair.kind: pair.same for pair in pairs}
    whole = {same: sum(SHARE[kind] for kind in counts if sides[kind] == same) for same in (True, False)}
    return [SHARE[pair.kind] / whole[pair.same] / counts[pair.kind] / 2 for pair in pairs]


def fit(pairs: Sequence[Pair], cosines: Sequence[float]) -> Calibration:
    """The curve that is most likely to give these labels, by Newton's method; halved steps where one leads astray.

    Raises:
        ValueError: pairs of one side are missing, no cosine of a pair that is not the same is above one of a pair that
            is (then the steeper curve is always the better one), or cosines do not rise with sameness.
    """
    labels = [pair.same for pair in pairs]
    if len(set(labels)) < 2:
        raise ValueError("pairs that are the same and pairs that are not are needed to calibrate by")
    if min(cosine for cosine, same in zip(cosines, labels, strict=True) if same) > max(
        cosine for cosine, same in zip(cosines, labels, strict=True) if not same
    ):
        raise ValueError("these cosines tell all pairs apart: no one curve fits best")
    weighted = list(zip(cosines, labels, weights(pairs), strict=True))
    slope, offset = 0.0, 0.0
    loss = _loss(weighted, slope, offset)
    for _ in range(_ROUNDS):
        steps = _step(weighted, slope, offset)
        scale = 1.0
        while (after := _loss(weighted, slope - scale * steps[0], offset - scale * steps[1])) > loss:
            scale /= 2
        slope, offset = slope - scale * steps[0], offset - scale * steps[1]
        if loss - after < _ENOUGH:
            break
        loss = after
    if slope <= 0:
        raise ValueError("these cosines are no greater for pairs that are the same than for others")
    return Calibration(slope=slope, middle=-offset / slope)


def figures(pairs: Sequence[Pair], cosines: Sequence[float], curve: Calibration) -> Figures:
    """How well this curve does on these pairs. Both sides and every kind must be there."""
    rows = list(zip(pairs, cosines, map(curve.similarity, cosines), weights(pairs), strict=True))
    same = [(cosine, weight) for pair, cosine, _, weight in rows if pair.same]
    others: dict[Kind, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for pair, cosine, _, weight in rows:
        if not pair.same:
            others[pair.kind].append((cosine, weight))
    told = sum(weight for _, _, likely, weight in rows if similar(likely))
    right = sum(weight for pair, _, likely, weight in rows if similar(likely) and pair.same)
    bins: list[list[tuple[float, bool, float]]] = [[] for _ in range(BINS)]
    for pair, _, likely, weight in rows:
        bins[min(int(likely * BINS), BINS - 1)].append((likely, pair.same, weight))
    return Figures(
        pairs=len(pairs),
        auc=_auc(same, [one for kind in others.values() for one in kind]),
        auc_of={kind: _auc(same, found) for kind, found in others.items() if found},
        precision=right / told if told else 0.0,
        recall=right * 2,
        shown={kind: _share([similar(likely) for pair, _, likely, _ in rows if pair.kind == kind]) for kind in KINDS},
        brier=sum(weight * (likely - pair.same) ** 2 for pair, _, likely, weight in rows),
        ece=sum(abs(sum(weight * (likely - same) for likely, same, weight in one)) for one in bins),
    )


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0


def _auc(same: Sequence[tuple[float, float]], others: Sequence[tuple[float, float]]) -> float:
    above = sum(
        weight * rival * (1.0 if cosine > than else 0.5 if cosine == than else 0.0)
        for cosine, weight in same
        for than, rival in others
    )
    return above / (sum(weight for _, weight in same) * sum(weight for _, weight in others))


def _loss(weighted: Sequence[tuple[float, bool, float]], slope: float, offset: float) -> float:
    total = 0.0
    for cosine, same, weight in weighted:
        against = (slope * cosine + offset) * (-1 if same else 1)
        total += weight * (max(against, 0.0) + log(1 + exp(-abs(against))))
    return total


def _step(weighted: Sequence[tuple[float, bool, float]], slope: float, offset: float) -> tuple[float, float]:
    """Newton's step of both numbers: the gradient of the loss by the inverse of its second derivatives."""
    first = second = square = product = plain = 0.0
    for cosine, same, weight in weighted:
        likely = 1 / (1 + exp(min(-(slope * cosine + offset), 700.0)))
        first += weight * (likely - same) * cosine
        second += weight * (likely - same)
        bend = weight * likely * (1 - likely)
        square += bend * cosine * cosine
        product += bend * cosine
        plain += bend
    whole = square * plain - product * product
    if whole <= 0:  # all cosines are equal: there is nothing to turn by
        return 0.0, 0.0
    return (plain * first - product * second) / whole, (square * second - product * first) / whole
