"""`llmlearn evaluate`: streams, the own history, and what is said of bad lines."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.domain import own_history
from pytest_llmlearn.domain.generation import Outcome
from pytest_llmlearn.entrypoints import replay_stream
from pytest_llmlearn.entrypoints.cli import main
from pytest_llmlearn.errors import BadInput
from tests.builders import a_generation, a_run, an_entry, at
from tests.replaying import a_stream

PACK = Path(os.environ.get("LLMLEARN_CORPORA", Path(__file__).resolve().parents[3] / "shared" / "corpora"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that is the current folder."""
    for name in [name for name in os.environ if name.startswith("LLMLEARN")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "none")  # whether there are weights must not matter
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stream(project: Path) -> Path:
    path = project / "stream.jsonl"
    path.write_text("".join(f"{json.dumps(replay_stream.to_line(one))}\n" for one in a_stream()), encoding="utf-8")
    return path


def llmlearn(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


def told(*words: object) -> Any:
    done = llmlearn("evaluate", *words, "--retrievers", "bm25,frequency", "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_stream_is_read_as_it_is_written(stream: Path) -> None:
    """Nothing is lost on the way to a file and back."""
    assert list(replay_stream.read(stream)) == a_stream()


def test_a_stream_is_measured_and_leaves_nothing(stream: Path) -> None:
    """Opponents beside memory, over the same questions; no folder is made in the project."""
    found = told(stream)
    assert (found["generations"], found["failing"], found["tasks"]["count"]) == (7, 5, 3)
    assert list(found["retrievers"]) == ["ours", "ours, threshold off", "frequency", "bm25"]
    figures = found["retrievers"]["ours, threshold off"]["figures"]
    assert figures["ceiling_rule"] == {**figures["ceiling_rule"], "count": 3.0, "of": 5.0}
    assert figures["recall@5_rule"]["count"] == 3.0
    assert not (stream.parent / ".llmlearn").exists()
    assert found["lines_judged"] is False
    assert found["notices"] == ["nothing was searched by meaning: the setting embedder is none"]


def test_a_task_may_be_asked_without_what_it_taught(stream: Path) -> None:
    """The users' mistake comes under no other task, so that it repeats no longer."""
    figures = told(stream, "--cross-task")["retrievers"]["ours, threshold off"]["figures"]
    assert figures["ceiling_rule"]["count"] == 1.0
    assert figures["recall@5_rule"]["count"] == 1.0


@pytest.mark.slow
def test_two_jobs_say_what_one_says(stream: Path) -> None:
    """Processes change the time that it takes, nothing else."""
    one, two = (told(stream, "--cross-task", "--jobs", jobs) for jobs in (1, 2))
    hits = [
        {name: each["figures"]["recall@5_rule"] for name, each in found["retrievers"].items()} for found in (one, two)
    ]
    assert hits[0] == hits[1]


def test_half_of_the_tasks_can_be_judged(stream: Path) -> None:
    """Learned is from all: users is the third by name, and no stranger to what the others taught."""
    odd, even = told(stream, "--tasks", "odd", "--tasks", "even")
    assert told(stream, "--tasks", "odd") == odd
    assert (odd["tasks"], even["tasks"]["count"]) == ({"which": "odd", "count": 1, "of": 3}, 2)
    assert odd["asked"] + even["asked"] == 7
    assert odd["generations"] == even["generations"] == 7


def test_the_code_is_asked_with_at_edit_time(stream: Path) -> None:
    """And lines are judged by what knows the mistakes by sight."""
    done = llmlearn("evaluate", stream, "--edit-time", "--retrievers", "ours")
    assert done.exit_code == 0, done.output
    assert "asked with the code just written" in done.stdout
    assert "ours, on the line" in done.stdout


def test_the_tables_name_every_figure(stream: Path) -> None:
    """Recall, silence, thresholds, calibration; with intervals, and of how many."""
    text = llmlearn("evaluate", stream, "--retrievers", "ours").stdout
    assert "7 questions of 3 tasks, 5 of generations that fail; 3 patterns in the end" in text
    for words in ("recall:", "interval", "of repeats", "silent passing", "at a threshold of", "calibration error"):
        assert words in text


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"id": "1"}', "missing key 'task'"),
        (
            '{"id": "1", "task": "a", "model": "m", "prompt": 3, "path": "a.py", "passed": 1, "failures": []}',
            "'prompt' must be str, not int; 'passed' must be bool, not int",
        ),
        (
            '{"id": "1", "task": "a", "model": "m", "prompt": "", "path": "a.py", "passed": false, "failures": [{}]}',
            "failure 1: missing key 'nodeid'",
        ),
        (
            '{"id": "1", "task": "a", "model": "m", "prompt": "", "path": "a.py", "passed": true, "failures":'
            ' [{"nodeid": "t", "exception": "E", "message": ""}]}',
            "is said to have passed, but has failures",
        ),
        (
            '{"id": "1", "task": "a", "model": "m", "prompt": "", "path": "a.py", "passed": false, "failures":'
            ' [{"nodeid": "t", "exception": "E", "message": "", "when": "later"}]}',
            "'when' must be one of",
        ),
    ],
)
def test_a_bad_line_is_named_by_its_number(stream: Path, line: str, reason: str) -> None:
    """In one sentence, and nothing is printed of what came before."""
    stream.write_text(stream.read_text(encoding="utf-8") + "\n" + line + "\n", encoding="utf-8")
    done = llmlearn("evaluate", stream, "--retrievers", "ours")
    assert done.exit_code == 1 and done.stdout == ""
    assert f"{stream}, line 9" in done.stderr and reason in done.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "name a STREAM"),
        (("--own", "stream.jsonl"), "name a STREAM, or ask for --own"),
        (("--own", "--edit-time"), "neither"),
        (("stream.jsonl", "--retrievers", "luck"), "'luck' is none of all, ours, frequency"),
    ],
)
def test_wrong_usage_is_said(stream: Path, words: tuple[str, ...], reason: str) -> None:
    """With status 2."""
    done = llmlearn("evaluate", *words)
    assert done.exit_code == 2 and reason in done.stderr


def test_a_stream_that_is_not_there_is_an_error(project: Path) -> None:
    """In one sentence."""
    done = llmlearn("evaluate", project / "absent.jsonl")
    assert done.exit_code == 1 and "absent.jsonl" in done.stderr


def a_pair(folder: Path, name: str = "dev") -> None:
    """Two files that make up a stream of two: the second line of the one comes first, and one has no outcome."""
    generations: list[dict[str, Any]] = [
        {
            "id": "b",
            "seq": 2,
            "task_id": "carts",
            "model": "m",
            "prompt": "a cart",
            "module": "cart",
            "code": "x = 1\n",
        },
        {
            "id": "a",
            "seq": 1,
            "task_id": "users",
            "model": "m",
            "prompt": "a user",
            "module": "user",
            "code": "x = 1\n",
        },
        {
            "id": "c",
            "seq": 3,
            "task_id": "users",
            "model": "m",
            "prompt": "a user",
            "module": "user",
            "code": "x = 1\n",
        },
    ]
    failure = {"nodeid": "test_user.py::test_a", "when": "call", "exc_type": "KeyError", "message": "'name'"}
    outcomes: list[dict[str, Any]] = [
        {"id": "a", "status": "fail", "failures": [{**failure, "last_generated_frame": {"line": 1, "func": "user"}}]},
        {"id": "b", "status": "pass", "failures": []},
    ]
    for kind, lines in (("replay", generations), ("outcomes", outcomes)):
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        (folder / f"{kind}_{name}.jsonl").write_text(text, encoding="utf-8")


def test_a_folder_with_the_two_files_is_a_stream(project: Path) -> None:
    """In the order of `seq`, without what no test was run for."""
    a_pair(project)
    first, second = replay_stream.read(project)
    assert (first.id, first.task, first.path, first.passed) == ("a", "users", "user.py", False)
    assert (first.failures[0].exception, first.failures[0].line) == ("KeyError", 1)
    assert (second.id, second.passed) == ("b", True)


def test_of_several_streams_in_a_folder_one_is_named(project: Path) -> None:
    """Else none is taken."""
    a_pair(project)
    a_pair(project, "held")
    with pytest.raises(BadInput, match="several splits \\(dev, held\\)"):
        list(replay_stream.read(project))
    assert len(list(replay_stream.read(project, "held"))) == 2
    with pytest.raises(BadInput, match="no file replay"):
        list(replay_stream.read(project / ".git"))


def test_the_own_history_is_replayed_and_left_as_it_is(project: Path) -> None:
    """The second time that the cart fails, memory says so; the store is not written."""
    store = SqliteStore(project)
    for number in range(3):
        entry = an_entry(
            exception="KeyError", message="'total'", unit_hash=f"h{number}", time=at(number), path="cart.py",
            function=f"add_{number % 2}", unit=f"cart:add_{number % 2}",
        )  # fmt: skip
        store.record(a_run(f"run-{number}", started=at(number), finished=at(number)), [entry])
    store.close()
    database = project / ".llmlearn" / "state" / "memory.db"
    before = database.read_bytes()
    found = told("--own")
    assert (found["generations"], found["failing"]) == (2, 2)
    assert found["retrievers"]["ours, threshold off"]["figures"]["ceiling_rule"]["count"] == 1.0
    assert database.read_bytes() == before


def test_an_empty_history_is_said_to_be_empty(project: Path) -> None:
    """And nothing is made."""
    done = llmlearn("evaluate", "--own")
    assert done.exit_code == 0 and done.stdout.startswith("nothing was asked")
    assert not (project / ".llmlearn").exists()


def a_row(run: str, minute: float, **changes: Any) -> dict[str, Any]:
    """One occurrence as the store gives it."""
    known = {
        "nodeid": "test_cart.py::test_add", "when": "call", "run": run, "path": "cart.py", "function": "add",
        "unit": "cart:add", "exception": "KeyError", "message": "'total'", "model": "m", "scope": "generated",
        "flaky": False, "fingerprint": "1:a", "time": at(minute).isoformat(),
    }  # fmt: skip
    return {**known, **changes}


def test_the_request_is_that_of_the_last_generation_of_the_file() -> None:
    """One that came before the failure, of that unit or of the whole file; else the unit's name is asked with."""
    generations = [
        a_generation("g1", time=at(1), path="cart.py", prompt="a cart", qualname=None),
        a_generation("g2", time=at(3), path="cart.py", prompt="remove an item", qualname="remove"),
        a_generation("g3", time=at(9), path="cart.py", prompt="later", qualname=None),
    ]
    first, second = own_history.attempts([a_row("r0", 0), a_row("r1", 5, fingerprint="1:b")], generations)
    assert (first.prompt, second.prompt) == ("cart:add in cart.py", "a cart")


def test_a_unit_that_fails_as_before_is_not_asked_about_again() -> None:
    """Fifteen runs of the same broken code are one attempt; what teaches nothing is none."""
    rows = [a_row(f"r{number}", number) for number in range(3)]
    rows += [a_row("r3", 3, flaky=True, fingerprint="1:c"), a_row("r4", 4, scope="environment", fingerprint="1:d")]
    assert [one.id for one in own_history.attempts([*rows, a_row("r5", 5, fingerprint="1:b")], [])] == [
        "r0:cart:add",
        "r5:cart:add",
    ]


def test_what_passed_at_once_is_asked_about_too() -> None:
    """Silence is measured there."""
    green = Outcome(passed=2, failed=0)
    generations = [
        a_generation("g1", time=at(1), path="cart.py", prompt="a cart", outcome=green),
        a_generation("g2", time=at(2), path="cart.py", prompt="a cart", outcome=Outcome(passed=1, failed=1)),
    ]
    assert [(one.id, one.passed) for one in own_history.attempts([], generations)] == [("g1", True)]


@pytest.mark.corpora
@pytest.mark.skipif(not (PACK / "dev.tar.xz").is_file(), reason="no corpora (LLMLEARN_CORPORA)")
def test_the_ceilings_are_those_of_the_protocol(tmp_path: Path) -> None:
    """The shares of failing generations that repeat, as the corpora's own notes give them; and nothing is asked."""
    import tarfile

    from pytest_llmlearn.domain.replay import Seen

    with tarfile.open(PACK / "dev.tar.xz") as pack:
        for name in ("replay_dev.jsonl", "outcomes_dev.jsonl"):
            member = next(one for one in pack.getmembers() if one.name.endswith(f"bia/{name}"))
            content = pack.extractfile(member)
            assert content is not None
            (tmp_path / name).write_bytes(content.read())
    shares = []
    for cross in (False, True):
        seen, repeats, failing = Seen(), 0, 0
        for attempt in replay_stream.read(tmp_path):
            if not attempt.passed:
                failing += 1
                repeats += seen.repeats(attempt.failures, "rule", attempt.task if cross else None)
            seen.learn(attempt.task, [("1:x", failure) for failure in attempt.failures])
        shares.append(round(repeats / failing, 3))
    assert shares == [0.640, 0.300]
