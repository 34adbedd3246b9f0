"""What `Memory` hears of chats between people and models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmlearn.app.chats import Chats


class ChatOfMemory:
    """The part of `Memory` around chats."""

    _chats: Callable[[], Chats]

    def hear(self, message: Mapping[str, Any]) -> None:
        """Keep one message of a chat, redacted, in the project's private folder: an object with `text` and whatever
        else is known of it (`role`, `session`, `model`, `tool`, …).

        Raises:
            BadInput: it has no text, is too long, or is no JSON; nothing was kept.
            OSError: it cannot be written.
        """
        self._chats().hear(message)

    def forget_chats(self) -> None:
        """Erase all messages of chats.

        Raises:
            OSError: they cannot be removed.
        """
        self._chats().forget()
