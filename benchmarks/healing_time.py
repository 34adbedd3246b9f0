"""What healing costs after the last test, beside what was asked for.

Measured in made-up projects: one and twenty files of three hundred lines, a wrong function in each, healed at once.
What joining a run with lessons shown before costs is measured by `exposures.py`.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from healing_cases import Yard
from measure import say, spread, table

ROUNDS = 7
FILES = 20
FUNCTIONS = 30
ASKED: dict[str, float | None] = {
    "healing one changed file, all that it loads included, ms": 20.0,
    "healing twenty, ms a file": 20.0,
    "each further changed file, ms": 20.0,
    "one file, processor time, ms": None,
    "each further file, processor time, ms": None,
    "times a changed file is read": 1.0,
    "times a changed file is parsed": 1.0,
    "healing steps in a passing run with nothing red": 0.0,
    "parts of the memory loaded by it": 0.0,
}

_FUNCTION = '''def step_{number}(values, limit={number}):
    """Add up what is below a limit, and say how much was left out."""
    total = 0
    left = []
    for value in values:
        if value > limit:
            left.append(value)
            continue
        total += value
    return total{sign}{number}
'''


def _module(right: bool) -> str:
    functions = [
        _FUNCTION.format(number=n, sign=" + " if right or n != FUNCTIONS // 2 else " - ") for n in range(FUNCTIONS)
    ]
    return "\n\n".join(functions)


def _test(file: int) -> str:
    called = (0, FUNCTIONS // 2)
    tests = [
        f"def test_step_{n}():\n    assert mod_{file}.step_{n}([1, 2]) == {min(3, 3 * (n > 1)) + n}\n" for n in called
    ]
    return f"import mod_{file}\n\n\n" + "\n\n".join(tests)


class Project:
    """A repository whose modules a glob calls generated, run under the plug-in that takes the times."""

    def __init__(self, yard: Yard, name: str) -> None:
        self.yard = yard
        self.root = yard.cases / name
        self.root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "init", "-q", self.root], check=True, env=yard.env)
        (self.root / "pyproject.toml").write_text(
            '[tool.llmlearn]\ngenerated = ["mod_*.py=a-model"]\n', encoding="utf-8"
        )
        (self.root / ".gitignore").write_text(".llmlearn/\n", encoding="utf-8")

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            (self.root / name).write_text(text, encoding="utf-8")

    def run(self, *tests: str) -> dict[str, Any]:
        """The figures of one run. This code is our own: it needs no confinement."""
        stamps = self.yard.out / f"{self.root.name}.json"
        stamps.unlink(missing_ok=True)
        # As anyone's run has it: with the bytecode of the run before.
        kept = {key: value for key, value in self.yard.env.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env = {**kept, "PYTHONPATH": str(Path(__file__).parent), "HEALING_STAMPS": str(stamps)}
        words = [
            self.yard.python,
            "-m",
            "pytest",
            "-q",
            "--llm-learn",
            "-p",
            "healing_stamps",
            "-p",
            "no:cacheprovider",
        ]
        done = subprocess.run([*words, *tests], cwd=self.root, env=env, capture_output=True, text=True)
        figures: dict[str, Any] = json.loads(stamps.read_text(encoding="utf-8"))
        return {**figures, "output": done.stdout}


def times(yard: Yard) -> dict[str, Any]:
    """Measure everything, print it, and return the figures."""
    found: dict[str, list[float]] = {name: [] for name in ASKED}
    wrong: list[str] = []
    for number in range(ROUNDS):
        say(f"time, round {number + 1} of {ROUNDS}")
        _healing(yard, number, found, wrong)
    rows: list[Sequence[str]] = [("what", "median [95 %]", "at most", "")]
    for name, asked in ASKED.items():
        taken = spread(found[name]) if found[name] else None
        shown = taken.show("{:.2f}") if taken else "not measured"
        missed = asked is not None and (taken is None or taken.median > asked)
        rows.append((name, shown, "" if asked is None else f"{asked:g}", "MISSED" if missed else ""))
    print(table(rows, title=f"\n== after the last test, {ROUNDS} rounds"))
    for sentence in wrong:
        print(f"  {sentence}")
    return {
        "measured": {name: spread(taken).to_dict() for name, taken in found.items() if taken},
        "asked at most": ASKED,
        "wrong": wrong,
    }


def _healing(yard: Yard, number: int, found: dict[str, list[float]], wrong: list[str]) -> None:
    took: dict[int, float] = {}
    worked: dict[int, float] = {}
    for files in (FILES, 1):
        project = Project(yard, f"time-{number}-{files}")
        project.write({f"mod_{n}.py": _module(right=False) for n in range(files)})
        project.write({f"test_{n}.py": _test(n) for n in range(files)})
        project.run()
        # One comment of its own in each, or one text would be parsed for all.
        project.write({f"mod_{n}.py": f"# file {n}\n\n\n{_module(right=True)}" for n in range(files)})
        healed = project.run()
        if healed["output"].count("fixed:") < 1:
            wrong.append(f"{project.root.name}: nothing was fixed: {healed['output'][-300:]}")
        took[files] = 1000 * healed["seconds"].get("_heal", 0.0)
        worked[files] = 1000 * healed["processor"].get("_heal", 0.0)
        if files > 1:
            modules = [f"mod_{n}.py" for n in range(files)]
            found["times a changed file is read"].append(max(healed["opened"].get(one, 0) for one in modules))
            found["times a changed file is parsed"].append(max(healed["parsed"].get(one, 0) for one in modules))
        else:
            passing = project.run()
            called = sum(passing["called"].get(step, 0) for step in ("_heal", "_join", "_record", "_judge"))
            found["healing steps in a passing run with nothing red"].append(called)
            loaded = [
                one for one in passing["loaded"] if one.startswith(("pytest_llmlearn.app", "pytest_llmlearn.bootstrap"))
            ]
            found["parts of the memory loaded by it"].append(len(loaded))
    found["healing one changed file, all that it loads included, ms"].append(took[1])
    found["healing twenty, ms a file"].append(took[FILES] / FILES)
    found["each further changed file, ms"].append((took[FILES] - took[1]) / (FILES - 1))
    # What other work on the machine disturbs less.
    found["one file, processor time, ms"].append(worked[1])
    found["each further file, processor time, ms"].append((worked[FILES] - worked[1]) / (FILES - 1))
