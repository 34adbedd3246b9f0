"""What all tests share: pytest's own test bench, and an environment in which no assistant seems to be at work."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["pytester"]

# Variables by which assistants and their terminals make themselves known, or by which learning is switched on.
_ASSISTANTS = (
    "AGENT",
    "AI_AGENT",
    "ANTIGRAVITY_AGENT",
    "AUGMENT_AGENT",
    "CLAUDE",
    "CLINE_",
    "CODEX_",
    "COPILOT_",
    "CURSOR_",
    "GEMINI_",
    "LLMLEARN",
    "OPENCODE",
    "REPL_ID",
)
_KEPT = ("LLMLEARN_CORPORA",)


@pytest.fixture(autouse=True)
def nobody_assists(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test says itself who is at work; whoever runs the suite leaves no trace in it."""
    for name in list(os.environ):
        if name.startswith(_ASSISTANTS) and name not in _KEPT:
            monkeypatch.delenv(name)
