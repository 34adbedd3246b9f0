"""What a run of the tests taught, as lines that another store can learn the same from.

Each line is one JSON object that says all of one thing: what a run recorded, what its tests said, or what became of
red ones. Told twice, or in any order, they mean the same. Nothing is in them but what the store keeps: redacted.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from pytest_llmlearn.domain.entry import CLOSED, Entry, Run
from pytest_llmlearn.domain.fix import Healing

VERSION = 1
"""Of the lines. Keys may be added; a line of another version is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a run recorded. A scan that ran beside the tests is a run of its own."""

    run: Run
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What the tests of a whole run said, by their ids as the store keeps them: those that passed, were skipped or
    expected to fail, and those of which anything was found."""

    run: Run
    passed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What became of red tests at `time`: `green` and `healed` are ids of tests, as the store was told."""

    time: datetime
    green: tuple[str, ...] = ()
    healed: tuple[str, ...] = ()
    healings: tuple[Healing, ...] = ()


Event = Recorded | Tested | Noted
_WIDEST = 1 << 63
"""What a number has to be below, for no store keeps a wider one."""
_KINDS: Mapping[str, type[Event]] = {"recorded": Recorded, "tested": Tested, "noted": Noted}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_HINTS: dict[type, Mapping[str, Any]] = {}


def line(event: Event) -> str:
    """The event as a line, without its end."""
    told = {"llmlearn": VERSION, "event": _NAMES[type(event)], **_plain(event)}
    return json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def read(text: str) -> Event:
    """The event of a line.

    Raises:
        ValueError: it is none, or one of another version; the message says which.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("no line of JSON") from None
    if not isinstance(told, dict) or "llmlearn" not in told:
        raise ValueError("no event of ours")
    if told["llmlearn"] != VERSION:
        raise ValueError("of another version")
    kind = _KINDS.get(str(told.get("event")))
    if kind is None:
        raise ValueError("of a sort that is not known")
    try:
        event = cast("Event", _value(told, kind))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise ValueError("not whole") from None
    # One such line would have all others of its file refused with it, by whoever records them.
    if isinstance(event, Recorded) and any(
        getattr(entry, key) not in known for entry in event.entries for key, known in CLOSED.items()
    ):
        raise ValueError("with a word that is not known")
    return event


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        fields = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: _plain(one) for name, one in fields if one is not None}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def _value(told: Any, kind: Any) -> Any:
    """What was told as a value of that type.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    if dataclasses.is_dataclass(kind):
        return _object(told, cast("type", kind))
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return None if told is None else _value(told, next(one for one in inner if one is not type(None)))
    if origin is tuple:
        if not isinstance(told, list):
            raise TypeError
        return tuple(_value(one, inner[0]) for one in told)
    if kind is datetime:
        moment = datetime.fromisoformat(told)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    if origin is not None:  # a Literal: one of its words
        if told not in inner:
            raise ValueError
        return told
    if kind is float and isinstance(told, int) and not isinstance(told, bool):
        return float(told)
    if not isinstance(told, kind) or (kind is int and isinstance(told, bool)):
        raise TypeError
    if kind is int and not -_WIDEST <= told < _WIDEST:
        raise OverflowError
    return told


def _object(told: Any, kind: type) -> Any:
    if not isinstance(told, dict):
        raise TypeError
    hints = _HINTS.get(kind)
    if hints is None:
        hints = _HINTS[kind] = get_type_hints(kind)
    given = {}
    for field in dataclasses.fields(kind):
        if field.name in told:
            given[field.name] = _value(told[field.name], hints[field.name])
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            if type(None) not in get_args(hints[field.name]):
                raise KeyError(field.name)
            given[field.name] = None
    return kind(**given)


def in_order(events: Iterable[Event]) -> list[Event]:
    """Each once, in the order of time: what was recorded, then what the tests said, then what came of it."""
    once = {line(one): one for one in events}
    return [one for _, one in sorted(once.items(), key=lambda item: (_moment(item[1]), item[0]))]


def _moment(event: Event) -> tuple[datetime, int, str]:
    if isinstance(event, Noted):
        return event.time, 2, ""
    return event.run.finished, int(isinstance(event, Tested)), event.run.run_id
