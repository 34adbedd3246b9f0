"""Code as it may be written down: whole files are redacted, then their units are taken out.

A secret can lie on another line than the name that tells it, so a unit is never redacted by itself. What was kept when
a test was red and what stands there now go the same way, or their comparison would show what redaction did.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.source import Unit

HELD_LIMIT = 16_384
"""Bytes of a unit or a test kept privately for healing."""


def shown(text: str, redact: Callable[[str], str]) -> str:
    """The whole text, redacted, line by line the same."""
    whole = redact(text)
    # Redaction keeps lines; should it ever not, line numbers would show the wrong ones.
    return whole if whole.count("\n") == text.count("\n") else "\n".join(map(redact, text.split("\n")))


def kept(shown_text: str, unit: Unit) -> str:
    """The unit of a text that `shown` made, dedented, cut to `HELD_LIMIT`."""
    whole = source.unit_text(shown_text, unit)
    return whole.encode("utf-8", "replace")[:HELD_LIMIT].decode("utf-8", "ignore")
