"""Asking git something within a time, and understanding why it does not answer.

A repository that git cannot read costs its own answers, and a sentence for people; never the run.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_llmlearn.adapters.git.attribute_files import read
from pytest_llmlearn.adapters.git.repository import common_folder, end, git_folder, start

IGNORED = ".git-blame-ignore-revs"

_LONGEST = 86_400.0
"""Seconds; whoever has endless patience has a day's, for systems do not count much further."""
_TRUSTED = "safe.directory=*"
_LIST = re.compile(rb"^[ \t]*ignorerevsfile[ \t]*=", re.IGNORECASE | re.MULTILINE)
# What git says of a file that it does not know, or that is gone: no answer, and nothing to be told.
_UNKNOWN = (b"no such path", b"no such ref", b"cannot lstat", b"is outside repository", b"bad revision", b"bad object")
_ABSENT = (b"promisor", b"lazy fetching", b"transport ", b"could not fetch")


class Refused(Exception):
    """git will not, or cannot, answer at all for this repository; the message is for people."""


class Failed(Exception):
    """git did not answer this one question; what people should know of it has been said."""


class Again(Exception):
    """The question has to be put once more, in the words that the repository now asks for."""


@dataclass(slots=True, kw_only=True)
class Repository:
    """One repository and what was learnt of how to ask it. `notice` takes sentences for people."""

    top: Path
    environ: Mapping[str, str]
    notice: Callable[[str], None]
    trusted: bool = False
    """Whether the user's own configuration is left out, for it stops git here."""
    deadline: float = 0.0
    """Until when the question asked now may take, by `time.monotonic`."""

    def begin(self, words: list[str], *, asked: bool = False) -> subprocess.Popen[bytes]:
        """Start git; with `asked`, something will be written to its input.

        Raises:
            Refused: git cannot be started.
        """
        if self.trusted:
            words = ["-c", _TRUSTED, *words]
        try:
            return start(self.top, words, self.environ, asked=asked)
        except OSError as error:
            raise Refused(
                f"git could not be started ({error.strerror or error}); "
                "who wrote a line is not looked up in its history."
            ) from None

    def blaming(self, path: str) -> subprocess.Popen[bytes]:
        """Start blaming one file, as it is now."""
        lists = (self.top / IGNORED).is_file() and not self.trusted
        ignoring = ["--ignore-revs-file", IGNORED] if lists else []
        return self.begin(["blame", "--incremental", "--no-textconv", *ignoring, "--", path])

    def ask(self, words: list[str], question: bytes | None = None, *, fine: Collection[int] = (0,)) -> bytes | None:
        """What git answers; None where it does not know, or fails, which is said. `fine` as in `answer`.

        Raises:
            Refused: no answer can be had from this repository, or not in time.
        """
        return self.answer(self.begin(words, asked=question is not None), question, fine=fine)

    def answer(
        self,
        process: subprocess.Popen[bytes],
        question: bytes | None = None,
        *,
        patience: float = 0.01,
        fine: Collection[int] = (0,),
        strict: bool = False,
    ) -> bytes | None:
        """What a process says that was begun before, which is at an end then; as `ask`.

        `patience` is how many seconds it has where none are left, `fine` the codes of an end without a fault.

        With `strict`, None means that git does not know what was asked for, and nothing else.

        Raises:
            Failed: git failed, and `strict` is asked for.
            Again: a list of commits to ignore stops every blame; the next ones will do without.
            Refused: no answer can be had from this repository, or not in time.
        """
        try:
            left = min(max(self.deadline - time.monotonic(), patience), _LONGEST)
            output, errors = process.communicate(question, timeout=left)
        except subprocess.TimeoutExpired:
            end(process)
            raise Refused(f"git took too long in {self.top}; some lines' origin was not looked up.") from None
        except BaseException:  # raised again: whatever interrupts the wait must not leave a git running
            end(process)
            raise
        if process.returncode in fine:
            return output
        if self._failed(process, errors) and strict:
            raise Failed
        return None

    def _names_a_list(self) -> bool:
        """Whether the repository's own settings name a list of commits to ignore: nothing but git itself unsets it."""
        git = git_folder(self.top)
        settings = [common_folder(git) / "config", git / "config.worktree"] if git is not None else []
        return any(_LIST.search(read(file)) for file in settings)

    def _failed(self, process: subprocess.Popen[bytes], errors: bytes) -> bool:
        """Say why, and whether it is a fault; that something is not known is none."""
        said = next((line for line in errors.decode("utf-8", "replace").splitlines() if line.startswith("fatal:")), "")
        if b"safe.directory" in errors:
            raise Refused(
                f"git does not read {self.top}, which belongs to somebody else; "
                f"`git config --global --add safe.directory {self.top}` allows it."
            )
        words = process.args
        unread = b"object name" in errors and isinstance(words, list) and "blame" in words
        if unread and self._names_a_list():
            self.notice(
                f"git blames nothing in {self.top}, for a list of commits to ignore cannot be read ({said}); make that "
                "file, or take it out of the repository's blame.ignoreRevsFile."
            )
            return True
        if unread and isinstance(words, list) and _TRUSTED not in words:
            # A list that is configured for all repositories, and missing in this one, stops every blame. No option
            # takes it back; that git asked for it at all shows that the user trusts the repository.
            self.environ = {**self.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
            self.trusted = True
            self.notice(f"git's list of commits to ignore cannot be read in {self.top} ({said}); it is not used.")
            raise Again
        lower = errors.lower()
        if any(sign in lower for sign in _ABSENT):
            self.notice(f"{self.top} is a partial clone: what it lacks is not fetched, and its origin is unknown.")
            return True
        fault = not any(sign in lower for sign in _UNKNOWN)
        if fault:
            self.notice(f"git could not answer in {self.top}: {said[:200] or 'it ended without a word'}")
        return fault
