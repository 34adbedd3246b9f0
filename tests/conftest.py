"""What all tests share: pytest's own test bench, and an environment in which no assistant seems to be at work."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]

# Variables by which assistants and their terminals make themselves known, or by which learning is switched on, and
# those of CIs, for which marks are written.
_ASSISTANTS = (
    "AGENT",
    "AI_AGENT",
    "ANTIGRAVITY_AGENT",
    "AUGMENT_AGENT",
    "CLAUDE",
    "CLINE_",
    "CODEX_",
    "BUILDKITE",
    "COPILOT_",
    "CURSOR_",
    "GEMINI_",
    "GITHUB_",
    "GITLAB_",
    "LLMLEARN",
    "OPENCODE",
    "REPL_ID",
    "TF_BUILD",
)
_KEPT = ("LLMLEARN_CORPORA",)


def pytest_configure(config: pytest.Config) -> None:
    """Runs of pytest that tests start do without what only drives the language server: it takes longer than they do."""
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None):
        os.environ["PYTEST_ADDOPTS"] = "-p no:pytest-lsp"


@pytest.fixture(autouse=True)
def nobody_assists(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test says itself who is at work; whoever runs the suite leaves no trace in it."""
    for name in list(os.environ):
        if name.startswith(_ASSISTANTS) and name not in _KEPT:
            monkeypatch.delenv(name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules that share something costly come first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: not _shares(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each test goes to whichever worker is free; those of a module that shares a fixture stay together.

    The mark `xdist_group` would say it, but pytest 9.2 does not read the ids that pytest-xdist 3.8 writes for it, and
    what is shared was made once for each worker.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByModuleWhereShared(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            return path if _shares(config.rootpath / path) else nodeid

    return ByModuleWhereShared(config, log) if config.getvalue("dist") == "load" else None


@cache
def _shares(path: Path) -> bool:
    return path.is_file() and any(f'scope="{scope}"' in path.read_text("utf-8") for scope in ("module", "session"))
