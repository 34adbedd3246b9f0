"""A person's word on who wrote some lines, and where those lines stand now.

A mark holds for lines, not for numbers: it follows them when they move, and a line that was changed is no longer what
the person spoke of. Of two marks on one line the later counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Literal

from pytest_llmlearn.domain.provenance import Provenance

MarkType = Literal["human", "ai", "withdrawn"]
CONTEXT = 3
"""Lines kept above and below the marked ones, to tell equal blocks apart."""
DIGEST_BYTES = 4
CERTAIN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Whose the lines `start` to `end` (from 1, both included) of the file at `path` were at `time`.

    `lines` are the hashes of those lines, `before` and `after` of up to `CONTEXT` lines around them. A `withdrawn` mark
    takes the earlier ones on its lines back, and with `end` 0 all those of its file. `time` is aware, `by` who said it.
    """

    path: str
    type: MarkType
    start: int = 1
    end: int = 0
    lines: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    model: str | None = None
    time: datetime
    by: str | None = None

    @property
    def provenance(self) -> Provenance | None:
        """What the mark says of each of its lines; None where it takes others back."""
        if self.type == "withdrawn":
            return None
        said = f"marked by {self.by}" if self.by else "marked by a person"
        return Provenance(
            type=self.type, model=self.model, confidence=CERTAIN, evidence=f"{said} on {self.time:%Y-%m-%d}"
        )


def hashes(lines: Sequence[str]) -> tuple[str, ...]:
    """One short hash for each line. Indentation is left out: code that was moved into a block is the same code."""
    return tuple(
        blake2b(line.strip().encode("utf-8", "replace"), digest_size=DIGEST_BYTES).hexdigest() for line in lines
    )


_BLANK = hashes([""])[0]


def mark(
    path: str,
    lines: Sequence[str],
    span: tuple[int, int],
    type: MarkType,
    *,
    time: datetime,
    model: str | None = None,
    by: str | None = None,
) -> Mark:
    """A mark on the lines `span` (from 1, both included) of a file with these `lines`."""
    start, end = span
    return Mark(
        path=path,
        type=type,
        start=start,
        end=end,
        lines=hashes(lines[start - 1 : end]),
        before=hashes(lines[max(start - 1 - CONTEXT, 0) : start - 1]),
        after=hashes(lines[end : end + CONTEXT]),
        model=model,
        time=time,
        by=by,
    )


def applied(marks: Iterable[Mark], lines: Sequence[str]) -> list[Provenance | None]:
    """What the marks of one file say of each of its present lines; None where they say nothing."""
    now = hashes(lines)
    said: list[Provenance | None] = [None] * len(now)
    for entry in sorted(marks, key=lambda entry: entry.time):  # stable: of one moment, the later written counts
        answer = entry.provenance
        everywhere = entry.type == "withdrawn" and not entry.end
        for index in range(len(now)) if everywhere else located(entry, now):
            said[index] = answer
    return said


def located(entry: Mark, now: Sequence[str]) -> Sequence[int]:
    """Which of the present lines (indexes, from 0) the mark holds for, given their hashes.

    The whole block where it stands in the text, at the place with the most of its surroundings and then the nearest to
    the old one; else those of its lines that are left.
    """
    if not entry.lines:
        return ()
    places = _places(entry.lines, now)
    if places:
        best = max(places, key=lambda place: (_alike(entry, now, place), -abs(place - (entry.start - 1))))
        return range(best, best + len(entry.lines))
    return _left(entry, now)


def _places(block: tuple[str, ...], now: Sequence[str]) -> list[int]:
    """Where the whole block stands. Blank lines alone are anywhere, and so nowhere."""
    size = len(block)
    positions: dict[str, list[int]] = {line: [] for line in block if line != _BLANK}
    for index, line in enumerate(now):
        if line in positions:
            positions[line].append(index)
    if not positions:
        return []
    rarest = min(positions, key=lambda line: len(positions[line]))
    offset = block.index(rarest)
    starts = (index - offset for index in positions[rarest])
    return [start for start in starts if start >= 0 and tuple(now[start : start + size]) == block]


def _alike(entry: Mark, now: Sequence[str], place: int) -> int:
    """How many of the lines next to the block are as they were."""
    above = zip(reversed(entry.before), reversed(now[max(place - CONTEXT, 0) : place]), strict=False)
    end = place + len(entry.lines)
    below = zip(entry.after, now[end : end + CONTEXT], strict=False)
    return sum(old == new for pairs in (above, below) for old, new in pairs)


def _left(entry: Mark, now: Sequence[str]) -> list[int]:
    """The lines of the block that are left, in their order.

    A run of equal lines counts if one of them stands only once in the text, or if it lies between two runs that count:
    an `else:` somewhere else is no trace of the block.
    """
    from difflib import SequenceMatcher  # not needed where the marked code is as it was

    old = (*entry.before, *entry.lines, *entry.after)
    # A block that reached to the file's ends needs to be compared only between the ends that are as they were.
    head = _common(old, now) if entry.start - len(entry.before) == 1 else 0
    tail = _common(old[head:][::-1], now[head:][::-1]) if len(entry.after) < CONTEXT else 0
    # Blank lines and popular ones (`autojunk`) match only beside others, which keeps long files quick, too.
    middle = SequenceMatcher(_BLANK.__eq__, old[head : len(old) - tail], now[head : len(now) - tail])
    runs = [(0, 0, head)] if head else []
    runs += [(run.a + head, run.b + head, run.size) for run in middle.get_matching_blocks() if run.size]
    runs += [(len(old) - tail, len(now) - tail, tail)] if tail else []
    times: dict[str, int] = {}
    for line in now:
        times[line] = times.get(line, 0) + 1
    sure = [any(times[line] == 1 for line in old[a : a + size]) for a, _, size in runs]
    if not any(sure):
        return []
    first, last = sure.index(True), len(sure) - 1 - sure[::-1].index(True)
    start, end = len(entry.before), len(entry.before) + len(entry.lines)
    return [b + step for a, b, size in runs[first : last + 1] for step in range(size) if start <= a + step < end]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        count += 1
    return count
