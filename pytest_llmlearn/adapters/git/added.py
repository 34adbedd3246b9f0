"""Files that one commit added and none has changed since: all their lines are that commit's.

This is what blame would say, of many files for the price of one process. Whatever is not plainly so (a merge on the
way, a commit that also removes files and may have renamed this one, a local change) is left to blame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

DEPTH = 200
"""Commits looked through. Files that were added further back are blamed; looking further costs more than it saves."""
WORDS = ["log", "-z", "--raw", "--no-abbrev", "--no-renames", f"--max-count={DEPTH}", "--format=%H %P", "HEAD"]


def added_once(output: bytes, top: Path, paths: Collection[bytes]) -> dict[bytes, tuple[str, int]]:
    """For those of `paths` (relative to `top`) of which it is so: the commit, and the file's number of lines.

    `output` is what git prints for `WORDS`: newest commit first, each `COMMIT PARENT…`, then `:MODES BLOBS STATUS` and
    the path of everything it changed, all ended by NUL.
    """
    found: dict[bytes, tuple[str, int]] = {}
    waiting = set(paths)
    for commit, parents, changes in _commits(output):
        if parents > 1 or not waiting:
            break
        touched = [(path, change) for path, change in changes if path in waiting]
        waiting.difference_update(path for path, _ in touched)
        if any(change[-1:] == b"D" for _, change in changes):
            continue
        for path, change in touched:
            if change[-1:] == b"A":
                lines = _lines_if_unchanged(top, path, change.split()[3].decode("ascii"))
                if lines is not None:
                    found[path] = (commit, lines)
    return found


def _commits(output: bytes) -> list[tuple[str, int, list[tuple[bytes, bytes]]]]:
    commits: list[tuple[str, int, list[tuple[bytes, bytes]]]] = []
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        token = token.lstrip(b"\n")
        if token.startswith(b":"):
            commits[-1][2].append((next(tokens), token))
        elif token:
            commit, *parents = token.decode("ascii").split()
            commits.append((commit, len(parents), []))
    return commits


def _lines_if_unchanged(top: Path, path: bytes, blob: str) -> int | None:
    """The number of lines of the working file, if it is to the byte what was committed."""
    try:
        content = (top / path.decode("utf-8", "surrogateescape")).read_bytes()
    except (OSError, ValueError):
        return None
    make = hashlib.sha1 if len(blob) == 40 else hashlib.sha256
    digest = make(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    if digest.hexdigest() != blob:
        return None
    return content.count(b"\n") + (1 if content and not content.endswith(b"\n") else 0)
