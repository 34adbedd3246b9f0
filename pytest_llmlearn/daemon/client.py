"""Ask the daemon of a project, if one runs: an answer in time, or None.

For processes that live as long as one question: nothing is imported before something is asked, and whatever goes
wrong is None, for then the memory is read directly.
"""

from __future__ import annotations

import os
import sys
import time

from pytest_llmlearn import __version__
from pytest_llmlearn.daemon import wire

TYPE_CHECKING = False  # typing alone would cost as much as the whole question
if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from typing import Any

CONNECT_SECONDS = 0.05
SECONDS = 5.0
_CHUNK = 1 << 18
_CREDENTIALS = 12
"""Bytes of Linux' `struct ucred`: pid, uid, gid (unix(7))."""


def ask(
    root: str | os.PathLike[str], request: Mapping[str, Any], deadline: float = SECONDS, *, alike: bool = True
) -> dict[str, Any] | None:
    """What the daemon of the project at `root` answers to `request` (`do` and what that takes), or None.

    `deadline` is in seconds, connecting (at most `CONNECT_SECONDS`) included. With `alike` only a daemon of this very
    version answers; to stop one, any will do.
    """
    answer = exchange(root, request, deadline, alike=alike)
    told = answer.get("ok") if answer is not None else None
    return told if isinstance(told, dict) else None


def exchange(
    root: str | os.PathLike[str], request: Mapping[str, Any], deadline: float = SECONDS, *, alike: bool = True
) -> dict[str, Any] | None:
    """The same with what surrounds it: `ok` or `error`. None where nobody answers, or not in time."""
    until = time.monotonic() + deadline
    try:
        place = pointer(root)
        if place is None or (alike and place.get("version") != __version__):
            return None
        import json

        asked = {"v": wire.PROTOCOL, "root": os.path.realpath(root), **request}
        if alike:
            asked["version"] = __version__
        line = json.dumps(asked).encode("ascii") + b"\n"
        if len(line) > wire.LARGEST_REQUEST:
            return None
        connection = _connected(str(place["socket"]), until)
        if connection is None:
            return None
        with connection:
            connection.settimeout(max(until - time.monotonic(), 0.001))
            connection.sendall(line)
            told = _line(connection, until)
        answer = json.loads(told) if told is not None else None
        return answer if isinstance(answer, dict) and answer.get("v") == wire.PROTOCOL else None
    except (OSError, ValueError, KeyError):  # nobody there, not in time, or nothing that could be understood
        return None


def pointer(root: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What the project's pointer file says: `socket`, `pid`, `version`, `started`, `kind`; None where there is none, or
    where it points at what is not private to this user."""
    if os.name != "posix":
        return None
    try:
        with open(os.path.join(root, *wire.POINTER), "rb") as file:
            # A pipe or a folder put there by others is no pointer; a pointer is short.
            content = file.read(1 << 14)
    except OSError:
        return None
    import json

    try:
        found = json.loads(content)
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("socket"), str) or not _private(found["socket"]):
        return None
    return found


def _private(path: str) -> bool:
    """Whether this is a socket of ours in a folder that is ours alone: a checkout may bring a pointer to anything."""
    import stat

    try:
        folder, file = os.lstat(os.path.dirname(path)), os.lstat(path)
    except (OSError, ValueError):
        return False
    own = os.geteuid()
    return (
        path.endswith(wire.SOCKET_ENDING)
        and stat.S_ISSOCK(file.st_mode)
        and stat.S_ISDIR(folder.st_mode)
        and file.st_uid == folder.st_uid == own
        and not folder.st_mode & 0o077
    )


def _connected(path: str, until: float) -> socket.socket | None:
    import socket

    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(min(CONNECT_SECONDS, max(until - time.monotonic(), 0.001)))
        connection.connect(path)
        if peer(connection) in (None, os.geteuid()):
            return connection
    except BaseException:  # raised again: the connection alone would be left behind
        connection.close()
        raise
    connection.close()
    return None


def peer(connection: socket.socket) -> int | None:
    """The user at the other end; None where the system does not tell (the folder's mode keeps others out there)."""
    import socket

    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    told = connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS)
    return int.from_bytes(told[4:8], sys.byteorder)


def _line(connection: socket.socket, until: float) -> bytes | None:
    """What comes up to the end of the line; None where it does not come in time, whole, or is too long."""
    parts: list[bytes] = []
    size = 0
    while (left := until - time.monotonic()) > 0 and size <= wire.LARGEST_ANSWER:
        connection.settimeout(left)
        part = connection.recv(_CHUNK)
        if not part:
            return None
        parts.append(part)
        size += len(part)
        if part.endswith(b"\n"):
            return b"".join(parts)
    return None
