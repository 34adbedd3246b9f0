"""Where coroutines were made, brought together with the warnings that they were never awaited.

A coroutine is a dict: its `name`, its `frames`, the outermost first, `nodeid`, the test that made it, and, where that
was told by more than what ran just then, `died_in`, the test that ran when it died, and `when`, the phase.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_llmlearn.entrypoints.observing.text import clean

Wire = dict[str, Any]


class Origins:
    """Where coroutines were made, each to be claimed by a warning."""

    def __init__(self, coroutines: Iterable[Wire]) -> None:
        self._waiting: dict[str, list[Wire]] = {}
        self._of: dict[tuple[str, str], list[Wire | None]] = {}
        for coroutine in coroutines:
            self._waiting.setdefault(coroutine["name"], []).append(coroutine)

    def of(self, nodeid: str, name: str) -> list[Wire | None]:
        """All of that name that died in that test, for Python warns once for one place; `[None]` if none is known."""
        key = (nodeid, clean(name)[:200])
        if key not in self._of:
            waiting = self._waiting.get(key[1], [])
            own = [coroutine for coroutine in waiting if _died_in(coroutine) == nodeid]
            self._waiting[key[1]] = [coroutine for coroutine in waiting if _died_in(coroutine) != nodeid]
            self._of[key] = [*own] or [self.claim(nodeid, name)]
        return self._of[key]

    def claim(self, nodeid: str, name: str) -> Wire | None:
        """The next one of that name in that test; where the warning names no test, of any."""
        waiting = self._waiting.get(clean(name)[:200], [])
        for at, coroutine in enumerate(waiting):
            if _died_in(coroutine) == nodeid or not nodeid:
                return waiting.pop(at)
        return None


def _died_in(coroutine: Wire) -> str:
    """The test that ran when it died, as its warning tells."""
    return str(coroutine.get("died_in", coroutine["nodeid"]))


def maker_of(nodeid: str, coroutine: Wire | None) -> str:
    """The test that made it, or that of its warning where none is known to have."""
    return str(coroutine["nodeid"]) if coroutine is not None and "died_in" in coroutine else nodeid


def made_at(coroutine: Wire) -> Wire:
    """The coroutine as a notice on a failure of its test."""
    place = coroutine["frames"][-1] if coroutine["frames"] else {}
    return {
        "kind": "coroutine",
        "category": coroutine["name"],
        "message": f"coroutine '{coroutine['name']}' was never awaited",
        **{key: place[key] for key in ("path", "line", "function") if key in place},
    }
