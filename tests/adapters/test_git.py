"""Real repositories, small ones: who wrote which line, in every place and state a repository may be in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.git import GitBlame, GitHistory, head_commit, toplevel
from pytest_llmlearn.domain.provenance import Provenance
from tests.repositories import Repository, own_configuration, repository

__all__ = ["own_configuration", "repository"]

CLAUDE = "Co-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>"
CODEX = "Assisted-by: Codex:GPT-5"


def reader_of(root: Path) -> GitBlame:
    """A reader of the history around a project, which has been asked nothing yet."""
    return GitBlame(GitHistory(root))


def written(lines: Sequence[Provenance | None]) -> list[str | None]:
    """Each line's model, or its type where no model is known; None for no answer."""
    return [None if entry is None else entry.model or entry.type for entry in lines]


def of(repository: Repository, path: str) -> list[str | None]:
    """Who wrote the lines of one file."""
    return written(reader_of(repository.top).read([path])[path])


def test_each_line_has_its_commits_author(repository: Repository) -> None:
    """A person's line, a model's, another model's."""
    repository.commit(files={"a.py": "a = 1\n"})
    repository.commit(CLAUDE, {"a.py": "a = 1\nb = 2\n"})
    repository.commit(CODEX, {"a.py": "c = 0\na = 1\nb = 2\n"})
    assert of(repository, "a.py") == ["GPT-5", "human", "Claude Sonnet 5"]


@pytest.mark.parametrize(
    ("author", "trailer", "tool", "model"),
    [
        ("Ada Byron", "Co-Authored-By: some-model-7b <noreply@anthropic.com>", "claude", "some-model-7b"),
        ("Ada Byron", "Assisted-by: Codex:Some-Model", "codex", "Some-Model"),
        ("Ada Byron", "Generated-by: some-model-7b", None, "some-model-7b"),
        ("Ada Byron (aider)", "Co-authored-by: aider (Some-Model) <noreply@aider.chat>", "aider", "Some-Model"),
        ("Ada Byron", "Co-authored-by: Some-Model-2 <cursoragent@cursor.com>", "cursor", "Some-Model-2"),
    ],
)
def test_every_kind_of_signature_gives_the_model(
    repository: Repository, author: str, trailer: str, tool: str | None, model: str
) -> None:
    """As the tool and the person spelled it."""
    commit = repository.commit(trailer, {"a.py": "a = 1\nb = 2\n"}, GIT_AUTHOR_NAME=author)
    lines = reader_of(repository.top).read(["a.py"])["a.py"]
    assert {(entry.tool, entry.model) for entry in lines if entry} == {(tool, model)}
    assert all(entry and entry.evidence.startswith(f"commit {commit[:12]}: ") for entry in lines)


def test_lines_that_are_not_committed_are_left_to_others(repository: Repository) -> None:
    """Whoever wrote them, no commit says so."""
    repository.commit(CLAUDE, {"a.py": "a = 1\nb = 2\n"})
    repository.write("a.py", "a = 1\nx = 9\nb = 2\n")
    assert of(repository, "a.py") == ["Claude Sonnet 5", None, "Claude Sonnet 5"]


def test_files_that_no_commit_knows_are_left_out(repository: Repository) -> None:
    """Untracked, only staged, ignored, gone, a folder."""
    repository.commit(files={".gitignore": "ignored.py\n", "gone.py": "a = 1\n", "app/a.py": "a = 1\n"})
    for path in ("new.py", "staged.py", "ignored.py"):
        repository.write(path, "a = 1\n")
    repository.git("add", "staged.py")
    (repository.top / "gone.py").unlink()
    reader = reader_of(repository.top)
    answers = reader.read(["new.py", "staged.py", "ignored.py", "gone.py", "app", "app/a.py"])
    assert {path for path, lines in answers.items() if any(lines)} == {"app/a.py"}
    assert reader.notices == []


def test_many_files_have_the_answers_that_each_has_alone(repository: Repository) -> None:
    """The way for many files and the way for few agree: added once, edited, renamed, merged, changed, emptied."""
    text = "".join(f"v{number} = {number}\n" for number in range(20))
    repository.commit(CLAUDE, {f"once{number}.py": f"a = {number}\n" * 3 for number in range(5)})
    repository.commit(CODEX, {"edited.py": text, "moved.py": text.replace("v", "w"), "empty.py": "", "end.py": "a = 1"})
    repository.commit(files={"edited.py": text + "z = 1\n"})
    repository.git("mv", "moved.py", "renamed.py")
    repository.commit(CLAUDE, {"beside.py": "b = 1\n"})
    repository.git("checkout", "-q", "-b", "side")
    repository.commit(CODEX, {"side.py": "s = 1\n"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"main.py": "m = 1\n"})
    repository.git("merge", "-q", "--no-edit", "side")
    repository.commit(CLAUDE, {"last.py": "l = 1\n", "late.py": "l = 1\n"})
    repository.write("late.py", "l = 1\nm = 2\n")
    paths = repository.git("ls-files").split()
    together = reader_of(repository.top).read(paths)
    assert {path: written(lines) for path, lines in together.items()} == {
        path: written(reader_of(repository.top).read([path]).get(path, [])) for path in together
    }
    assert written(together["renamed.py"]) == ["GPT-5"] * 20
    assert written(together["edited.py"]) == ["GPT-5"] * 20 + ["human"]
    assert written(together["side.py"]) == ["GPT-5"]
    assert written(together["late.py"]) == ["Claude Sonnet 5", None]
    assert written(together["end.py"]) == ["GPT-5"]


def test_an_unmerged_history_of_many_files_needs_no_blame(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that one commit added cost one process in all."""
    repository.commit(CLAUDE, {f"m{number}.py": "a = 1\n" for number in range(10)})
    calls: list[list[str]] = []
    original = subprocess.Popen

    def counted(words: list[str], **options: object) -> object:
        calls.append(words)
        return original(words, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", counted)
    answers = reader_of(repository.top).read([f"m{number}.py" for number in range(10)])
    assert len(answers) == 10
    assert len(calls) == 1
    assert not any("blame" in words for words in calls)


def test_a_rename_with_changes_keeps_the_old_lines_authors(repository: Repository) -> None:
    """blame follows the file, and so do many files at once."""
    body = "".join(f"v{number} = {number}\n" for number in range(20))
    repository.commit(CLAUDE, {f"old{number}.py": f"n = {number}\n{body}" for number in range(5)})
    for number in range(5):
        repository.git("mv", f"old{number}.py", f"new{number}.py")
    repository.commit(files={f"new{number}.py": f"n = {number}\n{body}z = 1\n" for number in range(5)})
    answers = reader_of(repository.top).read([f"new{number}.py" for number in range(5)])
    assert [written(lines) for lines in answers.values()] == [["Claude Sonnet 5"] * 21 + ["human"]] * 5


def test_the_root_may_lie_within_the_repository(repository: Repository) -> None:
    """Paths are the project's, not the repository's."""
    repository.commit(CLAUDE, {"packages/one/app/a.py": "a = 1\n", "a.py": "a = 1\nb = 1\n"})
    answers = reader_of(repository.top / "packages" / "one").read(["app/a.py", "a.py"])
    assert {path: written(lines) for path, lines in answers.items()} == {"app/a.py": ["Claude Sonnet 5"]}


def test_paths_that_leave_the_root_are_refused(repository: Repository) -> None:
    """Nothing outside the project is asked for."""
    repository.commit(CLAUDE, {"a.py": "a = 1\n", "sub/b.py": "b = 1\n"})
    assert reader_of(repository.top / "sub").read(["../a.py", str(repository.top / "a.py"), "", "\0"]) == {}


@pytest.mark.parametrize(
    "path",
    ["with space.py", "quote\"'.py", "grüße.py", "-dash.py", ":(top)a.py", "back\\slash.py", "tab\t.py", "[a].py"],
)
@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")
def test_unusual_names_are_names(repository: Repository, path: str) -> None:
    """Alone, and among many."""
    others = [f"m{number}.py" for number in range(5)]
    repository.commit(CLAUDE, dict.fromkeys([path, *others], "a = 1\n"))
    assert of(repository, path) == ["Claude Sonnet 5"]
    assert written(reader_of(repository.top).read([path, *others])[path]) == ["Claude Sonnet 5"]


def test_windows_line_ends_are_no_change(repository: Repository) -> None:
    """Committed as they are, or turned by git on the way."""
    repository.commit(CLAUDE, {"a.py": b"a = 1\r\nb = 2\r\n", "b.py": "a = 1\n"})
    assert of(repository, "a.py") == ["Claude Sonnet 5"] * 2
    repository.git("config", "core.autocrlf", "true")
    repository.write("b.py", b"a = 1\r\n")
    assert of(repository, "b.py") == ["Claude Sonnet 5"]


def test_a_commit_to_be_ignored_lays_nothing_on_its_author(repository: Repository) -> None:
    """A reformatting is nobody's writing, as `.git-blame-ignore-revs` says."""
    repository.commit(CLAUDE, {"a.py": "a=1\nb=2\n"})
    reformatting = repository.commit(files={"a.py": "a = 1\nb = 2\n"})
    assert of(repository, "a.py") == ["human", "human"]
    repository.commit(files={".git-blame-ignore-revs": f"# layout\n{reformatting}\n"})
    assert of(repository, "a.py") == ["Claude Sonnet 5"] * 2


def test_a_configured_list_to_ignore_is_respected(repository: Repository) -> None:
    """`blame.ignoreRevsFile` is git's own way."""
    repository.commit(CLAUDE, {"a.py": "a=1\n"})
    reformatting = repository.commit(files={"a.py": "a = 1\n"})
    repository.write("revisions", f"{reformatting}\n")
    repository.git("config", "blame.ignoreRevsFile", "revisions")
    assert of(repository, "a.py") == ["Claude Sonnet 5"]


@pytest.mark.parametrize("content", [None, "this is no commit\n"])
def test_a_list_to_ignore_that_is_missing_or_broken_is_said_and_left_out(
    repository: Repository, content: str | None
) -> None:
    """Configured for all repositories, it is in few."""
    repository.commit(files={f"{name}.py": "a = 1\n" for name in "abcdefgh"})
    repository.commit(CLAUDE, {f"{name}.py": "a = 1\nb = 1\n" for name in "abcdefgh"})
    if content:
        repository.write(".git-blame-ignore-revs", content)
    else:
        repository.git("config", "--global", "blame.ignoreRevsFile", "revisions")
    reader = reader_of(repository.top)
    answers = reader.read([f"{name}.py" for name in "abcdefgh"])
    assert [written(lines) for lines in answers.values()] == [["human", "Claude Sonnet 5"]] * 8
    assert len(reader.notices) == 1
    assert "ignore" in reader.notices[0]


def test_a_list_that_the_repository_itself_asks_for_in_vain_is_said(repository: Repository) -> None:
    """git blame fails there for anybody."""
    repository.commit(CLAUDE, {"a.py": "a = 1\n"})
    repository.git("config", "blame.ignoreRevsFile", "revisions")
    reader = reader_of(repository.top)
    assert reader.read(["a.py"]) == {}
    (notice,) = reader.notices
    assert "could not open object name list: revisions" in notice
    assert "take it out of the repository's blame.ignoreRevsFile" in notice


def test_the_mailmap_says_who_somebody_is(repository: Repository) -> None:
    """A person who once signed with an assistant's address, and an assistant with a person's."""
    repository.commit(files={"a.py": "a = 1\n"}, GIT_AUTHOR_EMAIL="noreply@anthropic.com")
    repository.commit(files={"b.py": "b = 1\n"}, GIT_AUTHOR_NAME="Helper", GIT_AUTHOR_EMAIL="helper@example.org")
    assert of(repository, "a.py") == ["ai"]
    mailmap = (
        "Ada Byron <ada@example.org> Ada Byron <noreply@anthropic.com>\n"
        "Claude <noreply@anthropic.com> Helper <helper@example.org>\n"
    )
    repository.commit(files={".mailmap": mailmap})
    assert of(repository, "a.py") == ["human"]
    assert of(repository, "b.py") == ["ai"]


def test_a_mailmap_does_not_wipe_a_tools_mark(repository: Repository) -> None:
    """Folding `Ada Byron (aider)` into Ada says who she is, not that she typed it."""
    repository.commit(files={"a.py": "a = 1\n"}, GIT_AUTHOR_NAME="Ada Byron (aider)")
    repository.commit(files={".mailmap": "Ada Byron <ada@example.org>\n"})
    lines = reader_of(repository.top).read(["a.py"])["a.py"]
    assert [(entry.tool, entry.confidence) for entry in lines if entry] == [("aider", 0.8)]


def test_submodules_and_worktrees_are_repositories_of_their_own(repository: Repository, tmp_path: Path) -> None:
    """Their `.git` is a file."""
    inner = Repository(tmp_path / "inner")
    inner.commit(CODEX, {"b.py": "b = 1\n"})
    repository.git("submodule", "--quiet", "add", str(inner.top), "vendored")
    repository.commit(CLAUDE, {"a.py": "a = 1\n"})
    answers = reader_of(repository.top).read(["a.py", "vendored/b.py"])
    assert {path: written(lines) for path, lines in answers.items()} == {
        "a.py": ["Claude Sonnet 5"],
        "vendored/b.py": ["GPT-5"],
    }
    tree = tmp_path / "tree"
    repository.git("worktree", "add", "-q", "-b", "other", str(tree))
    assert written(reader_of(tree).read(["a.py"])["a.py"]) == ["Claude Sonnet 5"]
    assert toplevel(tree) == tree.resolve()
    assert head_commit(tree) == repository.git("rev-parse", "other").strip()
    assert head_commit(repository.top / "vendored") == inner.git("rev-parse", "HEAD").strip()


def test_beyond_a_shallow_clones_end_nothing_is_known(repository: Repository, tmp_path: Path) -> None:
    """Its oldest commit looks like the author of everything; that is said, not believed."""
    repository.commit(files={f"m{number}.py": "a = 1\n" for number in range(6)})
    repository.commit(CLAUDE, {"z.py": "z = 1\n"})
    repository.commit(CODEX, {"m0.py": "a = 1\nb = 2\n"})
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth", "2", f"file://{repository.top}", str(clone))
    reader = reader_of(clone)
    answers = reader.read([f"m{number}.py" for number in range(6)])
    assert written(answers["m0.py"]) == [None, "GPT-5"]
    assert written(answers["m1.py"]) == [None]
    assert len(reader.notices) == 1
    assert "shallow" in reader.notices[0]


def test_nothing_is_fetched_for_a_partial_clone(repository: Repository, tmp_path: Path) -> None:
    """What the clone lacks stays unknown, and is said."""
    repository.commit(CLAUDE, {"a.py": "a = 1\n"})
    repository.commit(files={"a.py": "a = 1\nb = 2\n"})
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--filter=blob:none", f"file://{repository.top}", str(clone))

    def objects() -> list[Path]:
        return sorted(path for path in (clone / ".git" / "objects").rglob("*") if path.is_file())

    before = objects()
    reader = reader_of(clone)
    assert reader.read(["a.py"]) == {}
    assert objects() == before
    assert len(reader.notices) == 1
    assert "partial clone" in reader.notices[0]


def test_without_a_repository_there_is_no_answer_and_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git is not even looked for."""
    (tmp_path / "a.py").write_text("a = 1\n")
    monkeypatch.setattr(subprocess, "Popen", None)
    reader = reader_of(tmp_path)
    assert reader.read(["a.py"]) == {}
    assert not reader.says_anything()
    assert toplevel(tmp_path) is None
    assert head_commit(tmp_path) is None
    assert reader.notices == []


def test_a_repository_without_commits_has_no_answer(repository: Repository) -> None:
    """Everything in it is uncommitted."""
    repository.write("a.py", "a = 1\n")
    reader = reader_of(repository.top)
    assert reader.read(["a.py"]) == {}
    assert not reader.says_anything()
    assert head_commit(repository.top) is None
    assert reader.notices == []


def test_without_git_it_is_said_once(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The learning goes on without."""
    repository.commit(CLAUDE, {"a.py": "a = 1\n"})
    monkeypatch.setenv("PATH", "/nonexistent")
    reader = reader_of(repository.top)
    assert reader.read(["a.py"]) == {}
    assert reader.read(["a.py"]) == {}
    assert not reader.says_anything()
    assert len(reader.notices) == 1
    assert "git could not be started" in reader.notices[0]


def test_variables_that_git_sets_for_hooks_do_not_mislead(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests that run in a pre-commit hook of another repository are asked about their own."""
    repository.commit(CLAUDE, {"a.py": "a = 1\n"})
    other = Repository(tmp_path / "other")
    other.commit(files={"a.py": "a = 1\n"})
    monkeypatch.setenv("GIT_DIR", str(other.top / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.top))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.top / ".git" / "index.lock"))
    monkeypatch.setenv("GIT_PREFIX", "sub/")
    assert of(repository, "a.py") == ["Claude Sonnet 5"]


def test_somebody_elses_repository_is_said_not_read(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """git's refusal names the way out; the run goes on."""
    repository.commit(CLAUDE, {f"m{number}.py": "a = 1\n" for number in range(6)})
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    reader = reader_of(repository.top)
    assert reader.read(["m0.py"]) == {}
    assert reader.read([f"m{number}.py" for number in range(6)]) == {}
    assert len(reader.notices) == 1
    assert "safe.directory" in reader.notices[0]


def test_nothing_is_written(repository: Repository) -> None:
    """Not even the index is refreshed."""
    repository.commit(CLAUDE, {"a.py": "a = 1\n", "b.py": "b = 1\n"})
    os.utime(repository.top / "a.py", (1, 1))

    def state() -> dict[str, tuple[int, int]]:
        files = [path for path in (repository.top / ".git").rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}

    before = state()
    reader = reader_of(repository.top)
    reader.read(["a.py", "b.py"])
    reader.says_anything()
    assert state() == before


def test_a_users_settings_do_not_change_the_answers(repository: Repository) -> None:
    """Whatever colours, formats and paths somebody prefers."""
    repository.commit(files={f"sub/m{number}.py": "a = 1\n" for number in range(5)})
    repository.commit(CLAUDE, {"sub/m0.py": "a = 1\nb = 2\n"})
    for key, value in {
        "color.ui": "always", "blame.showEmail": "true", "blame.coloring": "repeatedLines", "diff.relative": "true",
        "log.showSignature": "true", "log.showRoot": "false", "format.pretty": "oneline", "log.decorate": "full",
        "i18n.logOutputEncoding": "UTF-16", "diff.renames": "copies", "log.follow": "true",
        "blame.blankBoundary": "true", "log.diffMerges": "separate", "log.mailmap": "false",
    }.items():  # fmt: skip
        repository.git("config", key, value)
    answers = reader_of(repository.top / "sub").read([f"m{number}.py" for number in range(5)])
    assert written(answers["m0.py"]) == ["human", "Claude Sonnet 5"]
    assert [written(answers[f"m{number}.py"]) for number in range(1, 5)] == [["human"]] * 4


def test_out_of_time_it_is_said_and_the_run_goes_on(repository: Repository, tmp_path: Path) -> None:
    """A git that hangs is ended."""
    repository.commit(CLAUDE, {"a.py": "a = 1\n"})
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    path = f"{slow.parent}{os.pathsep}{os.environ['PATH']}"
    reader = GitBlame(GitHistory(repository.top, environ={**os.environ, "PATH": path}, seconds=0.2))
    assert reader.read(["a.py"]) == {}
    assert not reader.says_anything()
    assert len(reader.notices) == 1
    assert "too long" in reader.notices[0]


def test_a_damaged_repository_is_said(repository: Repository) -> None:
    """Its objects are gone; the run goes on."""
    repository.commit(CLAUDE, {"a.py": "a = 1\n"})
    shutil.rmtree(repository.top / ".git" / "objects")
    (repository.top / ".git" / "objects").mkdir()
    reader = reader_of(repository.top)
    assert reader.read(["a.py"]) == {}
    assert reader.notices


def test_any_assistants_commit_in_the_history_is_something(repository: Repository) -> None:
    """However long ago, and whatever became of its lines."""
    repository.commit(files={"a.py": "a = 1\n"})
    assert not reader_of(repository.top).says_anything()
    repository.commit(CLAUDE, {"b.py": "b = 1\n"})
    (repository.top / "b.py").unlink()
    for _ in range(3):
        repository.commit()
    assert reader_of(repository.top).says_anything()
    (repository.top / "sub").mkdir()
    assert reader_of(repository.top / "sub").says_anything()


def test_the_top_is_found_without_git(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any folder below, through a link, and past a `.git` that is none."""
    commit = repository.commit(files={"app/core/a.py": "a = 1\n"})
    (repository.top / "app" / ".git").mkdir()
    (repository.top / "app" / "core" / ".git").write_text("no pointer")
    link = tmp_path / "link"
    link.symlink_to(repository.top / "app" / "core")
    monkeypatch.setattr(subprocess, "Popen", None)
    for folder in (repository.top, repository.top / "app" / "core", link):
        assert toplevel(folder) == repository.top.resolve()
        assert head_commit(folder) == commit


def test_the_head_is_read_detached_packed_and_on_an_unborn_branch(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever git keeps it."""
    first = repository.commit(files={"a.py": "a = 1\n"})
    second = repository.commit(files={"a.py": "a = 2\n"})
    repository.git("checkout", "-q", first)
    assert head_commit(repository.top) == first
    repository.git("checkout", "-q", "-b", "topic/one", second)
    repository.git("pack-refs", "--all")
    assert head_commit(repository.top) == second
    repository.git("checkout", "-q", "--orphan", "unborn")
    monkeypatch.setattr(subprocess, "Popen", None)
    assert head_commit(repository.top) is None
