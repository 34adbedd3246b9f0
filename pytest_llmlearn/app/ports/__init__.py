"""What the use cases ask of the world, in their own words.

Adapters do not inherit from these; `bootstrap` puts them together.
"""

from pytest_llmlearn.app.ports.fixes import Fixes, Tested
from pytest_llmlearn.app.ports.ledger import Coverage, Ledger, Seen, TraceLog, Traces
from pytest_llmlearn.app.ports.lessons import Known, Lessons, Version
from pytest_llmlearn.app.ports.provenance import Marks, ProvenanceCache, Remembered
from pytest_llmlearn.app.ports.store import Glimpse, Hit, Statistics, Store
from pytest_llmlearn.app.ports.world import Clock, SecretScanner

__all__ = [
    "Clock",
    "Coverage",
    "Fixes",
    "Glimpse",
    "Hit",
    "Known",
    "Ledger",
    "Lessons",
    "Marks",
    "ProvenanceCache",
    "Remembered",
    "SecretScanner",
    "Seen",
    "Statistics",
    "Store",
    "Tested",
    "TraceLog",
    "Traces",
    "Version",
]
