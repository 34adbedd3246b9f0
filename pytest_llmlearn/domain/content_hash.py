"""Hashes of a few lines of code, as recorders of provenance write them, and where in a file such lines are now.

Agent Trace says `murmur3:9f2e8a1b` and leaves open what is hashed. Recorders hash the text they put in: with or
without its last line break, from the middle of its first line or from its beginning; and they count a line too many
where the text ended in a line break. All of these are tried.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Algorithm = Literal["murmur3", "murmur3-128", "md5", "sha1", "sha256"]

MIN_DIGITS = 8
"""Hex digits of a cut digest that are believed."""
MIN_TELLING = 8
"""Letters and digits that a text needs in order to be looked for elsewhere than at its place."""

_ALGORITHMS = {"md5": 32, "sha1": 40, "sha256": 64}
_SPELLINGS: dict[str, Algorithm] = {
    "murmur3": "murmur3", "murmur3_32": "murmur3", "murmur3-32": "murmur3", "murmur3a": "murmur3", "mmh3": "murmur3",
    "murmurhash3": "murmur3", "murmur3_128": "murmur3-128", "murmur3-128": "murmur3-128", "murmur3f": "murmur3-128",
    "md5": "md5", "sha1": "sha1", "sha-1": "sha1", "sha256": "sha256", "sha-256": "sha256",
}  # fmt: skip
_BY_LENGTH: dict[int, Algorithm] = {8: "murmur3", 32: "md5", 40: "sha1", 64: "sha256"}
_HEX = re.compile(r"(?:0x)?([0-9a-f]{1,64})")
_MASK, _MASK64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentHash:
    """One hash that can be checked: the algorithm, and its digits in lower case, perhaps cut."""

    algorithm: Algorithm
    digits: str

    @property
    def slow(self) -> bool:
        """Whether Python works it out by itself, about 100 times slower than the others."""
        return self.algorithm.startswith("murmur3")

    def is_of(self, text: str) -> bool:
        """Whether it is the hash of exactly this text."""
        encoded = text.encode("utf-8", "surrogatepass")
        if self.algorithm == "murmur3":
            return murmur3_32(encoded) == int(self.digits, 16)
        if self.algorithm == "murmur3-128":
            low, high = murmur3_128(encoded)
            # As one number, or as its two halves in the order in which the algorithm gives them.
            return self.digits in (f"{high:016x}{low:016x}", f"{low:016x}{high:016x}")
        return hashlib.new(self.algorithm, encoded, usedforsecurity=False).hexdigest().startswith(self.digits)


def parse(value: object) -> ContentHash | None:
    """A hash such as `murmur3:9f2e8a1b`, `sha256:bb5ed2670e4ca164`, or bare digits whose length tells; else None."""
    if not isinstance(value, str):
        return None
    name, colon, rest = value.strip().lower().rpartition(":")
    match = _HEX.fullmatch(rest)
    if match is None:
        return None
    digits = match[1]
    algorithm = _SPELLINGS.get(name) if colon else _BY_LENGTH.get(len(digits))
    if algorithm == "murmur3" and len(digits) == 32:
        algorithm = "murmur3-128"
    if algorithm is None:
        return None
    if algorithm == "murmur3":
        return ContentHash(algorithm=algorithm, digits=digits) if len(digits) <= 8 else None
    if algorithm == "murmur3-128":
        return ContentHash(algorithm=algorithm, digits=digits) if len(digits) == 32 else None
    if not MIN_DIGITS <= len(digits) <= _ALGORITHMS[algorithm]:
        return None
    return ContentHash(algorithm=algorithm, digits=digits)


def of_lines(lines: Sequence[str]) -> str:
    """The hash that we write ourselves: `murmur3:` and 8 hex digits, over the lines joined by line feeds."""
    return f"murmur3:{murmur3_32(chr(10).join(lines).encode('utf-8', 'surrogatepass')):08x}"


@dataclass(slots=True)
class Effort:
    """How many characters may still be hashed in search of something."""

    left: int

    def spend(self, characters: int) -> bool:
        """Whether there was enough left."""
        if characters > self.left:
            return False
        self.left -= characters
        return True


def stands_at(wanted: ContentHash, lines: Sequence[str], start: int, count: int, effort: Effort) -> range | None:
    """The lines (from 1) of the hashed text if it stands at `start`; `count` is how many it is said to have."""
    for size in _sizes(count):
        for spelling in (*_SPELLED, *_SPELLED_ON_WINDOWS):
            if _is_here(wanted, lines, start, size, spelling, effort):
                return range(start, start + size)
    return None


def find(
    wanted: ContentHash, lines: Sequence[str], start: int, count: int, effort: Effort, possible: Sequence[bool]
) -> range | None:
    """The lines (from 1) nearest to `start` where the hashed text stands now, among those that are `possible`.

    A text of less than `MIN_TELLING` letters and digits is not looked for, and one line that occurs twice is not found.
    None too where `effort` is used up.
    """
    effort.spend(len(lines) // 8)  # the look itself costs too, where a file has many records
    for size in _sizes(count):
        places = [
            place
            for place in _outwards(start, _runs(possible, size))
            if _is_telling(lines[place - 1 : place - 1 + size])
        ]
        for spelling in _SPELLED:
            found = [
                place for place in places if effort.left > 0 and _is_here(wanted, lines, place, size, spelling, effort)
            ][: 2 if size == 1 else 1]
            if found:
                return range(found[0], found[0] + size) if len(found) == 1 else None
    return None


def _sizes(count: int) -> Sequence[int]:
    return (count, count - 1) if count > 1 else (count,)


def _is_here(
    wanted: ContentHash, lines: Sequence[str], start: int, size: int, spelling: Callable[[str], str], effort: Effort
) -> bool:
    if not 1 <= start <= len(lines) - size + 1:
        return False
    text = spelling("\n".join(lines[start - 1 : start - 1 + size]))
    if not effort.spend(len(text) + 1 if wanted.slow else len(text) // 50 + 1):
        effort.left = 0
        return False
    return wanted.is_of(text)


# The texts that a recorder may have hashed where lines came of it, the most common first.
_SPELLED: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: text + "\n",
    lambda text: text.lstrip(" \t"),
    lambda text: text.lstrip(" \t") + "\n",
)
# Tried at its place only: elsewhere it would double what a search costs.
_SPELLED_ON_WINDOWS: tuple[Callable[[str], str], ...] = (
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "\r\n") + "\r\n",
)


def _runs(possible: Sequence[bool], size: int) -> list[int]:
    """Where (from 1) so many possible lines follow one another."""
    places: list[int] = []
    run = 0
    for number, is_possible in enumerate(possible, 1):
        run = run + 1 if is_possible else 0
        if run >= size:
            places.append(number - size + 1)
    return places


def _outwards(start: int, places: Sequence[int]) -> list[int]:
    return sorted((place for place in places if place != start), key=lambda place: abs(place - start))


def _is_telling(lines: Sequence[str]) -> bool:
    seen = 0
    for line in lines:
        seen += sum(map(str.isalnum, line))
        if seen >= MIN_TELLING:
            return True
    return False


def murmur3_32(content: bytes, seed: int = 0) -> int:
    """MurmurHash3_x86_32, after Austin Appleby's public-domain description (aappleby/smhasher, MurmurHash3.cpp)."""
    whole = len(content) // 4
    state = seed & _MASK
    for block in struct.unpack_from(f"<{whole}I", content):
        block = (block * 0xCC9E2D51) & _MASK
        block = (((block << 15) | (block >> 17)) * 0x1B873593) & _MASK
        state ^= block
        state = (((state << 13) | (state >> 19)) * 5 + 0xE6546B64) & _MASK
    if tail := content[4 * whole :]:
        block = (int.from_bytes(tail, "little") * 0xCC9E2D51) & _MASK
        state ^= (((block << 15) | (block >> 17)) * 0x1B873593) & _MASK
    state ^= len(content) & _MASK
    state = ((state ^ (state >> 16)) * 0x85EBCA6B) & _MASK
    state = ((state ^ (state >> 13)) * 0xC2B2AE35) & _MASK
    return state ^ (state >> 16)


def murmur3_128(content: bytes, seed: int = 0) -> tuple[int, int]:
    """MurmurHash3_x64_128 after the same description: its two halves, the first one first."""
    first, second = 0x87C37B91114253D5, 0x4CF5AD432745937F
    low = high = seed & _MASK
    whole = len(content) // 16
    words = struct.unpack_from(f"<{2 * whole}Q", content)
    for index in range(0, 2 * whole, 2):
        low ^= _rotated(words[index] * first, 31) * second & _MASK64
        low = ((_rotated(low, 27) + high) * 5 + 0x52DCE729) & _MASK64
        high ^= _rotated(words[index + 1] * second, 33) * first & _MASK64
        high = ((_rotated(high, 31) + low) * 5 + 0x38495AB5) & _MASK64
    if tail := content[16 * whole :]:
        high ^= _rotated(int.from_bytes(tail[8:], "little") * second, 33) * first & _MASK64
        low ^= _rotated(int.from_bytes(tail[:8], "little") * first, 31) * second & _MASK64
    low ^= len(content)
    high ^= len(content)
    low = (low + high) & _MASK64
    high = (high + low) & _MASK64
    low, high = _mixed(low), _mixed(high)
    low = (low + high) & _MASK64
    return low, (high + low) & _MASK64


def _rotated(value: int, bits: int) -> int:
    value &= _MASK64
    return ((value << bits) | (value >> (64 - bits))) & _MASK64


def _mixed(value: int) -> int:
    value = ((value ^ (value >> 33)) * 0xFF51AFD7ED558CCD) & _MASK64
    value = ((value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53) & _MASK64
    return value ^ (value >> 33)
