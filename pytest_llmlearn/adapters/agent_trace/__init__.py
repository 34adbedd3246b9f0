"""Files of Agent Trace: our own log and other recorders', read; our own one, appended to."""

from __future__ import annotations

from collections.abc import Callable

from pytest_llmlearn.adapters.agent_trace.files import TraceFiles, append
from pytest_llmlearn.adapters.agent_trace.reader import AgentTraceReader
from pytest_llmlearn.hookspecs import Project, ProvenanceReader, hookimpl

__all__ = ["AgentTraceReader", "TraceFiles", "append"]


@hookimpl
def llmlearn_register_provenance(register: Callable[[ProvenanceReader], None], project: Project) -> None:
    """The reader of trace files."""
    register(AgentTraceReader(project.root, project.history, project.text))
