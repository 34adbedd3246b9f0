"""Hashes of code as recorders write them, and the code they are of."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain import content_hash
from pytest_llmlearn.domain.content_hash import Effort, murmur3_32, murmur3_128, of_lines, parse

FILE = ["import os", "", "def first():", "    value = compute()", "    return value", "", "def second():", "    pass"]


def found(value: str, lines: list[str], start: int, count: int, effort: int = 1_000_000) -> list[int]:
    """The lines where the hash's text is, at its place or elsewhere."""
    wanted = parse(value)
    assert wanted is not None
    left = Effort(effort)
    here = content_hash.stands_at(wanted, lines, start, count, left) or content_hash.find(
        wanted, lines, start, count, left, [True] * len(lines)
    )
    return list(here or ())


@pytest.mark.parametrize(
    ("text", "seed", "expected"),
    [
        (b"", 0, 0x00000000),
        (b"", 1, 0x514E28B7),
        (b"", 0xFFFFFFFF, 0x81F16F39),
        (b"\0\0\0\0", 0, 0x2362F9DE),
        (b"\xff\xff\xff\xff", 0, 0x76293B50),
        (b"!Ce\x87", 0x5082EDEE, 0x2362F9DE),
        (b"!Ce", 0, 0x7E4A8634),
        (b"!C", 0, 0xA0F7B07A),
        (b"!", 0, 0x72661CF4),
        (b"hello", 0, 0x248BFA47),
        (b"Hello, world!", 0x9747B28C, 0x24884CBA),
        (b"The quick brown fox jumps over the lazy dog", 0, 0x2E4FF723),
    ],
)
def test_murmur3_has_its_published_values(text: bytes, seed: int, expected: int) -> None:
    """The vectors that implementations test themselves with, of every length of tail."""
    assert murmur3_32(text, seed) == expected


def test_the_long_murmur3_has_its_published_values() -> None:
    """The 128-bit variant, which one recorder writes under the same name."""
    assert murmur3_128(b"hello") == (0xCBD8A7B341BD9B02, 0x5B1E906A48AE1D19)
    low, high = murmur3_128(b"foo", 42)
    assert (high << 64) | low == 215966891540331383248189432718888555506


@pytest.mark.parametrize(
    ("value", "algorithm"),
    [
        ("murmur3:9f2e8a1b", "murmur3"),
        ("MURMUR3:9F2E8A1B", "murmur3"),
        ("murmur3:1b", "murmur3"),
        ("9f2e8a1b", "murmur3"),
        ("murmur3:f761763ec88b9451bb3f26bcf38c0b62", "murmur3-128"),
        ("sha256:bb5ed2670e4ca164", "sha256"),
        ("sha-256:" + "a" * 64, "sha256"),
        ("sha1:" + "a" * 40, "sha1"),
        ("md5:" + "a" * 32, "md5"),
        ("a" * 64, "sha256"),
    ],
)
def test_the_algorithm_is_told_by_name_or_length(value: str, algorithm: str) -> None:
    """As recorders spell it."""
    parsed = parse(value)
    assert parsed is not None
    assert parsed.algorithm == algorithm


@pytest.mark.parametrize(
    "value", [None, 7, "", "murmur3:", "murmur3:xyz", "murmur3:123456789", "xxh3:9f2e8a1b", "sha256:ab", "a" * 9]
)
def test_what_cannot_be_checked_is_no_hash(value: object) -> None:
    """An unknown algorithm, too few digits, no digits."""
    assert parse(value) is None


@given(st.text())
def test_any_text_may_stand_where_a_hash_belongs(text: str) -> None:
    """It is a hash or none."""
    parsed = parse(text)
    assert parsed is None or parsed.is_of("something else") in (True, False)


@given(st.lists(st.text(alphabet="abc \t(é", min_size=1, max_size=12), min_size=1, max_size=8))
def test_what_we_write_is_what_we_find(lines: list[str]) -> None:
    """Our own hash stands for its lines at their place."""
    assert found(of_lines(lines), lines, 1, len(lines)) == list(range(1, len(lines) + 1))


@pytest.mark.parametrize(
    "hashed",
    [
        "    value = compute()\n    return value",
        "    value = compute()\n    return value\n",
        "value = compute()\n    return value",
        "value = compute()\n    return value\n",
    ],
)
@pytest.mark.parametrize("count", [2, 3])
def test_the_ways_of_hashing_a_text_are_tried(hashed: str, count: int) -> None:
    """With or without the last line break or the first line's indentation, and a line too many where it ended."""
    digest = hashlib.sha256(hashed.encode()).hexdigest()[:16]
    lines = [*FILE[:5], *FILE[6:]]
    assert found(f"sha256:{digest}", lines, 4, count) == [4, 5]
    assert found(f"murmur3:{murmur3_32(hashed.encode()):x}", lines, 4, count) == [4, 5]


@pytest.mark.parametrize(
    "hashed", ["    value = compute()\r\n    return value", "    value = compute()\r\n    return value\r\n"]
)
def test_line_breaks_of_windows_are_tried_in_place(hashed: str) -> None:
    """A recorder hashed the text as it stands in the file."""
    assert found(f"sha256:{hashlib.sha256(hashed.encode()).hexdigest()}", FILE, 4, 2) == [4, 5]


def test_moved_code_is_found() -> None:
    """Where it is now, whatever was put above it."""
    assert found(of_lines(FILE[2:5]), ["# new", "# lines", *FILE], 3, 3) == [5, 6, 7]


def test_of_several_copies_the_nearest_counts() -> None:
    """But the place itself before all."""
    block = ["alpha = 1", "beta = 22"]
    lines = [*block, "x", "x", *block, "x", *block]
    assert found(of_lines(block), lines, 7, 2) == [8, 9]
    assert found(of_lines(block), lines, 5, 2) == [5, 6]


@pytest.mark.parametrize("line", ["", "    pass", "    return", "}"])
def test_a_line_that_tells_nothing_is_not_looked_for(line: str) -> None:
    """It stands everywhere."""
    assert found(of_lines([line]), ["value = 1", "other = 2", line], 1, 1) == []


def test_one_line_that_occurs_twice_is_not_found() -> None:
    """Nothing says which of them is meant."""
    lines = ["x = 1", "    return compute(value)", "y = 1", "    return compute(value)"]
    assert found(of_lines([lines[1]]), lines, 3, 1) == []
    assert found(of_lines([lines[1]]), lines[:3], 3, 1) == [2]


def test_only_possible_lines_are_looked_at() -> None:
    """Lines known to be older than the text are not it."""
    wanted = parse(of_lines(FILE[2:5]))
    assert wanted is not None
    possible = [True, True, True, True, False, True, True, True]
    assert content_hash.find(wanted, FILE, 1, 3, Effort(1_000_000), possible) is None
    assert content_hash.find(wanted, FILE, 1, 3, Effort(1_000_000), [True] * 8) == range(3, 6)


def test_the_effort_is_bounded() -> None:
    """A long file with a hash that fits nowhere costs no more than was allowed."""
    lines = [f"variable_{number} = {number}" for number in range(2_000)]
    effort = Effort(10_000)
    wanted = parse("murmur3:00000001")
    assert wanted is not None
    assert content_hash.find(wanted, lines, 1, 50, effort, [True] * 2_000) is None
    assert effort.left == 0
