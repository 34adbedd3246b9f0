"""What an audit of the memory finds still well; apart, because settings are read in every run that learns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Shares are of all patterns, of lessons never shown of all active ones."""

    duplicates: float = 0.25
    near_duplicates: float = 0.25
    never_shown: float = 1.0
    aged: float = 0.5
    junk: float = 0.5
    secrets: int = 0
    weekly_patterns: int = 1_000
