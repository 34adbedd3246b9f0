"""What a failure is taken for, as properties of its test: the one channel that every report and every CI reads.

pytest's JUnit report takes the properties of a test from its last phase, other reports from each; so they are put on
the test and on the report. Only where such a report is written: what is known at the end of a run for nothing has to be
found out at each failure here, in the process that runs the test.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.settings import Root, Settings


class Properties:
    """pytest plug-in: `llm_learn.fingerprint`, `.category` and `.rule` on tests that fail through LLM-written code."""

    def __init__(self, config: pytest.Config, root: Root, settings: Settings) -> None:
        self._config = config
        self._root = root
        self._settings = settings
        self._memory: Memory | None = None
        self._broken = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        wire = getattr(report, "llmlearn", None)
        if wire is not None and not self._broken:
            try:
                self._add(item, report, wire)
            except Exception:  # another's test run is not the hostage of our reports; what is learned says what failed
                self._broken = True
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        memory, self._memory = self._memory, None
        if memory is not None:
            memory.close()

    def _add(self, item: pytest.Item, report: pytest.TestReport, wire: dict[str, Any]) -> None:
        from pytest_llmlearn.domain.occurrence import Occurrence

        entry = self._opened().identified(Occurrence.from_wire(wire))
        if entry is None or entry.flaky:
            return
        told = (("fingerprint", entry.fingerprint.exact), ("category", entry.category), ("rule", entry.rule_id))
        for name, value in told:
            one = (f"llm_learn.{name}", value)
            for properties in (item.user_properties, report.user_properties):
                if one not in properties:
                    properties.append(one)

    def _opened(self) -> Memory:
        if self._memory is None:
            from pytest_llmlearn.bootstrap import Memory
            from pytest_llmlearn.entrypoints.learn import speaks_our_hooks

            plugins = [plugin for plugin in self._config.pluginmanager.get_plugins() if speaks_our_hooks(plugin)]
            self._memory = Memory.open(self._root.path, settings=self._settings, plugins=plugins)
        return self._memory
