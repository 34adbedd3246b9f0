"""Who wrote a line: evidence with a confidence, never a bare boolean.

The four types are Agent Trace's words. `unknown` is an answer; a guess is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Contributor = Literal["human", "ai", "mixed", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Who wrote one line, how that is known, and how surely (0 to 1)."""

    type: Contributor
    model: str | None = None
    tool: str | None = None
    confidence: float = 0.0
    evidence: str = ""

    @property
    def generated(self) -> bool:
        """Whether a model wrote the line, or had a hand in it."""
        return self.type in ("ai", "mixed")


UNKNOWN = Provenance(type="unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProvenance:
    """The provenance of every line of one file, from line 1 on."""

    lines: tuple[Provenance, ...] = ()

    def at(self, line: int | None) -> Provenance:
        """Of this line (from 1); of line 1 for None; `UNKNOWN` beyond the end."""
        index = (line or 1) - 1
        return self.lines[index] if 0 <= index < len(self.lines) else UNKNOWN

    def between(self, start: int, end: int) -> Provenance:
        """The strongest generated line of `start` to `end`, both included; else that of `start`."""
        written = [entry for entry in self.lines[max(start - 1, 0) : end] if entry.generated]
        return max(written, key=lambda entry: entry.confidence) if written else self.at(start)

    @property
    def generated(self) -> bool:
        """Whether any line is a model's."""
        return any(entry.generated for entry in self.lines)


def first_answers(layers: Sequence[Sequence[Provenance | None] | None], length: int) -> FileProvenance:
    """One file's provenance from the answers of several readers: the surest of each line, the earlier of equals.

    A layer is one reader's answer for each line; None, for a line or for all, leaves it to the others. A line whose
    surest answer is of type `unknown` is of unknown origin, with that answer's evidence and no confidence.
    """
    known = [layer for layer in layers if layer is not None]
    lines: list[Provenance] = []
    for index in range(length):
        given = [answer for layer in known if index < len(layer) and (answer := layer[index]) is not None]
        surest = given[0] if len(given) == 1 else max(given, key=lambda answer: answer.confidence, default=UNKNOWN)
        lines.append(surest if surest.type != "unknown" else replace(surest, confidence=0.0))
    return FileProvenance(lines=tuple(lines))
