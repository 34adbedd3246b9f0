"""Ask before code is written: candidates by words and symbols, scored, cut at the threshold, worded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pytest_llmlearn.app.ports import Hit, Store
from pytest_llmlearn.domain import guidance, source, words
from pytest_llmlearn.domain.guidance import Guidance, Match, Query
from pytest_llmlearn.domain.reach import imports_of

CANDIDATES = 200
CONTEXT_SHARE = 0.25
"""How far a file's imports and names can lift what the words alone left open."""
CONTEXT_TERMS = 40
TEXT_LIMIT = 20_000
"""Characters of a question that take part."""


def recall(store: Store, query: Query, now: datetime, text_of: Callable[[str], str | None]) -> Guidance:
    """The lessons that matter for `query`, or none. `text_of` reads a file of the project."""
    asked = dict.fromkeys(words.words(query.text[:TEXT_LIMIT]))
    context = dict.fromkeys(_context(query.path, text_of))
    total, known = store.rarity([*asked, *context])
    if not total:
        return Guidance(query=query)
    weighted = guidance.weights(asked, total, known)
    around = guidance.weights([term for term in context if known.get(term)], total, known)
    named = words.symbols(query.text[:TEXT_LIMIT])
    hits = store.search([*weighted, *around], sorted(named), CANDIDATES)
    matches = [_match(hit, query, weighted, around, named, now) for hit in hits]
    if query.threshold == 0 and len(matches) < query.limit:  # all is asked for, what has nothing in common too
        found = {hit.pattern.fingerprint for hit in hits}
        rest = [pattern for pattern in store.patterns(limit=2 * CANDIDATES) if pattern.fingerprint not in found]
        matches += [Match(pattern=pattern, score=0.0) for pattern in rest if pattern.shown]
    return guidance.guide(query, guidance.chosen(matches, query))


def _match(
    hit: Hit,
    query: Query,
    weighted: dict[str, float],
    around: dict[str, float],
    named: frozenset[str],
    now: datetime,
) -> Match:
    pattern, document = hit.pattern, frozenset(hit.words.split())
    shared = [symbol for symbol in pattern.symbols if symbol in named or symbol.rpartition(".")[2] in named]
    near = guidance.relevance(weighted, document, len(shared), guidance.topics(pattern))
    same_file = query.path is not None and query.path == pattern.path
    if query.path is not None:
        beside = 1.0 if same_file else guidance.relevance(around, document, 0)
        near += CONTEXT_SHARE * (1.0 - near) * beside
    common = [term for term in weighted if term in document]
    reasons = [f"names {symbol}" for symbol in shared[:2]]
    reasons += [f"speaks of {', '.join(common[:4])}"] if common else []
    reasons += ["same file"] if same_file else []
    reasons += [f"same model ({query.model})"] if query.model and query.model in pattern.models else []
    reasons.append(f"seen {guidance.times(pattern.frequency)}")
    return Match(
        pattern=pattern, score=round(guidance.scored(pattern, near, now, query.model), 4), reasons=tuple(reasons)
    )


def _context(path: str | None, text_of: Callable[[str], str | None]) -> list[str]:
    """Stemmed words of the file's imports and of the names it defines."""
    text = text_of(path) if path is not None else None
    if not text:
        return []
    names = [part for entry in imports_of(text).values() for part in (entry.module, entry.name)]
    names += [unit.qualname for unit in source.units(text)]
    return list(dict.fromkeys(words.words(" ".join(names))))[:CONTEXT_TERMS]
