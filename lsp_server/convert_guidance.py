"""Questions as clients ask them, and answers as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pygls.exceptions import JsonRpcInvalidParams

from pytest_llmlearn.domain.bounds import MAX_LIMIT

if TYPE_CHECKING:
    from pytest_llmlearn.domain.guidance import Guidance, Style

_POSITIONS = ("text", "textDocument", "model", "style")
"""What plain arguments stand for, in their order."""
_KEYS = frozenset({"text", "intent", "textDocument", "range", "model", "style", "limit", "budget", "threshold"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question before code is written; None is the setting's. `range` is the client's, as it came."""

    text: str
    uri: str | None = None
    range: Mapping[str, Any] | None = None
    model: str | None = None
    style: Style = "text"
    limit: int | None = None
    budget: int | None = None
    threshold: float | None = None


def from_arguments(arguments: Sequence[Any]) -> Asked:
    """Of the command: one object, or the text, the file's URI, the model and the style, each of them one argument.

    Raises:
        JsonRpcInvalidParams: says in one sentence what is wrong.
    """
    if len(arguments) == 1 and isinstance(arguments[0], Mapping):
        return from_object(arguments[0])
    if len(arguments) > len(_POSITIONS):
        raise JsonRpcInvalidParams(f"relevantMistakes takes {len(_POSITIONS)} arguments, not {len(arguments)}")
    values = dict(zip(_POSITIONS, arguments, strict=False))
    uri = values.pop("textDocument", None)
    return from_object({**values, "textDocument": {"uri": _text("the file's URI", uri)} if uri is not None else None})


def from_object(given: Any) -> Asked:
    """Of the request, and of the command where it has one object.

    Raises:
        JsonRpcInvalidParams: says in one sentence what is wrong.
    """
    from pytest_llmlearn.domain.guidance import STYLES  # the server's start needs none of it

    if not isinstance(given, Mapping):
        raise JsonRpcInvalidParams(f"relevantMistakes takes an object, not {_named(given)}")
    unknown = sorted(
        str(key) for key in given if key not in _KEYS and key not in ("workDoneToken", "partialResultToken")
    )
    if unknown:
        raise JsonRpcInvalidParams(f"relevantMistakes has no key {unknown[0]!r}; known: {', '.join(sorted(_KEYS))}")
    document = given.get("textDocument")
    if document is not None and not isinstance(document, Mapping):
        raise JsonRpcInvalidParams("relevantMistakes: textDocument must be an object with a uri")
    style = given.get("style") or "text"
    if style not in STYLES:
        raise JsonRpcInvalidParams(
            f"relevantMistakes words its answer as one of {', '.join(STYLES)}, not {given['style']!r}"
        )
    area = given.get("range")
    if area is not None and not isinstance(area, Mapping):
        raise JsonRpcInvalidParams("relevantMistakes: range must be an object with start and end")
    return Asked(
        text=_text("the text", given.get("text")) or _text("intent", given.get("intent")) or "",
        uri=_text("the file's URI", document.get("uri")) if document is not None else None,
        range=area,
        model=_text("the model", given.get("model")),
        style=cast("Style", style),
        limit=_whole("limit", given.get("limit"), 1, MAX_LIMIT),
        budget=_whole("budget", given.get("budget"), 0, 100_000),
        threshold=_share("threshold", given.get("threshold")),
    )


def to_client(guidance: Guidance) -> dict[str, Any]:
    """The answer as `llmlearn recall --format json` prints it, and under `lessons` the shorter form of before."""
    from pytest_llmlearn.domain.plain_guidance import guidance as plain

    return {
        **plain(guidance),
        "lessons": [
            {
                "fingerprint": match.pattern.fingerprint,
                "rule_id": match.pattern.rule_id,
                "score": match.score,
                "lesson": match.lesson.sentence,
                "path": match.pattern.path,
                "line": match.pattern.line,
                "always": match.always,
            }
            for match in guidance.matches
        ],
    }


def _text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise JsonRpcInvalidParams(f"relevantMistakes takes strings; {name} is {_named(value)}")


def _whole(name: str, value: Any, low: int, high: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise JsonRpcInvalidParams(f"relevantMistakes: {name} must be a whole number from {low} to {high}")
    return value


def _share(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise JsonRpcInvalidParams(f"relevantMistakes: {name} must be a number from 0 to 1")
    return float(value)


def _named(value: Any) -> str:
    return {dict: "an object", list: "a list", tuple: "a list", bool: "a boolean", type(None): "null"}.get(
        type(value), "a number" if isinstance(value, int | float) else type(value).__name__
    )
