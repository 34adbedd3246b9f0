"""Evidence inside a text: spans and blocks that what they hold cannot leave.

Invariant: every function is total over `str`; what it returns holds no control character, no mark that reorders text,
and nothing that reads as a tag.
"""

from __future__ import annotations

import re

from pytest_llmlearn.domain.cleaning import clean
from pytest_llmlearn.domain.lesson import fenced, safe
from pytest_llmlearn.domain.pattern import Pattern

SHORT_CODE = 100
"""Characters of code up to which one line stands in a span rather than in a block."""
MESSAGE_LIMIT = 160
NAME_LIMIT = 60
PREFIX = 10
"""Characters of a fingerprint by which a pattern is named; enough for `llmlearn show`."""

_TICKS = re.compile(r"`+")
_NO_FINGERPRINT = re.compile(r"[^0-9A-Za-z:]")


def span(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """Text on one line between more backticks than it holds in a row; "" for nothing."""
    flat = safe(text, limit)
    if not flat:
        return ""
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(flat)), default=0))
    # A blank each side is part of the span's marks where the text itself begins or ends with a backtick.
    edge = " " if "`" in (flat[0], flat[-1]) else ""
    return f"{ticks}{edge}{flat}{edge}{ticks}"


def block(code: str, indent: str) -> list[str]:
    """Code as a fenced block, each line indented."""
    return [f"{indent}{line}" for line in fenced(clean(code))]


def evidence(label: str, code: str, indent: str) -> list[str]:
    """Code under a label, indented: in a span where it is one short line, else as a block; nothing for no code."""
    if not code:
        return []
    if len(code) <= SHORT_CODE and safe(code) == code:  # else its blanks or its backticks would change
        return [f"{indent}{label} {span(code, SHORT_CODE)}"]
    return [f"{indent}{label}", *block(code, indent)]


def name(text: str, limit: int = NAME_LIMIT) -> str:
    """A rule's, a model's or a class's name inside a sentence: one line, without backticks and bars."""
    return safe(text.replace("`", "'").replace("|", "/"), limit)


def exception(pattern: Pattern) -> str:
    """The class of the exception, without its module."""
    return name(pattern.exception.rpartition(".")[2])


def prefix(pattern: Pattern) -> str:
    """By what the pattern is named in a text: the beginning of its fingerprint."""
    return _NO_FINGERPRINT.sub("", pattern.fingerprint)[:PREFIX]


def show(pattern: Pattern) -> str:
    """The command that prints everything known of the pattern."""
    return f"llmlearn show {prefix(pattern)}"


def place(pattern: Pattern) -> str:
    """Where the mistake was seen last, from the project's root; "" where unknown."""
    if not pattern.path:
        return ""
    return f"{pattern.path}:{pattern.line}" if pattern.line is not None else pattern.path


def shortened(text: str, limit: int) -> str:
    """Text cut at a word's end, with the sentence's end off."""
    whole = text.rstrip(".!?… ")
    if len(whole) <= limit:
        return whole
    kept = whole[: max(0, limit - 1)]
    words = kept.rpartition(" ")[0]
    return f"{(words if len(words) > len(kept) // 2 else kept).rstrip(' ,;:')}…"
