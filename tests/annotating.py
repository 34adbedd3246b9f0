"""Annotations for tests, hostile text, and readers that take what a CI is handed as the CI does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies

from pytest_llmlearn.domain.annotation import Annotation, Remedy

FIX = Remedy(bad="later()", good="await later()", verified=True)


def an_annotation(fingerprint: str = "1:aaaa", **changes: Any) -> Annotation:
    """A coroutine that was never awaited, seen four times."""
    values: dict[str, Any] = {
        "path": "src/users.py",
        "line": 8,
        "end_line": 8,
        "rule_id": "async.never-awaited",
        "category": "async",
        "severity": "major",
        "title": "A coroutine was never awaited.",
        "lesson": "Await 'later'.",
        "message": "coroutine 'later' was never awaited",
        "seen": 4,
        "first_seen": datetime(2026, 10, 2, tzinfo=UTC),
        "models": ("gpt-4o", "claude"),
        "recurring": True,
    }
    return Annotation(fingerprint=fingerprint, **{**values, **changes})


HOSTILE = strategies.text(
    alphabet=strategies.one_of(
        strategies.sampled_from(list("%\r\n:,;=[]()|`<>*_#@!\\\x1b\u2028\u202e\ud800é𝛂 ")),
        strategies.characters(),
    ),
    max_size=200,
)


def hostile_annotations() -> strategies.SearchStrategy[Annotation]:
    """Annotations whose every text is anybody's."""
    return strategies.builds(
        an_annotation,
        fingerprint=HOSTILE.map(lambda text: f"1:{len(text)}"),
        path=HOSTILE.map(lambda text: f"a{text}"),
        title=HOSTILE,
        lesson=HOSTILE,
        message=HOSTILE,
        models=strategies.lists(HOSTILE, max_size=5).map(tuple),
        recurring=strategies.booleans(),
        function=HOSTILE,
        nodeid=HOSTILE,
        fix=strategies.one_of(
            strategies.none(), strategies.builds(Remedy, bad=HOSTILE, good=HOSTILE, verified=strategies.booleans())
        ),
    )


@dataclass(frozen=True)
class Command:
    """What GitHub's runner makes of a line: the command, its properties and its data."""

    name: str
    properties: dict[str, str]
    data: str


def runner_reads(line: str) -> Command | None:
    """A line as the runner reads it: a command begins the line, the first `::` after it ends the properties.

    The order in which escapes are undone is the runner's: `%25` last.
    """
    if not line.startswith("::"):
        return None
    head, ends, data = line[2:].partition("::")
    if not ends:
        return None
    name, _, stated = head.partition(" ")
    properties = {}
    for pair in stated.split(","):
        key, equals, value = pair.partition("=")
        if equals:
            properties[key.strip()] = _undone(value, (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ",")))
    return Command(name=name, properties=properties, data=_undone(data, (("%0D", "\r"), ("%0A", "\n"))))


def _undone(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for escaped, char in (*escapes, ("%25", "%")):
        text = text.replace(escaped, char)
    return text
