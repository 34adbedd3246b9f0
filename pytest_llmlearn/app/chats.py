"""Write down messages of chats with models, as they come: what they mean is found out later.

Invariant: nothing is kept but redacted, and no message is so long that it costs the others their place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pytest_llmlearn.app.ports import Clock
from pytest_llmlearn.app.ports.chats import ChatLog
from pytest_llmlearn.errors import BadInput

MAX_CHARACTERS = 262_144
"""Of one message as JSON."""
DEEPEST = 32
"""Objects and lists within one another."""


class Chats:
    """The use case, for one project."""

    def __init__(self, log: ChatLog, *, redact: Callable[[str], str], clock: Clock) -> None:
        self._log = log
        self._redact = redact
        self._clock = clock

    def hear(self, message: Mapping[str, Any]) -> None:
        """Keep one message: an object with `text` and whatever else is known of it; `heard` is added, the time of now.

        Raises:
            BadInput: it has no text, is too long, or is no JSON; nothing was kept.
            OSError: it cannot be written.
        """
        text = message.get("text")
        if not isinstance(text, str) or not text.strip():
            raise BadInput("a message of a chat needs its text, a string that is not empty")
        kept = {**self._redacted(dict(message), DEEPEST), "heard": self._clock().isoformat(timespec="seconds")}
        try:
            line = json.dumps(kept, ensure_ascii=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise BadInput(f"a message of a chat must be JSON: {error}") from None
        if len(line) > MAX_CHARACTERS:
            raise BadInput(f"a message of a chat has {len(line)} characters; {MAX_CHARACTERS} are the most")
        self._log.append(line)

    def forget(self) -> None:
        """Erase all messages.

        Raises:
            OSError: they cannot be removed.
        """
        self._log.clear()

    def _redacted(self, value: Any, depth: int) -> Any:
        if depth == 0:
            raise BadInput("a message of a chat holds too many objects within one another")
        if isinstance(value, str):
            return self._redact(value)
        if isinstance(value, Mapping):
            return {self._redact(str(key)): self._redacted(one, depth - 1) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._redacted(one, depth - 1) for one in value]
        return value
