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
    """The end of an axis on which `most` fits: even, so that its middle is a whole number, and round."""
    small = next((end for end in (2, 4, 6, 8) if most <= end), None)
    if small is not None:
        return small
    power = 1
    while most > 100 * power:
        power *= 10
    return next(part * power for part in (10, 12, 16, 20, 30, 40, 50, 60, 80, 100) if most <= part * power)


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
