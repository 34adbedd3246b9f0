"""Which lessons to show for one question, in what order, or none.

Relevance decides; frequency, recency, severity, the same model and whether it is proven only order what is relevant.
Below the threshold the answer is silence, but for the few lessons that are always shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Literal, get_args

from pytest_llmlearn.domain import decay, words
from pytest_llmlearn.domain.bounds import DEFAULT_THRESHOLD, HALF_LIFE_DAYS, MAX_LIMIT
from pytest_llmlearn.domain.confidence import Confidence
from pytest_llmlearn.domain.effect import CHANNELS, Channel
from pytest_llmlearn.domain.evolution import always_slots
from pytest_llmlearn.domain.finding import SEVERITIES
from pytest_llmlearn.domain.lesson import Lesson
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.score import Part

QUERY_TERMS = 24
"""Rarest words of a long question that take part."""
SYMBOL_WEIGHT = 4.0
"""What an exact symbol in common tells, in the weight of words: more than any two words."""
TOPIC_FACTOR = 3.0
TOPICS = frozenset(
    words.words("async await asyncio coroutine json recursion database sqlite sql encoding unicode decode timeout")
)
"""Stemmed words that name a kind of mistake and hardly mean anything else."""
LONE_WORD = 0.5
LEAST_WEIGHT = 0.3
"""What a word tells that stands in every pattern."""
UNPROVEN = 0.9
"""By what a candidate's score is multiplied where the order is made. Of two that are equally relevant the proven one
comes first, unless they differ in much else; one that is a tenth more relevant comes before it, proven or not."""

Style = Literal["text", "context", "prompt", "markdown"]
"""How an answer is worded: `text`, the lessons as they are noted; `context`, statements alone, for what is brought to
an assistant unasked; `prompt`, numbered directives for a person to paste; `markdown`, for a page or a comment."""
STYLES: tuple[Style, ...] = get_args(Style)
BELOW = 5
"""Candidates just below the threshold that an answer tells of, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question before code is written.

    `text`: what is about to be written, in words. `path`: the file, relative to the project's root; its imports and
    symbols join the question. `model`: who is going to write. `limit`: lessons at most, 1 to 10 (default 5). `budget`:
    tokens that the worded guidance may take (default 300). `threshold`: score below which a lesson is not shown; None
    is the default, 0 shows all. `unit`: the function or class, where only one is meant. `session`: that of whoever
    asks, where it has one; `channel`: the way by which the answer reaches them. `style`: how the answer is worded;
    `compact` words each lesson on one line of 50 tokens at most, even where there is room for more.
    """

    text: str
    path: str | None = None
    model: str | None = None
    limit: int = 5
    budget: int = 300
    threshold: float | None = None
    unit: str | None = None
    session: str | None = None
    channel: Channel = "library"
    style: Style = "text"
    compact: bool = False

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"limit must be at least 1, not {self.limit}")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be from 0 to 1, not {self.threshold}")
        if self.budget < 0:
            raise ValueError(f"budget must not be negative, not {self.budget}")
        if self.channel not in CHANNELS:
            raise ValueError(f"channel must be one of {', '.join(CHANNELS)}, not {self.channel!r}")
        if self.style not in STYLES:
            raise ValueError(f"style must be one of {', '.join(STYLES)}, not {self.style!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A pattern that may answer the question: `score` in 0 to 1, and the `reasons` for it, most telling first.

    `parts` are what the score is made of, by name; empty where it was not taken apart. `named` says that the question
    names a symbol of it.
    """

    pattern: Pattern
    score: float
    reasons: tuple[str, ...] = ()
    always: bool = False
    parts: Mapping[str, Part] = field(default_factory=dict, hash=False)
    named: bool = False

    @property
    def cause(self) -> str:
        """What it shares with others that say the same: its kin, or all its symbols where the question names one."""
        return self.pattern.symbol_key if self.named or not self.pattern.kin else self.pattern.kin

    @property
    def weight(self) -> float:
        """By what the order is made: the score, lowered for what is not proven yet."""
        return self.score * (UNPROVEN if self.pattern.state == "candidate" else 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A lesson that is shown: its pattern, `score` in 0 to 1, and the `reasons` for it, most telling first.

    `always` says that it is shown whatever the question; its score may then be below the threshold. `contexts` are
    those in which the mistake was made, most frequent first. `parts` are what the score is made of, by name.
    """

    pattern: Pattern
    score: float
    lesson: Lesson
    confidence: Confidence
    reasons: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    always: bool = False
    parts: Mapping[str, Part] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """The answer: matches, best first, worded in the question's style within its budget. `tokens` is the text's length.

    `abstained` says that nothing was near enough; then `matches` is empty and `text` is "". `below` are those that came
    nearest to the threshold without reaching it, the nearest first, at most `BELOW`.
    """

    query: Query
    matches: tuple[Match, ...] = ()
    text: str = ""
    tokens: int = 0
    below: tuple[Candidate, ...] = ()

    @property
    def abstained(self) -> bool:
        return not self.matches

    def between(self, base: str, task: str) -> str:
        """A whole prompt: the base instruction, the lessons, then the task; what is empty leaves no gap."""
        return "\n\n".join(part for part in (base.strip("\n"), self.text, task.strip("\n")) if part)


def weights(terms: Iterable[str], total: int, known: Mapping[str, int]) -> dict[str, float]:
    """How much each word of the question tells: the rarer in the store, the more, as in BM25.

    `total` is the number of patterns, `known` in how many of them each word stands. A word that stands in none tells
    as much as one that stands in a single pattern: asking for it and not finding it counts against a match. Of many
    words the `QUERY_TERMS` that tell most take part.
    """
    scale = max(total, 8)  # a store of two patterns does not make every word common
    found = {}
    for term in terms:
        standing = min(max(known.get(term, 1), 1), scale)
        found[term] = max(math.log(1.0 + (scale - standing + 0.5) / (standing + 0.5)), LEAST_WEIGHT)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0]))[:QUERY_TERMS])


def relevance(
    weighted: Mapping[str, float], document: Collection[str], shared_symbols: int, topics: Collection[str] = ()
) -> float:
    """How much of the question a pattern's words answer: 0 to 1, never decreasing with a further word in common.

    The share of the question's weight that is found, tempered by how much was found in all, so that one word in
    common of a two-word question is not half an answer; a single word without a symbol is mostly chance, and counts
    as `LONE_WORD` of what it would. Each exact symbol in common counts as `SYMBOL_WEIGHT`. A word of `topics`, which
    name the pattern's kind of mistake (`async`), tells `TOPIC_FACTOR` times as much as any other: what was learned of
    one coroutine matters for the next.
    """
    asked = sum(weighted.values())
    if not asked and not shared_symbols:
        return 0.0
    common = [
        weight * (TOPIC_FACTOR if term in topics else 1.0) for term, weight in weighted.items() if term in document
    ]
    found = sum(common) + SYMBOL_WEIGHT * shared_symbols
    share = min(1.0, found / asked) if asked else 1.0
    near = math.sqrt(share * found / (found + 3.0))
    told = shared_symbols or len(common) > 1 or len(weighted) == 1 or any(term in topics for term in weighted)
    return near if told else LONE_WORD * near


@lru_cache(maxsize=1024)
def topics(rule_id: str, exception: str) -> frozenset[str]:
    """The stemmed words that name a kind of mistake and, in a question, hardly mean anything else."""
    return TOPICS.intersection(words.words(f"{rule_id.replace('.', ' ')} {exception}"))


def prior(pattern: Pattern, now: datetime, model: str | None, half_life: float = HALF_LIFE_DAYS) -> float:
    """How much a pattern weighs by itself: 0 to 1 from frequency, recency, severity and the same model."""
    often = 1.0 - 1.0 / (1.0 + math.log1p(pattern.seen))
    recent = decay.weight(pattern.last_seen, now, half_life)
    grave = 1.0 - SEVERITIES.index(pattern.severity) / len(SEVERITIES) if pattern.severity in SEVERITIES else 0.0
    same = 1.0 if model and model in pattern.models else 0.0
    return 0.4 * often + 0.2 * recent + 0.25 * grave + 0.15 * same


def scored(pattern: Pattern, near: float, now: datetime, model: str | None, half_life: float = HALF_LIFE_DAYS) -> float:
    """Relevance, raised or lowered by at most a quarter by what the pattern weighs by itself."""
    return min(1.0, near * (0.75 + 0.5 * prior(pattern, now, model, half_life)))


def most(near: float) -> float:
    """The highest score that this relevance can come to."""
    return min(1.0, near * 1.25) + 1e-4  # scores are rounded


def ordered(
    candidates: Iterable[Candidate], query: Query, confidence: Callable[[Pattern], float]
) -> tuple[list[Candidate], list[Candidate]]:
    """Those at or above the threshold, best first, and those below it; of equals the more confident is first.

    Of one cause the best stands for all.
    """
    threshold = DEFAULT_THRESHOLD if query.threshold is None else query.threshold
    # Rounded: of two that were seen a minute apart the later one is no surer.
    order = sorted(
        candidates, key=lambda one: (-one.weight, -round(confidence(one.pattern), 2), one.pattern.fingerprint)
    )
    best: dict[str, Candidate] = {}
    symbols: set[str] = set()
    for candidate in order:
        if candidate.pattern.symbol_key not in symbols and candidate.cause not in best:
            best[candidate.cause] = candidate
            symbols.add(candidate.pattern.symbol_key)
    near = [one for one in best.values() if one.score >= threshold]
    return near, [one for one in best.values() if one.score < threshold]


def filled(near: Sequence[Candidate], always: Iterable[Candidate], limit: int) -> tuple[Candidate, ...]:
    """At most `limit` of them: what is near, and those always shown in up to half of the slots.

    Those of `always` come in their order. One that is near besides stands where it is near, the others at the end.
    """
    limit = min(limit, MAX_LIMIT)
    forced = list(islice(always, always_slots(limit)))
    keys = {one.pattern.symbol_key for one in forced}
    causes = {one.cause for one in forced}
    room = limit - len(forced)
    kept: list[Candidate] = []
    for one in near:
        if one.pattern.symbol_key in keys:
            kept.append(replace(one, always=True))
        elif room > 0 and one.cause not in causes:
            kept.append(one)
            room -= 1
    known = {one.pattern.symbol_key for one in kept}
    return (*kept, *(one for one in forced if one.pattern.symbol_key not in known))
