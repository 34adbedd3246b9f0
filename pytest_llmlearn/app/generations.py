"""Record generations, tell them, and keep what people say of them.

A new one whose text is known also leaves a trace of the lines that its model wrote, so that they count as its own at
once; an event that is known already changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

from pytest_llmlearn.app.ports import Clock, Coverage, Ledger, TraceLog
from pytest_llmlearn.domain import generation_event, generation_record, hunks
from pytest_llmlearn.domain.agent_trace import trace_line
from pytest_llmlearn.domain.cleaning import clean
from pytest_llmlearn.domain.generation import Generation, Outcome, Way
from pytest_llmlearn.domain.generation_event import Event
from pytest_llmlearn.errors import BadGeneration, UnknownGeneration

WHY_LIMIT = 2_000
"""Characters kept of why a task was taken up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The id of a generation, and whether it was not there before."""

    id: str
    new: bool


class Generations:
    """The use cases for the project at `root`. `awaits` is called when the next run of the tests has one more to judge;
    `keep_code` keeps whole texts of files, redacted as everything is.
    """

    def __init__(
        self,
        root: Path,
        *,
        ledger: Ledger,
        traces: TraceLog,
        redact: Callable[[str], str],
        clock: Clock,
        awaits: Callable[[], None],
        keep_code: bool = False,
    ) -> None:
        self._root = root
        self._ledger = ledger
        self._traces = traces
        self._redact = redact
        self._clock = clock
        self._awaits = awaits
        self._keep_code = keep_code
        self._notices: dict[str, None] = {}

    @property
    def notices(self) -> Sequence[str]:
        """Sentences that a person should read: a clock ahead, a trace that could not be written."""
        return tuple(self._notices)

    def record(self, values: Mapping[str, Any], *, way: Way = "event") -> Recorded:
        """Record one event, by the keys that docs/generations.md lists.

        Raises:
            BadGeneration: a key is unknown, missing or has a value that it cannot have; nothing was recorded.
            StoreError: the ledger cannot be written; nothing was recorded.
        """
        roots = (self._root.as_posix(), self._root.resolve().as_posix())
        event = generation_event.read(_unlinked(values, roots), roots=roots, now=self._clock())
        generation = generation_record.generation(event, way=way, redact=self._redact, keep_code=self._keep_code)
        (new,) = self._ledger.add([generation])
        self._notices.update(dict.fromkeys(event.notices))
        if new:
            self._tell_others(event, generation)
        return Recorded(id=generation.id, new=new)

    def _tell_others(self, event: Event, generation: Generation) -> None:
        try:
            ranges = generation_record.written(event)
            if ranges:
                self._traces.append(_trace(event, generation, ranges))
            self._awaits()
        except OSError as error:
            # The generation is recorded; what is beside it can be told again by who wrote the lines.
            self._notices[f"{generation.path}: the lines' trace was not written ({error.strerror or error})"] = None

    def all(self, *, model: str | None = None, path: str | None = None, limit: int | None = None) -> list[Generation]:
        """Generations, oldest first; with a limit, the latest so many."""
        return self._ledger.generations(model=model, path=path, limit=limit)

    def one(self, prefix: str) -> Generation:
        """The generation whose id is, or begins with, this one.

        Raises:
            UnknownGeneration: none or several do.
        """
        found = self._ledger.generation(prefix) if prefix else []
        if not found and prefix:
            # An id that may be a secret is kept as its digest.
            found = self._ledger.generation(generation_record.identifier(prefix, self._redact))
        if len(found) != 1:
            raise UnknownGeneration(prefix, (generation.id for generation in found))
        return found[0]

    def coverage(self) -> Coverage:
        """How much is known of them."""
        return self._ledger.coverage()

    def rate(self, prefix: str, rating: int | str) -> Generation:
        """Keep a person's rating: 1 to 5, `up` for 5 or `down` for 1; the last one counts.

        Raises:
            BadGeneration: it is none of these.
            UnknownGeneration: no generation is named so, or several are.
        """
        return self._told(self.one(prefix), Outcome(rating=generation_event.rating(rating)))

    def reopen(self, prefix: str, why: str) -> Generation:
        """Keep that a person took the task up again, and why.

        Raises:
            BadGeneration: it is not said why.
            UnknownGeneration: no generation is named so, or several are.
        """
        reason = clean(self._redact(why[: 4 * WHY_LIMIT])).strip()[:WHY_LIMIT]
        if not reason:
            raise BadGeneration("say why the task is taken up again", "why")
        return self._told(self.one(prefix), Outcome(reopened=reason))

    def _told(self, generation: Generation, outcome: Outcome) -> Generation:
        self._ledger.tell({generation.id: outcome})
        return self._ledger.generation(generation.id)[0]


def _unlinked(values: Mapping[str, Any], roots: Sequence[str]) -> Mapping[str, Any]:
    """The event with the path that its links lead to, where only so it is below the root: a folder may have names that
    we were not told."""
    path = values.get("path")
    if not isinstance(path, str) or "\0" in path or not Path(path).is_absolute():
        return values
    if any(path.startswith(f"{root}/") for root in roots):
        return values
    return {**values, "path": Path(path).resolve().as_posix()}


def _trace(event: Event, generation: Generation, ranges: Sequence[tuple[int, int]]) -> str:
    """Of names only what was redacted; of the code, its lines' numbers and hashes."""
    own = {"generation": generation.id, **({"session": generation.session} if generation.session else {})}
    return trace_line(
        # The format asks for a UUID: one that follows from our id.
        id=str(UUID(bytes=blake2b(generation.id.encode("utf-8", "replace"), digest_size=16).digest(), version=5)),
        time=generation.time,
        path=generation.path,
        ranges=ranges,
        lines=hunks.lines(event.after or ""),
        model=generation.model,
        tool=generation.tool,
        own=own,
    )
