"""What tells a line of a file from others, however lines move above it.

The algorithm is the one by which GitHub's own upload tells results apart where a report does not (`src/fingerprints.ts`
of github/codeql-action): a hash over the hundred characters that begin with the line, blanks and tabs left out, and
which of the lines with the same hash it is. A report that carries it keeps its alerts, whoever computes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from operator import mul

WINDOW = 100
"""Characters that are hashed: UTF-16 code units."""
_MASK = (1 << 64) - 1
_POWERS = tuple(pow(37, WINDOW - 1 - at, 1 << 64) for at in range(WINDOW))
_END = "\uffff"
"""What stands for the end of the file."""


def line_hashes(text: str, lines: Collection[int]) -> dict[int, str]:
    """`hash:ordinal` of each of these lines, counted from 1; those that the text does not have are left out."""
    units = _units(text)
    wanted = frozenset(lines)
    seen: Counter[str] = Counter()
    found: dict[int, str] = {}
    start = 0
    for number in range(1, max(wanted, default=0) + 1):
        window = units[start : start + WINDOW]
        seen[window] += 1
        if number in wanted:
            found[number] = f"{_hash(window):x}:{seen[window]}"
        end = units.find("\n", start)
        if end < 0:
            break
        start = end + 1
    return found


def _units(text: str) -> str:
    """The characters that count; those beyond the first plane as the two halves by which they are written."""
    kept = text.replace("\r\n", "\n").replace("\r", "\n").translate({ord(" "): None, ord("\t"): None}) + _END
    if kept.isascii() or max(kept) <= _END:
        return kept
    wide = kept.encode("utf-16-le", "surrogatepass")
    return "".join(chr(wide[at] | wide[at + 1] << 8) for at in range(0, len(wide), 2))


def _hash(window: str) -> int:
    """A polynomial in 37 over the whole window; what the file is too short for counts as nothing."""
    return int(sum(map(mul, map(ord, window), _POWERS))) & _MASK
