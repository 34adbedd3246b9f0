"""The flaws that a project has accepted, in a file that is to be committed: what is new stands out.

They are told by path, rule and a digest of the line's text, so that lines may move, and none of the code is in it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pytest_llmlearn.errors import BadInput

VERSION = 1


class BaselineFile:
    """The file `name`, a path from `root`."""

    def __init__(self, root: Path, name: str) -> None:
        self._path = root / name

    def read(self) -> Mapping[tuple[str, str, str], int]:
        """How many are accepted of each path, rule id and mark; nothing where there is no file.

        Raises:
            BadInput: the file is none.
        """
        try:
            told = json.loads(self._path.read_bytes())
            if told["version"] != VERSION:
                raise ValueError
            return Counter((str(one["path"]), str(one["rule_id"]), str(one["mark"])) for one in told["accepted"])
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{self._path} is no baseline; `llmlearn scan --update-baseline` writes one") from error

    def write(self, accepted: Mapping[tuple[str, str, str], int]) -> None:
        """Accept these and no others.

        Raises:
            OSError: it cannot be written.
        """
        told = [
            json.dumps({"path": path, "rule_id": rule, "mark": mark}, ensure_ascii=False)
            for (path, rule, mark), count in sorted(accepted.items())
            for _ in range(count)
        ]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # A line for each, so that branches that accept different ones merge.
        lines = ",\n  ".join(told)
        body = f"[\n  {lines}\n]" if lines else "[]"
        self._path.write_text(f'{{"version": {VERSION}, "accepted": {body}}}\n', encoding="utf-8")
