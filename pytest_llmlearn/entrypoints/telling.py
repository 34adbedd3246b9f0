"""A pytest plug-in that tells another process of ours what a run saw, as one file of JSON; nothing is recorded.

Loaded by `-p` alone, by who runs the tests of an older state of a project. The file is named in the environment.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.trial import TELL
from pytest_llmlearn.entrypoints.collect import Collector
from pytest_llmlearn.entrypoints.observe import NAME, Observer


def pytest_configure(config: pytest.Config) -> None:
    target = os.environ.get(TELL)
    if target is None:
        return
    root = Path(config.invocation_params.dir)
    config.pluginmanager.register(Observer(config, root), NAME)
    if not hasattr(config, "workerinput"):
        collector = Collector(config, root)
        config.pluginmanager.register(collector)
        config.pluginmanager.register(_Teller(collector, Path(target)))


class _Teller:
    def __init__(self, collector: Collector, target: Path) -> None:
        self._collector = collector
        self._target = target

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        told = {
            "passed": sorted(self._collector.passed),
            "failed": sorted(self._collector.failed),
            "skipped": sorted(self._collector.skipped),
            "occurrences": [occurrence.to_dict() for occurrence in self._collector.occurrences],
        }
        self._target.write_text(json.dumps(told), encoding="utf-8")
