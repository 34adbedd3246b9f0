"""The scan beside the tests: begun with the session, in a process of its own, and heard at the end.

It must neither delay nor change the run: lowest priority, nobody's child, and at the end it is waited for only so long.
What it finds it writes down by itself; the pipe tells this run of it, and that it is over, however it ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmlearn.domain.annotation import Annotation

MODULE = "pytest_llmlearn.entrypoints.scan_background"
_OF_THE_RUN = ("COVERAGE_", "COV_CORE_", "PYTEST_")
"""Variables that speak of the run to its children: one whose coverage is measured would write into the project."""
_LIMIT = 64_000_000
"""Bytes of a report that are read."""

Told = tuple[str, dict[str, bool]]
"""One line, and pytest's markup for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the scan said: one line of what it came to, lines of lessons and of fixes, and what people should know.

    `annotations` are of all that stands in LLM-written code now, where they were asked for.
    """

    headline: str = ""
    lessons: tuple[Told, ...] = ()
    fixes: tuple[Told, ...] = ()
    notices: tuple[str, ...] = ()
    annotations: tuple[Annotation, ...] = ()


class Underway:
    """A scan that was begun."""

    def __init__(self, report: int) -> None:
        self._report = report

    def heard(self, seconds: float) -> Report | None:
        """What it said, waited for at most so long; None where it goes on in the background.

        Raises:
            RuntimeError: it ended without a word.
        """
        deadline = time.monotonic() + seconds
        told = b""
        try:
            while len(told) < _LIMIT:
                ready, _, _ = select.select([self._report], [], [], max(0.0, deadline - time.monotonic()))
                if not ready:
                    return None
                piece = os.read(self._report, 65_536)
                if not piece:
                    return _read(told)
                told += piece
        finally:
            self.leave()
        return None

    def leave(self) -> None:
        """Listen no more; the scan goes on."""
        with contextlib.suppress(OSError):  # left already
            os.close(self._report)


def begin(root: Path, scope: str, environ: Mapping[str, str], *, annotate: bool = False) -> Underway | None:
    """Start scanning the project at `root`, and return at once; None on systems where that cannot be done so.

    With `annotate` the report holds what there is to mark.

    Raises:
        OSError: no process can be started.
    """
    if os.name != "posix":
        return None
    report, told = os.pipe()
    asked = json.dumps({"root": str(root), "scope": scope, "report": told, "annotate": annotate})
    own = {name: value for name, value in environ.items() if not name.startswith(_OF_THE_RUN)}
    # By way of a shell that ends at once: an orphan is waited for by the system, a child that nobody waits for would
    # stay a zombie as long as the run's process lives. Safe path: a module of the project's must not stand in the
    # place of one that is needed.
    command = ["/bin/sh", "-c", '"$@" &', "sh", sys.executable, "-P", "-m", MODULE, asked]
    nobody = subprocess.DEVNULL
    try:
        subprocess.run(
            command,
            start_new_session=True,
            check=False,
            env=own,
            stdin=nobody,
            stdout=nobody,
            stderr=nobody,
            pass_fds=(told,),
        )
    except OSError:
        os.close(report)
        raise
    finally:
        os.close(told)
    return Underway(report)


def _annotations(told: list[dict[str, Any]]) -> tuple[Annotation, ...]:
    if not told:
        return ()
    from pytest_llmlearn.domain.annotation import Annotation  # most runs mark nothing

    return tuple(Annotation.from_dict(one) for one in told)


def _read(told: bytes) -> Report:
    try:
        values: dict[str, Any] = json.loads(told)
        return Report(
            headline=values["headline"],
            lessons=tuple((text, markup) for text, markup in values["lessons"]),
            fixes=tuple((text, markup) for text, markup in values["fixes"]),
            notices=tuple(values["notices"]),
            annotations=_annotations(values["annotations"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise RuntimeError("the scan of the code ended without a word; `llmlearn scan` shows why") from error
