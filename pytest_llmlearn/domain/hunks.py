"""The lines that differ between two texts: as ranges, and as text in the manner of a unified diff.

Bounded in work: what is equal at the ends is not compared, and of long texts that differ throughout only that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pytest_llmlearn.domain import source

LIMIT = 8_192
"""Characters of the text, at most."""
REDACTED_AROUND = 100
"""Lines around removed ones that are redacted with them: more than a private key has."""
CONTEXT = 1
"""Equal lines shown around a hunk."""
COMPARED = 4_000
"""Lines of either text, the equal ends aside, that are compared one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """Lines `old_start` to before `old_end` were replaced by `new_start` to before `new_end`; all from 0."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def between(before: Sequence[str], after: Sequence[str]) -> list[Hunk]:
    """The hunks from one list of lines to the other, in order."""
    start, shortest = 0, min(len(before), len(after))
    while start < shortest and before[start] == after[start]:
        start += 1
    end = 0
    while end < shortest - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if not old and not new:
        return []
    if max(len(old), len(new)) > COMPARED or not old or not new:
        return [Hunk(old_start=start, old_end=start + len(old), new_start=start, new_end=start + len(new))]
    return [
        Hunk(old_start=start + a, old_end=start + b, new_start=start + c, new_end=start + d)
        for tag, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes()
        if tag != "equal"
    ]


def ranges(before: str, after: str) -> list[tuple[int, int]]:
    """First and last line (from 1) of what is new or other in `after`; lines that were only removed have none."""
    new = lines(after)
    return [(hunk.new_start + 1, hunk.new_end) for hunk in between(lines(before), new) if hunk.new_end > hunk.new_start]


def lines(text: str) -> Sequence[str]:
    """The lines of a file, without the nothing after its last line's end."""
    split = source.lines_of(text)
    return split[:-1] if split and not split[-1] else split


def text(before: str, after: str, redact: Callable[[str], str] = str, limit: int = LIMIT) -> str:
    """The hunks as text: `@@ -line,count +line,count @@`, then the lines marked by blank, `-` and `+`.

    At most `limit` characters; what is left out is counted in the last line. `redact` makes text fit to be shown; it
    sees whole texts, for what a line says may be told by another.
    """
    old, new = lines(before), lines(after)
    hunks = between(old, new)
    shown_old, shown_new = _shown(old, new, hunks, redact)
    written: list[str] = []
    size = left_out = 0
    for line in _written(hunks, shown_old, shown_new):
        if left_out or size + len(line) + 1 > limit - 40:
            left_out += 1
        else:
            written.append(line)
            size += len(line) + 1
    if left_out:
        written.append(f"… {left_out} more lines")
    return "\n".join(written)


def _shown(
    old: Sequence[str], new: Sequence[str], hunks: Sequence[Hunk], redact: Callable[[str], str]
) -> tuple[Mapping[int, str], Sequence[str]]:
    """The removed lines by their numbers from 0, and all new ones, as they may be shown.

    Both in one text: the new one as a whole, then the removed lines with those around them, all others being in the new
    one as well.
    """
    around: list[int] = []
    for hunk in hunks:
        if hunk.old_end > hunk.old_start:
            start = max(hunk.old_start - REDACTED_AROUND, around[-1] + 1 if around else 0)
            around += range(start, min(hunk.old_end + REDACTED_AROUND, len(old)))
    pieces = [*new, "", *(old[number] for number in around)]
    shown = redact("\n".join(pieces)).split("\n")
    if len(shown) != len(pieces):
        # Redaction keeps lines; should it ever not, each line is shown as it may be shown alone.
        shown = [redact(piece) for piece in pieces]
    return dict(zip(around, shown[len(new) + 1 :], strict=True)), shown[: len(new)]


def _written(hunks: Sequence[Hunk], old: Mapping[int, str], new: Sequence[str]) -> Iterator[str]:
    for hunk in hunks:
        # Lines around a hunk are equal on both sides.
        lead = new[max(0, hunk.new_start - CONTEXT) : hunk.new_start]
        trail = new[hunk.new_end : hunk.new_end + CONTEXT]
        around = len(lead) + len(trail)
        was = hunk.old_end - hunk.old_start + around
        now = hunk.new_end - hunk.new_start + around
        # Of no lines at all, the line before them is named.
        yield f"@@ -{hunk.old_start - len(lead) + bool(was)},{was} +{hunk.new_start - len(lead) + bool(now)},{now} @@"
        yield from (f" {line}" for line in lead)
        yield from (f"-{old[number]}" for number in range(hunk.old_start, hunk.old_end))
        yield from (f"+{line}" for line in new[hunk.new_start : hunk.new_end])
        yield from (f" {line}" for line in trail)
