"""Source text to tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmlearn.domain.tree import Tree


class Parser(Protocol):
    """Reads Python that may be broken, since it is looked at while it is typed."""

    def parse(self, text: str) -> Tree:
        """The tree of what can be read of `text`. Never raises for what the text is."""
        ...
