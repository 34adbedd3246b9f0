"""Events in a file of JSON lines, one event a line.

A line is added in one call, so that a process that is killed leaves whole lines, and at most the beginning of one more,
which readers skip.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pytest_llmlearn.domain import events
from pytest_llmlearn.domain.events import Event
from pytest_llmlearn.errors import BadInput

_MODE = 0o644
"""An artefact is collected by others; what is in it is redacted."""


class EventFile:
    """The file at `path`, made with its folder when the first event comes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, event: Event) -> None:
        """Add one."""
        told = f"{events.line(event)}\n".encode("ascii")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _MODE)
        try:
            # Behind the beginning of a line that was left by a process that was killed, a new line begins.
            if _ends_amid_a_line(self._path):
                told = b"\n" + told
            written = 0
            while written < len(told):
                written += os.write(file, told[written:])
        finally:
            os.close(file)


def read(paths: Iterable[Path]) -> tuple[list[Event], list[str]]:
    """The events of these files, and a sentence for each file of which lines were skipped.

    Raises:
        BadInput: a file cannot be read, or none of them holds an event.
    """
    found: list[Event] = []
    notices = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
        wrong = Counter[str]()
        for line in lines:
            if line.strip():
                try:
                    found.append(events.read(line))
                except ValueError as error:
                    wrong[str(error)] += 1
        if wrong:
            told = ", ".join(f"{count} {what}" for what, count in wrong.items())
            notices.append(f"{wrong.total()} of {sum(map(bool, lines))} lines of {path} were skipped ({told})")
    if notices and not found:
        raise BadInput(f"{notices[0]}: no event is left; `pytest --llm-learn-events=PATH` writes them")
    return found, notices


def _ends_amid_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
