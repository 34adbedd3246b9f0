"""The line of LLM-written code that a failure is laid on, and how it was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from pytest_llmlearn.domain.entry import ChosenBy
from pytest_llmlearn.domain.occurrence import Frame, Occurrence
from pytest_llmlearn.domain.provenance import UNKNOWN, Provenance
from pytest_llmlearn.domain.source import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """Where a failure is laid.

    `line` is None where no line is known yet: a detector may name it, else the unit's own line stands. `in_test` says
    that the failure was raised in the test and was followed to the code under test. `broken_test` says that the test
    itself failed, before the code under test could be at fault.
    """

    path: str
    line: int | None
    unit: Unit
    chosen_by: ChosenBy
    provenance: Provenance = UNKNOWN
    in_test: bool = False
    broken_test: bool = False


def is_test_file(path: str) -> bool:
    """Whether a file is on the test's side by its name: `test_*.py`, `*_test.py`, `conftest.py`."""
    name = PurePosixPath(path).name
    return name == "conftest.py" or name.startswith("test_") or name.endswith(("_test.py", "_tests.py"))


def on_test_side(path: str, occurrence: Occurrence) -> bool:
    """Whether a file belongs to the test of this failure, not to the code under test."""
    return path in (occurrence.test_path, occurrence.nodeid.partition("::")[0]) or is_test_file(path)


def test_frames(occurrence: Occurrence) -> tuple[Frame, ...]:
    """The project's frames on the test's side, innermost first."""
    return tuple(
        frame for frame in reversed(occurrence.frames) if frame.inside and on_test_side(frame.path, occurrence)
    )
