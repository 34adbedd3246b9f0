"""The file of marks: what is written is read, by other branches and other hands too."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.marks import FILE, MarkReader, MarksFile
from pytest_llmlearn.domain.assistants import KNOWN, Roster
from pytest_llmlearn.domain.marks import Mark, MarkType, mark
from pytest_llmlearn.hookspecs import History, StandingByPath

NOON = datetime(2026, 11, 21, 12, 0, 0, 123, tzinfo=UTC)
TEXT = "import os\n\ndef first():\n    return os\n"


@dataclass(frozen=True, kw_only=True)
class _Project:
    """A project of files alone; whoever asks its history is told to have gone astray."""

    root: Path
    generated: Sequence[tuple[str, str | None]] = ()
    assistants: Roster = KNOWN
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def history(self) -> History:
        raise AssertionError("marks need no history")

    def text(self, path: str) -> str | None:
        file = self.root / path
        return file.read_text(encoding="utf-8") if file.is_file() else None


@pytest.fixture
def project(tmp_path: Path) -> _Project:
    """One file, and no folder of ours yet."""
    (tmp_path / "a.py").write_text(TEXT, encoding="utf-8")
    return _Project(root=tmp_path)


def marks_of(project: _Project) -> MarksFile:
    return MarksFile(project.root, lambda: (project.root / ".llmlearn").mkdir())


def a_mark(
    start: int = 3, end: int = 4, *, type: MarkType = "ai", path: str = "a.py", minutes: int = 0, model: str = "opus"
) -> Mark:
    return mark(
        path,
        TEXT.split("\n"),
        (start, end),
        type,
        time=NOON + timedelta(minutes=minutes),
        model=model if type == "ai" else None,
    )


def types(project: _Project, path: str = "a.py") -> list[str | None]:
    answers = MarkReader(project).read([path]).get(path, ())
    return [answer.type if answer is not None else None for answer in answers]


def test_what_is_written_is_read(project: _Project) -> None:
    """Every part of it, by another process's eyes."""
    said = [
        a_mark(),
        mark("a.py", TEXT.split("\n"), (1, 1), "human", time=NOON, by="Röbin"),
        Mark(path="a.py", type="withdrawn", time=NOON),
    ]
    writer = marks_of(project)
    for one in said:
        writer.add(one)
    assert list(MarksFile(project.root).of("a.py")) == said
    assert list(writer.of("a.py")) == said
    assert writer.of("b.py") == ()


def test_the_reader_answers_for_marked_lines_alone(project: _Project) -> None:
    """Files without marks are left out."""
    marks_of(project).add(a_mark())
    assert types(project) == [None, None, "ai", "ai", None]
    assert set(MarkReader(project).read(["a.py", "b.py"])) == {"a.py"}


def test_a_marked_file_that_is_gone_says_nothing_by_itself(project: _Project) -> None:
    """Whether anything is a model's is asked in runs, without the history; its marks count for what is remembered."""
    before = MarkReader(project).standing_of(["a.py"])
    marks_of(project).add(a_mark(path="gone.py"))
    assert not MarkReader(project).says_anything()
    assert MarkReader(project).standing_of(["a.py"]) != before == {}


def test_it_knows_whether_anything_is_a_models(project: _Project) -> None:
    """A mark that says human, one that was taken back, or one whose lines are gone is no sign of a model."""
    assert not MarkReader(project).says_anything()
    marks_of(project).add(a_mark(type="human"))
    assert not MarkReader(project).says_anything()
    marks_of(project).add(a_mark(minutes=1))
    assert MarkReader(project).says_anything()
    (project.root / "a.py").write_text("x = 1\n", encoding="utf-8")
    assert not MarkReader(project).says_anything()


def test_a_word_moves_the_standing_of_its_file_alone(project: _Project) -> None:
    """What is remembered of the others holds."""
    reader = MarkReader(project)
    (project.root / "b.py").write_text(TEXT, encoding="utf-8")
    marks_of(project).add(a_mark())
    marks_of(project).add(a_mark(path="b.py"))
    before, everywhere = reader.standing_of(["a.py", "b.py", "c.py"]), reader.standing()
    marks_of(project).add(a_mark(type="human"))
    after = reader.standing_of(["a.py", "b.py", "c.py"])
    assert set(before) == set(after) == {"a.py", "b.py"}
    assert before["a.py"] != after["a.py"]
    assert before["b.py"] == after["b.py"]
    assert everywhere == reader.standing() == MarkReader(project).standing()
    assert isinstance(reader, StandingByPath)


DAMAGED = [
    "{",
    "[]",
    "null",
    "{}",
    '{"path": "a.py", "type": "robot", "time": "2026-01-01T00:00:00Z", "lines": "1-1", "hashes": "00000000"}',
    '{"path": "a.py", "type": "ai", "time": "yesterday", "lines": "1-1", "hashes": "00000000"}',
    '{"path": "a.py", "type": "ai", "time": "2026-01-01T00:00:00Z", "lines": "2-1", "hashes": ""}',
    '{"path": "a.py", "type": "ai", "time": "2026-01-01T00:00:00Z", "lines": "1-3", "hashes": "00000000"}',
    '{"path": "a.py", "type": "ai", "time": "2026-01-01T00:00:00Z", "lines": [1, 2], "hashes": "00000000"}',
    '{"path": "a.py", "type": "ai", "time": "2026-01-01T00:00:00Z", "lines": "1-1", "hashes": ["00000000"]}',
    '{"path": ["a.py"], "type": "ai", "time": "2026-01-01T00:00:00Z", "lines": "1-1", "hashes": "00000000"}',
    '{"path": "a.py", "type": "ai", "time": "2026-01-01T00:00:00Z"}',
    "[" * 100_000,
    "<<<<<<< ours",
]


@pytest.mark.parametrize("line", DAMAGED)
def test_a_line_that_cannot_be_understood_costs_itself_only(project: _Project, line: str) -> None:
    """It is said once, and the others hold."""
    marks_of(project).add(a_mark())
    with (project.root / FILE).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n\n")
    marks_of(project).add(a_mark(1, 1, type="human"))
    reader = MarkReader(project)
    answers = reader.read(["a.py", "a.py"])["a.py"]
    assert [answer.type if answer else None for answer in answers] == ["human", None, "ai", "ai", None]
    assert reader.notices == (f"1 line of {FILE} cannot be understood, and nothing was taken from them",)


def test_bytes_that_are_no_text_cost_their_line_only(project: _Project) -> None:
    """As any other damage."""
    marks_of(project).add(a_mark())
    with (project.root / FILE).open("ab") as file:
        file.write(b"\xff\xfe\x00\n")
    reader = MarkReader(project)
    assert set(reader.read(["a.py"])) == {"a.py"}
    assert len(reader.notices) == 1


def test_a_last_line_left_open_is_closed_first(project: _Project) -> None:
    """Editors leave such lines; the next mark does not run into it."""
    marks_of(project).add(a_mark())
    file = project.root / FILE
    file.write_text(file.read_text(encoding="utf-8").rstrip("\n"), encoding="utf-8")
    marks_of(project).add(a_mark(1, 1, type="human"))
    assert len([json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]) == 2


def test_two_branches_are_merged_by_keeping_all_lines(project: _Project) -> None:
    """`merge=union` may put them in any order; their times decide."""
    early, late = a_mark(), a_mark(type="human", minutes=5)
    for one in (late, early):
        marks_of(project).add(one)
    assert types(project) == [None, None, "human", "human", None]


def test_a_model_cannot_paint_the_terminal(project: _Project) -> None:
    """The file comes with a checkout, and so from anyone."""
    marks_of(project).add(a_mark(model="opus\x1b[31m\n\u202e"))
    (model,) = {answer.model for answer in MarkReader(project).read(["a.py"])["a.py"] if answer}
    assert model is not None
    assert not set("\x1b\n\u202e") & set(model)


def test_many_processes_may_write_at_once(project: _Project) -> None:
    """No line is lost or torn."""
    (project.root / ".llmlearn").mkdir()
    code = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from pytest_llmlearn.adapters.marks import MarksFile; from pytest_llmlearn.domain.marks import mark\n"
        "file = MarksFile(Path(sys.argv[1]))\n"
        "for n in range(50): file.add(mark('a.py', ['x'] * 300, (1, 300), 'ai', time=datetime.now(UTC), model='m'))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(project.root)]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    reader = MarksFile(project.root)
    assert len(reader.of("a.py")) == 150
    assert reader.skipped == 0
