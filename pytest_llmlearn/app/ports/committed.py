"""The committed lessons: the file that is shared, and what the store makes of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_llmlearn.domain.committed import Committed
from pytest_llmlearn.domain.pattern import Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What a file of lessons holds: its lessons as they stand there, and a sentence for each sort of line that is none.

    `later` are lines of a later version as they stand there, which whoever writes the file keeps. `text` is the whole
    file, its lines ended as Unix does, "" where there is none.
    """

    lessons: tuple[Committed, ...] = ()
    problems: tuple[str, ...] = ()
    text: str = ""
    later: tuple[str, ...] = ()


class LessonsFile(Protocol):
    """`.llmlearn/lessons.jsonl` of the project."""

    def stamp(self) -> str:
        """What changes whenever the file does; "" where there is none. It is not opened."""
        ...

    def read(self) -> Lines:
        """What it holds. A line that cannot be read costs itself alone.

        Raises:
            OSError: the file is there and cannot be read.
        """
        ...

    def write(self, text: str) -> None:
        """Put this in its place, at once and whole; beside it, what makes branches merge it line by line.

        Raises:
            OSError: it cannot be written.
        """
        ...


class CommittedRows(Protocol):
    """What the store knows of the committed lessons. In the same file as the store, and as safe."""

    @property
    def exists(self) -> bool:
        """Whether there is a store."""
        ...

    def stamp(self) -> str:
        """The stamp of the file that was taken in last; "" for none."""
        ...

    def take_in(self, lessons: Sequence[Committed], stamp: str) -> None:
        """Have these stand in the store as committed, and no others. None of them counts as seen here.

        Raises:
            StoreError: the store cannot be written; nothing was.
        """
        ...

    def lines(self, fingerprints: Collection[str]) -> Mapping[str, Committed]:
        """Those of these that are committed."""
        ...

    def states(self, fingerprints: Collection[str], before: str | None = None) -> Mapping[str, Collection[str]]:
        """In which states of the code each of these was seen; what was told apart, and flaky failures, do not count.

        `before` is the id of a run: only runs that began before it count then. Of a run whose state is not known the
        code of the culprits tells it.
        """
        ...

    def patterns(self, fingerprints: Collection[str]) -> Mapping[str, Pattern]:
        """The patterns of these fingerprints, for a merged one that which it was merged into."""
        ...

    def lasting(self) -> Sequence[Pattern]:
        """Patterns that are active or enforced and not merged into another, archived ones too."""
        ...

    def dropped(self) -> frozenset[str]:
        """Fingerprints that are known here and are not to be committed: a person called them wrong, they are void, or
        they were merged into others."""
        ...
