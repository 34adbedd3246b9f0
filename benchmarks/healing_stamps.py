"""A pytest plug-in that times what the learner does after the last test, and counts what it reads and parses.

Loaded with `-p healing_stamps`; writes JSON to the file that HEALING_STAMPS names. Counted by Python's own audit
events, so nothing of the project need be known but the names of the learner's steps.
"""

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

STEPS = ("_record", "_join", "_heal", "_judge", "_could_tell", "_could_heal")
_within: list[str] = []
_took: dict[str, float] = {}
_worked: dict[str, float] = {}
_called: Counter[str] = Counter()
_opened: Counter[str] = Counter()
_parsed: Counter[str] = Counter()
_digests: dict[int, str] = {}


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _within or _within[-1] != "_heal":
        return
    if event == "open" and str(arguments[0]).endswith(".py"):
        _opened[Path(os.fsdecode(arguments[0])).name] += 1
    elif event == "compile" and isinstance(arguments[0], str | bytes):
        source = arguments[0] if isinstance(arguments[0], str) else arguments[0].decode("utf-8", "replace")
        name = _digests.get(hash(source.strip()))
        if name is not None:
            _parsed[name] += 1


def pytest_configure() -> None:
    from pytest_llmlearn.entrypoints.learn import Learner

    for name in STEPS:
        if hasattr(Learner, name):
            setattr(Learner, name, _timed(name, getattr(Learner, name)))
    for path in Path.cwd().rglob("*.py"):
        _digests[hash(path.read_text(encoding="utf-8").strip())] = path.name
    sys.addaudithook(_hear)


def _timed(name: str, step: Any) -> Any:
    def timed(*arguments: Any, **words: Any) -> Any:
        _called[name] += 1
        _within.append(name)
        started, before = time.perf_counter(), time.process_time()
        try:
            return step(*arguments, **words)
        finally:
            _took[name] = _took.get(name, 0.0) + time.perf_counter() - started
            _worked[name] = _worked.get(name, 0.0) + time.process_time() - before
            _within.pop()

    return timed


def pytest_unconfigure() -> None:
    figures = {
        "seconds": _took,
        "processor": _worked,
        "called": _called,
        "opened": _opened,
        "parsed": _parsed,
        "loaded": sorted(name for name in sys.modules if name.startswith("pytest_llmlearn.")),
    }
    Path(os.environ["HEALING_STAMPS"]).write_text(json.dumps(figures), encoding="utf-8")
