"""A project with a memory, and a daemon that serves it, for the tests beside this file."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytest_llmlearn import Memory, Occurrence
from pytest_llmlearn.daemon import client
from pytest_llmlearn.daemon.server import Daemon

MISTAKES = (
    ("users.py", "load_user", "TypeError", "'coroutine' object is not subscriptable"),
    ("orders.py", "cancel_order", "AttributeError", "'NoneType' object has no attribute 'total'"),
    ("dates.py", "parse_date", "ValueError", "time data '2024' does not match format '%d.%m.%Y'"),
    ("http.py", "fetch_page", "AttributeError", "module 'requests' has no attribute 'fetch'"),
)
QUESTIONS = (
    "load a user in an async endpoint",
    "cancel an order and pay its total back",
    "parse a date out of a report",
    "fetch a page with requests",
    "nothing of the kind at all",
)


def an_occurrence(path: str, function: str, exception: str, message: str) -> Occurrence:
    """A failure of that function."""
    return Occurrence.from_dict(
        {
            "nodeid": f"tests/test_{path}::test_{function}",
            "when": "call",
            "exception": exception,
            "mro": [exception, "Exception"],
            "message": message,
            "path": path,
            "line": 2,
            "function": function,
            "statement": f"return {function}(row)",
            "code": f"def {function}(row):\n    return {function}(row)\n",
            "model": "gpt-4o",
        }
    )


def learned(root: Path) -> Path:
    """A project that has learned these mistakes."""
    (root / ".git").mkdir(exist_ok=True)
    with Memory.open(root) as memory:
        memory.record([an_occurrence(*one) for one in MISTAKES])
    return root


@contextmanager
def served(root: Path, **options: Any) -> Iterator[Daemon]:
    """A daemon of the project in this process, stopped in the end."""
    daemon = Daemon(root, **options)
    assert daemon.start(), daemon.why
    try:
        yield daemon
    finally:
        daemon.stop()
        assert daemon.wait(5)


@contextmanager
def connected(root: Path, seconds: float = 10.0) -> Iterator[socket.socket]:
    """A plain connection to the project's daemon."""
    place = client.pointer(root)
    assert place is not None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        connection.connect(place["socket"])
        yield connection


def reply(connection: socket.socket) -> dict[str, Any]:
    """The next line that comes."""
    told = b""
    while not told.endswith(b"\n"):
        part = connection.recv(1 << 16)
        assert part, "the daemon hung up"
        told += part
    answer: dict[str, Any] = json.loads(told)
    return answer


def until(there: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for that."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.02)
