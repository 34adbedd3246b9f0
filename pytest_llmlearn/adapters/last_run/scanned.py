"""What the last scans said of each file, in a small file beside the database: what is as it was is not scanned again.

A shadow: damaged or gone, everything is scanned once more. It holds no code, only places and the rules' own sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_llmlearn.adapters.last_run.state_file import FOLDER, StateFile
from pytest_llmlearn.app.ports.scan import Problem, Seen
from pytest_llmlearn.domain.flaw import Flaw

FILE = "scanned.json"
VERSION = 2


class ScannedFile:
    """The file of the project at `root`; `make` makes the folder that it lies in."""

    def __init__(self, root: Path, make: Callable[[], None]) -> None:
        self._folder = root / FOLDER
        self._make = make
        self._file = StateFile(root, FILE, VERSION)

    def read(self, terms: str) -> Mapping[str, Seen]:
        """What the last scans said, by path; nothing where the terms, or the database beside it, were others."""
        told = self._file.read()
        if told is None or told.get("terms") != terms or told.get("store") != self._file.store():
            return {}
        try:
            return {
                path: Seen(
                    digest=digest,
                    flaws=tuple(Flaw.from_dict(flaw) for flaw in flaws),
                    problems=tuple(Problem(**problem) for problem in problems),
                    waiting=tuple(index for index in waiting if flaws[index]),
                    generated=bool(generated),
                )
                for path, (digest, flaws, problems, waiting, generated) in told["files"].items()
            }
        except (LookupError, TypeError, ValueError, AttributeError):  # damaged: as good as none
            return {}

    def write(self, terms: str, seen: Mapping[str, Seen], *, make: bool) -> None:
        """Remember this instead; where there is no folder for it, only with `make`.

        Raises:
            OSError: it cannot be written.
        """
        if not self._folder.is_dir():
            if not make:
                return
            self._make()
        files = {
            path: [
                one.digest,
                [{key: value for key, value in flaw.to_dict().items() if value} for flaw in one.flaws],
                [{"message": each.message, "path": each.path, "rule": each.rule} for each in one.problems],
                [*one.waiting],
                one.generated,
            ]
            for path, one in sorted(seen.items())
        }
        self._file.write({"terms": terms, "store": self._file.store(), "files": files})

    def clear(self) -> None:
        """Forget all.

        Raises:
            OSError: it cannot be removed.
        """
        self._file.remove()
