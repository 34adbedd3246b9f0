"""git's history in every place and state a repository may be in: what the contract of all histories does not say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.git import GitBlame, GitHistory, objects, questions
from pytest_llmlearn.adapters.git.asking import Repository as Asked
from pytest_llmlearn.adapters.git.repository import environment
from tests.repositories import Repository, own_configuration, repository

__all__ = ["own_configuration", "repository"]

NOTES = "refs/notes/ai"
CLAUDE = "Co-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>"
TEXT = "".join(f"v{number} = {number}\n" for number in range(20))


def of(root: Path, path: str) -> list[tuple[str, str, int] | None]:
    """Commit, path and line of each line's origin."""
    lines = GitHistory(root).origins([path])[path]
    return [None if line is None else (line.commit, line.path, line.line) for line in lines]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The words of each process that is started from now on."""
    calls: list[list[str]] = []
    original = subprocess.Popen

    def popen(words: list[str], **options: object) -> object:
        calls.append(words)
        return original(words, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", popen)
    return calls


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")
@pytest.mark.parametrize("old", ["old.py", 'quo"te\t\\n.py', "grüße.py", "with space.py"])
def test_a_line_before_a_renaming_has_the_old_name(repository: Repository, old: str) -> None:
    """As it was in the commit, however git prints it."""
    first = repository.commit(files={old: TEXT})
    repository.git("mv", old, "new.py")
    second = repository.commit(files={"new.py": "z = 0\n" + TEXT})
    assert of(repository.top, "new.py")[:2] == [(second, "new.py", 1), (first, old, 1)]


def test_a_staged_renaming_is_followed_and_is_not_to_be_remembered_before(repository: Repository) -> None:
    """A file that is only there is in no commit; moved by git, its lines have their origins."""
    first = repository.commit(files={"old.py": TEXT})
    (repository.top / "old.py").rename(repository.top / "new.py")
    history = GitHistory(repository.top)
    assert history.heads(["new.py"]) == {"new.py": first}
    assert history.origins(["new.py"]) == {}
    assert history.uncommitted(["new.py"]) == {"new.py": [True] * 20}
    assert history.heads(["new.py"]) == {}
    repository.git("add", "-A")
    assert of(repository.top, "new.py")[0] == (first, "old.py", 1)
    assert GitHistory(repository.top).uncommitted(["new.py"]) == {"new.py": [False] * 20}


def test_a_link_is_the_file_that_it_leads_to(repository: Repository, tmp_path: Path) -> None:
    """git blames the link itself, of which whoever made it wrote one line; one that leads outside is nobody's."""
    first = repository.commit(files={"app/a.py": TEXT})
    (repository.top / "b.py").symlink_to("app/a.py")
    (repository.top / "folder").symlink_to("app")
    (tmp_path / "outside.py").write_text("x = 1\n", encoding="utf-8")
    (repository.top / "out.py").symlink_to(tmp_path / "outside.py")
    repository.commit()
    assert of(repository.top, "b.py") == [(first, "app/a.py", line) for line in range(1, 21)]
    assert of(repository.top, "folder/a.py")[0] == (first, "app/a.py", 1)
    assert GitHistory(repository.top).origins(["out.py"]) == {}


def test_a_file_that_is_only_staged_is_uncommitted(repository: Repository) -> None:
    """Even where it would be ignored."""
    repository.commit(files={".gitignore": "*.gen.py\n", "empty.py": ""})
    repository.write("a.gen.py", "a = 1\n")
    repository.write("b.gen.py", "b = 1\n")
    repository.git("add", "-f", "a.gen.py")
    history = GitHistory(repository.top)
    paths = ["a.gen.py", "b.gen.py", "empty.py"]
    assert history.uncommitted(paths) == {"a.gen.py": [True], "empty.py": []}
    assert history.origins(paths) == {"empty.py": []}
    assert history.heads(paths).keys() == {"empty.py"}


def test_a_file_is_blamed_once(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many readers ask; and its commits are known then."""
    commit = repository.commit(files={"a.py": "a = 1\n"})
    calls = counted(monkeypatch)
    history = GitHistory(repository.top)
    for _ in range(3):
        history.origins(["a.py"])
        history.uncommitted(["a.py"])
        assert history.commits([commit]).keys() == {commit}
        GitBlame(history).read(["a.py"])
    assert len(calls) == 1


def test_a_file_that_changed_is_asked_again(repository: Repository) -> None:
    """An editor's server lives long; a commit made meanwhile counts, and so does a change."""
    first = repository.commit(files={"a.py": "a = 1\n"})
    history = GitHistory(repository.top)
    assert len(history.origins(["a.py"])["a.py"]) == 1
    repository.write("a.py", "a = 1\nb = 2\n")
    assert [line and line.commit for line in history.origins(["a.py"])["a.py"]] == [first, None]
    second = repository.commit()
    assert [line and line.commit for line in history.origins(["a.py"])["a.py"]] == [first, second]


def test_what_files_tell_costs_no_process(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads, states, names, what decides, notes where there are none, and what a commit has not left behind."""
    commit = repository.commit(files={"app/a.py": "a = 1\n"})
    monkeypatch.setattr(subprocess, "Popen", None)
    history = GitHistory(repository.top)
    assert history.heads(["app/a.py"]) == {"app/a.py": commit}
    assert history.state(NOTES) == ""
    assert history.name_of("app/a.py") == "app/a.py"
    assert history.notes(NOTES, [commit]) == {}
    assert history.untouched(["app/a.py"], commit) == {"app/a.py"}
    assert history.commits([commit])[commit].author.name == "Ada Byron"
    assert history.commits([]) == {}
    assert GitBlame(history).standing()


def test_a_project_below_the_top_and_several_repositories_below_it(repository: Repository, tmp_path: Path) -> None:
    """Names count from each repository's own top."""
    inner = Repository(tmp_path / "inner")
    inside = inner.commit(files={"src/b.py": "b = 1\n"})
    inner.git("notes", "--ref=ai", "add", "-m", "noted")
    (repository.top / "project").mkdir()
    repository.git("submodule", "--quiet", "add", str(inner.top), "project/vendored")
    outside = repository.commit(files={"project/src/a.py": "a = 1\n"})
    inner_top = repository.top / "project" / "vendored"
    subprocess.run(["git", "fetch", "-q", "origin", f"{NOTES}:{NOTES}"], cwd=inner_top, check=True)
    history = GitHistory(repository.top / "project")
    paths = ["src/a.py", "vendored/src/b.py"]
    assert [history.name_of(path) for path in paths] == ["project/src/a.py", "src/b.py"]
    assert history.heads(paths) == {"src/a.py": outside, "vendored/src/b.py": inside}
    assert {path: lines[0] and lines[0].commit for path, lines in history.origins(paths).items()} == {
        "src/a.py": outside,
        "vendored/src/b.py": inside,
    }
    assert history.commits([inside, outside]).keys() == {inside, outside}
    assert history.state(NOTES)
    assert [*history.notes(NOTES, [inside, outside])] == [inside]
    assert {name: len(found) for name, found in history.touching(["project/src/a.py", "src/b.py"]).items()} == {
        "project/src/a.py": 1,
        "src/b.py": 1,
    }
    assert history.untouched(paths, inside) == {"vendored/src/b.py"}


def test_repositories_below_a_root_that_is_in_none(tmp_path: Path) -> None:
    """Each is found, and what decides in it is told."""
    first, second = Repository(tmp_path / "root" / "one"), Repository(tmp_path / "root" / "two")
    first.commit(files={"a.py": "a = 1\n"})
    commit = second.commit(files={"b.py": "b = 1\n"})
    history = GitHistory(tmp_path / "root")
    before = history.standing()
    assert [*history.origins(["one/a.py", "two/b.py", "c.py"])] == ["one/a.py", "two/b.py"]
    assert history.name_of("c.py") is None
    assert history.commits([commit]).keys() == {commit}
    second.write(".mailmap", "Ada <ada@example.org>\n")
    assert history.standing() != before


@pytest.mark.parametrize("path", ["../a.py", "/etc/passwd", "", ".", "a\0.py", "a/../../b.py"])
def test_paths_that_leave_the_root_have_no_name(repository: Repository, path: str) -> None:
    """Nor any answer."""
    repository.commit(files={"a.py": "a = 1\n", "sub/b.py": "b = 1\n"})
    history = GitHistory(repository.top / "sub")
    assert history.name_of(path) is None
    assert history.origins([path]) == {}
    assert history.uncommitted([path]) == {}
    assert history.heads([path]) == {}
    assert history.touching([path]) == {}


def test_cut_lines_have_no_origin_and_are_not_uncommitted(repository: Repository, tmp_path: Path) -> None:
    """A shallow clone's oldest commit touched nothing that is known."""
    repository.commit(files={"a.py": "a = 1\n"})
    repository.commit(files={"b.py": "b = 1\n"})
    last = repository.commit(files={"a.py": "a = 1\nc = 1\n"})
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--depth", "2", f"file://{repository.top}", str(clone))
    history = GitHistory(clone)
    assert [line and line.commit for line in history.origins(["a.py"])["a.py"]] == [None, last]
    assert history.uncommitted(["a.py"]) == {"a.py": [False, False]}
    assert {name: len(found) for name, found in history.touching(["a.py", "b.py"]).items()} == {"a.py": 1}
    assert len(history.notices) == 1
    assert "shallow" in history.notices[0]
    before = history.standing()
    subprocess.run(["git", "fetch", "-q", "--unshallow"], cwd=clone, check=True)
    assert GitHistory(clone).standing() != before


def test_a_merge_that_keeps_one_side_touches_what_it_drops(repository: Repository) -> None:
    """Seen from the dropped side, the file changed."""
    repository.commit(files={"a.py": "a = 1\n", "b.py": "b = 1\n"})
    repository.git("checkout", "-q", "-b", "side")
    side = repository.commit(files={"a.py": "a = 2\n"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"c.py": "c = 1\n"})
    repository.git("merge", "-q", "-s", "ours", "--no-edit", "side")
    assert GitHistory(repository.top).untouched(["a.py", "b.py"], side) == {"b.py"}


def test_touching_names_both_sides_of_a_merge(repository: Repository) -> None:
    """Also the commits whose change did not last; a merge only where its file is neither side's."""
    first = repository.commit(files={"a.py": "a = 1\n"})
    repository.git("checkout", "-q", "-b", "side")
    side = repository.commit(files={"a.py": "a = 2\n"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"c.py": "c = 1\n"})
    repository.git("merge", "-q", "-s", "ours", "--no-edit", "side")
    assert [change.commit for change in GitHistory(repository.top).touching(["a.py"])["a.py"]] == [side, first]
    repository.write("a.py", "a = 3\n")
    repository.git("commit", "-q", "-a", "--amend", "--no-edit")
    evil = repository.git("rev-parse", "HEAD").strip()
    found = GitHistory(repository.top).touching(["a.py"])["a.py"]
    assert [change.commit for change in found] == [evil, side, first]
    assert len(found[0].parents) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")
@pytest.mark.parametrize("name", ["with space.py", ":(top)a.py", "[a]*.py", "-dash.py", 'quo"te.py', "grüße.py"])
def test_a_name_is_no_pattern(repository: Repository, name: str) -> None:
    """It means this one file."""
    commit = repository.commit(files={name: "a = 1\n", "a.py": "a = 1\n", "aa.py": "a = 1\n"})
    history = GitHistory(repository.top)
    assert {one: [change.commit for change in found] for one, found in history.touching([name]).items()} == {
        name: [commit]
    }


def test_a_reference_that_holds_no_notes_has_none(repository: Repository) -> None:
    """A branch under that name, a reference that leads nowhere, one that is no reference."""
    commit = repository.commit(files={"a.py": "a = 1\n"})
    repository.git("update-ref", NOTES, commit)
    history = GitHistory(repository.top)
    assert history.notes(NOTES, [commit]) == {}
    assert history.state(NOTES) == commit
    repository.write(".git/refs/notes/gone", "0" * 39 + "1\n")
    assert history.notes("refs/notes/gone", [commit]) == {}
    for ref in ("", "ai", "--all", "refs/../HEAD", "refs/notes/ai --all"):
        assert history.notes(ref, [commit]) == {}
        assert history.state(ref) == ""


def test_packed_notes_are_found(repository: Repository) -> None:
    """Wherever git keeps the reference."""
    commit = repository.commit(files={"a.py": "a = 1\n"})
    repository.git("notes", "--ref=ai", "add", "-m", "noted")
    loose = GitHistory(repository.top).state(NOTES)
    repository.git("pack-refs", "--all")
    history = GitHistory(repository.top)
    assert history.state(NOTES) == loose != ""
    assert history.notes(NOTES, [commit])[commit].strip() == "noted"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_commits_from_their_objects_are_what_git_says(tmp_path: Path, form: str, packed: bool) -> None:
    """Loose, packed, put together from differences; strange people, messages and clocks; of either hash."""
    repository = Repository(tmp_path / "project", f"--object-format={form}")
    endless = "".join(f"A line {number} of a long message.\n" for number in range(300))
    for number in range(6):
        repository.commit(f"{endless}\n{number}\n\n{CLAUDE}", {"a.py": f"a = {number}\n"})
    repository.commit("x", {"a.py": "b\n"}, GIT_AUTHOR_NAME="  Ada  <B> ", GIT_AUTHOR_EMAIL=" a@b ")
    repository.commit("x" * 100_000, GIT_COMMITTER_DATE="@0 +0000", GIT_AUTHOR_NAME="Äda")
    repository.write("../message", "grüße\n".encode("latin-1"))
    repository.git("-c", "i18n.commitEncoding=latin1", "commit", "-q", "--allow-empty", "-F", "../message")
    repository.git("checkout", "-q", "-b", "side", "HEAD~3")
    repository.commit("side", {"s.py": "s = 1\n"})
    repository.git("merge", "-q", "--no-edit", "main")
    if packed:
        repository.git("repack", "-a", "-d", "-q", "-f", "--depth=50", "--window=50")
        (index,) = (repository.top / ".git" / "objects" / "pack").glob("*.idx")
        packed_as = [line.split() for line in repository.git("verify-pack", "-v", str(index)).splitlines()]
        assert any(words[1:2] == ["commit"] and len(words) == 7 for words in packed_as)  # put together from another
    ids = repository.git("rev-list", "--all").split()
    said: list[str] = []
    asked = Asked(top=repository.top, environ=environment(os.environ), notice=said.append, deadline=float("inf"))
    by_git = {one.id: one for one in questions.commits(asked, ids)}
    by_files = {one.id: one for one in objects.read(repository.top, ids)}
    assert objects.is_plain(repository.top, os.environ)
    assert len(by_git) == len(ids)
    assert len(by_files) >= len(ids) - 1  # the one in another encoding is left to git
    assert all(by_git[one] == commit for one, commit in by_files.items())
    assert GitHistory(repository.top).commits(ids) == by_git


def _a_mailmap(repository: Repository) -> None:
    repository.write(".mailmap", "Ada of Byron <ada@example.org>\n")


def _a_configured_mailmap(repository: Repository) -> None:
    repository.write("people", "Ada of Byron <ada@example.org>\n")
    repository.git("config", "mailmap.file", "people")


def _a_replacement(repository: Repository) -> None:
    other = repository.git("commit-tree", "-m", "Else", "HEAD^{tree}", GIT_AUTHOR_NAME="Ada of Byron").strip()
    repository.git("replace", "HEAD", other)


def _a_packed_replacement(repository: Repository) -> None:
    _a_replacement(repository)
    repository.git("pack-refs", "--all", "--prune")


@pytest.mark.parametrize("make", [_a_mailmap, _a_configured_mailmap, _a_replacement, _a_packed_replacement])
def test_what_stands_for_another_is_left_to_git_and_decides(
    repository: Repository, make: Callable[[Repository], None]
) -> None:
    """A mailmap, in the tree or configured; a replaced commit."""
    commit = repository.commit(files={"a.py": "a = 1\n"})
    history = GitHistory(repository.top)
    before = history.standing()
    assert history.commits([commit])[commit].author.name == "Ada Byron"
    make(repository)
    after = GitHistory(repository.top)
    assert after.commits([commit])[commit].author.name == "Ada of Byron"
    assert after.standing() != before


def test_damaged_objects_are_left_to_git(repository: Repository) -> None:
    """Cut, empty or of another kind: nothing is raised, and nothing is made up."""
    commit = repository.commit(files={"a.py": "a = 1\n"})
    blob = repository.git("rev-parse", "HEAD:a.py").strip()
    assert GitHistory(repository.top).commits([blob, commit]).keys() == {commit}
    path = repository.top / ".git" / "objects" / commit[:2] / commit[2:]
    path.chmod(0o644)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"nothing", whole[:-1] + b"\0"):
        path.write_bytes(content)
        assert [*objects.read(repository.top, [commit])] == []
    path.write_bytes(whole)
    repository.git("gc", "-q")
    (pack,) = (repository.top / ".git" / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    content = pack.read_bytes()
    for damaged in (content[:40], content[:12] + b"\xff" * (len(content) - 12), b""):
        pack.write_bytes(damaged)
        assert [*objects.read(repository.top, [commit])] == []
        assert GitHistory(repository.top).commits([commit]) == {}


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (".git-blame-ignore-revs", "# none\n"),
        (".mailmap", "# none\n"),
        (".git/config", "[core]\n\trepositoryformatversion = 0\n"),
        (".git/info/grafts", ""),
        ("../home/.gitconfig", "[blame]\n\tignoreRevsFile = revisions\n"),
    ],
)
def test_what_decides_is_part_of_the_standing(repository: Repository, path: str, content: str) -> None:
    """A list, a map, a setting: whoever remembers answers has to ask again."""
    repository.commit(files={"a.py": "a = 1\n"})
    before = GitBlame(GitHistory(repository.top)).standing()
    assert GitBlame(GitHistory(repository.top)).standing() == before
    repository.write("beside.txt", "nothing that decides\n")
    assert GitBlame(GitHistory(repository.top)).standing() == before
    repository.write(path, content)
    assert GitBlame(GitHistory(repository.top)).standing() != before


def test_a_file_that_a_setting_names_decides(repository: Repository) -> None:
    """By its date, wherever it lies."""
    repository.commit(files={"a.py": "a = 1\n"})
    repository.git("config", "--global", "blame.ignoreRevsFile", "revisions")
    before = GitHistory(repository.top).standing()
    repository.write("revisions", "# none\n")
    assert GitHistory(repository.top).standing() != before


def test_more_patience_asks_again_where_less_did_not_suffice(repository: Repository, tmp_path: Path) -> None:
    """A hanging git is waited for once; a summary that may take its time gets its answer."""
    commit = repository.commit(files={"a.py": "a = 1\n"})
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\nsleep 1\nexec {shutil.which("git")} "$@"\n')
    slow.chmod(0o755)
    path = f"{slow.parent}{os.pathsep}{os.environ['PATH']}"
    history = GitHistory(repository.top, environ={**os.environ, "PATH": path}, seconds=0.1)
    assert history.origins(["a.py"]) == {}
    assert history.heads(["a.py"]) == {}
    assert "too long" in history.notices[0]
    history.patience = 0.05
    assert history.origins(["a.py"]) == {}
    history.patience = 60
    assert [line and line.commit for line in history.origins(["a.py"])["a.py"]] == [commit]
    assert history.heads(["a.py"]) == {"a.py": commit}


@pytest.mark.parametrize("names", [["a.py"], ["a.py", "b.py"], ["a.py", "b.py", "c.py", "d.py"]])
def test_a_file_of_which_git_fails_to_say_is_not_uncommitted(
    repository: Repository, tmp_path: Path, names: list[str]
) -> None:
    """A partial clone lacks what it takes to know: nothing is said of the file, and nothing is to be remembered."""
    repository.commit(files=dict.fromkeys(names, "a = 1\n"))
    repository.commit(files=dict.fromkeys(names, "a = 1\nb = 2\n"))
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--filter=blob:none", f"file://{repository.top}", str(clone))
    (clone / "new.py").write_text("a = 1\n")
    history = GitHistory(clone)
    assert history.heads(names).keys() == {*names}
    assert history.uncommitted([*names, "new.py"]) == {"new.py": [True]}
    assert history.origins(names) == {}
    assert history.heads(names) == {}
    assert len(history.notices) == 1
    assert "partial clone" in history.notices[0]


def test_every_process_is_ended(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not what it was begun for was asked."""
    started: list[subprocess.Popen[bytes]] = []
    original = subprocess.Popen

    def popen(words: list[str], **options: object) -> object:
        process = original(words, **options)  # type: ignore[call-overload]
        started.append(process)
        return process

    repository.commit(files={".mailmap": "", **{f"m{number}.py": "a = 1\n" for number in range(6)}})
    repository.commit(files={"m0.py": "a = 1\nb = 2\n"})
    repository.write("new.py", "a = 1\n")
    monkeypatch.setattr(subprocess, "Popen", popen)
    history = GitHistory(repository.top)
    history.origins(["new.py"])
    history.uncommitted(["m0.py", "new.py"])
    history.origins([f"m{number}.py" for number in range(6)])
    next(iter(history.latest()))
    assert len(started) > 4
    del history
    assert all(process.returncode is not None for process in started)
