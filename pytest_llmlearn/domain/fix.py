"""A verified fix: what repaired a mistake, with a test that went from red to green as its witness."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Verdict = Literal["fix", "test-changed", "rewritten", "elsewhere"]
"""What became of a red occurrence: repaired in the culprit unit; the test changed or was weakened; the unit was
rewritten in more statements than a lesson can show; or green although the unit is as it was."""
Way = Literal["watched", "between", "handed-in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """What several healings share. `bad` and `good` are at most five lines each, redacted, under `signature`.

    `verified` counts distinct code that it healed; `conflicting` says that another fix of the same pattern changes the
    same `bad` into another `good`.
    """

    fingerprint: str
    digest: str
    bad: str
    good: str
    signature: str = ""
    imports: tuple[str, ...] = ()
    difference: str = ""
    verified: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    conflicting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Red:
    """A test that failed when it was last seen, with the code as it was then; texts are redacted and private.

    `occurrence` is its row, None where it was not read from the store. `unit_hash` is that of the culprit's normalised
    code, `text` the culprit's text, `test_text` the test's; both are None where they are not held any more. `message`
    is that of the failure.
    """

    occurrence: int | None
    fingerprint: str
    nodeid: str
    path: str
    qualname: str
    unit: str
    unit_hash: str
    line: int | None
    statement: str | None
    text: str | None
    test_path: str | None
    test_qualname: str | None
    test_text: str | None
    commit: str | None
    time: datetime
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Healing:
    """What became of one red occurrence. `fix` only with the verdict `fix`."""

    occurrence: int | None
    fingerprint: str
    nodeid: str
    unit: str
    verdict: Verdict
    reason: str
    time: datetime
    red_hash: str
    green_hash: str
    red_commit: str | None = None
    green_commit: str | None = None
    way: Way = "watched"
    fix: Fix | None = None
