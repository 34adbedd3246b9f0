"""The recurring mistake.

A pattern is what all occurrences of one exact fingerprint have in common, and how often they came. Its frequency
counts distinct (unit, code) pairs: the same broken function run fifteen times is one mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

State = Literal["candidate", "active", "enforced", "retired", "quarantined", "muted"]
STATES: tuple[str, ...] = get_args(State)
HIDDEN: frozenset[str] = frozenset({"retired", "quarantined", "muted"})
"""States whose patterns are never shown unless asked for by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One mistake as the store knows it.

    `fingerprint` is the exact one, `symbol_key` the level above it. `frequency` counts distinct (unit, code) pairs,
    `raw_count` every occurrence. `models` are those seen making it, most often first; `unit`, `path` and `line` where
    it was seen last. `lesson` is one sentence. `bad` is the redacted snippet seen last, `good` that of a verified fix.
    """

    fingerprint: str
    symbol_key: str
    rule_id: str
    category: str
    severity: str
    exception: str
    message: str
    lesson: str
    frequency: int
    raw_count: int
    state: State
    first_seen: datetime
    last_seen: datetime
    symbols: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    path: str | None = None
    line: int | None = None
    unit: str = ""
    bad: str = ""
    good: str = ""

    @property
    def shown(self) -> bool:
        """Whether its state lets it be shown, and anything but told-apart failures was ever counted."""
        return self.state not in HIDDEN and self.frequency > 0
