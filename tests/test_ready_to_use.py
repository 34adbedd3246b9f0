"""The files that others take as they are: the action, the job for GitLab, the hooks, the workflow that folds.

They are parsed, and their commands run as their runners run them, but for what installs: the environment of these tests
stands for it. What only GitHub or GitLab can do (caches, artefacts) is looked at, not run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_llmlearn.adapters import event_lines
from tests.annotating import runner_reads
from tests.pipelines import COMMITS, an_origin, watch
from tests.projects import Project, clean_environment

TOP = Path(__file__).resolve().parent.parent
ACTION = yaml.safe_load((TOP / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
GITLAB = yaml.safe_load((TOP / ".ci" / "gitlab.yml").read_text(encoding="utf-8"))[".llmlearn"]
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
}
PLUGIN = "-p pytest_llmlearn.entrypoints.pytest_plugin -p no:cacheprovider"
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def pages() -> list[dict[str, Any]]:
    """The blocks of YAML on the page about CI."""
    text = (TOP / "docs" / "ci.md").read_text(encoding="utf-8")
    found = [yaml.safe_load(block) for block in re.findall(r"(?ms)^```yaml\n(.*?)^```$", text)]
    return [page for page in found if isinstance(page, dict)]


def environment(**more: str) -> dict[str, str]:
    """That of a runner: our commands are found, and other plug-ins do not cost their time."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "LLMLEARN_EMBEDDER": "none", "LLMLEARN_SCAN": "off"}
    return clean_environment(**{**own, **more})


def bash(script: str, folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As a runner of GitHub runs `shell: bash`."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


@dataclass
class Runner:
    """One job on GitHub: runs those steps of the action that are scripts, in order, as long as none fails."""

    workspace: Path
    temporary: Path
    inputs: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)

    def value(self, expression: str) -> str:
        """What stands for an expression; one that no runner knows is an error."""
        known = {
            **{f"inputs.{name}": self.inputs.get(name, str(one["default"])) for name, one in ACTION["inputs"].items()},
            **{f"steps.paths.outputs.{name}": self.outputs.get(name, "") for name in ("use", "events", "sarif")},
            "github.action_path": str(TOP),
            "github.job": "unit tests",
            "github.run_id": "17",
            "github.run_attempt": "1",
            "runner.temp": str(self.temporary),
            "runner.os": "Linux",
            "strategy.job-index || 0": "3",
            "env.LLMLEARN_SCAN_GRACE || '120'": "120",
        }
        return known[expression]

    def filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self.value(found[1]), text)

    def run(self, **environ: str) -> list[subprocess.CompletedProcess[str]]:
        """What each step came to."""
        told, summary = self.temporary / "output", self.temporary / "summary.md"
        done = []
        for step in STEPS:
            if "run" not in step:
                continue
            given = {name: self.filled(value) for name, value in step.get("env", {}).items()}
            files = {"GITHUB_OUTPUT": str(told), "GITHUB_STEP_SUMMARY": str(summary)}
            github = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(self.workspace), **files}
            folder = self.workspace / self.filled(step.get("working-directory", "."))
            done.append(bash(step["run"], folder, environment(**{**github, **environ, **given})))
            if done[-1].returncode:
                break
            if told.exists():
                lines = told.read_text(encoding="utf-8").splitlines()
                self.outputs.update((name, value) for name, _, value in (line.partition("=") for line in lines))
        return done


def test_the_action_is_whole() -> None:
    """Every input is described and has a default; each step is one that the runner knows, and none is run by name."""
    assert {name for name, one in ACTION["inputs"].items() if {"description", "default"} <= one.keys()} == set(
        ACTION["inputs"]
    )
    assert all(isinstance(one["default"], str) for one in ACTION["inputs"].values())
    assert all(("uses" in step) != ("run" in step) for step in STEPS)
    assert all(step["shell"] == "bash" for step in STEPS if "run" in step)
    assert all(re.fullmatch(r"[\w./-]+@v\d+", step["uses"]) for step in STEPS if "uses" in step)


def test_no_input_is_run_as_shell() -> None:
    """Inputs reach scripts through the environment: what a pull request is called must never be a command."""
    assert [step["name"] for step in STEPS if "${{" in step.get("run", "")] == []
    text = (TOP / "action.yml").read_text(encoding="utf-8")
    assert "secrets." not in text and "github.token" not in text


def test_expressions_are_known() -> None:
    """All of them, in inputs of other actions and conditions too; what is read of inputs is declared."""
    runner = Runner(Path("/w"), Path("/t"), {})
    for step in STEPS:
        for text in (*step.get("env", {}).values(), *step.get("with", {}).values(), step.get("working-directory", "")):
            assert "${{" not in runner.filled(str(text))
    conditions = " ".join(step.get("if", "") for step in STEPS)
    assert set(re.findall(r"inputs\.([\w-]+)", conditions)) <= set(ACTION["inputs"])


def test_the_memory_and_the_events_are_kept_whatever_the_tests_say() -> None:
    """The cache is restored and saved apart under one new key, and no failure of a service fails the job."""
    by_name = {step["uses"].partition("@")[0]: step for step in STEPS if "uses" in step}
    restored, saved = by_name["actions/cache/restore"], by_name["actions/cache/save"]
    assert restored["with"]["key"] == saved["with"]["key"]
    assert restored["with"]["path"] == saved["with"]["path"]
    assert "github.run_id" in saved["with"]["key"] and "github.run_attempt" in saved["with"]["key"]
    assert all(saved["with"]["key"].startswith(key) for key in restored["with"]["restore-keys"].splitlines())
    after = [
        by_name[name] for name in ("actions/cache/save", "actions/upload-artifact", "github/codeql-action/upload-sarif")
    ]
    assert all(step["if"].startswith("always() && ") for step in after)
    assert all(step["continue-on-error"] is True for step in (*after, restored))
    assert "!./.llmlearn/state/chat*" in Runner(Path(), Path(), {}).filled(saved["with"]["path"])


def test_the_action_runs(tmp_path: Path) -> None:
    """Its scripts, on a checkout: tests fail, and leave annotations, a summary, events, SARIF and a memory."""
    workspace, temporary = tmp_path / "checkout", tmp_path / "temp"
    origin = an_origin(tmp_path / "origin", COMMITS[:1])
    origin.clone(workspace, 0)
    temporary.mkdir()
    args = f"""{PLUGIN} -q --tb=no -k 'test_total or test_first' "tests/test_cart.py" """
    inputs = {"python": sys.executable, "package": "none", "args": args, "sarif": "true", "fail-on": "recurring"}
    runner = Runner(workspace, temporary, inputs)
    *before, tests = runner.run()
    assert [done.returncode for done in before] == [0, 0, 0]
    assert "no refs/notes/ai" in before[-1].stdout
    assert tests.returncode == 1
    assert "2 failed, 1 deselected" in tests.stdout
    marks = [runner_reads(line) for line in tests.stdout.splitlines() if line.startswith("::warning ")]
    assert {mark.properties["file"] for mark in marks} == {"shop/cart.py"}
    assert runner.outputs["use"] == "tests-unit-tests-3"
    events, _ = event_lines.read([Path(runner.outputs["events"])])
    assert events
    assert json.loads(Path(runner.outputs["sarif"]).read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert "2 new mistakes" in (temporary / "summary.md").read_text(encoding="utf-8")
    assert (workspace / ".llmlearn" / "state" / "memory.db").exists()


def _recorder(folder: Path) -> tuple[str, Path]:
    """An interpreter that writes down its words, and runs nothing but what is given with -c."""
    program, log = folder / "python", folder / "log"
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = -c ]; then exec {sys.executable} "$@"; fi\nprintf "%s\\n" "$@" >> {log}\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return str(program), log


def test_the_action_installs_itself_and_hands_words_on(tmp_path: Path) -> None:
    """This very version with the extras; words of `args` are split and nothing in them is run."""
    python, log = _recorder(tmp_path)
    args = """-k "a or b" 'tests/one two.py' $(touch hacked) ; touch hacked `touch hacked` *"""
    done = Runner(tmp_path, tmp_path, {"python": python, "extras": "secrets,security", "args": args}).run()
    assert [one.returncode for one in done] == [0, 0, 0, 0]
    install, _, rest = log.read_text(encoding="utf-8").partition("-m\npytest\n")
    assert install.split("\n")[-2] == f"{TOP}[secrets,security]"
    words = rest.splitlines()
    assert words[:2] == ["--llm-learn", "--llm-learn-annotate=auto"]
    assert words[3:] == [
        "-k", "a or b", "tests/one two.py", "$(touch", "hacked)", ";", "touch", "hacked", "`touch", "hacked`", "*",
    ]  # fmt: skip
    assert not (tmp_path / "hacked").exists()


def test_arguments_that_cannot_be_split_fail_the_step(tmp_path: Path) -> None:
    """An open quotation would else have all tests run, as if nothing had been asked for."""
    done = Runner(tmp_path, tmp_path, {"python": sys.executable, "package": "none", "args": '-k "a'}).run()
    assert done[-1].returncode == 1
    assert "No closing quotation" in done[-1].stderr


def test_the_job_of_gitlab_keeps_what_it_makes() -> None:
    """Whether or not the tests passed; the variables that it declares are those that it uses."""
    assert GITLAB["cache"]["when"] == GITLAB["artifacts"]["when"] == "always"
    assert GITLAB["cache"]["paths"] == [".llmlearn/state/"]
    assert set(GITLAB["artifacts"]["reports"]) == {"codequality", "junit"}
    used = set(re.findall(r"\$(PYTEST_LLMLEARN_\w+)", " ".join(GITLAB["script"])))
    assert used == {name for name in GITLAB["variables"] if name.startswith("PYTEST_LLMLEARN_")}


def test_the_job_of_gitlab_runs(tmp_path: Path) -> None:
    """Its lines, in one shell as a runner has it: all that it says to keep is there though the tests failed."""
    workspace = tmp_path / "checkout"
    an_origin(tmp_path / "origin", COMMITS[:1]).clone(workspace, 0)
    gitlab = {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(workspace)}
    own = {"PYTEST_LLMLEARN_INSTALL": "", "PYTEST_LLMLEARN_ARGS": f"{PLUGIN} -q --tb=no -k test_total"}
    variables = {**GITLAB["variables"], "PYTEST_LLMLEARN_PYTHON": sys.executable, **own}
    done = bash("\n".join(GITLAB["script"]), workspace, environment(**gitlab, **variables))
    assert done.returncode == 1
    assert "1 failed, 2 deselected" in done.stdout
    kept = [*GITLAB["artifacts"]["paths"], *GITLAB["artifacts"]["reports"].values(), *GITLAB["cache"]["paths"]]
    assert [path for path in kept if not (workspace / path).exists()] == []
    (report,) = json.loads((workspace / "gl-llmlearn.json").read_text(encoding="utf-8"))
    assert report["location"]["path"] == "shop/cart.py"
    assert "llm_learn.fingerprint" in (workspace / "junit.xml").read_text(encoding="utf-8")


def test_the_job_of_gitlab_installs_what_it_is_told(tmp_path: Path) -> None:
    """As words, before the tests."""
    python, log = _recorder(tmp_path)
    own = {"PYTEST_LLMLEARN_PYTHON": python, "PYTEST_LLMLEARN_INSTALL": "pytest-llmlearn[secrets] -r dev.txt"}
    done = bash("\n".join(GITLAB["script"]), tmp_path, environment(**{**GITLAB["variables"], **own}))
    assert done.returncode == 0, done.stderr
    install = log.read_text(encoding="utf-8").partition("-m\npytest\n")[0].splitlines()
    assert install[-3:] == ["pytest-llmlearn[secrets]", "-r", "dev.txt"]


@pytest.fixture(scope="module")
def committer(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A repository whose hooks are ours, by their own entries; their environment is that of these tests."""
    root = tmp_path_factory.mktemp("committer")
    project = Project(root)
    local = [{**hook, "language": "system"} for hook in HOOKS.values()]
    for hook in local:
        del hook["additional_dependencies"]
    project.write({
        ".pre-commit-config.yaml": yaml.safe_dump({"repos": [{"repo": "local", "hooks": local}]}),
        "app/db.py": "def find(cursor, name):\n    cursor.execute(f\"SELECT a FROM b WHERE c = '{name}'\")\n",
        "app/fine.py": "def fine():\n    return 1\n",
        "app/notes.txt": "eval\n",
        ".llmlearn/lessons.jsonl": "<<<<<<< ours\n",
    })  # fmt: skip
    project.commit("All")
    return project


def hooked(project: Project, hook: str, *words: str) -> subprocess.CompletedProcess[str]:
    """What pre-commit makes of one hook."""
    home = {"PRE_COMMIT_HOME": str(project.root / ".git" / "pre-commit"), "LLMLEARN_SCAN_PROGRAM": "/nowhere/semgrep"}
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", hook, *words],
        cwd=project.root, env=environment(**home), capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_hooks_are_as_pre_commit_wants_them() -> None:
    """By its own word; each runs a command of ours in an environment of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(TOP / ".pre-commit-hooks.yaml")],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert set(HOOKS) == {"llmlearn-scan", "llmlearn-lessons-check", "llmlearn-audit"}
    assert all(hook["language"] == "python" and hook["entry"].startswith("llmlearn ") for hook in HOOKS.values())


@pytest.mark.parametrize(
    ("hook", "words", "status", "said"),
    [
        ("llmlearn-scan", ("--files", "app/db.py", "app/fine.py", "app/notes.txt"), 1, "security.sql-built-from-parts"),
        ("llmlearn-scan", ("--files", "app/fine.py", "app/notes.txt"), 0, "Passed"),
        ("llmlearn-lessons-check", ("--all-files",), 1, "a conflict marker"),
        ("llmlearn-audit", ("--hook-stage", "pre-push"), 0, "Passed"),
    ],
)
def test_the_hooks_run(committer: Project, hook: str, words: tuple[str, ...], status: int, said: str) -> None:
    """On what is committed, with the files that they ask for."""
    done = hooked(committer, hook, *words)
    assert done.returncode == status, done.stdout + done.stderr
    assert said in done.stdout


_GH = """\
#!/bin/sh
echo "$@" >> {log}
case "$1 $2" in
    "run list") printf '1\\n2\\n3\\n' ;;
    "run download") [ "$3" != 3 ] || exit 1
        mkdir -p "$7/llmlearn-tests" && cp "{folder}/events-$3.jsonl" "$7/llmlearn-tests/tests.jsonl" ;;
    "pr create") [ ! -e {log}.created ] || exit 1; touch {log}.created ;;
esac
"""


def test_the_workflow_that_folds_proposes_lessons(tmp_path: Path) -> None:
    """As the page shows it, on two days: the second day comes to the same, and finds the pull request open."""
    (workflow,) = [page for page in pages() if page.get("name") == "Fold what runners learned"]
    origin = an_origin(tmp_path / "origin", COMMITS)
    for number in (1, 2):
        watch(origin.clone(tmp_path / f"runner-{number}", number), number, tmp_path / f"events-{number}.jsonl")
    clone = origin.clone(tmp_path / "fold", 4)
    commands, log = tmp_path / "commands", tmp_path / "log"
    commands.mkdir()
    (commands / "gh").write_text(_GH.format(log=log, folder=tmp_path), encoding="utf-8")
    (commands / "gh").chmod(0o755)
    scripts = [step["run"] for step in workflow["jobs"]["fold"]["steps"] if "run" in step]
    assert scripts.pop(0) == "python -m pip install pytest-llmlearn"
    own = environment(GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    own["PATH"] = f"{commands}{os.pathsep}{own['PATH']}"
    proposed = []
    for _ in range(2):
        clone.git("checkout", "-q", origin.commits[4])
        for script in scripts:
            done = bash(script, clone.root, own)
            assert done.returncode == 0, done.stdout + done.stderr
        proposed.append(origin.project.git("rev-parse", "llmlearn/lessons:.llmlearn/lessons.jsonl"))
    assert proposed[0] == proposed[1]
    changed = origin.project.git("diff", "--name-only", origin.commits[4], "llmlearn/lessons").split()
    assert {".llmlearn/.gitattributes", ".llmlearn/lessons.jsonl"} <= set(changed)
    assert [path for path in changed if not path.startswith(".llmlearn/") or "state" in path] == []
    assert log.read_text(encoding="utf-8").count("pr create --head llmlearn/lessons --fill") == 2
    assert "repaired" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_what_the_page_shows_is_what_there_is() -> None:
    """Its inputs, variables and hooks are those of the files."""
    text = (TOP / "docs" / "ci.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in ACTION["inputs"])
    steps = [step for page in pages() for step in page.get("steps", ()) if "pytest-llmlearn" in str(step.get("uses"))]
    assert steps and all(step["with"].keys() <= ACTION["inputs"].keys() for step in steps)
    (job,) = [page["test"] for page in pages() if page.get("test", {}).get("extends")]
    assert job["variables"].keys() <= GITLAB["variables"].keys()
    (repository,) = [page["repos"][0] for page in pages() if "repos" in page]
    assert {hook["id"] for hook in repository["hooks"]} == set(HOOKS)
