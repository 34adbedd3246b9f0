"""Which lines of a file, as it is now, the ranges of a trace speak of.

A range's numbers hold at one moment only. Where its text is found by its hash, that is where it is. Else the commit is
sought that brought the edit, and the lines count that history traces back to that commit and those numbers; edits that
no commit holds yet are sought among the uncommitted lines. What fits nowhere says nothing.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pytest_llmlearn.domain.agent_trace import MAX_TEXT, Span, TraceRecord
from pytest_llmlearn.domain.content_hash import ContentHash, Effort, find, stands_at
from pytest_llmlearn.domain.history import Change, Origin
from pytest_llmlearn.domain.provenance import Provenance

UNSURE = 0.45
"""Of a record that itself says unknown: it beats the absence of any sign, and no sign."""
CHANGED = 0.7
"""At most, where a range has a hash and its text is nowhere: somebody went over it."""
CLEARLY_LATER = timedelta(seconds=60)
"""A record younger than this, measured from the commit it names, may have been made together with it."""
SLACK = timedelta(days=1)
"""How much older than a record a commit's time may be, by wrong clocks, and still hold the record's text."""
WORKING_TREE = ""

_DRIVE = re.compile(r"[A-Za-z]:/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One file as it is now. `name` is the path in the commits that a record means: it may have been renamed since.

    `origins` has None for lines that no known commit brought; `uncommitted` all True where there is no repository.
    `changes` are the commits that touched `name`, newest first; `times` those of the commits in `origins`.
    """

    lines: Sequence[str]
    origins: Sequence[Origin | None]
    uncommitted: Sequence[bool]
    name: str = ""
    changes: Sequence[Change] = ()
    times: Mapping[str, datetime] = field(default_factory=dict)
    _brought: dict[str, list[tuple[int, int]]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for number, origin in enumerate(self.origins, 1):
            if origin is not None and origin.path == self.name:
                self._brought.setdefault(origin.commit, []).append((origin.line, number))
        for lines in self._brought.values():
            lines.sort()

    def since(self, time: datetime | None) -> list[bool]:
        """For each line whether it may have come at that time or later, by its commit."""
        if time is None:
            return [True] * len(self.lines)
        early = {commit for commit, at in self.times.items() if at < time - SLACK}
        known = [origin is None or origin.commit not in early for origin in self.origins[: len(self.lines)]]
        return known + [True] * (len(self.lines) - len(known))

    def from_commit(self, span: Span, commit: str) -> list[int]:
        """Lines of today (from 1) that the commit brought within the span's numbers."""
        brought = self._brought.get(commit, ())
        first = bisect_left(brought, (span.start, 0))
        return [number for _, number in brought[first : bisect_left(brought, (span.end + 1, 0))]]

    def not_committed(self, span: Span) -> list[int]:
        """Uncommitted lines (from 1) within the span's numbers as they are."""
        last = min(span.end, len(self.uncommitted))
        return [number for number in range(span.start, last + 1) if self.uncommitted[number - 1]]

    def share(self, spans: Sequence[Span], commit: str) -> float:
        """How much of the spans' lines is from that commit, or uncommitted for `WORKING_TREE`; 0 to 1."""
        total = sum(span.count for span in spans)
        found = sum(
            len(self.not_committed(span) if commit == WORKING_TREE else self.from_commit(span, commit))
            for span in spans
        )
        return found / total if total else 0.0


def commit_of(record: TraceRecord, spans: Sequence[Span], ground: Ground, named: datetime | None = None) -> str:
    """The commit whose lines the record's numbers count; `WORKING_TREE` where no commit holds the edit yet.

    `named` is the time of the commit that the record names, where it is known here. Most recorders name the commit
    before the edit, the specification asks for the one with it. Where the record is hardly younger than a commit that
    touched the file it may be either: then it is the later one if that brought all of the lines, or more of them.
    """
    changes = ground.changes
    if record.revision is not None:
        index = next((at for at, one in enumerate(changes) if one.commit.startswith(record.revision)), None)
        if index is not None:
            own = changes[index]
            after = _child(changes[:index], own.commit) or (changes[index - 1].commit if index else WORKING_TREE)
            if record.time is None or record.time < own.time:
                return own.commit
            if record.time > own.time + CLEARLY_LATER:
                return after
            later = ground.share(spans, after)
            return after if later >= 1 or later > ground.share(spans, own.commit) else own.commit
        if named is not None:
            younger = [one for one in changes if one.time >= named]
            return _first_after(younger, record.revision, named, spans, ground)
    if record.time is None:
        return WORKING_TREE
    since = record.time.replace(microsecond=0)  # as a commit's time is
    return next((one.commit for one in reversed(changes) if one.time >= since), WORKING_TREE)


def _first_after(younger: Sequence[Change], commit: str, time: datetime, spans: Sequence[Span], ground: Ground) -> str:
    """Of commits not older than `commit`, newest first, the first after it."""
    if child := _child(younger, commit):
        return child
    # Of the same second, any may be before it: the one that fits, if one does.
    for one in younger:
        if one.time == time and ground.share(spans, one.commit) >= 1:
            return one.commit
    return next((one.commit for one in reversed(younger) if one.time > time), WORKING_TREE)


def _child(younger: Sequence[Change], commit: str) -> str | None:
    """The oldest that was made right on `commit`."""
    made = (one.commit for one in reversed(younger) if any(parent.startswith(commit) for parent in one.parents))
    return next(made, None)


def lines_of(span: Span, commit: str, ground: Ground) -> list[int]:
    """The lines (from 1) that the span speaks of, by history."""
    return ground.not_committed(span) if commit == WORKING_TREE else ground.from_commit(span, commit)


def located(path: str, folder: str, tops: Sequence[str]) -> str | None:
    """Where a recorded path points: an absolute path with `/`; None where that is below none of `tops`.

    `folder` is what relative paths start from. Backslashes separate too, as recorders on Windows write them. Folders
    are absolute, with `/`.
    """
    if len(path) > MAX_TEXT:
        return None
    path = path.strip().removeprefix("file://").replace("\\", "/")
    if path.startswith("/") and _DRIVE.match(path[1:]):
        path = path[1:]  # file:///C:/…
    if not path or "\0" in path:
        return None
    absolute = path.startswith("/") or _DRIVE.match(path) is not None
    whole = posixpath.normpath(path if absolute else f"{folder}/{path}")
    return whole if any(_is_below(whole, top) for top in tops) else None


def folded(path: str) -> str:
    """An absolute path in the form in which equal ones are the same: Windows does not tell cases apart."""
    return path.lower() if _DRIVE.match(path) else path


def _is_below(path: str, top: str) -> bool:
    return folded(path).startswith(folded(top.rstrip("/") + "/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one record says of one file: `file` and `confidence` are those of the trace file it stands in.

    `named` is the time of the commit that the record names, where that is known here.
    """

    record: TraceRecord
    spans: tuple[Span, ...]
    file: str
    confidence: float
    named: datetime | None = None


Said = tuple[TraceRecord, Provenance, Sequence[int]]


Found = Mapping[tuple[int, int], range]
"""Where texts stand now, by the numbers of their claim and of its span, both from 0."""


def claimed(claims: Sequence[Claim], ground: Ground, hashed: Found) -> Iterator[Said]:
    """What claims say of the lines of their file, each with its record and the lines (from 1).

    `hashed` is what `texts` found; the ground's `changes` are needed where it did not find all.
    """
    for index, claim in enumerate(claims):
        left: list[Span] = []
        for at, span in enumerate(claim.spans):
            here = hashed.get((index, at))
            if here is None:
                left.append(span)
            else:
                yield claim.record, _answer(claim, span), here
        if left:
            commit = commit_of(claim.record, left, ground, claim.named)
            for span in left:
                lines = lines_of(span, commit, ground)
                if lines:
                    yield claim.record, _answer(claim, span, changed=span.hash is not None), lines


def texts(claims: Sequence[Claim], ground: Ground, effort: Effort) -> Found:
    """Where the texts of hashed spans stand now: first all that are at their places, then the newest elsewhere."""
    found: dict[tuple[int, int], range] = {}
    missing: list[tuple[int, int, Claim, ContentHash, Span]] = []
    for index, claim in enumerate(claims):
        for at, span in enumerate(claim.spans):
            if span.hash is not None:
                here = stands_at(span.hash, ground.lines, span.start, span.count, effort)
                if here is not None:
                    found[index, at] = here
                else:
                    missing.append((index, at, claim, span.hash, span))
    for index, at, claim, wanted, span in sorted(missing, key=lambda one: _age(one[2].record), reverse=True):
        if effort.left <= 0:
            break
        possible = ground.since(claim.record.time)
        here = find(wanted, ground.lines, span.start, span.count, effort, possible)
        if here is not None:
            found[index, at] = here
    return found


def _answer(claim: Claim, span: Span, *, changed: bool = False) -> Provenance:
    """What a range says of its lines; `changed`: it has a hash, and its text is not found now."""
    record = claim.record
    when = f", {record.time:%Y-%m-%d}" if record.time is not None else ""
    also = ", text changed since" if changed else ""
    sure = min(claim.confidence, CHANGED) if changed else claim.confidence
    return Provenance(
        type=span.type,
        model=span.model,
        tool=record.tool if span.type in ("ai", "mixed") else None,
        confidence=UNSURE if span.type == "unknown" else sure,
        evidence=f"{claim.file} {record.id[:8]}{when}{also}",
    )


def latest(said: Iterable[Said], length: int) -> list[Provenance | None]:
    """One answer for each of `length` lines: the latest record's, the later in order of equal or unknown times."""
    answers: list[Provenance | None] = [None] * length
    for _, provenance, lines in sorted(said, key=lambda one: _age(one[0])):
        for number in lines:
            if 1 <= number <= length:
                answers[number - 1] = provenance
    return answers


def _age(record: TraceRecord) -> tuple[bool, float]:
    return (False, 0.0) if record.time is None else (True, record.time.timestamp())
