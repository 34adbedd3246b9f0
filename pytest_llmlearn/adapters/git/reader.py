"""Who wrote a line by git's history: whom the author, the committer and the trailers of its commit name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Protocol

from pytest_llmlearn.domain import authorship
from pytest_llmlearn.domain.assistants import KNOWN, Roster
from pytest_llmlearn.domain.history import Commit
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.hookspecs import History

HUMAN = 0.4
"""Of a commit that names no assistant: many tools leave no trace, so any sign elsewhere is worth more."""


class Chronicle(History, Protocol):
    """A history that can also be leafed through, and says what its answers hang on."""

    def latest(self) -> Iterable[Commit]:
        """The latest commits, newest first; not more than a glance at them takes."""
        ...

    def standing(self) -> str:
        """A digest of all that decides its answers beside texts and commits."""
        ...


class GitBlame:
    """Answers line by line for tracked files: a model's, a person's, or None for what is not committed.

    `roster` are the assistants that are known.
    """

    name = "git"

    def __init__(self, history: Chronicle, roster: Roster = KNOWN) -> None:
        self._history = history
        self._roster = roster
        self._signs = authorship.Authors(roster)
        self._authors: dict[str, Provenance] = {}

    @property
    def notices(self) -> Sequence[str]:
        """What the history has to say."""
        return self._history.notices

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        """Answers for those of `paths` that a commit knows. Files outside the root and untracked ones are left out."""
        origins = self._history.origins(paths)
        wanted = {origin.commit for lines in origins.values() for origin in lines if origin is not None}
        unread = wanted - self._authors.keys()
        if unread:
            self._authors.update((commit.id, self.author(commit)) for commit in self._history.commits(unread).values())
        authors = self._authors
        return {
            path: [authors.get(origin.commit) if origin is not None else None for origin in lines]
            for path, lines in origins.items()
        }

    def says_anything(self) -> bool:
        """Whether any commit up to the present one names an assistant. Looks at the latest of them."""
        return any(self.author(commit).generated for commit in self._history.latest())

    def standing(self) -> str | None:
        """Of the history, and of what is made of its commits."""
        said = "\0".join((self._history.standing(), authorship.VERSION, self._roster.digest))
        return blake2b(said.encode("ascii"), digest_size=16).hexdigest()

    def author(self, commit: Commit) -> Provenance:
        """Who wrote the commit: a model, or else a person."""
        answer = self._signs.of(commit.author, commit.committer, commit.message)
        if (commit.signed_author, commit.signed_committer) != (commit.author, commit.committer):
            # The mailmap says who somebody is; a tool's mark on the name as it was signed is still the tool's.
            signed = self._signs.of(
                replace(commit.signed_author, email=commit.author.email),
                replace(commit.signed_committer, email=commit.committer.email),
                commit.message,
            )
            answer = max(filter(None, (answer, signed)), key=lambda entry: entry.confidence, default=None)
        evidence = f"commit {commit.id[:12]}"
        if answer is None:
            return Provenance(type="human", confidence=HUMAN, evidence=evidence)
        return replace(answer, evidence=f"{evidence}: {answer.evidence}")
