"""The trace files of a project: what is in them, for which file, and how a line is added to our own.

They are other programs' files, and may be anything: nothing that stands in them is an error here.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pytest_llmlearn.domain.agent_trace import TraceRecord, parse_line, without_future
from pytest_llmlearn.domain.traced import Claim, folded, located

OURS = ".llmlearn/traces.jsonl"
OTHERS = ".agent-trace/traces.jsonl"
"""Where the reference implementation appends (cursor/agent-trace, reference/trace-store.ts)."""
MAX_BYTES = 16 * 1024 * 1024
"""The end of a file that is read: the latest records are the ones that count."""
MAX_LINE = 1024 * 1024

_CONFIDENCE = {OTHERS: 0.9, OURS: 0.95}


@dataclass(slots=True)
class _Content:
    """What one trace file holds: for each file that it speaks of, by its absolute path, what is claimed of it."""

    stamp: tuple[int, int] | None = None
    records: list[TraceRecord] = field(default_factory=list)
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One trace file that may be there: its path, its name for people, and the folder that its paths start from."""

    path: Path
    name: str
    kind: str
    folder: str


def _place(folder: Path, kind: str, *, nested: bool) -> _Place:
    name = f"{folder.name}/{kind}" if nested else kind
    return _Place(path=folder / kind, name=name, kind=kind, folder=folder.as_posix())


class TraceFiles:
    """The trace files at a project's root, and at the top of the repository around it. Read when first needed.

    A file that has changed since is read anew. `clock` tells the time (aware), for records of the future.
    """

    def __init__(self, root: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        given = root.absolute()
        real = root.resolve()
        top = next((one for one in (real, *real.parents) if (one / ".git").exists()), real)
        self.root = real.as_posix()
        """The project's root with its links resolved, as all paths of `claims` are."""
        self.top = top.as_posix()
        # A recorder may know the project by another name, with links.
        self._aliases = {given.as_posix(): self.root}
        # The top first: of equal times the later claim counts, and what stands nearer to the project is later.
        folders = dict.fromkeys((top, real))
        self._places = [_place(folder, kind, nested=folder != real) for kind in _CONFIDENCE for folder in folders]
        self._located: dict[tuple[str, str], str | None] = {}
        self._contents: dict[Path, _Content] = {}

    @property
    def notices(self) -> Sequence[str]:
        """What of the files was not read, in a sentence for each kind and file; of what was read so far."""
        return [notice for content in self._contents.values() for notice in content.notices]

    def records(self) -> Iterator[TraceRecord]:
        """All records of all files, each with those of its files that lie in the project, by paths from its root."""
        for content in self._read():
            yield from content.records

    def claims(self) -> Mapping[str, Sequence[Claim]]:
        """What is claimed of each file, by its absolute path, `traced.folded`; the later claims come later."""
        found: dict[str, list[Claim]] = {}
        for content in self._read():
            for path, claims in content.claims.items():
                found.setdefault(path, []).extend(claims)
        return found

    def standing(self) -> str:
        """Sizes and dates of the files that are there; empty where none is. No file is opened."""
        stamps = ((place.path, _stamp(place.path)) for place in self._places)
        return " ".join(f"{path}:{stamp[0]}:{stamp[1]}" for path, stamp in stamps if stamp is not None)

    def _read(self) -> Iterator[_Content]:
        for place in self._places:
            stamp = _stamp(place.path)
            known = self._contents.get(place.path)
            if known is None or known.stamp != stamp:
                known = self._content(place) if stamp is not None else _Content()
                known.stamp = stamp
                self._contents[place.path] = known
            yield known

    def _content(self, place: _Place) -> _Content:
        content = _Content()
        self._located.clear()
        bad = long = 0
        refused: set[str] = set()
        now = self._clock()
        try:
            lines, whole = _lines(place.path)
        except OSError as error:
            content.notices.append(f"{place.name} cannot be read: {error.strerror or error}")
            return content
        if not whole:
            content.notices.append(f"{place.name} is large; only its last {MAX_BYTES // 1024 // 1024} MB were read")
        for line in lines:
            if len(line) > MAX_LINE:
                long += 1
                continue
            if not line.strip():
                continue
            records = parse_line(line.decode("utf-8-sig", "replace"))
            if records is None:
                bad += 1
                continue
            for record in records:
                self._add(content, place, without_future(record, now), refused)
        if bad or long:
            also = f", {long} of them for their length" if long else ""
            said = "1 line was" if bad + long == 1 else f"{bad + long} lines were"
            content.notices.append(f"{said} skipped in {place.name}, being no record{also}")
        if refused:
            said = "1 path was" if len(refused) == 1 else f"{len(refused)} paths were"
            content.notices.append(
                f"{said} refused in {place.name}, leading outside the repository, such as {min(refused)[:200]!r}"
            )
        return content

    def _add(self, content: _Content, place: _Place, record: TraceRecord, refused: set[str]) -> None:
        inside = []
        for file in record.files:
            asked = (place.folder, file.path)
            if asked not in self._located:
                self._located[asked] = self._whole(file.path, place)
            path = self._located[asked]
            if path is None:
                refused.add(file.path)
                continue
            claim = Claim(record=record, spans=file.spans, file=place.name, confidence=_CONFIDENCE[place.kind])
            content.claims.setdefault(folded(path), []).append(claim)
            if folded(path).startswith(folded(self.root + "/")):
                inside.append(replace(file, path=path[len(self.root.rstrip("/")) + 1 :]))
        if inside:
            content.records.append(replace(record, files=tuple(inside)))

    def _whole(self, path: str, place: _Place) -> str | None:
        """The absolute path that a recorded one means; None outside the repository."""
        whole = located(path, place.folder, (self.top, *self._aliases))
        if whole is None:
            return None
        for alias, real in self._aliases.items():
            if alias != real and whole.startswith(f"{alias}/") and not whole.startswith(f"{self.top}/"):
                return real + whole[len(alias) :]
        if place.folder != self.top and not Path(whole).exists():
            # The specification's paths start from the top of the repository, wherever the file lies.
            from_top = located(path, self.top, (self.top,))
            if from_top is not None and Path(from_top).exists():
                return from_top
        return whole


def append(root: Path, line: str) -> None:
    """Add one line to the project's own log, in one write, so that others' lines stay whole. `.llmlearn` exists.

    Raises:
        OSError: it cannot be written.
        ValueError: `line` has line breaks.
    """
    if "\n" in line or "\r" in line:
        raise ValueError("a record is one line")
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    target = os.open(root / OURS, flags, 0o666)
    try:
        size = os.lseek(target, 0, os.SEEK_END)
        torn = False
        if size:
            os.lseek(target, size - 1, os.SEEK_SET)
            torn = os.read(target, 1) != b"\n"  # a writer was stopped in the middle: its line is not to spoil ours
        left = memoryview((b"\n" if torn else b"") + line.encode("utf-8", "replace") + b"\n")
        while left:
            left = left[os.write(target, left) :]
    finally:
        os.close(target)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Size and date of a file; None where there is none, or none that can be read to its end."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _lines(path: Path) -> tuple[list[bytes], bool]:
    """The last lines of a file, and whether they are all of it."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - MAX_BYTES, 0))
        lines = file.read(MAX_BYTES).split(b"\n")
    return (lines, True) if size <= MAX_BYTES else (lines[1:], False)
