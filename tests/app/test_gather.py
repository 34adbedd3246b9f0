"""Generations gathered from a history and from traces."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pytest_llmlearn.adapters.git import GitBlame
from pytest_llmlearn.app import gather
from pytest_llmlearn.app.gather import Gathered, Gatherer, generation_id
from pytest_llmlearn.domain.agent_trace import Span, TracedFile, TraceRecord
from pytest_llmlearn.domain.generation import Generation
from pytest_llmlearn.domain.signs import Identity
from tests.builders import a_generation
from tests.fakes import FakeHistory, FakeLedger

CLAUDE = "Work\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"
ROBIN = Identity(name="Robin", email="robin@example.org")


@dataclass
class FakeTraces:
    """`ports.Traces` in memory."""

    kept: list[TraceRecord] = field(default_factory=list)
    read: int = 0

    def records(self) -> list[TraceRecord]:
        self.read += 1
        return self.kept

    def standing(self) -> str:
        return str(len(self.kept)) if self.kept else ""


@dataclass
class Bench:
    history: FakeHistory = field(default_factory=FakeHistory)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    traces: FakeTraces = field(default_factory=FakeTraces)

    def gather(self, *, make: bool = True) -> Gathered:
        return Gatherer(
            ledger=self.ledger,
            history=self.history,
            wrote=GitBlame(self.history).author,
            traces=self.traces,
            redact=lambda text: text.replace("hunter2", "***"),
            clock=lambda: datetime(2026, 2, 1, tzinfo=UTC),
        ).gather(make=make)

    def all(self) -> list[Generation]:
        return self.ledger.generations()

    def time_of(self, commit: str) -> datetime:
        return self.history.commits([commit])[commit].time


def test_a_commit_of_an_assistant_is_a_generation_for_each_python_file() -> None:
    """With its model, its time and the blob it left; other files and people's commits are none."""
    bench = Bench()
    bench.history.commit({"by_hand.py": "x = 1\n"}, "Mine", ROBIN)
    made = bench.history.commit({"a.py": "a = 1\n", "notes.md": "a\n"}, CLAUDE, ROBIN)
    assert bench.gather() == Gathered(added=1, commits=frozenset({made}))
    (one,) = bench.all()
    assert (one.id, one.way, one.path, one.operation, one.commit) == (
        generation_id(made, "a.py"), "git", "a.py", "create", made
    )  # fmt: skip
    assert (one.model, one.time, one.qualname, one.prompt) == ("Claude Opus 4.6", bench.time_of(made), None, None)
    assert one.after is not None
    assert one.after.startswith("git:")


def test_edits_and_deletions_are_told_apart() -> None:
    """By what the commit did to the file."""
    bench = Bench()
    for text in ("a = 1\n", "a = 2\n", None):
        bench.history.commit({"a.py": text}, CLAUDE, ROBIN)
    bench.gather()
    assert [one.operation for one in bench.all()] == ["create", "edit", "delete"]


def test_what_was_read_is_not_asked_again() -> None:
    """At the same commit nothing is read; afterwards only what is new."""
    bench = Bench()
    bench.history.commit({"a.py": "a = 1\n"}, CLAUDE, ROBIN)
    bench.gather()
    asked = len(bench.history.asked)
    assert bench.gather() == Gathered()
    assert bench.history.asked[asked:] == []
    second = bench.history.commit({"a.py": "a = 2\n"}, CLAUDE, ROBIN)
    assert bench.gather() == Gathered(added=1, commits=frozenset({second}))


def test_read_twice_it_is_one_row() -> None:
    """The history read so far was forgotten, as when a branch is rewritten."""
    bench = Bench()
    bench.history.commit({"a.py": "a = 1\n"}, CLAUDE, ROBIN)
    bench.gather()
    bench.ledger.remember("git.read", "0" * 40)
    assert bench.gather().added == 0
    assert len(bench.all()) == 1


def test_an_event_told_of_it_already() -> None:
    """The commit's change is left out where something was told of the file since the commit before."""
    bench = Bench()
    first = bench.history.commit({"a.py": "a = 1\n"}, "Mine", ROBIN)
    second = bench.history.commit({"a.py": "a = 2\n", "b.py": "b = 1\n"}, CLAUDE, ROBIN)
    between = bench.time_of(first) + (bench.time_of(second) - bench.time_of(first)) / 2
    bench.ledger.add([a_generation("event", path="a.py", time=between)])
    bench.gather()
    assert {(one.way, one.path) for one in bench.all()} == {("event", "a.py"), ("git", "b.py")}


def test_an_event_before_the_commit_before_told_of_that_one() -> None:
    """The later change has nobody to tell of it but its commit."""
    bench = Bench()
    first = bench.history.commit({"a.py": "a = 1\n"}, "Mine", ROBIN)
    bench.history.commit({"a.py": "a = 2\n"}, CLAUDE, ROBIN)
    bench.ledger.add([a_generation("event", path="a.py", time=bench.time_of(first) - timedelta(seconds=5))])
    assert bench.gather().added == 1


def test_an_event_in_the_commits_own_second_came_before_it() -> None:
    """git keeps no parts of a second."""
    bench = Bench()
    made = bench.history.commit({"a.py": "a = 1\n"}, CLAUDE, ROBIN)
    bench.ledger.add([a_generation("event", path="a.py", time=bench.time_of(made) + timedelta(seconds=0.9))])
    assert bench.gather().added == 0


def test_the_same_file_under_another_commit_is_not_counted_again() -> None:
    """As after a rebase: another id, the same blob."""
    bench = Bench()
    bench.history.commit({"a.py": "a = 1\n"}, CLAUDE, ROBIN)
    bench.gather()
    bench.history.commit({"a.py": None}, "Gone", ROBIN)
    bench.history.commit({"a.py": "a = 1\n"}, CLAUDE, ROBIN)
    assert bench.gather().added == 0


def test_a_change_that_was_undone_is_marked() -> None:
    """And the undoing is no generation of its own."""
    bench = Bench()
    bench.history.commit({"b.py": "b = 1\n"}, CLAUDE, ROBIN)
    bad = bench.history.commit({"a.py": "a = 1\n"}, CLAUDE, ROBIN)
    bench.gather()
    bench.history.commit({"a.py": None}, f"Revert\n\nThis reverts commit {bad}.\n\n{CLAUDE}", ROBIN)
    assert bench.gather().added == 0
    assert [(one.path, one.outcome.reverted) for one in bench.all()] == [("b.py", False), ("a.py", True)]


def test_a_shortened_id_is_understood_among_what_is_read_together() -> None:
    """As a person writes it."""
    bench = Bench()
    bad = bench.history.commit({"a.py": "a = 1\n"}, CLAUDE, ROBIN)
    bench.history.commit({"a.py": None}, f"Undo: This reverts commit {bad[:9]}.", ROBIN)
    bench.gather()
    assert [one.outcome.reverted for one in bench.all()] == [True]


def test_a_long_history_is_read_so_far_at_first() -> None:
    """So many commits, and all of the last days where these are more."""
    bench = Bench()
    for number in range(gather.FIRST_COMMITS + 50):
        bench.history.commit({"a.py": f"a = {number}\n"}, CLAUDE, ROBIN)
    bench.gather()
    assert len(bench.all()) == gather.FIRST_COMMITS + 50  # all of them are of this quarter

    old = Bench()
    for number in range(gather.FIRST_COMMITS + 50):
        old.history.commit({"a.py": f"a = {number}\n"}, CLAUDE, ROBIN)
    later = Gatherer(
        ledger=old.ledger,
        history=old.history,
        wrote=GitBlame(old.history).author,
        traces=old.traces,
        redact=str,
        clock=lambda: datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert later.gather().added == gather.FIRST_COMMITS


def test_nothing_is_remembered_where_nothing_was_found_and_nothing_is_to_be_made() -> None:
    """A question creates no ledger in a project that has nothing to put there."""
    bench = Bench()
    bench.history.commit({"a.py": "a = 1\n"}, "Mine", ROBIN)
    assert bench.gather(make=False).added == 0
    assert bench.ledger.remembered("git.read") is None
    bench.gather()
    assert bench.ledger.remembered("git.read") == bench.history.head


def a_record(identifier: str = "t-1", **changes: object) -> TraceRecord:
    values: dict[str, object] = {
        "id": identifier,
        "time": datetime(2026, 1, 2, tzinfo=UTC),
        "tool": "cursor",
        "session": "s-1",
        "files": (TracedFile(path="a.py", spans=(Span(start=1, end=2, type="ai", model="model-a"),)),),
    }
    return TraceRecord(**{**values, **changes})  # type: ignore[arg-type]


def test_a_trace_is_a_generation_for_each_file() -> None:
    """With what it says of model, tool and session; it is read once."""
    bench = Bench(traces=FakeTraces([a_record()]))
    assert bench.gather().added == 1
    (one,) = bench.all()
    assert (one.way, one.path, one.model, one.tool, one.session) == ("trace", "a.py", "model-a", "cursor", "s-1")
    assert bench.gather().added == 0
    assert bench.traces.read == 1


def test_traces_of_people_and_without_a_time_are_none() -> None:
    """Nor of what is not Python."""
    human = (TracedFile(path="a.py", spans=(Span(start=1, end=2, type="human"),)),)
    text = (TracedFile(path="a.md", spans=(Span(start=1, end=2, type="ai"),)),)
    kept = [a_record("1", files=human), a_record("2", time=None), a_record("3", files=text)]
    assert Bench(traces=FakeTraces(kept)).gather().added == 0


def test_a_trace_left_beside_an_event_is_not_counted_again() -> None:
    """Within a minute of it, on the same file."""
    bench = Bench(traces=FakeTraces([a_record(), a_record("t-2", time=datetime(2026, 1, 2, 1, tzinfo=UTC))]))
    bench.ledger.add([a_generation("event", path="a.py", time=datetime(2026, 1, 2, 0, 0, 30, tzinfo=UTC))])
    assert bench.gather().added == 1


def test_a_trace_told_of_the_commit_that_followed() -> None:
    """Nothing is counted twice."""
    bench = Bench(traces=FakeTraces([a_record(time=datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC))]))
    bench.history.commit({"a.py": "a = 1\n"}, CLAUDE, ROBIN)
    bench.gather()
    assert [one.way for one in bench.all()] == ["trace"]


def test_names_in_traces_are_redacted() -> None:
    """Anybody may write anything there."""
    span = Span(start=1, end=2, type="ai", model="hunter2")
    record = a_record(files=(TracedFile(path="a.py", spans=(span,)),), tool="hunter2", session="hunter2")
    bench = Bench(traces=FakeTraces([record]))
    bench.gather()
    (one,) = bench.all()
    assert (one.model, one.tool) == ("***", "***")
    assert "hunter2" not in (one.session or "")
