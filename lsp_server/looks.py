"""Looking at documents: what is recognised in each, as it is now.

Invariant: of one document at most one look is under way, and none waits but the one for its latest text. A look that
nobody waits for any more stops.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lsp_server.documents import Document
from lsp_server.session import Session
from pytest_llmlearn.errors import UnknownPattern

if TYPE_CHECKING:
    from pytest_llmlearn.app.watch import Looked
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.domain.lesson import Lesson
    from pytest_llmlearn.domain.matcher import Sighting
    from pytest_llmlearn.domain.pattern import Pattern
    from pytest_llmlearn.domain.tree import Span

LARGEST = 2_000_000
"""Characters of the largest document that is looked at."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One recognised mistake with what is known of it."""

    sighting: Sighting
    pattern: Pattern
    lesson: Lesson


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was recognised in one state of a document: `serial` says which, `lines` are its lines."""

    serial: int
    version: int | None
    path: str
    lines: Sequence[str]
    text: str
    seen: tuple[Seen, ...] = ()


class Outdated(Exception):
    """The document has changed since it was asked for."""


@dataclass(slots=True)
class _Under:
    """A look under way."""

    state: tuple[int, int]
    task: asyncio.Task[Look] = field(init=False)
    stop: threading.Event = field(default_factory=threading.Event)
    waiting: int = 0


class Looks:
    """All looks of one server. `silenced` are fingerprints with path and text of a line where they are not to
    be told, by whichever matcher."""

    def __init__(self) -> None:
        self.silenced: set[tuple[str, str, str]] = set()
        self.begun = 0
        """How many looks were asked of a memory, ever."""
        self._latest: dict[str, tuple[tuple[int, int], Session, Look]] = {}
        self._under: dict[str, _Under] = {}
        self._too_large: set[str] = set()

    async def of(self, document: Document, session: Session, path: str) -> Look:
        """What is recognised in the document now.

        Raises:
            Outdated: it changed meanwhile.
        """
        state = (document.serial, session.round)
        known = self._latest.get(document.uri)
        if known is not None and known[0] == state and known[1] is session:
            return known[2]
        under = self._under.get(document.uri)
        if under is None or under.state != state:
            self.outdate(document.uri)
            under = self._begin(document, session, path, state)
        under.waiting += 1
        try:
            return await asyncio.shield(under.task)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if under.stop.is_set() and (task is None or not task.cancelling()):
                raise Outdated from None  # it was the look that was cancelled, not whoever waits for it
            if under.waiting == 1 and self._under.get(document.uri) is under:
                self.outdate(document.uri)
            raise
        finally:
            under.waiting -= 1

    def latest(self, uri: str) -> Look | None:
        """The last look at that document, which may be of an older state."""
        known = self._latest.get(uri)
        return known[2] if known is not None else None

    def forget(self, uri: str | None = None) -> None:
        """Of one document, or of all."""
        for one in [*self._latest, *self._under] if uri is None else [uri]:
            self._latest.pop(one, None)
            self.outdate(one)

    def outdate(self, uri: str) -> None:
        """What looks at the document now stops: it has changed, or nobody waits for that any more."""
        under = self._under.pop(uri, None)
        if under is not None:
            under.stop.set()
            under.task.cancel()

    def _begin(self, document: Document, session: Session, path: str, state: tuple[int, int]) -> _Under:
        under = _Under(state)
        stop = under.stop
        under.task = asyncio.create_task(self._look(document, session, path, state, stop))
        self._under[document.uri] = under

        def done(task: asyncio.Task[Look]) -> None:
            if self._under.get(document.uri) is under:
                del self._under[document.uri]
            if not task.cancelled() and task.exception() is None and not stop.is_set():
                self._latest[document.uri] = (state, session, task.result())

        under.task.add_done_callback(done)
        return under

    async def _look(
        self, document: Document, session: Session, path: str, state: tuple[int, int], stop: threading.Event
    ) -> Look:
        lines, version = list(document.lines), document.version
        if session.settings.diagnose == "off" or self._is_too_large(document):
            return Look(serial=state[0], version=version, path=path, lines=lines, text="")
        text = document.text
        candidates = session.settings.diagnose == "candidate"
        settled, silenced = document.settled, self.silenced
        self.begun += 1
        seen = await session.ask(
            lambda memory: recognised(
                memory.look(path, text, candidates=candidates, settled=settled, stop=stop.is_set), memory
            ),
            urgent=False,
        )
        shown = tuple(
            one for one in seen if (one.sighting.matcher.fingerprint, path, text_at(lines, _line(one))) not in silenced
        )
        return Look(serial=state[0], version=version, path=path, lines=lines, text=text, seen=shown)

    def _is_too_large(self, document: Document) -> bool:
        if document.size <= LARGEST:
            self._too_large.discard(document.uri)
            return False
        if document.uri not in self._too_large:
            self._too_large.add(document.uri)
            log.warning("%s has more than %d characters and is not looked at", document.uri, LARGEST)
        return True


def text_at(lines: Sequence[str], line: int) -> str:
    """The text of a line (from 1) without its layout; "" outside of the text."""
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def recognised(looked: Looked, memory: Memory) -> tuple[Seen, ...]:
    """What was recognised in a text, in the order of the text, with what the memory knows of it."""
    known: dict[str, tuple[Pattern, Lesson] | None] = {}
    found = []
    for sighting in told_once(sorted(looked.sightings, key=lambda one: one.span)):
        fingerprint = sighting.matcher.fingerprint
        if fingerprint not in known:
            known[fingerprint] = _known(memory, fingerprint)
        of_it = known[fingerprint]
        if of_it is not None:
            found.append(Seen(sighting=sighting, pattern=of_it[0], lesson=of_it[1]))
    return tuple(found)


def told_once(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Without matchers at large where something tells of the very mistake, and each of them but once in a place: what
    they say is the same for all patterns that they were learned from."""
    named = {one.span for one in sightings if not one.matcher.body.get("any")}
    told: set[tuple[Span, str]] = set()
    kept = []
    for one in sightings:
        if one.matcher.body.get("any"):
            if one.span in named or (one.span, one.why) in told:
                continue
            told.add((one.span, one.why))
        kept.append(one)
    return kept


def _known(memory: Memory, fingerprint: str) -> tuple[Pattern, Lesson] | None:
    try:
        return memory.pattern(fingerprint), memory.lesson(fingerprint)
    except UnknownPattern:  # forgotten since the matchers were read
        return None


def _line(one: Seen) -> int:
    return one.sighting.span.line
