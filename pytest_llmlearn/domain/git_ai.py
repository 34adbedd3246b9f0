"""What a note of git-ai says of the lines of one commit.

Format: git-ai's authorship log 3.0.0 (git-ai-project/git-ai, specs/git_ai_standard_v3.0.0.md): paths with indented
`KEY RANGES` lines below them, a line `---`, and JSON that says who the keys are. Read as its own reader does, and more
leniently: a line that cannot be understood costs itself only. Line numbers are those of the note's commit.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmlearn.domain.provenance import Contributor
from pytest_llmlearn.domain.tool_names import model_name, printable, tool_name

REF = "refs/notes/ai"
MAX_NOTE = 16_000_000
"""Characters of a note that are read; older versions of git-ai kept whole conversations in it."""
MAX_ENTRIES = 100_000
MAX_LOGS = 50
MAX_LINE_NUMBER = 10_000_000
"""A line number beyond it is no line's."""

_DIVIDER = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)
_ENTRY = re.compile(r"(?:[ ]{2,}|\t)\s*(?P<key>[^\s,]{1,200})\s+(?P<ranges>\d.*)")
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_KEY = re.compile(r"(?:[sh]_[0-9a-f]{6,40}|[0-9a-f]{7,40})(?:::.*)?")
_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}
_ESCAPED = re.compile(r"\\([0-7]{1,3}|.)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Who wrote some lines: `key` is the note's word for the session, prompt or person."""

    type: Contributor
    key: str
    tool: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    attestation: Attestation
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def covers(self, line: int) -> bool:
        index = bisect_right(self.starts, line) - 1
        return index >= 0 and line <= self.ends[index]


@dataclass(frozen=True, slots=True)
class Note:
    """One note: for each path, as seen from the top of the repository in the note's commit, who wrote which lines."""

    _entries: Mapping[str, tuple[_Entry, ...]] = field(default_factory=dict)

    def at(self, path: str, line: int) -> Attestation | None:
        """Who wrote that line (from 1) by the note; None where it does not cover it. The later entry counts."""
        return next((entry.attestation for entry in self._entries.get(path, ()) if entry.covers(line)), None)

    @property
    def attestations(self) -> Iterator[Attestation]:
        """All that are in it, in no order that means anything."""
        return (entry.attestation for entries in self._entries.values() for entry in entries)


def parse(text: str) -> Note | None:
    """What a note says; None where it is no note of git-ai's, whose ref others write too.

    Several logs one after the other, as merging notes leaves them, are read as one.
    """
    text = text[:MAX_NOTE]
    found: dict[str, list[_Entry]] = {}
    is_ours = False
    budget = MAX_ENTRIES
    for _ in range(MAX_LOGS):
        if not text.strip() or budget <= 0:
            break
        divider = _DIVIDER.search(text)
        head, tail = (text, "") if divider is None else (text[: divider.start()], text[divider.end() :])
        known, text = _metadata(tail)
        is_ours |= known is not None
        agents = _Agents(known or {})
        for path, key, ranges in _attested(head):
            attestation = agents.of(key)
            entry = _entry(attestation, ranges) if attestation is not None else None
            if entry is None:
                continue
            found.setdefault(path, []).append(entry)
            budget -= 1
            if budget <= 0:
                break
    if not is_ours and not found:
        return None
    return Note({path: tuple(reversed(entries)) for path, entries in found.items()})


class _Agents:
    """The keys of one note, and whom they stand for."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self._known = known
        self._seen: dict[str, Attestation | None] = {}

    def of(self, key: str) -> Attestation | None:
        """None for a key that is in no table and does not look like one."""
        if key not in self._seen:
            self._seen[key] = self._read(key)
        return self._seen[key]

    def _read(self, key: str) -> Attestation | None:
        base = printable(key.partition("::")[0])
        if self._record("humans", base) is not None:
            return Attestation(type="human", key=base)
        for table in ("sessions", "prompts"):
            record = self._record(table, base)
            if record is not None:
                return _agent(base, record)
        if not _KEY.fullmatch(key):
            return None
        # Keys without metadata are common where notes were rewritten; what they begin with still tells.
        return Attestation(type="human" if base.startswith("h_") else "ai", key=base)

    def _record(self, table: str, key: str) -> Mapping[str, Any] | None:
        records = self._known.get(table)
        record = records.get(key) if isinstance(records, dict) else None
        return record if isinstance(record, dict) else None


def _agent(key: str, record: Mapping[str, Any]) -> Attestation:
    agent = record.get("agent_id")
    if not isinstance(agent, dict):
        return Attestation(type="ai", key=key)
    tool = tool_name(agent.get("tool"))
    if tool is not None and tool.lower() == "human":
        return Attestation(type="human", key=key)
    return Attestation(type="ai", key=key, tool=tool, model=model_name(agent.get("model")))


def _metadata(text: str) -> tuple[dict[str, Any] | None, str]:
    """The JSON object below the divider where it is an authorship log's, and what follows it."""
    below = text.lstrip()
    try:
        known, end = json.JSONDecoder().raw_decode(below)
    except (ValueError, RecursionError):
        return None, ""  # what is above the divider still counts; nothing below can be told apart
    if not isinstance(known, dict):
        return None, ""
    version = known.get("schema_version")
    if isinstance(version, str) and version.startswith("authorship/"):
        return known, below[end:]
    fits = any(isinstance(known.get(table), dict) for table in ("prompts", "sessions", "humans"))
    return (known if fits else None), below[end:]


def _attested(text: str) -> Iterator[tuple[str, str, str]]:
    """Path, key and ranges of each entry that can be understood; a path with escapes in both readings."""
    paths: tuple[str, ...] = ()
    for line in text.split("\n"):
        line = line.rstrip()
        if not line:
            continue
        if line[0] in " \t":
            match = _ENTRY.fullmatch(line)
            if match is not None:
                for path in paths:
                    yield path, match["key"], match["ranges"]
        else:
            paths = _paths(line)


def _paths(line: str) -> tuple[str, ...]:
    """What a path's line may mean. git-ai quotes without escaping, git itself escapes too."""
    if len(line) < 2 or line[0] != '"' or line[-1] != '"':
        return (line,)
    inner = line[1:-1]
    return (inner,) if "\\" not in inner else tuple(dict.fromkeys((inner, _unescaped(inner))))


def _unescaped(text: str) -> str:
    """A path as git quotes it: C escapes, and octal ones for the bytes of UTF-8."""
    out = bytearray()
    end = 0
    for match in _ESCAPED.finditer(text):
        out += text[end : match.start()].encode("utf-8", "surrogatepass")
        code = match[1]
        if code[0] in "01234567":
            out.append(int(code, 8) & 0xFF)
        elif code in _ESCAPES:
            out.append(_ESCAPES[code])
        else:
            out += match[0].encode("utf-8", "surrogatepass")
        end = match.end()
    out += text[end:].encode("utf-8", "surrogatepass")
    return out.decode("utf-8", "replace")


def _entry(attestation: Attestation, ranges: str) -> _Entry | None:
    merged: list[list[int]] = []
    for start, end in sorted(_ranges(ranges)):
        if merged and start <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    if not merged:
        return None
    return _Entry(attestation, tuple(one[0] for one in merged), tuple(one[1] for one in merged))


def _ranges(text: str) -> Iterable[tuple[int, int]]:
    """Those of `1-10,15` that are ranges of lines: from 1, not reversed, not absurd."""
    for part in re.split(r"[,\s]+", text):
        match = _RANGE.fullmatch(part)
        if match is None:
            continue
        start = int(match[1])
        end = int(match[2]) if match[2] else start
        if 1 <= start <= end <= MAX_LINE_NUMBER:
            yield start, end
