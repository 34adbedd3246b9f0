"""The trend as a drawing: a bar for each week, what was seen before below, what is new on top.

Labels stand beside the drawing and not in it, so that it may be as narrow as a phone; the numbers themselves are in a
table, which is for whoever does not see the drawing, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmlearn.domain.report import Week

HEIGHT = 100
WIDTH = 1000
GAP = 0.28
"""Of the room of a bar."""
WIDEST = 72.0
"""A bar's width at most, of `WIDTH`."""


def scale(most: int) -> int:
    """The end of an axis on which `most` fits: even, and 1, 2, 5 or 10 times a power of ten where it can be."""
    end = 2
    for step in (2, 4, 6, 10):
        end = step
        if most <= step:
            return step
    power = 10
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8, 10):
            end = factor * power
            if most <= end:
                return end
        power *= 10


def trend(weeks: Sequence[Week], title: str) -> str:
    """The SVG element; `title` is fit to stand in it as it is."""
    end = scale(max((week.new + week.again for week in weeks), default=0))
    room = WIDTH / max(len(weeks), 1)
    width = min(room * (1 - GAP), WIDEST)
    pieces = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{title}">',
        *(_line(HEIGHT * part) for part in (0, 0.5, 1)),
    ]
    for number, week in enumerate(weeks):
        left = room * number + (room - width) / 2
        again, new = (HEIGHT * count / end for count in (week.again, week.new))
        if week.again:
            pieces.append(_bar("again", left, HEIGHT - again, width, again))
        if week.new:
            pieces.append(_bar("new", left, HEIGHT - again - new, width, new))
    return "".join([*pieces, "</svg>"])


def _line(y: float) -> str:
    return f'<line class="grid" x1="0" x2="{WIDTH}" y1="{y:g}" y2="{y:g}" vector-effect="non-scaling-stroke"/>'


def _bar(kind: str, x: float, y: float, width: float, height: float) -> str:
    place = f'x="{x:.1f}" y="{y:.2f}" width="{width:.1f}" height="{height:.2f}"'
    return f'<rect class="bar-{kind}" {place} vector-effect="non-scaling-stroke"/>'
