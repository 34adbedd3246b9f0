"""Failures from files: JSON lines of occurrences, pytest-reportlog's lines, JUnit XML.

A suite can be learned from where the plug-in did not run. What a file does not say stays unknown: reports hold the
printed traceback only, so the exception is named by its text and the culprit is looked for in the project's files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from pytest_llmlearn.domain.occurrence import LATEST, MESSAGE_LIMIT, PHASES, Occurrence
from pytest_llmlearn.errors import BadInput, BadOccurrence

_PLACE = re.compile(r"^(?P<path>[^\s:][^:\n]*?):(?P<line>\d+): ?(?:in (?P<function>\S+)|(?P<exception>[\w.]*))?$")
_RAISED = re.compile(r"^(?P<name>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$", re.DOTALL)
_KNOWN_REPORTS = ("TestReport", "SubTestReport", "SubtestReport")


def read(raw: bytes, kind: str, name: str, root: Path) -> list[Occurrence]:
    """The failures in `raw`. `kind` is `occurrences`, `reportlog`, `junit`, or `auto` to tell by the content.

    `name` is what the error calls the input; paths below `root` become relative to it.

    Raises:
        BadInput: not text, not what `kind` says, or a line that is none; names the line. Nothing is half read.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{name} is not UTF-8 text (byte {error.start}); a compressed file must be unpacked first"
        ) from None
    if kind == "auto":
        kind = _kind(text, name)
    if kind == "junit":
        return list(_junit(text, name, root))
    lines = list(_json_lines(text, name))
    if kind == "reportlog":
        return [found for _, line in lines for found in _report(line, root)]
    return [_occurrence(line, number, name) for number, line in lines]


def _kind(text: str, name: str) -> str:
    start = text.lstrip()
    if not start:
        raise BadInput(f"{name} is empty; it should hold JSON lines or JUnit XML")
    if start.startswith("<"):
        return "junit"
    if start.startswith("{"):
        return "reportlog" if '"$report_type"' in start.partition("\n")[0] else "occurrences"
    raise BadInput(f"{name} is neither JSON lines of occurrences, nor pytest-reportlog's, nor JUnit XML")


def _json_lines(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{name}, line {number} is not JSON: {error}; nothing was recorded") from None
        if not isinstance(value, dict):
            raise BadInput(f"{name}, line {number} is not a JSON object; nothing was recorded")
        yield number, value


def _occurrence(line: Mapping[str, Any], number: int, name: str) -> Occurrence:
    try:
        return Occurrence.from_dict(line)
    except BadOccurrence as error:
        raise BadInput(f"{name}, line {number}: {error}; nothing was recorded") from None


def _report(line: Mapping[str, Any], root: Path) -> Iterator[Occurrence]:
    """The failure in one line of pytest-reportlog, none for what passed or is no report."""
    kind, printed = line.get("$report_type"), line.get("longrepr")
    if line.get("outcome") != "failed" or not printed:
        return
    nodeid, time = str(line.get("nodeid", "")), line.get("start")
    when = "collect" if kind == "CollectReport" else str(line.get("when") or "call")
    if kind != "CollectReport" and kind not in _KNOWN_REPORTS:
        return
    if isinstance(printed, str):
        if printed.startswith("contains ") and printed.endswith(("failed subtest", "failed subtests")):
            return  # the subtests' own reports tell more
        yield _from_text(printed, nodeid, when, root, time=time)
    elif isinstance(printed, Mapping):
        crash = printed.get("reprcrash") or {}
        entries = (printed.get("reprtraceback") or {}).get("reprentries") or ()
        places = [(entry.get("data") or {}).get("reprfileloc") or {} for entry in entries]
        frames = [
            _frame(str(place.get("path", "")), int(place.get("lineno") or 0), "", root) for place in places if place
        ]
        last = str(places[-1].get("message", "")) if places else ""
        yield _made(str(crash.get("message", "")), last, frames, nodeid, when, time=time)


def _junit(text: str, name: str, root: Path) -> Iterator[Occurrence]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadInput(f"{name} declares a document type; JUnit XML has none, and entities are not expanded")
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise BadInput(f"{name} is not well-formed XML: {error}; nothing was recorded") from None
    for case in tree.iter("testcase"):
        for problem in case:
            printed, message = problem.text or "", problem.get("message") or ""
            if problem.tag not in ("failure", "error") or message.startswith("contains "):
                continue
            when = (
                "collect"
                if message == "collection failure"
                else "setup"
                if message.startswith("failed on setup")
                else "teardown"
                if message.startswith("failed on teardown")
                else "call"
            )
            yield _from_text(printed, _junit_nodeid(case, printed, when), when, root, message if when == "call" else "")


def _junit_nodeid(case: ElementTree.Element, printed: str, when: str) -> str:
    """pytest's node id, which JUnit keeps as dotted class name and name: the file is the first one printed."""
    dotted, name = case.get("classname") or "", case.get("name") or ""
    if when == "collect":
        return (f"{dotted}.{name}" if dotted else name).replace(".", "/") + ".py"
    for line in printed.split("\n"):
        place = _PLACE.match(line)
        module = place["path"].removesuffix(".py").replace("/", ".") if place else ""
        if place and (dotted == module or dotted.startswith(f"{module}.")):
            inside = [part for part in dotted[len(module) :].split(".") if part]
            return "::".join([place["path"], *inside, name])
    return "::".join([dotted.replace(".", "/") + ".py", name])


def _from_text(printed: str, nodeid: str, when: str, root: Path, message: str = "", time: object = None) -> Occurrence:
    """From a printed traceback: places at the starts of lines, the exception behind `E`."""
    places = [place for line in printed.split("\n") if (place := _PLACE.match(line))]
    frames = [_frame(place["path"], int(place["line"]), place["function"] or "", root) for place in places]
    raised = "\n".join(line[1:].strip() for line in printed.split("\n") if re.match(r"E(\s|$)", line))
    last = (places[-1]["exception"] or "") if places else ""
    return _made(message or raised or printed[-MESSAGE_LIMIT:], last, frames, nodeid, when, time=time)


def _frame(path: str, line: int, function: str, root: Path) -> dict[str, Any]:
    plain = path.replace("\\", "/")
    prefix = root.as_posix().rstrip("/") + "/"
    return {"path": plain.removeprefix(prefix), "line": line, "function": function}


def _made(
    message: str, last: str, frames: Iterable[Mapping[str, Any]], nodeid: str, when: str, *, time: object
) -> Occurrence:
    exception, said = _exception(message, last)
    return Occurrence.from_dict(
        {
            "nodeid": nodeid,
            "when": when if when in PHASES else "call",  # a crashed worker's report has a phase of its own
            "exception": exception,
            "mro": [exception],
            "message": said,
            "path": None,
            "line": None,
            "function": None,
            "statement": None,
            "frames": list(frames),
            "time": time if isinstance(time, int | float) and 0 <= time <= LATEST else None,
        }
    )


def _exception(message: str, last: str) -> tuple[str, str]:
    """The exception's name and message from `TypeError: no` or, as pytest prints assertions, `assert 1 == 2`."""
    if not _is_class(last):
        last = ""  # the short style prints `in test_add` there
    if message.startswith("assert ") or message == "assert":
        return last or "AssertionError", message
    first = message.split("\n")
    named = next((found for line in first if (found := _RAISED.match(line)) and _is_class(found["name"])), None)
    if named is not None:
        rest = "\n".join(first[first.index(named.string) + 1 :])
        return named["name"], "\n".join(part for part in (named["message"] or "", rest) if part)
    return last or "Exception", message


def _is_class(name: str) -> bool:
    last = name.rpartition(".")[2]
    named = last[:1].isupper() or last.endswith(("error", "Error", "Exception", "Warning", "Failed"))
    return named and last.isidentifier()
