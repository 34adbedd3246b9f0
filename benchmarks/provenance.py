"""Is it known who wrote each line, and what does knowing it cost?

    python benchmarks/provenance.py [truth] [cost] [bad] [--json PATH] [--keep DIR]

`truth` lays the real corpora out as repositories and holds every line against the model that wrote it, and against
a second opinion by git alone, there, on this project's own history and on a long made-up one. `cost` measures that
long history (150 files, 13,000 commits) against plain `git blame`. `bad` times and shows the answers to bad input.
Runs in the environment that has the project installed.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import long_history
from hard_cases import hard_cases
from measure import ROOT, clean_environment, machine, say, spread, table, timed, write_json
from second_opinion import SecondOpinion

PARTS = ("truth", "cost", "bad")
CORPORA = ("classeval", "bia")
FILES_TIMED = 9
ROUNDS = 5

# What one process pays: the first answer (or the first one of this repository, after a file of another), the same
# again, and the answer of a second object, which can only have it from what the first one left on disk.
ONE_FILE = """
import json, sys, time
start = time.perf_counter()
from pytest_llmlearn import Memory
root, path, *before = sys.argv[1:]
if before:
    Memory.open(before[0]).provenance(before[1])
loaded = time.perf_counter()
first = Memory.open(root)
known = first.provenance(path, keep=True)
cold = time.perf_counter()
first.provenance(path)
again = time.perf_counter()
second = Memory.open(root)
opened = time.perf_counter()
same = second.provenance(path, keep=True)
stored = time.perf_counter()
assert same.lines == known.lines
print(json.dumps({"load": loaded - start, "cold": cold - loaded, "again": again - cold,
                  "open": opened - again, "stored": stored - opened, "lines": len(known.lines)}))
"""


@dataclass(slots=True)
class Sheet:
    """Figures beside the ones asked for, and everything that is not as it must be, by name."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def add(self, name: str, value: float, *, most: float | None = None, form: str = "{:.3f}", shown: str = "") -> None:
        """Note a figure; one above `most` is marked as missed."""
        asked = "" if most is None else f"<= {form.format(most)}"
        verdict = "" if most is None else "met" if value <= most else "MISSED"
        self.rows.append((name, shown or form.format(value), asked, verdict))
        self.figures[name] = {"value": value, "asked": most}

    def same(self, name: str, differing: Mapping[str, int], of: int) -> None:
        """Note how many of `of` things differ, by the kind of difference; none may."""
        count = sum(differing.values())
        self.add(name, count, most=0, form="{:.0f}", shown=f"{count} of {of}")
        ranked = sorted(differing.items(), key=lambda item: -item[1])
        self.differences += [f"{name}: {times} times {kind}" for kind, times in ranked]

    def show(self, limit: int) -> None:
        """Print the table and the first differences."""
        print(table([("figure", "measured", "asked", ""), *self.rows], title="provenance"))
        for one in self.differences[:limit]:
            print(f"  {one}")
        if len(self.differences) > limit:
            print(f"  and {len(self.differences) - limit} more differences (--list, --json)")


def truth(sheet: Sheet, work: Path) -> None:
    """Hold every line against what is known of it."""
    pack = Path(os.environ.get("LLMLEARN_CORPORA", ROOT.parent / "shared" / "corpora"))
    if (pack / "dev.tar.xz").is_file():
        for corpus in CORPORA:
            _corpus(sheet, pack, work, corpus)
    else:
        say(f"no corpora: {pack} holds no dev.tar.xz; set LLMLEARN_CORPORA to the folder that does")
    own = work / "own"
    if not own.exists():
        subprocess.run(["git", "clone", "-q", ROOT, own], check=True)
    compare(sheet, "own history", own)
    compare(sheet, "long history", _long(work))


def _corpus(sheet: Sheet, pack: Path, work: Path, corpus: str) -> None:
    from pytest_llmlearn import Memory

    tree, unpacked = work / f"{corpus}-tree", work / "corpora"
    script = [sys.executable, str(pack / "materialise.py")]
    if not unpacked.exists():
        subprocess.run([*script, "unpack", str(unpacked)], check=True, stdout=subprocess.DEVNULL)
    if not tree.exists():
        say(f"laying out {corpus}")
        identity = {"GIT_CONFIG_COUNT": "0"}
        command = [*script, "tree", str(unpacked / corpus), str(tree)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **identity})
    wrong: Counter[str] = Counter()
    count = 0
    with Memory.open(tree) as memory:
        for path in sorted((tree / "gen").glob("*/*.py")):
            relative = path.relative_to(tree).as_posix()
            by_person = path.name.startswith("test_")
            expected = ("human", None) if by_person else ("ai", path.parent.name)
            lines = memory.provenance(relative).lines
            count += len(lines)
            wrong.update(
                f"{relative}: {line.type} {line.model} ({line.evidence})"
                for line in lines
                if (line.type, line.model) != expected
            )
            # An empty answer would differ nowhere.
            if len(lines) != _line_count(path.read_bytes()):
                wrong[f"{relative}: {len(lines)} lines were told"] += 1
    sheet.same(f"{corpus}: lines whose writer is told wrongly", wrong, count)
    compare(sheet, corpus, tree)


def _line_count(text: bytes) -> int:
    return text.count(b"\n") + (bool(text) and not text.endswith(b"\n"))


def compare(sheet: Sheet, name: str, tree: Path) -> None:
    """Ask both for every line of every text file; the same type and model is asked of both."""
    from pytest_llmlearn import Memory

    say(f"comparing {name}")
    second = SecondOpinion.of(tree)
    differing: Counter[str] = Counter()
    where: dict[str, str] = {}
    count = 0
    with Memory.open(tree) as memory:
        for path in second.tracked():
            ours, theirs = memory.provenance(path).lines, second.lines(path)
            count += len(theirs)
            if len(ours) != len(theirs):
                differing[f"{path}: {len(ours)} lines told, {len(theirs)} blamed"] += 1
            for number, (our, their) in enumerate(zip(ours, theirs, strict=False), 1):
                if (our.type, our.model) != (their.type, their.model):
                    kind = f"{our.type} {our.model} ({our.evidence}) against {their.type} {their.model} ({their.why})"
                    differing[kind] += 1
                    where.setdefault(kind, f"{path}:{number}")
    told = {f"{kind}, first in {where.get(kind, 'it')}": times for kind, times in differing.items()}
    sheet.same(f"{name}: lines that the second opinion tells differently", told, count)


def _long(work: Path) -> Path:
    made = work / "long"
    if not made.exists():
        say("making the long history")
        long_history.make(made)
    return made


def cost(sheet: Sheet, work: Path) -> None:
    """Measure one file and the whole of the long history against plain git, in pairs."""
    tree = work / "long-for-times"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(_long(work), tree)
    env = clean_environment(work)
    paths = subprocess.run(
        ["git", "-C", tree, "ls-files", "src"], check=True, capture_output=True, text=True
    ).stdout.split()
    _one_file(sheet, tree, paths, env)
    _whole(sheet, tree, paths, env)


def _forget(tree: Path) -> None:
    shutil.rmtree(tree / ".llmlearn", ignore_errors=True)


def _one_file(sheet: Sheet, tree: Path, paths: Sequence[str], env: dict[str, str]) -> None:
    small = tree.parent / "small"
    if not small.exists():
        long_history.make(small, files=2, commits=40)
    chosen = paths[:: max(1, len(paths) // FILES_TIMED)][:FILES_TIMED]
    taken: dict[str, list[float]] = {}
    for path in chosen:
        say(f"one file: {path}")
        for _ in range(3):
            _forget(tree)
            blame = timed(["git", "blame", path], cwd=tree, env=env).wall
            inside = _inside(tree, path, env)
            taken.setdefault("ratio", []).append(inside["cold"] / blame)
            _forget(tree)
            loaded = _inside(tree, path, env, str(small), "src/part_00/module_000.py")
            blame_again = timed(["git", "blame", path], cwd=tree, env=env).wall
            taken.setdefault("ratio loaded", []).append(loaded["cold"] / blame_again)
            taken.setdefault("cold loaded", []).append(loaded["cold"])
            for key in ("cold", "again", "stored", "load"):
                taken.setdefault(key, []).append(inside[key])
            taken.setdefault("blame", []).append(blame)
            _forget(tree)
            command = [*_command(), "provenance", path, "--format", "json"]
            whole = timed(command, cwd=tree, env=env)
            warm = timed(command, cwd=tree, env=env)
            if whole.status or warm.status:
                sys.exit(f"{' '.join(command)} ended with status {whole.status} and {warm.status}")
            taken.setdefault("process", []).append(whole.wall)
            taken.setdefault("process again", []).append(warm.wall)
    for key, name in (
        ("ratio", "one file cold, first of its process / git blame"),
        ("ratio loaded", "one file cold, modules loaded / git blame"),
    ):
        ratio = spread(taken[key])
        sheet.add(name, ratio.median, most=1.5, form="{:.2f}", shown=ratio.show("{:.2f}"))
    milliseconds = {key: 1000 * statistics.median(values) for key, values in taken.items()}
    sheet.add("  git blame FILE, ms", milliseconds["blame"], form="{:.1f}")
    sheet.add("  first of its process, ms", milliseconds["cold"], form="{:.1f}")
    sheet.add("  modules loaded, ms", milliseconds["cold loaded"], form="{:.1f}")
    sheet.add("one file stored, another Memory, ms", milliseconds["stored"], most=2.0, form="{:.2f}")
    sheet.add("one file asked again, same Memory, ms", milliseconds["again"], most=2.0, form="{:.2f}")
    sheet.add("  import of the package, ms", milliseconds["load"], form="{:.1f}")
    sheet.add("  llmlearn provenance FILE, fresh process, cold, ms", milliseconds["process"], form="{:.0f}")
    sheet.add("  the same, stored, ms", milliseconds["process again"], form="{:.0f}")


def _inside(tree: Path, path: str, env: dict[str, str], *before: str) -> dict[str, float]:
    command = [sys.executable, "-c", ONE_FILE, str(tree), path, *before]
    done = subprocess.run(command, cwd=tree, env=env, check=True, capture_output=True)
    seconds: dict[str, float] = json.loads(done.stdout)
    return seconds


def _command() -> list[str]:
    return [sys.executable, "-m", "pytest_llmlearn.entrypoints.cli"]


def _whole(sheet: Sheet, tree: Path, paths: Sequence[str], env: dict[str, str]) -> None:
    command = [*_command(), "provenance", "--summary", "--format", "json"]
    ratios, colds, plains, agains, renewed = [], [], [], [], []
    for turn in range(3):
        say(f"the whole: round {turn + 1}")
        _forget(tree)
        plains.append(sum(timed(["git", "blame", path], cwd=tree, env=env).wall for path in paths))
        colds.append(_timed_or_end(command, tree, env))
        ratios.append(colds[-1] / plains[-1])
        agains += [_timed_or_end(command, tree, env) for _ in range(ROUNDS)]
    for turn in range(ROUNDS):
        for path in paths[turn * 7 : turn * 7 + 3]:
            with (tree / path).open("a", encoding="utf-8") as file:
                file.write(f"\nADDED_{turn} = {turn}\n")
        day = long_history.START + (20_000 + turn) * long_history.STEP
        long_history.commit(tree, "Add\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>", day=day)
        renewed.append(_timed_or_end(command, tree, env))
    ratio = spread(ratios)
    sheet.add("summary cold / blaming file by file", ratio.median, most=1.2, form="{:.2f}", shown=ratio.show("{:.2f}"))
    sheet.add("  git blame of every file, s", statistics.median(plains), form="{:.2f}")
    sheet.add("  llmlearn provenance --summary, cold, s", statistics.median(colds), form="{:.2f}")
    sheet.add("summary, nothing changed, fresh process, s", statistics.median(agains), most=1.0, form="{:.2f}")
    sheet.add("  summary after a commit to 3 files, s", statistics.median(renewed), form="{:.2f}")
    _summed(sheet, command, tree, paths, env)


def _timed_or_end(command: Sequence[str], tree: Path, env: dict[str, str]) -> float:
    done = timed(command, cwd=tree, env=env)
    if done.status:
        sys.exit(f"{' '.join(command)} ended with status {done.status}")
    return done.wall


def _summed(sheet: Sheet, command: Sequence[str], tree: Path, paths: Sequence[str], env: dict[str, str]) -> None:
    """Hold the sums, which by now come from what was stored at several commits, against the second opinion's."""
    told = json.loads(subprocess.run(command, cwd=tree, env=env, check=True, capture_output=True).stdout)
    second = SecondOpinion.of(tree)
    counted = Counter(opinion.type for path in paths for opinion in second.lines(path))
    sheet.figures["summary"] = told
    wrong = {
        f"{kind}: {told['lines'].get(kind, 0)} told, {counted[kind]} counted": 1
        for kind in ("human", "ai", "mixed", "unknown")
        if told["lines"].get(kind, 0) != counted[kind]
    }
    sheet.same("sums that differ from the second opinion's", wrong, 4)


def bad(sheet: Sheet, work: Path) -> None:
    """Show what bad input costs, and what is answered."""
    say("bad input")
    for case in hard_cases(work / "bad", clean_environment(work)):
        sheet.add(f"{case.name}, ms", 1000 * case.seconds, most=1000 * case.most, form="{:.0f}")
        sheet.same(f"  {case.name}: answers", {} if case.right else {case.answer: 1}, 1)
        sheet.figures[f"{case.name}: answer"] = case.answer


def main() -> None:
    """Measure what was asked for, print it and write it down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for the repositories, used again where they are there")
    parser.add_argument("--list", type=int, default=20, help="differences shown by name")
    asked = parser.parse_args()
    sheet = Sheet()
    with tempfile.TemporaryDirectory() as temporary:
        work = (asked.keep or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        # Whoever runs this may be an assistant: its variables would make uncommitted lines its own.
        environment = clean_environment(work, **{k: v for k, v in os.environ.items() if k == "LLMLEARN_CORPORA"})
        os.environ.clear()
        os.environ.update(environment)
        for part in asked.parts or PARTS:
            {"truth": truth, "cost": cost, "bad": bad}[part](sheet, work)
    sheet.show(asked.list)
    write_json(asked.json, {"machine": machine(), "figures": sheet.figures, "differences": sheet.differences})


if __name__ == "__main__":
    main()
