"""A mistake as the reviewer of a change is to see it: at a line, in words, with what is known of it.

Every format of a CI is written from these values. Messages are hostile: whoever fails a test writes them, so no text
reaches a format but cleaned, on one line and cut; each format escapes it once more in its own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, get_args

from pytest_llmlearn.domain.finding import SEVERITIES
from pytest_llmlearn.domain.lesson import safe, times

Phase = Literal["setup", "call", "teardown", "collect", "warning", "scan"]
PHASES: tuple[Phase, ...] = get_args(Phase)

TITLE_LIMIT = 120
LESSON_LIMIT = 400
MESSAGE_LIMIT = 600
"""Characters of the failure's own message that are shown."""
FIX_LIMIT = 200
"""Characters of a fix that is told on one line."""
NAMED = 3
"""Models that are named of many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What repaired the mistake: code that failed and code that passed, or a sentence where there is no such code.

    `verified` says that a test that was red is green with it, or that a scan does not find it any more.
    """

    bad: str = ""
    good: str = ""
    text: str = ""
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One mistake at one place.

    `path` is seen from the top of the repository, with `/`; "" where no file of it is known. `line` to `end_line`
    count from 1, both included; `column` from 1, None where it is not known, and `end_column` is behind the last
    character. `fingerprint` is the pattern's exact one, `title` one sentence of what the rule is about, `lesson` one of
    what to do instead, `message` what the failure itself said. `seen` counts what the pattern's frequency counts, this
    run included; `first_seen` is aware, UTC; `models` are those that made it, most often first.

    `recurring`: seen in at least two runs of different states of the code, or known in the committed lessons; what is
    not is new. `enforced`: a person said that it must not come back. `confidence` is 0 to 1: how sure it is that the
    code is to blame for this. `generated`: that code is LLM-written. `source` is the occurrence's, `nodeid` the test's
    id. `line_hash` tells the place from others by the text that stands there, however lines move; "" where the text is
    not known.
    """

    path: str
    line: int
    end_line: int
    fingerprint: str
    rule_id: str
    category: str
    severity: str
    title: str
    lesson: str
    message: str
    column: int | None = None
    end_column: int | None = None
    seen: int = 1
    first_seen: datetime | None = None
    models: tuple[str, ...] = ()
    fix: Remedy | None = None
    recurring: bool = False
    enforced: bool = False
    phase: Phase = "call"
    source: str = "test"
    confidence: float = 0.8
    generated: bool = True
    nodeid: str = ""
    function: str = ""
    line_hash: str = ""
    labels: tuple[str, ...] = ()
    """Lists of weaknesses that it stands in (`CWE-89: …`), of what a scan found."""

    def to_dict(self) -> dict[str, Any]:
        """Builtins only, fit for JSON."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["first_seen"] = self.first_seen.isoformat() if self.first_seen is not None else None
        fix = self.fix
        values["fix"] = {each.name: getattr(fix, each.name) for each in fields(fix)} if fix is not None else None
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Annotation:
        """The inverse of `to_dict`, for what this package wrote itself; lists stand for tuples.

        Raises:
            TypeError, ValueError: it is none.
        """
        known: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in values.items()}
        if known.get("first_seen") is not None:
            known["first_seen"] = datetime.fromisoformat(known["first_seen"])
        if known.get("fix") is not None:
            known["fix"] = Remedy(**known["fix"])
        return cls(**known)


def ordered(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Those that recur before the new ones, most often seen first, then what is enforced, then the gravest."""
    return sorted(annotations, key=_rank)


def _rank(one: Annotation) -> tuple[bool, int, bool, int, str, int, str]:
    grave = SEVERITIES.index(one.severity) if one.severity in SEVERITIES else len(SEVERITIES)
    return not one.recurring, -one.seen, not one.enforced, grave, one.path, one.line, one.fingerprint


def one_each(annotations: Iterable[Annotation]) -> list[Annotation]:
    """The first of each mistake, in order: its other places are not more to be learned."""
    found: dict[str, Annotation] = {}
    for one in annotations:
        found.setdefault(one.fingerprint, one)
    return list(found.values())


def distinct(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Each mistake once a place, in order: many tests that fail at one line say it once."""
    found: dict[tuple[str, str, int], Annotation] = {}
    for one in annotations:
        found.setdefault((one.fingerprint, one.path, one.line), one)
    return list(found.values())


def title(annotation: Annotation) -> str:
    """Its rule and how well it is known, fit for a heading: `async.never-awaited, seen 4 times`."""
    # One function that fails in state after state of the code counts once: "seen once" would deny that it recurs.
    often = f"seen {times(annotation.seen)}" if annotation.seen > 1 else "recurring"
    often = often if annotation.recurring else "new"
    return safe(f"{annotation.rule_id}, {often}", TITLE_LIMIT)


def standing(annotation: Annotation) -> str:
    """How often it was seen, since when and by whom, and what repaired it; one sentence on one line."""
    since = f" since {annotation.first_seen:%Y-%m-%d}" if annotation.first_seen is not None else ""
    if annotation.recurring:
        text = f"{f'Seen {times(annotation.seen)}' if annotation.seen > 1 else 'Recurring'}{since}"
    else:
        text = "New" if annotation.seen <= 1 else f"New, seen {times(annotation.seen)}"
    by = _by(annotation.models)
    text += f", by {by}" if by else ""
    text += ", enforced here" if annotation.enforced else ""
    repaired = remedy(annotation.fix)
    return f"{text}; {repaired}" if repaired else f"{text}."


def remedy(fix: Remedy | None) -> str:
    """What repaired it on one line; "" where nothing is known."""
    if fix is None:
        return ""
    good, bad = _one_line(fix.good), _one_line(fix.bad)
    told = f"{bad} → {good}" if bad and good else good or safe(fix.text, FIX_LIMIT)
    return f"{'verified fix' if fix.verified else 'instead'}: {told}" if told else ""


def worded(annotation: Annotation) -> str:
    """What to do instead, and how well that is known, on one line."""
    return f"{_ended(safe(annotation.lesson or annotation.title, LESSON_LIMIT))} {standing(annotation)}".strip()


def said(annotation: Annotation) -> str:
    """What the failure itself said, on one line; evidence, and anybody's words."""
    return safe(annotation.message, MESSAGE_LIMIT)


def counted(annotations: Sequence[Annotation], *, more: bool = False) -> str:
    """How many mistakes these are, and whose: `2 mistakes of LLM-written code`, with `more` `2 more mistakes of …`."""
    count = len({one.fingerprint for one in annotations})
    whose = "LLM-written code" if all(one.generated for one in annotations) else "this code"
    return f"{count} {'more ' if more else ''}mistake{'' if count == 1 else 's'} of {whose}"


def _one_line(code: str) -> str:
    return safe("; ".join(line.strip() for line in code.splitlines() if line.strip()), FIX_LIMIT)


@lru_cache(maxsize=512)  # a run has few models, and many mistakes of each
def _by(models: tuple[str, ...]) -> str:
    known = [name for model in models if model != "unknown" and (name := safe(model, 60))]
    named = known[:NAMED]
    if len(known) > NAMED:
        return f"{', '.join(named)} and {len(known) - NAMED} more"
    return " and ".join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else "".join(named)


def _ended(sentence: str) -> str:
    return sentence if not sentence or sentence[-1] in ".!?…" else f"{sentence}."
