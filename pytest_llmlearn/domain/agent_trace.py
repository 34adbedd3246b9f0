"""Records of Agent Trace: which lines of which files a conversation with a model brought.

Format: Agent Trace 0.1.0 (cursor/agent-trace, README.md), one JSON record a line. Recorders differ, so all shapes that
are met are read: ranges within conversations, ranges of a file, a file's fields on the record itself; the contributor
on any of these, the nearest counting. A version number decides nothing, and metadata says nothing of who wrote a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from pytest_llmlearn.domain import content_hash
from pytest_llmlearn.domain.content_hash import ContentHash
from pytest_llmlearn.domain.provenance import Contributor
from pytest_llmlearn.domain.tool_names import MAX_NAME, model_name, plain_name, printable, tool_name

VERSION = "0.1.0"
"""Of the format that we write."""
OURS = "dev.llmlearn"
"""Our key in a record's metadata."""
MAX_LINE_NUMBER = 10_000_000
MAX_SPANS = 100_000
"""Ranges of one record that are read."""
MAX_TEXT = 2_000
"""Characters of an address or a path that are believed."""
AHEAD = timedelta(minutes=10)
"""How far a recorder's clock may be ahead of ours."""

_TYPES: dict[str, Contributor] = {
    "ai": "ai", "agent": "ai", "assistant": "ai", "llm": "ai", "model": "ai",
    "human": "human", "user": "human", "developer": "human", "mixed": "mixed", "hybrid": "mixed",
}  # fmt: skip
_PATHS = ("path", "file_path", "filePath", "file", "filename")
_STARTS = ("start_line", "start", "startLine", "start_line_number", "line_start", "line")
_ENDS = ("end_line", "end", "endLine", "end_line_number", "line_end")
_REVISION = re.compile(r"[0-9a-f]{7,64}")
_SPAN = re.compile(r"\s*L?(\d{1,9})\s*(?:(?:-|\.\.|:)\s*L?(\d{1,9}))?\s*")
# Names of an assistant's own tools, which some recorders write where the assistant's name belongs.
_OPERATIONS = frozenset({"bash", "edit", "multiedit", "notebookedit", "write"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One range of lines (from 1, both ends included) at the recorded revision, and who wrote it."""

    start: int
    end: int
    type: Contributor = "unknown"
    model: str | None = None
    hash: ContentHash | None = None
    conversation: str | None = None

    @property
    def count(self) -> int:
        return self.end - self.start + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedFile:
    """One file of a record, with its path as recorded."""

    path: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRecord:
    """One record. `time` is aware, UTC; `revision` a git commit, perhaps abbreviated; each None where not told.

    `id` is the record's own, else a digest of its line.
    """

    id: str
    time: datetime | None = None
    revision: str | None = None
    tool: str | None = None
    session: str | None = None
    files: tuple[TracedFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedEdit:
    """What one record says of one file, as one generation. `ranges` are first and last lines, from 1."""

    id: str
    path: str
    time: datetime | None
    type: Contributor
    model: str | None
    tool: str | None
    session: str | None
    conversation: str | None
    revision: str | None
    ranges: tuple[tuple[int, int], ...]


def parse_line(line: str) -> tuple[TraceRecord, ...] | None:
    """The records of one line, none for JSON that speaks of no file; None where the line cannot be understood."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, (dict, list)):
        return None
    entries = [entry for entry in (found if isinstance(found, list) else [found]) if isinstance(entry, dict)]
    digest = "" if not entries else sha256(line.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    records = (_record(entry, digest if not index else f"{digest}-{index}") for index, entry in enumerate(entries))
    return tuple(record for record in records if record.files)


def edits(record: TraceRecord) -> tuple[TracedEdit, ...]:
    """For each file of a record the values of a generation; the type and the model are those of most lines."""
    found: list[TracedEdit] = []
    for file in record.files:
        lines: dict[tuple[Contributor, str | None, str | None], int] = {}
        for span in file.spans:
            key = (span.type, span.model, span.conversation)
            lines[key] = lines.get(key, 0) + span.count
        kind, model, conversation = max(lines, key=lambda key: lines[key])
        found.append(
            TracedEdit(
                id=record.id,
                path=file.path,
                time=record.time,
                type=kind,
                model=model,
                tool=record.tool,
                session=record.session,
                conversation=conversation,
                revision=record.revision,
                ranges=tuple((span.start, span.end) for span in file.spans),
            )
        )
    return tuple(found)


def without_future(record: TraceRecord, now: datetime) -> TraceRecord:
    """The record, without its time where that is still to come: a clock that is wrong says nothing."""
    return replace(record, time=None) if record.time is not None and record.time > now + AHEAD else record


def trace_line(
    *,
    id: str,
    time: datetime,
    path: str,
    ranges: Sequence[tuple[int, int]],
    lines: Sequence[str],
    type: Contributor = "ai",
    model: str | None = None,
    tool: str | None = None,
    tool_version: str | None = None,
    revision: str | None = None,
    conversation: str | None = None,
    own: Mapping[str, object] | None = None,
) -> str:
    """One record as one line of JSON, without a line break.

    `path` is relative to the folder that holds `.llmlearn`, with `/`; `lines` are the file's after the edit, over which
    the ranges (from 1, both ends included) are hashed. `model` is best given as `provider/model`; `revision` is the
    commit the edit was made on; `own` goes into the metadata under `OURS`.
    """
    contributor: dict[str, object] = {"type": type}
    if model:
        contributor["model_id"] = model[:MAX_NAME]
    spans = [
        {"start_line": start, "end_line": end, "content_hash": content_hash.of_lines(lines[start - 1 : end])}
        for start, end in ranges
    ]
    said: dict[str, object] = {"contributor": contributor, "ranges": spans}
    if conversation:
        said = {"url": conversation, **said}
    record: dict[str, object] = {"version": VERSION, "id": id, "timestamp": _stamp(time)}
    if revision:
        record["vcs"] = {"type": "git", "revision": revision}
    if tool:
        record["tool"] = {"name": tool, **({"version": tool_version} if tool_version else {})}
    record["files"] = [{"path": path, "conversations": [said]}]
    if own:
        record["metadata"] = {OURS: dict(own)}
    return json.dumps(record, separators=(",", ":"))


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class _Said:
    """Who is said to have written something, as far as said."""

    type: Contributor | None = None
    model: str | None = None

    def within(self, outer: _Said) -> _Said:
        """The nearer word counts; the outer one's model is only that of a model's work of which no model is told."""
        if self.type is None and self.model is None:
            return outer
        kind = self.type or "ai"
        model = self.model or (outer.model if kind in ("ai", "mixed") else None)
        return _Said(kind, model)


def _record(entry: Mapping[str, Any], digest: str) -> TraceRecord:
    said = _said(entry)
    if said.type is None and said.model is None and isinstance(entry.get("tool_use_id"), str):
        said = _Said("ai")  # the record of a model's own call of a tool, which names nobody else
    files: list[TracedFile] = []
    left = MAX_SPANS
    for path, found in _files(entry):
        spans = [span for _, span in zip(range(left), _spans(found, said, None), strict=False)]
        left -= len(spans)
        if spans:
            files.append(TracedFile(path=path, spans=tuple(spans)))
    identity = entry.get("id")
    return TraceRecord(
        id=(printable(identity[:100]).strip() if isinstance(identity, str) else "") or digest,
        time=_time(entry.get("timestamp", entry.get("time"))),
        revision=_revision(entry),
        tool=_tool(entry),
        session=_session(entry),
        files=tuple(files),
    )


def _files(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each file's path, and the object that speaks of it, which may be the record itself."""
    listed = entry.get("files", entry.get("file") if isinstance(entry.get("file"), dict) else None)
    for found in listed if isinstance(listed, list) else [listed]:
        path = _path(found) if isinstance(found, dict) else None
        if path is not None:
            yield path, found
    path = _path(entry)
    if path is not None:
        yield path, {key: value for key, value in entry.items() if key != "contributor"}


def _path(found: Mapping[str, Any]) -> str | None:
    values = (found.get(key) for key in _PATHS)
    return next((value for value in values if isinstance(value, str) and 0 < len(value) <= MAX_TEXT), None)


def _spans(found: Mapping[str, Any], outer: _Said, url: str | None) -> Iterator[Span]:
    """The ranges that an object holds: in conversations, by itself, or as its own fields."""
    said = _said(found).within(outer)
    url = _text(found.get("url")) or url
    for key in ("conversations", "conversation"):
        for conversation in _each(found.get(key)):
            if isinstance(conversation, dict):
                yield from _spans({**conversation, "conversations": None, "conversation": None}, said, url)
    ranges = next((found[key] for key in ("ranges", "range", "line_ranges", "lines") if key in found), None)
    for one in _each(ranges):
        ends = _ends(one)
        if ends is not None:
            own = one if isinstance(one, dict) else {}
            yield _span(ends, _said(own).within(said), own, url)
    if ranges is None and (ends := _ends(found)) is not None:
        yield _span(ends, said, found, url)


def _each(value: object) -> Sequence[Any]:
    if isinstance(value, list):
        # A bare pair of numbers is one range.
        return [value] if len(value) == 2 and all(type(one) is int for one in value) else value
    return [] if value is None else [value]


def _span(ends: tuple[int, int], said: _Said, own: Mapping[str, Any], url: str | None) -> Span:
    return Span(
        start=ends[0],
        end=ends[1],
        type=said.type or "unknown",
        model=said.model if said.type in ("ai", "mixed") else None,
        hash=content_hash.parse(own.get("content_hash", own.get("contentHash"))),
        conversation=url,
    )


def _ends(one: object) -> tuple[int, int] | None:
    """First and last line of a range; None where they are no lines' numbers, reversed or absurd."""
    if isinstance(one, dict):
        start = next((one[key] for key in _STARTS if one.get(key) is not None), None)
        end = next((one[key] for key in _ENDS if one.get(key) is not None), start)
    elif isinstance(one, list) and len(one) == 2:
        start, end = one
    elif isinstance(one, str) and (match := _SPAN.fullmatch(one)):
        start, end = match[1], match[2] or match[1]
    else:
        start = end = one
    first, last = _number(start), _number(end)
    if first is None or last is None or not 1 <= first <= last <= MAX_LINE_NUMBER:
        return None
    return first, last


def _number(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        return int(value) if re.fullmatch(r"\s*[0-9]{1,9}\s*", value) else None
    return value if isinstance(value, int) else None


def _said(found: Mapping[str, Any]) -> _Said:
    contributor = found.get("contributor")
    if isinstance(contributor, str):
        contributor = {"type": contributor}
    if not isinstance(contributor, dict):
        contributor = {}
    kind = contributor.get("type")
    model = next((name for key in ("model_id", "model") if (name := model_name(contributor.get(key)))), None)
    model = model or next((name for key in ("model_id", "model") if (name := model_name(found.get(key)))), None)
    if isinstance(kind, str) and kind.strip():
        return _Said(_TYPES.get(kind.strip().lower(), "unknown"), model)
    return _Said("ai" if model else None, model)


def _tool(entry: Mapping[str, Any]) -> str | None:
    tool = entry.get("tool")
    name = tool_name(tool.get("name") if isinstance(tool, dict) else tool)
    if name is not None and name.lower() not in _OPERATIONS:
        return name
    called = entry.get("tool_use_id")
    return "claude" if isinstance(called, str) and called.startswith("toolu_") else None


def _session(entry: Mapping[str, Any]) -> str | None:
    metadata = entry.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    own = metadata.get(OURS)
    places = (entry.get("session_id"), own.get("session") if isinstance(own, dict) else None,
              metadata.get("session_id"), metadata.get("conversation_id"))  # fmt: skip
    return next((name for value in places if (name := plain_name(value))), None)


def _revision(entry: Mapping[str, Any]) -> str | None:
    vcs = entry.get("vcs")
    revision = vcs.get("revision") if isinstance(vcs, dict) else entry.get("revision", entry.get("commit"))
    if isinstance(vcs, dict) and vcs.get("type") in ("hg", "svn"):
        return None
    # A jj change id has letters that no commit's has.
    return revision.lower() if isinstance(revision, str) and _REVISION.fullmatch(revision.lower()) else None


def _time(value: object) -> datetime | None:
    """A time with or without a zone (UTC then), or seconds or milliseconds since 1970; None for what is none."""
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value.strip())
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 100_000_000_000 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_TEXT else None
