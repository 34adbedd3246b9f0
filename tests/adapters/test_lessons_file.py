"""The file of committed lessons on disk."""

from __future__ import annotations

import time
from pathlib import Path

from pytest_llmlearn.adapters.lessons_file import LessonsFile
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.domain.committed import line
from tests.builders import a_run, an_entry, at
from tests.committing import a_lesson


def test_nothing_is_there(tmp_path: Path) -> None:
    """A project without the file has no lessons, and no folder is made by looking."""
    file = LessonsFile(tmp_path)
    assert (file.stamp(), file.read().lessons, file.read().problems) == ("", (), ())
    assert not list(tmp_path.iterdir())


def test_broken_lines_cost_themselves_alone(tmp_path: Path) -> None:
    """What a merge without the union driver left, half a line, a line of a later version: each sort is said once."""
    file = LessonsFile(tmp_path)
    one, other = line(a_lesson()), line(a_lesson("1:cccc"))
    file.path.parent.mkdir()
    later = one.replace('"v": 1', '"v": 9')
    text = f"<<<<<<< ours\n{one}\n=======\n{other}\n>>>>>>> theirs\n\n{other[:50]}\n{later}\n"
    file.path.write_text(text, encoding="utf-8")
    found = file.read()
    assert [one.fingerprint for one in found.lessons] == ["1:aaaa", "1:cccc"]
    assert found.problems == (
        "3 lines of .llmlearn/lessons.jsonl are left by a merge (a conflict marker), the first in line 1, and were "
        "skipped",
        "line 7 of .llmlearn/lessons.jsonl is no line of JSON, and was skipped",
        "line 8 of .llmlearn/lessons.jsonl is of a later version, and was skipped",
    )
    assert found.later == (later,)


def test_what_editors_make_of_a_file_is_no_other_file(tmp_path: Path) -> None:
    """A mark at its beginning, and lines ended as Windows does."""
    file = LessonsFile(tmp_path)
    text = f"{line(a_lesson())}\n{line(a_lesson('1:cccc'))}\n"
    file.write(text)
    plain = file.read()
    file.path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert (file.read(), plain.text, plain.problems) == (plain, text, ())


def test_writing_has_git_merge_it_by_lines(tmp_path: Path) -> None:
    """The attribute lies beside it, once; what hides the folder from git shows both."""
    folder = tmp_path / ".llmlearn"
    folder.mkdir()
    (folder / ".gitignore").write_text("*\n!.gitignore", encoding="utf-8")
    (folder / ".gitattributes").write_text("marks.jsonl merge=union\n", encoding="utf-8")
    for _ in range(2):
        LessonsFile(tmp_path).write(f"{line(a_lesson())}\n")
    assert (folder / ".gitattributes").read_text(encoding="utf-8") == (
        "marks.jsonl merge=union\nlessons.jsonl merge=union\n"
    )
    assert (folder / ".gitignore").read_text(encoding="utf-8").split() == [
        "*", "!.gitignore", "!.gitattributes", "!lessons.jsonl",
    ]  # fmt: skip
    assert sorted(path.name for path in folder.iterdir()) == [".gitattributes", ".gitignore", "lessons.jsonl"]


def test_the_stamp_moves_with_the_file(tmp_path: Path) -> None:
    """Whoever asks twice reads once."""
    file = LessonsFile(tmp_path)
    file.write(f"{line(a_lesson())}\n")
    first = file.stamp()
    assert file.stamp() == first != ""
    file.write(f"{line(a_lesson())}\n{line(a_lesson('1:cccc'))}\n")
    assert file.stamp() != first


def test_a_thousand_lessons_are_read_in_no_time(tmp_path: Path) -> None:
    """The file is read wherever it changed; the bound is several times what it takes."""
    file = LessonsFile(tmp_path)
    file.write("".join(f"{line(a_lesson(f'1:{number:04}'))}\n" for number in range(1000)))
    begun = time.process_time()
    assert len(file.read().lessons) == 1000
    assert time.process_time() - begun < 0.25


def test_a_lesson_of_the_file_is_none_that_was_seen(tmp_path: Path) -> None:
    """It is found and active, and no count knows of it; seen here, it counts from then on."""
    store = SqliteStore(tmp_path)
    rows = store.committed()
    rows.take_in([a_lesson(), a_lesson("1:cccc", state="enforced")], "stamp")
    assert rows.stamp() == "stamp"
    assert store.statistics().occurrences == store.statistics().runs == 0
    known = {one.fingerprint: one for one in store.patterns(shown=True)}
    assert {name: (one.state, one.frequency, one.seen) for name, one in known.items()} == {
        "1:aaaa": ("active", 0, 2),
        "1:cccc": ("enforced", 0, 2),
    }
    (counted,) = store.record(a_run(), [an_entry("1:aaaa")])
    assert (counted.before, counted.after, counted.new) == (0, 1, False)
    assert store.matching("1:aaaa")[0].frequency == 1


def test_a_line_that_was_taken_out_goes(tmp_path: Path) -> None:
    """With all that came of it; what was seen here as well stays, and is a candidate again."""
    store = SqliteStore(tmp_path)
    rows = store.committed()
    store.record(a_run(), [an_entry("1:aaaa")])
    rows.take_in([a_lesson(), a_lesson("1:cccc")], "one")
    assert store.matching("1:aaaa")[0].state == "active"
    rows.take_in([], "two")
    assert [(one.fingerprint, one.state) for one in store.patterns()] == [("1:aaaa", "candidate")]


def test_what_a_person_calls_wrong_here_is_muted_whatever_the_file_says(tmp_path: Path) -> None:
    """And is to be left out of the file by the next export."""
    store = SqliteStore(tmp_path)
    rows = store.committed()
    rows.take_in([a_lesson()], "one")
    store.say("1:aaaa", "wrong")
    assert store.matching("1:aaaa")[0].state == "muted"
    assert rows.dropped() == {"1:aaaa"}


def test_only_earlier_runs_make_a_mistake_recur(tmp_path: Path) -> None:
    """Of a run its own state does not count, nor that of one that began after it; flaky failures never do."""
    store = SqliteStore(tmp_path)
    for number, state in enumerate(("git:a", "git:b", "git:c")):
        run = a_run(f"run-{number}", started=at(number), finished=at(number), state=state)
        store.record(run, [an_entry(), an_entry("1:bbbb", flaky=True)])
    rows = store.committed()
    assert rows.states(["1:aaaa"], "run-0") == {}
    assert rows.states(["1:aaaa"], "run-2") == {"1:aaaa": {"git:a", "git:b"}}
    assert rows.states(["1:aaaa", "1:bbbb"]) == {"1:aaaa": {"git:a", "git:b", "git:c"}}


def test_without_git_the_culprits_code_tells_states_apart(tmp_path: Path) -> None:
    """Two functions that fail in one run are one state of it."""
    store = SqliteStore(tmp_path)
    both = [an_entry(), an_entry(unit="app.users:other", unit_hash="h9")]
    for name in ("run-1", "run-2"):
        store.record(a_run(name), both)
    assert len(store.committed().states(["1:aaaa"])["1:aaaa"]) == 1
    store.record(a_run("run-3"), [an_entry(unit_hash="h2")])
    assert len(store.committed().states(["1:aaaa"])["1:aaaa"]) == 2
