"""What failed, by pytest's own word: JUnit XML, and pytest-reportlog where it is installed.

A failing report is known by the test's id, relative to the rootdir, and by when it failed. The parent of failed
subtests ("contains 2 failed subtests") is no failure of its own. JUnit names a test by dotted words, so its ids are
put together again with the list of test files; reportlog carries them as they are.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

PARENT_OF_SUBTESTS = re.compile(r"contains \d+ failed subtests?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """One failing report: the test's id, when (collect, setup, call, teardown, ???), the last line of its reason."""

    nodeid: str
    when: str
    reason: str

    @property
    def key(self) -> tuple[str, str]:
        return self.nodeid, self.when


def read_report_log(path: Path) -> list[Failing]:
    """Return the failing reports of a pytest-reportlog file, each collection error once.

    Under xdist a collection error arrives once from every worker whose text differs.
    """
    found: list[Failing] = []
    collected: set[str] = set()
    for line in _lines(path):
        report = json.loads(line)
        if report.get("outcome") != "failed":
            continue
        longrepr = report.get("longrepr")
        if isinstance(longrepr, str) and PARENT_OF_SUBTESTS.match(longrepr.strip()):
            continue
        nodeid = report["nodeid"]
        if report["$report_type"] == "CollectReport":
            if nodeid in collected:
                continue
            collected.add(nodeid)
        found.append(Failing(nodeid=nodeid, when=report.get("when", "collect"), reason=_reason(longrepr)))
    return found


def _lines(path: Path) -> Iterator[str]:
    """Yield the whole lines of a file; a run that was killed leaves half a line at its end."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            if line.endswith("\n"):
                yield line


def _reason(longrepr: object) -> str:
    if isinstance(longrepr, dict) and isinstance(longrepr.get("reprcrash"), dict):
        text = str(longrepr["reprcrash"].get("message", ""))
        return text.strip().splitlines()[0] if text.strip() else ""
    text = str(longrepr or "").strip()
    return text.splitlines()[-1] if text else ""


def read_junit(path: Path, test_files: Iterable[str]) -> list[Failing]:
    """Return the failing reports of a JUnit XML file; `test_files` are the tests' paths below the rootdir.

    A dotted name is read with the longest test file that begins it, for folders may hold dots themselves.
    """
    dotted = {PurePosixPath(file).with_suffix("").as_posix().replace("/", "."): file for file in test_files}
    found: list[Failing] = []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        for child in case:
            if child.tag not in ("failure", "error"):
                continue
            message = child.get("message", "")
            if PARENT_OF_SUBTESTS.match(message.strip()):
                continue
            when = "call"
            if child.tag == "error":
                at = re.match(r"failed on (setup|teardown) with|(collection failure)", message)
                when = "call" if at is None else at[1] or "collect"
            nodeid = _nodeid(case.get("classname", ""), case.get("name", ""), dotted)
            found.append(Failing(nodeid=nodeid, when=when, reason=message.splitlines()[0] if message else ""))
    return found


def _nodeid(classname: str, name: str, dotted: dict[str, str]) -> str:
    if not classname:
        return dotted.get(name, name)
    words = classname.split(".")
    for count in range(len(words), 0, -1):
        file = dotted.get(".".join(words[:count]))
        if file is not None:
            return "::".join([file, *words[count:], name])
    return f"{classname}::{name}"
