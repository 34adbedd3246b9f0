"""What is remembered beside an index of what it was made of, so that one that is not what it should be is known.

Chroma does not know that itself: with a file of its graph gone it answers from what is left, and with one overwritten
the process ends with a fault of memory. So the files are measured when all is written, and looked at before they are
opened again.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pytest_llmlearn.app.ports.vectors import SPACES, Space

VERSION = 1
"""Of what is written into Chroma: another one is made anew."""
DATABASE = "chroma.sqlite3"
"""Chroma's own database: transactions guard it, and it says itself where it is damaged."""
_LABELS = "index_metadata.pickle"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """`complete`: everything up to `revision` is in it. `writing`: whoever wrote this was not done.

    `sizes` are the entries of each space; `files` the sizes and check sums of the graph's files, by their path in the
    folder.
    """

    epoch: str
    embedder: str
    dimension: int
    revision: int = 0
    complete: bool = False
    writing: bool = False
    version: int = VERSION
    sizes: Mapping[Space, int] = field(default_factory=dict)
    files: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def same(self, other: Stamp) -> bool:
        """Whether what the one tells of can be brought to what the other tells of."""
        return (self.version, self.epoch, self.embedder, self.dimension) == (
            other.version,
            other.epoch,
            other.embedder,
            other.dimension,
        )

    def text(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def read(text: str) -> Stamp | None:
    """What `text` says; None where it is no stamp of ours."""
    try:
        found: dict[str, Any] = json.loads(text)
        found["files"] = {str(path): (int(size), int(total)) for path, (size, total) in found["files"].items()}
        found["sizes"] = {space: int(found["sizes"].get(space, 0)) for space in SPACES if found["sizes"]}
        stamp = Stamp(**found)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return stamp if isinstance(stamp.revision, int) and isinstance(stamp.dimension, int) else None


class Files:
    """The files of the graphs in that folder: size and CRC-32 of each, by its path. What did not change is not read
    again.

    A graph without labels was never written: its files are room that Chroma reserved, and filled with anything.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[tuple[int, int], int]] = {}

    def measured(self) -> dict[str, tuple[int, int]]:
        """
        Raises:
            OSError: one cannot be read.
        """
        known, self._known = self._known, {}
        for path in sorted(self._folder.glob("*/*")):
            if path.is_file() and path.with_name(_LABELS).is_file():
                name, status = path.relative_to(self._folder).as_posix(), path.stat()
                signature = (status.st_size, status.st_mtime_ns)
                before = known.get(name)
                self._known[name] = (
                    before if before is not None and before[0] == signature else (signature, _checksum(path))
                )
        return {name: (signature[0], total) for name, (signature, total) in self._known.items()}


def _checksum(path: Path) -> int:
    total = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total = zlib.crc32(piece, total)
    return total
