"""Ask before code is written: what the question speaks of, and what is likely to come of it, or silence.

Candidates by words, symbols, meaning and like requests are scored, cut at the threshold, told apart, and worded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from pytest_llmlearn.app.likely import Chance, Likely, Outlook
from pytest_llmlearn.app.meaning import Meaning
from pytest_llmlearn.app.ports import Hit, Known, Lessons, Store
from pytest_llmlearn.app.weighing import Question, Spoken, confidence_of, expected, spoken_of, standing
from pytest_llmlearn.domain import guidance, source, words
from pytest_llmlearn.domain.bounds import HALF_LIFE_DAYS
from pytest_llmlearn.domain.evolution import PRIORITY
from pytest_llmlearn.domain.guidance import BELOW, Candidate, Guidance, Match, Query
from pytest_llmlearn.domain.guidance_text import guide
from pytest_llmlearn.domain.lesson import lesson
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.reach import imports_of
from pytest_llmlearn.domain.similarity import BAR

CANDIDATES = 200
CONTEXT_TERMS = 40
TEXT_LIMIT = 20_000
"""Characters of a question that take part."""
SIBLINGS = 40
"""Files beside the question's that are looked into."""
ALWAYS_ASKED = 20
"""Patterns of which those are taken that are always shown; of these five are at most."""


class Recall:
    """The use case. `text_of` reads a file of the project; `half_life` is the days in which recency halves.

    `gone` tells which of a few fingerprints speak of what is gone, at a moment: they are not shown. `likely` tells what
    came of like requests, `meaning` what is near by meaning; without them words and names alone answer. `siblings` are
    the files beside one. With `strict` only what the asking model was seen doing is shown; `min_confidence` is the
    confidence below which nothing is.
    """

    def __init__(
        self,
        store: Store,
        lessons: Lessons,
        text_of: Callable[[str], str | None],
        *,
        half_life: float = HALF_LIFE_DAYS,
        gone: Callable[[datetime, Sequence[str]], Collection[str]] = lambda now, fingerprints: (),
        likely: Likely | None = None,
        meaning: Meaning | None = None,
        siblings: Callable[[str], Sequence[str]] = lambda path: (),
        strict: bool = False,
        min_confidence: float = 0.0,
    ) -> None:
        self._store = store
        self._lessons = lessons
        self._text_of = text_of
        self._half_life = half_life
        self._gone = gone
        self._likely = likely
        self._meaning = meaning
        self._siblings = siblings
        self._strict = strict
        self._min_confidence = min_confidence

    @property
    def notices(self) -> Sequence[str]:
        """Why something is not found by meaning, if it is not."""
        return tuple(self._meaning.notices) if self._meaning is not None else ()

    def recall(self, query: Query, now: datetime) -> Guidance:
        """The lessons that matter for `query`, or none."""
        asked: dict[str, str] = {}
        for stem, word in words.spelled(query.text[:TEXT_LIMIT]):
            asked.setdefault(stem, word)  # the reasons say it in the words of whoever asks
        context = dict.fromkeys(_context(query.path, self._text_of))
        total, known = self._store.rarity([*asked, *context])
        if not total:
            return Guidance(query=query)
        meant = self._meaning.of(query.text) if self._meaning is not None else None
        question = Question(
            query=query,
            now=now,
            asked=asked,
            weighted=guidance.weights(asked, total, known),
            around=guidance.weights([term for term in context if known.get(term)], total, known),
            named=words.symbols(query.text[:TEXT_LIMIT]),
            similar=meant.patterns if meant is not None else {},
        )
        hits = self._hits(question)
        kins = [hit.pattern.kin for hit in hits if hit.pattern.kin]
        outlook = self._likely.outlook(query.text, query.model, meant, kins) if self._likely is not None else Outlook()
        found = list(self._candidates(question, hits, outlook))
        if query.threshold == 0 and len(found) < query.limit:  # all is asked for, what has nothing in common too
            there = {one.pattern.fingerprint for one in found}
            rest = self._store.patterns(limit=2 * CANDIDATES, shown=True)
            found += [Candidate(pattern=one, score=0.0) for one in rest if one.fingerprint not in there]
        found = [one for one in found if self._may_be_shown(one.pattern, query, now)]
        near, below = guidance.ordered(found, query, lambda pattern: confidence_of(pattern, now).value)
        chosen = self._standing(near, query, now)
        shown = list(self._matches(chosen, now))
        return replace(guide(query, shown), below=tuple(below[:BELOW]))

    def _may_be_shown(self, pattern: Pattern, query: Query, now: datetime) -> bool:
        if self._strict and query.model is not None and query.model not in pattern.models:
            return False
        return not self._min_confidence or confidence_of(pattern, now).value >= self._min_confidence

    def _hits(self, question: Question) -> list[Hit]:
        """Patterns by words and symbols, and those that are similar by meaning."""
        hits = self._store.search([*question.weighted, *question.around], sorted(question.named), CANDIDATES)
        there = {hit.pattern.fingerprint for hit in hits}
        similar = [one for one, value in question.similar.items() if value >= BAR and one not in there]
        return [*hits, *(self._store.named(similar) if similar else ())]

    def _candidates(self, question: Question, hits: Sequence[Hit], outlook: Outlook) -> Iterator[Candidate]:
        """What the question speaks of, and what is likely to come of it; both in one where they meet."""
        spoken = {hit.pattern.fingerprint: spoken_of(question, hit, self._half_life) for hit in hits}
        likely = {one.pattern.fingerprint: one for one in outlook.chances.values()}
        doubt = 1.0 / (1.0 + outlook.tried)
        for fingerprint, chance in likely.items():
            told = spoken.pop(fingerprint, None)
            if self._has_cause(chance, told, question.query):
                yield expected(question, chance, told, doubt)
        for told in spoken.values():
            yield told.candidate(doubt)

    def _has_cause(self, chance: Chance, told: Spoken | None, query: Query) -> bool:
        """Whether more than its frequency speaks for it: like requests, the question's words, or its symbols here."""
        if query.threshold == 0 or chance.supported or (told is not None and told.speaks):
            return True
        wanted = {part for symbol in chance.pattern.symbols for part in (symbol, symbol.rpartition(".")[2])}
        if not wanted or query.path is None:
            return bool(wanted & words.symbols(query.text[:TEXT_LIMIT]))
        return bool(wanted & self._used(query))

    def _used(self, query: Query) -> frozenset[str]:
        """Names in the question, in its file, and in the files beside it."""
        assert query.path is not None
        found = set(words.symbols(query.text[:TEXT_LIMIT]))
        for path in (query.path, *self._siblings(query.path)[:SIBLINGS]):
            text = self._text_of(path)
            if text:
                found |= {part for entry in imports_of(text).values() for part in (entry.module, entry.name)}
                found |= words.symbols(text[:TEXT_LIMIT])
        return frozenset(found)

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

    def _always(self) -> Iterator[Candidate]:
        """What is shown whatever the question, as long as it earns its place; most often seen first."""
        for pattern in self._lessons.frequent(PRIORITY, ALWAYS_ASKED):
            if pattern.always_inject:
                yield Candidate(pattern=pattern, score=0.0, reasons=("always shown", standing(pattern)), always=True)

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
                parts=one.parts,
            )


def _context(path: str | None, text_of: Callable[[str], str | None]) -> list[str]:
    """Stemmed words of the file's imports and of the names it defines."""
    text = text_of(path) if path is not None else None
    if not text:
        return []
    names = [part for entry in imports_of(text).values() for part in (entry.module, entry.name)]
    names += [unit.qualname for unit in source.units(text)]
    return list(dict.fromkeys(words.words(" ".join(names))))[:CONTEXT_TERMS]
