"""The nearest vectors by comparing with all of them: the judge of every other index."""

from pytest_llmlearn.adapters.exact_index.index import ExactIndex
from pytest_llmlearn.adapters.exact_index.scan import ExactScan

__all__ = ["ExactIndex", "ExactScan"]
