"""Ask before code is written: what the question speaks of, and what is likely to come of it, or silence.

Candidates by words, symbols, meaning and like requests are scored, cut at the threshold, told apart, and worded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pytest_llmlearn.app.answered import Answered, Outside
from pytest_llmlearn.app.likely import Chance, Likely, Outlook
from pytest_llmlearn.app.meaning import Meaning
from pytest_llmlearn.app.ports import Glimpse, Known, Lessons, Store
from pytest_llmlearn.app.weighing import (
    BESIDE,
    SPEAKS,
    Question,
    Spoken,
    aim,
    confidence_of,
    expected,
    nearness,
    spoken_of,
    standing,
    worth,
)
from pytest_llmlearn.domain import guidance, source, words
from pytest_llmlearn.domain.bounds import DEFAULT_THRESHOLD, HALF_LIFE_DAYS
from pytest_llmlearn.domain.evolution import PRIORITY
from pytest_llmlearn.domain.guidance import BELOW, Candidate, Guidance, Match, Query
from pytest_llmlearn.domain.guidance_text import guide
from pytest_llmlearn.domain.lesson import lesson
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.reach import imports_of
from pytest_llmlearn.domain.similarity import BAR

CANDIDATES = 200
NEAREST = 16
"""Candidates that are read whether or not they can reach the threshold: an answer tells what came nearest to it."""
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
    the files beside one. `state` names the state that the store is in, see `Answered`. With `strict` only what the
    asking model was seen doing is shown; `min_confidence` is the confidence below which nothing is.
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
        state: Callable[[], object | None] = lambda: None,
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
        self._answered = Answered(state)
        self._strict = strict
        self._min_confidence = min_confidence

    @property
    def notices(self) -> Sequence[str]:
        """Why something is not found by meaning, if it is not."""
        return tuple(self._meaning.notices) if self._meaning is not None else ()

    def recall(self, query: Query, now: datetime) -> Guidance:
        """The lessons that matter for `query`, or none."""
        state = self._answered.state()
        known = self._answered.again(query, state, now)
        if known is not None:
            return known
        outside = Outside(self._text_of, self._siblings, self._gone)
        answer, whole = self._made(query, now, outside)
        if whole:
            self._answered.keep(answer, state, now, outside)
        return answer

    def _made(self, query: Query, now: datetime, outside: Outside) -> tuple[Guidance, bool]:
        """The answer, and whether nothing that belongs to it was still to come."""
        asked: dict[str, str] = {}
        for stem, word in words.spelled(query.text[:TEXT_LIMIT]):
            asked.setdefault(stem, word)  # the reasons say it in the words of whoever asks
        context = dict.fromkeys(_context(query.path, outside.text_of))
        total, known = self._store.rarity([*asked, *context])
        if not total:
            return Guidance(query=query), True
        meant = (
            self._meaning.of(query.text, query.model if self._strict else None) if self._meaning is not None else None
        )
        question = Question(
            query=query,
            now=now,
            asked=asked,
            weighted=guidance.weights(asked, total, known),
            around=guidance.weights([term for term in context if known.get(term)], total, known),
            named=words.symbols(query.text[:TEXT_LIMIT]),
            similar=meant.patterns if meant is not None else {},
        )
        everything = query.threshold == 0
        sighted = self._sighted(question)
        speaking = {told.glimpse.fingerprint for told in sighted.values() if told.speaks}
        used = _Used(question, outside.text_of, outside.siblings)
        # Of what no like request led to only what the question speaks of or names can be shown.
        broad = everything or query.path is not None
        kins = dict.fromkeys(one.glimpse.kin for one in sighted.values() if one.glimpse.kin and (broad or one.speaks))
        outlook = Outlook()
        if self._likely is not None:
            outlook = self._likely.outlook(
                query.text,
                query.model,
                meant,
                list(kins),
                matters=lambda one: everything or one.fingerprint in speaking or used.names(one.symbols),
                narrow=not broad,
            )
        found = list(self._candidates(question, sighted, outlook, used))
        if everything and len(found) < query.limit:  # all is asked for, what has nothing in common too
            there = {one.pattern.fingerprint for one in found}
            rest = self._store.patterns(limit=None if self._strict else 2 * CANDIDATES, shown=True)
            found += [Candidate(pattern=one, score=0.0) for one in rest if one.fingerprint not in there]
        found = [one for one in found if self._may_be_shown(one.pattern, query, now)]
        near, below = guidance.ordered(found, query, lambda pattern: confidence_of(pattern, now).value)
        chosen = self._standing(near, query, now, outside)
        shown = list(self._matches(chosen, now))
        whole = self._meaning is None or (self._meaning.absent if meant is None else meant.whole)
        return replace(guide(query, shown), below=tuple(below[:BELOW])), whole

    def _may_be_shown(self, pattern: Pattern, query: Query, now: datetime) -> bool:
        if self._strict and query.model is not None and query.model not in pattern.models:
            return False
        return not self._min_confidence or confidence_of(pattern, now).value >= self._min_confidence

    def _sighted(self, question: Question) -> dict[str, _Sighted]:
        """Patterns by words and symbols, and those that are similar by meaning, by fingerprint."""
        similar = [one for one, value in question.similar.items() if value >= BAR]
        terms = [*question.weighted, *question.around]
        only = question.query.model if self._strict else None
        found = self._store.glimpses(terms, sorted(question.named), similar, CANDIDATES, model=only)
        sighted, aimed = {}, aim(question)
        for glimpse in found:
            near, shared, _ = nearness(question, glimpse, frozenset(glimpse.words.split()))
            most = guidance.most(near)
            sighted[glimpse.fingerprint] = _Sighted(glimpse=glimpse, most=most, named=bool(shared), aimed=aimed)
        return sighted

    def _candidates(
        self, question: Question, sighted: Mapping[str, _Sighted], outlook: Outlook, used: _Used
    ) -> list[Candidate]:
        """What the question speaks of, and what is likely to come of it; both in one where they meet.

        Only what can reach the threshold is read as a whole, and a little of what comes nearest to it.
        """
        query = question.query
        threshold = DEFAULT_THRESHOLD if query.threshold is None else query.threshold
        doubt = 1.0 / (1.0 + outlook.tried)
        # A pattern that others were merged into may stand for several kins: the likeliest counts.
        chances = sorted(outlook.chances.values(), key=lambda one: one.log_odds)
        likely = {one.pattern.fingerprint: one for one in chances}
        bounds = {name: told.worth(doubt) for name, told in sighted.items()}
        for name, chance in likely.items():
            alone = 1.0 / (1.0 + math.exp(-chance.log_odds - BESIDE))
            bounds[name] = 1.0 - (1.0 - alone) * (1.0 - bounds.get(name, 0.0))
        order = sorted(bounds, key=lambda name: (-bounds[name], name))
        wanted = [name for place, name in enumerate(order) if bounds[name] >= threshold or place < NEAREST]
        found = []
        for hit in self._store.named(wanted):
            name = hit.pattern.fingerprint
            told = spoken_of(question, hit, self._half_life) if name in sighted else None
            if name not in likely:
                assert told is not None
                found.append(told.candidate(doubt))
            elif self._has_cause(likely[name], hit.pattern, told, query, used):
                found.append(expected(question, likely[name], hit.pattern, told, doubt, self._half_life))
        return found

    @staticmethod
    def _has_cause(chance: Chance, pattern: Pattern, told: Spoken | None, query: Query, used: _Used) -> bool:
        """Whether more than its frequency speaks for it: like requests, the question's words, or its symbols here."""
        if query.threshold == 0 or chance.supported or (told is not None and told.speaks):
            return True
        return used.names(pattern.symbols)

    def _standing(
        self, near: Sequence[Candidate], query: Query, now: datetime, outside: Outside
    ) -> Sequence[Candidate]:
        """What fills the answer, but for what speaks of things that are gone: others take its place."""
        always = [one for one in self._always() if self._may_be_shown(one.pattern, query, now)]
        while True:
            chosen = guidance.filled(near, always, query.limit)
            void = outside.gone(now, [one.pattern.fingerprint for one in chosen]) if chosen else ()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sighted:
    """A pattern at first sight: the score that it may have by words at most, and whether the question names it.

    `aimed` is that of `Spoken`.
    """

    glimpse: Glimpse
    most: float
    named: bool
    aimed: float

    @property
    def speaks(self) -> bool:
        """Whether the question may speak of it."""
        return self.named or self.most >= SPEAKS

    def worth(self, doubt: float) -> float:
        """The probability that it may have by words at most."""
        return worth(self.most, doubt, named=self.named, aimed=self.aimed)


class _Used:
    """Names in the question, in its file, and in the files beside it; read once, where anybody wants to know."""

    def __init__(
        self, question: Question, text_of: Callable[[str], str | None], siblings: Callable[[str], Sequence[str]]
    ) -> None:
        self._path = question.query.path
        self._asked = question.named
        self._text_of = text_of
        self._siblings = siblings
        self._found: Collection[str] | None = None

    def names(self, symbols: Sequence[str]) -> bool:
        """Whether one of these symbols, or the last part of one, is among them."""
        wanted = {part for symbol in symbols for part in (symbol, symbol.rpartition(".")[2])}
        return bool(wanted) and not wanted.isdisjoint(self._names())

    def _names(self) -> Collection[str]:
        if self._path is None:
            return self._asked
        if self._found is None:
            found = set(self._asked)
            for path in (self._path, *self._siblings(self._path)[:SIBLINGS]):
                text = self._text_of(path)
                if text:
                    found |= {part for entry in imports_of(text).values() for part in (entry.module, entry.name)}
                    found |= words.symbols(text[:TEXT_LIMIT])
            self._found = found
        return self._found
