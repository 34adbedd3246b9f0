"""What `Memory` recognises in a text while it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlearn.app.watch import Looked, Watch


class WatchOfMemory:
    """The part of `Memory` around looking at texts."""

    _watch: Callable[[], Watch]

    def look(
        self,
        path: str,
        text: str,
        *,
        candidates: bool = False,
        settled: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> Looked:
        """Where mistakes that were learned stand in the text of the file at `path`, relative to the root.

        What did not change since the last look at that path costs nothing. With `candidates` patterns that nothing
        confirmed yet count too. `settled` says that nobody is typing. Once `stop` is true, the rest is not looked at
        and nothing is told.

        Raises:
            StoreError: what was learned cannot be read.
        """
        return self._watch().look(path, text, candidates=candidates, settled=settled, stop=stop)

    def forget_looks(self, path: str | None = None) -> None:
        """Drop what is remembered of looks at a file that was closed; without `path` of all, for what exists in the
        project has changed."""
        self._watch().forget(path)
