"""What is likely to go wrong next, by what went wrong when something like this was asked before."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_llmlearn.app.meaning import Meant
from pytest_llmlearn.app.ports.requests import Experience, Requests
from pytest_llmlearn.domain import chance, request
from pytest_llmlearn.domain.chance import Around, Near, Seen
from pytest_llmlearn.domain.kin import exception_of
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.request import NONE, Made, Request
from pytest_llmlearn.domain.score import Part

LIKE = 48
"""Requests that are found by their words, at most."""
COMMON = 24
"""Kins that are looked at because they are the most frequent ones, of the model and of all."""
NEAREST_BAR = 0.17
"""Likeness of a request from which on it supports what was made under it. Of published requests, nine in ten of other
collections stay below it, and eight in ten of the same one reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """A kin of mistake that may come: the pattern of it that fits best, and what its probability is made of.

    `supported` says that it was made under a request like the question; without that only frequency speaks for it.
    """

    pattern: Pattern
    parts: tuple[Part, ...]
    supported: bool
    same: float

    @property
    def log_odds(self) -> float:
        return math.fsum(part.contribution for part in self.parts)


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

    def outlook(self, text: str, model: str | None, meant: Meant | None, kins: Sequence[str]) -> Outlook:
        """The chances of kins that were made under like requests, of the most frequent ones, and of `kins`."""
        asked = request.words_of(text)
        total, known = self._requests.rarity(asked)
        if not total:
            return Outlook()
        weighted = request.weights(asked, total, known)
        cosines = meant.requests if meant is not None else {}
        found = self._requests.like(request.digest_of(text), asked, list(cosines), LIKE)
        near = {one.key: _near(one, weighted, text, meant, cosines) for one in found}
        experience = self._requests.experience(list(near), kins, model, common=COMMON, only=self._only)
        around = Around.of(near.values())
        chances: dict[str, Chance] = {}
        made = _by_kin(experience.made)
        for kin, patterns in experience.shown.items():
            if patterns:
                chances[kin] = self._chance(kin, patterns, made.get(kin, ()), near, around, experience, model)
        return Outlook(chances=chances, tried=around.same + around.near)

    def _chance(
        self,
        kin: str,
        patterns: Sequence[Pattern],
        made: Sequence[Made],
        near: Mapping[str, Near],
        around: Around,
        experience: Experience,
        model: str | None,
    ) -> Chance:
        # Two patterns of one kin in one run were one attempt: of a request and a model the most frequent one counts.
        times: dict[tuple[str, str], int] = {}
        for one in made:
            times[one.request, one.model] = max(times.get((one.request, one.model), 0), one.count)
        seen = Seen(
            same=math.fsum(near[key].same * count for (key, _), count in times.items()),
            near=math.fsum(near[key].weight * count for (key, _), count in times.items()),
            nearest=max((near[key].likeness for key, _ in times), default=0.0),
        )
        chosen = _fitting(patterns, made, near, model)
        measured = chance.features(
            kin,
            model=model,
            seen=seen,
            around=around,
            everything=experience.everything,
            counts=experience.kins.get(kin, NONE),
            exception=experience.exceptions.get(exception_of(kin), NONE),
            symbols=any(pattern.symbols for pattern in patterns),
        )
        return Chance(
            pattern=chosen, parts=chance.parts(measured), supported=seen.nearest >= NEAREST_BAR, same=seen.same
        )


def _near(
    one: Request, weighted: Mapping[str, float], text: str, meant: Meant | None, cosines: Mapping[str, float]
) -> Near:
    by_words = request.by_words(weighted, one.words)
    if one.key == f"prompt:{request.digest_of(text).hex()}":
        return Near(likeness=1.0, attempts=one.attempts)
    # A request whose vector is not among the nearest is no nearer by meaning than the last of these.
    by_meaning = request.by_meaning(cosines.get(one.key, min(cosines.values(), default=0.0))) if cosines else None
    return Near(likeness=request.alike(by_words, by_meaning if meant is not None else None), attempts=one.attempts)


def _by_kin(made: Iterable[Made]) -> Mapping[str, list[Made]]:
    found: dict[str, list[Made]] = defaultdict(list)
    for one in made:
        found[one.kin].append(one)
    return found


def _fitting(patterns: Sequence[Pattern], made: Sequence[Made], near: Mapping[str, Near], model: str | None) -> Pattern:
    """Of one kin the pattern that was made most under the likest requests, of equals by this model, then most often."""
    weights: dict[str, float] = defaultdict(float)
    for one in made:
        likeness = near[one.request]
        weights[one.pattern] += (likeness.same + likeness.weight) * one.count * (1.25 if one.model == model else 1.0)
    return max(
        patterns,
        key=lambda pattern: (
            weights.get(pattern.fingerprint, 0.0),
            model is not None and model in pattern.models,
            pattern.frequency,
            pattern.fingerprint,
        ),
    )
