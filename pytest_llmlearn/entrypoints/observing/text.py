"""Text from other people's code, made fit to be kept: exact `str`, bounded, without control characters.

Nothing here lets user code end the run: whatever `__str__` does, the answer is a string.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from pytest_llmlearn.domain.cleaning import clean as clean  # told on to the observing modules
from pytest_llmlearn.domain.occurrence import NODEID_LIMIT

SIZE_LIMIT = 16_000
"""Characters of one occurrence as ASCII JSON, its notices not counted in; they are bounded on their own."""


def bounded(text: str, limit: int) -> str:
    """At most `limit` characters, cleaned: the beginning, and a fifth of the room for the end."""
    if len(text) > limit:
        tail = limit // 5
        # str's own slice: `text` may be an instance of somebody's subclass.
        text = f"{str.__getitem__(text, slice(0, limit - tail - 5))}\n[…]\n{str.__getitem__(text, slice(-tail, None))}"
    return clean(str.__getitem__(text, slice(0, limit)))


def one_line(text: str, limit: int) -> str:
    """At most `limit` characters of the stripped text, cleaned, its end cut."""
    return clean(str.__getitem__(text, slice(0, limit + 200)).strip())[:limit]


def spoken(value: object, limit: int) -> str:
    """`str(value)`, cleaned and bounded; a sentence where that cannot be had."""
    try:
        text = str(value)
    # `__str__` may be anyone's and raise anything, SystemExit included; pytest survives it, so must we.
    except BaseException as error:
        return f"<{type(value).__name__} whose __str__ raised {type(error).__name__}>"[:limit]
    return bounded(text, limit)


def bounded_nodeid(nodeid: str) -> str:
    """`nodeid`, or where it is too long its beginning and a hash of the whole, so that it still names one test."""
    if len(nodeid) <= NODEID_LIMIT:
        return clean(nodeid)
    digest = blake2b(nodeid.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{clean(nodeid[: NODEID_LIMIT - 18])}…{digest}"[:NODEID_LIMIT]


def fit(wire: dict[str, Any]) -> dict[str, Any]:
    """The occurrence within `SIZE_LIMIT`, the least telling parts given up first.

    Raises:
        TypeError, ValueError: something in it is no JSON, which a report must not carry.
    """
    for give_up in (None, *_SACRIFICES):
        if give_up is not None:
            give_up(wire)
        if len(json.dumps(wire)) <= SIZE_LIMIT:
            break
    return wire


def _fewer_bindings(wire: dict[str, Any]) -> None:
    wire["bindings"] = wire.get("bindings", [])[:8]


def _fewer_frames(wire: dict[str, Any]) -> None:
    frames = wire.get("frames", [])
    if len(frames) > 10:
        wire["frames"] = frames[:2] + frames[-8:]
    for link in wire.get("linked", []):
        link["frames"] = link.get("frames", [])[-2:]


def _shorter_texts(wire: dict[str, Any]) -> None:
    wire["message"] = bounded(wire["message"], 900)
    wire["facts"] = {key: value[:60] for key, value in wire.get("facts", {}).items()}
    for link in wire.get("linked", []):
        link["message"] = bounded(link["message"], 150)
        link["facts"] = {}
        link["mro"] = link["mro"][:3]
    for frame in [*wire.get("frames", []), *(frame for link in wire.get("linked", []) for frame in link["frames"])]:
        frame["statement"] = frame["statement"][:80]
        frame["function"] = frame["function"][:80]


def _bare(wire: dict[str, Any]) -> None:
    wire["frames"] = wire.get("frames", [])[-3:]
    wire["mro"] = wire["mro"][:4]
    for key in ("linked", "bindings", "notices"):
        wire.pop(key, None)
    wire["message"] = wire["message"][:300]


_SACRIFICES = (_fewer_bindings, _fewer_frames, _shorter_texts, _bare)
