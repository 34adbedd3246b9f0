"""What was found out of who wrote what, and what people said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_llmlearn.domain.marks import Mark
from pytest_llmlearn.domain.provenance import FileProvenance
from pytest_llmlearn.domain.tally import FileTally

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The provenance of one file as it was found before, and what it was found from.

    `digest` is that of the file's text, `commit` the one its repository was at (empty outside one), `standing` that of
    all else that decided: a file may be remembered at several, for an assistant's session begins and ends many times a
    day. `tally` are its counts, where they were taken.
    """

    digest: str
    commit: str
    standing: str
    provenance: FileProvenance
    tally: FileTally | None = None


class ProvenanceCache(Protocol):
    """What was found before. A cache: whatever is damaged or cannot be written is forgotten, and that is all."""

    def get(self, standings: Mapping[str, str]) -> Mapping[str, Remembered]:
        """What is remembered of those of the files, by path, that are known to have been found at these standings."""
        ...

    def put(self, found: Mapping[str, Remembered], *, make: bool = False) -> None:
        """Remember these from now on. Without `make` nothing is created in a project where nothing was recorded yet;
        they are written at the end, if something was by then."""
        ...

    def clear(self) -> None:
        """Erase all that is remembered, for good.

        Raises:
            StoreUnavailable: it cannot be erased.
        """
        ...

    def close(self) -> None: ...


class Marks(Protocol):
    """What people said of who wrote some lines; every word is kept."""

    def of(self, path: str) -> Sequence[Mark]:
        """The marks on this file, in the order they were written."""
        ...

    def add(self, mark: Mark) -> None:
        """Write one more.

        Raises:
            OSError: it cannot be written.
        """
        ...
