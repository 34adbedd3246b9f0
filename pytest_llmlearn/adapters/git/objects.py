"""A few commits read from git's object files, for starting a process takes longer than that.

The formats are git's own (gitformat-pack(5), "Object Storage" of gitcore-tutorial(7)). Whatever is not plain is left to
git, and so is what does not have the hash that it should have: this is a short way, not a second git.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pytest_llmlearn.adapters.git.changes import time_of
from pytest_llmlearn.adapters.git.repository import common_folder, git_folder
from pytest_llmlearn.adapters.git.standing import content_of, settings_of
from pytest_llmlearn.domain.history import Commit
from pytest_llmlearn.domain.signs import Identity

MOST = 400
"""Commits that are read so; of more, git is quicker."""
MOST_PACKS = 20

_ELSEWHERE = re.compile(rb"mailmap|include|alternate", re.IGNORECASE)
_PERSON = re.compile(rb"([^<>\n]*)<([^<>\n]*)> (\d{1,12}) [+-]\d{4}")
_COMMIT, _BY_OFFSET, _BY_ID = 1, 6, 7
_INDEX = b"\377tOc\0\0\0\2"


def is_plain(top: Path, environ: Mapping[str, str]) -> bool:
    """Whether commits are what their objects say: no mailmap, no cut history, nothing that stands for another."""
    git = git_folder(top)
    if git is None or (top / ".mailmap").exists():
        return False
    common = common_folder(git)
    if any((common / name).exists() for name in ("shallow", "info/grafts", "refs/replace", "objects/info/alternates")):
        return False
    if any(
        name.startswith("GIT_CONFIG_") and name not in ("GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL") for name in environ
    ):
        return False
    if b" refs/replace/" in (content_of(common / "packed-refs") or b""):
        return False
    return not any(_ELSEWHERE.search(content_of(file) or b"") for file in settings_of([top], environ))


def read(top: Path, ids: Iterable[str]) -> Iterator[Commit]:
    """Those of the commits that can be read so, of the first `MOST`."""
    git = git_folder(top)
    if git is None:
        return
    objects = common_folder(git) / "objects"
    packs: list[_Pack] | None = None
    for _, one in zip(range(MOST), ids, strict=False):
        raw = _loose(objects, one)
        if raw is None:
            if packs is None:
                packs = _packs(objects / "pack")
            raw = next((found for pack in packs if (found := pack.find(bytes.fromhex(one))) is not None), None)
        commit = _parsed(one, raw) if raw is not None else None
        if commit is not None:
            yield commit


def _loose(objects: Path, one: str) -> bytes | None:
    compressed = content_of(objects / one[:2] / one[2:])
    if compressed is None:
        return None
    try:
        head, _, raw = zlib.decompress(compressed).partition(b"\0")
    except zlib.error:  # damaged: git says what it thinks of it
        return None
    return raw if head.startswith(b"commit ") else None


def _packs(folder: Path) -> list[_Pack]:
    indexes = sorted(folder.glob("*.idx"))
    if len(indexes) > MOST_PACKS:
        return []
    packs = (_Pack.open(index) for index in indexes)
    return [pack for pack in packs if pack is not None]


class _Pack:
    """One pack and its index, version 2, mapped into memory."""

    def __init__(self, index: mmap.mmap, pack: mmap.mmap) -> None:
        self._index = index
        self._pack = pack
        self._count = self._number(8 + 255 * 4)

    @classmethod
    def open(cls, index: Path) -> _Pack | None:
        try:
            with index.open("rb") as first, index.with_suffix(".pack").open("rb") as second:
                mapped = mmap.mmap(first.fileno(), 0, access=mmap.ACCESS_READ)
                if mapped[:8] != _INDEX:
                    return None
                return cls(mapped, mmap.mmap(second.fileno(), 0, access=mmap.ACCESS_READ))
        except (OSError, ValueError):  # packed anew at this moment, or empty
            return None

    def find(self, one: bytes) -> bytes | None:
        """The commit of that id; None where the pack has none, or cannot be understood."""
        size, table = len(one), 8 + 256 * 4
        low = self._number(8 + (one[0] - 1) * 4) if one[0] else 0
        high = self._number(8 + one[0] * 4)
        while low < high:
            middle = (low + high) // 2
            here = self._index[table + middle * size : table + (middle + 1) * size]
            if here == one:
                break
            low, high = (middle + 1, high) if here < one else (low, middle)
        else:
            return None
        offsets = table + self._count * (size + 4)
        offset = self._number(offsets + middle * 4)
        if offset & 0x80000000:
            place = offsets + self._count * 4 + (offset & 0x7FFFFFFF) * 8
            offset = int.from_bytes(self._index[place : place + 8])
        try:
            return self._at(offset, size)
        except (IndexError, ValueError, zlib.error):  # no pack as we know them: left to git
            return None

    def _at(self, offset: int, size: int) -> bytes | None:
        """The commit at that place, put together from its deltas."""
        deltas: list[bytes] = []
        while True:
            start = offset
            byte = self._pack[offset]
            kind, length, shift = byte >> 4 & 7, byte & 15, 4
            while byte & 128:
                offset += 1
                byte = self._pack[offset]
                length |= (byte & 127) << shift
                shift += 7
            offset += 1
            if kind == _BY_ID:
                base = self._pack[offset : offset + size]
                deltas.append(self._inflated(offset + size, length))
                whole = self.find(base)
                break
            if kind != _BY_OFFSET:
                whole = self._inflated(offset, length) if kind == _COMMIT else None
                break
            byte = self._pack[offset]
            back = byte & 127
            while byte & 128:
                offset += 1
                byte = self._pack[offset]
                back = (back + 1 << 7) | byte & 127
            deltas.append(self._inflated(offset + 1, length))
            offset = start - back
        for delta in reversed(deltas):
            whole = _patched(whole, delta) if whole is not None else None
        return whole

    def _inflated(self, offset: int, length: int) -> bytes:
        inflating = zlib.decompressobj()
        # Deflated text is hardly ever longer than itself; what is, is found out by its length.
        found = inflating.decompress(self._pack[offset : offset + length + 128], length)
        if len(found) != length:
            raise ValueError(length)
        return found

    def _number(self, place: int) -> int:
        return int.from_bytes(self._index[place : place + 4])


def _patched(base: bytes, delta: bytes) -> bytes:
    """The text that a delta makes of another: parts that are copied, parts that are new."""
    place = 0
    for _ in range(2):  # the sizes of both, which the hash tells as well
        while delta[place] & 128:
            place += 1
        place += 1
    parts: list[bytes] = []
    while place < len(delta):
        code = delta[place]
        place += 1
        if not code & 128:
            parts.append(delta[place : place + code])
            place += code
            continue
        numbers = [0, 0]
        for bit in range(7):
            if code >> bit & 1:
                which, shift = (0, bit) if bit < 4 else (1, bit - 4)
                numbers[which] |= delta[place] << 8 * shift
                place += 1
        start, length = numbers[0], numbers[1] or 0x10000
        parts.append(base[start : start + length])
    return b"".join(parts)


def _parsed(one: str, raw: bytes) -> Commit | None:
    """The commit that an object holds; None for one that only git should read."""
    make = hashlib.sha1 if len(one) == 40 else hashlib.sha256
    if make(b"commit %d\0%b" % (len(raw), raw), usedforsecurity=False).hexdigest() != one or b"\0" in raw:
        return None
    head, _, message = raw.partition(b"\n\n")
    parents: list[str] = []
    people: dict[bytes, re.Match[bytes] | None] = {}
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key == b"parent":
            parents.append(value.decode("ascii", "replace"))
        elif key in (b"author", b"committer") and key not in people:
            people[key] = _PERSON.fullmatch(value)
        elif key == b"encoding":
            return None
    author, committer = people.get(b"author"), people.get(b"committer")
    if author is None or committer is None:
        return None
    by, through = _identity(author), _identity(committer)
    return Commit(
        id=one,
        time=time_of(committer[3].decode("ascii")),
        parents=tuple(parents),
        author=by,
        committer=through,
        signed_author=by,
        signed_committer=through,
        message=message.decode("utf-8", "replace"),
    )


def _identity(person: re.Match[bytes]) -> Identity:
    name, email = (person[index].strip().decode("utf-8", "replace") for index in (1, 2))
    return Identity(name=name, email=email)
