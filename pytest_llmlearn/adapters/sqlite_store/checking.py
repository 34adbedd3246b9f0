"""Whether entries can be stored: looked at before anything is written."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmlearn.domain.entry import Entry
from pytest_llmlearn.domain.finding import CATEGORIES, SCOPES, SEVERITIES
from pytest_llmlearn.domain.occurrence import PHASES, SOURCES
from pytest_llmlearn.errors import BadOccurrence


def check(entries: Sequence[Entry]) -> None:
    """Whether every entry can be stored, before anything is.

    Raises:
        BadOccurrence: names the first that cannot, its key, and what is allowed there.
    """
    allowed = {
        "when": PHASES,
        "source": SOURCES,
        "category": CATEGORIES,
        "severity": SEVERITIES,
        "scope": SCOPES,
    }
    for entry in entries:
        for key, values in allowed.items():
            if getattr(entry, key) not in values:
                raise BadOccurrence(
                    f"{entry.nodeid[:120]} cannot be recorded: {key!r} must be one of {', '.join(values)}, "
                    f"not {getattr(entry, key)!r}"
                )
