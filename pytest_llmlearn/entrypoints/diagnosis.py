"""What `llmlearn doctor` examines: which project, which settings, the store, and what is installed."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from pytest_llmlearn import __version__
from pytest_llmlearn.errors import LlmlearnError
from pytest_llmlearn.settings import FOLDER, Root, Settings

EXTRAS = {
    "secrets": ("detect-secrets",),
    "vectors": ("chromadb", "onnxruntime", "tokenizers", "numpy"),
    "sentence-transformers": ("sentence-transformers",),
    "security": ("semgrep",),
    "lsp": ("pygls",),
    "mcp": ("mcp",),
}


@dataclass(slots=True)
class Report:
    """What was found. `values` is ready for JSON; `problems` are sentences, each with a way out."""

    values: dict[str, Any] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        return list(self.values.get("problems", ()))

    def lines(self) -> list[str]:
        """The report for people."""
        values = self.values
        lines = [
            f"pytest-llmlearn {values['version']}, Python {values['python']}, pytest {values['pytest']}",
            f"root: {values['root']} ({values['why']})",
        ]
        store = values.get("store")
        if store is None:
            lines.append("store: cannot be used")
        elif not store["patterns"] and not store["occurrences"]:
            lines.append("store: empty; `pytest --llm-learn` fills it")
        else:
            lines.append(
                f"store: {store['patterns']} patterns, {store['occurrences']} occurrences of {store['runs']} runs, "
                f"{store['bytes'] / 1024:.0f} KB, schema {store['schema']}"
            )
        if known := values.get("generations", {}).get("generations"):
            told = ", ".join(f"{key} known of {values['generations'][key]}" for key in ("prompt", "reasoning", "model"))
            lines.append(f"generations: {known}; {told}; tested {values['generations']['tested']}")
        if "generated_code_known" in values:
            known = values["generated_code_known"]
            lines.append(f"LLM-written code: {'known in this repository' if known else 'none is known here'}")
        if share := values.get("settings", {}).get("holdback"):
            lines.append(
                f"holdback: on; {share:.0%} of the lessons brought unasked are held back, to tell whether showing them "
                "helps (llmlearn effect); holdback = 0 in [tool.llmlearn] or LLMLEARN_HOLDBACK=0 ends it"
            )
        lines += [f"setting {key}: {json.dumps(value)}" for key, value in values.get("settings", {}).items()]
        for extra, state in values["extras"].items():
            missing = f"missing: pip install 'pytest-llmlearn[{extra}]'"
            lines.append(f"extra {extra}: {'installed' if state['installed'] else missing}")
        lines += [f"problem: {problem}" for problem in self.problems]
        return lines


def examine(root: Root) -> Report:
    """Look at everything; a part that fails is a problem in the report, not the end of it."""
    from pytest_llmlearn.bootstrap import Memory

    problems: list[str] = []
    values: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "pytest": _version("pytest"),
        "root": str(root.path),
        "why": root.why,
        "extras": {extra: _extra(names) for extra, names in EXTRAS.items()},
    }
    try:
        settings = Settings.load(root.path, os.environ)
        values["settings"] = dataclasses.asdict(settings)
    except LlmlearnError as error:
        problems.append(str(error))
        settings = Settings()
    try:
        with Memory.open(root.path, settings=settings) as memory:
            values["store"] = dataclasses.asdict(memory.statistics())
            values["generations"] = dataclasses.asdict(memory.generation_coverage())
            values["generated_code_known"] = memory.knows_generated_code
            problems += memory.notices
    except LlmlearnError as error:
        problems.append(str(error))
    if not root.path.is_dir():
        problems.append(f"the root {root.path} does not exist ({root.why})")
    state = root.path / FOLDER / "state"
    if state.is_dir() and not os.access(state, os.W_OK):
        problems.append(f"{state} may not be written: recall answers, but nothing new is learned")
    values["problems"] = problems
    return Report(values=values)


def _extra(names: tuple[str, ...]) -> dict[str, Any]:
    versions = {name: _version(name) for name in names}
    return {"installed": all(versions.values()), "versions": versions}


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
