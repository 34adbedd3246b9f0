"""The life of a lesson: which state a pattern is in, how grave it counts, whether it is always shown.

Outcomes of tests and the words of people decide; no count alone makes a lesson active, and severity never falls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from pytest_llmlearn.domain.effect import NOTHING, Effect
from pytest_llmlearn.domain.entry import ChosenBy
from pytest_llmlearn.domain.finding import Severity
from pytest_llmlearn.domain.pattern import HIDDEN, State, Tier, Word

WORDS: tuple[str, ...] = get_args(Word)

ESTABLISHED = 5
"""Occurrences from which contexts and fix are shown."""
PRIORITY = 15
"""Occurrences from which minor counts as major and the pattern asks to be always shown."""
RECURRENCES = 2
"""Independent recurrences that make a candidate active."""
FLOOR = 0.5
"""What the lower bound of not recurring must be above to be always shown, where too few were held back to compare:
shown, the mistake stays away more often than not. Of ten exposures eight must be without it."""
SURE: frozenset[ChosenBy] = frozenset({"frame", "statement", "single-unit"})
"""Ways to choose a culprit that are sure enough to promote a pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a pattern that decides its state.

    `word` is what a person said last; `fixes` counts verified fixes, `recurrences` independent ones (see
    `recurrence.independent`) among occurrences that promote. `imported` says that it came from elsewhere, `stub` that
    its code was not written yet. `committed` is the state that the project's committed lessons give it: they were read
    by whoever read the code, and count as a person's word. `retired_because` is None for what is not retired;
    `renewed` says that there was a sign of life, or a person who wanted it back, since then.
    """

    frequency: int
    severity: Severity
    fixes: int = 0
    recurrences: int = 0
    word: Word | None = None
    imported: bool = False
    stub: bool = False
    retired_because: str | None = None
    renewed: bool = False
    committed: State | None = None


def promotes(chosen_by: ChosenBy, *, was_green: bool, stub: bool = False, flaky: bool = False) -> bool:
    """Whether an occurrence may count towards making its pattern active.

    Its culprit was chosen surely, and its test had been green before: a new test that was never green is the red phase
    of work under way, as is code not written yet. A test that passes and fails on the same code proves nothing.
    """
    return chosen_by in SURE and was_green and not stub and not flaky


def state(record: Record) -> State:
    """The state that the record earns.

    What a person called wrong is muted, whatever else is known. What is retired stays so, whatever was said of it
    before, until it is renewed. Imported patterns are quarantined until this project has proven them or a person has.
    """
    if record.word == "wrong":
        return "muted"
    if record.retired_because is not None and not record.renewed:
        return "retired"
    if record.word == "enforce" or record.committed == "enforced":
        return "enforced"
    if record.word == "right" or record.committed is not None or _proven(record):
        return "active"
    return "quarantined" if record.imported else "candidate"


def _proven(record: Record) -> bool:
    return not record.stub and (record.fixes >= 1 or record.recurrences >= RECURRENCES)


def showable(record: Record) -> bool:
    """Whether it may be shown unasked for: its state allows it, it occurred, and it is no stub's.

    A person who called the lesson of a stub right wants to see it.
    """
    wanted = record.word in ("right", "enforce") or record.committed is not None
    return state(record) not in HIDDEN and (wanted or (record.frequency > 0 and not record.stub))


def tier(frequency: int) -> Tier:
    """How far a pattern has come by its count: `new` below 5, `established` below 15, else `priority`."""
    return "priority" if frequency >= PRIORITY else "established" if frequency >= ESTABLISHED else "new"


def detailed(frequency: int) -> bool:
    """Whether contexts and fix are shown with the lesson."""
    return tier(frequency) != "new"


def severity(record: Record) -> Severity:
    """How grave it counts: a minor mistake seen often is a major one."""
    return "major" if record.severity == "minor" and tier(record.frequency) == "priority" else record.severity


def always_inject(record: Record, effect: Effect = NOTHING) -> bool:
    """Whether it is shown whatever the question: active or enforced, seen often, and worth its place."""
    often = tier(record.frequency) == "priority"
    return often and state(record) in ("active", "enforced") and showable(record) and earns_its_place(effect)


def earns_its_place(effect: Effect) -> bool:
    """Whether the effect speaks for showing the lesson always.

    Below ten judged exposures it has the benefit of the doubt. From then on the lower bound of not recurring must be
    above that of the held-back ones, where these are ten too, and above `FLOOR` where they are fewer. What is found
    to harm has no place.
    """
    if not effect.shown.not_recurring.enough:
        return True
    if effect.comparison.verdict == "harmed":
        return False
    compared = effect.held.not_recurring.enough
    return effect.shown.not_recurring_low > (effect.held.not_recurring_low if compared else FLOOR)


def always_slots(limit: int) -> int:
    """Slots of an answer of `limit` lessons that those always shown may fill: at most half."""
    return max(limit, 0) // 2
