"""What people said of who wrote some lines: the file `.llmlearn/marks.jsonl`, to be committed.

One JSON object a line, each complete in itself and never changed: two branches that both added some are merged by
keeping all lines, in any order. A line that cannot be understood is skipped, counted and said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_llmlearn.domain import marks as domain
from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.cleaning import flat
from pytest_llmlearn.domain.marks import Mark
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.hookspecs import Project, ProvenanceReader, hookimpl

VERSION = "2"
"""Of how marks are laid on lines: another one makes what was remembered void."""
FILE = ".llmlearn/marks.jsonl"
SIZE_LIMIT = 50_000_000
NAME_LENGTH = 250
_HASH = 2 * domain.DIGEST_BYTES
_TYPES: Mapping[str, Any] = {"human": "human", "ai": "ai", "withdrawn": "withdrawn"}


@hookimpl
def llmlearn_register_provenance(register: Callable[[ProvenanceReader], None], project: Project) -> None:
    """The reader of marks."""
    register(MarkReader(project))


class MarksFile:
    """`ports.Marks` in the project at `root`; `make` makes the folder that the file lies in."""

    def __init__(self, root: Path, make: Callable[[], None] | None = None) -> None:
        self._path = root / FILE
        self._make = make
        self._seen: tuple[int, int, int] | None = None
        self._marks: dict[str, list[Mark]] = {}
        self.skipped = 0
        """Lines that could not be understood."""

    def of(self, path: str) -> Sequence[Mark]:
        """The marks on this file, in the order they were written."""
        self._look()
        return tuple(self._marks.get(path, ()))

    @property
    def paths(self) -> Sequence[str]:
        """The files that have marks."""
        self._look()
        return tuple(self._marks)

    def add(self, mark: Mark) -> None:
        """Write one more, in one piece: other processes may write at the same time.

        Raises:
            OSError: it cannot be written.
        """
        if self._make is not None and not self._path.parent.is_dir():
            self._make()
        line = json.dumps(_written(mark), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(handle).st_size
            if size:
                os.lseek(handle, size - 1, os.SEEK_SET)
                if os.read(handle, 1) != b"\n":  # somebody's editor left the last line open
                    line = b"\n" + line
            os.write(handle, line)
        finally:
            os.close(handle)
        self._seen = None

    def _look(self) -> None:
        """Read the file, unless it is as it was."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen == self._seen:
                return
            content = self._path.read_bytes() if status.st_size <= SIZE_LIMIT else b""
        except OSError:  # none, or none that may be read: nobody said anything
            seen, content = None, b""
        self._seen, self._marks, self.skipped = seen, {}, 0
        for line in content.splitlines():
            if not line.strip():
                continue
            try:
                mark = _read(json.loads(line))
            except (ValueError, TypeError, LookupError, RecursionError, OverflowError):
                self.skipped += 1
                continue
            self._marks.setdefault(mark.path, []).append(mark)


class MarkReader:
    """`hookspecs.ProvenanceReader` of the marks: a person's word on a line, which nothing else is surer than."""

    name = "marks"

    def __init__(self, project: Project) -> None:
        self._project = project
        self._file = MarksFile(project.root)

    @property
    def notices(self) -> Sequence[str]:
        """That lines of the file cannot be understood, if so."""
        if not self._file.skipped:
            return ()
        lines = "1 line" if self._file.skipped == 1 else f"{self._file.skipped} lines"
        return (f"{lines} of {FILE} cannot be understood, and nothing was taken from them",)

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        """Answers for the lines of those of the files that have marks, be it under an older name."""
        return self._applied(self._marks_on(paths))

    def says_anything(self) -> bool:
        """Whether a line is marked as a model's, and still stands. Older names of files are not looked for."""
        return any(
            answer is not None and answer.generated
            for answers in self._applied({path: self._file.of(path) for path in self._file.paths}).values()
            for answer in answers
        )

    def standing(self) -> str:
        """What becomes of marks."""
        return VERSION

    def standing_of(self, paths: Sequence[str]) -> Mapping[str, str]:
        """The marks on each of the files, and those on files that are gone, which may have another name now."""
        gone = "".join(repr(self._file.of(path)) for path in self._gone())
        return {path: f"{marks!r}{gone}" for path in paths if (marks := self._file.of(path)) or gone}

    def _applied(self, found: Mapping[str, Sequence[Mark]]) -> Mapping[str, Sequence[Provenance | None]]:
        answers: dict[str, Sequence[Provenance | None]] = {}
        for path, marks in found.items():
            text = self._project.text(path) if marks else None
            if text is not None:
                answers[path] = domain.applied(marks, source.lines_of(text))
        return answers

    def _marks_on(self, paths: Sequence[str]) -> Mapping[str, Sequence[Mark]]:
        """By path, the marks on each of the files; the history is asked for older names only where a marked file is
        gone."""
        found = {path: self._file.of(path) for path in paths}
        gone = {*self._gone()}
        origins = self._project.history.origins(paths) if gone else {}
        for path, lines in origins.items():
            name = self._project.history.name_of(path)
            old = {origin.path for origin in lines if origin is not None} - {name}
            earlier = {_from_root(one, path, name) for one in old if name is not None} & gone
            found[path] = (*(mark for one in sorted(earlier) for mark in self._file.of(one)), *found[path])
        return found

    def _gone(self) -> Sequence[str]:
        """The marked files that are there no more."""
        return [path for path in self._file.paths if not (self._project.root / path).is_file()]


def _from_root(other: str, path: str, name: str) -> str:
    """A name from the repository's top as a path from the project's root, as `path` is for `name`; else empty."""
    if path.endswith(name):
        return path[: -len(name)] + other
    above = name[: -len(path)]
    return other.removeprefix(above) if name.endswith(path) and other.startswith(above) else ""


def _written(mark: Mark) -> dict[str, object]:
    values: dict[str, object] = {"path": mark.path, "type": mark.type, "time": mark.time.astimezone(UTC).isoformat()}
    if mark.end:
        values["lines"] = f"{mark.start}-{mark.end}"
        values |= {key: "".join(getattr(mark, key)) for key in ("before", "after") if getattr(mark, key)}
        values["hashes"] = "".join(mark.lines)
    return values | {key: getattr(mark, key) for key in ("model", "by") if getattr(mark, key)}


def _read(values: Any) -> Mark:
    """The mark that one line says.

    Raises:
        ValueError, TypeError, LookupError: it is none.
    """
    path, kind, time = values["path"], _TYPES[values["type"]], datetime.fromisoformat(values["time"])
    start, end = _span(values["lines"]) if "lines" in values else (1, 0)
    lines = _split(values.get("hashes", ""))
    if not isinstance(path, str) or not path or (len(lines) != end - start + 1) or (not end and kind != "withdrawn"):
        raise ValueError(f"no mark: {values!r}")
    return Mark(
        path=path,
        type=kind,
        start=start,
        end=end,
        lines=lines,
        before=_split(values.get("before", "")),
        after=_split(values.get("after", "")),
        model=_name(values.get("model")),
        time=time if time.tzinfo is not None else time.replace(tzinfo=UTC),
        by=_name(values.get("by")),
    )


def _span(written: object) -> tuple[int, int]:
    if not isinstance(written, str):
        raise TypeError(f"no lines: {written!r}")
    start, _, end = written.partition("-")
    first, last = int(start), int(end)
    if not 1 <= first <= last:
        raise ValueError(f"no lines: {written!r}")
    return first, last


def _split(hashes: object) -> tuple[str, ...]:
    if not isinstance(hashes, str) or len(hashes) % _HASH:
        raise ValueError(f"no hashes: {hashes!r}")
    return tuple(hashes[index : index + _HASH] for index in range(0, len(hashes), _HASH))


def _name(value: object) -> str | None:
    return flat(value, NAME_LENGTH) if isinstance(value, str) and value.strip() else None
