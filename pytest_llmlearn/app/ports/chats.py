"""Where messages of chats are kept."""

from __future__ import annotations

from typing import Protocol


class ChatLog(Protocol):
    """Messages of chats between people and models, a line each, private to whoever works here."""

    def append(self, line: str) -> None:
        """Add one line.

        Raises:
            OSError: it cannot be written.
        """
        ...

    def clear(self) -> None:
        """Erase all.

        Raises:
            OSError: it cannot be removed.
        """
        ...
