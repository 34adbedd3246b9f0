"""Which lessons to show for one question, in what order, in what words, within what budget, or none.

Relevance decides; frequency, recency, severity and the same model only order what is relevant. Below the threshold
the answer is silence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pytest_llmlearn.domain import words
from pytest_llmlearn.domain.bounds import DEFAULT_THRESHOLD, MAX_LIMIT
from pytest_llmlearn.domain.finding import SEVERITIES, quotable
from pytest_llmlearn.domain.pattern import Pattern

HALF_LIFE_DAYS = 90.0
"""Days in which the weight of recency halves."""
CHARACTERS_A_TOKEN = 4
"""How tokens are estimated where no tokenizer is installed."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question before code is written.

    `text`: what is about to be written, in words. `path`: the file, relative to the project's root; its imports and
    symbols join the question. `model`: who is going to write. `limit`: lessons at most, 1 to 10 (default 5). `budget`:
    tokens that the worded guidance may take (default 300). `threshold`: score below which a lesson is not shown; None
    is the default, 0 shows all.
    """

    text: str
    path: str | None = None
    model: str | None = None
    limit: int = 5
    budget: int = 300
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"limit must be at least 1, not {self.limit}")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be from 0 to 1, not {self.threshold}")
        if self.budget < 0:
            raise ValueError(f"budget must not be negative, not {self.budget}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A pattern that answers the question: `score` in 0 to 1, and the `reasons` for it, most telling first."""

    pattern: Pattern
    score: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """The answer: matches, best first, worded within the budget. `tokens` is an estimate of the text's length.

    `abstained` says that nothing was near enough; then `matches` is empty and `text` is "".
    """

    query: Query
    matches: tuple[Match, ...] = ()
    text: str = ""
    tokens: int = 0

    @property
    def abstained(self) -> bool:
        return not self.matches


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


def topics(pattern: Pattern) -> frozenset[str]:
    """The stemmed words that name the pattern's kind of mistake and, in a question, hardly mean anything else."""
    return TOPICS.intersection(words.words(f"{pattern.rule_id.replace('.', ' ')} {pattern.exception}"))


def prior(pattern: Pattern, now: datetime, model: str | None) -> float:
    """How much a pattern weighs by itself: 0 to 1 from frequency, recency, severity and the same model."""
    often = 1.0 - 1.0 / (1.0 + math.log1p(pattern.frequency))
    days = max((now - pattern.last_seen).total_seconds() / 86_400, 0.0)
    recent: float = 0.5 ** (days / HALF_LIFE_DAYS)
    grave = 1.0 - SEVERITIES.index(pattern.severity) / len(SEVERITIES) if pattern.severity in SEVERITIES else 0.0
    same = 1.0 if model and model in pattern.models else 0.0
    return 0.4 * often + 0.2 * recent + 0.25 * grave + 0.15 * same


def scored(pattern: Pattern, near: float, now: datetime, model: str | None) -> float:
    """Relevance, raised or lowered by at most a quarter by what the pattern weighs by itself."""
    return min(1.0, near * (0.75 + 0.5 * prior(pattern, now, model)))


def chosen(matches: Iterable[Match], query: Query) -> tuple[Match, ...]:
    """At most `limit` matches at or above the threshold, best first; ties by fingerprint, so that order is stable.

    Patterns that are one at the symbol level say the same twice: the best of them stands for all.
    """
    threshold = DEFAULT_THRESHOLD if query.threshold is None else query.threshold
    ordered = sorted(matches, key=lambda match: (-match.score, match.pattern.fingerprint))
    best: dict[str, Match] = {}
    for match in ordered:
        if match.score >= threshold:
            best.setdefault(match.pattern.symbol_key, match)
    return tuple(best.values())[: min(query.limit, MAX_LIMIT)]


def tokens(text: str) -> int:
    """An estimate of the text's length in tokens, rounded up."""
    return -(-len(text) // CHARACTERS_A_TOKEN)


def times(count: int) -> str:
    """A count in words: once, twice, 3 times."""
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


_TAG = re.compile(r"<(?=/?[A-Za-z!|])")


def quoted(code: str) -> list[str]:
    """Code as evidence inside a prompt: fenced by more backticks than it holds, nothing in it that reads as a tag."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}python", *_TAG.sub("‹", code).split("\n"), fence]


def worded(match: Match) -> str:
    """One match as a paragraph: the lesson, how often it was needed and by whom, and what failed."""
    pattern = match.pattern
    models = [quotable(model) for model in pattern.models[:3] if model != "unknown"]
    by = f", by {', '.join(models)}" if models else ""
    lines = [f"- [{pattern.rule_id}] {_TAG.sub('‹', pattern.lesson)} (seen {times(pattern.frequency)}{by})"]
    for label, code in (("failed", pattern.bad), ("fixed", pattern.good)):
        if code:
            lines += [f"  {label}:", *(f"  {line}" for line in quoted(code))]
    return "\n".join(lines)


def guide(query: Query, matches: Sequence[Match]) -> Guidance:
    """Word the matches within the budget: code goes first when room is short, then the last lessons.

    The text states facts; it never commands, for lessons quote what anyone could have written into a test.
    """
    head = "Past failures of generated code in this repository, most relevant first:"
    kept: list[Match] = []
    parts = [head]
    for match in matches:
        bare = replace(match, pattern=replace(match.pattern, bad="", good=""))
        for form in (worded(match), worded(bare)):
            if tokens("\n".join([*parts, form])) <= query.budget:
                kept.append(match)
                parts.append(form)
                break
    if not kept:
        # A budget too small for any wording still gets the matches; only the text stays empty.
        return Guidance(query=query, matches=tuple(matches))
    text = "\n".join(parts)
    return Guidance(query=query, matches=tuple(matches), text=text, tokens=tokens(text))
