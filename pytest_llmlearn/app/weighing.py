"""What a candidate's score is made of: what the question says of it, and what experience says of such questions.

A mistake that the question speaks of is scored by how much of the question it answers; one that is likely to come, by
its chance. Where both speak, either may be right. Invariant: the parts of a score sum to its log-odds.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pytest_llmlearn.app.likely import Chance
from pytest_llmlearn.app.ports import Glimpse, Hit
from pytest_llmlearn.domain import decay, guidance, words
from pytest_llmlearn.domain.bounds import HALF_LIFE_DAYS
from pytest_llmlearn.domain.confidence import Confidence, measured
from pytest_llmlearn.domain.guidance import Candidate, Query
from pytest_llmlearn.domain.lesson import times
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.score import Part, Score, probability
from pytest_llmlearn.domain.similarity import BAR

CONTEXT_SHARE = 0.35
"""How far a file's imports and names can lift what the words alone left open."""
SPEAKS = 0.35
"""Score by words from which on the question speaks of the mistake; below it the words in common are chance."""
CHANCE_WORDS = 0.1
"""What a score by words below that is worth: it only makes an order of what is shown with no threshold."""
SHORT = 16
"""Words of a question up to which each may be meant; a longer one has words in common with anything."""
MEANING_SHARE = 0.42
"""What similarity alone is worth, without a word in common: it hardly tells a mistake from its opposite."""
GRAVE: Mapping[str, float] = {"critical": 0.2, "major": 0.0, "minor": -0.2}
OLD = 0.5
"""What an old chance loses at most."""
FOUNDED = 0.4
EFFECT = 1.0
"""What a lesson gains or loses at most by how often the mistake was avoided when it was shown."""
MEASURED = 5
"""Exposures from which on that counts."""
LIBRARIES = 0.3
BESIDE = max(GRAVE.values()) + 0.5 * FOUNDED + 0.5 * EFFECT + LIBRARIES
"""What all of these can add to the log-odds at most."""
_LEAST = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query taken apart: its words, the weights of the rarest, those of its file, its symbols, what is similar."""

    query: Query
    now: datetime
    asked: Mapping[str, str]
    weighted: Mapping[str, float]
    around: Mapping[str, float]
    named: Collection[str]
    similar: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What the question says of a pattern: `near` is its relevance, `score` that with what the pattern weighs.

    `aimed` is what a word in common is worth in so long a question.
    """

    pattern: Pattern
    near: float
    score: float
    reasons: tuple[str, ...]
    symbols: int
    parts: tuple[Part, ...]
    aimed: float = 1.0

    @property
    def speaks(self) -> bool:
        """Whether the question speaks of it at all."""
        return self.score >= SPEAKS

    def chance(self, doubt: float) -> float:
        """The score as a probability, as `worth` has it."""
        return worth(self.score, doubt, named=self.symbols > 0, aimed=self.aimed)

    def candidate(self, doubt: float) -> Candidate:
        """The candidate for which nothing but the question speaks."""
        told = self.chance(doubt)
        parts = list(self.parts)
        if told < self.score:
            worth = _log_odds(told) - _log_odds(self.score)
            parts.append(Part(name="doubt", value=told / self.score, weight=1.0, contribution=worth, about=_DOUBT))
        score = Score.of(parts)
        return Candidate(
            pattern=self.pattern,
            score=round(told, 4),
            reasons=self.reasons,
            parts=score.by_name,
            named=self.symbols > 0,
        )


def aim(question: Question) -> float:
    """What a word in common is worth by the question's length: 0 to 1. Of a page anything has some words."""
    return min(1.0, math.sqrt(SHORT / max(len(question.asked), 1)))


def worth(score: float, doubt: float, *, named: bool, aimed: float = 1.0) -> float:
    """A score by words as a probability. `doubt` is what words are worth where experience has its say: 0 to 1.

    Where like requests were tried, what came of them is known, and words in common tell little more; a symbol that the
    question names (`named`) is named all the same. A higher score is never worth less.
    """
    left = score * (math.sqrt(doubt) if named else doubt * aimed)
    return score if left >= SPEAKS else left * CHANCE_WORDS


_DOUBT = "what words in common are worth where like requests were tried, or where they are few"


def spoken_of(question: Question, hit: Hit, half_life: float = HALF_LIFE_DAYS) -> Spoken:
    """What the question says of a pattern that words, symbols or meaning brought up."""
    pattern, query, document = hit.pattern, question.query, frozenset(hit.words.split())
    near, shared, meant = nearness(question, pattern, document)
    same_file = query.path is not None and query.path == pattern.path
    common = [question.asked[term] for term in question.weighted if term in document]
    reasons = [f"names {symbol}" for symbol in shared[:2]]
    reasons += [f"speaks of {', '.join(common[:4])}"] if common else []
    reasons += ["near in meaning"] if meant >= near and meant else []
    reasons += ["same file"] if same_file else []
    reasons += [f"same model ({query.model})"] if query.model and query.model in pattern.models else []
    reasons.append(standing(pattern))
    score = guidance.scored(pattern, near, question.now, query.model, half_life)
    weighs = _log_odds(score) - _log_odds(near)
    parts = (
        Part(name="words", value=near, weight=1.0, contribution=_log_odds(near), about="how much of the question"),
        Part(name="weight", value=score, weight=1.0, contribution=weighs, about="frequency, recency, severity, model"),
    )
    return Spoken(
        pattern=pattern,
        near=near,
        score=round(score, 4),
        reasons=tuple(reasons),
        symbols=len(shared),
        parts=parts,
        aimed=aim(question),
    )


def nearness(
    question: Question, told: Pattern | Glimpse, document: Collection[str]
) -> tuple[float, Sequence[str], float]:
    """How near the question is to a pattern with these words, 0 to 1; the symbols it names; how near by meaning."""
    query, named = question.query, question.named
    shared = [symbol for symbol in told.symbols if symbol in named or symbol.rpartition(".")[2] in named]
    topics = guidance.topics(told.rule_id, told.exception)
    near = guidance.relevance(question.weighted, document, len(shared), topics)
    similarity = question.similar.get(told.fingerprint, 0.0)
    meant = MEANING_SHARE * similarity if similarity >= BAR else 0.0
    if query.path is not None:
        beside = 1.0 if query.path == told.path else guidance.relevance(question.around, document, 0)
        near += CONTEXT_SHARE * (1.0 - near) * beside
    return max(near, meant), shared, meant


def expected(
    question: Question,
    chance: Chance,
    pattern: Pattern,
    told: Spoken | None,
    doubt: float,
    half_life: float = HALF_LIFE_DAYS,
) -> Candidate:
    """The candidate that experience speaks for, and the question too where `told` is not None."""
    query = question.query
    parts = [*chance.parts, *_beside(question, pattern, half_life)]
    alone = probability(parts)
    both = 1.0 - (1.0 - alone) * (1.0 - (told.chance(doubt) if told is not None else 0.0))
    if both > alone:
        adds = _log_odds(both) - _log_odds(alone)
        parts.append(
            Part(name="words", value=both - alone, weight=1.0, contribution=adds, about="the question's words")
        )
    if told is not None and told.speaks:
        reasons = list(told.reasons)
    else:
        reasons = [f"same model ({query.model})"] if query.model and query.model in pattern.models else []
        reasons.append(standing(pattern))
    if chance.same >= 0.5:
        reasons.insert(0, "came of this request before")
    elif chance.supported:
        reasons.insert(0, "came of a like request")
    return Candidate(
        pattern=pattern,
        score=round(both, 4),
        reasons=tuple(reasons),
        parts=Score.of(parts).by_name,
        named=told is not None and told.symbols > 0,
    )


def _beside(question: Question, pattern: Pattern, half_life: float) -> list[Part]:
    """What moves a chance a little: how grave, how long ago, how well founded, what showing it came to."""
    recent = decay.weight(pattern.last_seen, question.now, half_life)
    founded = confidence_of(pattern, question.now).value
    parts = [
        Part.of("severity", GRAVE.get(pattern.severity, 0.0), 1.0, f"severity {pattern.severity}"),
        Part.of("recency", recent - 1.0, OLD, "what it lost since it was seen last"),
        Part.of("confidence", founded - 0.5, FOUNDED, "how well the lesson is founded"),
    ]
    if pattern.success.of >= MEASURED:
        avoided = pattern.success.count / pattern.success.of
        parts.append(Part.of("effect", avoided - 0.5, EFFECT, "how often it was avoided when shown"))
    libraries = {words.stem(symbol.partition(".")[0].lower()) for symbol in pattern.symbols}
    if not libraries.isdisjoint(question.around):
        parts.append(Part.of("libraries", 1.0, LIBRARIES, "speaks of what the file imports"))
    return [part for part in parts if part.contribution]


def confidence_of(pattern: Pattern, now: datetime) -> Confidence:
    """How well the pattern's lesson is founded, by its count, its age and what came of showing it."""
    return measured(pattern.seen, pattern.success, pattern.last_seen, now)


def standing(pattern: Pattern) -> str:
    """How often it was seen, and whether it is proven."""
    proven = "" if pattern.state != "candidate" else ", not yet proven"
    return f"seen {times(pattern.seen)}{proven}"


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, _LEAST), 1.0 - _LEAST)
    return math.log(bounded / (1.0 - bounded))
