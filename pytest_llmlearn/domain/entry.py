"""What is written down of one occurrence, and of the run in which it came.

Everything in an entry is redacted and bounded before it is made; the store writes it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pytest_llmlearn.domain.finding import CATEGORIES, SCOPES, SEVERITIES
from pytest_llmlearn.domain.fingerprint import Fingerprint
from pytest_llmlearn.domain.occurrence import PHASES, SOURCES, Source

ChosenBy = Literal["frame", "statement", "single-unit", "test-body", "imports", "handed-in"]
CLOSED: Mapping[str, Sequence[str]] = {
    "when": PHASES,
    "source": SOURCES,
    "category": CATEGORIES,
    "severity": SEVERITIES,
    "scope": SCOPES,
}
"""What an entry may say there; no store takes another word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the tests, or one call that hands failures in. `run_id` is unique; times are aware, UTC.

    `session` is the assistant's session in which it was run; None where none is known. `state` is that of the code, as
    `recurring.code_state` names it; None where it is not known.
    """

    run_id: str
    started: datetime
    finished: datetime
    command: str = ""
    exit_status: int | None = None
    passed: int = 0
    failed: int = 0
    commit: str | None = None
    python: str = ""
    session: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """A finding as it is written: what remains of it beside its rule's own texts."""

    rule_id: str
    severity: str
    line: int | None
    confidence: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Private text kept for healing: a unit as it was when red. `digest` is the content's hash, `kind` unit or test."""

    digest: str
    kind: Literal["unit", "test"]
    path: str
    qualname: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One occurrence, attributed, classified, identified and redacted.

    `unit` is the culprit's qualified name inside the project (`module:Class.method`), `unit_hash` the digest of its
    normalised code. `findings` are gravest first; the first one gave `fingerprint` and `lesson`. `words` is the text by
    which the pattern can be found; `snippet` at most five lines. `contexts` are tags of the surroundings of the unit.
    `stub` says that the unit is not written yet. `kin` is what goes wrong, whoever it happens to. `prompt` is the
    request that the code answers, where it is known.
    """

    nodeid: str
    when: str
    source: Source
    time: datetime
    exception: str
    message: str
    path: str | None
    line: int | None
    function: str | None
    statement: str | None
    unit: str
    unit_hash: str
    model: str
    tool: str | None
    provenance: str
    confidence: float
    scope: str
    chosen_by: ChosenBy
    flaky: bool
    fingerprint: Fingerprint
    rule_id: str
    category: str
    severity: str
    symbols: tuple[str, ...]
    lesson: str
    snippet: str
    words: str
    findings: tuple[FindingRow, ...]
    task: str | None = None
    held: tuple[Held, ...] = ()
    contexts: tuple[str, ...] = ()
    stub: bool = False
    kin: str = ""
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What recording one entry did to its pattern: `before` and `after` are its frequency, `raw_count` afterwards.

    `hidden` says that the pattern is not to be shown, though it failed: a person called it wrong, it is not proven in
    this project, or its code was not written yet. `committed` says that it stands in the committed lessons.
    """

    fingerprint: str
    before: int
    after: int
    raw_count: int
    hidden: bool = False
    committed: bool = False

    @property
    def new(self) -> bool:
        """Whether nothing was known of it before."""
        return self.before == 0 and not self.committed
