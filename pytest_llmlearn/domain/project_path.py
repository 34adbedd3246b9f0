"""Paths as people and tools spell them, told from the project's root.

By their text alone: nothing is looked up, so a file that is gone has its path as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from pytest_llmlearn.domain.cleaning import flat

_DRIVE = re.compile(r"[A-Za-z]:/")


def relative(path: str, roots: Collection[str]) -> str:
    """The path from the project's root, with `/`; `roots` are the root's absolute names.

    Raises:
        ValueError: it leaves the project, or names no file in it; the message is a sentence.
    """
    spelled = path.replace("\\", "/")
    inside: str | None = spelled
    if spelled.startswith("/") or _DRIVE.match(spelled):
        inside = next((rest for root in roots if (rest := _below(spelled, root)) is not None), None)
    elif "://" in spelled:
        inside = None
    parts: list[str] = []
    for part in (inside or "").split("/"):
        if part == "..":
            if not parts:
                inside = None
                break
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if inside is None:
        raise ValueError(f"the path {flat(path, 200)!r} leaves the project")
    if not parts:
        raise ValueError(f"the path {flat(path, 200)!r} names no file of the project")
    return "/".join(parts)


def _below(path: str, root: str) -> str | None:
    start = root.replace("\\", "/").rstrip("/") + "/"
    same = path.startswith(start)
    if not same and _DRIVE.match(start):  # Windows takes any case, and editors write the drive in either
        same = path.casefold().startswith(start.casefold())
    return path[len(start) :] if same else None
