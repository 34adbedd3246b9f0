"""pytest-llmlearn: learns from the failures of LLM-written code, and speaks up before they happen again.

What a plug-in's author or a script may import stands in `__all__`; each name is loaded when first used, for every
pytest run of an environment imports this module.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing alone takes as long as the interpreter's own start
if TYPE_CHECKING:
    from typing import Any

    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.domain.finding import Finding, Rule
    from pytest_llmlearn.domain.generation import Generation
    from pytest_llmlearn.domain.guidance import Guidance, Match, Query
    from pytest_llmlearn.domain.occurrence import Frame, Occurrence
    from pytest_llmlearn.domain.pattern import Pattern
    from pytest_llmlearn.domain.provenance import Provenance
    from pytest_llmlearn.errors import LlmlearnError
    from pytest_llmlearn.hookspecs import (
        Detector,
        Evidence,
        History,
        Project,
        ProvenanceReader,
        Surroundings,
        hookimpl,
    )

__version__ = "0.1.0"

__all__ = [
    "Detector",
    "Evidence",
    "Finding",
    "Frame",
    "Generation",
    "Guidance",
    "History",
    "LlmlearnError",
    "Match",
    "Memory",
    "Occurrence",
    "Pattern",
    "Project",
    "Provenance",
    "ProvenanceReader",
    "Query",
    "Rule",
    "Surroundings",
    "__version__",
    "hookimpl",
]

_HOMES = {
    "Detector": "hookspecs",
    "Evidence": "hookspecs",
    "Finding": "domain.finding",
    "Frame": "domain.occurrence",
    "Generation": "domain.generation",
    "Guidance": "domain.guidance",
    "History": "hookspecs",
    "LlmlearnError": "errors",
    "Match": "domain.guidance",
    "Memory": "bootstrap",
    "Occurrence": "domain.occurrence",
    "Pattern": "domain.pattern",
    "Project": "hookspecs",
    "Provenance": "domain.provenance",
    "ProvenanceReader": "hookspecs",
    "Query": "domain.guidance",
    "Rule": "domain.finding",
    "Surroundings": "hookspecs",
    "hookimpl": "hookspecs",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
