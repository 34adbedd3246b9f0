"""Who wrote a line, by the notes that git-ai left on its commit.

Reads `refs/notes/ai`, and never writes it: what stands there is git-ai's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pytest_llmlearn.domain import git_ai
from pytest_llmlearn.domain.git_ai import REF, Note
from pytest_llmlearn.domain.history import Origin
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.hookspecs import History, Project, ProvenanceReader, hookimpl

ATTESTED = 0.95
UNCOVERED = 0.45
"""Surer than the mere absence of any sign, less sure than a commit's trailer."""


@hookimpl
def llmlearn_register_provenance(register: Callable[[ProvenanceReader], None], project: Project) -> None:
    """The reader of git-ai's notes."""
    register(GitAiReader(project.history))


class GitAiReader:
    """Lines by the note of the commit that brought them. A note's silence on a line is no person's hand: unknown."""

    name = "git-ai"

    def __init__(self, history: History) -> None:
        self._history = history
        self._notes: dict[str, Note | None] = {}
        self._foreign: set[str] = set()

    @property
    def notices(self) -> Sequence[str]:
        """That notes under git-ai's reference are none of git-ai's."""
        if not self._foreign:
            return ()
        count, one = len(self._foreign), min(self._foreign)[:12]
        if count == 1:
            return (f"a note that is not git-ai's under {REF} was not read (commit {one})",)
        return (f"{count} notes that are not git-ai's under {REF} were not read (commit {one})",)

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        """One answer for each line of `paths` whose commit has a note, where any of its lines has one."""
        if not self._history.state(REF):
            return {}
        origins = self._history.origins(paths)
        self._load({origin.commit for lines in origins.values() for origin in lines if origin is not None})
        answers: dict[str, Sequence[Provenance | None]] = {}
        for path, lines in origins.items():
            answer = [self._answer(origin) if origin is not None else None for origin in lines]
            if any(one is not None for one in answer):
                answers[path] = answer
        return answers

    def says_anything(self) -> bool:
        """Whether there are any notes: git-ai writes them where it watches models at work."""
        return bool(self._history.state(REF))

    def standing(self) -> str:
        """What the reference points at."""
        return self._history.state(REF)

    def _load(self, commits: set[str]) -> None:
        wanted = commits - self._notes.keys()
        if not wanted:
            return
        texts = self._history.notes(REF, wanted)
        for commit in wanted:
            text = texts.get(commit)
            note = git_ai.parse(text) if text is not None else None
            if text is not None and note is None:
                self._foreign.add(commit)
            self._notes[commit] = note

    def _answer(self, origin: Origin) -> Provenance | None:
        note = self._notes.get(origin.commit)
        if note is None:
            return None
        attested = note.at(origin.path, origin.line)
        commit = origin.commit[:12]
        if attested is None:
            return Provenance(
                type="unknown", confidence=UNCOVERED, evidence=f"git-ai note on {commit} does not speak of the line"
            )
        return Provenance(
            type=attested.type,
            model=attested.model,
            tool=attested.tool,
            confidence=ATTESTED,
            evidence=f"git-ai note on {commit}, {attested.key[:40]}",
        )
