"""An index that may be away, and another one that answers for it meanwhile.

Whoever asks gets an answer from whichever can give one; the second is only made, and only kept, while it is needed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_llmlearn.app.ports.vectors import Filter, Near, Space, VectorIndex
from pytest_llmlearn.errors import IndexUnavailable, MissingExtra

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Vector


class FallingBack:
    """`ports.VectorIndex`: `first`, and where that cannot answer what `otherwise` makes.

    `away` is the sentence in which `first` said last why it cannot; "" while it can.
    """

    def __init__(self, first: VectorIndex, otherwise: Callable[[], VectorIndex]) -> None:
        self.away = ""
        self._first = first
        self._otherwise = otherwise
        self._lock = threading.RLock()
        self._second: VectorIndex | None = None

    @property
    def name(self) -> str:
        """Of the one that answers now."""
        return self._first.name if not self.away else self._other().name

    def catch_up(self) -> None:
        """Have `first` follow the store, which may take long; questions are answered by the other one meanwhile.

        Raises:
            StoreError: the store cannot be read.
        """
        try:
            self._first.catch_up()
        except (IndexUnavailable, MissingExtra) as error:
            self.away = str(error)
            with self._lock:
                self._other().catch_up()
        else:
            self._back()

    def nearest(self, space: Space, vector: Vector, limit: int, where: Filter | None = None) -> list[Near]:
        """The `limit` nearest entries that `where` lets pass, best first: never fewer than there are."""
        try:
            return self._first.nearest(space, vector, limit, where)
        except (IndexUnavailable, MissingExtra) as error:
            self.away = str(error)
            # One that is let go of meanwhile would have nothing near.
            with self._lock:
                other = self._other()
                other.catch_up()
                return other.nearest(space, vector, limit, where)

    def size(self, space: Space) -> int:
        return self._first.size(space) if not self.away else self._other().size(space)

    def close(self) -> None:
        self._back()
        self._first.close()

    def _other(self) -> VectorIndex:
        with self._lock:
            if self._second is None:
                self._second = self._otherwise()
            return self._second

    def _back(self) -> None:
        """The first one answers again: what the other holds in memory is let go of."""
        with self._lock:
            self.away = ""
            second, self._second = self._second, None
            if second is not None:
                second.close()
