"""Messages out of a stream of bytes, as the base protocol frames them: headers, an empty line, so many bytes of JSON.

Whatever comes, the next message that is whole is found again: lines that are no headers are passed over, and where a
length was wrong the search goes on at the next header inside of what was read.

Format: https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#baseProtocol
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LONGEST = 256 * 2**20
"""Bytes of the longest message that is waited for; a length beyond it is taken for a mistake."""
LONGEST_LINE = 8192
"""Bytes of a header line; what has no end of a line for so long is no header."""

_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*", re.IGNORECASE)
_NEXT = re.compile(rb"content-length[ \t]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What should have been a message and is none; `why` in a few words."""

    why: str


class Frames:
    """Collects bytes as they come."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._length: int | None = None
        self._wanted = 0

    def feed(self, data: bytes) -> Iterator[Any]:
        """What is whole now: JSON as builtins, or `Unreadable`."""
        self._waiting += data
        while len(self._waiting) >= self._wanted:
            found = self._next()
            if found is None:
                return
            yield found[0]

    def _next(self) -> tuple[Any] | None:
        """The next message, in a tuple for JSON may be null; None where more bytes are needed."""
        while self._wanted == 0:
            end = self._waiting.find(b"\n")
            if end < 0:
                if len(self._waiting) > LONGEST_LINE:
                    del self._waiting[:-LONGEST_LINE]
                return None
            line = bytes(self._waiting[:end]).strip()
            del self._waiting[: end + 1]
            told = _LENGTH.search(line)
            if told is not None:
                self._length = int(told[1])
            elif not line and self._length is not None:
                length, self._length = self._length, None
                if not 0 < length <= LONGEST:
                    return (Unreadable(f"a message of {length} bytes"),)
                self._wanted = length
        if len(self._waiting) < self._wanted:
            return None
        body = bytes(self._waiting[: self._wanted])
        del self._waiting[: self._wanted]
        self._wanted = 0
        return (self._read(body),)

    def _read(self, body: bytes) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            swallowed = _NEXT.search(body)
            if swallowed is not None:
                self._waiting[:0] = body[swallowed.start() :]
            return Unreadable(f"not JSON: {error}")
