"""Runs that fail by what was seen although their tests pass, and runs that tell others what they saw."""

from __future__ import annotations

import os
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn import Memory
from pytest_llmlearn.adapters import event_lines
from pytest_llmlearn.bootstrap import redactor
from pytest_llmlearn.domain.events import Noted, Recorded
from pytest_llmlearn.entrypoints.cli import main
from tests.projects import FOREIGN

FILES = {
    "pyproject.toml": '[tool.llmlearn]\ngenerated = ["made_*.py=model-x"]\n',
    "made_later.py": "async def later():\n    return 1\n\n\ndef use():\n    later()\n    return 2\n",
    "test_later.py": "from made_later import use\n\n\ndef test_uses():\n    assert use() == 2\n",
}
BROKEN = "from made_later import use\n\n\ndef test_uses():\n    assert use() == 3\n"
# Without other plug-ins, which take longer than all that is looked at here.
QUIET = ("-p", "pytest_llmlearn.entrypoints.pytest_plugin", "-p", "no:cacheprovider", "--llm-learn-scan=off")


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """What a run loads of ours stays loaded: within one process each would load it anew."""
    for name in ("app", "detectors", "domain", "entrypoints.observing", "adapters.sqlite_store", "adapters.git"):
        package = import_module(f"pytest_llmlearn.{name}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in ("adapters.surroundings", "entrypoints.learn", "entrypoints.collect", "entrypoints.summary"):
        import_module(f"pytest_llmlearn.{name}")
    redactor()


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project whose test passes, and in which a coroutine is never awaited."""
    for name in [one for one in os.environ if one.startswith(FOREIGN) and not one.startswith("PYTEST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "none")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name, text in FILES.items():
        (pytester.path / name).write_text(text, encoding="utf-8")
    return pytester


def run(project: pytest.Pytester, *words: str) -> pytest.RunResult:
    """Run its tests, and learn."""
    return project.runpytest_inprocess(*QUIET, "--llm-learn", *words)


def llmlearn(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def enforced(project: pytest.Pytester) -> str:
    """Learn the mistake and have it enforced; its fingerprint."""
    assert run(project).ret == 0
    with Memory.open(project.path) as memory:
        (pattern,) = memory.patterns()
        memory.enforce(pattern.fingerprint)
    return pattern.fingerprint


def told(result: pytest.RunResult) -> list[str]:
    """What the terminal says of gates."""
    return [line for line in result.outlines if "--llm-learn-fail-on" in line]


def test_without_being_asked_no_gate_is_shut(project: pytest.Pytester) -> None:
    """Whatever is enforced, and whatever recurs."""
    enforced(project)
    result = run(project)
    assert (result.ret, told(result)) == (0, [])


@pytest.mark.parametrize("words", [(), ("-x",), ("-qq",), ("--no-summary",)], ids=["plain", "-x", "-qq", "no summary"])
def test_a_run_whose_tests_pass_fails_by_what_it_saw(project: pytest.Pytester, words: tuple[str, ...]) -> None:
    """With 1, as one whose tests failed, and one sentence that names the mistake and the way out."""
    fingerprint = enforced(project)
    result = run(project, "--llm-learn-fail-on=security,enforced", *words)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = told(result)
    assert "enforced: made_later.py:6 [async.never-awaited]" in line
    assert f"llmlearn baseline add {fingerprint.partition(':')[2][:10]} --reason WHY" in line


def test_without_a_terminal_it_is_said_all_the_same(project: pytest.Pytester) -> None:
    """Another plug-in prints the run, or none does."""
    enforced(project)
    result = run(project, "--llm-learn-fail-on=enforced", "-p", "no:terminal")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert [line for line in result.errlines if "--llm-learn-fail-on" in line]


def test_a_gate_of_another_sort_stays_open(project: pytest.Pytester) -> None:
    """It is no finding of security, and was seen in one state of the code."""
    enforced(project)
    assert run(project, "--llm-learn-fail-on=security,recurring").ret == 0


def test_what_is_committed_recurs(project: pytest.Pytester) -> None:
    """In a clone that has seen nothing itself."""
    enforced(project)
    assert llmlearn("lessons", "export").exit_code == 0
    for path in sorted((project.path / ".llmlearn" / "state").glob("*")):
        path.unlink()
    result = run(project, "--llm-learn-fail-on=recurring")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "recurring: made_later.py:6" in told(result)[0]


def test_no_other_status_gives_way(project: pytest.Pytester) -> None:
    """Of tests that failed, of wrong usage, of nothing to run; nothing is asked of a run that only collects."""
    enforced(project)
    gate = "--llm-learn-fail-on=enforced"
    assert run(project, gate, "-k", "nothing").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert run(project, gate, "--collect-only").ret == pytest.ExitCode.OK
    assert run(project, gate, "missing.py").ret == pytest.ExitCode.USAGE_ERROR
    (project.path / "test_other.py").write_text("def test_fails():\n    assert 0\n", encoding="utf-8")
    result = run(project, gate)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "the run would fail if its tests passed" in told(result)[0]


def test_a_gate_that_is_none_is_wrong_usage(project: pytest.Pytester) -> None:
    """Before any test runs; a misspelt one would stay open for ever."""
    result = run(project, "--llm-learn-fail-on=recuring")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_what_is_accepted_has_no_run_fail(project: pytest.Pytester) -> None:
    """Until it is accepted no longer; the file says why and since when, beside what a scan found and was accepted."""
    fingerprint = enforced(project)
    short = fingerprint.partition(":")[2][:6]
    baseline = project.path / ".llmlearn" / "baseline.json"
    baseline.write_text(
        '{"version": 1, "accepted": [{"path": "a.py", "rule_id": "security.x", "mark": "m"}]}\n', encoding="utf-8"
    )
    assert llmlearn("baseline", "add", short, "--reason", "a\nprobe").stdout == f"{fingerprint} is accepted\n"
    assert run(project, "--llm-learn-fail-on=enforced").ret == 0
    listed = llmlearn("baseline", "list").stdout
    assert listed.startswith(fingerprint)
    assert listed.endswith("  a probe\n")
    assert '"security.x"' in baseline.read_text(encoding="utf-8")
    assert llmlearn("baseline", "remove", short).stdout == f"{fingerprint} is accepted no longer\n"
    assert run(project, "--llm-learn-fail-on=enforced").ret == 1
    assert llmlearn("baseline", "list").stdout == "no pattern is accepted\n"


def test_accepting_what_is_not_known(project: pytest.Pytester) -> None:
    """A cut fingerprint has to be one of this memory; a whole one, as a runner told it, need not."""
    enforced(project)
    assert llmlearn("baseline", "add", "ffff", "--reason", "x").exit_code == 1
    assert llmlearn("baseline", "add", "1:ffffffffffffffffffffffff", "--reason", "x").exit_code == 0
    assert llmlearn("baseline", "remove", "0000").exit_code == 1


def test_a_run_tells_what_it_saw(project: pytest.Pytester) -> None:
    """Also one in which all tests pass: elsewhere one of them may have been red."""
    events = project.path / "artefacts" / "events.jsonl"
    (project.path / "test_later.py").write_text(BROKEN, encoding="utf-8")
    assert run(project, f"--llm-learn-events={events}").ret == 1
    (project.path / "made_later.py").write_text("def use():\n    return 3\n", encoding="utf-8")
    assert run(project, f"--llm-learn-events={events}").ret == 0
    found, notices = event_lines.read([events])
    assert notices == []
    kinds = [type(one).__name__ for one in found]
    assert kinds == ["Recorded", "Tested", "Noted", "Tested"]
    assert isinstance(found[0], Recorded)
    assert {one.rule_id for one in found[0].entries} == {"async.never-awaited"}
    assert isinstance(found[2], Noted)
    assert {one.nodeid for one in found[2].healings} == {"test_later.py::test_uses"}


def test_under_workers_the_controller_tells_it_once(project: pytest.Pytester) -> None:
    """And closes the gate."""
    pytest.importorskip("xdist")
    fingerprint = enforced(project)
    events = project.path / "events.jsonl"
    result = project.runpytest_subprocess(
        *QUIET, "-p", "xdist", "-n", "1", "--llm-learn-fail-on=enforced", f"--llm-learn-events={events}"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found, _ = event_lines.read([events])
    assert [type(one).__name__ for one in found] == ["Recorded", "Tested"]
    assert isinstance(found[0], Recorded)
    assert [one.fingerprint.exact for one in found[0].entries] == [fingerprint]


def test_events_that_cannot_be_written_cost_themselves(project: pytest.Pytester) -> None:
    """What was seen is learned, and the run ends as it would."""
    (project.path / "taken").write_text("", encoding="utf-8")
    result = run(project, f"--llm-learn-events={project.path / 'taken' / 'events.jsonl'}")
    assert result.ret == 0
    assert any("events could not be written" in line for line in result.outlines)
    with Memory.open(project.path) as memory:
        assert len(memory.patterns()) == 1


def test_folding_by_the_command_line(project: pytest.Pytester, tmp_path: Path) -> None:
    """Twice is once; what are no events is said, and is an error where nothing else is given."""
    events = tmp_path / "events.jsonl"
    assert run(project, f"--llm-learn-events={events}").ret == 0
    (tmp_path / "other").mkdir()
    root = ("--root", str(tmp_path / "other"))
    assert llmlearn(*root, "fold", str(events)).stdout == "1 new run with 1 occurrences\n"
    assert llmlearn(*root, "fold", str(events)).stdout == "0 new runs with 0 occurrences, 1 known already\n"
    done = llmlearn(*root, "fold", str(project.path / "pyproject.toml"))
    assert done.exit_code == 1
    assert "no event is left" in done.stderr


def test_checking_the_committed_lessons(project: pytest.Pytester) -> None:
    """They have to be what was learned; in a clone that learned nothing, lines that can be read and hold no secret."""
    enforced(project)
    missing = llmlearn("lessons", "export", "--check")
    assert missing.exit_code == 1
    assert "1 missing" in missing.stderr
    assert llmlearn("lessons", "export").stdout == "1 lesson in .llmlearn/lessons.jsonl: 1 added\n"
    assert llmlearn("lessons", "export").stdout == "1 lesson in .llmlearn/lessons.jsonl: nothing changed\n"
    assert llmlearn("lessons", "export", "--check").exit_code == 0
    assert llmlearn("lessons", "export", "--check", "--output", "x").exit_code == 2
    file = project.path / ".llmlearn" / "lessons.jsonl"
    text = file.read_text(encoding="utf-8")
    assert llmlearn("lessons", "export", "--output", "-").stdout == text
    for path in sorted((project.path / ".llmlearn" / "state").glob("*")):
        path.unlink()
    assert llmlearn("lessons", "export", "--check").exit_code == 0
    token = "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    for broken, why in ((f"{text}<<<<<<< ours\n", "conflict marker"), (text.replace("later()", token), "redaction")):
        file.write_text(broken, encoding="utf-8")
        done = llmlearn("lessons", "export", "--check")
        assert done.exit_code == 1
        assert why in done.stderr
        assert token not in done.stderr
