"""Messages of chats: `.llmlearn/state/chat.jsonl`, one JSON object a line, private.

It does not grow without end: beyond `MAX_BYTES` it is put aside under a second name, in place of what was there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

FILE = ".llmlearn/state/chat.jsonl"
BEFORE = ".llmlearn/state/chat.before.jsonl"
MAX_BYTES = 16 * 1024 * 1024
_PRIVATE = 0o600


class ChatFile:
    """`ports.ChatLog` of the project at `root`. `make` makes its folder, where it is not there."""

    def __init__(self, root: Path, make: Callable[[], object]) -> None:
        self._root = root
        self._make = make

    def append(self, line: str) -> None:
        """Add one line, in one write, so that others' lines stay whole.

        Raises:
            OSError: it cannot be written.
        """
        self._make()
        path = self._root / FILE
        if path.exists() and path.stat().st_size > MAX_BYTES:
            path.replace(self._root / BEFORE)
        target = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), _PRIVATE)
        try:
            left = memoryview(f"{line}\n".encode("utf-8", "replace"))
            while left:
                left = left[os.write(target, left) :]
        finally:
            os.close(target)

    def clear(self) -> None:
        """Erase all.

        Raises:
            OSError: it cannot be removed.
        """
        for name in (FILE, BEFORE):
            (self._root / name).unlink(missing_ok=True)
