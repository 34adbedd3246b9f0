"""Projects that go from red to green: one module, its tests, and how its author is known.

A case is laid out as a git repository of its own. In half of them the red module is committed by an assistant; in the
others it never is, and a marker in the file or a glob of the settings says that a model wrote it.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, TypeVar

import statements
from confinement import confined
from measure import clean_environment, say

Known = Literal["trailer", "marker", "glob"]
Record = Mapping[str, Any]
T = TypeVar("T")
R = TypeVar("R")
PERSON = ("-c", "user.name=Robin Reviewer", "-c", "user.email=robin@example.org", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is red and what makes it green. `task` is the corpus's task, `odd` its place among the sorted ones.

    `planted` and `meant` are the wrong and the right statement where only one was changed, as they are written.
    """

    name: str
    corpus: str
    task: str
    odd: bool
    module: str
    model: str
    red: str
    green: str
    test: str
    green_test: str
    known: Known
    kind: str = ""
    culprit: str = ""
    planted: str = ""
    meant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What both runs of a case said, by pytest, and what `llmlearn` says afterwards."""

    case: Case
    red: Mapping[str, str]
    green: Mapping[str, str]
    occurrences: Sequence[Record] = ()
    healings: Sequence[Record] = ()
    fault: str = ""
    seconds: float = 0.0

    @property
    def healed(self) -> set[str]:
        """Tests that failed in the first run and passed in the second; files that could be collected by then."""
        return {nodeid for nodeid, how in self.red.items() if how == "failed" and passes(self.green, nodeid)}


def passes(outcomes: Mapping[str, str], nodeid: str) -> bool:
    """Whether a test passes, or, of a file that could not be collected, all of its tests."""
    if "::" in nodeid:
        return outcomes.get(nodeid) == "passed"
    return bool(outcomes) and "failed" not in outcomes.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """Where cases are laid out and run: the interpreter that has the project, folders, limits."""

    python: Path
    cases: Path
    out: Path
    home: Path
    seconds: float = 120.0
    jobs: int = 1
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
        fixed = {"MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        return clean_environment(self.home, **fixed, **threads, **self.more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """The generations of one corpus by task: those that failed and those that passed, as its authors measured them."""

    name: str
    folder: Path
    tests: Mapping[str, str]
    failing: Mapping[str, Sequence[Record]]
    passing: Mapping[str, Sequence[Record]]

    def is_odd(self, task: str) -> bool:
        return sorted(self.tests).index(task) % 2 == 1


def read(folder: Path, split: str) -> Corpus:
    """Read a corpus as `materialise.py unpack` leaves it."""
    tests = json.loads((folder / f"tests_{split}.json").read_text(encoding="utf-8"))
    status = {
        outcome["id"]: outcome["status"]
        for outcome in map(json.loads, (folder / f"outcomes_{split}.jsonl").open(encoding="utf-8"))
    }
    sides: dict[str, dict[str, list[Record]]] = {"fail": {}, "pass": {}}
    for record in map(json.loads, (folder / f"replay_{split}.jsonl").open(encoding="utf-8")):
        side = sides.get(status.get(record["id"], ""))
        if side is not None:
            side.setdefault(record["task_id"], []).append(record)
    return Corpus(name=folder.name, folder=folder, tests=tests, failing=sides["fail"], passing=sides["pass"])


def drawn(words: str) -> str:
    """A number that is the same on every machine and every day."""
    return blake2b(words.encode(), digest_size=8).hexdigest()


def in_turn(by_task: Mapping[str, Sequence[Record]]) -> list[Record]:
    """All records, one of each task in turn, each task's in an order that was drawn."""
    rows = [sorted(by_task[task], key=lambda record: drawn(record["id"])) for task in sorted(by_task)]
    return [record for layer in zip_longest(*rows) for record in layer if record is not None]


def pairs(corpus: Corpus, count: int) -> list[Case]:
    """Failing generations with a passing one of their task: in turn the one that is most alike, and one by lot."""
    both = {task: records for task, records in corpus.failing.items() if corpus.passing.get(task)}
    found = []
    for number, bad in enumerate(in_turn(both)[:count]):
        task = bad["task_id"]
        by_lot = sorted(corpus.passing[task], key=lambda good: drawn(bad["id"] + good["id"]))
        good = by_lot[0] if number % 3 == 2 else min(by_lot, key=lambda one: statements.whole(bad["code"], one["code"]))
        found.append(
            case_of(
                corpus,
                bad,
                name=f"{corpus.name}-pair-{number:03}",
                number=number + number // len(both),  # or of a task all would be known alike
                red=bad["code"],
                green=good["code"],
                kind="by lot" if number % 3 == 2 else "most alike",
            )
        )
    return found


def case_of(
    corpus: Corpus,
    record: Record,
    *,
    name: str,
    number: int,
    red: str,
    green: str,
    kind: str = "",
    green_test: str | None = None,
    **more: str,
) -> Case:
    """A case of a record's task; `number` decides how its author is known."""
    test = corpus.tests[record["task_id"]]
    known: Known = "trailer" if number % 2 == 0 else "marker" if number % 4 == 1 else "glob"
    return Case(
        name=name,
        corpus=corpus.name,
        task=record["task_id"],
        odd=corpus.is_odd(record["task_id"]),
        module=record["module"],
        model=record["model"],
        red=red,
        green=green,
        test=test,
        green_test=test if green_test is None else green_test,
        known=known,
        kind=kind,
        **more,
    )


def shown(case: Case, text: str) -> str:
    """The module as it is written: with the marker on top where that is how its author is known."""
    return f"# llmlearn: generated={case.model}\n{text}" if case.known == "marker" else text


def lay_out(case: Case, yard: Yard) -> Path:
    """Make the repository with the red module."""
    folder = yard.cases / case.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    glob = f'\n[tool.llmlearn]\ngenerated = ["{case.module}.py={case.model}"]\n' if case.known == "glob" else ""
    (folder / "pyproject.toml").write_text(f"[tool.pytest.ini_options]\nxfail_strict = false\n{glob}", encoding="utf-8")
    (folder / ".gitignore").write_text(".llmlearn/\n__pycache__/\n", encoding="utf-8")
    _write(folder / f"test_{case.module}.py", case.test)
    _git(folder, yard, "init", "-q", "-b", "main")
    _git(folder, yard, "add", "-A")
    _git(folder, yard, *PERSON, "commit", "-q", "-m", "Add the tests")
    _write(folder / f"{case.module}.py", shown(case, case.red))
    if case.known == "trailer":
        _git(folder, yard, "add", "-A")
        _git(folder, yard, *PERSON, "commit", "-q", "-m", f"Add the module\n\nAssisted-by: Codex:{case.model}")
    return folder


def _write(path: Path, text: str) -> None:
    # As bytes: some generations end their lines otherwise, and that is part of them.
    path.write_bytes(text.encode("utf-8", "replace"))


def _git(folder: Path, yard: Yard, *words: str) -> None:
    subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, env=yard.env)


def heal(case: Case, yard: Yard) -> Done:
    """Run red, put the green module and tests in their places, run again, and ask what was learned."""
    folder = lay_out(case, yard)
    red, took = run(case, yard, folder, "red")
    _write(folder / f"{case.module}.py", shown(case, case.green))
    _write(folder / f"test_{case.module}.py", case.green_test)
    green, more = run(case, yard, folder, "green")
    seconds = took + more
    occurrences, fault = listed(yard, folder, "occurrences")
    healings, other = verdicts(yard, folder)
    said = fault or other or _complaint(yard.out / f"{case.name}-green.txt")
    return Done(
        case=case, red=red, green=green, occurrences=occurrences, healings=healings, fault=said, seconds=seconds
    )


def _complaint(output: Path) -> str:
    """What the plug-in says went wrong; nothing where nothing did."""
    text = output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""
    wrong = ("nothing was learned", "was not joined", "no fixes were mined", "INTERNALERROR")
    return next((line.strip() for line in text.splitlines() if any(word in line for word in wrong)), "")


def run(case: Case, yard: Yard, folder: Path, name: str, *extra: str) -> tuple[dict[str, str], float]:
    """One run of a case's tests under the plug-in; what came of each test, and seconds."""
    log, output = yard.out / f"{case.name}-{name}.jsonl", yard.out / f"{case.name}-{name}.txt"
    log.unlink(missing_ok=True)
    words = [*pytest_words(yard, folder, log), "--llm-learn", *extra]
    done = confined(words, cwd=folder, env=yard.env, timeout=yard.seconds, output=output)
    return outcomes(log), done.seconds


def pytest_words(yard: Yard, folder: Path, log: Path) -> list[str | Path]:
    words: list[str | Path] = [yard.python, "-m", "pytest", "--continue-on-collection-errors", "--timeout=10"]
    words += ["--rootdir", folder, "-p", "no:cacheprovider", "-p", "no:rerunfailures", f"--report-log={log}"]
    return words


def outcomes(log: Path) -> dict[str, str]:
    """What came of each test by pytest-reportlog: failed, passed, skipped or xfailed; an id without `::` is a file."""
    found: dict[str, str] = {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else ():
        try:
            report = json.loads(line)
        except ValueError:  # half a line: the run was killed
            continue
        kind, nodeid = report.get("$report_type"), report.get("nodeid")
        if kind == "CollectReport" and report["outcome"] == "failed":
            found[nodeid] = "failed"
        elif kind == "TestReport" and found.get(nodeid) != "failed":
            if report["outcome"] == "failed" or report["when"] == "call":
                found[nodeid] = "xfailed" if "wasxfail" in report else report["outcome"]
            elif report["outcome"] == "skipped":
                found[nodeid] = "skipped"
    return found


def listed(yard: Yard, folder: Path, *words: str) -> tuple[list[Record], str]:
    """What `llmlearn WORDS --format json` prints, and what went wrong."""
    command = [Path(yard.python).with_name("llmlearn"), *words, "--format", "json"]
    done = subprocess.run(command, cwd=folder, env=yard.env, capture_output=True, text=True)
    if done.returncode != 0:
        return [], f"llmlearn {' '.join(words)}: exit {done.returncode}: {done.stderr.strip()[-300:]}"
    answer = json.loads(done.stdout)
    return list(answer), ""


_VERDICTS = """
import dataclasses, json, sys
from pathlib import Path
from pytest_llmlearn.bootstrap import Memory
with Memory.open(Path(sys.argv[1])) as memory:
    print(json.dumps([dataclasses.asdict(one) for one in memory.healings()], default=str))
"""


def verdicts(yard: Yard, folder: Path) -> tuple[list[Record], str]:
    """What the library says became of each red test, and what went wrong."""
    done = subprocess.run(
        [yard.python, "-c", _VERDICTS, folder], cwd=folder, env=yard.env, capture_output=True, text=True
    )
    if done.returncode != 0:
        return [], f"Memory.healings: {done.stderr.strip()[-300:]}"
    return list(json.loads(done.stdout)), ""


def tries(cases: Sequence[Case], yard: Yard) -> list[dict[str, str]]:
    """What comes of each case's red module without the plug-in, in order."""

    def one(case: Case) -> dict[str, str]:
        folder = yard.cases / f"try-{case.name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _write(folder / f"test_{case.module}.py", case.test)
        _write(folder / f"{case.module}.py", case.red)
        log = yard.out / f"try-{case.name}.jsonl"
        log.unlink(missing_ok=True)
        words = [*pytest_words(yard, folder, log), "-p", "no:llm_learn"]
        confined(words, cwd=folder, env=yard.env, timeout=yard.seconds / 4, output=yard.out / f"try-{case.name}.txt")
        return outcomes(log)

    return in_parallel(one, cases, yard.jobs, "tried")


def in_parallel(action: Callable[[T], R], things: Iterable[T], jobs: int, word: str) -> list[R]:
    """Do it to each, some at a time; the answers in order."""
    found: list[R] = []
    with ThreadPoolExecutor(jobs) as pool:
        for number, answer in enumerate(pool.map(action, things), 1):
            found.append(answer)
            if number % 20 == 0:
                say(f"{word} {number}")
    return found


def give_example_data(corpus: Corpus, yard: Yard) -> None:
    """Some tests read files of a folder beside theirs."""
    data, target = corpus.folder / "example_data", yard.cases / "example_data"
    if data.is_dir() and not target.exists():
        shutil.copytree(data, target)
