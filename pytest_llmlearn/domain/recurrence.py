"""How often a mistake was made independently: by other code in another place or at another time.

One editing loop that fails ten times over is one recurrence. The order in which occurrences come does not matter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ONE_SITTING = timedelta(hours=1)
"""Runs of unknown session that are at most so far apart are of one session."""
_Span = tuple[datetime, datetime]
_Place = tuple[str, str]
"""A unit, and a session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One occurrence as far as independence goes.

    `unit` is the culprit, `code` a digest of its code as it was. `session` is None where no session is known; `run`
    is then the run, of which all occurrences are of one session. `time` is aware, UTC.
    """

    unit: str
    code: str
    time: datetime
    session: str | None = None
    run: str | None = None


def independent(occurrences: Iterable[Seen], at_most: int | None = None) -> int:
    """The size of the largest set of occurrences of which each two are independent; `at_most` stops counting there.

    Two are independent if their code differs and they are of different units or different sessions. Such a set takes
    every code once and every (unit, session) once: it is a maximum matching of codes with these, which is found by
    augmenting paths (C. Berge, Proc. Nat. Acad. Sci. 43, 1957, 842-844).
    """
    known = list(occurrences)
    sessions = _sessions(known)
    places: dict[str, dict[_Place, None]] = {}
    for seen, session in zip(known, sessions, strict=True):
        places.setdefault(seen.code, {})[seen.unit, session] = None
    matched: dict[_Place, str] = {}
    holds: dict[str, _Place] = {}
    for code in places:
        if at_most is not None and len(matched) >= at_most:
            break
        _place(code, places, matched, holds)
    return len(matched)


def _place(
    code: str, places: Mapping[str, Iterable[_Place]], matched: dict[_Place, str], holds: dict[str, _Place]
) -> None:
    """Give this code a place of its own, moving others to theirs where need be; nothing where there is none.

    `matched` says who is in a place, `holds` in which place one is.
    """
    # Breadth first and without recursion: the chain of moves may be as long as there are codes.
    reached: dict[_Place, str] = {}
    waiting = deque([code])
    while waiting:
        mover = waiting.popleft()
        for place in places[mover]:
            if place in reached:
                continue
            reached[place] = mover
            holder = matched.get(place)
            if holder is not None:
                waiting.append(holder)
                continue
            free: _Place | None = place
            while free is not None:
                mover = reached[free]
                left = holds.get(mover)
                matched[free], holds[mover] = mover, free
                free = left
            return


def _sessions(known: Sequence[Seen]) -> list[str]:
    """A name of its session for each: the known one, or that of the sitting it was in.

    A sitting is a chain of runs of unknown session, each within an hour of the next. Where one of a known session is
    as near, the sitting is taken for part of it: somebody ran the tests by hand beside an assistant.
    """
    times: dict[str, list[datetime]] = {}
    for seen in known:
        if seen.session is None:
            times.setdefault(_run(seen), []).append(seen.time)
    spans = {run: (min(moments), max(moments)) for run, moments in times.items()}
    named = sorted((seen.time, seen.session) for seen in known if seen.session is not None)
    names: dict[str, str] = {}
    for number, sitting in enumerate(_sittings(spans)):
        near = min((found for run in sitting if (found := _nearest(spans[run], named))), default=None)
        for run in sitting:
            names[run] = f"session {near[2]}" if near is not None else f"sitting {number}"
    return [f"session {seen.session}" if seen.session is not None else names[_run(seen)] for seen in known]


def _run(seen: Seen) -> str:
    # Of two occurrences without a run only the time can tell.
    return f"run {seen.run}" if seen.run is not None else f"time {seen.time.timestamp()!r}"


def _nearest(span: _Span, named: Sequence[tuple[datetime, str]]) -> tuple[timedelta, datetime, str] | None:
    """How far the nearest run of a known session is from the span, when it was and whose; None beyond an hour."""
    after = bisect_left(named, (span[0], ""))
    near = [
        (max(span[0] - time, time - span[1], timedelta(0)), time, session)
        for time, session in named[max(after - 1, 0) : after + 1]
    ]
    return min((found for found in near if found[0] <= ONE_SITTING), default=None)


def _sittings(spans: Mapping[str, _Span]) -> list[list[str]]:
    sittings: list[list[str]] = []
    last: datetime | None = None
    for run in sorted(spans, key=lambda run: (*spans[run], run)):
        first, end = spans[run]
        if last is not None and first - last <= ONE_SITTING:
            sittings[-1].append(run)
            last = max(last, end)
        else:
            sittings.append([run])
            last = end
    return sittings
