"""Python that may be broken, read with the standard library alone."""

from __future__ import annotations

from pytest_llmlearn.adapters.parser.tolerant import TolerantParser

__all__ = ["TolerantParser"]
