"""Older commits of the project, checked out in temporary folders beside it.

The user's own checkout, its index and its hooks are not touched: git keeps a worktree's apart, hooks are switched off
for the checkout, and folder and registration are gone afterwards, whatever happens.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pytest_llmlearn.adapters.git.repository import COMMIT, end, environment, start, toplevel
from pytest_llmlearn.app.ports.trial import Revision
from pytest_llmlearn.errors import CannotHeal

SECONDS = 120.0
"""How long git may take for one answer; a checkout of a large project takes its time."""
_QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "advice.detachedHead=false", "-c", "submodule.recurse=false")


class GitWorktrees:
    """`ports.Worktrees` of the repository around the project at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._top = toplevel(root)

    def revision(self, name: str) -> Revision:
        """The commit of that name.

        Raises:
            CannotHeal: there is none, or no repository.
        """
        # Behind a dash an option would begin, and `--end-of-options` is younger than some gits.
        known = (
            None if name.startswith("-") or not name else self._asked(["rev-parse", "--verify", f"{name}^{{commit}}"])
        )
        commit = (known or "").strip()
        if not COMMIT.fullmatch(commit):
            raise CannotHeal(f"git knows no commit called {name!r} in {self._here}")
        said = self._asked(["show", "--no-patch", "--format=%ct", commit]) or ""
        if not said.strip().isdigit():
            raise CannotHeal(f"git does not tell when the commit {name!r} was made")
        return Revision(commit=commit, time=datetime.fromtimestamp(int(said), UTC))

    def changed(self, red: Revision, green: Revision) -> Sequence[str]:
        """The project's files that differ, paths from its root.

        Raises:
            CannotHeal: git does not tell.
        """
        said = self._asked(["diff", "--name-only", "--no-renames", "-z", red.commit, green.commit])
        if said is None:
            raise CannotHeal(f"git does not tell what differs between {red.commit} and {green.commit}")
        below = f"{self._below}/" if self._below else ""
        return [path.removeprefix(below) for path in said.split("\0") if path and path.startswith(below)]

    @contextmanager
    def checkout(self, revision: Revision) -> Iterator[Path]:
        """The project's root as it was then, in a folder that is gone afterwards, whatever happens.

        Raises:
            CannotHeal: it cannot be put anywhere, or the project was not there yet.
        """
        # Links resolved: what a test is told of its own file must begin with the root.
        above = Path(os.path.realpath(tempfile.mkdtemp(prefix="llmlearn-")))
        place = above / (self._here.name or "project")
        try:
            self._run(["worktree", "add", "--detach", str(place), revision.commit], "could not check out")
            root = place / self._below if self._below else place
            if not root.is_dir():
                raise CannotHeal(f"the folder {self._below} was not there yet at {revision.commit}")
            yield root
        finally:
            self._remove(above, place)

    def python_files(self, root: Path) -> Sequence[str]:
        """The Python files below such a root, paths from there; hidden folders are left out."""
        found = []
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += [Path(folder, name).relative_to(root).as_posix() for name in files if name.endswith(".py")]
        return found

    def _remove(self, above: Path, place: Path) -> None:
        try:
            # Twice --force: one for what the tests left behind, one for a lock that a broken checkout may leave.
            self._asked(["worktree", "remove", "--force", "--force", str(place)])
        finally:
            shutil.rmtree(above, ignore_errors=True)

    @property
    def _here(self) -> Path:
        if self._top is None:
            raise CannotHeal(f"{self._root} is in no git repository, so it has no commits to heal between")
        return self._top

    @property
    def _below(self) -> str:
        """The project's folder within the repository; empty at its top."""
        below = Path(os.path.realpath(self._root)).relative_to(self._here).as_posix()
        return "" if below == "." else below

    def _run(self, words: list[str], failed: str) -> None:
        code, _, errors = self._answer(words)
        if code:
            said = next((line for line in errors.splitlines() if line.startswith(("fatal:", "error:"))), errors[:200])
            raise CannotHeal(f"git {failed} {words[-1]}: {said.strip() or 'it ended without a word'}")

    def _asked(self, words: list[str]) -> str | None:
        code, output, _ = self._answer(words)
        return None if code else output

    def _answer(self, words: list[str]) -> tuple[int, str, str]:
        environ = {**environment(os.environ), "GIT_LFS_SKIP_SMUDGE": "1"}
        try:
            process = start(self._here, [*_QUIET, *words], environ)
        except OSError as error:
            raise CannotHeal(f"git could not be started: {error.strerror or error}") from None
        try:
            output, errors = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            end(process)
            raise CannotHeal(f"git took longer than {SECONDS:.0f} seconds for `git {words[0]}`") from None
        except BaseException:  # raised again: the process alone would be left behind
            end(process)
            raise
        return process.returncode, output.decode("utf-8", "surrogateescape"), errors.decode("utf-8", "replace")
