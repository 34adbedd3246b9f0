"""The numbers that bound an answer; apart, because settings are read in every run that learns."""

from __future__ import annotations

DEFAULT_THRESHOLD = 0.04
"""Score below which a lesson is not shown: the chance, in what was measured, that it names what will go wrong."""
MAX_LIMIT = 10
"""Lessons shown at most, whatever is asked for."""
HALF_LIFE_DAYS = 90.0
"""Days in which what a lesson weighs by being recent halves."""
