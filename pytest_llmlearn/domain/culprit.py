"""The line of LLM-written code that a failure is laid on, and how it was chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from pytest_llmlearn.domain.entry import ChosenBy
from pytest_llmlearn.domain.occurrence import Occurrence
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


_TESTS = re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+test|^class[ \t]+(?:Test|\w+\(.*TestCase)", re.MULTILINE)


def is_test_file(path: str, text: str) -> bool:
    """Whether a file is on the test's side: a conftest, in a folder of tests, or named and written as tests are.

    The name alone does not tell: `t_test.py` may be statistics.
    """
    pure = PurePosixPath(path)
    if pure.name == "conftest.py" or {"tests", "test"}.intersection(pure.parts[:-1]):
        return True
    named = pure.name.startswith("test_") or pure.stem.endswith(("_test", "_tests"))
    return named and _TESTS.search(text) is not None


def is_the_test(path: str, occurrence: Occurrence) -> bool:
    """Whether a file is the very one whose test failed."""
    return path in (occurrence.test_path, occurrence.nodeid.partition("::")[0])
