"""What `Memory` says of repairs: a verified fix, as edits of a text in which its mistake was seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports import Fixes
    from pytest_llmlearn.app.watch import Looked
    from pytest_llmlearn.domain.matcher import Sighting
    from pytest_llmlearn.domain.mending import Mend


class MendOfMemory:
    """The part of `Memory` around applying fixes."""

    _fixes: Fixes

    if TYPE_CHECKING:

        def look(
            self,
            path: str,
            text: str,
            *,
            candidates: bool = False,
            settled: bool = False,
            stop: Callable[[], bool] = ...,
        ) -> Looked: ...

    def mend(self, path: str, text: str, sighting: Sighting) -> Mend | None:
        """The edits that repair a mistake seen by `look` in the text of `path`, as its best verified fix did; None
        where none can be applied surely. With all edits the text parses, and the mistake is seen once less.

        Raises:
            StoreError: what was learned cannot be read.
        """
        from pytest_llmlearn.app.mend import Mending

        return Mending(self._fixes, lambda where, what: self.look(where, what, candidates=True, settled=True)).mend(
            path, text, sighting
        )
