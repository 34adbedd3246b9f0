"""A pytest plug-in for tests: watches a run as learning does, and writes what was collected instead of storing it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.entrypoints.collect import Collector
from pytest_llmlearn.entrypoints.observe import NAME, Observer

SEEN = "seen.json"
# pytest-asyncio warns where this is not set, which `-W error` makes an error of the run.
_QUIET = ("-o", "asyncio_default_fixture_loop_scope=function")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Observer(config, config.rootpath), NAME)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(config, config.rootpath), "llmlearn-collect")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    collector = session.config.pluginmanager.get_plugin("llmlearn-collect")
    if isinstance(collector, Collector):
        seen = {
            "occurrences": [occurrence.to_dict() for occurrence in collector.occurrences],
            "passed": sorted(collector.passed),
            "failed": sorted(collector.failed),
            "notices": collector.notices,
        }
        Path(session.config.rootpath, SEEN).write_text(json.dumps(seen), encoding="ascii")


@dataclass(frozen=True)
class Seen:
    """What a watched run collected, and how the run itself ended."""

    occurrences: tuple[Occurrence, ...]
    passed: tuple[str, ...]
    failed: tuple[str, ...]
    notices: tuple[str, ...]
    result: pytest.RunResult

    @property
    def only(self) -> Occurrence:
        """The one occurrence of the run."""
        (occurrence,) = self.occurrences
        return occurrence

    def keys(self) -> list[tuple[object, ...]]:
        """The occurrences as far as two runs of the same tests must agree on them, sorted."""
        found = [(o.nodeid, o.when, o.source, o.exception, o.path, o.line, o.flaky) for o in self.occurrences]
        return sorted(found, key=repr)


class Bench:
    """Runs pytest in a temporary project under watch."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))

    def files(self, **sources: str) -> Bench:
        """Python files by their names without `.py`."""
        self.pytester.makepyfile(**sources)
        return self

    def run(self, *arguments: str) -> Seen:
        """In a process of its own."""
        return self._seen(self.pytester.runpytest_subprocess(*_QUIET, "-p", __name__, *arguments))

    def run_here(self, *arguments: str) -> Seen:
        """In this process, which is quicker."""
        return self._seen(self.pytester.runpytest_inprocess(*_QUIET, "-p", __name__, *arguments))

    def bare(self, *arguments: str) -> pytest.RunResult:
        """The same run without us, in a process of its own."""
        return self.pytester.runpytest_subprocess(*_QUIET, *arguments)

    def _seen(self, result: pytest.RunResult) -> Seen:
        told = json.loads((self.pytester.path / SEEN).read_text(encoding="ascii"))
        occurrences = tuple(Occurrence.from_wire(wire) for wire in told.pop("occurrences"))
        return Seen(occurrences, **{key: tuple(value) for key, value in told.items()}, result=result)
