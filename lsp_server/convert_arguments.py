"""Arguments of the commands: one object each, or the fingerprint alone. What is wrong is said in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """A pattern, and where it was recognised.

    `line` counts from 0; `show` says that a person wants to see the answer.
    """

    fingerprint: str
    matcher: str | None = None
    uri: str | None = None
    line: int | None = None
    show: bool = False


def one_object(command: str, arguments: Sequence[Any]) -> Mapping[str, Any]:
    """The only argument.

    Raises:
        JsonRpcInvalidParams: it is none, or there are others.
    """
    if len(arguments) != 1 or not isinstance(arguments[0], Mapping):
        raise JsonRpcInvalidParams(f"{command} takes one object")
    return arguments[0]


def to_about(command: str, arguments: Sequence[Any]) -> About:
    """Which pattern is meant.

    Raises:
        JsonRpcInvalidParams: says in one sentence what is wrong.
    """
    if len(arguments) == 1 and isinstance(arguments[0], str):
        return About(fingerprint=arguments[0])
    given = one_object(command, arguments)
    known: Mapping[str, type] = {"fingerprint": str, "matcher": str, "uri": str, "line": int, "show": bool}
    values = {key: value for key, value in given.items() if value is not None and key in known}
    for key, value in values.items():
        if not isinstance(value, known[key]):
            raise JsonRpcInvalidParams(f"{command}: {key} is of the wrong type")
    if not values.get("fingerprint"):
        raise JsonRpcInvalidParams(f"{command} needs the fingerprint of a pattern")
    return About(**values)
