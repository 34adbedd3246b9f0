"""What is likely to go wrong next, by what went wrong when something like this was asked before."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_llmlearn.app.meaning import Meant
from pytest_llmlearn.app.ports.requests import Experience, Kindred, Requests
from pytest_llmlearn.domain import chance, request
from pytest_llmlearn.domain.chance import Around, Near, Seen
from pytest_llmlearn.domain.kin import exception_of
from pytest_llmlearn.domain.request import NONE, Made, Request
from pytest_llmlearn.domain.score import Part

LIKE = 48
"""Requests that are found by their words, at most."""
COMMON = 24
"""Kins that are looked at because they are the most frequent ones, of the model and of all."""
NEAREST_BAR = 0.17
"""Likeness of a request from which on it supports what was made under it. For most published requests the nearest one
of another task reaches it; one of another collection for few, but where both ask for classes for a good third."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """A kin of mistake that may come: the pattern of it that fits best, and what was measured of it.

    `supported` says that it was made under a request like the question; without that only frequency speaks for it.
    """

    pattern: Kindred
    measured: Mapping[str, float]
    supported: bool
    same: float
    log_odds: float = field(init=False)
    """What the parts sum to."""

    def __post_init__(self) -> None:
        contributions = [value * chance.WEIGHTS[name] for name, value in self.measured.items()]
        object.__setattr__(self, "log_odds", math.fsum(contributions))

    @property
    def parts(self) -> tuple[Part, ...]:
        """What its probability is made of."""
        return chance.parts(self.measured)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What may come of a question. `tried` is how often the like of it was attempted before."""

    chances: Mapping[str, Chance] = field(default_factory=dict)
    tried: float = 0.0


class Likely:
    """The use case over remembered requests. `only` leaves out what the asking model was never seen doing."""

    def __init__(self, requests: Requests, *, only: bool = False) -> None:
        self._requests = requests
        self._only = only

    def outlook(
        self,
        text: str,
        model: str | None,
        meant: Meant | None,
        kins: Sequence[str],
        *,
        matters: Callable[[Kindred], bool] | None = None,
        narrow: bool = False,
    ) -> Outlook:
        """The chances of kins that were made under like requests, of the most frequent ones, and of `kins`.

        Of what is not supported by like requests only what `matters` is measured; with `narrow` only what is of `kins`.
        """
        asked = request.words_of(text)
        total, known = self._requests.rarity(asked)
        if not total:
            return Outlook()
        weighted = request.weights(asked, total, known)
        digest = request.digest_of(text)
        cosines = meant.requests if meant is not None else {}
        found = self._requests.like(digest, asked, list(cosines), LIKE)
        likeness = _likeness(f"prompt:{digest.hex()}", weighted, meant)
        near = {one.key: Near(likeness=likeness(one), attempts=one.attempts) for one in found}
        experience = self._requests.experience(
            list(near),
            kins,
            model,
            common=0 if narrow else COMMON,
            only=self._only,
            near={key for key, one in near.items() if one.likeness >= NEAREST_BAR} if narrow else None,
        )
        weights = {key: (one.same, one.weight) for key, one in near.items()}
        told = _Told(model=model, near=near, weights=weights, around=Around.of(near.values()), experience=experience)
        made = _by_kin(experience.made)
        chances: dict[str, Chance] = {}
        for kin, patterns in experience.shown.items():
            if patterns:
                one = told.chance(kin, patterns, made.get(kin, ()), matters)
                if one is not None:
                    chances[kin] = one
        return Outlook(chances=chances, tried=told.around.same + told.around.near)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What one question was told. `weights` are `Near.same` and `Near.weight` of each request."""

    model: str | None
    near: Mapping[str, Near]
    weights: Mapping[str, tuple[float, float]]
    around: Around
    experience: Experience

    def chance(
        self, kin: str, patterns: Sequence[Kindred], made: Sequence[Made], matters: Callable[[Kindred], bool] | None
    ) -> Chance | None:
        """What is to be expected of this kin; None where it is not supported, and does not matter."""
        near, weights, experience = self.near, self.weights, self.experience
        # Two patterns of one kin in one run were one attempt: of a request and a model the most frequent one counts.
        times: dict[tuple[str, str], int] = {}
        for one in made:
            times[one.request, one.model] = max(times.get((one.request, one.model), 0), one.count)
        nearest = max([near[key].likeness for key, _ in times], default=0.0)
        chosen = patterns[0] if len(patterns) == 1 else _fitting(patterns, made, weights, self.model)
        if nearest < NEAREST_BAR and matters is not None and not matters(chosen):
            return None
        seen = Seen(
            same=math.fsum([weights[key][0] * count for (key, _), count in times.items()]),
            near=math.fsum([weights[key][1] * count for (key, _), count in times.items()]),
            nearest=nearest,
        )
        measured = chance.features(
            kin,
            model=self.model,
            seen=seen,
            around=self.around,
            everything=experience.everything,
            counts=experience.kins.get(kin, NONE),
            exception=experience.exceptions.get(exception_of(kin), NONE),
            symbols=any(pattern.symbols for pattern in patterns),
        )
        return Chance(pattern=chosen, measured=measured, supported=nearest >= NEAREST_BAR, same=seen.same)


def _likeness(own: str, weighted: Mapping[str, float], meant: Meant | None) -> Callable[[Request], float]:
    """How alike the question and a remembered request are; `own` is the key of the question itself."""
    # A request whose vector is not among the nearest is no nearer by meaning than the last of these.
    cosines = meant.requests if meant is not None else {}
    last = min(cosines.values(), default=0.0)
    by_words = request.by_words(weighted)

    def of(one: Request) -> float:
        if one.key == own:
            return 1.0
        by_meaning = request.by_meaning(cosines.get(one.key, last)) if cosines else None
        return request.alike(by_words(one.words), by_meaning)

    return of


def _by_kin(made: Iterable[Made]) -> Mapping[str, list[Made]]:
    found: dict[str, list[Made]] = defaultdict(list)
    for one in made:
        found[one.kin].append(one)
    return found


def _fitting(
    patterns: Sequence[Kindred],
    made: Sequence[Made],
    weights: Mapping[str, tuple[float, float]],
    model: str | None,
) -> Kindred:
    """Of one kin the pattern that was made most under the likest requests, of equals by this model, then most often."""
    found: dict[str, float] = defaultdict(float)
    for one in made:
        same, near = weights[one.request]
        found[one.pattern] += (same + near) * one.count * (1.25 if one.model == model else 1.0)
    return max(
        patterns,
        key=lambda pattern: (
            found.get(pattern.fingerprint, 0.0),
            pattern.same_model,
            pattern.frequency,
            pattern.fingerprint,
        ),
    )
