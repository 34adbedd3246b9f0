"""Source text to tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmlearn.domain.matchers.pieces import Piece
    from pytest_llmlearn.domain.tree import Tree


class Parser(Protocol):
    """Reads Python that may be broken, since it is looked at while it is typed."""

    def parse(self, text: str) -> Tree:
        """The tree of what can be read of `text`. Never raises for what the text is."""
        ...

    def pieces(self, text: str, known: Callable[[str], Piece | None]) -> Sequence[Piece]:
        """The same, in pieces that stand by themselves; `known` has those of the last time, by their text.

        What `parse` reads in whole code is what stands in its pieces. Never raises for what the text is.
        """
        ...
