"""What a project has accepted, in a file that is to be committed: what is new stands out.

Flaws are told by path, rule and a digest of the line's text, so that lines may move, and none of the code is in it.
Mistakes are told by their fingerprints, with who accepted them why and when.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pytest_llmlearn.errors import BadInput

VERSION = 1
K = TypeVar("K")
V = TypeVar("V")


class BaselineFile:
    """The file `name`, a path from `root`."""

    def __init__(self, root: Path, name: str) -> None:
        self._path = root / name

    def read(self) -> Mapping[tuple[str, str, str], int]:
        """How many are accepted of each path, rule id and mark; nothing where there is no file.

        Raises:
            BadInput: the file is none.
        """
        return self._told(
            lambda told: Counter((str(one["path"]), str(one["rule_id"]), str(one["mark"])) for one in told["accepted"])
        )

    def write(self, accepted: Mapping[tuple[str, str, str], int]) -> None:
        """Accept these and no others.

        Raises:
            OSError: it cannot be written.
        """
        self._write(_flaws(accepted), self.patterns())

    def patterns(self) -> Mapping[str, tuple[str, str]]:
        """Accepted fingerprints, each with the reason and the day; nothing where there is no file.

        Raises:
            BadInput: the file is none.
        """
        return self._told(
            lambda told: {
                str(one["fingerprint"]): (str(one.get("reason", "")), str(one.get("date", "")))
                for one in told.get("patterns", ())
            }
        )

    def accept(self, patterns: Mapping[str, tuple[str, str]]) -> None:
        """Accept these fingerprints and no others; the flaws stay as they are.

        Raises:
            BadInput: the file is none.
            OSError: it cannot be written.
        """
        self._write(_flaws(self.read()), patterns)

    def _told(self, read: Callable[[Any], dict[K, V]]) -> dict[K, V]:
        """What `read` makes of the file; nothing where there is none."""
        try:
            told = json.loads(self._path.read_bytes())
            if told["version"] != VERSION:
                raise ValueError
            return read(told)
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(f"{self._path} is no baseline; `llmlearn scan --update-baseline` writes one") from error

    def _write(self, flaws: Sequence[str], patterns: Mapping[str, tuple[str, str]]) -> None:
        told = [
            json.dumps({"fingerprint": one, "reason": reason, "date": date}, ensure_ascii=False)
            for one, (reason, date) in sorted(patterns.items())
        ]
        also = f', "patterns": {_listed(told)}' if told else ""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = f'{{"version": {VERSION}, "accepted": {_listed(flaws)}{also}}}\n'
        self._path.write_text(text, encoding="utf-8")


def _flaws(accepted: Mapping[tuple[str, str, str], int]) -> list[str]:
    return [
        json.dumps({"path": path, "rule_id": rule, "mark": mark}, ensure_ascii=False)
        for (path, rule, mark), count in sorted(accepted.items())
        for _ in range(count)
    ]


def _listed(told: Sequence[str]) -> str:
    # A line for each, so that branches that accept different ones merge.
    lines = ",\n  ".join(told)
    return f"[\n  {lines}\n]" if lines else "[]"
