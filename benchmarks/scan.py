"""What a scan costs: of one file, of 200 and 1,000, of what has not changed, and beside a run of the tests.

The files are model-written ones of the corpora. The scan beside the tests is measured in pairs: the same run of
processor-bound tests with the scan of 200 changed files and without it, in turns.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import Timed, clean_environment, machine, say, spread, table, timed, write_json

ASKED = {"one": 0.6, "thousand": 12.0, "overhead": 1.02, "megabytes": 350}
CLI = ("-m", "pytest_llmlearn.entrypoints.cli")
# Runs a command and writes the largest resident set of its children, in kilobytes, to the file named first.
WATCHED = """\
import resource, subprocess, sys
done = subprocess.run(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(done.returncode)
"""
TESTS = """\
import time
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_of_the_processor(number):
    until = time.process_time() + {seconds}
    while time.process_time() < until:
        sum(range(1000))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One scan: wall and processor seconds, and megabytes of the largest process."""

    wall: float
    cpu: float
    megabytes: float


class Yard:
    """A project of model-written files in a folder of its own."""

    def __init__(self, root: Path, texts: Sequence[str], count: int) -> None:
        self.root = root
        self.env = clean_environment(
            root.parent, PYTHONPATH=os.environ.get("PYTHONPATH", ""), CI="", LLMLEARN_SCAN="auto"
        )
        (root / "made").mkdir(parents=True)
        (root / "pyproject.toml").write_text('[tool.llmlearn]\ngenerated = ["made/**=model"]\nmaintain = false\n')
        for number in range(count):
            text = f"# {number}\n{texts[number % len(texts)]}"
            (root / "made" / f"m{number}.py").write_text(text, encoding="utf-8", errors="replace")

    def scan(self, *words: str) -> Cost:
        """`llmlearn scan`; ends the program where that fails."""
        peak = self.root.parent / "peak"
        command = [sys.executable, "-c", WATCHED, peak, sys.executable, *CLI, "--root", self.root, "scan", *words]
        output = self.root.parent / "output.txt"
        done = timed(command, cwd=self.root, env=self.env, output=output)
        if done.status != 0:
            sys.exit(f"the scan ended with {done.status}: {output.read_text(encoding='utf-8')[-1000:]}")
        return Cost(wall=done.wall, cpu=done.cpu, megabytes=int(peak.read_text()) / 1024)

    def forget(self) -> None:
        """As if nothing was ever scanned."""
        (self.root / ".llmlearn/state/scanned.json").unlink(missing_ok=True)


def texts_of(corpora: Path) -> list[str]:
    """Return the generations of the security corpus."""
    lines = (corpora / "security_sallm" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["code"] for line in lines]


def scans(work: Path, texts: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return what scans of 1, 200 and 1,000 files cost: all changed, none changed, one changed."""
    figures: dict[str, dict[str, float]] = {}
    for count in (1, 200, 1000):
        yard = Yard(work / f"y{count}" / "project", texts, count)
        yard.scan()  # who wrote the files is remembered from now on, and the disk is warm
        for name, repeats in (("all", 3 if count == 1 else 1), ("none", 3), ("one", 1)):
            costs = []
            for _ in range(repeats):
                if name == "all":
                    yard.forget()
                elif name == "one":
                    (yard.root / "made" / "m0.py").write_text("x = 1\n")
                costs.append(yard.scan())
            figures[f"{count} files, {name} changed"] = {
                "wall": min(one.wall for one in costs),
                "cpu": min(one.cpu for one in costs),
                "megabytes": max(one.megabytes for one in costs),
            }
            say(f"{count} files, {name} changed: {figures[f'{count} files, {name} changed']}")
    return figures


def beside(work: Path, texts: Sequence[str], *, pairs: int, seconds: float) -> dict[str, Any]:
    """Return how much longer the same run of the tests takes with the scan of 200 changed files beside it."""
    yard = Yard(work / "beside" / "project", texts, 200)
    (yard.root / "test_it.py").write_text(TESTS.format(count=50, seconds=seconds / 50))
    ratios, after = [], []
    for number in range(pairs + 1):
        taken: dict[str, Timed] = {}
        for arm in ("off", "auto") if number % 2 else ("auto", "off"):
            yard.forget()
            command = [sys.executable, "-m", "pytest", "-q", "--llm-learn", f"--llm-learn-scan={arm}"]
            taken[arm] = timed([*command, "-p", "no:cacheprovider"], cwd=yard.root, env=yard.env)
            if taken[arm].status != 0:
                sys.exit(f"the tests ended with {taken[arm].status}")
        if number:  # the first pair warms up
            ratios.append(taken["auto"].wall / taken["off"].wall)
            after.append(taken["auto"].wall - taken["off"].wall)
            say(f"pair {number}: {taken['off'].wall:.2f} s, with the scan {taken['auto'].wall:.2f} s")
    return {"ratio": spread(ratios).to_dict(), "seconds": statistics.median(after)}


def report(figures: Mapping[str, Any]) -> None:
    """Print asked beside measured."""
    limits = {"1 files, all changed": ASKED["one"], "1000 files, all changed": ASKED["thousand"]}
    rows = [("scan", "asked", "seconds", "of the processor", "MB")]
    for name, one in figures["scans"].items():
        limit = f"<= {limits[name]} s" if name in limits else ""
        rows.append((name, limit, f"{one['wall']:.2f}", f"{one['cpu']:.2f}", f"{one['megabytes']:.0f}"))
    if len(rows) > 1:
        print(table(rows, title=f"scans (<= {ASKED['megabytes']} MB)"))
    if "beside" in figures:
        ratio = figures["beside"]["ratio"]
        print(
            f"a run of the tests with the scan beside it takes {ratio['median']:.3f} [{ratio['low']:.3f}, "
            f"{ratio['high']:.3f}] times as long as without (asked: <= {ASKED['overhead']}), {ratio['count']} pairs"
        )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", type=Path, help="folder into which the corpora were unpacked")
    parser.add_argument("--pairs", type=int, default=7, help="pairs of runs of the tests; 0 leaves them out")
    parser.add_argument("--seconds", type=float, default=20.0, help="processor time of the tests of one run")
    parser.add_argument("--beside", action="store_true", help="only the runs of the tests")
    parser.add_argument("--json", type=Path, metavar="PATH")
    options = parser.parse_args()
    texts = texts_of(options.corpora)
    with tempfile.TemporaryDirectory(prefix="scan-") as scratch:
        figures: dict[str, Any] = {"machine": machine(), "scans": {} if options.beside else scans(Path(scratch), texts)}
        if options.pairs:
            figures["beside"] = beside(Path(scratch), texts, pairs=options.pairs, seconds=options.seconds)
    report(figures)
    write_json(options.json, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
