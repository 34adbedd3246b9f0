"""Which test made a coroutine or a task: it may die long after, while another test runs.

Nothing is noted where one is made; all is told when it dies, from where it was made and from the failures before.
Where nothing tells, the test that runs now is taken, unless it plainly cannot be.
"""

from __future__ import annotations

import gc
import re
import sys
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_llmlearn.entrypoints.observing import look
from pytest_llmlearn.entrypoints.observing.text import bounded_nodeid

Origin = Sequence[tuple[str, int, str]]
"""`(file, line, function)`, the innermost first: Python's `cr_origin`."""

_FAILURES = 50
_KEPT = 500
_FRAMES_SEARCHED = 8
_STACK = 200
_COROUTINE = re.compile(r"<coroutine object (\S{1,400}) at 0[xX]([0-9a-fA-F]{1,16})>")
_LEVEL = re.compile(r'^ +File "([^"\n]+)", line (\d+), in (.+)$', re.MULTILINE)


@dataclass(slots=True)
class _Body:
    """The lines of one test function, and the tests that ran it, in that order."""

    start: int
    end: int
    items: list[pytest.Item] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """The test that made something. `item` is None where no test did, as while a module was imported."""

    item: pytest.Item | None

    @property
    def nodeid(self) -> str:
        """The test's id, bounded; empty where there is none."""
        return bounded_nodeid(self.item.nodeid) if self.item is not None else ""


class Makers:
    """Remembers the tests of one process. `test_object(item)` gives the function or method as pytest holds it."""

    def __init__(self, test_object: Callable[[pytest.Item], Any], inside: Callable[[str], bool]) -> None:
        self._test_object = test_object
        self._inside = inside
        self._begun: deque[pytest.Item] = deque()
        self._bodies: dict[str, dict[types.CodeType, _Body]] = {}
        self._blamed: set[tuple[str, str, tuple[str, int]]] = set()
        self._kept: dict[int, tuple[str, pytest.Item]] = {}
        self._failures: deque[tuple[pytest.Item, Mapping[str, Any]]] = deque(maxlen=_FAILURES)
        self._collecting = False

    def start(self) -> None:
        """Begin to note whether Python collects garbage."""
        gc.callbacks.append(self._garbage)

    def stop(self) -> None:
        """Put back what was there, and let go of the tests."""
        if self._garbage in gc.callbacks:
            gc.callbacks.remove(self._garbage)
        self._begun.clear()
        for known in (self._bodies, self._kept, self._failures, self._blamed):
            known.clear()

    def began(self, item: pytest.Item) -> None:
        """The test was set up. The one thing that is done for every test."""
        self._begun.append(item)

    def failed(self, item: pytest.Item, wire: dict[str, Any], levels: Sequence[tuple[types.FrameType, int]]) -> None:
        """The test failed, or failed as expected: its traceback may keep coroutines until after its end."""
        texts = [wire["message"], *(link["message"] for link in wire.get("linked", ()))]
        if not any("coroutine" in text for text in texts):
            return
        self._failures.append((item, wire))
        for name, address in (found for text in texts for found in _COROUTINE.findall(text)):
            self._keep(int(address, 16), name, item)
        own = [frame for frame, _ in levels if self._inside(frame.f_code.co_filename)]
        for frame in own[-_FRAMES_SEARCHED:]:
            for value in frame.f_locals.values():
                if type(value) is types.CoroutineType:
                    self._keep(id(value), value.__qualname__, item)

    def of_coroutine(self, name: str, origin: Origin, address: int, running: str) -> Maker | None:
        """Who made a coroutine that dies now. None: the test `running`, as far as can be told."""
        kept = self._kept.pop(address, None)
        if kept is not None and kept[0] == name:
            return Maker(item=kept[1])
        own = [level for level in origin if self._inside(level[0])]
        item = self._by_body(name, [level[:2] for level in own], running)
        if item is not None:
            return Maker(item=item)
        if not own or not running or _on_stack(own):
            return None
        if own[0][2] == "<module>":
            return Maker(item=None)
        item = self._by_failure(name, own)
        return Maker(item=item) if item is not None and bounded_nodeid(item.nodeid) != running else None

    def of_complaint(self, message: str, traceback: types.TracebackType | None, running: str) -> Maker | None:
        """Whose task asyncio complains of, to be asked in its log call. As `of_coroutine`.

        Where garbage is being collected, and nothing tells whose the task is, it is nobody's.
        """
        coroutine = _complained_of()
        places = [(file, int(line)) for file, line, _ in reversed(_LEVEL.findall(message))]
        if coroutine is not None:
            places += [level[:2] for level in coroutine.cr_origin or ()]
            places.append((coroutine.cr_code.co_filename, coroutine.cr_code.co_firstlineno))
        places += [(frame.f_code.co_filename, line) for frame, line in _walk(traceback)]
        item = self._by_body("", [place for place in places if self._inside(place[0])], running)
        if item is not None:
            return Maker(item=item)
        return Maker(item=None) if self._collecting else None

    def _keep(self, address: int, name: str, item: pytest.Item) -> None:
        if len(self._kept) < _KEPT:
            self._kept[address] = (name, item)

    def _by_body(self, name: str, places: Iterable[tuple[str, int]], running: str) -> pytest.Item | None:
        """The test whose function holds one of the places; of several with one function, the likeliest."""
        self._read_begun()
        for file, line in places:
            for body in self._bodies.get(file, {}).values():
                if body.start <= line <= body.end:
                    return self._one_of(body.items, name, (file, line), running)
        return None

    def _one_of(self, items: Sequence[pytest.Item], name: str, place: tuple[str, int], running: str) -> pytest.Item:
        ids = [bounded_nodeid(item.nodeid) for item in items]
        if running in ids:
            return items[ids.index(running)]
        # Each case of a parametrised test makes its own: the last one's dies first to be told, then those before.
        for item, nodeid in zip(reversed(items), reversed(ids), strict=True):
            if (nodeid, name, place) not in self._blamed:
                self._blamed.add((nodeid, name, place))
                return item
        return items[-1]

    def _read_begun(self) -> None:
        # One at a time off the queue: a coroutine may die in here, and ask again.
        while self._begun:
            item = self._begun.popleft()
            function = look.function_of(self._test_object(item))
            if function is None:
                continue
            code = function.__code__
            bodies = self._bodies.setdefault(code.co_filename, {})
            body = bodies.get(code)
            if body is None:
                body = bodies[code] = _Body(code.co_firstlineno, max(_lines(code)))
            if not body.items or body.items[-1] is not item:  # run again, it is the same test
                body.items.append(item)

    def _by_failure(self, name: str, own: Origin) -> pytest.Item | None:
        """The last test that failed on such a coroutine, in the function that made this one."""
        spoken, functions = name.rpartition(".")[2], {function for _, _, function in own}
        for item, wire in [*self._failures][::-1]:
            said = wire["message"] + "".join(frame["statement"] for frame in wire["frames"])
            if spoken in said and any(_is_at(frame, functions, own) for frame in wire["frames"]):
                return item
        return None

    def _garbage(self, phase: str, info: dict[str, int]) -> None:
        self._collecting = phase == "start"


def _is_at(frame: Mapping[str, str], functions: set[str], own: Origin) -> bool:
    if frame["function"].rpartition(".")[2] not in functions:
        return False
    return any(file.replace("\\", "/").endswith(f"/{frame['path']}") for file, _, _ in own)


def _lines(code: types.CodeType) -> Iterator[int]:
    """Lines of the code and of what is defined in it."""
    yield code.co_firstlineno
    yield from (line for _, _, line in code.co_lines() if line is not None)
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            yield from _lines(constant)


def _on_stack(own: Origin) -> bool:
    """Whether what made it is still running."""
    makers = {(file, function) for file, _, function in own}
    frame: types.FrameType | None = sys._getframe()
    for _ in range(_STACK):
        if frame is None:
            return False
        if (frame.f_code.co_filename, frame.f_code.co_name) in makers:
            return True
        frame = frame.f_back
    return False


def _complained_of() -> types.CoroutineType[Any, Any, Any] | None:
    """The coroutine of the task that a loop's exception handler, below us on the stack, was called for."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_name != "default_exception_handler":
        frame = frame.f_back
    context = frame.f_locals.get("context") if frame is not None else None
    if type(context) is not dict:
        return None
    task = context.get("task") or context.get("future")
    import asyncio  # it complained, so it is loaded; a run without it should not pay for it

    coroutine: object = task.get_coro() if isinstance(task, asyncio.Task) else None
    return coroutine if type(coroutine) is types.CoroutineType else None


def _walk(traceback: types.TracebackType | None) -> list[tuple[types.FrameType, int]]:
    levels: list[tuple[types.FrameType, int]] = []
    while traceback is not None and len(levels) < _STACK:
        levels.append((traceback.tb_frame, traceback.tb_lineno or 0))
        traceback = traceback.tb_next
    return levels
