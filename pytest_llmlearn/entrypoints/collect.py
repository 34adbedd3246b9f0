"""The collecting half of the plug-in: in the controller (or the only process), the occurrences of the whole run.

Inside the test loop it appends to lists; what belongs together is put together when it is asked for. Each failure is
told once: a collection error that every worker raises again, a test that was run again until it passed or not, a
warning that is the echo of a failure.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.domain.occurrence import MESSAGE_LIMIT, NOTICE_LIMIT, Occurrence
from pytest_llmlearn.entrypoints.observe import NAME as OBSERVER
from pytest_llmlearn.entrypoints.observe import Observer
from pytest_llmlearn.entrypoints.observing.claims import Origins, made_at, maker_of
from pytest_llmlearn.entrypoints.observing.places import Places
from pytest_llmlearn.entrypoints.observing.text import bounded, bounded_nodeid, clean, spoken
from pytest_llmlearn.entrypoints.observing.warned import (
    CARRIERS,
    Warned,
    class_names,
    lost_exception,
    never_awaited,
    notice,
)

_WARNING_LIMIT = 5_000
_CRASHED = "???"  # what xdist calls the phase in which a worker died
_OF_TEST = ("test_path", "test_line", "test_function", "bindings")

Wire = dict[str, Any]


@dataclass(slots=True)
class _Test:
    """What was reported of one test so far. `earlier` are failures of attempts that were run again."""

    current: list[Wire] = field(default_factory=list)
    earlier: list[Wire] = field(default_factory=list)


class Collector:
    """Collects one run. `root` is the project's root."""

    def __init__(self, config: pytest.Config, root: Path) -> None:
        self._config = config
        self._places = Places(root)
        self._passed: set[str] = set()
        self._expected: set[str] = set()
        self._skipped: set[str] = set()
        self._tests: dict[str, _Test] = {}
        self._collection: dict[str, Wire] = {}
        self._warnings: list[Warned] = []
        self._more: list[Wire] = []
        self._coroutines: list[Wire] = []
        self._logs: list[Wire] = []
        self._modules: list[Wire] = []
        self._faults: list[str] = []
        self._assembled: list[Occurrence] | None = None

    @property
    def occurrences(self) -> list[Occurrence]:
        """The occurrences so far, one for each failure; those of tests that passed when run again are `flaky`."""
        self._ask_observer()
        if self._assembled is None:
            self._assembled = [Occurrence.from_wire(wire) for wire in self._assemble()]
        return self._assembled

    @property
    def passed(self) -> set[str]:
        """Ids of the tests that passed: in every phase, with every subtest, at the last attempt."""
        failed = {nodeid for nodeid, test in self._tests.items() if test.current}
        return {bounded_nodeid(nodeid) for nodeid in self._passed - failed}

    @property
    def failed(self) -> set[str]:
        """Ids of the tests that failed in any phase or subtest, at the last attempt."""
        return {bounded_nodeid(nodeid) for nodeid, test in self._tests.items() if test.current}

    @property
    def skipped(self) -> set[str]:
        """Ids of the tests that were skipped or expected to fail, whether they did or not."""
        return {bounded_nodeid(nodeid) for nodeid in self._skipped}

    @property
    def passed_count(self) -> int:
        """How many tests passed."""
        return len(self.passed)

    @property
    def modules(self) -> list[Wire]:
        """What the failures showed of library modules, as `observing.modules` tells it."""
        self._ask_observer()
        return self._modules

    @property
    def notices(self) -> list[str]:
        """Sentences about our own faults, for people; usually none, at most one of each sort."""
        self._ask_observer()
        return [f"some failures were seen in part only: {fault}" for fault in dict.fromkeys(self._faults)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what the report carries."""
        try:
            self._reported(report)
        except Exception as error:  # a report may be anyone's, and the run is not its hostage
            self._faults.append(f"a report could not be read ({type(error).__name__})")

    def _reported(self, report: pytest.TestReport) -> None:
        outcome = report.outcome
        more = getattr(report, "llmlearn_more", None)
        if more is not None:
            self._take(more)
        if outcome == "passed":
            if report.when == "call":
                # One that was expected to fail and passed does not count any more: its marker would hide a failure.
                (self._skipped if hasattr(report, "wasxfail") else self._passed).add(report.nodeid)
        elif outcome == "skipped":
            self._skipped.add(report.nodeid)
            if hasattr(report, "wasxfail"):
                self._assembled = None
                self._expected.add(bounded_nodeid(report.nodeid))
        else:
            self._failed(report, rerun=str(outcome) == "rerun")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep a collection error, once: each xdist worker raises it again."""
        if report.outcome != "failed" or report.nodeid in self._collection:
            return
        try:
            self._assembled = None
            self._collection[report.nodeid] = getattr(report, "llmlearn", None) or {
                **_told_by_text(str(report.longrepr)),
                "nodeid": bounded_nodeid(report.nodeid),
                "when": "collect",
                "source": "collection",
            }
        except Exception as error:  # as above
            self._faults.append(f"a report could not be read ({type(error).__name__})")

    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage, when: str, nodeid: str) -> None:
        """Keep a warning that tells of a failure, or that belongs to a test that failed."""
        try:
            self._warned(warning_message, when, nodeid)
        except Exception as error:  # a warning may be of anyone's class
            self._faults.append(f"a warning could not be read ({type(error).__name__})")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker's reports left; a worker that crashed has nothing more to say."""
        rest = (getattr(node, "workeroutput", None) or {}).get("llmlearn")
        if rest:
            self._take(rest)

    def _ask_observer(self) -> None:
        observer = self._config.pluginmanager.get_plugin(OBSERVER)
        if isinstance(observer, Observer):
            rest = observer.leftovers()
            if rest:
                self._take(rest)

    def _take(self, more: dict[str, list[Any]]) -> None:
        self._assembled = None
        self._more += more.get("occurrences", ())
        self._coroutines += more.get("coroutines", ())
        self._logs += more.get("logs", ())
        self._modules += more.get("modules", ())
        self._faults += more.get("faults", ())

    def _failed(self, report: pytest.TestReport, *, rerun: bool) -> None:
        self._assembled = None
        nodeid = report.nodeid
        wire = getattr(report, "llmlearn", None)
        if wire is None:
            text = report.longrepr if isinstance(report.longrepr, str) else None
            if text is not None and text.startswith("contains ") and "failed subtest" in text:
                return  # the test that held failed subtests; they were reported themselves
            wire = _unobserved(report)
        test = self._tests.setdefault(nodeid, _Test())
        test.current.append(wire)
        if rerun:
            # Its subtests of the same attempt were reported as failed before it was known that there is another.
            test.earlier += test.current
            test.current = []

    def _warned(self, warning: warnings.WarningMessage, when: str, nodeid: str) -> None:
        category = type(warning.message) if isinstance(warning.message, Warning) else warning.category
        name = category.__name__
        carries = name in CARRIERS or issubclass(category, RuntimeWarning)
        # Reports come before the warnings of the same test, so it is known by now whether it failed.
        if not (carries or nodeid in self._tests) or len(self._warnings) == _WARNING_LIMIT:
            return
        message = spoken(warning.message, 100_000 if name in CARRIERS else MESSAGE_LIMIT)
        if not carries or name in CARRIERS or never_awaited(message) or nodeid in self._tests:
            self._assembled = None
            self._warnings.append(
                Warned(
                    category=name,
                    message=message,
                    filename=warning.filename,
                    line=warning.lineno,
                    when=when,
                    nodeid=nodeid,
                )
            )

    def _assemble(self) -> Iterable[Wire]:
        failures = [dict(wire) for nodeid, test in self._tests.items() for wire in self._of_test(nodeid, test)]
        failing = self.failed
        # A failure that was expected is no failure, nor is what comes of it.
        extra = [dict(wire) for wire in self._more if wire["nodeid"] not in self._expected]
        made = Origins(self._coroutines)
        unseen: dict[tuple[Any, ...], Wire] = {}
        notices: dict[str, list[Wire]] = {}
        for died in self._coroutines:
            notices.setdefault(died["nodeid"], []).append(made_at(died))
        for warned in sorted(self._warnings, key=lambda warned: warned.coroutine is None):
            nodeid, coroutine = bounded_nodeid(warned.nodeid), warned.coroutine
            lost = lost_exception(warned.message, self._places) if warned.category in CARRIERS else None
            if lost is not None:
                lost |= {"nodeid": nodeid, "when": _phase(warned.when), "source": CARRIERS[warned.category]}
                extra.append(lost)
            elif coroutine is None:
                notices.setdefault(nodeid, []).append(notice(warned, self._places))
            else:
                for origin in made.of(nodeid, coroutine):
                    maker = maker_of(nodeid, origin)
                    if maker not in failing:
                        wire = self._never_awaited(warned, coroutine, origin)
                        unseen.setdefault((wire["nodeid"], coroutine, wire.get("path"), wire.get("line")), wire)
                    elif maker == nodeid:
                        notices.setdefault(nodeid, []).append(notice(warned, self._places))
        for log in self._logs:
            told = {"kind": "log", "category": log["category"], "message": log["message"]}
            notices.setdefault(log["nodeid"], []).append(told)
        for wire in extra:
            notices.setdefault(wire["nodeid"], []).extend(wire.get("notices", ()))
        for wire in failures:
            found = _distinct(notices.get(wire["nodeid"], ()))
            if found:
                wire["notices"] = found[:NOTICE_LIMIT]
            _lay_on_origin(wire, made)
        seen = {_identity(wire) for wire in failures}
        extra = [wire for wire in extra if _identity(wire) not in seen]
        left = [wire for wire in unseen.values() if wire["nodeid"] not in self._expected]
        return [*self._collection.values(), *failures, *extra, *left]

    def _of_test(self, nodeid: str, test: _Test) -> list[Wire]:
        if test.current:
            return test.current
        # It passed when it was run again: known, but no lesson.
        return [{**wire, "flaky": True} for wire in test.earlier[:1]] if nodeid in self._passed else test.earlier[:1]

    def _never_awaited(self, warned: Warned, name: str, origin: Wire | None) -> Wire:
        frames = origin["frames"] if origin is not None else []
        nodeid = maker_of(bounded_nodeid(warned.nodeid), origin)
        if not nodeid:
            # Made outside of any test, while collecting or at the end: named by the file where it was made.
            nodeid = frames[-1]["path"] if frames else self._places.told(warned.filename)
        wire: Wire = {
            "nodeid": nodeid,
            "when": (origin or {}).get("when") or _phase(warned.when),
            "exception": "RuntimeWarning",
            "mro": class_names("RuntimeWarning"),
            "message": bounded(f"coroutine '{name}' was never awaited", MESSAGE_LIMIT),
            "facts": {"name": clean(name)[:200]},
            "source": "warning",
            "frames": frames,
            "notices": [notice(warned, self._places)],
        }
        if frames:
            wire.update(frames[-1])
        if origin is not None:
            wire.update({key: origin[key] for key in _OF_TEST if key in origin})
        return wire


def _lay_on_origin(wire: Wire, made: Origins) -> None:
    """Under `-W error` the warning fails the test, from wherever the object died: lay it where it was made.

    It is the same mistake as without, so it is told as the warning itself, not as pytest's wrapper of it.
    """
    if wire.get("path") is not None and not wire["exception"].endswith("PytestUnraisableExceptionWarning"):
        return
    for link in wire.get("linked", ()):
        name = never_awaited(link["message"])
        origin = made.claim(wire["nodeid"], name) if name is not None else None
        if origin is not None and origin["frames"]:
            wire.update(origin["frames"][-1])
            wire["frames"] = origin["frames"]
            if wire["exception"].endswith("PytestUnraisableExceptionWarning"):
                wire.update({key: link[key] for key in ("exception", "mro", "message")})
            return


def _unobserved(report: pytest.TestReport) -> Wire:
    """The occurrence of a report that no observer saw: a worker's crash, or one that another plug-in made up."""
    text = str(report.longrepr)
    crashed = str(report.when) == _CRASHED
    told = {"exception": "WorkerCrash", "mro": ["WorkerCrash"], "message": bounded(text, MESSAGE_LIMIT)}
    return {
        **(told if crashed else _told_by_text(text)),
        "nodeid": bounded_nodeid(report.nodeid),
        "when": "call" if crashed else report.when,
        "source": "crash" if crashed else "test",
        "test_path": clean(report.nodeid.partition("::")[0])[:400],
    }


def _told_by_text(text: str) -> Wire:
    """Class and message from the last line that pytest marks with `E`, or the text as it is."""
    marked = [line[4:].strip() for line in text.splitlines() if line.startswith("E   ")]
    said = marked[-1] if marked else text.strip()
    if said.startswith("assert "):  # pytest leaves the class out where the assertion has no message of its own
        said = f"AssertionError: {said}"
    name, colon, message = said.partition(": ")
    if not colon or not name.replace(".", "").replace("_", "").isalnum() or not name.rpartition(".")[2][:1].isupper():
        return {"exception": "Failed", "mro": ["Failed"], "message": bounded(said, MESSAGE_LIMIT)}
    return {"exception": name[:120], "mro": class_names(name[:120]), "message": bounded(message, MESSAGE_LIMIT)}


def _distinct(notices: Iterable[Wire]) -> list[Wire]:
    return list({tuple(sorted(one.items(), key=lambda pair: pair[0])): one for one in notices}.values())


def _identity(wire: Wire) -> tuple[Any, ...]:
    return (wire["nodeid"], wire["exception"], wire["message"], wire.get("path"), wire.get("line"))


def _phase(when: str) -> str:
    """pytest's word for when a warning came, as the phase of an occurrence."""
    return {"collect": "collect", "runtest": "call"}.get(when, "teardown")
