"""Ask the project's daemon what a command wants to know, in a process that is to end as soon as possible.

Loaded before anything else of the package: what is imported here, every question pays for.
"""

from __future__ import annotations

import os

from pytest_llmlearn.daemon import client

TYPE_CHECKING = False  # typing alone would cost as much as the whole question
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SECONDS = 2.0
"""For which a daemon is waited for, the loading of its model included; then the memory is read here."""
VARIABLE = "LLMLEARN_DAEMON"
_OFF = frozenset({"off", "0", "false", "no"})
_PREFIX = "LLMLEARN_"
_PRIVATE = ("_KEY", "_HEADERS")
"""Endings of variables that are no settings, and nobody else's business."""


def recalled(
    root: str | os.PathLike[str], environ: Mapping[str, str], asked: Mapping[str, Any], seconds: float = SECONDS
) -> dict[str, Any] | None:
    """`guidance` as builtins and `notices`, for the fields of a `Query` in `asked` (None: not given), or None."""
    if not wanted(environ):
        return None
    request = {name: value for name, value in asked.items() if value is not None}
    return client.ask(root, {"do": "recall", "environ": settings_of(environ), **request}, seconds)


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment lets a daemon be asked; the project's settings are for the daemon to look at."""
    return environ.get(VARIABLE, "").strip().lower() not in _OFF


def settings_of(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that may be settings."""
    return {name: value for name, value in environ.items() if name.startswith(_PREFIX) and not name.endswith(_PRIVATE)}
