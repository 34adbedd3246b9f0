"""`.gitattributes` in real repositories: what they say of a file, and that git is not asked where they say nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.git.attribute_files import AttributeFiles
from pytest_llmlearn.adapters.git.attributes import AttributesReader
from pytest_llmlearn.domain.assistants import an_assistant, roster_with
from pytest_llmlearn.domain.provenance import Provenance


@pytest.fixture(autouse=True)
def own_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """git as it is out of the box, whoever runs the suite and from whichever hook."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_ATTR_NOSYSTEM", "1")


class Repository:
    """A repository in the making."""

    def __init__(self, top: Path) -> None:
        self.top = top
        top.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> None:
        """Run git there."""
        person = ["-c", "user.name=Ada Byron", "-c", "user.email=ada@example.org", "-c", "protocol.file.allow=always"]
        subprocess.run(["git", *person, *words], cwd=self.top, check=True, capture_output=True)

    def write(self, files: Mapping[str, str]) -> Repository:
        """Texts by their paths from the top."""
        for path, text in files.items():
            (self.top / path).parent.mkdir(parents=True, exist_ok=True)
            (self.top / path).write_text(text, encoding="utf-8")
        return self

    def commit(self, files: Mapping[str, str] | None = None) -> Repository:
        """Write the files and commit everything."""
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "Change")
        return self


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository of one file in a folder."""
    return Repository(tmp_path / "project").write({"app/a.py": "a = 1\nb = 2\n"})


def a_reader(root: Path, **more: Any) -> AttributesReader:
    """A reader that has been asked nothing yet."""
    return AttributesReader(root, environ=os.environ, **more)


def first(root: Path, path: str = "app/a.py", **more: Any) -> Provenance | None:
    """What the reader says of the file's first line."""
    return a_reader(root, **more).read([path]).get(path, [None])[0]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The words of every process that is started from now on."""
    started: list[list[str]] = []
    popen = subprocess.Popen

    def start(words: list[str], **more: Any) -> subprocess.Popen[bytes]:
        started.append(words)
        return popen(words, **more)

    monkeypatch.setattr(subprocess, "Popen", start)
    return started


@pytest.mark.parametrize(
    ("said", "model"),
    [
        ("llm-generated", None),
        ("llm-generated=true", None),
        ("llm-generated=gpt-5", "gpt-5"),
        ("llm-generated=anthropic/claude-sonnet-5", "anthropic/claude-sonnet-5"),
        ("llm-generated=gpt-5 linguist-generated", "gpt-5"),
    ],
)
def test_an_attribute_of_ours_is_a_persons_word(repository: Repository, said: str, model: str | None) -> None:
    """A model's, with its name where it is given: certain, and of every line."""
    repository.write({".gitattributes": f"app/** {said}\n"})
    lines = a_reader(repository.top).read(["app/a.py"])["app/a.py"]
    assert len(lines) >= 2
    assert {(entry.type, entry.model, entry.confidence) for entry in lines if entry} == {("ai", model, 1.0)}


@pytest.mark.parametrize(
    "said", ["-llm-generated", "llm-generated=human", "llm-generated=false", "llm-generated=Human"]
)
def test_a_person_says_that_a_person_wrote_it(repository: Repository, said: str) -> None:
    """As certain, and surer than what linguist is told."""
    repository.write({".gitattributes": f"app/** {said} linguist-generated\n"})
    answer = first(repository.top)
    assert answer is not None
    assert (answer.type, answer.model, answer.confidence) == ("human", None, 1.0)


@pytest.mark.parametrize("said", ["linguist-generated", "linguist-generated=true"])
def test_generated_for_linguist_is_weak(repository: Repository, said: str) -> None:
    """It says generated, but not by what."""
    repository.write({".gitattributes": f"app/** {said}\n"})
    answer = first(repository.top)
    assert answer is not None
    assert (answer.type, answer.model, answer.confidence) == ("ai", None, 0.5)


@pytest.mark.parametrize(
    "said", ["-linguist-generated", "linguist-generated=false", "!llm-generated", "text eol=lf", "x-generated-y"]
)
def test_what_denies_or_means_something_else_is_no_answer(repository: Repository, said: str) -> None:
    """That it is not for linguist to hide says nothing of who wrote it."""
    repository.write({".gitattributes": f"app/** {said}\n"})
    assert first(repository.top) is None


@pytest.mark.parametrize(
    "head",
    [
        "# Generated by the protocol buffer compiler.  DO NOT EDIT!",
        "# Code generated by sqlc. DO NOT EDIT.",
        "# @generated by stone",
        '"""Autogenerated by Thrift Compiler."""',
    ],
)
def test_what_a_program_wrote_is_not_laid_on_a_model(repository: Repository, head: str) -> None:
    """The head says by what; a person's word in our attribute stands all the same."""
    repository.write({"app/a.py": f"{head}\na = 1\n", ".gitattributes": "app/** linguist-generated\n"})
    assert first(repository.top) is None
    repository.write({".gitattributes": "app/** llm-generated\n"})
    assert first(repository.top) is not None


def test_an_assistant_in_the_head_is_no_program(repository: Repository) -> None:
    """The project's own assistants are known, too."""
    roster = roster_with((an_assistant("acme", names=["Acme Coder"]),))
    repository.write({".gitattributes": "app/** linguist-generated\n"})
    for name, known in (("Claude Code", True), ("Acme Coder", False)):
        repository.write({"app/a.py": f"# @generated by {name}. DO NOT EDIT.\n"})
        assert (first(repository.top) is not None) is known
        assert first(repository.top, roster=roster) is not None


def test_the_nearer_file_wins_as_git_has_it(repository: Repository) -> None:
    """One in the folder overrides one at the top; one elsewhere says nothing here."""
    repository.write({
        ".gitattributes": "app/** llm-generated=far\n",
        "app/.gitattributes": "b.py llm-generated=near\n",
        "lib/.gitattributes": "* llm-generated=elsewhere\n",
        "app/b.py": "",
    })  # fmt: skip
    models = {path: first(repository.top, path) for path in ("app/a.py", "app/b.py")}
    assert [answer.model for answer in models.values() if answer] == ["far", "near"]


def test_a_nested_file_alone_is_found(repository: Repository) -> None:
    """Only files below it are asked about."""
    repository.write({"app/deep/.gitattributes": "*.py llm-generated\n", "app/deep/er/b.py": "b = 1\n"})
    assert set(a_reader(repository.top).read(["app/a.py", "app/deep/er/b.py"])) == {"app/deep/er/b.py"}


def test_a_macro_stands_for_what_it_says(repository: Repository) -> None:
    """A folder's file may use it without the word that we look for."""
    repository.write({
        ".gitattributes": "[attr]machine llm-generated=gpt-5 -diff\n", "app/.gitattributes": "a.py machine\n"
    })  # fmt: skip
    answer = first(repository.top)
    assert answer is not None
    assert answer.model == "gpt-5"


def test_the_repositorys_own_file_counts(repository: Repository) -> None:
    """`.git/info/attributes` wins over all others."""
    repository.write({".git/info/attributes": "app/** llm-generated=own\n", ".gitattributes": "* llm-generated=top\n"})
    answer = first(repository.top)
    assert answer is not None
    assert answer.model == "own"


@pytest.mark.parametrize("where", ["usual", "named", "home", "repository"])
def test_the_users_file_counts(repository: Repository, tmp_path: Path, where: str) -> None:
    """The usual one, or what `core.attributesFile` names."""
    home = tmp_path / "home"
    file = home / ".config" / "git" / "attributes" if where == "usual" else home / "mine"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("*.py llm-generated\n", encoding="utf-8")
    if where == "repository":
        repository.git("config", "core.attributesFile", str(file))
    elif where != "usual":
        repository.git("config", "--global", "core.attributesFile", str(file) if where == "named" else "~/mine")
    assert first(repository.top) is not None


def test_a_submodule_has_attributes_of_its_own(repository: Repository, tmp_path: Path) -> None:
    """Those of the repository around it say nothing of it."""
    inner = Repository(tmp_path / "inner").commit({"m.py": "m = 1\n", ".gitattributes": "m.py llm-generated=inner\n"})
    repository.git("submodule", "add", "-q", str(inner.top), "sub")
    repository.commit({".gitattributes": "** llm-generated=outer\n"})
    models = {path: first(repository.top, path) for path in ("app/a.py", "sub/m.py")}
    assert [answer.model for answer in models.values() if answer] == ["outer", "inner"]


def test_a_project_in_a_folder_of_its_repository(repository: Repository) -> None:
    """Patterns are those of the files where they lie; paths those of the project."""
    repository.commit({".gitattributes": "app/a.py llm-generated\n"})
    assert first(repository.top / "app", "a.py") is not None
    assert a_reader(repository.top / "app").says_anything()


def test_a_worktree_has_the_repositorys_own_file(repository: Repository, tmp_path: Path) -> None:
    """Information is shared between worktrees."""
    repository.commit().write({".git/info/attributes": "*.py llm-generated\n"})
    repository.git("worktree", "add", "-q", str(tmp_path / "other"))
    assert first(tmp_path / "other") is not None


def test_names_of_any_kind_are_asked_about(repository: Repository) -> None:
    """Blanks, quotes, line ends and letters beyond ASCII."""
    paths = ["app/my file.py", 'app/say "hi".py', "app/two\nlines.py", "app/größe.py"]
    repository.write(dict.fromkeys(paths, "a = 1\n") | {".gitattributes": "app/** llm-generated\n"})
    assert set(a_reader(repository.top).read(paths)) == set(paths)


def test_one_process_answers_for_all_files(repository: Repository, counted: list[list[str]]) -> None:
    """However many they are."""
    paths = [f"app/m{number}.py" for number in range(3000)]
    repository.write({".gitattributes": "app/** llm-generated\n"})
    del counted[:]
    assert len(a_reader(repository.top).read(paths)) == 3000
    assert len(counted) == 1


def test_git_is_not_asked_where_no_file_speaks_of_it(repository: Repository, counted: list[list[str]]) -> None:
    """As in most projects."""
    repository.commit({".gitattributes": "*.py text eol=lf\n", "lib/.gitattributes": "* llm-generated\n"})
    del counted[:]
    assert a_reader(repository.top).read(["app/a.py"]) == {}
    assert counted == []


def test_standing_starts_no_process(repository: Repository, counted: list[list[str]]) -> None:
    """It is asked in every run."""
    repository.commit({".gitattributes": "*.py llm-generated\n", "lib/.gitattributes": "* llm-generated\n"})
    del counted[:]
    assert a_reader(repository.top).standing()
    assert counted == []


def test_without_a_repository_nothing_is_known(tmp_path: Path) -> None:
    """The attributes are git's."""
    (tmp_path / "a.py").touch()
    (tmp_path / ".gitattributes").write_text("* llm-generated\n", encoding="utf-8")
    reader = a_reader(tmp_path)
    assert (reader.read(["a.py"]), reader.says_anything(), reader.standing()) == ({}, False, "")


def test_without_git_nothing_is_known(repository: Repository) -> None:
    """Not an error, and a sentence for people."""
    repository.write({".gitattributes": "* llm-generated\n"})
    reader = AttributesReader(repository.top, environ={**os.environ, "PATH": ""})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        assert reader.read(["app/a.py"]) == {}
    assert len(reader.notices) == 1


def test_paths_that_leave_the_root_are_refused(repository: Repository) -> None:
    """Nothing outside the project is asked about."""
    repository.write({".gitattributes": "* llm-generated\n", "b.py": ""})
    paths = ["../b.py", str(repository.top / "b.py"), "x\0y.py", ""]
    assert a_reader(repository.top / "app").read(paths) == {}


def test_an_endless_name_of_a_model_is_cut(repository: Repository) -> None:
    """What is stored and shown has an end."""
    repository.write({".gitattributes": f"* llm-generated={'x' * 1500}\n"})
    answer = first(repository.top)
    assert answer is not None
    assert answer.model == "x" * 250


@pytest.mark.parametrize(
    ("said", "anything"),
    [
        ("app/*.py llm-generated", True),
        ("app/*.py linguist-generated", True),
        ("app/*.py -llm-generated", False),
        ("*.js linguist-generated", False),
        ("gone/** llm-generated", False),
        ("* text=auto", False),
    ],
)
def test_a_pattern_says_something_only_where_it_matches_a_tracked_file(
    repository: Repository, said: str, anything: bool
) -> None:
    """And a Python one; a person's file is nothing of a model's."""
    repository.commit({".gitattributes": f"{said}\n", "made.js": ""})
    assert a_reader(repository.top).says_anything() is anything


def test_a_nested_file_says_something(repository: Repository) -> None:
    """One that is tracked is found wherever it lies."""
    repository.commit({"app/deep/.gitattributes": "*.py llm-generated\n", "app/deep/b.py": ""})
    assert a_reader(repository.top).says_anything()


@pytest.mark.parametrize("path", [".gitattributes", "app/.gitattributes", ".git/info/attributes", "sub/.gitattributes"])
def test_what_a_file_says_makes_older_answers_void(repository: Repository, tmp_path: Path, path: str) -> None:
    """The top's, a nested one's, the repository's own, a submodule's."""
    inner = Repository(tmp_path / "inner").commit({"m.py": "", ".gitattributes": "* text\n"})
    repository.git("submodule", "add", "-q", str(inner.top), "sub")
    repository.commit({".gitattributes": "*.js linguist-generated\n", "app/.gitattributes": "* text\n"})
    before = a_reader(repository.top).standing()
    assert a_reader(repository.top).standing() == before
    repository.write({path: "*.py llm-generated\n"})
    assert a_reader(repository.top).standing() != before


def test_a_file_that_nobody_added_yet_makes_older_answers_void(repository: Repository) -> None:
    """git heeds it, tracked or not; what was remembered of files in other folders stays."""
    repository.commit({"other/b.py": "b = 1\n"})
    paths = ["app/a.py", "other/b.py"]
    reader = a_reader(repository.top)
    assert reader.standing_of(paths) == {}
    repository.write({"app/.gitattributes": "a.py llm-generated\n"})
    generated = reader.standing_of(paths)
    assert list(generated) == ["app/a.py"]
    repository.write({"app/.gitattributes": "a.py -llm-generated\n"})
    assert reader.standing_of(paths)["app/a.py"] != generated["app/a.py"]


def test_other_rules_leave_older_answers_alone(repository: Repository) -> None:
    """Where nothing speaks of what was generated, all of it is one state."""
    repository.commit({".gitattributes": "* text\n"})
    before = a_reader(repository.top).standing()
    repository.write({".gitattributes": "* text=auto\n"})
    assert a_reader(repository.top).standing() == before == ""


def test_who_counts_as_an_assistant_makes_older_answers_void(repository: Repository) -> None:
    """It decides what a head says."""
    repository.commit({".gitattributes": "* linguist-generated\n"})
    roster = roster_with((an_assistant("acme", names=["Acme Coder"]),))
    assert a_reader(repository.top).standing() != a_reader(repository.top, roster=roster).standing()


@pytest.mark.parametrize("kind", ["usual", "intent", "skipped"])
def test_nested_files_are_read_from_the_index(repository: Repository, kind: str) -> None:
    """Short names, long ones, names in which letters look like a length, and entries of either form."""
    names = ["a", "größe", "d" * 200, "p0" + "x" * 33, "n" * 100 + "/" + "m" * 150 + "/" + "o" * 90]
    repository.write({f"{name}/.gitattributes": "* text\n" for name in names} | {"a/b.gitattributes": ""})
    repository.git("add", *(["-N"] if kind == "intent" else []), ".")
    if kind == "skipped":
        repository.git("update-index", "--skip-worktree", "a/.gitattributes")
    files = AttributeFiles(top=repository.top, environ={})
    assert sorted(files.nested("")) == sorted(repository.top / name / ".gitattributes" for name in names)
    assert files.nested("a") == [repository.top / "a" / ".gitattributes"]
