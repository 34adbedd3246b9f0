"""An event of a generation as tools hand it in, checked: what is wrong is said in a sentence that names the key.

Only `path` and `time` are required; null is unknown. The same content gives the same id, so that an event handed in
twice is one generation.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from hashlib import blake2b
from typing import Any

from pytest_llmlearn.domain.change_list import items
from pytest_llmlearn.domain.cleaning import flat
from pytest_llmlearn.domain.generation import COMPLEXITIES, OPERATIONS, Complexity, Operation
from pytest_llmlearn.domain.project_path import relative
from pytest_llmlearn.errors import BadGeneration

SESSION_LIMIT = 255
"""Characters of a session's id, at most."""
NAME_LIMIT = 255
PATH_LIMIT = 1024
TEXT_LIMIT = 32 * 2**20
"""Characters of a text that is handed in, at most."""
LARGEST = 2**63 - 1
AHEAD = timedelta(minutes=5)
"""How far a clock may be ahead before its time is taken for wrong."""
FIRST_YEAR = 1970
MILLISECONDS = 10**11
"""Epoch seconds beyond this are milliseconds: as seconds they are in the year 5138."""

_HASH = re.compile(r"(?:[a-z][a-z0-9_-]{0,15}:)?[0-9a-f]{8,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, checked and still as it was said: neither redacted nor cut. Its fields are the documented keys.

    `path` is relative to the project's root; `time` is aware, UTC, and never ahead of the clock by much. `before` and
    `after` are whole texts. `notices` are sentences about what was taken differently than it was said.
    """

    id: str
    path: str
    time: datetime
    session: str | None = None
    task: str | None = None
    attempt: int | None = None
    function: str | None = None
    operation: Operation | None = None
    complexity: Complexity | None = None
    prompt: str | None = None
    plan: str | None = None
    reasoning: str | None = None
    before: str | None = None
    after: str | None = None
    before_hash: str | None = None
    after_hash: str | None = None
    changes: tuple[str, ...] = ()
    preserved: tuple[str, ...] = ()
    model: str | None = None
    tool: str | None = None
    temperature: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    duration_ms: int | None = None
    guidance: tuple[str, ...] = ()
    rating: int | None = None
    reverted: bool = False
    notices: tuple[str, ...] = ()


KEYS = tuple(entry.name for entry in fields(Event) if entry.name != "notices")
"""The keys that an event may have."""


def read(values: Mapping[str, Any], *, roots: Collection[str], now: datetime) -> Event:
    """The event of these keys. `roots` are the names of the project's root, absolute, with `/`.

    Raises:
        BadGeneration: a key is unknown, missing or has a value that it cannot have; names it.
    """
    for key in values:
        if key not in KEYS:
            raise BadGeneration(f"a generation has no key {key!r}; {_way_out(str(key))}", str(key))
    known = {key: value for key, value in values.items() if value is not None}
    for key in ("path", "time"):
        if key not in known:
            raise BadGeneration(f"a generation needs {key!r}", key)
    checked: dict[str, Any] = {key: _READERS[key](key, value) for key, value in known.items()}
    checked["path"] = _relative(checked["path"], roots)
    _tell_operation(values, checked)
    identifier = checked.pop("id", None) or _content_id(checked)
    notices = []
    if checked["time"] > now + AHEAD:
        said = checked["time"].isoformat(timespec="seconds")
        notices.append(f"{checked['path']}: the time {said} is ahead of the clock; the generation is kept as of now")
        checked["time"] = now.astimezone(UTC)
    return Event(id=identifier, notices=tuple(notices), **checked)


def _relative(path: str, roots: Collection[str]) -> str:
    try:
        return relative(path, roots)
    except ValueError as error:
        raise BadGeneration(str(error), "path") from None


def nearest(key: str) -> str | None:
    """The documented key most like this one, or None."""
    close = get_close_matches(key.lower(), KEYS, n=1, cutoff=0.6)
    return close[0] if close else None


def _way_out(key: str) -> str:
    other = _OTHER_NAMES.get(key.lower()) or nearest(key)
    return f"did you mean {other!r}?" if other else f"known: {', '.join(KEYS)}"


_OTHER_NAMES = {
    "file": "path", "filename": "path", "file_path": "path", "timestamp": "time", "created_at": "time", "when": "time",
    "qualname": "function", "unit": "function", "name": "function", "text": "after", "code": "after",
    "code_after": "after", "code_before": "before", "user_prompt": "prompt", "model_used": "model", "agent": "tool",
    "tokens_used": "tokens_out", "generation_time_ms": "duration_ms", "duration": "duration_ms",
    "operation_type": "operation", "edit_complexity": "complexity", "session_id": "session", "task_id": "task",
}  # fmt: skip
"""What others call these things."""


def _tell_operation(values: Mapping[str, Any], checked: dict[str, Any]) -> None:
    """Create, edit or delete where the texts say so; beside a text, an empty one or null means that no file was there.

    A text whose other side is not spoken of says nothing.
    """
    if "operation" in checked:
        return
    there = {}
    for side in ("before", "after"):
        if checked.get(side) or f"{side}_hash" in checked:
            there[side] = True
        elif side in values:
            there[side] = False
    if len(there) == 2 and any(there.values()):
        checked["operation"] = "create" if not there["before"] else "edit" if there["after"] else "delete"


def _content_id(checked: Mapping[str, Any]) -> str:
    """`b2:` and 32 hex digits over the event's checked content, the order of its keys aside."""
    content = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in checked.items()}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return digest(canonical)


def digest(text: str) -> str:
    """`b2:` and 32 hex digits."""
    return f"b2:{blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


# One reader a key: the checked value, or a sentence about what was said instead -------------------------------------

Reader = Callable[[str, Any], Any]


def _bad(key: str, expected: str, value: object) -> BadGeneration:
    shown = flat(repr(value)[:200], 60)
    return BadGeneration(f"{key!r} must be {expected}, not {shown}", key)


def _text(limit: int) -> Reader:
    def take(key: str, value: object) -> str:
        if not isinstance(value, str):
            raise _bad(key, "text", value)
        if len(value) > limit:
            raise BadGeneration(f"{key!r} has {len(value):,} characters; at most {limit:,} can be kept", key)
        return value

    return take


def _name(limit: int) -> Reader:
    take = _text(limit)

    def take_name(key: str, value: object) -> str | None:
        return flat(take(key, value), limit).strip() or None

    return take_name


def _path(key: str, value: object) -> str:
    path: str = _text(PATH_LIMIT)(key, value)
    if not path.strip():
        raise _bad(key, "the path of a file", value)
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in path):
        raise BadGeneration(f"the path {flat(path, 200)!r} holds a control character", key)
    return path


def _whole(low: int) -> Reader:
    def take(key: str, value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= LARGEST:
            raise _bad(key, f"a whole number, {low} or more", value)
        return value

    return take


def _milliseconds(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST:
        raise _bad(key, "a number of milliseconds, 0 or more", value)
    return min(round(value), LARGEST)


def _temperature(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0 or not round(value, 2) <= 9.99:
        raise _bad(key, "a number from 0 to 9.99", value)
    return round(float(value), 2)


def _one_of(choices: Sequence[str]) -> Reader:
    def take(key: str, value: object) -> str:
        chosen = value.strip().lower() if isinstance(value, str) else ""
        if chosen not in choices:
            raise _bad(key, f"one of {', '.join(choices)}", value)
        return chosen

    return take


def rating(value: object) -> int:
    """1 to 5; `up` is 5, `down` is 1.

    Raises:
        BadGeneration: it is none of these.
    """
    if isinstance(value, str):
        value = {"up": 5, "down": 1, **{str(number): number for number in range(1, 6)}}.get(
            value.strip().lower(), value
        )
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5:
        raise _bad("rating", "1 to 5, 'up' or 'down'", value)
    return value


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _bad(key, "true or false", value)
    return value


def _list(key: str, value: object) -> tuple[str, ...]:
    """A list of texts; one text is split into its items."""
    if isinstance(value, str):
        return tuple(items(_text(TEXT_LIMIT)(key, value)))
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise _bad(key, "a text or a list of texts", value)
    return tuple(one.strip() for one in value if one.strip())


def _names(key: str, value: object) -> tuple[str, ...]:
    """A list of names; one text holds them with commas or blanks between."""
    if isinstance(value, str):
        return tuple(name for name in re.split(r"[,\s]+", _text(TEXT_LIMIT)(key, value)) if name)
    return _list(key, value)


def _hash(key: str, value: object) -> str:
    told = value.strip().lower() if isinstance(value, str) else ""
    if _HASH.fullmatch(told) is None:
        raise _bad(key, "a digest in hexadecimal with its algorithm, like 'git:9daeafb9…' or 'b2:…'", value)
    return told


def _time(key: str, value: object) -> datetime:
    """ISO 8601 with a zone, or seconds since 1970."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        moment = _from_epoch(key, value)
    elif isinstance(value, str):
        try:
            moment = datetime.fromisoformat(_iso(value))
        except ValueError:
            raise _bad(key, "ISO 8601 with a zone, like '2026-01-23T14:30:00Z', or epoch seconds", value) from None
    else:
        raise _bad(key, "ISO 8601 with a zone, like '2026-01-23T14:30:00Z', or epoch seconds", value)
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise BadGeneration(
            f"{key!r} must say its zone: {flat(str(value), 60)!r} is another moment in each; end it in 'Z' for UTC", key
        )
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise _bad(key, f"a moment since {FIRST_YEAR}", value) from None
    if moment.year < FIRST_YEAR:
        raise _bad(key, f"a moment since {FIRST_YEAR}", value)
    return moment


def _iso(text: str) -> str:
    """Fractions of a second to six digits: some clocks write nine."""
    return re.sub(r"([.,]\d{6})\d+", r"\1", text.strip())


def _from_epoch(key: str, value: int | float) -> datetime:
    if not math.isfinite(value):
        raise _bad(key, "epoch seconds", value)
    if value > MILLISECONDS:
        raise BadGeneration(f"{key!r} must be seconds since 1970; {value:g} looks like milliseconds", key)
    if value < 0:
        raise _bad(key, f"a moment since {FIRST_YEAR}", value)
    return datetime.fromtimestamp(value, UTC)


_READERS: dict[str, Reader] = {
    "id": _name(NAME_LIMIT),
    "path": _path,
    "time": _time,
    "session": _name(SESSION_LIMIT),
    "task": _name(NAME_LIMIT),
    "attempt": _whole(0),
    "function": _name(NAME_LIMIT),
    "operation": _one_of(OPERATIONS),
    "complexity": _one_of(COMPLEXITIES),
    **dict.fromkeys(("prompt", "plan", "reasoning", "before", "after"), _text(TEXT_LIMIT)),
    "before_hash": _hash,
    "after_hash": _hash,
    "changes": _list,
    "preserved": _names,
    "model": _name(NAME_LIMIT),
    "tool": _name(NAME_LIMIT),
    "temperature": _temperature,
    "tokens_in": _whole(0),
    "tokens_out": _whole(0),
    "duration_ms": _milliseconds,
    "guidance": _names,
    "rating": lambda _, value: rating(value),
    "reverted": _flag,
}
