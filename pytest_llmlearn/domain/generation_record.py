"""What is written down of an event: nothing that was not redacted and bounded first, and whole code only if asked for.

What the texts before and after show (the operation, how complex it was, what changed) stands beside what was declared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pytest_llmlearn.domain import changes, hunks, source
from pytest_llmlearn.domain.cleaning import clean, flat
from pytest_llmlearn.domain.finding import quotable
from pytest_llmlearn.domain.generation import Generation, Outcome, Way
from pytest_llmlearn.domain.generation_event import Event, digest

TEXT_LIMIT = 16_384
"""Characters kept of a prompt, a plan and a reasoning, each."""
READ_LIMIT = 8 * TEXT_LIMIT
"""Characters of these that are read at all: more than are kept, for a secret may end beyond what is kept."""
CODE_LIMIT = 2**19
"""Characters of a file's text beyond which its hunks are not told."""
LIST_LIMIT = 100
ITEM_LIMIT = 200
NAME_LIMIT = 80

Redact = Callable[[str], str]

_OWN = re.compile(r"b2:[0-9a-f]{32}")
_FINGERPRINT = re.compile(r"\d{1,3}:[0-9a-f]{4,64}")


def generation(event: Event, *, way: Way, redact: Redact, keep_code: bool = False) -> Generation:
    """The generation of an event. `redact` makes text fit to be written down; `keep_code` keeps whole texts of files,
    redacted as well."""
    before, after = event.before or "", event.after or ""
    # Without the text before it, what is there after an edit may be anybody's.
    comparable = event.after is not None and (event.before is not None or event.operation == "create")
    comparable = comparable or (event.before is not None and event.operation == "delete")
    found = changes.compare(before, after, event.path) if comparable else changes.Changes()
    told = comparable and max(len(before), len(after)) <= CODE_LIMIT
    return Generation(
        id=identifier(event.id, redact),
        time=event.time,
        path=event.path,
        qualname=_line(event.function, ITEM_LIMIT, redact),
        session=identifier(event.session, redact) if event.session else None,
        task=_line(event.task, ITEM_LIMIT, redact),
        attempt=event.attempt,
        operation=event.operation,
        complexity=event.complexity,
        measured=found.measured,
        prompt=_text(event.prompt, redact),
        plan=_text(event.plan, redact),
        reasoning=_text(event.reasoning, redact),
        before=source.text_digest(before) if before else event.before_hash,
        after=source.text_digest(after) if after else event.after_hash,
        unit_after=_unit_after(event),
        hunks=(clean(hunks.text(before, after, redact)) or None) if told else None,
        before_text=_whole(event.before, redact) if keep_code else None,
        after_text=_whole(event.after, redact) if keep_code else None,
        changes=_items((*event.changes, *found.changes), redact),
        preserved=_items((*event.preserved, *found.preserved), redact),
        model=_name(event.model, redact),
        tool=_name(event.tool, redact),
        temperature=event.temperature,
        tokens_in=event.tokens_in,
        tokens_out=event.tokens_out,
        duration_ms=event.duration_ms,
        guidance=tuple(_guidance(one, redact) for one in event.guidance[:LIST_LIMIT]),
        way=way,
        outcome=Outcome(rating=event.rating, reverted=event.reverted),
    )


def written(event: Event) -> list[tuple[int, int]]:
    """First and last line (from 1) of the text after the event that its model wrote, as far as that can be told: what
    differs from the text before it, else the function that it names."""
    if not event.after:
        return []
    if event.before is not None or event.operation == "create":
        return hunks.ranges(event.before or "", event.after)
    unit = source.unit_named(event.after, event.function) if event.function else None
    return [(unit.start, unit.end)] if unit is not None else []


def identifier(text: str, redact: Redact) -> str:
    """An id that only needs to be equal to itself: as it is, or its digest where it may be a secret."""
    return text if _OWN.fullmatch(text) or redact(text) == text else digest(text)


def _unit_after(event: Event) -> str | None:
    unit = source.unit_named(event.after, event.function) if event.after and event.function else None
    return source.unit_hash(event.after, unit) if event.after and unit is not None else None


def _whole(text: str | None, redact: Redact) -> str | None:
    return redact(text) if text is not None and len(text) <= CODE_LIMIT else None


def _text(text: str | None, redact: Redact) -> str | None:
    if text is None:
        return None
    kept = clean(redact(text[:READ_LIMIT]))
    return kept if len(kept) <= TEXT_LIMIT else kept[: TEXT_LIMIT - 1] + "…"


def _line(text: str | None, limit: int, redact: Redact) -> str | None:
    return flat(redact(text), limit) if text is not None else None


def _name(text: str | None, redact: Redact) -> str | None:
    return quotable(redact(text))[:NAME_LIMIT] if text is not None else None


def _items(texts: Iterable[str], redact: Redact) -> tuple[str, ...]:
    """Each once; redacted together, for one call costs less than many."""
    flattened = [flat(text, 4 * ITEM_LIMIT) for text in dict.fromkeys(texts)][:LIST_LIMIT]
    shown = redact("\n".join(flattened)).split("\n")
    if len(shown) != len(flattened):
        shown = [redact(text) for text in flattened]
    return tuple(flat(text, ITEM_LIMIT) for text in shown if text)


def _guidance(text: str, redact: Redact) -> str:
    """A fingerprint is a digest, and looks like a secret for that."""
    return text if _FINGERPRINT.fullmatch(text) else flat(redact(text), NAME_LIMIT)
