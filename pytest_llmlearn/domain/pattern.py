"""The recurring mistake.

A pattern is what all occurrences of one exact fingerprint have in common, and how often they came. Its frequency
counts distinct (unit, code) pairs: the same broken function run fifteen times is one mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from pytest_llmlearn.domain.rates import Rate

State = Literal["candidate", "active", "enforced", "retired", "quarantined", "muted"]
STATES: tuple[str, ...] = get_args(State)
HIDDEN: frozenset[str] = frozenset({"retired", "quarantined", "muted"})
"""States whose patterns are never shown unless asked for by name."""
Tier = Literal["new", "established", "priority"]
Word = Literal["right", "wrong", "enforce"]
"""What a person said of a pattern."""
SCANNED: frozenset[str] = frozenset({"SecurityFinding", "StaticFinding"})
"""What stands for the exception where a scan found the mistake and no test failed (see `domain.flaw`)."""
UNMEASURED = Rate(count=0, of=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One mistake as the store knows it.

    `fingerprint` is the exact one, `symbol_key` the level above it. `frequency` counts distinct (unit, code) pairs,
    `raw_count` every occurrence. `models` are those seen making it, most often first; `unit`, `path` and `line` where
    it was seen last. `lesson` is one sentence. `bad` is the redacted snippet seen last, `good` that of a verified fix.
    Counts and times are with those of the patterns that were merged into it.

    `severity` is how grave it counts: its rule's, raised where it was seen often. `fixes` counts verified fixes,
    `recurrences` independent ones up to the two that prove it; `word` is what a person said last. `success` is how
    often the mistake was avoided of the times that the lesson was shown and it could have been made. `stub` says that
    its code was never written. `kin` is what goes wrong, whoever it happens to. `committed` is the state that the
    committed lessons give it, `elsewhere` how often it was seen as these say; None and 0 for what is not in them.
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
    tier: Tier = "new"
    always_inject: bool = False
    archived: bool = False
    stub: bool = False
    word: Word | None = None
    recurrences: int = 0
    fixes: int = 0
    success: Rate = UNMEASURED
    kin: str = ""
    committed: State | None = None
    elsewhere: int = 0

    @property
    def seen(self) -> int:
        """How often it was seen, here or as the committed lessons say."""
        return max(self.frequency, self.elsewhere)

    @property
    def by_scan(self) -> bool:
        """Whether a scan of the code found it, and no test."""
        return self.exception in SCANNED

    @property
    def shown(self) -> bool:
        """Whether it may be shown unasked for.

        Its state allows it, it is not archived, and more than told-apart failures and those of stubs was counted; or a
        person wants it.
        """
        wanted = self.word in ("right", "enforce") or self.committed is not None
        return self.state not in HIDDEN and not self.archived and (wanted or (self.frequency > 0 and not self.stub))
