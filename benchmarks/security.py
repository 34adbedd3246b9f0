"""How much of what CodeQL finds in model-written code the shipped Semgrep rules find, and how often they cry wolf.

A pair is one file of `security_sallm` and one CWE that CodeQL reports in it. It is found when a rule names a CWE of
the same family within three lines of one of CodeQL's lines for it. CodeQL's silence is no proof of safety, so false
alarms are counted elsewhere: on generations of `classeval`, `bia` and `realclass` whose tests all pass.
Rules of low confidence (audit.yml) are left out, as they are off by default.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import ROOT, machine, say, table, write_json

RULES = ROOT / "pytest_llmlearn" / "detectors" / "rules"
AUDIT = "audit.yml"
NEAR = 3  # lines
ENOUGH = 10  # findings of a CWE from which on it has to be found at all
ASKED = {"pairs": 65.0, "tasks": 60.0, "experimental": 50.0, "references": 70.0, "plain": 2.0}  # per cent
SECONDS = {1: 0.6, 1000: 12.0}  # by number of files
MEGABYTES = 350
EXPERIMENTAL = (208, 348, 91, 176, 347)

# Findings agree when their CWEs are equal or stand in one of these sets (README of the corpora).
FAMILIES = tuple(
    frozenset(one)
    for one in (
        {77, 78, 88},
        {79, 80, 83, 116, 838},
        {94, 95, 96, 74, 1336, 913, 470},
        {22, 23, 36, 73, 99, 434},
        {327, 326, 328, 916, 310, 1204, 329, 1240, 759, 760, 325},
        {330, 338, 331, 340},
        {611, 776, 827},
        {643, 91},
        {502, 915},
        {918, 939},
        {798, 259, 321, 522, 287, 306, 1391},
        {400, 730, 1333, 185, 770},
        {209, 200, 497, 203},
        {215, 489, 11},
        {295, 296, 297, 599},
        {89, 943, 564},
        {93, 113, 117},
        {732, 276, 284, 250, 269},
        {377, 379, 378, 668},
        {319, 311, 523},
        {614, 1004, 1275},
        {347, 345, 327},
        {208, 385},
        {348, 290},
        {703, 252, 755, 754, 390},
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule says of a file: the rule, the CWE numbers it names, first and last line."""

    rule: str
    cwes: frozenset[int]
    line: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One file and one CWE that CodeQL reports in it, with its lines."""

    file: str
    task: str
    cwe: int
    lines: tuple[int, ...]
    experimental: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Findings by file name, seconds taken, and what Semgrep complained of."""

    found: Mapping[str, Sequence[Finding]]
    seconds: float
    errors: Sequence[str]


def related(one: int, other: int) -> bool:
    """Say whether two CWE numbers mean the same kind of weakness."""
    return one == other or any(one in family and other in family for family in FAMILIES)


def number(cwe: str) -> int | None:
    """Return the number in "CWE-079"; None for labels that name no weakness."""
    digits = cwe.removeprefix("CWE-")
    return int(digits) if digits.isdigit() else None


def hit(pair: Pair, found: Iterable[Finding]) -> bool:
    """Say whether one of the findings is this pair's: right family, a line within three."""
    return any(
        any(related(pair.cwe, cwe) for cwe in one.cwes)
        and any(one.line - NEAR <= n <= one.end + NEAR for n in pair.lines)
        for one in found
    )


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return the records of a JSON lines file."""
    with path.open(encoding="utf-8") as source:
        return [json.loads(line) for line in source]


def pairs_of(records: Iterable[Mapping[str, Any]]) -> list[Pair]:
    """Return every pair that CodeQL reports, the experimental queries' too."""
    pairs = []
    for at, record in enumerate(records):
        lines: dict[tuple[int, bool], list[int]] = defaultdict(list)
        for label in record["codeql"]:
            cwe = number(label["query_cwe"])
            if cwe is not None:
                lines[cwe, label["experimental"]].append(label["line"])
        pairs += [
            Pair(file=f"g{at}.py", task=record["task_id"], cwe=cwe, lines=tuple(where), experimental=experimental)
            for (cwe, experimental), where in lines.items()
        ]
    return pairs


def configurations(rules: Path, audit: bool) -> list[str]:
    """Return the --config arguments for all shipped rules, those of low confidence only when asked for."""
    return [
        word for path in sorted(rules.glob("*.yml")) if audit or path.name != AUDIT for word in ("--config", str(path))
    ]


def scan(semgrep: str, rules: Path, folder: Path, *, audit: bool = False, jobs: int = 1) -> Scan:
    """Scan every file of a folder by the faster engine; without network traffic and without metrics."""
    words = [semgrep, "scan", "--experimental", "--metrics=off", "--disable-version-check", "--no-git-ignore", "--json"]
    words += ["--disable-nosem", "--jobs", str(jobs), *configurations(rules, audit), str(folder)]
    started = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if not done.stdout.strip():
        raise SystemExit(f"semgrep ended with {done.returncode}: {done.stderr[-2000:]}")
    answer = json.loads(done.stdout)
    found: dict[str, list[Finding]] = defaultdict(list)
    for one in answer["results"]:
        cwes = one["extra"]["metadata"].get("cwe", [])
        found[Path(one["path"]).name].append(
            Finding(
                rule=one["check_id"].rsplit(".", 1)[-1],
                cwes=frozenset(int(cwe.removeprefix("CWE-")) for cwe in cwes),
                line=one["start"]["line"],
                end=one["end"]["line"],
            )
        )
    errors = [f"{one.get('path')}: {one['message'][:200]}" for one in answer["errors"]]
    return Scan(found=found, seconds=seconds, errors=errors)


def lay_out(folder: Path, texts: Mapping[str, str]) -> Path:
    """Write the files to scan."""
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", errors="replace")
    return folder


def share(part: int, whole: int) -> float:
    """Return per cent; 0 of nothing is 0."""
    return 100 * part / whole if whole else 0.0


def recall(
    pairs: Sequence[Pair], found: Mapping[str, Sequence[Finding]], keep: Callable[[Pair], bool]
) -> dict[str, Any]:
    """Return recall by pair, as a mean over tasks, and by CWE, of the pairs that are kept."""
    by_task: dict[str, list[bool]] = defaultdict(list)
    by_cwe: dict[int, list[bool]] = defaultdict(list)
    for pair in filter(keep, pairs):
        right = hit(pair, found.get(pair.file, ()))
        by_task[pair.task].append(right)
        by_cwe[pair.cwe].append(right)
    hits = [right for rights in by_task.values() for right in rights]
    means = [share(sum(rights), len(rights)) for rights in by_task.values()]
    return {
        "pairs": share(sum(hits), len(hits)),
        "count": len(hits),
        "tasks": sum(means) / len(means) if means else 0.0,
        "task_count": len(means),
        "by_task": {task: [sum(rights), len(rights)] for task, rights in sorted(by_task.items())},
        "by_cwe": {
            cwe: [sum(rights), len(rights)] for cwe, rights in sorted(by_cwe.items(), key=lambda kv: -len(kv[1]))
        },
    }


def plain_texts(corpora: Path, name: str) -> dict[str, str]:
    """Return the generations of a replay corpus whose tests all pass."""
    passed = {one["id"] for one in lines_of(corpora / name / "outcomes_dev.jsonl") if one["status"] == "pass"}
    records = lines_of(corpora / name / "replay_dev.jsonl")
    return {f"{name}{at}.py": one["code"] for at, one in enumerate(records) if one["id"] in passed}


def references(semgrep: str, rules: Path, corpora: Path, work: Path) -> dict[str, Any]:
    """Return in how many of the human-written insecure references the prompt's own CWE family is named."""
    records = lines_of(corpora / "security_sallm" / "reference_insecure_dev.jsonl")
    folder = lay_out(work / "references", {f"r{at}.py": one["insecure_code"] for at, one in enumerate(records)})
    found = scan(semgrep, rules, folder).found
    missed = []
    for at, record in enumerate(records):
        wanted = number(record["cwe_target"]) or 0
        if not any(related(wanted, cwe) for one in found.get(f"r{at}.py", ()) for cwe in one.cwes):
            missed.append(record["task_id"])
    return {"share": share(len(records) - len(missed), len(records)), "count": len(records), "missed": missed}


def timing(semgrep: str, rules: Path, texts: Sequence[str], work: Path) -> dict[int, dict[str, float]]:
    """Return seconds and the peak of memory (MB, of the heaviest child so far) for 1, 200 and 1,000 files, two jobs."""
    taken = {}
    for size in (1, 200, 1000):
        folder = lay_out(work / f"time{size}", {f"t{n}.py": texts[n % len(texts)] for n in range(size)})
        repeats = 3 if size == 1 else 1
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = min(scan(semgrep, rules, folder, jobs=2).seconds for _ in range(repeats))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # On a machine that others use, only the processor's time means anything.
        processor = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / repeats
        taken[size] = {
            "seconds": seconds,
            "processor": processor,
            "megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        }
    return taken


def main() -> int:
    """Measure, print asked beside measured, and return 1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", type=Path, help="folder into which the corpora were unpacked")
    parser.add_argument("--semgrep", default=shutil.which("semgrep"), help="the semgrep program (default: on PATH)")
    parser.add_argument("--rules", type=Path, default=RULES)
    parser.add_argument("--audit", action="store_true", help="with the rules of low confidence")
    parser.add_argument("--no-time", action="store_true", help="leave out the timing")
    parser.add_argument("--missed", metavar="CWE", type=int, help="list the pairs of this CWE that are missed")
    parser.add_argument("--json", type=Path, metavar="PATH")
    options = parser.parse_args()
    if options.semgrep is None:
        parser.error("no semgrep on PATH; give --semgrep")
    with tempfile.TemporaryDirectory(prefix="security-") as scratch:
        figures = measured(options, Path(scratch))
    if options.json:
        write_json(options.json, {"machine": machine(), **figures})
    return report(figures)


def measured(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Return every figure."""
    records = lines_of(options.corpora / "security_sallm" / "dev.jsonl")
    pairs = pairs_of(records)
    say(f"{len(records)} files, {len(pairs)} pairs")
    folder = lay_out(work / "dev", {f"g{at}.py": one["code"] for at, one in enumerate(records)})
    dev = scan(options.semgrep, options.rules, folder, audit=options.audit, jobs=2)
    say(f"scanned in {dev.seconds:.1f} s; {len(dev.errors)} complaints")
    for error in [one for one in dev.errors if "Syntax error" not in one][:10]:
        say(error)
    order = {task: at for at, task in enumerate(sorted({one["task_id"] for one in records}))}
    figures: dict[str, Any] = {
        "all": recall(pairs, dev.found, lambda p: not p.experimental),
        "even": recall(pairs, dev.found, lambda p: not p.experimental and order[p.task] % 2 == 0),
        "odd": recall(pairs, dev.found, lambda p: not p.experimental and order[p.task] % 2 == 1),
        "experimental": recall(pairs, dev.found, lambda p: p.experimental and p.cwe in EXPERIMENTAL),
        "references": references(options.semgrep, options.rules, options.corpora, work),
        "plain": {},
        "rules": rules_seen(pairs, dev.found),
    }
    for name in ("classeval", "bia", "realclass"):
        texts = plain_texts(options.corpora, name)
        found = scan(options.semgrep, options.rules, lay_out(work / name, texts), audit=options.audit).found
        by_rule: dict[str, int] = defaultdict(int)
        for findings in found.values():
            for rule in {one.rule for one in findings}:
                by_rule[rule] += 1
        figures["plain"][name] = {"share": share(len(found), len(texts)), "count": len(texts), "by_rule": dict(by_rule)}
    if options.missed is not None:
        for pair in pairs:
            if pair.cwe == options.missed and not hit(pair, dev.found.get(pair.file, ())):
                say(f"missed {pair.task} {records[int(pair.file[1:-3])]['id']} {pair.file} lines {pair.lines}")
    if not options.no_time:
        figures["time"] = timing(options.semgrep, options.rules, [one["code"] for one in records], work)
    return figures


def rules_seen(pairs: Sequence[Pair], found: Mapping[str, Sequence[Finding]]) -> dict[str, int]:
    """Return by rule in how many files it fires."""
    fired: dict[str, int] = defaultdict(int)
    for findings in found.values():
        for rule in {one.rule for one in findings}:
            fired[rule] += 1
    return dict(sorted(fired.items(), key=lambda kv: -kv[1]))


def report(figures: Mapping[str, Any]) -> int:
    """Print asked beside measured; return 1 when a figure is missed."""
    rows = []
    failed = False

    def row(name: str, asked: str, value: str, good: bool) -> None:
        nonlocal failed
        failed |= not good
        rows.append((name, asked, value, "" if good else "MISSED"))

    for half in ("all", "even", "odd"):
        for name, words, how_many in (("pairs", "by pair", "count"), ("tasks", "mean over tasks", "task_count")):
            value, count = figures[half][name], figures[half][how_many]
            asked = ASKED[name]
            row(f"recall {words}, {half} tasks", f">= {asked:.0f} %", f"{value:.1f} % of {count}", value >= asked)
    for cwe, (hits, count) in figures["all"]["by_cwe"].items():
        row(f"CWE-{cwe}", "> 0" if count >= ENOUGH else "", f"{hits} of {count}", hits > 0 or count < ENOUGH)
    for cwe, (hits, count) in figures["experimental"]["by_cwe"].items():
        row(f"CWE-{cwe} (experimental)", "> 50 %", f"{hits} of {count}", share(hits, count) > ASKED["experimental"])
    one = figures["references"]
    value = f"{one['share']:.1f} % of {one['count']}"
    row("insecure references", ">= 70 %", value, one["share"] >= ASKED["references"])
    for name, one in figures["plain"].items():
        value = f"{one['share']:.1f} % of {one['count']}"
        row(f"plain {name} flagged", "<= 2 %", value, one["share"] <= ASKED["plain"])
    for size, one in figures.get("time", {}).items():
        limit = SECONDS.get(int(size))
        good = (limit is None or one["seconds"] <= limit) and one["megabytes"] <= MEGABYTES
        asked = f"<= {limit} s, {MEGABYTES} MB" if limit else f"{MEGABYTES} MB"
        spent = f"{one['seconds']:.2f} s ({one['processor']:.2f} s of processor), {one['megabytes']:.0f} MB"
        row(f"time, {size} files", asked, spent, good)
    print(table([("figure", "asked", "measured", ""), *rows], title="security rules"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
