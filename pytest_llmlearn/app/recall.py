"""Ask before code is written: candidates by words and symbols, scored, cut at the threshold, worded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime

from pytest_llmlearn.app.ports import Hit, Known, Lessons, Store
from pytest_llmlearn.domain import guidance, source, words
from pytest_llmlearn.domain.bounds import HALF_LIFE_DAYS
from pytest_llmlearn.domain.confidence import Confidence, measured
from pytest_llmlearn.domain.evolution import PRIORITY
from pytest_llmlearn.domain.guidance import Candidate, Guidance, Match, Query
from pytest_llmlearn.domain.guidance_text import guide
from pytest_llmlearn.domain.lesson import lesson, times
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.reach import imports_of

CANDIDATES = 200
CONTEXT_SHARE = 0.25
"""How far a file's imports and names can lift what the words alone left open."""
CONTEXT_TERMS = 40
TEXT_LIMIT = 20_000
"""Characters of a question that take part."""
ALWAYS_ASKED = 20
"""Patterns of which those are taken that are always shown; of these five are at most."""


class Recall:
    """The use case. `text_of` reads a file of the project; `half_life` is the days in which recency halves.

    `gone` tells which of a few fingerprints speak of what is gone, at a moment: they are not shown.
    """

    def __init__(
        self,
        store: Store,
        lessons: Lessons,
        text_of: Callable[[str], str | None],
        *,
        half_life: float = HALF_LIFE_DAYS,
        gone: Callable[[datetime, Sequence[str]], Collection[str]] = lambda now, fingerprints: (),
    ) -> None:
        self._store = store
        self._lessons = lessons
        self._text_of = text_of
        self._half_life = half_life
        self._gone = gone

    def recall(self, query: Query, now: datetime) -> Guidance:
        """The lessons that matter for `query`, or none."""
        asked: dict[str, str] = {}
        for stem, word in words.spelled(query.text[:TEXT_LIMIT]):
            asked.setdefault(stem, word)  # the reasons say it in the words of whoever asks
        context = dict.fromkeys(_context(query.path, self._text_of))
        total, known = self._store.rarity([*asked, *context])
        if not total:
            return Guidance(query=query)
        weighted = guidance.weights(asked, total, known)
        around = guidance.weights([term for term in context if known.get(term)], total, known)
        named = words.symbols(query.text[:TEXT_LIMIT])
        hits = self._store.search([*weighted, *around], sorted(named), CANDIDATES)
        found = [self._candidate(hit, query, asked, weighted, around, named, now) for hit in hits]
        if query.threshold == 0 and len(found) < query.limit:  # all is asked for, what has nothing in common too
            there = {hit.pattern.fingerprint for hit in hits}
            rest = self._store.patterns(limit=2 * CANDIDATES, shown=True)
            found += [Candidate(pattern=one, score=0.0) for one in rest if one.fingerprint not in there]
        near = guidance.ordered(found, query, lambda pattern: confidence_of(pattern, now).value)
        chosen = self._standing(near, query, now)
        return guide(query, list(self._matches(chosen, now)))

    def _standing(self, near: Sequence[Candidate], query: Query, now: datetime) -> Sequence[Candidate]:
        """What fills the answer, but for what speaks of things that are gone: others take its place."""
        always = list(self._always())
        while True:
            chosen = guidance.filled(near, always, query.limit)
            void = self._gone(now, [one.pattern.fingerprint for one in chosen]) if chosen else ()
            if not void:
                return chosen
            near = [one for one in near if one.pattern.fingerprint not in void]
            always = [one for one in always if one.pattern.fingerprint not in void]

    def _candidate(
        self,
        hit: Hit,
        query: Query,
        asked: dict[str, str],
        weighted: dict[str, float],
        around: dict[str, float],
        named: frozenset[str],
        now: datetime,
    ) -> Candidate:
        pattern, document = hit.pattern, frozenset(hit.words.split())
        shared = [symbol for symbol in pattern.symbols if symbol in named or symbol.rpartition(".")[2] in named]
        near = guidance.relevance(weighted, document, len(shared), guidance.topics(pattern))
        same_file = query.path is not None and query.path == pattern.path
        if query.path is not None:
            beside = 1.0 if same_file else guidance.relevance(around, document, 0)
            near += CONTEXT_SHARE * (1.0 - near) * beside
        common = [asked[term] for term in weighted if term in document]
        reasons = [f"names {symbol}" for symbol in shared[:2]]
        reasons += [f"speaks of {', '.join(common[:4])}"] if common else []
        reasons += ["same file"] if same_file else []
        reasons += [f"same model ({query.model})"] if query.model and query.model in pattern.models else []
        reasons.append(_seen(pattern))
        score = guidance.scored(pattern, near, now, query.model, self._half_life)
        return Candidate(pattern=pattern, score=round(score, 4), reasons=tuple(reasons))

    def _always(self) -> Iterator[Candidate]:
        """What is shown whatever the question, as long as it earns its place; most often seen first."""
        for pattern in self._lessons.frequent(PRIORITY, ALWAYS_ASKED):
            if pattern.always_inject:
                yield Candidate(pattern=pattern, score=0.0, reasons=("always shown", _seen(pattern)), always=True)

    def _matches(self, chosen: Sequence[Candidate], now: datetime) -> Iterable[Match]:
        known = self._lessons.known([one.pattern.fingerprint for one in chosen]) if chosen else {}
        for one in chosen:
            beside = known.get(one.pattern.fingerprint, Known())
            yield Match(
                pattern=one.pattern,
                score=one.score,
                # Without its rule, for which all detectors would have to be loaded: the stored sentence says enough.
                lesson=lesson(one.pattern, contexts=beside.contexts, fixes=beside.fixes, reworded=beside.reworded),
                confidence=confidence_of(one.pattern, now),
                reasons=one.reasons,
                contexts=beside.contexts,
                always=one.always,
            )


def confidence_of(pattern: Pattern, now: datetime) -> Confidence:
    """How well the pattern's lesson is founded, by its count, its age and what came of showing it."""
    return measured(pattern.frequency, pattern.success, pattern.last_seen, now)


def _seen(pattern: Pattern) -> str:
    proven = "" if pattern.state != "candidate" else ", not yet proven"
    return f"seen {times(pattern.frequency)}{proven}"


def _context(path: str | None, text_of: Callable[[str], str | None]) -> list[str]:
    """Stemmed words of the file's imports and of the names it defines."""
    text = text_of(path) if path is not None else None
    if not text:
        return []
    names = [part for entry in imports_of(text).values() for part in (entry.module, entry.name)]
    names += [unit.qualname for unit in source.units(text)]
    return list(dict.fromkeys(words.words(" ".join(names))))[:CONTEXT_TERMS]
