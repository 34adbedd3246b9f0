"""The identity of a mistake.

Two occurrences with equal exact fingerprints are the same mistake, wherever they happened: content alone takes
part, never a path or a line. Four levels, each coarser than the one before: exact → symbol → rule → category.
Duplicates meet at the exact level; lessons generalise one level up.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from pytest_llmlearn.domain import normalise
from pytest_llmlearn.domain.finding import Finding

VERSION = "1"
"""Moves when equal content would get another fingerprint."""

DATA_RULES = frozenset(f"runtime.{name}" for name in ("value", "key", "json", "encoding", "own-error"))
"""Rules whose messages quote data: what a function was given when it failed does not make it another mistake. A key
that the code itself spells is a symbol, and stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """All four levels of one identity; `str()` is the exact one."""

    exact: str
    symbol: str
    rule: str
    category: str

    def __str__(self) -> str:
        return self.exact


def fingerprint(finding: Finding, exception: str, message: str, unit: str = "") -> Fingerprint:
    """The identity of `finding` in a failure of this exception and message.

    `unit` is the culprit's qualified name inside the project; it takes part only where the finding says that the unit
    decides (a failed assertion), together with the kind of mismatch, for the compared values are the test's.
    """
    name = normalise.exception_name(exception)
    symbols = sorted(finding.symbols)
    exact_parts: tuple[str, ...]
    symbol_parts: tuple[str, ...]
    if finding.unit_decides:
        exact_parts = (finding.rule_id, name, unit, finding.fields.get("kind", ""))
        symbol_parts = (finding.rule_id, unit)
    else:
        text = normalise.exact(message, exception)
        told = normalise.shape(text, symbols=finding.symbols) if finding.rule_id in DATA_RULES else text
        exact_parts = (finding.rule_id, name, told, *symbols)
        # Of the exact text, which is cut: of two long messages that begin alike, the coarser level must not tell more.
        shape = "" if symbols else normalise.shape(text)
        symbol_parts = (finding.rule_id, shape, *symbols)
    return Fingerprint(
        exact=digest(*exact_parts),
        symbol=digest(*symbol_parts),
        rule=finding.rule_id,
        category=finding.category,
    )


def digest(*parts: str) -> str:
    """A versioned hash of the parts: equal exactly for equal sequences."""
    # NUL separates, so a part's own is escaped; lone surrogates, as in names of files, stay distinct.
    joined = "\0".join(part.replace("\\", "\\\\").replace("\0", "\\0") for part in parts)
    return f"{VERSION}:{blake2b(joined.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}"
