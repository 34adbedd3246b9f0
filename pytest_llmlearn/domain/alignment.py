"""Which step of one outline has become which of another.

The pairs are those that leave the fewest steps inserted, removed and changed; equal steps are paired where they stand
alike. Invariant: indices of both sides rise from pair to pair, and every step is in exactly one pair.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pytest_llmlearn.domain.outline import LINE, Step

CELLS = 6_000
"""Pairs of steps that are weighed against one another at most; beyond, only what is equal is paired first."""
_ALIKE = 0.25
"""Share of common tokens from which two statements of different kinds may be one that was changed."""
_COMPOUND = frozenset({
    "For", "AsyncFor", "While", "If", "With", "AsyncWith", "Try", "TryStar", "Match", "FunctionDef", "AsyncFunctionDef",
    "ClassDef", "handlers", "cases", "orelse", "finalbody", "Decorator",
})  # fmt: skip
_SAME_FAMILY = (
    frozenset({"For", "AsyncFor", "While"}),
    frozenset({"With", "AsyncWith"}),
    frozenset({"Try", "TryStar"}),
    frozenset({"FunctionDef", "AsyncFunctionDef"}),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A step of the red code with the one it became, by index; None where it was inserted or removed.

    `same` where nothing about it changed: neither its code nor what it stands in.
    """

    red: int | None
    green: int | None
    same: bool


def least_changed(red: Sequence[Step], green: Sequence[Step]) -> int:
    """A number that the changed steps cannot be fewer than, in linear time."""
    before = Counter(step.key for step in red if step.counted)
    after = Counter(step.key for step in green if step.counted)
    return max((before - after).total(), (after - before).total())


def align(red: Sequence[Step], green: Sequence[Step]) -> tuple[Pair, ...]:
    """The pairs in order; removed steps stand before those inserted at the same place."""
    head = 0
    shorter = min(len(red), len(green))
    while head < shorter and _stands_alike(red[head], green[head]):
        head += 1
    tail = 0
    while tail < shorter - head and _stands_alike(red[-1 - tail], green[-1 - tail]):
        tail += 1
    end_red, end_green = len(red) - tail, len(green) - tail
    found: list[tuple[int | None, int | None]] = [(index, index) for index in range(head)]
    found += _between(red, green, (head, end_red), (head, end_green))
    found += [(end_red + index, end_green + index) for index in range(tail)]
    return _placed(red, green, found)


def _stands_alike(red: Step, green: Step) -> bool:
    return red.key == green.key and red.depth == green.depth and red.branch == green.branch


_Places = list[tuple[int | None, int | None]]


def _between(red: Sequence[Step], green: Sequence[Step], left: tuple[int, int], right: tuple[int, int]) -> _Places:
    """Pairs what is unique on both sides and in order first: what lies between two of these is little."""
    found: _Places = []
    (at_red, end_red), (at_green, end_green) = left, right
    for old, new in _anchors(red, green, left, right):
        found += _apart(red, green, (at_red, old), (at_green, new))
        found.append((old, new))
        at_red, at_green = old + 1, new + 1
    return found + _apart(red, green, (at_red, end_red), (at_green, end_green))


def _anchors(
    red: Sequence[Step], green: Sequence[Step], left: tuple[int, int], right: tuple[int, int]
) -> list[tuple[int, int]]:
    """The longest rising row of steps whose key either side has once."""
    before = Counter(red[index].key for index in range(*left))
    after = Counter(green[index].key for index in range(*right))
    at = {green[index].key: index for index in range(*right)}
    pairs = [(index, at[key]) for index in range(*left) if before[key := red[index].key] == 1 and after.get(key) == 1]
    # Patience sorting: the top of each pile, and what lay on the pile to its left when a pair was put down.
    tops: list[int] = []
    piles: list[int] = []
    below: list[int] = []
    for position, (_, new) in enumerate(pairs):
        pile = bisect_left(tops, new)
        below.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [new]
        piles[pile : pile + 1] = [position]
    rising: list[tuple[int, int]] = []
    position = piles[-1] if piles else -1
    while position >= 0:
        rising.append(pairs[position])
        position = below[position]
    rising.reverse()
    return rising


def _apart(red: Sequence[Step], green: Sequence[Step], left: tuple[int, int], right: tuple[int, int]) -> _Places:
    (from_red, to_red), (from_green, to_green) = left, right
    if from_red == to_red or from_green == to_green or (to_red - from_red) * (to_green - from_green) <= CELLS:
        return _weighed(red, green, left, right)
    before = [step.key for step in red[from_red:to_red]]
    after = [step.key for step in green[from_green:to_green]]
    found: _Places = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        a, b, c, d = a + from_red, b + from_red, c + from_green, d + from_green
        if tag == "equal":
            found += zip(range(a, b), range(c, d), strict=True)
        elif (b - a) * (d - c) <= CELLS // 4:
            found += _weighed(red, green, (a, b), (c, d))
        else:
            found += [(index, None) for index in range(a, b)]
            found += [(None, index) for index in range(c, d)]
    return found


def _weighed(red: Sequence[Step], green: Sequence[Step], left: tuple[int, int], right: tuple[int, int]) -> _Places:
    """The cheapest way from one to the other, by dynamic programming over all pairs."""
    olds, news = red[left[0] : left[1]], green[right[0] : right[1]]
    if not olds or not news:
        gone: _Places = [(index, None) for index in range(*left)]
        return gone + [(None, index) for index in range(*right)]
    removing = [_gap(step) for step in olds]
    inserting = [_gap(step) for step in news]
    row = [0.0]
    for weight in inserting:
        row.append(row[-1] + weight)
    rows = [row]
    moves: list[list[int]] = []
    for old, removal in zip(olds, removing, strict=True):
        above, row = row, [row[0] + removal]
        ways = []
        for column, new in enumerate(news):
            best, way = above[column + 1] + removal, 0
            inserted = row[column] + inserting[column]
            if inserted < best:
                best, way = inserted, 1
            if above[column] < best:
                paired = above[column] + _change(old, new)
                if paired <= best:
                    best, way = paired, 2
            row.append(best)
            ways.append(way)
        rows.append(row)
        moves.append(ways)
    found: _Places = []
    i, j = len(olds), len(news)
    while i or j:
        way = 1 if not i else 0 if not j else moves[i - 1][j - 1]
        i -= way != 1
        j -= way != 0
        found.append((left[0] + i if way != 1 else None, right[0] + j if way != 0 else None))
    found.reverse()
    return found


def _gap(step: Step) -> float:
    return 1.0 if step.counted else 0.05


def _change(red: Step, green: Step) -> float:
    """What it costs that one has become the other: nothing where they are equal, else below two gaps, or too much."""
    if red.key == green.key:
        return 0.0 if red.depth == green.depth and red.branch == green.branch else 0.1
    if red.counted != green.counted:
        return 3.0
    kinds = red.kind, green.kind
    if red.kind != green.kind:
        compound = red.kind in _COMPOUND, green.kind in _COMPOUND
        if any(compound) and not any(red.kind in family and green.kind in family for family in _SAME_FAMILY):
            return 3.0
    common = len(red.tokens & green.tokens)
    alike = common / (len(red.tokens) + len(green.tokens) - common or 1)
    if alike < _ALIKE and (kinds[0] != kinds[1] or kinds[0] == LINE):
        return 3.0
    return 1.9 - 0.9 * alike


def _placed(red: Sequence[Step], green: Sequence[Step], found: _Places) -> tuple[Pair, ...]:
    """With each pair whether it is the same: equal code in another block is not, but in a new `if` it is."""
    became = {old: new for old, new in found if old is not None and new is not None}
    kept = set(became.values())
    pairs = []
    for old, new in found:
        same = False
        if old is not None and new is not None and red[old].key == green[new].key:
            above, block = _block_of(red, old, became.keys())
            below, other = _block_of(green, new, kept)
            same = block == other and (became[above] if above >= 0 else -1) == below
        pairs.append(Pair(old, new, same))
    return tuple(pairs)


def _block_of(steps: Sequence[Step], index: int, known: Container[int]) -> tuple[int, str]:
    """The nearest head above that exists on both sides, and the block of it that the step is in."""
    step = steps[index]
    while step.parent >= 0 and step.parent not in known:
        step = steps[step.parent]
    return step.parent, step.branch if step.parent >= 0 else ""
