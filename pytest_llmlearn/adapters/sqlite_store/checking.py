"""Whether entries can be stored: looked at before anything is written."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmlearn.domain.entry import CLOSED, Entry
from pytest_llmlearn.errors import BadOccurrence


def check(entries: Sequence[Entry]) -> None:
    """Whether every entry can be stored, before anything is.

    Raises:
        BadOccurrence: names the first that cannot, its key, and what is allowed there.
    """
    for entry in entries:
        for key, values in CLOSED.items():
            if getattr(entry, key) not in values:
                raise BadOccurrence(
                    f"{entry.nodeid[:120]} cannot be recorded: {key!r} must be one of {', '.join(values)}, "
                    f"not {getattr(entry, key)!r}"
                )
