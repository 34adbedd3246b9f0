"""Answers about installed packages that cost time to read, kept from one process to the next.

They hold as long as no folder of packages changes; a shadow, that may be lost at any time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, Protocol

_WORTH = 0.3
"""Seconds of reading after which what was read is written down."""
_ANSWERS = 20_000


class Kept(Protocol):
    """A small file (`last_run.state_file.StateFile` is one)."""

    def read(self) -> dict[str, Any] | None: ...

    def write(self, values: Mapping[str, Any]) -> None: ...


class Remembered:
    """Answers by kind and key, fit for JSON. Without `kept` they last as long as this object."""

    def __init__(self, kept: Kept | None, search_path: Sequence[str]) -> None:
        self._kept = kept
        self._token = [f"{folder}:{_changed(folder)}" for folder in search_path]
        told = kept.read() if kept is not None else None
        valid = told is not None and told.get("token") == self._token and isinstance(told.get("answers"), dict)
        self._answers: dict[str, dict[str, Any]] = told["answers"] if told is not None and valid else {}
        self._spent = 0.0

    def answer(self, kind: str, key: str, ask: Callable[[], Any]) -> Any:
        """The answer, asked at most once."""
        known = self._answers.setdefault(kind, {})
        if key not in known:
            begun = perf_counter()
            known[key] = ask()
            self._spent += perf_counter() - begun
            if self._spent > _WORTH:
                self._write()
        return known[key]

    def _write(self) -> None:
        self._spent = 0.0
        if self._kept is not None and sum(map(len, self._answers.values())) <= _ANSWERS:
            with suppress(OSError):  # no folder of ours yet, or none that may be written: it is read again next time
                self._kept.write({"token": self._token, "answers": self._answers})


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - a name alone, no object
    except (OSError, ValueError):
        return 0
