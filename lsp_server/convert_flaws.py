"""What a scan found in a file, laid on the text that its document has now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlearn.domain.flaw import Flaw

REACH = 200
"""Lines by which a flaw's line is looked for above and below."""


def still_there(flaws: Iterable[Flaw], lines: Sequence[str]) -> list[Flaw]:
    """The flaws whose lines are in the text as they were, where these are now."""
    found = []
    for flaw in flaws:
        line = _line(flaw, lines)
        if line is not None:
            found.append(replace(flaw, line=line, end_line=min(flaw.end_line - flaw.line + line, len(lines))))
    return found


def _line(flaw: Flaw, lines: Sequence[str]) -> int | None:
    """The nearest line (from 1) with the text that the flaw's line had."""
    for distance in range(REACH):
        for line in dict.fromkeys((flaw.line - distance, flaw.line + distance)):
            if 0 < line <= len(lines) and mark_of(flaw.rule_id, lines[line - 1]) == flaw.mark:
                return line
    return None


def mark_of(rule_id: str, line: str) -> str:
    """As `domain.flaw.placed` makes it of a line's text."""
    text = f"{rule_id}\0{' '.join(line.split())}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
