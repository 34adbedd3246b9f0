"""The clock, and a second opinion on secrets."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    pass


class SecretScanner(Protocol):
    """A second opinion on what must not be written down."""

    def find(self, text: str) -> list[str]:
        """The secret values in `text`, literally."""
        ...


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, aware, UTC."""
        ...
