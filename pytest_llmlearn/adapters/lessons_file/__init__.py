"""The file of committed lessons, `.llmlearn/lessons.jsonl`, and what makes git merge it line by line.

It is reviewed like code. A broken line, or what a merge left behind, costs itself alone and is named once.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from pytest_llmlearn.app.ports.committed import Lines
from pytest_llmlearn.domain import committed

FOLDER = ".llmlearn"
NAME = "lessons.jsonl"
ATTRIBUTES = ".gitattributes"
MERGING = f"{NAME} merge=union\n"
_MARKERS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_LARGEST = 64_000_000
"""Bytes of a file that are read; a lesson takes about one thousand."""


class LessonsFile:
    """`ports.LessonsFile`, of the project at `root`."""

    def __init__(self, root: Path) -> None:
        self.path = root / FOLDER / NAME

    def stamp(self) -> str:
        """Size and time of the last change."""
        try:
            status = self.path.stat()
        except OSError:  # there is none, or none that can be read
            return ""
        return f"{status.st_size}:{status.st_mtime_ns}:{committed.VERSION}"

    def read(self) -> Lines:
        """What it holds."""
        try:
            with self.path.open("rb") as file:
                # With the mark that some editors begin a file with, or without.
                text = file.read(_LARGEST).decode("utf-8-sig", "replace").replace("\r\n", "\n")
        except FileNotFoundError:
            return Lines()
        lessons, later, wrong = [], [], Counter[str]()
        first: dict[str, int] = {}
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                if line.startswith(_MARKERS):
                    raise ValueError("left by a merge (a conflict marker)")
                lessons.append(committed.read(line))
            except ValueError as error:
                if isinstance(error, committed.LaterLine):
                    later.append(line)
                wrong[str(error)] += 1
                first.setdefault(str(error), number)
        problems = tuple(self._told(wrong, first))
        return Lines(lessons=tuple(lessons), problems=problems, text=text, later=tuple(later))

    def _told(self, wrong: Counter[str], first: dict[str, int]) -> list[str]:
        name = f"{FOLDER}/{NAME}"
        return [
            f"line {first[what]} of {name} is {what}, and was skipped"
            if count == 1
            else f"{count} lines of {name} are {what}, the first in line {first[what]}, and were skipped"
            for what, count in wrong.items()
        ]

    def write(self, text: str) -> None:
        """Put this in its place, under another name first: whoever reads meanwhile reads all of the old one."""
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f"{NAME}-{os.getpid()}")
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(self.path)
        self._let_merge(folder)

    @staticmethod
    def _let_merge(folder: Path) -> None:
        attributes, ignored = folder / ATTRIBUTES, folder / ".gitignore"
        known = attributes.read_text(encoding="utf-8") if attributes.exists() else ""
        if MERGING.strip() not in known:
            attributes.write_text(f"{known}{MERGING}", encoding="utf-8")
        if ignored.exists():  # written when the folder was made, perhaps by an older version
            rules = ignored.read_text(encoding="utf-8")
            missing = [f"!{name}" for name in (ATTRIBUTES, NAME) if f"!{name}" not in rules.split()]
            if missing:
                end = "" if rules.endswith("\n") or not rules else "\n"
                ignored.write_text(f"{rules}{end}{chr(10).join(missing)}\n", encoding="utf-8")
