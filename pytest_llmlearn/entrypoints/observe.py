"""The observing half of the plug-in: in each process that runs tests, failures become occurrences on their reports.

A report carries builtins only, and nothing here changes an outcome: a fault of ours costs that observation, is noted
once, and travels with the rest. What has no report of its own (a coroutine nobody awaited, an exception lost in a
task) rides on the next report, whichever test's that is, and names the test that made it (see `makers`).

On a report: `llmlearn`, the occurrence of that failure, as `Occurrence.to_dict` gives it; `llmlearn_more`, a dict of
`occurrences` (the same), `coroutines` and `logs` (see `collect`), `modules` (see `observing.modules`), and `faults`
(sentences).
"""

from __future__ import annotations

import logging
import os
import types
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.domain.occurrence import LINKED_MESSAGE_LIMIT, NOTICE_LIMIT
from pytest_llmlearn.entrypoints.observing import look
from pytest_llmlearn.entrypoints.observing.bindings import Scope, bindings, of_frame, of_function
from pytest_llmlearn.entrypoints.observing.capture import Capture, Level
from pytest_llmlearn.entrypoints.observing.coroutines import OriginWatch
from pytest_llmlearn.entrypoints.observing.makers import Maker, Makers
from pytest_llmlearn.entrypoints.observing.modules import Modules
from pytest_llmlearn.entrypoints.observing.places import Places
from pytest_llmlearn.entrypoints.observing.text import bounded, bounded_nodeid, clean, fit

NAME = "llmlearn-observe"
"""The name that the plug-in manager knows an `Observer` by."""

_PENDING_LIMIT = 200
_ORIGIN_FRAMES = 3
_ASYNCIO = "asyncio"
_CURRENT = "PYTEST_CURRENT_TEST"


class Observer:
    """Watches one process. `root` is the project's root; occurrences tell paths relative to it."""

    def __init__(self, config: pytest.Config, root: Path) -> None:
        self._config = config
        self._capture = Capture(Places(root))
        self._modules = Modules(self._capture.places)
        self._pending: dict[str, list[Any]] = {}
        self._told_fault = False
        self._inherited = os.environ.get(_CURRENT)
        self._last: pytest.Item | None = None
        self._origins = OriginWatch(self._coroutine_died)
        self._makers = Makers(_test_object, self._capture.places.inside)
        self._owners: dict[str, pytest.Item] = {}

    def pytest_configure(self) -> None:
        """Begin to watch. Called at once where the plug-in is registered during the configuration."""
        self._origins.start()
        self._makers.start()
        # A filter, not a handler: a logger with a handler no longer prints to standard error by itself.
        logging.getLogger(_ASYNCIO).addFilter(self._asyncio_logged)
        # Later than every `pytest_unconfigure`: pytest collects garbage there, and coroutines die of it.
        self._config.add_cleanup(self.stop)

    def stop(self) -> None:
        """Put back all that was replaced."""
        self._origins.stop()
        self._makers.stop()
        logging.getLogger(_ASYNCIO).removeFilter(self._asyncio_logged)
        self._last = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self._last = item
        if call.when == "setup":
            self._makers.began(item)
        if report.outcome == "failed" or self._pending or (hasattr(report, "wasxfail") and call.excinfo is not None):
            self._test_reported(item, call, report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.outcome == "failed":
            self._collection_failed(collector, report)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        # What dies from here on belongs to no test.
        self._last = None

    @pytest.hookimpl(trylast=True, specname="pytest_sessionfinish")
    def pytest_sessionfinish_hands_over_the_rest(self) -> None:
        """What no report took: a worker sends it with its last message; in one process it is asked for."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output["llmlearn"] = self.leftovers()

    def leftovers(self) -> dict[str, list[Any]]:
        """What was seen since the last report, in the shape of `llmlearn_more`; asked twice, it is not there twice."""
        try:
            self._place()
        except Exception as error:  # what is known without the tests' places is handed over all the same
            self._fault(error)
        pending, self._pending = self._pending, {}
        self._owners = {}
        return pending

    def _test_reported(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        try:
            if report.outcome == "failed":
                # Builtins only: xdist ends the whole session on anything else.
                report.llmlearn = self._failure(item, call, report)  # type: ignore[attr-defined]
            elif call.excinfo is not None and hasattr(report, "wasxfail"):
                self._makers.failed(item, *self._capture.failure(call.excinfo.value, call.excinfo.tb))
        except Exception as error:  # another's test run is not the hostage of our observation
            self._fault(error)
        try:
            if self._pending:
                self._owners[bounded_nodeid(item.nodeid)] = item
                report.llmlearn_more = self.leftovers()  # type: ignore[attr-defined]
        except Exception as error:  # as above
            self._fault(error)

    def _failure(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> dict[str, Any]:
        if call.excinfo is None:
            # No exception: pytest says why in the report itself, as for a strict xfail that passed.
            message = bounded(str(report.longrepr), LINKED_MESSAGE_LIMIT)
            wire: dict[str, Any] = {"exception": "Failed", "mro": ["Failed"], "message": message}
            levels: list[Level] = []
        else:
            wire, levels = self._capture.failure(call.excinfo.value, call.excinfo.tb)
            self._makers.failed(item, wire, levels)
            self._shown(call.excinfo.value, wire, levels)
        wire["nodeid"] = bounded_nodeid(item.nodeid)
        wire["when"] = call.when
        wire.update(self._test(item, levels))
        return fit(wire)

    def _collection_failed(self, collector: pytest.Collector, report: pytest.CollectReport) -> None:
        try:
            excinfo = report.call.excinfo
            error, traceback = excinfo.value, excinfo.tb
            # pytest wraps what a test module or a conftest.py raised, to word it for people.
            if type(error).__name__ in ("CollectError", "ConftestImportFailure") and error.__cause__ is not None:
                error = error.__cause__
                traceback = error.__traceback__
            wire, levels = self._capture.failure(error, traceback)
            self._shown(error, wire, levels)
            wire["nodeid"] = bounded_nodeid(collector.nodeid)
            wire["when"], wire["source"] = "collect", "collection"
            wire["test_path"] = self._capture.places.told(str(collector.path))
            report.llmlearn = fit(wire)  # type: ignore[attr-defined]
        except Exception as error:  # another's test run is not the hostage of our observation
            self._fault(error)

    def _test(self, item: pytest.Item, levels: list[Level]) -> dict[str, Any]:
        """The test's own place, and what its names stood for."""
        places = self._capture.places
        function = look.function_of(_test_object(item))
        test_file = str(item.path)
        found: dict[str, Any] = {"test_path": places.told(test_file)}
        if function is None:
            line = item.location[1]
            found["test_function"] = clean(item.location[2])[:200]
            if line is not None:
                found["test_line"] = line + 1
        else:
            found["test_line"] = function.__code__.co_firstlineno
            found["test_function"] = clean(function.__code__.co_qualname)[:200]
        scopes: list[Scope] = [
            of_frame(level[0], statement) for level, statement in self._capture.test_levels(levels, test_file)
        ]
        if function is not None and not any(level[0].f_code is function.__code__ for level in levels):
            own = vars(item)
            arguments = dict(own.get("funcargs") or {})
            if own.get("_instance") is not None:
                arguments["self"] = own["_instance"]
            scopes.append(of_function(function, arguments))
        bound = bindings(scopes, places, found["test_path"])
        if bound:
            found["bindings"] = bound
        return found

    def _shown(self, error: BaseException, wire: dict[str, Any], levels: list[Level]) -> None:
        """What the failure shows of library modules waits with the rest."""
        for told in self._modules.of(error, wire["message"], levels):
            self._wait("modules", told)

    def _place(self) -> None:
        """Adds to what waits, and whose test is known, where the test is and what its names stood for."""
        known: dict[str, dict[str, Any]] = {}
        for kind in ("occurrences", "coroutines"):
            for waiting in self._pending.get(kind, ()):
                nodeid = waiting["nodeid"]
                if nodeid in self._owners and "test_path" not in waiting:
                    if nodeid not in known:
                        known[nodeid] = self._test(self._owners[nodeid], [])
                    waiting.update(known[nodeid])
                    if kind == "occurrences":
                        fit(waiting)

    def _coroutine_died(self, name: str, origin: tuple[tuple[str, int, str], ...], address: int) -> None:
        try:
            places = self._capture.places
            own = [level for level in origin if places.inside(level[0])][:_ORIGIN_FRAMES]
            frames = [self._capture.frame(*level) for level in reversed(own)]
            running = self._running()
            maker = self._makers.of_coroutine(name, origin, address, running)
            died = {"nodeid": self._owner(maker, running), "name": clean(name)[:200], "frames": frames}
            if maker is not None:
                died |= {"died_in": running, "when": "call" if maker.item is not None else "collect"}
            self._wait("coroutines", died)
        except Exception as error:  # called while an object dies, in the midst of anyone's code
            self._fault(error)

    def _owner(self, maker: Maker | None, running: str) -> str:
        if maker is None:
            return running
        if maker.item is not None:
            self._owners[maker.nodeid] = maker.item
        return maker.nodeid

    def _asyncio_logged(self, record: logging.LogRecord) -> bool:
        try:
            if record.levelno >= logging.WARNING:
                self._asyncio_complained(record)
        except Exception as error:  # a log call in the midst of anyone's code
            self._fault(error)
        return True

    def _asyncio_complained(self, record: logging.LogRecord) -> None:
        running, said = self._running(), record.getMessage()
        traceback = record.exc_info[2] if record.exc_info else None
        maker = self._makers.of_complaint(said, traceback, running)
        if maker is not None and maker.item is None:
            return
        nodeid, message = self._owner(maker, running), bounded(said, LINKED_MESSAGE_LIMIT)
        if record.exc_info and isinstance(record.exc_info[1], BaseException):
            wire, _ = self._capture.failure(record.exc_info[1], traceback)
            notice = {"kind": "log", "category": record.name, "message": message}
            self._wait(
                "occurrences", fit({**wire, "nodeid": nodeid, "when": "call", "source": "log", "notices": [notice]})
            )
        else:
            self._wait("logs", {"nodeid": nodeid, "category": record.name, "message": message})

    def _running(self) -> str:
        """The id of the test that runs now; after its last phase it is still that one."""
        told = os.environ.get(_CURRENT, "")
        # A run inside a test of another run inherits the other's.
        current = told.rpartition(" (")[0] if told != self._inherited else ""
        return bounded_nodeid(current or (self._last.nodeid if self._last is not None else ""))

    def _wait(self, kind: str, value: Any) -> None:
        waiting = self._pending.setdefault(kind, [])
        if len(waiting) < (_PENDING_LIMIT if kind != "logs" else NOTICE_LIMIT):
            waiting.append(value)

    def _fault(self, error: Exception) -> None:
        if not self._told_fault:
            self._told_fault = True
            self._wait("faults", f"{type(error).__name__} in {_where(error.__traceback__)}")


def _where(traceback: types.TracebackType | None) -> str:
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return "" if traceback is None else f"{traceback.tb_frame.f_code.co_qualname}, line {traceback.tb_lineno}"


def _test_object(item: pytest.Item) -> Any:
    """The test's function or method as pytest holds it. `item.obj` may make an instance, which is user code."""
    held = vars(item).get("_obj")
    if held is not None:
        return held
    name, owner = getattr(item, "originalname", None) or item.name, getattr(item, "cls", None)
    if owner is not None:
        return next((look.class_vars(base)[name] for base in look.mro(owner) if name in look.class_vars(base)), None)
    module = getattr(item, "module", None)
    return None if module is None else look.instance_vars(module).get(name)
