"""The process that scans beside the tests: `python -m pytest_llmlearn.entrypoints.scan_background JSON`.

Started by `scanning.begin`. It lets others go first, writes what it found into the store, and then tells the run, if
that still listens.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Answer = dict[str, Any]
NOTHING: Answer = {"headline": "", "lessons": [], "fixes": [], "notices": [], "annotations": []}
LOCK = "scan.lock"
NICE = 10


def main(arguments: list[str]) -> int:
    """Scan as the JSON in the only argument says: `root`, `scope`, `annotate` (whether to tell what to mark), and
    `report`, the descriptor to tell."""
    asked = json.loads(arguments[0])
    _step_back()
    try:
        answer = _scanned(Path(asked["root"]), asked["scope"], annotate=asked["annotate"])
    except Exception as error:  # the run that began it is to hear why, whatever it is
        from pytest_llmlearn.errors import LlmlearnError

        said = str(error) if isinstance(error, LlmlearnError | OSError) else f"{type(error).__name__}: {error}"
        answer = {**NOTHING, "notices": [said]}
    with contextlib.suppress(OSError), os.fdopen(asked["report"], "wb") as report:  # nobody listens any more
        report.write(json.dumps(answer).encode())
    return 0


def _step_back() -> None:
    """Lower than others, not the lowest, which Semgrep has: the run may wait for the store while this one writes."""
    with contextlib.suppress(OSError, AttributeError):  # not everywhere, and not in every container
        os.nice(NICE)


def _scanned(root: Path, scope: str, *, annotate: bool) -> Answer:
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.settings import Settings

    settings = Settings.load(root, os.environ, {"scope": scope})
    with _alone(root) as alone:
        if not alone:
            return {**NOTHING, "notices": ["the scan of an earlier run is still under way; the next run scans again"]}
        with Memory.open(root, settings=settings) as memory:
            found = memory.scan(make=True, jobs=0)
            marks = [one.to_dict() for one in memory.annotations_of_scan(found.flaws)] if annotate else []
            if found.recording is None and not found.fixes and not found.problems:
                return {**NOTHING, "notices": [*memory.notices], "annotations": marks}
            from pytest_llmlearn.entrypoints import summary  # most runs find nothing new

            told = summary.scan_lines(found)
            return {
                "headline": told.headline,
                "lessons": [[line.text, line.markup] for line in told.lessons],
                "fixes": [[line.text, line.markup] for line in told.fixes],
                "notices": [*told.notices, *memory.notices],
                "annotations": marks,
            }


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[bool]:
    """One scan of a project at a time; where there is no folder yet, nothing was ever scanned either."""
    from pytest_llmlearn.adapters.one_at_a_time import LockFile
    from pytest_llmlearn.adapters.sqlite_store.folder import database_path

    folder = database_path(root).parent
    if not folder.is_dir():
        yield True
        return
    with LockFile(folder / LOCK).held() as alone:
        yield alone


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
