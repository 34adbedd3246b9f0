"""A pytest plug-in that notes when the test loop began and when the last test ended, the same in every arm.

It writes {"began", "ended", "tests"} as JSON to the file that BENCH_STAMPS names: readings of the
monotonic clock, which the parent process shares. Loaded by `-p stamps_plugin`; a test costs it one assignment.
"""

import json
import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

PATH = "BENCH_STAMPS"
_seen = {"began": 0.0, "ended": 0.0, "tests": 0}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop() -> Generator[None, object, object]:
    _seen["began"] = _seen["ended"] = time.monotonic()
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish() -> None:
    _seen["ended"] = time.monotonic()
    _seen["tests"] += 1


def pytest_unconfigure() -> None:
    Path(os.environ[PATH]).write_text(json.dumps(_seen), encoding="utf-8")
