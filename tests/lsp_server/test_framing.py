"""Messages out of a stream, whatever else is in it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.framing import LONGEST, Frames, Unreadable


def framed(message: Any, *more: str) -> bytes:
    body = json.dumps(message).encode()
    return "\r\n".join([f"Content-Length: {len(body)}", *more, "", ""]).encode() + body


def read(*pieces: bytes) -> list[Any]:
    frames = Frames()
    return [message for piece in pieces for message in frames.feed(piece)]


@given(messages=st.lists(st.dictionaries(st.text(max_size=3), st.integers()), max_size=4), cuts=st.data())
def test_it_does_not_matter_where_the_stream_is_cut(messages: list[dict[str, int]], cuts: st.DataObject) -> None:
    """Pipes give what they have."""
    stream = b"".join(map(framed, messages))
    at = sorted(cuts.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    pieces = [stream[start:end] for start, end in zip([0, *at], [*at, len(stream)], strict=True)]
    assert read(*pieces) == messages


@given(garbage=st.binary(max_size=80))
def test_what_is_no_header_is_passed_over(garbage: bytes) -> None:
    """The next message that is whole is found."""
    stream = garbage + b"\r\n\r\n" + framed({"a": 1}) + framed({"b": 2})
    assert read(stream)[-1:] == [{"b": 2}]


def test_headers_may_come_in_any_order_and_case() -> None:
    """And with line feeds alone."""
    body = b"[1]"
    assert read(b"Content-Type: x; charset=utf-8\r\ncontent-length:3\r\n\r\n" + body) == [[1]]
    assert read(b"CONTENT-LENGTH: 3\n\n" + body) == [[1]]


def test_a_length_that_is_too_long_costs_no_other_message() -> None:
    """What it swallowed of the next ones is read again."""
    body = json.dumps({"a": 1}).encode()
    next_one = framed({"b": 2})
    found = read(f"Content-Length: {len(body) + 30}\r\n\r\n".encode() + body + next_one + framed({"c": 3}))
    assert isinstance(found[0], Unreadable) and found[1:] == [{"b": 2}, {"c": 3}]


def test_a_length_that_is_too_short_costs_that_message_alone() -> None:
    """Its rest is no header."""
    found = read(b'Content-Length: 4\r\n\r\n{"a": 1}' + framed({"b": 2}))
    assert isinstance(found[0], Unreadable) and found[1:] == [{"b": 2}]


def test_a_length_beyond_all_measure_is_not_waited_for() -> None:
    """Nor one of nothing."""
    for length in (LONGEST + 1, 0):
        found = read(f"Content-Length: {length}\r\n\r\n".encode() + framed({"b": 2}))
        assert isinstance(found[0], Unreadable) and found[1:] == [{"b": 2}]


def test_json_of_boxes_in_boxes_is_unreadable() -> None:
    """Python's own depth must not end the server."""
    body = b"[" * 200_000
    (found,) = read(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert isinstance(found, Unreadable)


def test_a_stream_without_lines_is_not_kept() -> None:
    """Somebody else's bytes must not fill the memory."""
    frames = Frames()
    for _ in range(100):
        assert list(frames.feed(b"x" * 65_536)) == []
    assert len(frames._waiting) < 100_000
