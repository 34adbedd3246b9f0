"""What the last runs said of the tests, in a small file beside the database: whether a run can heal anything.

Every passing run reads it, so it costs one file and no import but the standard library's. It is a shadow: where it is
damaged or gone, the run is looked at, and the file is written anew. The truth is in the database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

from pytest_llmlearn.adapters.last_run.state_file import StateFile

FILE = "tested.json"
VERSION = 1
KNOWN_RUNS = 64
"""Selections of tests that are remembered as green, the latest."""
MASKS = ("***", "<email>", "<ip>", "<home>")
"""What stands in a red test's id for what must not be written down."""


class TestedFile:
    """The file of the project at `root`. Nothing is written where there is no database."""

    def __init__(self, root: Path) -> None:
        self._file = StateFile(root, FILE, VERSION)

    @property
    def watched(self) -> bool:
        """Whether there is a memory in which anything could have been red."""
        return self._file.store() is not None

    def unchanged(self, passed: Collection[str], skipped: Collection[str]) -> bool:
        """Whether a run in which nothing failed can say nothing new: these tests are known as green, none is red."""
        store = self._file.store()
        if store is None:
            return True
        seen = self._file.read()
        if seen is None or seen.get("store") != store:
            return False
        red, green = seen.get("red"), seen.get("green")
        if not isinstance(red, list) or not isinstance(green, list) or _digest(passed) not in green:
            return False
        return not red or not _concerns([*map(str, red)], passed, skipped)

    def saw(self, passed: Iterable[str], red: Callable[[], Sequence[str]]) -> None:
        """Remember that these tests are known to be green, and which are red.

        Raises:
            OSError: the file cannot be written.
        """
        store = self._file.store()
        if store is None:
            return
        seen = self._file.read() or {}
        known = seen.get("green") if seen.get("store") == store else None
        digest = _digest(passed)
        others = [one for one in known if one != digest] if isinstance(known, list) else []
        green = [digest, *others][:KNOWN_RUNS]
        tests = sorted(red())
        while True:
            self._file.write({"store": store, "red": tests, "green": green})
            # Another run may have failed between the question and the writing; whoever writes last has looked again.
            again = sorted(red())
            if again == tests:
                return
            tests = again

    def forget(self) -> None:
        """Tests failed: the next run is to be looked at, whatever it is like.

        Raises:
            OSError: the file cannot be removed.
        """
        self._file.remove()


def _concerns(red: Sequence[str], passed: Collection[str], skipped: Collection[str]) -> bool:
    """Whether a run had one of the red tests, a case of it, or something below a file that could not be collected."""
    if any(mask in one for one in red for mask in MASKS):
        return True
    bases = {one.partition("[")[0] for one in red}
    above = tuple(f"{one}{end}" for one in bases for end in ("::", "/"))
    return any(
        one in bases or one.partition("[")[0] in bases or one.startswith(above)
        for several in (passed, skipped)
        for one in several
    )


def _digest(nodeids: Iterable[str]) -> str:
    # Tagged with its algorithm, or who looks for secrets takes it for one.
    text = "\0".join(sorted(nodeids)).encode("utf-8", "surrogatepass")
    return f"b2:{blake2b(text, digest_size=12).hexdigest()}"
