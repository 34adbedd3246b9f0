"""`llmlearn provenance` and `llmlearn mark` on real histories."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn import Memory
from pytest_llmlearn.entrypoints.cli import main
from pytest_llmlearn.entrypoints.cli.provenance import _progress
from tests.projects import Project

HUMAN_PART = "import os\n\n\ndef by_hand():\n    return os.getcwd()\n"
CLASS = "\n\nclass Client:\n    def load(self):\n        return 1\n\n    def save(self):\n        return 2\n"
TEST = "from app.client import Client\n\n\ndef test_load():\n    assert Client().load() == 1\n"
CLAUDE = "more\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"
MODEL = "Claude Opus 4.6"
LINE_KEYS = {"type", "model", "tool", "confidence", "evidence"}
ROLL_UP_KEYS = {"type", "model", "models", "confidence", "lines"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A file that a person began and a model went on with, its test by the model, and a file that is not committed."""
    monkeypatch.chdir(tmp_path)
    made = Project(tmp_path)
    made.write({"app/client.py": HUMAN_PART, ".gitignore": "ignored/\n"}).commit("begun by hand")
    made.write({"app/client.py": HUMAN_PART + CLASS, "tests/test_client.py": TEST}).commit(CLAUDE)
    made.write({"new.py": "x = 1\n", "ignored/build.py": "y = 2\n", "notes.txt": "a note\n"})
    return made


def llmlearn(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def parsed(*words: str) -> Any:
    done = llmlearn(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def sentence(*words: str) -> str:
    """What an error says, in one sentence on standard error."""
    done = llmlearn(*words)
    assert done.exit_code == 1, done.output
    assert not done.stdout
    assert done.stderr.count("\n") == 1
    return done.stderr


def models_of(path: str) -> list[str | None]:
    return [line["model"] for line in parsed("provenance", path)["lines"]]


def test_a_file_line_by_line_and_rolled_up(project: Project) -> None:
    """The keys that scripts read."""
    found = parsed("provenance", "app/client.py")
    assert set(found) == {"path", "lines", "ranges", "functions", "file", "notices"}
    assert found["path"] == "app/client.py"
    assert [line["line"] for line in found["lines"]] == list(range(1, 14))
    assert all(set(line) == {"line", *LINE_KEYS} for line in found["lines"])
    assert [(entry["start_line"], entry["end_line"], entry["type"]) for entry in found["ranges"]] == [
        (1, 5, "human"),
        (6, 13, "ai"),
    ]
    assert set(found["ranges"][1]) == {"start_line", "end_line", *LINE_KEYS}
    assert found["ranges"][1]["model"] == MODEL
    assert found["ranges"][1]["tool"] == "claude"
    assert 0 < found["ranges"][1]["confidence"] < 1
    assert project.git("rev-parse", "HEAD")[:12] in found["ranges"][1]["evidence"]
    assert [(entry["qualname"], entry["kind"], entry["type"], entry["model"]) for entry in found["functions"]] == [
        ("by_hand", "function", "human", None),
        ("Client", "class", "ai", MODEL),
        ("Client.load", "function", "ai", MODEL),
        ("Client.save", "function", "ai", MODEL),
    ]
    assert set(found["functions"][0]) == {"qualname", "kind", "start_line", "end_line", *ROLL_UP_KEYS}
    assert set(found["file"]) == ROLL_UP_KEYS
    assert found["file"]["type"] == "mixed"
    assert found["file"]["lines"] == {"human": 5, "ai": 8, "mixed": 0, "unknown": 0}
    assert found["file"]["models"] == {MODEL: 8}


def test_a_file_for_people(project: Project) -> None:
    """Ranges with model, tool, confidence and evidence; then functions, then the whole."""
    lines = llmlearn("provenance", "app/client.py").stdout.splitlines()
    assert lines[0].split()[:2] == ["1-5", "human"]
    assert lines[1].startswith(f"6-13  ai     {MODEL} (claude)  0.")
    assert "commit" in lines[1]
    assert any(line.startswith("9-10") and line.endswith("Client.load") for line in lines)
    assert lines[-1].split()[:2] == ["file", "mixed"]


def test_a_path_may_be_given_from_anywhere(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a folder within, or absolute."""
    monkeypatch.chdir(project.root / "app")
    assert parsed("provenance", "client.py")["path"] == "app/client.py"
    assert parsed("provenance", "../tests/test_client.py")["path"] == "tests/test_client.py"
    assert parsed("provenance", str(project.root / "new.py"))["path"] == "new.py"


@pytest.mark.skipif(os.sep != "/", reason="names that Windows does not allow")
def test_a_backslash_may_belong_to_the_name(project: Project) -> None:
    """Else it separates folders, as on Windows."""
    project.write({"odd\\name.py": "x = 1\n"}).commit(CLAUDE)
    assert parsed("provenance", "odd\\name.py")["path"] == "odd\\name.py"
    assert parsed("provenance", "app\\client.py")["path"] == "app/client.py"


def test_a_folder_is_one_line_a_python_file(project: Project) -> None:
    """Tracked, or not ignored; each rolled up."""
    found = parsed("provenance", ".")
    assert [entry["path"] for entry in found["files"]] == ["app/client.py", "new.py", "tests/test_client.py"]
    assert [entry["type"] for entry in found["files"]] == ["mixed", "unknown", "ai"]
    lines = llmlearn("provenance", "app").stdout.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("mixed")
    assert lines[0].endswith("app/client.py")


def test_what_cannot_be_answered_is_one_sentence(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file that is missing, binary, or outside; also by way of a link."""
    outside = tmp_path_factory.mktemp("outside") / "secret.py"
    outside.write_text("x = 1\n", encoding="utf-8")
    (project.root / "binary.py").write_bytes(b"\x00\x01\x02")
    (project.root / "latin.py").write_bytes("x = 'ä'\n".encode("latin-1"))
    (project.root / "link.py").symlink_to(outside)
    assert "does not exist" in sentence("provenance", "missing.py")
    assert "binary" in sentence("provenance", "binary.py")
    assert "encoding" in sentence("provenance", "latin.py")
    for command in (["provenance"], ["mark", "--human"], ["mark", "--undo"], ["provenance", "--summary"]):
        for path in (str(outside), os.path.relpath(outside, project.root), "link.py", "app/../../x.py"):
            assert "outside the project" in sentence(*command, path)
    assert not (project.root / ".llmlearn").exists()


def test_a_wrong_use_is_told(project: Project) -> None:
    """With exit status 2."""
    for words in (
        ["provenance"],
        ["mark", "app/client.py"],
        ["mark", "app/client.py", "--human", "--model", "x"],
        ["mark", "app/client.py", "--human", "--undo"],
        ["mark", "app/client.py", "--human", "--lines", "a-b"],
        ["mark", "app/client.py", "--human", "--lines", "-3"],
        ["mark", "app/client.py", "--human", "--lines", "9" * 5000],
    ):
        assert llmlearn(*words).exit_code == 2, words


def test_the_summary_counts_the_repository(project: Project) -> None:
    """Lines without blank ones, functions without classes; ignored files and other languages are left out."""
    found = parsed("provenance", "--summary")
    assert set(found) == {"files", "lines", "functions", "models", "tests", "notices"}
    assert found["files"] == {
        "total": 3,
        "human": 0,
        "ai": 1,
        "mixed": 1,
        "unknown": 1,
        "share": {"human": 0.0, "ai": 0.3333, "mixed": 0.3333, "unknown": 0.3333},
    }
    assert {kind: found["lines"][kind] for kind in ("total", "human", "ai", "unknown")} == {
        "total": 19, "human": 5, "ai": 13, "unknown": 1,
    }  # fmt: skip
    assert {kind: found["functions"][kind] for kind in ("total", "human", "ai")} == {"total": 4, "human": 1, "ai": 3}
    assert found["models"] == {MODEL: {"lines": 13, "functions": 3, "files": 2}}
    assert found["tests"]["files"]["total"] == 1
    assert found["tests"]["lines"]["ai"] == 5
    assert found["tests"]["models"] == {MODEL: {"lines": 5, "functions": 1, "files": 1}}


def test_the_summary_of_a_folder_or_file(project: Project) -> None:
    """What lies below it."""
    assert parsed("provenance", "--summary", "app")["files"]["total"] == 1
    assert parsed("provenance", "--summary", "new.py")["lines"]["total"] == 1
    assert parsed("provenance", "--summary", "ignored")["files"]["total"] == 0
    assert "does not exist" in sentence("provenance", "--summary", "nowhere")


def test_the_summary_for_people(project: Project) -> None:
    """Counts with their shares, by model, and of the tests."""
    said = llmlearn("provenance", "--summary").stdout
    assert "13 (68%)" in said
    assert MODEL in said
    assert "of these in tests:" in said
    assert llmlearn("provenance", "--summary", "ignored").stdout == "no Python files there\n"


def test_a_submodules_files_belong_to_the_repository(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each with its own history."""
    other = Project(tmp_path_factory.mktemp("other")).write({"lib.py": "z = 3\n"}).commit(CLAUDE)
    project.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "vendored")
    project.git("commit", "-q", "-m", "a submodule")
    found = {entry["path"]: entry["type"] for entry in parsed("provenance", ".")["files"]}
    assert found["vendored/lib.py"] == "ai"


def test_without_git_the_folder_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a build or an installer wrote is left out; in-file marks still tell."""
    monkeypatch.chdir(tmp_path)
    Project(tmp_path).write({
        "pyproject.toml": "[tool.llmlearn]\n",
        "a.py": "# llmlearn: generated=gpt-4o\nx = 1\n",
        "b.py": "y = 2\n",
        "venv/lib.py": "z = 3\n",
        "myenv/pyvenv.cfg": "",
        "myenv/lib.py": "z = 3\n",
        ".hidden/c.py": "z = 3\n",
    })  # fmt: skip
    found = parsed("provenance", "--summary")
    assert (found["files"]["total"], found["files"]["ai"]) == (2, 1)
    assert found["models"] == {"gpt-4o": {"lines": 2, "functions": 0, "files": 1}}


def test_a_mark_wins_over_all_else(project: Project) -> None:
    """Over the history, and over a marker in the file itself."""
    project.write({"own.py": "# llmlearn: generated=gpt-4o\nx = 1\ny = 2\n"})
    done = llmlearn("mark", "own.py", "--human", "--lines", "2-3")
    assert done.stdout == "lines 2 to 3 of own.py: marked as written by a human\n"
    assert [line["type"] for line in parsed("provenance", "own.py")["lines"]] == ["ai", "human", "human"]
    done = llmlearn("mark", "app/client.py", "--model", "gpt-4o", "--lines", "4", "--by", "Robin")
    assert done.stdout == "line 4 of app/client.py: marked as written by gpt-4o\n"
    line = parsed("provenance", "app/client.py")["lines"][3]
    assert (line["type"], line["model"], line["confidence"]) == ("ai", "gpt-4o", 1.0)
    assert line["evidence"].startswith("marked by Robin on ")


def test_a_mark_is_taken_back(project: Project) -> None:
    """By a record of its own: what was said is not deleted."""
    assert "nothing is marked in app/client.py" in sentence("mark", "app/client.py", "--undo")
    llmlearn("mark", "app/client.py", "--model", "gpt-4o")
    assert set(models_of("app/client.py")) == {"gpt-4o"}
    done = llmlearn("mark", "app/client.py", "--undo", "--lines", "1-5")
    assert done.stdout == "what was said of lines 1 to 5 of app/client.py is taken back\n"
    assert models_of("app/client.py")[:6] == [None] * 5 + ["gpt-4o"]
    llmlearn("mark", "app/client.py", "--undo")
    assert set(models_of("app/client.py")) == {None, MODEL}
    assert len((project.root / ".llmlearn/marks.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_the_mark_of_a_file_that_is_gone_can_be_taken_back(project: Project) -> None:
    """Or else it would stay for ever."""
    llmlearn("mark", "new.py", "--human")
    (project.root / "new.py").unlink()
    assert llmlearn("mark", "new.py", "--undo").exit_code == 0


def test_a_mark_follows_its_lines(project: Project) -> None:
    """Into another place of the file; a changed line loses it."""
    llmlearn("mark", "app/client.py", "--model", "gpt-4o", "--lines", "4-5")
    text = HUMAN_PART.replace("os.getcwd()", "os.curdir")
    project.write({"app/client.py": f"import sys\n{text}{CLASS}"})
    marked = [index for index, model in enumerate(models_of("app/client.py"), 1) if model == "gpt-4o"]
    assert marked == [5]


def test_a_mark_follows_its_file_to_another_name(project: Project) -> None:
    """As far as git does; what is said of the new name comes on top."""
    assert llmlearn("mark", "app/client.py", "--lines", "8-9", "--human").exit_code == 0
    assert llmlearn("provenance", "app/client.py").exit_code == 0
    project.git("mv", "app", "lib")
    assert [line["type"] for line in parsed("provenance", "lib/client.py")["lines"]][6:10] == [
        "ai",
        "human",
        "human",
        "ai",
    ]
    project.commit("rename")
    assert [line["type"] for line in parsed("provenance", "lib/client.py")["lines"]][6:10] == [
        "ai",
        "human",
        "human",
        "ai",
    ]
    assert llmlearn("mark", "lib/client.py", "--lines", "8", "--model", "gpt-4o").exit_code == 0
    assert parsed("provenance", "lib/client.py")["lines"][7]["model"] == "gpt-4o"
    assert parsed("provenance", "lib/client.py")["lines"][8]["type"] == "human"
    assert llmlearn("mark", "app/client.py", "--undo").exit_code == 0
    assert parsed("provenance", "lib/client.py")["lines"][8]["type"] == "ai"


def test_what_cannot_be_marked_is_one_sentence(project: Project) -> None:
    """Nothing is written then."""
    (project.root / "empty.py").touch()
    assert "does not exist" in sentence("mark", "missing.py", "--human")
    assert "has the lines 1 to 13, not 12 to 14" in sentence("mark", "app/client.py", "--human", "--lines", "12-14")
    assert "not 0 to 1" in sentence("mark", "app/client.py", "--human", "--lines", "0-1")
    assert "not 5 to 4" in sentence("mark", "app/client.py", "--human", "--lines", "5-4")
    assert "is a folder" in sentence("mark", "app", "--human")
    assert "is empty" in sentence("mark", "empty.py", "--human")
    assert "needs a name" in sentence("mark", "app/client.py", "--model", " ")
    assert not (project.root / ".llmlearn").exists()


def test_marks_can_be_committed_and_what_is_remembered_cannot(project: Project) -> None:
    """git sees the one and not the other."""
    llmlearn("mark", "new.py", "--human")
    parsed("provenance", "--summary")
    assert (project.root / ".llmlearn/state/provenance.db").exists()
    project.git("add", "-A")
    staged = project.git("diff", "--cached", "--name-only").split()
    assert ".llmlearn/marks.jsonl" in staged
    assert not [path for path in staged if path.startswith(".llmlearn/state")]


def test_a_second_question_blames_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing changed: git only lists the files."""
    project.commit("all of it")
    first = parsed("provenance", "--summary")
    started: list[str] = []
    real = subprocess.Popen

    def watched(words: Any, *rest: Any, **options: Any) -> Any:
        started.extend(word for word in words if word in ("blame", "log", "ls-files", "cat-file"))
        return real(words, *rest, **options)

    monkeypatch.setattr(subprocess, "Popen", watched)
    assert parsed("provenance", "--summary") == first
    assert started == ["ls-files"]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of long counts, and wiped out at the end; what reads the error stream otherwise is left in peace."""
    with _progress() as told:
        assert told is None
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with _progress() as told:
        assert told is not None
        told(1, 2)
    assert terminal.getvalue() == ""
    with _progress() as told:
        assert told is not None
        told(200, 300)
    assert "200 of 300 files" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_clearing_erases_what_was_found_out(project: Project) -> None:
    """Also where nothing was learned; what people said stays."""
    llmlearn("mark", "new.py", "--human")
    parsed("provenance", "--summary")
    assert llmlearn("clear", "--yes").exit_code == 0
    assert not (project.root / ".llmlearn/state/provenance.db").exists()
    assert [line["type"] for line in parsed("provenance", "new.py")["lines"]] == ["human"]


def test_a_question_of_the_library_creates_nothing(project: Project) -> None:
    """Unless it is asked to keep the answer; what is said counts at once."""
    with Memory.open(project.root) as memory:
        assert memory.provenance("app/client.py").rolled.type == "mixed"
        assert memory.provenance_summary().whole.files.total == 3
    assert not (project.root / ".llmlearn").exists()
    with Memory.open(project.root) as memory:
        assert memory.provenance("app/client.py", keep=True).rolled.type == "mixed"
        assert (project.root / ".llmlearn/state/provenance.db").exists()
        memory.mark("new.py", model="gpt-4o")
        assert memory.provenance("new.py").rolled.model == "gpt-4o"
        memory.unmark("new.py")
        assert memory.provenance("new.py").rolled.type == "unknown"


def test_a_run_in_which_nothing_fails_creates_nothing(project: Project) -> None:
    """Learning is silent where there is nothing to learn."""
    project.write({"test_ok.py": "def test_ok():\n    pass\n"})
    done = project.run("pytest", "--llm-learn", "-q", "test_ok.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (project.root / ".llmlearn").exists()


def test_a_failing_run_remembers_what_it_found_out(project: Project) -> None:
    """Already the first one, which makes the folder only at its end."""
    project.write({"tests/test_client.py": TEST.replace("== 1", "== 2"), "conftest.py": ""}).commit(CLAUDE)
    done = project.run("python", "-m", "pytest", "--llm-learn", "-q")
    assert done.returncode == 1, done.stdout + done.stderr
    assert (project.root / ".llmlearn/state/provenance.db").exists()


def test_evidence_cannot_paint_the_terminal(project: Project) -> None:
    """A trailer is text that anyone can write."""
    project.write({"new.py": "x = 1\n"}).commit(
        "new\n\nCo-authored-by: Claude \x1b[31mred\u202e <noreply@anthropic.com>"
    )
    done = llmlearn("provenance", "new.py")
    assert done.exit_code == 0
    assert not set("\x1b\u202e") & set(done.stdout)
