"""Which of the changed steps of a unit are shown, and how: five lines of the red code beside five of the green.

Both sides show the same pairs, so that a reader sees what became of what.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pytest_llmlearn.domain.alignment import Pair
from pytest_llmlearn.domain.outline import Step

EXCERPT_LINES = 5
WIDTH = 120
"""Characters of a line; of a longer statement its start and what changed in it are shown."""
ELLIPSIS = "…"
_LEAD = 30
"""Characters of a long statement's start that are always shown."""

Side = Literal["red", "green"]
_SIDES: tuple[Side, ...] = ("red", "green")
_HANGING = frozenset({"handlers", "cases", "orelse", "finalbody"})
Place = list[int]
"""Positions among the pairs, adjoining, all changed."""


class Excerpt:
    """Chooses among the pairs of one comparison and writes them down."""

    def __init__(self, olds: Sequence[Step], news: Sequence[Step], pairs: Sequence[Pair]) -> None:
        self._olds = olds
        self._news = news
        self._pairs = pairs
        self._reds = [pair.red for pair in pairs]
        self._greens = [pair.green for pair in pairs]
        self._at: dict[tuple[Side, int], int] = {}
        for position, pair in enumerate(pairs):
            if pair.red is not None:
                self._at["red", pair.red] = position
            if pair.green is not None:
                self._at["green", pair.green] = position

    def places(self) -> list[Place]:
        """The changed pairs in order; what adjoins is one place. A place of nothing but `else:` lines is none."""
        found: list[Place] = []
        last = -2
        for position, pair in enumerate(self._pairs):
            if pair.same:
                continue
            if position == last + 1:
                found[-1].append(position)
            else:
                found.append([position])
            last = position
        return [place for place in found if any(self._counted(position) for position in place)]

    def choose(self, places: Sequence[Place], culprit: int | None) -> set[int]:
        """The pairs to show: the first place whole with the culprit, else alone, else what fits of it; then others."""
        failing = {culprit} if culprit is not None else set()
        nearest = set(places[0])
        for wanted in (nearest | failing, nearest):
            for anchored in self._anchored(wanted, places[0], culprit):
                if self._fits(anchored):
                    return self._more(anchored, places[1:])
        return self._part(places[0], culprit)

    def _more(self, chosen: set[int], places: Sequence[Place]) -> set[int]:
        """With the enclosing heads that tell what changed, then with the other places that fit whole."""
        for position in sorted(chosen):
            heads = chosen | self._heads(position)
            if (self._moved(position) or self._hangs(position)) and self._fits(heads):
                chosen = heads
        for place in places:
            wanted = chosen | set(place)
            for anchored in self._anchored(wanted, place, None):
                if self._fits(anchored):
                    chosen = anchored
                    break
        return chosen

    def _part(self, place: Place, culprit: int | None) -> set[int]:
        """Of a place that is too long: the culprit, something of both sides, and what stands around them and fits."""
        near = culprit if culprit is not None else place[0]
        order = sorted(place, key=lambda position: (abs(position - near), position))
        around = [position for position in (place[0] - 1, place[-1] + 1) if 0 <= position < len(self._pairs)]
        chosen = {order[0] if culprit is None else culprit}
        for side in _SIDES:
            if not self._has(chosen, side):
                chosen |= {next((position for position in (*order, *around) if self._has((position,), side)), order[0])}
        for position in order:
            if self._fits(chosen | {position}, leave=1):
                chosen.add(position)
        return chosen

    def _anchored(self, wanted: set[int], place: Place, culprit: int | None) -> list[set[int]]:
        """`wanted` with what stands on both sides of it, best first; itself where both sides have something there.

        An insertion has no red code of its own: the statement before or after it says where it belongs.
        """
        near = [position for position in wanted if place[0] - 1 <= position <= place[-1] + 1]
        if all(self._has(near, side) for side in _SIDES):
            return [wanted]
        before, after = place[0] - 1, place[-1] + 1
        anchors = [position for position in (before, after) if 0 <= position < len(self._pairs)]
        anchors = [position for position in anchors if self._pairs[position].same] or anchors
        # A neighbour in the same block says more than the head of the block, the culprit more than both.
        anchors.sort(key=lambda position: (position != culprit, not self._siblings(position, place)))
        return [wanted | {position} for position in anchors] or [wanted]

    def _siblings(self, position: int, place: Place) -> bool:
        step, inside = self._step(position), self._step(place[0] if position < place[0] else place[-1])
        return step.counted and step.depth <= inside.depth and not self._is_head_of(position, place[0])

    def _is_head_of(self, position: int, other: int) -> bool:
        pair, inside = self._pairs[position], self._pairs[other]
        if inside.red is not None:
            return self._olds[inside.red].parent == pair.red
        return inside.green is not None and self._news[inside.green].parent == pair.green

    def _moved(self, position: int) -> bool:
        """Whether the pair is equal code that stands in another block than before."""
        pair = self._pairs[position]
        if pair.same or pair.red is None or pair.green is None:
            return False
        return self._olds[pair.red].key == self._news[pair.green].key

    def _hangs(self, position: int) -> bool:
        """Whether the pair is a new or removed `else:`, `except …:` or the like, which is nothing without its head."""
        pair, step = self._pairs[position], self._step(position)
        one_sided = pair.red is None or pair.green is None
        return one_sided and (step.kind in _HANGING or step.text.startswith("elif "))

    def _heads(self, position: int) -> set[int]:
        """Where the heads of the blocks stand that hold the pair's two sides."""
        pair = self._pairs[position]
        found: set[int] = set()
        if pair.red is not None and not self._is_unit(self._olds, self._olds[pair.red].parent):
            found.add(self._at["red", self._olds[pair.red].parent])
        if pair.green is not None and not self._is_unit(self._news, self._news[pair.green].parent):
            found.add(self._at["green", self._news[pair.green].parent])
        return found

    @staticmethod
    def _is_unit(steps: Sequence[Step], index: int) -> bool:
        return index < 0 or steps[index].is_definition  # the signature tells it

    def _step(self, position: int) -> Step:
        pair = self._pairs[position]
        if pair.red is not None:
            return self._olds[pair.red]
        assert pair.green is not None  # a pair has a side
        return self._news[pair.green]

    def _counted(self, position: int) -> bool:
        return self._step(position).counted

    def _has(self, positions: Iterable[int], side: Side) -> bool:
        steps, of = self._side(side)
        indices = [of[position] for position in positions]
        return any(index is not None and steps[index].counted for index in indices)

    def _side(self, side: Side) -> tuple[Sequence[Step], Sequence[int | None]]:
        return (self._olds, self._reds) if side == "red" else (self._news, self._greens)

    def _fits(self, chosen: set[int], leave: int = 0) -> bool:
        if len(chosen) > 2 * EXCERPT_LINES:  # every pair is a line of one side at least
            return False
        return all(len(self._lines(chosen, side)) <= EXCERPT_LINES - leave for side in _SIDES)

    def text(self, chosen: set[int], side: Side) -> str:
        """The chosen steps of one side as code, `…` where something between them or more of a change is left out."""
        lines = self._lines(chosen, side)
        indent = [line[: len(line) - len(line.lstrip())] for line in lines]
        if len(lines) < EXCERPT_LINES and self._goes_on(max(chosen), 1, side):
            lines.append(f"{indent[-1]}{ELLIPSIS}")
        if len(lines) < EXCERPT_LINES and self._goes_on(min(chosen), -1, side):
            lines.insert(0, f"{indent[0]}{ELLIPSIS}")
        return "\n".join(lines)

    def _goes_on(self, position: int, step: int, side: Side) -> bool:
        """Whether the same place goes on, on this side, beyond its last pair shown."""
        position += step
        while 0 <= position < len(self._pairs) and not self._pairs[position].same:
            if self._has((position,), side):
                return True
            position += step
        return False

    def _lines(self, chosen: set[int], side: Side) -> list[str]:
        steps, of = self._side(side)
        base = min(self._least_depth(chosen, "red"), self._least_depth(chosen, "green"))
        lines: list[str] = []
        last: int | None = None
        for position in sorted(chosen):
            index = of[position]
            if index is None:
                continue
            if last is not None and index > last + 1:
                between = steps[last + 1 : index]
                # A lone `else:` takes no more room than the sign that it was left out.
                shown = between[0].text if len(between) == 1 and not between[0].counted else ELLIPSIS
                lines.append(f"{'    ' * max(0, between[0].depth - base)}{shown}")
            lines.append(f"{'    ' * max(0, steps[index].depth - base)}{self._shown(position, side)}")
            last = index
        return lines

    def _least_depth(self, chosen: set[int], side: Side) -> int:
        steps, of = self._side(side)
        return min((steps[index].depth for position in chosen if (index := of[position]) is not None), default=99)

    def _shown(self, position: int, side: Side) -> str:
        pair = self._pairs[position]
        old = self._olds[pair.red].text if pair.red is not None else ""
        new = self._news[pair.green].text if pair.green is not None else ""
        text, other = (old, new) if side == "red" else (new, old)
        return cut(text, WIDTH, _first_difference(text, other) if other else 0)


def _first_difference(text: str, other: str) -> int:
    for place, (one, two) in enumerate(zip(text, other, strict=False)):
        if one != two:
            return place
    return min(len(text), len(other))


def cut(text: str, width: int, about: int = 0) -> str:
    """`text` in at most `width` characters: its start, and what stands at `about` where that lies further on."""
    text = " ".join(text.split("\n"))
    if len(text) <= width:
        return text
    if about < width - _LEAD:
        return text[: width - 1] + ELLIPSIS
    room = width - _LEAD - 2
    start = min(max(_LEAD, about - room // 2), len(text) - room)
    end = start + room
    return f"{text[:_LEAD]}{ELLIPSIS}{text[start:end]}{ELLIPSIS if end < len(text) else ''}"
