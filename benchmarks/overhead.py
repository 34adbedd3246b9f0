"""What the plug-in costs: paired runs of one generated project, bare, installed and not asked for, and learning.

Bare is a virtual environment with pytest alone. The arms of a round run one after the other in a shuffled order,
and each ratio is taken within its round. The same stamping plug-in in every arm splits a run into its start, the
test loop, and what follows the last test. See README.md beside this file.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import generated_project
import stamps_plugin
from measure import ROOT, Timed, clean_environment, machine, say, spread, table, timed, write_json

ENTRY_POINT = "llm_learn"
# Every kind of mistake, five in each module: 200 of the 2,000 tests.
MANY = {module: {(module + step) % generated_project.FUNCTIONS for step in range(5)} for module in range(40)}
PROJECTS: Mapping[str, Mapping[int, set[int]]] = {"passing": {}, "failing": MANY, "one": {17: {6}}}
# asked: with no store yet; again: with the store that an equal run has left.
ARMS: Mapping[str, Sequence[str]] = {
    "passing": ("bare", "installed", "asked"),
    "failing": ("bare", "installed", "asked", "again"),
    "one": ("bare", "asked", "again"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One run in seconds: whole process, processor, before the loop, the loop, and after the last test."""

    whole: float
    cpu: float
    start: float
    loop: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Everything that the runs of one project need."""

    project: Path
    learned: Path
    pythons: Mapping[str, Path]
    env: Mapping[str, str]
    stamps: Path
    words: Sequence[str]

    def run(self, arm: str, expected_failures: int) -> Parts:
        """Run one arm. Ends the program where the tests did not end as they must: such a time means nothing."""
        store = self.project / ".llmlearn"
        shutil.rmtree(store, ignore_errors=True)
        if arm == "again":
            shutil.copytree(self.learned, store)
        learning = ["--llm-learn"] if arm in ("asked", "again") else []
        python = self.pythons["bare" if arm == "bare" else "product"]
        output = self.stamps.with_name("output.txt")
        self.stamps.unlink(missing_ok=True)
        done = timed(
            [python, "-m", "pytest", "-p", "stamps_plugin", *self.words, *learning],
            cwd=self.project,
            env=self.env,
            output=output,
        )
        text = output.read_text(encoding="utf-8", errors="replace")
        summary = text.strip().splitlines()[-1] if text.strip() else ""
        failures = f"{expected_failures} failed" in summary if expected_failures else " failed" not in summary
        if done.status != (1 if expected_failures else 0) or not failures or not self.stamps.exists():
            sys.exit(f"{self.project.name}, {arm}: exit {done.status}, {summary!r}; its output ends:\n{text[-2000:]}")
        if learning and not store.exists() and expected_failures:
            say(f"{self.project.name}, {arm}: no .llmlearn was written")
        return _parts(done, json.loads(self.stamps.read_text(encoding="utf-8")))


def _parts(done: Timed, stamps: Mapping[str, float]) -> Parts:
    return Parts(
        whole=done.wall,
        cpu=done.cpu,
        start=stamps["began"] - done.started,
        loop=stamps["ended"] - stamps["began"],
        after=done.ended - stamps["ended"],
    )


def environments(folder: Path, product: Path, pytest_requirement: str) -> dict[str, Path]:
    """Make the two virtual environments in `folder`, or bring those there up to date; return their interpreters."""
    pythons: dict[str, Path] = {}
    for name in ("bare", "product"):
        python = folder / name / ("Scripts" if os.name == "nt" else "bin") / "python"
        if not python.exists():
            say(f"making the environment {name}")
            _quietly(sys.executable, "-m", "venv", folder / name)
            _quietly(python, "-m", "pip", "install", pytest_requirement)
        pythons[name] = python
    # The same pytest in both, whatever the product would let pip choose.
    same = f"pytest=={_said(pythons['bare'], 'import pytest; print(pytest.__version__)')}"
    say(f"installing {product} beside {same}")
    _quietly(pythons["product"], "-m", "pip", "install", same, product)
    _quietly(pythons["product"], "-m", "pip", "install", "--force-reinstall", "--no-deps", product)
    for python in pythons.values():
        # pip compiles what it installs, but not in every case; an interpreter that compiles is not measured here.
        subprocess.run([python, "-m", "compileall", "-q", _site(python)], capture_output=True, check=False)
    return pythons


def _quietly(*words: str | Path) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))} failed:\n{done.stderr[-3000:]}")


def _said(python: Path, code: str) -> str:
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _site(python: Path) -> Path:
    return Path(_said(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))


def installed(pythons: Mapping[str, Path]) -> dict[str, Any]:
    """Return what the product adds beside pytest: distributions, megabytes, and pytest plug-ins."""
    names = "from importlib.metadata import distributions as d; print(*sorted({x.name for x in d()}), sep='\\n')"
    plugins = "from importlib.metadata import entry_points as e; print(*sorted({p.name for p in e(group='pytest11')}))"
    size: dict[str, tuple[int, int]] = {}
    for name, python in pythons.items():
        files = [file for file in _site(python).rglob("*") if file.is_file()]
        compiled = sum(file.stat().st_size for file in files if file.suffix == ".pyc")
        size[name] = sum(file.stat().st_size for file in files), compiled
    added = set(_said(pythons["product"], names).split()) - set(_said(pythons["bare"], names).split())
    return {
        "distributions added": sorted(added),
        "megabytes added": round((size["product"][0] - size["bare"][0]) / 1e6, 2),
        "megabytes added, compiled files apart": round(
            (size["product"][0] - size["product"][1] - size["bare"][0] + size["bare"][1]) / 1e6, 2
        ),
        "pytest plug-ins added": sorted(
            set(_said(pythons["product"], plugins).split()) - set(_said(pythons["bare"], plugins).split())
        ),
    }


def summarise(rounds: Sequence[Mapping[str, Parts]]) -> dict[str, Any]:
    """Return for each arm the medians of its parts, and beside bare the ratios and differences within rounds."""
    found: dict[str, Any] = {}
    for arm in rounds[0]:
        mine = [one[arm] for one in rounds]
        figures: dict[str, Any] = {
            f"{part} (s)": spread(getattr(one, part) for one in mine).to_dict()
            for part in ("whole", "cpu", "start", "loop", "after")
        }
        if arm != "bare":
            bare = [one["bare"] for one in rounds]
            # Other work on the machine only ever adds: the fastest runs are the least disturbed ones.
            figures["ratio of fastest"] = min(one.whole for one in mine) / min(one.whole for one in bare)
            for part in ("whole", "cpu", "loop"):
                ratios = [getattr(a, part) / getattr(b, part) for a, b in zip(mine, bare, strict=True)]
                figures[f"{part} ratio"] = spread(ratios).to_dict()
            for part in ("start", "loop", "after"):
                more = [getattr(a, part) - getattr(b, part) for a, b in zip(mine, bare, strict=True)]
                figures[f"{part} more (s)"] = spread(more).to_dict()
        found[arm] = figures
    return found


def show(name: str, figures: Mapping[str, Any], pairs: int) -> None:
    """Print the ratios and differences of one project, each a median and its interval."""
    columns = ("whole (s)", "whole ratio", "cpu ratio", "loop ratio", "start more (s)", "after (s)", "after more (s)")
    rows: list[Sequence[str]] = [("arm", *columns, "ratio of fastest")]
    for arm, values in figures.items():
        cells = []
        for column in columns:
            value = values.get(column)
            cells.append("-" if value is None else f"{value['median']:.3f} [{value['low']:.3f}, {value['high']:.3f}]")
        rows.append((arm, *cells, f"{values.get('ratio of fastest', 1.0):.3f}"))
    print(table(rows, title=f"\n== {name}: median of {pairs} rounds [95 % interval]"))


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="*", metavar="PROJECT", help=f"of {', '.join(PROJECTS)} (default: all)")
    parser.add_argument("--pairs", type=int, default=15, help="rounds of each project (%(default)s)")
    parser.add_argument("--venv-dir", type=Path, metavar="DIR", help="keep the two environments there between calls")
    parser.add_argument("--product", type=Path, default=ROOT, help="what pip installs as the product (%(default)s)")
    parser.add_argument("--pytest", default="pytest", metavar="REQUIREMENT", help="the pytest of both (%(default)s)")
    parser.add_argument("--pytest-arg", action="append", default=[], help="one more argument for every run")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the arms (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all figures there")
    options = parser.parse_args(arguments)
    wrong = set(options.projects) - set(PROJECTS)
    if wrong:
        parser.error(f"no project {', '.join(sorted(wrong))}; known: {', '.join(PROJECTS)}")
    return options


def main() -> None:
    options = parse()
    order = random.Random(options.seed)
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmlearn-overhead-"))).resolve()
        venvs = (options.venv_dir or base / "venvs").absolute()
        venvs.mkdir(parents=True, exist_ok=True)
        pythons = environments(venvs, options.product.resolve(), options.pytest)
        figures: dict[str, Any] = {"machine": machine(), "install": installed(pythons)}
        rows = [("what", "figure"), *((key, str(value)) for key, value in figures["install"].items())]
        print(table(rows, title="\n== base install beside pytest"))
        if ENTRY_POINT not in figures["install"]["pytest plug-ins added"]:
            sys.exit(f"{options.product} registers no pytest plug-in {ENTRY_POINT}")
        (base / "home").mkdir()
        (base / "plugin").mkdir()
        # Alone in its folder: what stands beside it here must not become importable for the tests.
        shutil.copy(stamps_plugin.__file__, base / "plugin")
        stamps = base / "stamps.json"
        env = clean_environment(base / "home", PYTHONPATH=str(base / "plugin"), **{stamps_plugin.PATH: str(stamps)})
        for name in options.projects or PROJECTS:
            project = base / name
            expected = generated_project.lay(project, broken=PROJECTS[name])
            course = Course(
                project=project,
                learned=base / f"{name}-learned",
                pythons=pythons,
                env=env,
                stamps=stamps,
                words=options.pytest_arg,
            )
            for arm in ("bare", "installed", "asked"):  # once each unmeasured: compiled files, warm disk
                course.run(arm, expected)
            if "again" in ARMS[name]:
                if not (project / ".llmlearn").exists():
                    sys.exit(f"{name}: the learning run left no .llmlearn")
                shutil.copytree(project / ".llmlearn", course.learned)
            rounds: list[dict[str, Parts]] = []
            for number in range(options.pairs):
                arms = list(ARMS[name])
                order.shuffle(arms)
                done = {arm: course.run(arm, expected) for arm in arms}
                rounds.append({arm: done[arm] for arm in ARMS[name]})
                load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
                say(
                    f"{name} {number + 1}/{options.pairs}: "
                    + ", ".join(f"{arm} {done[arm].whole:.2f}" for arm in ARMS[name])
                    + load
                )
            figures[name] = summarise(rounds)
            show(name, figures[name], options.pairs)
        write_json(options.json, figures)


if __name__ == "__main__":
    main()
