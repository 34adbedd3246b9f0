"""A pipeline of runners that are thrown away: fresh clones, between which go only the committed file and events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_llmlearn.adapters import event_lines
from pytest_llmlearn.bootstrap import Memory
from tests.pipelines import COMMITS, Origin, an_origin
from tests.projects import Project

PLUGIN = "pytest_llmlearn.entrypoints.pytest_plugin"
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Other plug-ins take longer than all these tests do."""
LEARN = ("pytest", "-p", PLUGIN, "--llm-learn", "-q", "--tb=no", "-p", "no:cacheprovider")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The runners of a repository; `folder` is where they leave their events."""

    origin: Origin
    folder: Path

    def runner(self, number: int, name: str | None = None) -> Project:
        """A fresh clone at the commit of that number."""
        return self.origin.clone(self.folder / (name or f"runner-{number}"), number)

    def events(self, number: int) -> Path:
        """Where that runner leaves its events."""
        return self.folder / f"events-{number}.jsonl"

    def run(self, runner: Project, number: int) -> str:
        """Run its tests, and leave its events; what it printed."""
        done = runner.run(*LEARN, f"--llm-learn-events={self.events(number)}", **ALONE)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done.stdout


def mistakes(runner: Project) -> tuple[set[str], set[str]]:
    """The fingerprints of what the last run annotates, recurring and new ones."""
    with Memory.open(runner.root) as memory:
        found = memory.annotations_of_run("last")
    recurring = {one.fingerprint for one in found if one.recurring}
    return recurring, {one.fingerprint for one in found} - recurring


def lessons(runner: Project) -> list[str]:
    """The fingerprints of its committed lessons."""
    path = runner.root / ".llmlearn" / "lessons.jsonl"
    return [json.loads(line)["fingerprint"] for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The first two runners have run; neither knows of the other."""
    folder = tmp_path_factory.mktemp("pipeline")
    made = Pipeline(an_origin(folder / "origin", COMMITS), folder)
    for number in (0, 1):
        made.run(made.runner(number), number)
    yield made


def test_the_third_runner_knows_what_both_before_it_saw(pipeline: Pipeline) -> None:
    """What recurs is told with how often, since when and by whom; what one runner alone saw, or none, is new."""
    seen = [set.union(*mistakes(Project(pipeline.folder / f"runner-{number}"))) for number in (0, 1)]
    runner = pipeline.runner(2)
    folded = runner.run("llmlearn", "fold", str(pipeline.events(0)), str(pipeline.events(1)))
    assert folded.stdout == "2 new runs with 5 occurrences\n"
    printed = runner.run(*LEARN, "--llm-learn-annotate=github", **ALONE).stdout
    recurring, new = mistakes(runner)
    assert recurring == (recurring | new) & seen[0] & seen[1] != set()
    assert new != set()
    marks = [line for line in printed.splitlines() if line.startswith("::warning ")]
    assert [line.partition("title=")[2].partition("::")[0].rpartition("%2C ")[2] for line in marks] == [
        "seen twice", "new",
    ]  # fmt: skip
    assert "by model-x and model-y" in marks[0]
    with Memory.open(runner.root) as memory:
        assert sorted(one.good for one in memory.fixes()) == ["return cart[0] / len(cart)", "return sum(cart)"]


def test_a_runner_that_is_killed_loses_its_own_run_alone(pipeline: Pipeline) -> None:
    """Amid its tests it leaves no events, amid its last line all but that one."""
    runner = pipeline.runner(3)
    marker = runner.root / "begun"
    runner.write({"tests/test_zzz.py": f"import time\n\n\ndef test_waits():\n    open({str(marker)!r}, 'w').close()\n"
                  "    time.sleep(60)\n"})  # fmt: skip
    process = runner.start(*LEARN, f"--llm-learn-events={pipeline.events(3)}", **ALONE)
    deadline = time.monotonic() + 30
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert marker.exists()
    assert not pipeline.events(3).exists()

    whole = pipeline.events(1).read_text(encoding="utf-8")
    cut = pipeline.folder / "cut.jsonl"
    cut.write_text(pipeline.events(0).read_text(encoding="utf-8") + whole.splitlines()[0][:200], encoding="utf-8")
    fold = pipeline.runner(4, "folding")
    events, notices = event_lines.read([cut])
    with Memory.open(fold.root) as memory:
        assert memory.fold(events).runs == 1
    assert [one.partition("were ")[2] for one in notices] == ["skipped (1 no line of JSON)"]


def test_a_fresh_clone_knows_what_was_committed(pipeline: Pipeline) -> None:
    """Without events: what the file holds recurs, all else is new; a question is answered from it alone."""
    author = pipeline.runner(2, "author")
    with Memory.open(author.root) as memory:
        memory.fold(event_lines.read([pipeline.events(0), pipeline.events(1)])[0])
        assert memory.lessons_to_commit().lessons == 0
        (shared,) = {one.fingerprint for one in memory.patterns() if one.rule_id == "runtime.key"}
        memory.approve(shared)
    assert author.run("llmlearn", "lessons", "export").stdout == "1 lesson in .llmlearn/lessons.jsonl: 1 added\n"
    assert lessons(author) == [shared]
    author.commit("Keep what was learned")
    author.git("push", "-q", "origin", "HEAD:refs/heads/learned")

    runner = Project(pipeline.folder / "fresh")
    pipeline.origin.project.git("clone", "-q", "-b", "learned", str(pipeline.origin.project.root), str(runner.root))
    assert "'first' may be absent" in runner.run("llmlearn", "recall", "take the key first of a cart").stdout
    with Memory.open(runner.root) as memory:
        assert memory.check_lessons() == []
    runner.run(*LEARN, **ALONE)
    recurring, new = mistakes(runner)
    assert recurring == {shared}
    assert len(new) == 1


def test_branches_that_both_export_merge_without_conflict_and_without_loss(pipeline: Pipeline) -> None:
    """Lessons that only one of them has, and one of which both say other things; at first, and once there is a file."""
    clone = pipeline.runner(1, "merging")
    clone.git("checkout", "-q", "-b", "main")
    with Memory.open(clone.root) as memory:
        memory.fold(event_lines.read([pipeline.events(0), pipeline.events(1)])[0])
        names = sorted(one.fingerprint for one in memory.patterns())
    assert len(names) == 3
    for turn, (mine, theirs) in enumerate(((names[:2], names[1:]), ([], []))):
        for branch, chosen, model in (("one", mine, "model-a"), ("two", theirs, "model-b")):
            clone.git("checkout", "-q", "-B", branch, "main")
            with Memory.open(clone.root) as memory:
                for name in chosen:
                    memory.approve(name)
                memory.commit_lessons(memory.lessons_to_commit())
            _claim(clone, model if turn else "model-x")
            clone.commit(f"Export on {branch}")
            with Memory.open(clone.root) as memory:
                for name in chosen:
                    memory.take_back(name, "right")
        clone.git("checkout", "-q", "main")
        for branch in ("one", "two"):
            clone.git("merge", "-q", "--no-edit", branch)
        assert sorted(set(lessons(clone))) == names
    with Memory.open(clone.root) as memory:
        memory.commit_lessons(memory.lessons_to_commit())
    assert sorted(lessons(clone)) == names
    text = (clone.root / ".llmlearn" / "lessons.jsonl").read_text(encoding="utf-8")
    assert all(json.loads(line)["models"] == ["model-a", "model-b", "model-x"] for line in text.splitlines())


def _claim(clone: Project, model: str) -> None:
    """Have every line of the file tell of one more model, as a run with it would."""
    path = clone.root / ".llmlearn" / "lessons.jsonl"
    told = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [json.dumps({**one, "models": sorted({*one["models"], model})}, sort_keys=True) for one in told]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
