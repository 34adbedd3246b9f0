"""Parts that are made when they are first needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Late:
    """Stands for a part until it is first asked, then is that part."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._part: Any = None

    @property
    def made(self) -> bool:
        return self._part is not None

    def __getattr__(self, name: str) -> Any:
        part = self._part  # another thread may drop it meanwhile
        if part is None:
            part = self._part = self._make()
        return getattr(part, name)

    def drop(self) -> None:
        """Let go of the part: it is made anew when it is asked next."""
        self._part = None
