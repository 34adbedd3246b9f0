"""The committed lessons, by way of the memory that reads and writes them."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from pytest_llmlearn.adapters.lessons_file import LessonsFile
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.bootstrap import Memory
from pytest_llmlearn.domain.committed import line
from pytest_llmlearn.entrypoints.cli import main
from tests.builders import a_run, an_entry
from tests.committing import a_lesson


def test_lines_of_a_later_version_stay(tmp_path: Path) -> None:
    """Whoever has not yet updated takes nothing from those who have; broken lines go."""
    later = json.dumps({"v": 2, "told": "otherwise", "fingerprint": "2:dddd"})
    LessonsFile(tmp_path).write(f"{later}\nbroken\n{line(a_lesson())}\n{later}\n")
    with Memory.open(tmp_path) as memory:
        made = memory.lessons_to_commit()
    assert made.text == f"{line(a_lesson())}\n{later}\n"
    assert any("of a later version" in problem for problem in made.problems)


def test_what_is_only_counted_makes_no_file_out_of_date(tmp_path: Path) -> None:
    """A run that meets a known mistake by another model's hand; what the line teaches is the same."""
    LessonsFile(tmp_path).write(f"{line(a_lesson(models=('model-z',)))}\n{line(a_lesson())}\n")
    with Memory.open(tmp_path) as memory:
        memory.patterns()
        SqliteStore(tmp_path).record(a_run(), [an_entry("1:aaaa", model="model-b")])
        assert memory.lessons_to_commit().changed == 1
        assert memory.check_lessons() == []
        memory.enforce("1:aaaa")
        (wrong,) = memory.check_lessons()
        assert "(1 out of date)" in wrong
        memory.mute("1:aaaa")
        SqliteStore(tmp_path).record(a_run(run_id="other"), [an_entry("1:cccc")])
        memory.approve("1:cccc")
        (wrong,) = memory.check_lessons()
        assert "(1 missing, 1 to go)" in wrong


def test_whoever_forgets_a_committed_lesson_is_told_where_it_stands(tmp_path: Path) -> None:
    """The file is not the memory's own: what is erased here comes back from there."""
    LessonsFile(tmp_path).write(f"{line(a_lesson())}\n")
    with Memory.open(tmp_path) as memory:
        SqliteStore(tmp_path).record(a_run(), [an_entry("1:aaaa"), an_entry("1:cccc")])
        assert {one.fingerprint for one in memory.patterns()} == {"1:aaaa", "1:cccc"}
    for name, told in (("1:aaaa", True), ("1:cccc", False)):
        done = CliRunner().invoke(main, ["--root", str(tmp_path), "forget", name, "--yes"])
        assert done.exit_code == 0
        assert ("take its line out" in done.stderr) == told
