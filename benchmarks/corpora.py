"""Replay real model-written code under `pytest --llm-learn` and check everything that was learned from it.

Every model's folder of a corpus is run without the plug-in, with it, once more, and over two workers. What the
store then says is held against the reports that pytest wrote by itself in the same runs. The code is nobody's to
trust: each run has no network, bounded memory and a total time. See README.md beside this file.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import verdicts
from confinement import confined, network_can_be_cut
from measure import ROOT, clean_environment, machine, say, table, write_json
from reports import Failing, read_junit, read_report_log
from store_size import grouped, sizes
from verdicts import Listed, Verdict

CORPORA = ("classeval", "bia", "realclass")
DEFAULT_MODELS = {"realclass": "^GPT-4.1$"}  # one is enough: its generated tests assert much that no prompt says
ARMS = ("without", "plain", "again", "n2")
ENTRY_POINT = "llm_learn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pytest run of one model's folder: exit status (None: killed), seconds, and what failed by its reports."""

    model: str
    status: int | None
    seconds: float
    failing: tuple[Failing, ...]
    junit_differs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and how to run: the interpreter under test, the laid-out tree, a place for reports, and limits."""

    python: Path
    tree: Path
    out: Path
    home: Path
    report_log: bool
    seconds: float
    jobs: int
    hash_seed: str
    dist: str
    pytest_arguments: tuple[str, ...]

    @property
    def env(self) -> dict[str, str]:
        # One thread a process: two cores, and reserved addresses count against the memory limit.
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
        # One order of sets in all runs, or runs that should be identical are not.
        fixed = {"MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": self.hash_seed}
        return clean_environment(self.home, **fixed, **threads)


def corpora_folder() -> Path:
    """Return the folder of the corpora, or end the program with a sentence."""
    folder = Path(os.environ.get("LLMLEARN_CORPORA", ROOT.parent / "shared" / "corpora"))
    if not (folder / "dev.tar.xz").is_file():
        sys.exit(f"no corpora: {folder} holds no dev.tar.xz; set LLMLEARN_CORPORA to the folder that does")
    return folder.resolve()


def plugins(python: Path) -> set[str]:
    """Return the names of the pytest plug-ins installed for an interpreter."""
    code = "from importlib.metadata import entry_points as e; print(*{p.name for p in e(group='pytest11')})"
    return set(subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def wipe(tree: Path, *, keep_store: bool) -> None:
    """Bring the tree back to its last commit: tests leave files that change the next run."""
    keep = ["/.llmlearn"] if keep_store else []
    subprocess.run(["git", "-C", tree, "checkout", "-q", "--", "."], check=True)
    subprocess.run(["git", "-C", tree, "clean", "-ffdxq", *(w for path in keep for w in ("-e", path))], check=True)


def run_model(bench: Bench, arm: str, model: str) -> Run:
    """Run one model's folder in one arm, and read what pytest reported."""
    junit, log = bench.out / f"{arm}-{model}.xml", bench.out / f"{arm}-{model}.jsonl"
    words: list[str | Path] = [
        bench.python,
        "-m",
        "pytest",
        "--continue-on-collection-errors",
        "--timeout=10",
        "--rootdir",
        bench.tree,
        "-p",
        "no:cacheprovider",
        "-p",
        "no:rerunfailures",  # under xdist it opens a socket, and the confined run has no network, loopback included
        f"--junitxml={junit}",
    ]
    words += ["-p", f"no:{ENTRY_POINT}"] if arm == "without" else ["--llm-learn", *bench.pytest_arguments]
    words += ["-n", "2", "--dist", bench.dist] if arm == "n2" else []
    words += [f"--report-log={log}"] if bench.report_log else []
    folder = bench.tree / "gen" / model
    done = confined(words, cwd=folder, env=bench.env, timeout=bench.seconds, output=bench.out / f"{arm}-{model}.txt")
    tests = [path.relative_to(bench.tree).as_posix() for path in folder.glob("*.py")]
    by_junit = read_junit(junit, tests) if junit.exists() else []
    by_log = read_report_log(log) if log.exists() else by_junit
    differing = {one.key for one in by_junit} ^ {one.key for one in by_log} if junit.exists() else set()
    return Run(
        model=model,
        status=done.status,
        seconds=done.seconds,
        failing=tuple(by_log),
        junit_differs=tuple(f"{nodeid} ({when})" for nodeid, when in sorted(differing)),
    )


def run_arm(bench: Bench, arm: str, models: Sequence[str]) -> list[Run]:
    """Run every model in one arm; the tree is clean before, and the store is kept only for the second run."""
    wipe(bench.tree, keep_store=arm == "again")
    runs: list[Run] = []
    with ThreadPoolExecutor(bench.jobs) as pool:
        for number, run in enumerate(pool.map(lambda model: run_model(bench, arm, model), models), 1):
            runs.append(run)
            say(
                f"{arm} {number}/{len(models)} {run.model}: {len(run.failing)} failing reports, "
                f"exit {'killed' if run.status is None else run.status}, {run.seconds:.1f} s"
            )
    return runs


def listed(bench: Bench, what: str) -> list[dict[str, Any]]:
    """Return what `llmlearn WHAT --format json` prints at the tree's root."""
    command = Path(bench.python).with_name("llmlearn")
    done = subprocess.run(
        [command, what, "--format", "json"], cwd=bench.tree, env=bench.env, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"llmlearn {what} --format json ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    answer: list[dict[str, Any]] = json.loads(done.stdout)
    return answer


def published_outcomes(corpus: Path, split: str, models: Iterable[str], tree: Path) -> list[dict[str, Any]]:
    """Return the corpus's own failures of the modules in the tree, their ids relative to the tree's root."""
    wanted = set(models)
    records = {r["id"]: r for r in map(json.loads, (corpus / f"replay_{split}.jsonl").open(encoding="utf-8"))}
    found: list[dict[str, Any]] = []
    for outcome in map(json.loads, (corpus / f"outcomes_{split}.jsonl").open(encoding="utf-8")):
        record = records.get(outcome["id"])
        if record is None or record["model"] not in wanted:
            continue
        if (tree / "gen" / record["model"] / f"{record['module']}.py").exists():
            found += [{**f, "nodeid": f"gen/{record['model']}/{f['nodeid']}"} for f in outcome["failures"]]
    return found


def all_failing(runs: Iterable[Run]) -> list[Failing]:
    return [one for run in runs for one in run.failing]


def statuses(verdict: Verdict, runs: dict[str, list[Run]]) -> None:
    """Compare the exit statuses of the arms, model by model, and what failed with and without the plug-in."""
    bare = {run.model: run for run in runs.get("without", [])}
    for arm, done in runs.items():
        verdict.figures[f"{arm}: seconds"] = round(sum(run.seconds for run in done), 1)
        verdict.against(f"{arm}: killed for its time", (run.model for run in done if run.status is None))
        verdict.against("JUnit XML and report log disagree", (line for run in done for line in run.junit_differs))
        if arm == "without" or not bare:
            continue
        verdict.against(
            "exit status changed",
            (
                f"{arm} {r.model}: {bare[r.model].status} -> {r.status}"
                for r in done
                if r.status != bare[r.model].status
            ),
        )
        if arm == "plain":
            own, other = {f.key for f in all_failing(done)}, {f.key for f in all_failing(bare.values())}
            verdict.figures["fails only with or only without the plug-in"] = [
                f"{nodeid} ({when}) {'with' if (nodeid, when) in own else 'without'}"
                for nodeid, when in sorted(own ^ other)
            ]


def store_figures(verdict: Verdict, bench: Bench, occurrences: int, patterns: int) -> None:
    """Weigh the store: bytes an occurrence and a pattern, held units and vectors apart."""
    database = bench.tree / ".llmlearn" / "state" / "memory.db"
    if not database.is_file():
        verdict.against("the store has no memory.db", [str(database)])
        return
    by_table = sizes(database, bench.out)
    groups = grouped(by_table)
    shown = by_table["(compact)"] - groups["held units"] - groups["vectors"]
    verdict.figures["bytes by table"] = by_table
    verdict.figures["bytes by group"] = groups
    verdict.figures["bytes an occurrence"] = round(groups["occurrences"] / occurrences) if occurrences else None
    verdict.figures["bytes a pattern"] = round(groups["patterns"] / patterns) if patterns else None
    verdict.figures["bytes an occurrence, everything but held units and vectors"] = (
        round(shown / occurrences) if occurrences else None
    )


def replay(bench: Bench, corpus: Path, split: str, arms: Sequence[str]) -> Verdict:
    """Run the arms on a laid-out tree and judge them."""
    models = sorted(path.name for path in (bench.tree / "gen").iterdir() if any(path.glob("test_*.py")))
    outcomes = published_outcomes(corpus, split, models, bench.tree)
    verdict = Verdict()
    runs: dict[str, list[Run]] = {}
    occurrences: dict[str, list[Listed]] = {}
    patterns: list[Listed] = []
    for arm in arms:
        runs[arm] = run_arm(bench, arm, models)
        if arm == "without":
            continue
        everything: list[Listed] = list(listed(bench, "occurrences"))
        known = {one["run"] for one in occurrences["plain"]} if arm == "again" else set()
        occurrences[arm] = [one for one in everything if one["run"] not in known]
        verdicts.capture(verdict, arm, all_failing(runs[arm]), occurrences[arm])
        if arm == "plain":
            patterns = list(listed(bench, "patterns"))
            verdicts.attribution(verdict, everything)
            verdicts.published(verdict, everything, all_failing(runs[arm]), outcomes)
            store_figures(verdict, bench, len(everything), len(patterns))
        elif arm == "again":
            new = {f.key for f in all_failing(runs[arm])} - {f.key for f in all_failing(runs["plain"])}
            verdicts.repetition(verdict, patterns, list(listed(bench, "patterns")), new)
        elif arm == "n2" and "plain" in runs:
            verdicts.sameness(
                verdict, occurrences["plain"], occurrences[arm], all_failing(runs["plain"]), all_failing(runs[arm])
            )
        (bench.out / f"{arm}-occurrences.json").write_text(json.dumps(everything, indent=1), encoding="utf-8")
        (bench.out / f"{arm}-patterns.json").write_text(
            json.dumps(listed(bench, "patterns"), indent=1), encoding="utf-8"
        )
    statuses(verdict, runs)
    if "plain" not in runs and "without" in runs:
        failing = all_failing(runs["without"])
        verdict.figures["without: failing reports"] = len(failing)
        seen = {one.key for one in failing}
        measured = {(one["nodeid"], one["when"]) for one in outcomes}
        verdict.figures["published failures that fail here"] = verdicts.share(len(seen & measured), len(measured))
        verdict.figures["published failures that do not"] = sorted(f"{a} ({b})" for a, b in measured - seen)
    return verdict


def show(name: str, verdict: Verdict, limit: int) -> None:
    """Print the figures as a table, then every kind of deviation with its first names."""
    rows = [("figure", "value")]
    for key, value in verdict.figures.items():
        if isinstance(value, dict):
            rows += [(key, "")] + [(f"  {word}", str(count)) for word, count in value.items()]
        elif isinstance(value, list):
            rows += [(key, str(len(value)))] + [("", line) for line in value[:limit]]
        else:
            rows.append((key, "-" if value is None else str(value)))
    print(table(rows, title=f"\n== {name}"))
    for target, sentence in verdicts.reached(verdict.figures).items():
        print(f"  {target}: {sentence}")
    for kind, sentences in verdict.deviations.items():
        print(f"  {'ok ' if not sentences else 'DEV'} {kind}: {len(sentences)}")
        for sentence in sentences[:limit]:
            print(f"        {sentence}")
        if len(sentences) > limit:
            print(f"        ... and {len(sentences) - limit} more (--list, --json)")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*", metavar="CORPUS", help=f"of {', '.join(CORPORA)} (default: all)")
    parser.add_argument("--models", metavar="REGEX", help=f"default: all; {DEFAULT_MODELS}")
    parser.add_argument("--tasks", type=int, default=0, metavar="N", help="only the first N tasks")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--arms", default=",".join(ARMS), help="of %(default)s; `again` needs `plain` before it")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="the interpreter under test")
    parser.add_argument("--pytest-arg", action="append", default=[], help="one more argument for the learning runs")
    parser.add_argument("--seconds", type=float, default=900.0, help="for one model's run in all (%(default)s)")
    parser.add_argument("--jobs", type=int, default=1, choices=(1, 2), help="models at a time (%(default)s)")
    parser.add_argument("--hash-seed", default="0", help="PYTHONHASHSEED of the runs, or `random` (%(default)s)")
    parser.add_argument("--dist", default="load", help="how xdist deals the tests out with -n 2 (%(default)s)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep trees, reports and lists there")
    parser.add_argument("--list", type=int, default=15, metavar="N", help="names printed of a kind (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all figures and all names there")
    options = parser.parse_args(arguments)
    wrong = set(options.corpora) - set(CORPORA)
    if wrong:
        parser.error(f"no corpus {', '.join(sorted(wrong))}; known: {', '.join(CORPORA)}")
    options.arms = options.arms.split(",")
    if set(options.arms) - set(ARMS):
        parser.error(f"no arm {', '.join(sorted(set(options.arms) - set(ARMS)))}; known: {', '.join(ARMS)}")
    if "again" in options.arms and options.arms[options.arms.index("again") - 1 :][0] != "plain":
        parser.error("`again` needs `plain` just before it")
    return options


def main() -> None:
    options = parse()
    pack = corpora_folder()
    if not network_can_be_cut():
        sys.exit("not run: `unshare -rn` does not work here, and nobody has read this code: it gets no network")
    installed = plugins(options.python)
    if ENTRY_POINT not in installed and options.arms != ["without"]:
        sys.exit(f"{options.python} has no plug-in {ENTRY_POINT}; install the project there, or ask for --arms without")
    with ExitStack() as stack:
        keep = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmlearn-corpora-")))
        keep.mkdir(parents=True, exist_ok=True)
        base = keep.resolve()
        unpacked = base / "corpora"
        if not unpacked.exists():
            subprocess.run(
                [sys.executable, pack / "materialise.py", "unpack", unpacked], check=True, stdout=subprocess.DEVNULL
            )
        (base / "home").mkdir(exist_ok=True)
        bench = Bench(
            python=options.python.absolute(),
            tree=base,
            out=base,
            home=base / "home",
            report_log="reportlog" in installed,
            seconds=options.seconds,
            jobs=options.jobs,
            hash_seed=options.hash_seed,
            dist=options.dist,
            pytest_arguments=tuple(options.pytest_arg),
        )
        figures: dict[str, Any] = {"machine": machine()}
        for name in options.corpora or CORPORA:
            tree, out = base / f"{name}-tree", base / f"{name}-out"
            shutil.rmtree(tree, ignore_errors=True)
            out.mkdir(exist_ok=True)
            subprocess.run(
                [
                    sys.executable,
                    pack / "materialise.py",
                    "tree",
                    unpacked / name,
                    tree,
                    "--split",
                    options.split,
                    "--models",
                    options.models or DEFAULT_MODELS.get(name, ""),
                    "--tasks",
                    str(options.tasks),
                ],
                check=True,
                env=clean_environment(bench.home),
            )
            verdict = replay(replace(bench, tree=tree, out=out), unpacked / name, options.split, options.arms)
            show(name, verdict, options.list)
            figures[name] = {
                "figures": verdict.figures,
                "deviations": verdict.deviations,
                "targets": verdicts.reached(verdict.figures),
            }
        write_json(options.json, figures)


if __name__ == "__main__":
    main()
