"""What git prints of commits and of the files they changed, as values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pytest_llmlearn.domain.history import Change, Commit
from pytest_llmlearn.domain.signs import Identity

COMMITS = "--format=%H%n%ct%n%P%n%an%n%ae%n%aN%n%aE%n%cn%n%ce%n%cN%n%cE%n%B"
"""A record of what `commit` reads; with `-z`, they are separated by NUL."""
CHANGES = ["-z", "--raw", "--no-abbrev", "--no-renames", "--format=%H %ct %P"]
"""What `changes` reads."""

_FIELDS = 11
_LATEST = 253_402_300_799  # the last second that a datetime can hold


def commit(record: str) -> Commit:
    """The commit of one record that git printed for `COMMITS`."""
    fields = record.split("\n", _FIELDS)
    fields += [""] * (_FIELDS + 1 - len(fields))
    author, known_author, committer, known_committer = (
        Identity(name=fields[index], email=fields[index + 1]) for index in range(3, _FIELDS, 2)
    )
    return Commit(
        id=fields[0],
        time=time_of(fields[1]),
        parents=tuple(fields[2].split()),
        author=known_author,
        committer=known_committer,
        signed_author=author,
        signed_committer=committer,
        message=fields[_FIELDS],
    )


def changes(output: bytes) -> Iterator[tuple[Change, list[tuple[bytes, bytes]]]]:
    """Each commit that git printed for `CHANGES` with the files it changed: path, and `:MODES BLOBS STATUS`.

    A merge that is shown against each of its parents comes as often as it has parents.
    """
    change: Change | None = None
    files: list[tuple[bytes, bytes]] = []
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        token = token.lstrip(b"\n")
        if token.startswith(b":"):
            files.append((next(tokens), token))
        elif token:
            if change is not None:
                yield change, files
            identity, seconds, *parents = token.decode("ascii").split()
            change, files = Change(commit=identity, time=time_of(seconds), parents=tuple(parents)), []
    if change is not None:
        yield change, files


def time_of(seconds: str) -> datetime:
    """The moment that git writes as seconds since 1970; whatever a wrong clock wrote is a time all the same."""
    return datetime.fromtimestamp(min(max(int(seconds or 0), 0), _LATEST), UTC)
