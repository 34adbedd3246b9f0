"""Generations that nobody recorded: gathered from what assistants committed, and from traces that they left.

Each is one row however often it is found, by its id. What was told first-hand is not counted again: a commit's change
is left out where something was told of the same file since the commit before, or where another commit left the very
same file, as after a rebase. A change that was undone marks what it undid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from pytest_llmlearn.app.ports import Clock, Ledger, Traces
from pytest_llmlearn.domain.agent_trace import TracedEdit, edits
from pytest_llmlearn.domain.generation import Generation, Outcome
from pytest_llmlearn.domain.generation_record import identifier
from pytest_llmlearn.domain.history import Commit, Logged, Written
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.hookspecs import History

FIRST_COMMITS = 500
FIRST_DAYS = 90
"""How far back a history is read at first: so many commits, or so many days where that is more."""
MOST = 5_000
"""Commits looked at, and generations taken from them, at one time."""
FEW = 50
"""Paths that are asked one by one; of more, the whole ledger is looked through."""

_READ = "git.read"
_TRACED = "traces.read"
_HERE = "pyproject.toml"  # any path at the root: the commit of its repository is asked, not the file
_REVERTS = re.compile(r"\bThis reverts commit ([0-9a-f]{7,64})\b")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What came of it: how many generations were new, and the commits that were not read before.

    Of a history that was read for the first time only the present commit counts as new.
    """

    added: int = 0
    commits: frozenset[str] = frozenset()


class Gatherer:
    """The use case. `wrote` tells which assistant wrote a commit; `redact` makes names fit to be written down."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        history: History,
        wrote: Callable[[Commit], Provenance | None],
        traces: Traces,
        redact: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._wrote = wrote
        self._traces = traces
        self._redact = redact
        self._clock = clock

    def gather(self, *, make: bool = True) -> Gathered:
        """Take in what is new. Without `make`, or with nothing found, nothing is created where no ledger is yet.

        Raises:
            StoreError: the ledger cannot be written.
        """
        added = self._gather_traces()
        read = self._ledger.remembered(_READ)
        head = self._history.heads([_HERE]).get(_HERE)
        if head is None or head == read:
            return Gathered(added=added)
        logged = self._log(read)
        if logged is None:
            return Gathered(added=added)
        found = self._unfolded(logged, [*self._committed(logged)][:MOST])
        if found:
            added += sum(self._ledger.add(list(reversed(found))))  # oldest first, as they came
        undone = dict(self._undone(logged))
        if undone:
            self._ledger.tell(undone)
        if make or found or read is not None:
            self._ledger.remember(_READ, head)
        new = frozenset({head}) if read is None else frozenset(one.commit.id for one in logged)
        return Gathered(added=added, commits=new)

    def _log(self, read: str | None) -> Sequence[Logged] | None:
        if read is not None:
            return self._history.log(read, MOST)
        logged = self._history.log(None, FIRST_COMMITS)
        youngest = self._clock() - timedelta(days=FIRST_DAYS)
        if logged is None or len(logged) < FIRST_COMMITS or logged[-1].commit.time < youngest:
            return logged
        more = self._history.log(None, MOST)
        return more and [one for index, one in enumerate(more) if index < FIRST_COMMITS or one.commit.time >= youngest]

    def _committed(self, logged: Iterable[Logged]) -> Iterator[Generation]:
        for one in logged:
            if not one.files or _REVERTS.search(one.commit.message):
                continue
            author = self._wrote(one.commit)
            if author is not None and author.generated:
                yield from (_of_commit(one.commit, file, author) for file in one.files)

    def _unfolded(self, logged: Sequence[Logged], found: Sequence[Generation]) -> list[Generation]:
        """Those that say something that nobody said yet."""
        if not found:
            return []
        told = self._known({one.path for one in found})
        times: dict[str, list[datetime]] = {}
        for each in logged:
            for file in each.files:
                times.setdefault(file.path, []).append(each.commit.time)
        kept = []
        for one in found:
            earlier = max((time for time in times[one.path] if time < one.time), default=_BEGINNING)
            if not any(_says(other, one, earlier) for other in told.get(one.path, ())):
                kept.append(one)
        return kept

    def _known(self, paths: set[str]) -> Mapping[str, list[Generation]]:
        if len(paths) <= FEW:
            return {path: self._ledger.generations(path=path) for path in paths}
        known: dict[str, list[Generation]] = {}
        for one in self._ledger.generations():
            known.setdefault(one.path, []).append(one)
        return known

    def _gather_traces(self) -> int:
        """Take in what traces tell, without what was told first-hand within a minute of it; how many were new."""
        standing = self._traces.standing()
        if not standing or standing == self._ledger.remembered(_TRACED):
            return 0
        found = [
            _of_trace(edit, edit.time, self._redact)
            for record in self._traces.records()
            for edit in edits(record)
            if edit.time is not None and edit.type in ("ai", "mixed") and edit.path.endswith(".py")
        ]
        found = sorted(found, key=lambda one: one.time)[-MOST:]
        told = self._known({one.path for one in found})
        found = [one for one in found if not any(_is_first_hand(other, one) for other in told.get(one.path, ()))]
        added = sum(self._ledger.add(found))
        if found or self._ledger.remembered(_TRACED) is not None:
            self._ledger.remember(_TRACED, standing)
        return added

    def _undone(self, logged: Iterable[Logged]) -> Iterator[tuple[str, Outcome]]:
        known = [one.commit.id for one in logged]
        for one in logged:
            for prefix in _REVERTS.findall(one.commit.message):
                # In full, as git writes it, or cut by a person; then it has to be among what was read now.
                commits = [prefix] if len(prefix) in (40, 64) else [each for each in known if each.startswith(prefix)]
                for commit in commits:
                    yield from ((generation_id(commit, file.path), Outcome(reverted=True)) for file in one.files)


def generation_id(commit: str, path: str) -> str:
    """The id of what a commit did to a file."""
    content = "\0".join(("git", commit, path)).encode("utf-8", "surrogatepass")
    return f"b2:{blake2b(content, digest_size=12).hexdigest()}"


def _of_trace(edit: TracedEdit, time: datetime, redact: Callable[[str], str]) -> Generation:
    content = "\0".join(("trace", edit.id, edit.path)).encode("utf-8", "surrogatepass")
    return Generation(
        id=f"b2:{blake2b(content, digest_size=12).hexdigest()}",
        time=time,
        path=edit.path,
        session=identifier(edit.session, redact) if edit.session else None,
        model=redact(edit.model) if edit.model else None,
        tool=redact(edit.tool) if edit.tool else None,
        way="trace",
    )


def _is_first_hand(other: Generation, one: Generation) -> bool:
    """Whether the other was told as an event when a trace was left: recorders leave one beside the event."""
    return other.way in ("event", "library") and abs(other.time - one.time) <= timedelta(minutes=1)


def _of_commit(commit: Commit, file: Written, author: Provenance) -> Generation:
    return Generation(
        id=generation_id(commit.id, file.path),
        time=commit.time,
        path=file.path,
        operation=file.operation,
        after=f"git:{file.blob}" if file.blob is not None else None,
        model=author.model,
        tool=author.tool,
        way="git",
        commit=commit.id,
    )


def _says(other: Generation, one: Generation, earlier: datetime) -> bool:
    """Whether the other, known already, tells of the change that a commit found in a history made."""
    if other.way == "git":
        return other.id != one.id and other.after is not None and other.after == one.after
    return earlier < other.time < one.time + timedelta(seconds=1)  # git keeps no smaller parts of one
