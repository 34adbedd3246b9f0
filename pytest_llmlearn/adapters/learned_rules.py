"""The file of rules that enforce what was learned: `.llmlearn/rules/learned.yml`, which is to be committed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pytest_llmlearn.domain.rule_file import RuleFile, read

NAME = ".llmlearn/rules/learned.yml"


class LearnedRulesFile:
    """`ports.LearnedRules` of the project at `root`. `make` makes the folder of the memory, if it is not there.

    What was read is kept for as long as the file is the same.
    """

    def __init__(self, root: Path, make: Callable[[], object]) -> None:
        self._path = root / NAME
        self._make = make
        self._read: tuple[tuple[int, int], RuleFile] | None = None

    @property
    def name(self) -> str:
        return NAME

    def read(self) -> RuleFile:
        """The rules as they are now; none where there is no file, or it is no text."""
        try:
            status = self._path.stat()
            stamp = status.st_mtime_ns, status.st_size
            if self._read is None or self._read[0] != stamp:
                self._read = stamp, read(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return RuleFile()
        return self._read[1]

    def write(self, rules: RuleFile) -> None:
        """Put these rules in its place; see `ports.LearnedRules`."""
        self._make()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{self._path.name}.new")
        draft.write_text(rules.text(), encoding="utf-8")
        draft.replace(self._path)
