"""One operation of a model on a file, and what came of it.

The ledger holds one of these for each; joined with the outcomes of tests, they are the denominators of every rate.
Everything but the path and the time may be unknown, and unknown is None, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Operation = Literal["create", "edit", "delete"]
Complexity = Literal["surgical", "creative", "structural"]
Way = Literal["event", "library", "trace", "git"]
OPERATIONS: tuple[Operation, ...] = ("create", "edit", "delete")
COMPLEXITIES: tuple[Complexity, ...] = ("surgical", "creative", "structural")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a generation. `passed` and `failed` are tests of the first run after it that reached its code.

    `edited_again` says that the next operation on the same unit came within the window; `rating` is 1 to 5; `reopened`
    is why a person took the task up again.
    """

    passed: int | None = None
    failed: int | None = None
    run: str | None = None
    edited_again: bool = False
    rating: int | None = None
    reverted: bool = False
    reopened: str | None = None

    @property
    def first_pass(self) -> bool | None:
        """Whether the first run that reached its code was all green; None while none did."""
        return None if self.passed is None or self.failed is None else self.failed == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One operation of a model on a file, redacted and bounded.

    `path` is relative to the project's root, `qualname` the function or class where only one was meant. `before` and
    `after` are digests of the file's text (`b2:…`, or `git:…` for a blob), `unit_after` that of the unit's normalised
    code, `hunks` the changed lines; `before_text` and `after_text` are whole texts, kept by opt-in only. `complexity`
    is what was declared, `measured` what the difference of the texts shows. `guidance` lists fingerprints shown.
    Times are aware, UTC; `duration_ms` in milliseconds.
    """

    id: str
    time: datetime
    path: str
    qualname: str | None = None
    session: str | None = None
    task: str | None = None
    attempt: int | None = None
    operation: Operation | None = None
    complexity: Complexity | None = None
    measured: Complexity | None = None
    prompt: str | None = None
    plan: str | None = None
    reasoning: str | None = None
    before: str | None = None
    after: str | None = None
    unit_after: str | None = None
    hunks: str | None = None
    before_text: str | None = None
    after_text: str | None = None
    changes: tuple[str, ...] = ()
    preserved: tuple[str, ...] = ()
    model: str | None = None
    tool: str | None = None
    temperature: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    duration_ms: int | None = None
    guidance: tuple[str, ...] = ()
    way: Way = "event"
    commit: str | None = None
    outcome: Outcome = Outcome()
