"""How provenance is printed: as JSON-ready builtins with stable keys, and as lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_llmlearn.domain.cleaning import flat
from pytest_llmlearn.domain.marks import Mark
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.domain.rollup import Counts, FileAccount, RollUp, UnitProvenance
from pytest_llmlearn.domain.tally import Summary, Tally

TYPES = ("human", "ai", "mixed", "unknown")
_EVIDENCE = 120
_NAME = 60


def account(found: FileAccount, notices: Sequence[str]) -> dict[str, Any]:
    """A file as `llmlearn provenance PATH --format json` prints it. Keys may be added, never changed."""
    return {
        "path": found.path,
        "lines": [{"line": number, **_line(line)} for number, line in enumerate(found.lines, 1)],
        "ranges": [
            {"start_line": entry.start, "end_line": entry.end, **_line(entry.provenance)} for entry in found.ranges
        ],
        "functions": [_unit(entry) for entry in found.units],
        "file": _rolled(found.rolled),
        "notices": list(notices),
    }


def folder(path: str, found: Summary, notices: Sequence[str]) -> dict[str, Any]:
    """A folder as `llmlearn provenance FOLDER --format json` prints it. Keys may be added, never changed."""
    files = [{"path": name, **_rolled(entry.rolled)} for name, entry in sorted(found.files.items())]
    return {"path": path, "files": files, "notices": list(notices)}


def summary(found: Summary, notices: Sequence[str]) -> dict[str, Any]:
    """The counts as `llmlearn provenance --summary --format json` prints them. Keys may be added, never changed."""
    return {**_tally(found.whole), "tests": _tally(found.tests), "notices": list(notices)}


def _line(line: Provenance) -> dict[str, Any]:
    return {
        "type": line.type,
        "model": line.model,
        "tool": line.tool,
        "confidence": line.confidence,
        "evidence": line.evidence,
    }


def _unit(entry: UnitProvenance) -> dict[str, Any]:
    unit = entry.unit
    return {
        "qualname": unit.qualname,
        "kind": unit.kind,
        "start_line": unit.start,
        "end_line": unit.end,
        **_rolled(entry.rolled),
    }


def _rolled(rolled: RollUp) -> dict[str, Any]:
    return {
        "type": rolled.type,
        "model": rolled.model,
        "models": dict(rolled.models),
        "confidence": rolled.confidence,
        "lines": _by_type(rolled.lines),
    }


def _by_type(counts: Counts) -> dict[str, int]:
    return {kind: getattr(counts, kind) for kind in TYPES}


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        **{name: _shares(getattr(tally, name)) for name in ("files", "lines", "functions")},
        "models": {
            name: {"lines": counts.lines, "functions": counts.functions, "files": counts.files}
            for name, counts in tally.models
        },
    }


def _shares(counts: Counts) -> dict[str, Any]:
    share = {
        kind: round(number / counts.total, 4) if counts.total else 0.0 for kind, number in _by_type(counts).items()
    }
    return {"total": counts.total, **_by_type(counts), "share": share}


def account_lines(found: FileAccount) -> list[str]:
    """A file for people: its ranges with their evidence, its functions and classes, and the whole."""
    rows = [
        (_span(entry.start, entry.end), entry.provenance.type, _by(entry.provenance), _sure(entry.provenance), evidence)
        for entry in found.ranges
        for evidence in [flat(entry.provenance.evidence, _EVIDENCE)]
    ]
    lines = _columns(rows)
    if found.units:
        lines += ["", "functions and classes:"]
        lines += _columns(
            [
                (_span(entry.unit.start, entry.unit.end), *_told(entry.rolled), entry.unit.qualname)
                for entry in found.units
            ]
        )
    return [*lines, "", *_columns([("file", *_told(found.rolled), found.path)])]


def folder_lines(found: Summary) -> list[str]:
    """One line a file."""
    rows = [(*_told(entry.rolled), flat(name, 500)) for name, entry in sorted(found.files.items())]
    return _columns(rows) if rows else ["no Python files there"]


def summary_lines(found: Summary) -> list[str]:
    """The counts for people: files, lines and functions by type, then by model, then those of the tests."""
    whole = found.whole
    if not whole.files.total:
        return ["no Python files there"]
    lines = _counted(whole)
    if whole.models:
        head = ("model", "lines", "functions", "files")
        rows = [
            (flat(name, _NAME), str(counts.lines), str(counts.functions), str(counts.files))
            for name, counts in whole.models
        ]
        lines += ["", *_columns([head, *rows])]
    tests = found.tests
    if tests.files.total:
        lines += ["", "of these in tests:", *_counted(tests)]
    return lines


def marked_line(mark: Mark, undone: bool) -> str:
    """What was marked, in one sentence."""
    lines = f"line {mark.start}" if mark.start == mark.end else f"lines {mark.start} to {mark.end}"
    where = f"{lines} of {mark.path}" if mark.end else mark.path
    if undone:
        return f"what was said of {where} is taken back"
    return f"{where}: marked as written by {flat(mark.model, _NAME) if mark.model else 'a human'}"


def _counted(tally: Tally) -> list[str]:
    rows: list[tuple[str, ...]] = [("", "total", *TYPES)]
    for name in ("files", "lines", "functions"):
        counts: Counts = getattr(tally, name)
        rows.append((name, str(counts.total), *(_part(number, counts.total) for number in _by_type(counts).values())))
    return _columns(rows)


def _part(number: int, total: int) -> str:
    if not number:
        return "0"
    share = number / total
    # Neither none nor all of it is said where that is not so.
    said = "<1%" if share < 0.01 else ">99%" if 0.99 < share < 1 else f"{share:.0%}"
    return f"{number} ({said})"


def _told(rolled: RollUp) -> tuple[str, str, str, str]:
    named = ", ".join(flat(name, _NAME) for name, _ in rolled.models[:3])
    more = f" and {len(rolled.models) - 3} more" if len(rolled.models) > 3 else ""
    counted = ", ".join(f"{number} {kind}" for kind, number in _by_type(rolled.lines).items() if number)
    return rolled.type, f"{named}{more}", f"{rolled.confidence:.2f}", counted or "blank"


def _by(line: Provenance) -> str:
    if line.model and line.tool:
        return f"{flat(line.model, _NAME)} ({flat(line.tool, _NAME)})"
    return flat(line.model or line.tool or "", _NAME)


def _sure(line: Provenance) -> str:
    return f"{line.confidence:.2f}"


def _span(start: int, end: int) -> str:
    return str(start) if start == end else f"{start}-{end}"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows with their cells below one another, two blanks between; a column that is empty throughout goes."""
    kept = [index for index in range(len(rows[0])) if any(row[index] for row in rows)] if rows else []
    widths = {index: max(len(row[index]) for row in rows) for index in kept}
    return ["  ".join(row[index].ljust(widths[index]) for index in kept).rstrip() for row in rows]
