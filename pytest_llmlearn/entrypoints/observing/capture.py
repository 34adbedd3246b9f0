"""A live exception, as an occurrence in builtins: its class, message, frames, facts, and what it is linked to.

Bounded whatever it is given, linear in the length of the traceback, and it never keeps the value of a variable.
The result is in the shape of `Occurrence.to_dict`, built directly: `dataclasses.asdict` costs more than all the rest.
"""

from __future__ import annotations

import linecache
import types
from collections.abc import Sequence
from typing import Any

from pytest_llmlearn.domain.occurrence import (
    FRAME_LIMIT,
    LINK_LIMIT,
    LINKED_MESSAGE_LIMIT,
    MESSAGE_LIMIT,
    OUTER_FRAMES,
    STATEMENT_LIMIT,
    is_inside,
)
from pytest_llmlearn.entrypoints.observing import look
from pytest_llmlearn.entrypoints.observing.facts import Facts
from pytest_llmlearn.entrypoints.observing.places import Places
from pytest_llmlearn.entrypoints.observing.text import clean, one_line, spoken

FUNCTION_LIMIT = 120
_LINKED_FRAMES = 6
_MRO_LIMIT = 12
_TEST_FRAMES = 6

Level = tuple[types.FrameType, int]


class Capture:
    """Turns exceptions into builtins, for one project."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self._facts = Facts(places)

    def failure(
        self, error: BaseException, traceback: types.TracebackType | None
    ) -> tuple[dict[str, Any], list[Level]]:
        """The occurrence without its test, and the traceback's levels that are worth a look, outermost first."""
        levels = self._levels(traceback)
        wire = self._said(error, levels, MESSAGE_LIMIT)
        wire["frames"] = [self._frame(level) for level in _kept(levels)]
        links = self._links(error)
        if links:
            wire["linked"] = [link for link, _ in links]
        self._lay(wire, error, levels, links)
        return wire, levels

    def frame(self, filename: str, line: int, function: str) -> dict[str, Any]:
        """One level as an occurrence tells it. Source is read for the project's own files only."""
        statement = linecache.getline(filename, line) if self.places.inside(filename) else ""
        return {
            "path": self.places.told(filename),
            "line": line,
            "function": clean(function)[:FUNCTION_LIMIT],
            "statement": one_line(statement, STATEMENT_LIMIT),
        }

    def test_levels(self, levels: Sequence[Level], test_file: str) -> list[tuple[Level, str]]:
        """The levels that lie in tests, the innermost first, each with its statement: bounded."""
        found: list[tuple[Level, str]] = []
        for level in reversed([*levels[:200], *levels[200:][-200:]]):
            filename = level[0].f_code.co_filename
            if (filename == test_file or _is_test_file(self.places, filename)) and len(found) < _TEST_FRAMES:
                found.append((level, linecache.getline(filename, level[1])))
        return found

    def _frame(self, level: Level) -> dict[str, Any]:
        code = level[0].f_code
        return self.frame(code.co_filename, level[1], code.co_qualname)

    def _levels(self, traceback: types.TracebackType | None) -> list[Level]:
        """The traceback without the runner's frames before and after, nor the import system's between."""
        levels: list[Level] = []
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if not code.co_filename.startswith("<frozen "):
                levels.append((traceback.tb_frame, traceback.tb_lineno or code.co_firstlineno))
            traceback = traceback.tb_next
        places = self.places
        start = next((at for at, (frame, _) in enumerate(levels) if places.inside(frame.f_code.co_filename)), None)
        if start is None:
            names = [frame.f_code.co_filename for frame, _ in levels]
            own = (at for at, name in enumerate(names) if not (places.harness(name) or places.loop(name)))
            start = next(own, len(levels))
        end = len(levels)
        while end > start + 1 and places.harness(levels[end - 1][0].f_code.co_filename):
            end -= 1
        return levels[start:end]

    def _said(self, error: BaseException, levels: Sequence[Level], limit: int) -> dict[str, Any]:
        bases = look.mro(type(error))
        message = spoken(error, limit)
        said: dict[str, Any] = {
            "exception": _class(type(error)),
            "mro": [_class(base) for base in bases if base is not object][:_MRO_LIMIT],
            "message": message,
        }
        facts = self._facts.of(error, message, levels[-1][0] if levels else None)
        if facts:
            said["facts"] = facts
        return said

    def _links(self, error: BaseException) -> list[tuple[dict[str, Any], list[Level]]]:
        """Causes, members and contexts, the nearest first; each exception once."""
        found: list[tuple[dict[str, Any], list[Level]]] = []
        seen, waiting = {id(error)}, [error]
        while waiting and len(found) < LINK_LIMIT:
            for relation, linked in _linked(waiting.pop(0)):
                if id(linked) in seen or len(found) == LINK_LIMIT:
                    continue
                seen.add(id(linked))
                waiting.append(linked)
                levels = self._levels(_attribute(linked, "__traceback__"))
                own = [level for level in levels if self.places.inside(level[0].f_code.co_filename)]
                link = {"relation": relation, **self._said(linked, levels, LINKED_MESSAGE_LIMIT)}
                link["frames"] = [self._frame(level) for level in own[-_LINKED_FRAMES:]]
                found.append((link, own))
        return found

    def _lay(
        self,
        wire: dict[str, Any],
        error: BaseException,
        levels: Sequence[Level],
        links: Sequence[tuple[dict[str, Any], list[Level]]],
    ) -> None:
        """Names the place: that of a syntax error, else the innermost level in the project, the linked ones' last."""
        if issubclass(type(error), SyntaxError):
            filename, line = (SyntaxError.__dict__[key].__get__(error) for key in ("filename", "lineno"))
            if type(filename) is str and type(line) is int and self.places.inside(filename):
                frame = self.frame(filename, line, "<module>")
                text = SyntaxError.__dict__["text"].__get__(error)
                if type(text) is str:
                    frame["statement"] = one_line(text, STATEMENT_LIMIT)
                wire.update(frame)
                # Below it lie the parser's levels at most; the file that does not parse has none of its own.
                inside = [each for each in wire["frames"] if is_inside(each["path"])]
                wire["frames"] = [*inside, frame]
                return
        for candidates in (levels, *(own for _, own in links)):
            for level in reversed(candidates):
                if self.places.inside(level[0].f_code.co_filename):
                    wire.update(self._frame(level))
                    return


def _class(cls: type) -> str:
    return clean(look.class_name(cls))[:FUNCTION_LIMIT]


def _kept(levels: Sequence[Level]) -> list[Level]:
    if len(levels) <= FRAME_LIMIT:
        return list(levels)
    return [*levels[:OUTER_FRAMES], *levels[OUTER_FRAMES - FRAME_LIMIT :]]


def _attribute(error: BaseException, name: str) -> Any:
    """The attribute as `BaseException` holds it, whatever a subclass defines under that name."""
    return BaseException.__dict__[name].__get__(error)


def _linked(error: BaseException) -> list[tuple[str, BaseException]]:
    cause = _attribute(error, "__cause__")
    found: list[tuple[str, BaseException]] = [] if cause is None else [("cause", cause)]
    if issubclass(type(error), BaseExceptionGroup):
        members = BaseExceptionGroup.__dict__["exceptions"].__get__(error)
        found += [("member", member) for member in members[:LINK_LIMIT]]
    context = _attribute(error, "__context__")
    if context is not None and cause is None and not _attribute(error, "__suppress_context__"):
        found.append(("context", context))
    return found


def _is_test_file(places: Places, filename: str) -> bool:
    if not places.inside(filename):
        return False
    folders, _, name = places.told(filename).rpartition("/")
    if name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py"):
        return True
    return any(folder in ("test", "tests") for folder in folders.split("/"))
