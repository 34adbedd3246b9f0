"""Trace files as they lie in real projects: which lines of today their records speak of."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.agent_trace import AgentTraceReader, TraceFiles, append
from pytest_llmlearn.adapters.agent_trace.files import MAX_BYTES
from pytest_llmlearn.adapters.git import GitHistory
from pytest_llmlearn.domain.agent_trace import trace_line
from pytest_llmlearn.domain.provenance import Provenance

NOON = datetime(2026, 1, 23, 12, tzinfo=UTC)
BASE = "a = 1\nb = 2\nc = 3\nd = 4\n"
EDITED = "a = 1\nb = 2\nfrom_a_model = compute(1)\nof_a_model = compute(2)\nc = 3\nd = 4\n"
RANGE = {"start_line": 3, "end_line": 4}


class Project:
    """A project in the making, with commits at given minutes after noon."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def git(self, *words: str, minutes: float = 0) -> str:
        """Run git there; its output."""
        people = ["-c", "user.name=Ada Byron", "-c", "user.email=ada@example.org"]
        date = (NOON + timedelta(minutes=minutes)).isoformat()
        return subprocess.run(
            ["git", *people, *words],
            cwd=self.root, check=True, text=True, capture_output=True,
            env={**os.environ, "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date},
        ).stdout.strip()  # fmt: skip

    def write(self, **files: str) -> None:
        """Python files by their names."""
        for name, text in files.items():
            (self.root / f"{name}.py").write_text(text, encoding="utf-8")

    def commit(self, minutes: float = 0, **files: str) -> str:
        """Write and commit; the commit. Trace files stay out, as projects have them."""
        if not (self.root / ".git").exists():
            self.git("init", "-q", "-b", "main")
            (self.root / ".git/info/exclude").write_text(".llmlearn\n.agent-trace\n", encoding="utf-8")
        self.write(**files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "Change", minutes=minutes)
        return self.git("rev-parse", "HEAD")

    def trace(self, *lines: str | dict[str, Any], file: str = ".agent-trace/traces.jsonl") -> None:
        """Lines of a trace file."""
        target = self.root / file
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a", encoding="utf-8") as out:
            out.writelines((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)

    def reader(self, root: Path | None = None, clock: datetime | None = None) -> AgentTraceReader:
        """A reader that was asked nothing yet."""
        at = root or self.root
        files = TraceFiles(at, clock=lambda: clock or NOON + timedelta(days=300))
        return AgentTraceReader(at, GitHistory(at), lambda path: (at / path).read_text(encoding="utf-8"), files=files)

    def types(self, path: str = "a.py", root: Path | None = None) -> list[str | None]:
        """Each line's type; empty where there is no answer at all."""
        return types(self.reader(root).read([path]).get(path, ()))


def types(lines: Sequence[Provenance | None]) -> list[str | None]:
    """Each line's type; None for no answer."""
    return [None if line is None else line.type for line in lines]


def traced(path: str, *ranges: dict[str, Any], minutes: float = 5, revision: str | None = None, **more: Any) -> Any:
    """A record as the reference implementation writes it."""
    contributor = more.pop("contributor", {"type": "ai", "model_id": "anthropic/claude-opus-4-5"})
    return {
        "version": "1.0", "id": "44489cd9-5d53", "timestamp": (NOON + timedelta(minutes=minutes)).isoformat(),
        **({"vcs": {"type": "git", "revision": revision}} if revision else {}), "tool": {"name": "cursor"},
        "files": [{"path": path, "conversations": [{"contributor": contributor, "ranges": [*(ranges or (RANGE,))]}]}],
        **more,
    }  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty project, and git as it is out of the box."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Project(tmp_path / "project")


IN_THE_MIDDLE = [None, None, "ai", "ai", None, None]


def test_an_edit_is_followed_from_its_revision_to_today(project: Project) -> None:
    """Recorded at the revision before it, committed, moved down, and touched by nobody since."""
    before = project.commit(0, a=BASE)
    project.trace(traced("a.py", revision=before))
    project.commit(10, a=EDITED)
    project.commit(20, a="# new\n" + EDITED)
    project.write(a="# newer\n# new\n" + EDITED)
    answers = project.reader().read(["a.py"])["a.py"]
    assert types(answers) == [None, None, *IN_THE_MIDDLE]
    assert answers[4] == Provenance(
        type="ai", model="claude-opus-4-5", tool="cursor", confidence=0.9,
        evidence=".agent-trace/traces.jsonl 44489cd9, 2026-01-23",
    )  # fmt: skip


def test_a_revision_with_the_edit_is_what_it_says(project: Project) -> None:
    """As the specification has it: recorded when it was committed."""
    project.commit(0, a=BASE)
    commit = project.commit(10, a=EDITED)
    project.trace(traced("a.py", revision=commit, minutes=10.1))
    project.commit(20, a="# new\n" + EDITED)
    assert project.types() == [None, *IN_THE_MIDDLE]


def test_all_within_one_second(project: Project) -> None:
    """A script that edits, records and commits leaves times that tell nothing."""
    before = project.commit(0, a=BASE)
    project.trace(traced("a.py", revision=before, minutes=0))
    project.commit(0, a=EDITED)
    assert project.types() == IN_THE_MIDDLE


def test_an_edit_that_is_not_committed_is_where_it_is_now(project: Project) -> None:
    """Its numbers are today's."""
    before = project.commit(0, a=BASE)
    project.trace(traced("a.py", revision=before))
    project.write(a=EDITED)
    assert project.types() == IN_THE_MIDDLE


def test_a_new_file_and_no_repository_at_all(project: Project) -> None:
    """An untracked file is not committed; without a repository all lines are as recorded."""
    project.write(a=EDITED)
    project.trace(traced("a.py"))
    assert project.types() == IN_THE_MIDDLE
    project.commit(0, b="x = 1\n")
    project.git("rm", "-q", "--cached", "a.py", minutes=1)
    project.git("commit", "-q", "-m", "Out", minutes=1)
    assert project.types() == IN_THE_MIDDLE


def test_a_renamed_file_keeps_its_records(project: Project) -> None:
    """They name it as it was."""
    before = project.commit(0, old=BASE)
    project.trace(traced("old.py", revision=before))
    project.commit(10, old=EDITED)
    project.git("mv", "old.py", "new.py")
    project.commit(20)
    assert project.types("new.py") == IN_THE_MIDDLE


def test_numbers_under_an_old_name_are_not_todays(project: Project) -> None:
    """A record that still names a file as it was says nothing of what a person has not committed yet."""
    project.commit(0, old=BASE)
    project.git("mv", "old.py", "new.py")
    project.commit(10)
    project.trace(traced("old.py", minutes=20))
    project.write(new=EDITED)
    assert project.types("new.py") == []


def test_a_person_who_went_over_it_is_the_author(project: Project) -> None:
    """In the history without a record, uncommitted with a later one."""
    before = project.commit(0, a=BASE)
    project.trace(traced("a.py", revision=before))
    project.commit(10, a=EDITED)
    project.commit(20, a=EDITED.replace("compute(2)", "calculate(2)"))
    assert project.types() == [None, None, "ai", None, None, None]
    project.trace(traced("a.py", {"start_line": 3, "end_line": 3}, contributor={"type": "human"}, minutes=30))
    project.write(a=EDITED.replace("compute", "calculate"))
    assert project.types() == [None, None, "human", None, None, None]


@pytest.mark.parametrize("kind", ["relative", "backslashes", "absolute", "dotted", "address"])
def test_a_path_may_be_written_in_many_ways(project: Project, kind: str) -> None:
    """As recorders on all systems do."""
    (project.root / "src").mkdir()
    (project.root / "src/a.py").write_text(EDITED, encoding="utf-8")
    paths = {
        "relative": "src/a.py", "backslashes": "src\\a.py", "absolute": str(project.root / "src/a.py"),
        "dotted": "./src/../src/a.py", "address": (project.root / "src/a.py").as_uri(),
    }  # fmt: skip
    project.trace(traced(paths[kind]))
    assert project.types("src/a.py") == IN_THE_MIDDLE


def test_a_project_that_is_reached_by_a_link(project: Project, tmp_path: Path) -> None:
    """A recorder may know it by another name than we."""
    project.write(a=EDITED)
    link = tmp_path / "link"
    link.symlink_to(project.root)
    project.trace(traced(str(link / "a.py")))
    assert project.types(root=link) == IN_THE_MIDDLE
    project.trace(traced(str(project.root / "a.py")))
    assert project.types(root=link) == IN_THE_MIDDLE


def test_paths_that_leave_the_repository_are_refused_and_told_once(project: Project) -> None:
    """In one sentence for the file, with one of them."""
    project.write(a=EDITED)
    project.trace(*(traced(path) for path in ("/etc/passwd", "../../x.py", "C:\\Users\\x\\a.py", "a.py", "../../x.py")))
    reader = project.reader()
    assert types(reader.read(["a.py"])["a.py"]) == IN_THE_MIDDLE
    assert reader.notices == [
        "3 paths were refused in .agent-trace/traces.jsonl, leading outside the repository, such as '../../x.py'"
    ]


def test_a_project_within_a_repository(project: Project) -> None:
    """The file at its root or at the top; paths from either, as recorders have them."""
    inner = project.root / "packages/one"
    inner.mkdir(parents=True)
    (inner / "a.py").write_text(BASE, encoding="utf-8")
    before = project.commit(0)
    for place, path in [
        (".agent-trace", "packages/one/a.py"),
        ("packages/one/.agent-trace", "a.py"),
        ("packages/one/.agent-trace", "packages/one/a.py"),
    ]:
        (project.root / place).mkdir(exist_ok=True)
        file = project.root / place / "traces.jsonl"
        file.write_text(json.dumps(traced(path, revision=before)) + "\n", encoding="utf-8")
        (inner / "a.py").write_text(EDITED, encoding="utf-8")
        assert project.types("a.py", inner) == IN_THE_MIDDLE, (place, path)
        file.unlink()


def test_bad_lines_are_skipped_and_told_once(project: Project) -> None:
    """Between good ones; an event that speaks of no file is no mistake."""
    project.write(a=EDITED)
    project.trace("{", "not json", "", '{"event": "start"}', traced("a.py"), "x" * 2_000_000)
    reader = project.reader()
    assert types(reader.read(["a.py"])["a.py"]) == IN_THE_MIDDLE
    assert reader.notices == [
        "3 lines were skipped in .agent-trace/traces.jsonl, being no record, 1 of them for their length"
    ]
    assert reader.read(["a.py"]) != {}
    assert len(reader.notices) == 1


@pytest.mark.timeout(120)  # against running without an end; how long it takes is for benchmarks to say
def test_of_a_huge_file_the_end_is_read(project: Project) -> None:
    """The latest records count, and a gigabyte costs no more than the bound."""
    project.write(a=EDITED)
    project.trace(traced("a.py"))
    (project.root / "b.py").write_text(EDITED, encoding="utf-8")
    file = project.root / ".agent-trace/traces.jsonl"
    with file.open("r+b") as out:  # a hole in the middle: large, and on the disk it is not
        out.seek(1_000_000_000)
        out.write(b"\n" + json.dumps(traced("b.py")).encode() + b"\n")
    reader = project.reader()
    assert [*reader.read(["a.py", "b.py"])] == ["b.py"]
    assert any(f"only its last {MAX_BYTES // 1024 // 1024} MB" in notice for notice in reader.notices)


def test_what_is_no_file_is_not_read(project: Project) -> None:
    """A pipe would never end, a folder cannot be read."""
    project.write(a=EDITED)
    (project.root / ".agent-trace").mkdir()
    (project.root / ".llmlearn/traces.jsonl").mkdir(parents=True)
    os.mkfifo(project.root / ".agent-trace/traces.jsonl")
    assert project.types() == []
    assert project.reader().standing() == ""


def test_our_own_log_is_surer_and_the_later_of_equal_times(project: Project) -> None:
    """It is what our own hook saw."""
    project.write(a=EDITED)
    project.trace(traced("a.py"))
    project.trace(traced("a.py", contributor={"type": "ai", "model_id": "ours"}), file=".llmlearn/traces.jsonl")
    answer = project.reader().read(["a.py"])["a.py"][2]
    assert answer is not None
    assert (answer.model, answer.confidence) == ("ours", 0.95)
    assert answer.evidence.startswith(".llmlearn/traces.jsonl")


def test_a_record_of_the_future_has_no_time(project: Project) -> None:
    """It does not beat what was recorded by clocks that are right."""
    project.write(a=EDITED)
    project.trace(traced("a.py"), traced("a.py", contributor={"type": "human"}, minutes=60 * 24 * 365))
    assert project.types() == IN_THE_MIDDLE
    later = project.reader(clock=NOON + timedelta(days=400))
    assert types(later.read(["a.py"])["a.py"]) == [None, None, "human", "human", None, None]


def test_a_project_without_trace_files_costs_no_process(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most have none."""
    project.commit(0, a=BASE)
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **more: pytest.fail(f"started {words}"))
    reader = project.reader()
    assert reader.read(["a.py"]) == {}
    assert not reader.says_anything()
    assert (reader.standing(), [*reader.notices]) == ("", [])


def test_it_says_something_where_a_model_wrote_a_file_that_is_there(project: Project) -> None:
    """A shell's history or a session, which the reference implementation records as files, is none."""
    project.trace(traced(".shell-history"), traced(".sessions"))
    assert not project.reader().says_anything()
    project.write(a=EDITED)
    project.trace(traced("a.py", contributor={"type": "human"}))
    assert not project.reader().says_anything()
    project.trace(traced("a.py"))
    assert project.reader().says_anything()


def test_the_standing_moves_with_the_files(project: Project) -> None:
    """And a reader that goes on, as an editor's does, reads them anew."""
    project.write(a=EDITED)
    project.trace(traced("b.py"))
    reader = project.reader()
    first = reader.standing()
    assert reader.read(["a.py"]) == {}
    project.trace(traced("a.py"))
    assert reader.standing() != first
    assert types(reader.read(["a.py"])["a.py"]) == IN_THE_MIDDLE


def ours(project: Project, text: str, ranges: list[tuple[int, int]], minutes: float, revision: str | None) -> str:
    """A record of our own for `a.py`."""
    return trace_line(
        id=f"own-{minutes}", time=NOON + timedelta(minutes=minutes), path="a.py", ranges=ranges,
        lines=text.splitlines(), model="anthropic/claude-opus-4-5", tool="claude", revision=revision,
        own={"session": "s1"},
    )  # fmt: skip


def test_what_we_append_is_what_we_read(project: Project) -> None:
    """At once, after code was put in above it, after a commit, and after both; a line that is changed is lost."""
    before = project.commit(0, a=BASE)
    (project.root / ".llmlearn").mkdir()
    append(project.root, ours(project, EDITED, [(3, 4)], 5, before))
    project.write(a=EDITED)
    assert project.types() == IN_THE_MIDDLE
    project.write(a="# above\n" + EDITED)
    assert project.types() == [None, *IN_THE_MIDDLE]
    project.commit(10)
    assert project.types() == [None, *IN_THE_MIDDLE]
    project.write(a="# more\n# above\n" + EDITED)
    assert project.types() == [None, None, *IN_THE_MIDDLE]
    project.commit(20, a="# above\n" + EDITED.replace("of_a_model", "of_a_person"))
    assert project.types() == [None, None, None, "ai", None, None, None]


def test_two_edits_before_one_commit_are_both_found(project: Project) -> None:
    """The second moved the first, which history alone cannot know."""
    before = project.commit(0, a=BASE)
    (project.root / ".llmlearn").mkdir()
    append(project.root, ours(project, EDITED, [(3, 4)], 5, before))
    twice = "import os\nimport sys\nfirst = os.name\n" + EDITED
    append(project.root, ours(project, twice, [(1, 3)], 6, before))
    project.commit(10, a=twice)
    assert project.types() == ["ai", "ai", "ai", *IN_THE_MIDDLE]


def test_what_is_found_by_its_text_costs_no_look_at_the_log(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a long history that look is the dearest part."""
    before = project.commit(0, a=BASE)
    (project.root / ".llmlearn").mkdir()
    append(project.root, ours(project, EDITED, [(3, 4)], 5, before))
    project.commit(10, a=EDITED)
    monkeypatch.setattr(GitHistory, "touching", lambda *words: pytest.fail("asked for the log"))
    assert project.types() == IN_THE_MIDDLE


def test_records_are_told_with_paths_from_the_projects_root(project: Project) -> None:
    """All of both files, for whoever counts generations; what lies elsewhere is left out."""
    inner = project.root / "packages/one"
    inner.mkdir(parents=True)
    project.commit(0)
    (inner / "a.py").write_text(EDITED, encoding="utf-8")
    project.trace(traced("packages/one/a.py"), traced("packages/two/b.py"), traced("/etc/passwd"))
    project.trace(traced("a.py"), file="packages/one/.llmlearn/traces.jsonl")
    records = [*TraceFiles(inner).records()]
    assert [[file.path for file in record.files] for record in records] == [["a.py"], ["a.py"]]


def test_a_line_is_appended_whole(project: Project) -> None:
    """By several at once, and after a writer that was stopped in the middle."""
    (project.root / ".llmlearn").mkdir()
    log = project.root / ".llmlearn/traces.jsonl"
    log.write_bytes(b'{"torn": ')
    writers = [
        threading.Thread(target=lambda: [append(project.root, json.dumps({"x": "y" * 5_000})) for _ in range(20)])
        for _ in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    torn, *whole = log.read_text(encoding="utf-8").splitlines()
    assert torn == '{"torn": '
    assert [json.loads(line)["x"] for line in whole if line] == ["y" * 5_000] * 80
    with pytest.raises(ValueError, match="one line"):
        append(project.root, "a\nb")
    with pytest.raises(FileNotFoundError):
        append(project.root / "nowhere", "{}")


@pytest.mark.timeout(120)  # against running without an end; how long it takes is for benchmarks to say
def test_many_records_on_one_file_are_read_in_bounded_time(project: Project) -> None:
    """A long session leaves thousands, most of whose texts are gone."""
    project.commit(0, a="".join(f"variable_{number} = {number}\n" for number in range(2_000)))
    project.write(a="".join(f"variable_{number} = {number + 1}\n" for number in range(2_000)))
    gone = {"start_line": 10, "end_line": 40, "content_hash": "murmur3:00000001"}
    project.trace(*(traced("a.py", gone, minutes=number / 100) for number in range(3_000)))
    reader = project.reader()
    reader.read(["a.py"])
    assert any("moved" in notice for notice in reader.notices)
