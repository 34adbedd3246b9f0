"""git-ai's notes in real repositories: which lines of today they speak of."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.git import GitHistory
from pytest_llmlearn.adapters.git_ai import GitAiReader
from pytest_llmlearn.domain.provenance import Provenance

KEY = "s_c9883b05a2487d"
METADATA = json.dumps(
    {
        "schema_version": "authorship/3.0.0",
        "sessions": {KEY: {"agent_id": {"tool": "cursor", "id": "1", "model": "claude-sonnet-4-5"}}},
        "humans": {"h_31dce776f88375": {"author": "Dev <dev@example.com>"}},
    }
)


class Repository:
    """A repository in the making."""

    def __init__(self, top: Path) -> None:
        self.top = top
        top.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        """Run git there; its output."""
        people = ["-c", "user.name=Ada Byron", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"]
        return subprocess.run(
            ["git", *people, *words], cwd=self.top, check=True, text=True, capture_output=True
        ).stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        """Write the files and commit them; the commit."""
        for path, content in files.items():
            (self.top / path).parent.mkdir(parents=True, exist_ok=True)
            (self.top / path).write_text(content, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Change")
        return self.git("rev-parse", "HEAD")

    def note(self, commit: str, text: str) -> None:
        """A note as git-ai leaves it."""
        self.git("notes", "--ref=ai", "add", "-f", "-m", text, commit)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """An empty repository, and git as it is out of the box."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Repository(tmp_path / "project")


def attested(path: str, ranges: str, key: str = KEY) -> str:
    """The text of a note."""
    return f"{path}\n  {key} {ranges}\n---\n{METADATA}"


def reader_of(root: Path) -> GitAiReader:
    """A reader that was asked nothing yet."""
    return GitAiReader(GitHistory(root))


def types(lines: Sequence[Provenance | None]) -> list[str | None]:
    """Each line's type; None for no answer."""
    return [None if line is None else line.type for line in lines]


def test_covered_lines_are_the_sessions_and_the_others_unknown(repository: Repository) -> None:
    """A note that does not speak of a line of its commit does not say that a person wrote it."""
    commit = repository.commit({"a.py": "a = 1\nb = 2\nc = 3\n"})
    repository.note(commit, f"a.py\n  {KEY} 2\n  h_31dce776f88375 3\n---\n{METADATA}")
    first, second, third = reader_of(repository.top).read(["a.py"])["a.py"]
    assert first is not None
    assert (first.type, first.confidence) == ("unknown", 0.45)
    assert second == Provenance(
        type="ai",
        model="claude-sonnet-4-5",
        tool="cursor",
        confidence=0.95,
        evidence=f"git-ai note on {commit[:12]}, {KEY}",
    )
    assert third is not None
    assert (third.type, third.confidence, third.model) == ("human", 0.95, None)


def test_lines_keep_their_notes_when_they_move(repository: Repository) -> None:
    """Line numbers are those of the note's commit, and paths too."""
    commit = repository.commit({"old.py": "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\n"})
    repository.note(commit, attested("old.py", "2-3"))
    repository.git("mv", "old.py", "new.py")
    repository.commit({"new.py": "# new\na = 1\nb = 2\nc = 3\nd = 4\ne = 5\n"})
    (repository.top / "new.py").write_text("# new\n# newer\na = 1\nb = 2\nc = 3\nd = 4\ne = 5\n", encoding="utf-8")
    assert types(reader_of(repository.top).read(["new.py"])["new.py"]) == [
        None, None, "unknown", "ai", "ai", "unknown", "unknown",
    ]  # fmt: skip


def test_commits_without_a_note_say_nothing(repository: Repository) -> None:
    """Nor do their files."""
    repository.commit({"a.py": "a = 1\n"})
    commit = repository.commit({"b.py": "b = 1\n"})
    repository.note(commit, attested("b.py", "1"))
    assert [*reader_of(repository.top).read(["a.py", "b.py"])] == ["b.py"]


def test_a_project_within_a_repository_has_its_notes(repository: Repository) -> None:
    """Whose paths are seen from the top."""
    commit = repository.commit({"packages/one/a.py": "a = 1\n"})
    repository.note(commit, attested("packages/one/a.py", "1"))
    assert types(reader_of(repository.top / "packages/one").read(["a.py"])["a.py"]) == ["ai"]


def test_other_tools_notes_are_told_once(repository: Repository) -> None:
    """They are not read, and no line is of unknown origin for them."""
    commits = [repository.commit({f"{name}.py": f"{name} = 1\n"}) for name in "abc"]
    for commit in commits:
        repository.note(commit, "Reviewed by Robin, who liked it.")
    reader = reader_of(repository.top)
    assert reader.read(["a.py", "b.py"]) == {}
    assert reader.read(["a.py", "b.py", "c.py"]) == {}
    (notice,) = reader.notices
    assert notice.startswith("3 notes that are not git-ai's under refs/notes/ai were not read")


def test_without_the_reference_nothing_is_asked(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most projects have none: no process is started for it."""
    repository.commit({"a.py": "a = 1\n"})
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **more: pytest.fail(f"started {words}"))
    reader = reader_of(repository.top)
    assert reader.read(["a.py"]) == {}
    assert not reader.says_anything()
    assert reader.standing() == ""
    assert reader.notices == ()


def test_the_standing_moves_with_the_reference(repository: Repository) -> None:
    """A note that is added, or fetched, makes remembered answers void."""
    commit = repository.commit({"a.py": "a = 1\n"})
    repository.note(commit, attested("a.py", "1"))
    first = reader_of(repository.top).standing()
    repository.note(commit, attested("a.py", "1-2"))
    second = reader_of(repository.top).standing()
    assert "" not in (first, second)
    assert first != second
    assert reader_of(repository.top).says_anything()


def test_notes_of_commits_that_are_not_here_do_no_harm(repository: Repository, tmp_path: Path) -> None:
    """A shallow clone that fetched the reference has many of them."""
    old = repository.commit({"a.py": "a = 1\n"})
    repository.commit({"b.py": "b = 1\n"})
    new = repository.commit({"a.py": "a = 1\nb = 2\n"})
    repository.note(old, attested("a.py", "1"))
    repository.note(new, attested("a.py", "2"))
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth", "2", repository.top.as_uri(), str(clone))
    subprocess.run(["git", "fetch", "-q", "origin", "refs/notes/ai:refs/notes/ai"], cwd=clone, check=True)
    assert types(reader_of(clone).read(["a.py"])["a.py"]) == [None, "ai"]


def test_no_repository_has_no_notes(tmp_path: Path) -> None:
    """And that is no error."""
    (tmp_path / "a.py").write_text("a = 1\n", encoding="utf-8")
    reader = reader_of(tmp_path)
    assert reader.read(["a.py"]) == {}
    assert not reader.says_anything()
