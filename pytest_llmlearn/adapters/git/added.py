"""Files that one commit added and none has changed since: all their lines are that commit's.

This is what blame would say, of many files for the price of one process. Whatever is not plainly so (a merge on the
way, a commit that also removes files and may have renamed this one, a local change) is left to blame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from pytest_llmlearn.adapters.git.changes import CHANGES, changes

DEPTH = 200
"""Commits looked through. Files that were added further back are blamed; looking further costs more than it saves."""
WORDS = ["log", *CHANGES, f"--max-count={DEPTH}", "HEAD"]


def added_once(output: bytes, top: Path, paths: Collection[bytes]) -> dict[bytes, tuple[str, int]]:
    """For those of `paths` (relative to `top`) of which it is so: the commit, and the file's number of lines.

    `output` is what git prints for `WORDS`: newest commit first.
    """
    found: dict[bytes, tuple[str, int]] = {}
    waiting = set(paths)
    for change, files in changes(output):
        if len(change.parents) > 1 or not waiting:
            break
        touched = [(path, how) for path, how in files if path in waiting]
        waiting.difference_update(path for path, _ in touched)
        if any(how[-1:] == b"D" for _, how in files):
            continue
        for path, how in touched:
            if how[-1:] == b"A":
                lines = _lines_if_unchanged(top, path, how.split()[3].decode("ascii"))
                if lines is not None:
                    found[path] = (change.commit, lines)
    return found


def lines_in(content: bytes) -> int:
    """The number of lines, as blame counts them."""
    return content.count(b"\n") + (1 if content and not content.endswith(b"\n") else 0)


def _lines_if_unchanged(top: Path, path: bytes, blob: str) -> int | None:
    """The number of lines of the working file, if it is to the byte what was committed."""
    try:
        content = (top / path.decode("utf-8", "surrogateescape")).read_bytes()
    except (OSError, ValueError):
        return None
    make = hashlib.sha1 if len(blob) == 40 else hashlib.sha256
    digest = make(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return lines_in(content) if digest.hexdigest() == blob else None
