"""Judge what was shown: a run of the tests says whether a mistake was made again, or avoided where it could be made.

Only code that was written after the lesson was shown counts. Silence is no success: where no such code was written, or
no test that passed reaches it, or what failed there is of unknown kind, the exposure goes on waiting, and in the end
there was no opportunity. Lessons shown and held back are judged alike: the judge does not know which is which.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from pytest_llmlearn.app import reaching
from pytest_llmlearn.app.attribute import Attribution
from pytest_llmlearn.app.outcomes import Watched
from pytest_llmlearn.app.ports import Seen
from pytest_llmlearn.app.ports.exposures import Awaiting, Exposures, Wrote
from pytest_llmlearn.app.record import Recording
from pytest_llmlearn.domain import source, written
from pytest_llmlearn.domain.culprit import is_test_file
from pytest_llmlearn.domain.effect import Outcome
from pytest_llmlearn.domain.entry import Entry, Run
from pytest_llmlearn.domain.evolution import SURE
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.written import Piece
from pytest_llmlearn.hookspecs import Surroundings

AWAITING = 2_000
"""Exposures looked at in one run, the latest; the others wait for their days to be over."""
_COUNTED = ("generated", "other")
_UNWATCHED = Watched(settled=False)

Place = tuple[str, Piece]
"""A path and a piece of that file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How many exposures the run judged, and how many await another one."""

    judged: int = 0
    awaiting: int = 0


class Judging:
    """The use case. `days` is how long an exposure waits for an opportunity.

    `changed` says when a file was last changed (aware), None where it is not there; `uncommitted` which lines of files
    are in no commit (`hookspecs.History`). `everything` lays failures on all code, whoever wrote it.
    """

    def __init__(
        self,
        exposures: Exposures,
        *,
        surroundings: Surroundings,
        everything: Callable[[], Attribution],
        changed: Callable[[str], datetime | None],
        uncommitted: Callable[[Sequence[str]], Mapping[str, Sequence[bool]]],
        seen: Seen,
        days: float,
    ) -> None:
        self._exposures = exposures
        self._surroundings = surroundings
        self._everything = everything
        self._changed = changed
        self._uncommitted = uncommitted
        self._seen = seen
        self._days = timedelta(days=days)

    def judge(
        self,
        run: Run,
        *,
        passed: Collection[str],
        occurrences: Sequence[Occurrence],
        recording: Recording | None,
        loaded: Collection[str],
        watched: Watched = _UNWATCHED,
    ) -> Judged:
        """Join one run with the exposures that await it.

        `passed` are the ids of the tests that passed, `loaded` the project's own files that its tests loaded, both with
        paths from the root; `recording` is what was recorded of `occurrences`, None where nothing failed. `watched` is
        what the ledger had to say of the run.

        Raises:
            StoreError: what came of them cannot be written.
            OSError: that others await another run cannot be noted.
        """
        awaiting = [one for one in self._exposures.awaiting(AWAITING) if not one.by_scan]
        before = [one for one in awaiting if one.time <= run.started]
        if not awaiting:
            return Judged()
        looking = _Looking(self, before, run, loaded, recording) if before else None
        outcomes = looking.outcomes(passed, occurrences) if looking is not None else {}
        self._exposures.judge(outcomes, run=run.run_id, time=run.finished)
        expired = self._exposures.expire(run.finished - self._days, time=run.finished)
        judged = Judged(judged=len(outcomes), awaiting=max(0, len(awaiting) - len(outcomes) - expired))
        if judged.awaiting and watched.settled and not watched.awaiting:
            # A run like this one says nothing more of them; one of other code or tests may.
            self._seen.saw(loaded, passed, awaiting=True)
        return judged

    def judge_scan(self, run: Run, *, scanned: Collection[str], recording: Recording | None) -> Judged:
        """Join a scan of these files, in which every rule could speak, with the exposures of mistakes that scans find.

        The rule itself is the witness: code written since in which it could have spoken, and did not, avoided it.

        Raises:
            StoreError: what came of them cannot be written.
        """
        awaiting = [one for one in self._exposures.awaiting(AWAITING) if one.by_scan]
        before = [one for one in awaiting if one.time <= run.started]
        if not before:
            return Judged(awaiting=len(awaiting))
        outcomes = _Looking(self, before, run, scanned, recording).scanned()
        self._exposures.judge(outcomes, run=run.run_id, time=run.finished)
        return Judged(judged=len(outcomes), awaiting=len(awaiting) - len(outcomes))

    def expire(self, now: datetime) -> int:
        """Of exposures that waited too long there was no opportunity; how many these were.

        Raises:
            StoreError: it cannot be written.
        """
        return self._exposures.expire(now - self._days, time=now)

    # What one run asks.

    @property
    def exposures(self) -> Exposures:
        return self._exposures

    def text(self, path: str) -> str | None:
        return self._surroundings.text(path)

    def changed(self, path: str) -> datetime | None:
        return self._changed(path)

    def uncommitted(self, path: str) -> Sequence[bool]:
        return self._uncommitted([path]).get(path, ())

    def attribution(self) -> Attribution:
        return self._everything()

    def reached(self, places: Collection[Place], passed: Collection[str]) -> frozenset[Place]:
        """Those of the places that tests which passed reach."""
        wanted = {(path, piece.qualname, piece.is_function) for path, piece in places}
        found = reaching.reached_of(wanted, passed, surroundings=self._surroundings, everything=self._everything())
        return frozenset(place for place in places if (place[0], place[1].qualname, place[1].is_function) in found)


class _Looking:
    """One run, and the exposures that await it."""

    def __init__(
        self,
        world: Judging,
        awaiting: Sequence[Awaiting],
        run: Run,
        loaded: Collection[str],
        recording: Recording | None,
    ) -> None:
        self._world = world
        self._run = run
        self._loaded = loaded
        self._entries = recording.entries if recording is not None else ()
        self._unlaid = recording.unlaid if recording is not None else 0
        self._by_key: dict[str, list[Entry]] = {}
        for entry in self._entries:
            for key in {entry.fingerprint.exact, entry.fingerprint.symbol}:
                self._by_key.setdefault(key, []).append(entry)
        self._digests: dict[str, str | None] = {}
        # Where a file is as it was, nothing was written in it.
        self._awaiting = [one for one in awaiting if one.path is None or self._other_text(one)]
        digests = {one.text_digest for one in self._awaiting if one.text_digest is not None and one.path is not None}
        self._known = world.exposures.pieces(digests) if digests else {}
        self._fresh: dict[tuple[str, str | None], list[Piece]] = {}
        self._wrote: list[tuple[Wrote, list[Place]]] | None = None
        self._told_at: dict[str | None, dict[Place, datetime]] = {}
        self._possible: dict[tuple[str, str], list[Piece]] = {}
        self._changed: dict[str, datetime | None] = {}
        self._new: dict[str, Sequence[bool]] = {}

    def outcomes(self, passed: Collection[str], occurrences: Sequence[Occurrence]) -> dict[int, Outcome]:
        """What the run says of exposures, by their ids; those of which it says nothing are left out."""
        found: dict[int, Outcome] = {}
        open_: list[tuple[Awaiting, list[Place]]] = []
        for one in self._awaiting:
            if self._recurred(one):
                found[one.id] = "recurred"
                continue
            places = [*self._opportunities(one)]
            if places and not self._may_have_recurred(one, places):
                open_.append((one, places))
        if not open_:
            return found
        paths = {path for _, places in open_ for path, _ in places}
        reached = self._world.reached({place for _, places in open_ for place in places}, passed)
        sure, unsure = self._laid(paths, occurrences)
        for one, places in open_:
            if any(place in unsure for place in places):
                continue
            if any(place in sure for place in places):
                found[one.id] = "other-failure"
            elif any(place in reached for place in places):
                found[one.id] = "avoided"
        return found

    def scanned(self) -> dict[int, Outcome]:
        """What a scan says of exposures, by their ids: nothing has to be reached for a rule to see it."""
        found: dict[int, Outcome] = {}
        for one in self._awaiting:
            if self._recurred(one):
                found[one.id] = "recurred"
            elif (places := [*self._opportunities(one)]) and not self._may_have_recurred(one, places):
                found[one.id] = "avoided"
        return found

    # The mistake made again

    def _entries_of(self, one: Awaiting) -> Iterator[Entry]:
        for key in {one.fingerprint, one.symbol_key}:
            yield from self._by_key.get(key, ())

    def _recurred(self, one: Awaiting) -> bool:
        return any(self._is_recurrence(one, entry) for entry in self._entries_of(one))

    def _is_recurrence(self, one: Awaiting, entry: Entry) -> bool:
        """Whether the mistake is in code that was written after the lesson was shown."""
        if entry.flaky or entry.scope not in _COUNTED or entry.path is None:
            return False
        place = self._home(entry)
        if one.path is not None:
            return entry.path == one.path and place is not None and place[1] in self._since(one)
        if place is None:
            return False
        told = self._told(one).get(place)
        if told is not None and told > one.time:
            return True
        changed = self._when_changed(entry.path)
        if changed is None or changed <= one.time:
            return False
        code = (entry.fingerprint.exact, entry.unit, entry.unit_hash)
        first = self._world.exposures.first_failed([code]).get(code)
        return first is None or first >= one.time

    def _may_have_recurred(self, one: Awaiting, places: Sequence[Place]) -> bool:
        """Whether the mistake was seen there, but so that it cannot be called one: now and then, or who knows where."""
        paths = {path for path, _ in places}
        seen = [entry for entry in self._entries_of(one) if entry.scope in _COUNTED and entry.path in paths]
        homes = [self._home(entry) for entry in seen]
        return any(home is None or home in places for home in homes)

    def _home(self, entry: Entry) -> Place | None:
        text = self._world.text(entry.path) if entry.path is not None else None
        piece = written.home(text, entry.function, entry.line) if text else None
        return (entry.path, piece) if entry.path is not None and piece is not None else None

    # Code in which it could have been made

    def _opportunities(self, one: Awaiting) -> Iterator[Place]:
        """Code that was written since, in which the mistake could have been made, and that the tests loaded."""
        if one.path is not None:
            known = set(self._could(one, one.path))
            yield from ((one.path, piece) for piece in self._since(one) if piece in known)
            return
        told = self._told(one)
        if any(time > one.time for time in told.values()):
            for path in {path for path, _ in told}:
                yield from ((path, piece) for piece in self._could(one, path) if _after(told.get((path, piece)), one))
            return
        yield from self._seen_changed(one)

    def _could(self, one: Awaiting, path: str) -> Sequence[Piece]:
        """The pieces of a file that the tests loaded in which the mistake of the exposure's pattern could be made."""
        # A pattern is shown many times, and its exposures differ in what was written since.
        key = one.fingerprint, path
        if key not in self._possible:
            text = self._world.text(path) if path in self._loaded else None
            read = text if text and not is_test_file(path, text) else ""
            self._possible[key] = [piece for piece in written.pieces(read) if _could(one, path, piece, read)]
        return self._possible[key]

    def _other_text(self, one: Awaiting) -> bool:
        if one.path is None:
            return False
        if one.path not in self._digests:
            text = self._world.text(one.path)
            self._digests[one.path] = source.text_digest(text) if text is not None else None
        digest = self._digests[one.path]
        return digest is not None and digest != one.text_digest

    def _since(self, one: Awaiting) -> list[Piece]:
        """The pieces of the exposure's file that were written after it."""
        if one.path is None:
            return []
        key = one.path, one.text_digest
        if key not in self._fresh:
            text = self._world.text(one.path) or ""
            # Of a file that was not there all is new; of one that is known by its digest alone nothing can be told.
            gone = one.text_digest is not None and one.text_digest not in self._known
            known: Collection[str] = self._known.get(one.text_digest or "", ())
            self._fresh[key] = [] if gone else written.written_since(text, known)
        return [piece for piece in self._fresh[key] if one.unit is None or piece.within(one.unit)]

    def _told(self, one: Awaiting) -> Mapping[Place, datetime]:
        """When a model last wrote each piece, in the exposure's session where both are known."""
        if one.session not in self._told_at:
            # The oldest come first, so that the latest time of a piece stays.
            self._told_at[one.session] = {
                place: wrote.time
                for wrote, places in self._writings()
                if one.session is None or wrote.session is None or one.session == wrote.session
                for place in places
            }
        return self._told_at[one.session]

    def _writings(self) -> Sequence[tuple[Wrote, list[Place]]]:
        """What models wrote before the run, since the first exposure that named no file."""
        if self._wrote is None:
            first = min((each.time for each in self._awaiting if each.path is None), default=self._run.started)
            self._wrote = [
                (wrote, [(wrote.path, piece) for piece in _pieces_of(wrote, self._world.text(wrote.path) or "")])
                for wrote in self._world.exposures.wrote(first)
                if wrote.time <= self._run.started
            ]
        return self._wrote

    def _seen_changed(self, one: Awaiting) -> Iterator[Place]:
        """Where no model told what it wrote: lines in no commit, of files that were changed after the exposure."""
        for path in sorted(self._loaded):
            if not _after(self._when_changed(path), one) or not (could := self._could(one, path)):
                continue
            if path not in self._new:
                self._new[path] = self._world.uncommitted(path)
            yield from ((path, piece) for piece in could if any(self._new[path][piece.start - 1 : piece.end]))

    def _when_changed(self, path: str) -> datetime | None:
        if path not in self._changed:
            self._changed[path] = self._world.changed(path)
        return self._changed[path]

    # Other failures

    def _laid(
        self, paths: Collection[str], occurrences: Sequence[Occurrence]
    ) -> tuple[frozenset[Place], frozenset[Place]]:
        """The pieces of these files on which failures of the run were laid: surely, and otherwise."""
        sure: set[Place] = set()
        unsure: set[Place] = set()
        for entry in self._entries:
            if entry.path in paths and entry.scope in _COUNTED:
                place = self._home(entry)
                if place is not None:
                    (sure if entry.chosen_by in SURE and not entry.flaky else unsure).add(place)
        if self._unlaid:
            known = {entry.nodeid for entry in self._entries}
            rest = [one for one in occurrences if one.nodeid not in known]
            for culprit in self._world.attribution().attribute(rest):
                if culprit is not None and culprit.path in paths and not culprit.broken_test:
                    text = self._world.text(culprit.path)
                    piece = written.home(text, culprit.unit.qualname, culprit.line) if text else None
                    if piece is not None:
                        unsure.add((culprit.path, piece))
        return frozenset(sure), frozenset(unsure)


def _could(one: Awaiting, path: str, piece: Piece, text: str) -> bool:
    """Whether the mistake could be made in a piece: by its names, or it is the very unit where it was made."""
    unit = one.pattern_unit.partition(":")[2]
    if unit and path == one.pattern_path and piece.qualname == unit:
        return True
    return written.could_be_made(one.symbols, written.names(text, piece))


def _after(time: datetime | None, one: Awaiting) -> bool:
    return time is not None and time > one.time


def _pieces_of(wrote: Wrote, text: str) -> list[Piece]:
    """The pieces that an operation wrote, as far as it tells: by its unit, its added lines, or as all of a new file."""
    known = written.pieces(text)
    if wrote.hunks is not None:
        added = {line[1:].strip() for line in wrote.hunks.splitlines() if line[:1] == "+" and line[1:].strip()}
        by_line = _by_line(text)
        known = tuple(dict.fromkeys(piece for line in added for piece in by_line.get(line, ())))
    elif wrote.qualname is None and wrote.operation != "create":
        known = ()
    return [piece for piece in known if wrote.qualname is None or piece.within(wrote.qualname)]


@lru_cache(maxsize=256)
def _by_line(text: str) -> Mapping[str, Sequence[Piece]]:
    """In which pieces each line stands: one file is told of by many operations."""
    lines = source.lines_of(text)
    found: dict[str, list[Piece]] = {}
    for piece in written.pieces(text):
        for line in {line.strip() for line in lines[piece.start - 1 : piece.end]}:
            found.setdefault(line, []).append(piece)
    return found
