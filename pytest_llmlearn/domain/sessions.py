"""Which assistant is at work right now, by the environment it started us in.

A sign of the moment and no more: some of these variables are also set in terminals where a person types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_llmlearn.domain.assistants import KNOWN, Roster

MAX_NAME = 100
"""Characters of a tool's or a model's name that are kept."""
MAX_ID = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An assistant's live session. `tool` and `model` where they can be told; `variable` is what gave it away."""

    tool: str | None
    model: str | None = None
    variable: str


# In the order of @vercel/detect-agent 1.2.7, and behind them what other tools and detectors set: a tool, its
# variables, and where only one value of a variable counts, that value. `AI_AGENT` comes before all, `AGENT` last.
_VARIABLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("cursor", ("CURSOR_TRACE_ID", "CURSOR_AGENT", "CURSOR_EXTENSION_HOST_ROLE=agent-exec")),
    ("gemini", ("GEMINI_CLI",)),
    ("codex", ("CODEX_SANDBOX", "CODEX_CI", "CODEX_THREAD_ID")),
    ("antigravity", ("ANTIGRAVITY_AGENT",)),
    ("augment", ("AUGMENT_AGENT",)),
    ("opencode", ("OPENCODE=1", "OPENCODE=true", "OPENCODE_CLIENT")),
    ("claude", ("CLAUDECODE", "CLAUDE_CODE", "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_CHILD_SESSION")),
    ("replit", ("REPL_ID",)),
    ("copilot", ("COPILOT_MODEL", "COPILOT_ALLOW_ALL", "COPILOT_GITHUB_TOKEN")),
    ("cline", ("CLINE_ACTIVE",)),
)
_MODEL_VARIABLES = {"copilot": "COPILOT_MODEL"}
_IDS = ("CLAUDE_CODE_SESSION_ID", "CODEX_THREAD_ID")
"""Variables that hold the same value throughout a session, and another one in the next."""
_TOOLS = frozenset(tool for tool, _ in _VARIABLES)
_NOTHING = frozenset({"", "0", "false", "no", "off", "none", "null"})
_SOMEBODY = frozenset({"1", "true", "yes", "on"})
_VERSION = re.compile(r"[/@:].*", re.DOTALL)


def live_session(environ: Mapping[str, str], roster: Roster = KNOWN) -> Session | None:
    """The session of an assistant that this environment tells of, or None.

    An empty variable, and one that says no (`0`, `false`), is none. The value of `AI_AGENT` is the assistant's name,
    whatever it is; `AGENT` means many things, and counts only where its value is the name of a known assistant.
    """
    name = _value(environ, "AI_AGENT")
    if name is not None:
        return Session(tool=_tool(name, roster) or _given(name), variable="AI_AGENT")
    for tool, variables in _VARIABLES:
        for spelled in variables:
            variable, _, only = spelled.partition("=")
            value = _value(environ, variable)
            if value is not None and (not only or value.lower() == only):
                model = _value(environ, _MODEL_VARIABLES[tool]) if tool in _MODEL_VARIABLES else None
                return Session(tool=tool, model=model[:MAX_NAME] if model else None, variable=variable)
    name = _value(environ, "AGENT")
    tool_named = _tool(name, roster) if name is not None else None
    return Session(tool=tool_named, variable="AGENT") if tool_named else None


def session_id(environ: Mapping[str, str]) -> str | None:
    """The name that the live session has for itself, or None: most tools tell their commands only that they are there.

    A value that is longer than `MAX_ID`, or not of one printable line, is none.
    """
    for variable in _IDS:
        value = _value(environ, variable)
        if value is not None and len(value) <= MAX_ID and value.isprintable():
            return value
    return None


def _value(environ: Mapping[str, str], variable: str) -> str | None:
    value = environ.get(variable, "").strip()
    return None if value.lower() in _NOTHING else value


def _tool(name: str, roster: Roster) -> str | None:
    """The known assistant of that name, a version behind it left out."""
    spelled = " ".join(_VERSION.sub("", name.lower()[:MAX_NAME]).split())
    for written in dict.fromkeys((spelled, spelled.replace("_", "-"), re.sub(r"[_-]", " ", spelled))):
        known = roster.by_name.get(written) or roster.by_account.get(written)
        if known is not None:
            return known.tool
        if written in _TOOLS or any(entry.tool.lower() == written for entry in roster.assistants):
            return written
    return None


def _given(name: str) -> str | None:
    """An unknown assistant's name as it was given; None where the value only says that there is one."""
    # One line of what can be shown: it ends up beside the lines it is said of.
    shown = " ".join("".join(character if character.isprintable() else " " for character in name[:MAX_NAME]).split())
    return None if shown.lower() in _SOMEBODY else shown or None
