"""What belongs together with a pattern: the patterns merged into it, and what came of showing it.

Nothing here writes. Most stores have neither, and then one small question is all that is asked.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks
from pytest_llmlearn.adapters.sqlite_store.counting import kept
from pytest_llmlearn.domain.effect import Arm, Effect, Exposure, effect
from pytest_llmlearn.domain.rates import Rate

MERGED_FREQUENCY = "(SELECT coalesce(sum(c.frequency), 0) FROM patterns AS c WHERE c.merged_into = p.id)"
"""Of the patterns merged into that of the row `p`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What a merged pattern brings to the whole. `symbols` is JSON, times are as the store keeps them."""

    id: int
    frequency: int
    raw_count: int
    first_seen: str
    last_seen: str
    stub: int
    symbols: str
    words: str = ""


def any_merged(connection: sqlite3.Connection) -> bool:
    """Whether any pattern was merged into another."""
    known = kept(connection, "whether any was merged")
    if not known:
        found = connection.execute("SELECT 1 FROM patterns WHERE merged_into IS NOT NULL LIMIT 1").fetchone()
        known[True] = found is not None
    merged: bool = known[True]
    return merged


def merged(connection: sqlite3.Connection, roots: Sequence[int]) -> dict[int, list[Child]]:
    """What was merged into each of these, in the order in which it was first recorded."""
    if not any_merged(connection):
        return {}
    statement = """SELECT merged_into, id, frequency, raw_count, first_seen, last_seen, stub, symbols, words
                   FROM patterns WHERE merged_into IS NOT NULL AND merged_into IN ({}) ORDER BY id"""
    found: dict[int, list[Child]] = {}
    for root, identifier, frequency, raw_count, first_seen, last_seen, stub, symbols, words in in_chunks(
        connection, statement, roots
    ):
        child = Child(
            id=identifier,
            frequency=frequency,
            raw_count=raw_count,
            first_seen=first_seen,
            last_seen=last_seen,
            stub=stub,
            symbols=symbols,
            words=words,
        )
        found.setdefault(root, []).append(child)
    return found


def summed(family: Sequence[Child]) -> Child:
    """The first of them with the counts of all. Times and stubs are of those that were counted, if any was."""
    own = family[0]
    if len(family) == 1:
        return own
    told = [child for child in family if child.frequency] or list(family)
    symbols = dict.fromkeys(symbol for child in family for symbol in json.loads(child.symbols))
    return Child(
        id=own.id,
        frequency=sum(child.frequency for child in family),
        raw_count=sum(child.raw_count for child in family),
        first_seen=min(child.first_seen for child in told),
        last_seen=max(child.last_seen for child in told),
        stub=min(child.stub for child in told),
        symbols=json.dumps(list(symbols), separators=(",", ":")),
    )


def fingerprints(connection: sqlite3.Connection, fingerprint: str) -> list[str]:
    """This one and those of the patterns merged into it; it alone where none was, or it is not known."""
    if not any_merged(connection):
        return [fingerprint]
    found = connection.execute(
        """SELECT c.fingerprint FROM patterns AS c JOIN patterns AS p ON p.id = c.merged_into
           WHERE c.merged_into IS NOT NULL AND p.fingerprint = ? ORDER BY c.id""",
        (fingerprint,),
    )
    return [fingerprint, *(row[0] for row in found)]


def outcomes(
    connection: sqlite3.Connection, patterns: Sequence[int], often: Collection[int], roots: Mapping[int, int]
) -> tuple[dict[int, Rate], dict[int, Effect]]:
    """What came of showing each of these that was shown: how often it helped; of those in `often`, the whole effect.

    `roots` says of merged ones what they were merged into.
    """
    known = kept(connection, "whether any was judged")
    if not known:
        judged_one = connection.execute("SELECT 1 FROM exposures WHERE outcome IS NOT NULL LIMIT 1").fetchone()
        known[True] = judged_one is not None
    if not known[True]:  # what awaits a run says nothing yet
        return {}, {}
    counts: dict[int, dict[str, int]] = {}
    statement = """SELECT pattern, outcome, count(*) FROM exposures
                   WHERE shown = 1 AND outcome IS NOT NULL AND pattern IN ({}) GROUP BY pattern, outcome"""
    for pattern, outcome, count in in_chunks(connection, statement, [*patterns, *roots]):
        of_pattern = counts.setdefault(roots.get(pattern, pattern), {})
        of_pattern[outcome] = of_pattern.get(outcome, 0) + count
    arms = {
        pattern: Arm(
            recurred=told.get("recurred", 0), avoided=told.get("avoided", 0), other=told.get("other-failure", 0)
        )
        for pattern, told in counts.items()
    }
    # Below the count at which a rate is told, a lesson has the benefit of the doubt: the rows need not be read.
    read = {pattern for pattern, arm in arms.items() if pattern in often and arm.not_recurring.enough}
    judged: dict[int, list[Exposure]] = {}
    statement = "SELECT pattern, shown, session, propensity, outcome, judged FROM exposures WHERE pattern IN ({})"
    asked = [*read, *(child for child, root in roots.items() if root in read)]
    for pattern, shown, session, propensity, outcome, time in in_chunks(connection, statement, asked):
        root = roots.get(pattern, pattern)
        judged.setdefault(root, []).append(
            Exposure(
                fingerprint=str(root),
                shown=bool(shown),
                session=session,
                propensity=propensity,
                outcome=outcome,
                judged=None if time is None else datetime.fromisoformat(time),
            )
        )
    return (
        {pattern: arm.success for pattern, arm in arms.items()},
        {pattern: effect(exposures) for pattern, exposures in judged.items()},
    )
