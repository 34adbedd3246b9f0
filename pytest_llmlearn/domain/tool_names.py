"""Names of models and tools as machines write them, made comparable.

A name that says nothing is None: recorders write `unknown` or `default` where they were told nothing.
"""

from __future__ import annotations

import re

from pytest_llmlearn.domain.assistants import ASSISTANTS

MAX_NAME = 250
"""Characters of a name that are kept; Agent Trace allows a `model_id` no more."""

_SAYS_NOTHING = frozenset(
    {"", "-", "auto", "default", "n/a", "na", "none", "null", "synthetic", "undefined", "unknown", "unspecified"}
)
_BY_NAME = {name: entry.tool for entry in ASSISTANTS for name in (entry.tool, *entry.own, *entry.shared, *entry.plain)}


def printable(text: str) -> str:
    """Text without what moves a terminal's cursor: names and keys are other programs' words, shown to people."""
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def plain_name(value: object) -> str | None:
    """A name on one line, without the quotes that some recorders leave around it; None where it says nothing."""
    if not isinstance(value, str):
        return None
    # Quoted twice, a JSON text within a JSON text, it has backslashes too.
    name = printable(" ".join(value[: 4 * MAX_NAME].split())).strip("\"'`\\ ")[:MAX_NAME]
    return None if name.strip("<>").lower() in _SAYS_NOTHING else name


def model_name(value: object) -> str | None:
    """A model's name without its provider: `anthropic/claude-opus-4-5` is `claude-opus-4-5`.

    Commits and git-ai name no provider, and one model is to be one model whoever speaks of it.
    """
    name = plain_name(value)
    return None if name is None else plain_name(name.rpartition("/")[2])


_REMARK = re.compile(r"\s*\([^()]*\)|\s*\[[^\[\]]*\]")
_DATED = re.compile(r"(?:-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest))+$")


def same_model(name: str) -> str:
    """What the spellings of one model have in common, to compare by; not to be shown.

    Case, blanks and points do not count, nor do a provider, a remark in brackets, or the date of a release:
    `Claude Opus 4.6`, `claude-opus-4-6` and `anthropic/claude-opus-4-6-20260115` are one.
    """
    bare = _REMARK.sub("", name.rpartition("/")[2].lower()).strip()
    return _DATED.sub("", re.sub(r"[\s._:-]+", "-", bare)) or name.lower()


def tool_name(value: object) -> str | None:
    """A tool's name, that of our table where it is known there: `claude-code` and `Claude Code` are `claude`."""
    name = plain_name(value)
    if name is None:
        return None
    lowered = name.lower()
    return _BY_NAME.get(lowered) or _BY_NAME.get(lowered.replace("-", " ").replace("_", " ")) or name
