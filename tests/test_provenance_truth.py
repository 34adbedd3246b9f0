"""Who wrote each line, held against answers known by hand, and against a second opinion by git alone.

The histories are in `histories.py`, what assistants sign in `signed_commits.py`; the second opinion is
`benchmarks/second_opinion.py`, which shares no line with the package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from histories import Repository, traps
from signed_commits import SIGNED, Line

from pytest_llmlearn import LlmlearnError, Memory

ROOT = Path(__file__).resolve().parent.parent
PACK = Path(os.environ.get("LLMLEARN_CORPORA", ROOT.parent / "shared" / "corpora"))


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """One repository with all the traps; nothing here changes it."""
    return traps(tmp_path_factory.mktemp("traps") / "repository")


@pytest.fixture
def memory(trapped: Repository) -> Iterator[Memory]:
    """The memory of that repository."""
    with Memory.open(trapped.root) as opened:
        yield opened


@pytest.fixture(scope="module")
def second_opinion() -> ModuleType:
    """The benchmark's module, which lies in no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import second_opinion as module

        patch.delitem(sys.modules, "second_opinion")
    return module


def told(memory: Memory, path: str) -> list[Line]:
    """Type and model of each line of a file."""
    return [(line.type, line.model) for line in memory.provenance(path).lines]


@pytest.mark.parametrize("name", [one.name for one in SIGNED])
def test_a_commit_is_taken_for_what_its_signatures_say(trapped: Repository, memory: Memory, name: str) -> None:
    """Every way in which assistants sign, and every way in which people only seem to be one."""
    path = f"signed/{name}.py"
    assert told(memory, path) == trapped.expected[path]


@pytest.mark.parametrize("name", [one.name for one in SIGNED if one.at_most < 1 and one.expected[0] == "ai"])
def test_a_weak_sign_is_weak_evidence(trapped: Repository, memory: Memory, name: str) -> None:
    """A trailer is worth less than an author, and one that a squash buried, or a subject, less than a trailer."""
    path = f"signed/{name}.py"
    assert all(0 < line.confidence <= trapped.at_most[path] for line in memory.provenance(path).lines)


def test_an_author_is_surer_than_a_trailer_and_evidence_says_why(memory: Memory) -> None:
    """Evidence with a confidence, in an order: author, trailer, what a squash buried."""
    authored, trailed, buried = (
        memory.provenance(f"signed/{name}.py").lines[0] for name in ("claude_author", "claude_model", "squash")
    )
    assert authored.confidence > trailed.confidence > buried.confidence > 0
    assert all(line.evidence for line in (authored, trailed, buried))


MOVED = [
    "edited.py",
    "deep/new name.py",
    "reformatted.py",
    "human_reformatted.py",
    "by_alias.py",
    "merged.py",
    "both.py",
    "odd_ends.py",
    "windows.py",
    "latin.py",
    "größe/naïve.py",
    "empty.py",
    "[a]*?.py",
    ":(top)x.py",
    "tomorrow.py",
]


@pytest.mark.parametrize("path", MOVED)
def test_lines_are_followed_to_the_commit_they_came_with(trapped: Repository, memory: Memory, path: str) -> None:
    """Through edits, renamings, merges, reformatting; whatever a file is called, and whatever its lines hold."""
    assert told(memory, path) == trapped.expected[path]


@pytest.mark.parametrize("path", ["noted.py", "my noted.py", "reviewed.py"])
def test_notes_of_git_ai_decide_line_by_line(trapped: Repository, memory: Memory, path: str) -> None:
    """Sessions, prompts, people, keys without metadata, models that are none; other people's notes are not read."""
    assert told(memory, path) == trapped.expected[path]


@pytest.mark.parametrize(
    "path", ["traced.py", "traced_early.py", "sub/traced_back.py", "traced_absolute.py", "traced_stale.py"]
)
def test_trace_records_decide_where_they_hold(trapped: Repository, memory: Memory, path: str) -> None:
    """At their revision or the one before the edit, with any kind of path; stale ranges say nothing."""
    assert told(memory, path) == trapped.expected[path]


@pytest.mark.parametrize("path", ["begun.py", "untracked.py"])
def test_what_is_not_committed_is_nobodys_yet(trapped: Repository, memory: Memory, path: str) -> None:
    """Without an assistant at work an uncommitted line is of unknown origin."""
    assert told(memory, path) == trapped.expected[path]


def test_every_path_with_an_answer_is_asserted_here(trapped: Repository) -> None:
    """A trap that is built and not looked at would catch nothing."""
    asserted = {f"signed/{one.name}.py" for one in SIGNED} | {*MOVED, "begun.py", "untracked.py"}
    asserted |= {path for path in trapped.expected if "noted" in path or "traced" in path or path == "reviewed.py"}
    assert asserted == set(trapped.expected)


@pytest.mark.parametrize("path", ["../outside.py", "/etc/passwd", "signed/../../outside.py", "leaving.py"])
def test_a_path_that_leaves_the_project_is_refused(trapped: Repository, memory: Memory, path: str) -> None:
    """Nothing outside is read, by `..`, from the root of the disk, or through a link."""
    (trapped.root.parent / "outside.py").write_text("SECRET = 1\n", encoding="utf-8")
    link = trapped.root / "leaving.py"
    if not link.is_symlink():
        link.symlink_to(trapped.root.parent / "outside.py")
    with pytest.raises(LlmlearnError):
        memory.provenance(path)


def test_a_shallow_clone_guesses_nobody(trapped: Repository, tmp_path: Path) -> None:
    """Where history is cut the oldest commit would answer for all before it: those lines are of unknown origin."""
    repository = Repository.begin(tmp_path / "origin")
    repository.commit({"old.py": "old = 1\n", "both.py": "old = 1\n"})
    repository.commit({"cut.py": "cut = 1\n"}, "Add it\n\nCo-Authored-By: Claude <noreply@anthropic.com>")
    repository.commit({"both.py": "old = 1\nnew = 2\n"}, "Add it\n\nCo-Authored-By: Claude <noreply@anthropic.com>")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth=2", repository.root.as_uri(), clone], check=True)
    with Memory.open(clone) as memory:
        assert told(memory, "old.py") == [("unknown", None)]
        assert told(memory, "both.py") == [("unknown", None), ("ai", None)]


def test_a_worktree_and_a_submodule_are_known_like_any_repository(tmp_path: Path) -> None:
    """Both keep their history elsewhere; a submodule's lines are of its own commits."""
    inner = Repository.begin(tmp_path / "inner")
    inner.commit({"part.py": "part = 1\n"}, "Add it\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>")
    outer = Repository.begin(tmp_path / "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "lib")
    outer.commit({"own.py": "own = 1\n"})
    outer.git("worktree", "add", "-q", str(tmp_path / "tree"))
    with Memory.open(outer.root) as memory:
        assert told(memory, "lib/part.py") == [("ai", "Claude Opus 4.6")]
        assert told(memory, "own.py") == [("human", None)]
    with Memory.open(tmp_path / "tree") as memory:
        assert told(memory, "own.py") == [("human", None)]


def test_without_git_nobody_is_named(tmp_path: Path) -> None:
    """A folder that no repository knows has lines of unknown origin, and no error."""
    (tmp_path / "alone.py").write_text("alone = 1\n", encoding="utf-8")
    with Memory.open(tmp_path) as memory:
        assert told(memory, "alone.py") == [("unknown", None)]


def test_the_second_opinion_finds_the_traps_as_well(trapped: Repository, second_opinion: ModuleType) -> None:
    """It reads neither notes nor traces; of all else it must say what is known by hand, or it is no witness."""
    opinion = second_opinion.SecondOpinion.of(trapped.root)
    seen = [*(f"signed/{one.name}.py" for one in SIGNED), *MOVED, "begun.py"]
    assert {path: [(one.type, one.model) for one in opinion.lines(path)] for path in seen} == {
        path: trapped.expected[path] for path in seen
    }


def differences(root: Path, second_opinion: ModuleType, paths: list[str]) -> Counter[str]:
    """What the product and the second opinion say differently of those files, with how many lines."""
    opinion = second_opinion.SecondOpinion.of(root)
    found: Counter[str] = Counter()
    with Memory.open(root) as memory:
        for path in paths:
            ours, theirs = told(memory, path), [(one.type, one.model) for one in opinion.lines(path)]
            assert len(ours) == len(theirs), path
            found.update(
                f"{our} against {their} in {path}" for our, their in zip(ours, theirs, strict=True) if our != their
            )
    return found


def test_this_projects_own_lines_are_told_as_by_git_alone(tmp_path: Path, second_opinion: ModuleType) -> None:
    """A clone's newest modules, line by line."""
    if not (ROOT / ".git").exists():
        pytest.skip("not in its repository")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    newest = subprocess.run(
        ["git", "log", "-12", "--name-only", "--diff-filter=d", "--format=", "--", "pytest_llmlearn"],
        cwd=clone,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    paths = sorted({path for path in newest if (clone / path).is_file()})[:20]
    assert paths
    assert differences(clone, second_opinion, paths) == Counter()


@pytest.mark.corpora
@pytest.mark.slow
@pytest.mark.skipif(not (PACK / "dev.tar.xz").is_file(), reason="no corpora (LLMLEARN_CORPORA)")
def test_of_real_generated_code_every_line_is_known_with_its_model(tmp_path: Path, second_opinion: ModuleType) -> None:
    """The folder is named for the model, whose commit is signed as its assistant would; the tests are a person's."""
    script = [sys.executable, str(PACK / "materialise.py")]
    subprocess.run([*script, "unpack", str(tmp_path / "pack")], check=True, capture_output=True)
    tree = tmp_path / "tree"
    # Six models, for there are five ways in which their commits are signed.
    chosen = ["--tasks", "3", "--models", "^(GPT-5|Codestral|GPT-4.1|DeepSeek-V3|Gemini-Pro|Qwen2.5-Coder)$"]
    subprocess.run([*script, "tree", str(tmp_path / "pack" / "classeval"), str(tree), *chosen], check=True)
    paths = sorted(path.relative_to(tree).as_posix() for path in tree.glob("gen/*/*.py"))
    assert len({path.split("/")[1] for path in paths}) == 6
    with Memory.open(tree) as memory:
        for path in paths:
            _, model, file = path.split("/")
            expected = ("human", None) if file.startswith("test_") else ("ai", model)
            lines = told(memory, path)
            assert lines == [expected] * len(lines)
            assert lines
    assert differences(tree, second_opinion, paths) == Counter()
    shutil.rmtree(tree)
