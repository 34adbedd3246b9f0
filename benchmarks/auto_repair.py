"""Does a verified fix, applied to other code with the same mistake, make the failing test pass?

Streams of real generations are replayed in their order. Each failing one is healed by the passing generation of its
task, by another model, that is most like it; what the product's own healing makes of that is a fix, or is none. On
every later failing generation the fixes of its mistake are tried: where one is offered, it is applied, and the failing
test is run. Nobody has read this code: it runs without a network, with bounded memory and time. See README.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import re
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import healing_cases
import statements
from confinement import confined, network_can_be_cut
from corpora import CORPORA, corpora_folder
from healing_cases import Corpus, Yard
from measure import say, table, write_json

from pytest_llmlearn.app.heal import Green, Judge
from pytest_llmlearn.app.heal_between import red_of
from pytest_llmlearn.bootstrap import Memory
from pytest_llmlearn.bootstrap.parts import surroundings
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.fix import Fix, Red
from pytest_llmlearn.domain.mending import Mend, applied, mend
from pytest_llmlearn.domain.occurrence import Frame, Occurrence
from pytest_llmlearn.domain.redaction import redact
from pytest_llmlearn.domain.replay import Failure, Signature, signature
from pytest_llmlearn.domain.tree import Span
from pytest_llmlearn.settings import Settings

ENOUGH = 40
"""Tries below which a rate is reported, and not judged."""
ASKED = 0.5
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """One mistake of a generation: the failure that showed it first, where it was laid, and what heals it later."""

    seq: int
    task: str
    model: str
    nodeid: str
    rule: Signature
    exact: Signature
    fingerprint: str
    span: Span
    red: Red


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A mend that was offered: on what, by which fix, and whether the failing test passed with it."""

    failed: Failed
    mend: Mend
    fix: Fix
    taught: tuple[str, str]
    text: str
    passed: bool = False
    broke: int = 0


def failures(corpus: Corpus, record: Any, outcome: Any) -> Iterator[tuple[Occurrence, Failure]]:
    """What the corpus's authors measured, as it would have been seen."""
    test = f"test_{record['module']}.py"
    for one in outcome["failures"]:
        if one["when"] not in ("call", "setup"):
            continue
        frames = []
        told = re.findall(rf"^{re.escape(test)}:(\d+): ", one.get("longrepr") or "", re.MULTILINE)
        lines = corpus.tests[record["task_id"]].splitlines()
        function = one["nodeid"].partition("::")[2].replace("::", ".").partition("[")[0]
        if told and int(told[-1]) <= len(lines):
            frames.append(Frame(path=test, line=int(told[0]), function=function, statement=lines[int(told[0]) - 1].strip()))
        place = one.get("last_generated_frame") or {}
        if one["in_generated"] and place.get("line"):
            code = record["code"].splitlines()
            statement = code[place["line"] - 1].strip() if place["line"] <= len(code) else ""
            frames.append(
                Frame(path=f"{record['module']}.py", line=place["line"], function=place["func"] or "", statement=statement)
            )
        yield (
            Occurrence(
                nodeid=one["nodeid"], when=one["when"], exception=one["exc_type"] or "Failed",
                mro=tuple(one["exc_mro"] or (one["exc_type"] or "Failed",)), message=one["message"] or "",
                frames=tuple(frames), test_path=test, test_function=function,
            ),
            Failure(nodeid=one["nodeid"], exception=one["exc_type"] or "Failed", message=one["message"] or ""),
        )  # fmt: skip


def failed_of(corpus: Corpus, record: Any, outcome: Any, root: Path) -> list[Failed]:
    """The mistakes of one generation, as memory lays and names them: one for each place and signature."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / f"{record['module']}.py").write_bytes(record["code"].encode("utf-8", "replace"))
    (root / f"test_{record['module']}.py").write_bytes(corpus.tests[record["task_id"]].encode("utf-8", "replace"))
    pairs = list(failures(corpus, record, outcome))
    found: dict[tuple[Signature, str], Failed] = {}
    settings = replace(Settings(), scope="all", embedder="none", scan="off")
    with Memory.open(root, settings=settings) as memory:
        for number, (occurrence, failure) in enumerate(pairs):
            run = Run(run_id=f"{record['id']}:{number}", started=NOW, finished=NOW, failed=1)
            for entry in memory.record_run(run, [occurrence]).entries:
                red = red_of(entry, None, NOW)
                if red.text is None or entry.path != f"{record['module']}.py":
                    continue
                key = (signature(failure, "exact"), entry.unit)
                found.setdefault(
                    key,
                    Failed(
                        seq=record["seq"], task=record["task_id"], model=record["model"], nodeid=entry.nodeid,
                        rule=signature(failure, "rule"), exact=key[0], fingerprint=red.fingerprint,
                        span=span_of(record["code"], red), red=red,
                    ),
                )  # fmt: skip
    return list(found.values())


def span_of(code: str, red: Red) -> Span:
    """Where the mistake is seen: the failing line, or the whole unit where no line of it failed."""
    from pytest_llmlearn.domain import source

    if red.line is not None:
        return Span(red.line, 0, red.line, 1)
    unit = source.unit_named(code, red.qualname)
    return Span(unit.start, 0, unit.end, 1) if unit is not None else Span(1, 0, code.count("\n") + 1, 0)


def healed(failed: Failed, corpus: Corpus, seq: int, root: Path, code: str) -> tuple[Fix, str] | None:
    """The fix that memory mines where the passing generation most like it, of those up to `seq`, is put in its place."""
    others = [one for one in corpus.passing.get(failed.task, ()) if one["model"] != failed.model and one["seq"] < seq]
    if not others:
        return None
    good = min(others, key=lambda one: (statements.whole(code, one["code"]), one["seq"]))
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / failed.red.path).write_bytes(good["code"].encode("utf-8", "replace"))
    if failed.red.test_path:
        (root / failed.red.test_path).write_bytes(corpus.tests[failed.task].encode("utf-8", "replace"))
    healing = Judge(surroundings(root), redact).judge(failed.red, Green(time=NOW))
    return (healing.fix, good["model"]) if healing.fix is not None else None


def tries(corpus: Corpus, records: Sequence[Any], outcomes: dict[str, Any], keep: Path, level: str) -> tuple[list[Try], Counter[str]]:
    """What is offered for each failing generation, by what was learned before it."""
    cached = keep / f"{corpus.name}-failed.pickle"
    known: dict[str, list[Failed]] = pickle.loads(cached.read_bytes()) if cached.exists() else {}
    counts: Counter[str] = Counter()
    learned: list[Failed] = []
    codes: dict[int, str] = {}
    mined: dict[tuple[int, str, str, int], tuple[Fix, str] | None] = {}
    found: list[Try] = []
    healed_file = keep / f"{corpus.name}-healed.pickle"
    if healed_file.exists():
        mined = pickle.loads(healed_file.read_bytes())
    for number, record in enumerate(records):
        outcome = outcomes[record["id"]]
        if outcome["status"] == "fail":
            if record["id"] not in known:
                known[record["id"]] = failed_of(corpus, record, outcome, keep / "root")
            for failed in known[record["id"]]:
                counts["failures"] += 1
                fixes: dict[str, tuple[Fix, Failed]] = {}
                for earlier in learned:
                    if getattr(earlier, level) != getattr(failed, level) or earlier.model == failed.model and earlier.task == failed.task:
                        continue
                    passing = sum(one["seq"] < failed.seq for one in corpus.passing.get(earlier.task, ()))
                    key = (earlier.seq, earlier.red.unit, repr(earlier.exact), passing)
                    if key not in mined:
                        mined[key] = healed(earlier, corpus, failed.seq, keep / "root", codes[earlier.seq])
                    fix = mined[key]
                    if fix is not None:
                        digest = fix[0].digest
                        seen = fixes[digest][0].verified if digest in fixes else 0
                        fixes[digest] = (replace(fix[0], verified=seen + 1, last_seen=NOW), earlier)
                counts["with a fix"] += bool(fixes)
                goods: dict[str, set[str]] = defaultdict(set)
                for fix, _ in fixes.values():
                    goods[fix.bad].add(fix.good)
                ready = [replace(fix, conflicting=len(goods[fix.bad]) > 1) for fix, _ in fixes.values()]
                made = mend(record["code"], ready, failed.span)
                if made is not None:
                    fix, earlier = fixes[made.digest]
                    counts["offered"] += 1
                    found.append(Try(failed=failed, mend=made, fix=fix, taught=(earlier.task, earlier.model), text=applied(record["code"], made.edits)))
            learned += known[record["id"]]
            codes[record["seq"]] = record["code"]
        if number % 50 == 0:
            say(f"{corpus.name}: {number} of {len(records)}, {counts['offered']} offered")
            cached.write_bytes(pickle.dumps(known))
            healed_file.write_bytes(pickle.dumps(mined))
    cached.write_bytes(pickle.dumps(known))
    healed_file.write_bytes(pickle.dumps(mined))
    return found, counts


def judged(one: Try, corpus: Corpus, module: str, yard: Yard, keep: Path) -> Try:
    """The try with what came of the failing test; what was run once is not run again."""
    test = corpus.tests[one.failed.task]
    digest = hashlib.blake2b("\0".join((one.text, test)).encode("utf-8", "replace"), digest_size=12).hexdigest()
    kept = keep / "outcomes" / f"{digest}.json"
    if not kept.exists():
        folder = yard.cases / "try"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / f"test_{module}.py").write_bytes(test.encode("utf-8", "replace"))
        (folder / f"{module}.py").write_bytes(one.text.encode("utf-8", "replace"))
        junit = yard.out / "try.xml"
        junit.unlink(missing_ok=True)
        words = [yard.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:llm_learn", "--timeout=10", "--rootdir", folder, f"--junitxml={junit}"]
        confined(words, cwd=folder, env=yard.env, timeout=yard.seconds, output=yard.out / "try.txt")
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(_statuses(junit)), encoding="utf-8")
    outcome = json.loads(kept.read_text(encoding="utf-8"))
    name = one.failed.nodeid.partition("::")[2].rpartition("::")[2]
    return replace(one, passed=outcome.get(name) == "passed")


def _statuses(junit: Path) -> dict[str, str]:
    from xml.etree import ElementTree

    if not junit.exists():
        return {}
    return {
        case.get("name") or "": "failed" if any(child.tag in ("failure", "error", "skipped") for child in case) else "passed"
        for case in ElementTree.parse(junit).iter("testcase")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*", metavar="CORPUS", help=f"of {', '.join(CORPORA)} (default: all)")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--level", default="rule", choices=("rule", "exact"), help="how near a mistake must be (%(default)s)")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="the interpreter the code is run with")
    parser.add_argument("--unpacked", type=Path, metavar="DIR", help="corpora that are unpacked already")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="remember there what was mined and run")
    parser.add_argument("--list", type=int, default=0, metavar="N", help="tries printed")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all figures there")
    options = parser.parse_args()
    if not network_can_be_cut():
        sys.exit("not run: `unshare -rn` does not work here, and nobody has read this code: it gets no network")
    with ExitStack() as stack:
        keep = (options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmlearn-repair-")))).resolve()
        yard = Yard(python=options.python.absolute(), cases=keep / "cases", out=keep / "out", home=keep / "home", seconds=60.0)
        for folder in (yard.cases, yard.out, yard.home):
            folder.mkdir(parents=True, exist_ok=True)
        unpacked = options.unpacked
        if unpacked is None:
            import subprocess

            unpacked = keep / "corpora"
            if not unpacked.exists():
                words = [sys.executable, corpora_folder() / "materialise.py", "unpack", unpacked]
                subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        rows = [("corpus", "mistakes", "with a fix", "tries", "repaired", "rate", "")]
        figures: dict[str, Any] = {}
        every: list[Try] = []
        for name in options.corpora or CORPORA:
            done, counts = corpus_tries(unpacked / name, options, yard, keep)
            every += done
            figures[name] = row(done, counts)
            rows.append((name, str(counts["failures"]), str(counts["with a fix"]), *told(done)))
            for one in done[: options.list]:
                print(shown(one))
        rows.append(("all", "", "", *told(every)))
        figures["all"] = row(every, Counter())
        print(table(rows, title="\n== auto-repair: fixes tried on later generations with the same mistake"))
        write_json(options.json, figures)


def corpus_tries(folder: Path, options: argparse.Namespace, yard: Yard, keep: Path) -> tuple[list[Try], Counter[str]]:
    corpus = healing_cases.read(folder, options.split)
    healing_cases.give_example_data(corpus, yard)
    records = sorted(map(json.loads, (folder / f"replay_{options.split}.jsonl").open(encoding="utf-8")), key=lambda one: one["seq"])
    outcomes = {one["id"]: one for one in map(json.loads, (folder / f"outcomes_{options.split}.jsonl").open(encoding="utf-8"))}
    modules = {record["task_id"]: record["module"] for record in records}
    found, counts = tries(corpus, records, outcomes, keep, options.level)
    done = []
    for number, one in enumerate(found):
        done.append(judged(one, corpus, modules[one.failed.task], yard, keep))
        if number % 20 == 0:
            say(f"{corpus.name}: run {number} of {len(found)}")
    return done, counts


def told(done: Sequence[Try]) -> tuple[str, str, str, str]:
    passed = sum(one.passed for one in done)
    if len(done) < ENOUGH:
        said = "too few to judge"
    else:
        said = "as asked" if passed / len(done) >= ASKED else f"asked {ASKED:.0%}"
    return str(len(done)), str(passed), f"{passed / len(done):.0%}" if done else "-", said


def row(done: Sequence[Try], counts: Counter[str]) -> dict[str, Any]:
    return {**counts, "tries": len(done), "repaired": sum(one.passed for one in done)}


def shown(one: Try) -> str:
    lines = [f"--- {'repaired' if one.passed else 'NOT'} {one.failed.task} {one.failed.model} {one.failed.nodeid} {one.failed.rule} (from {one.taught})"]
    lines += ["bad:", one.fix.bad, "good:", one.fix.good]
    lines += [f"edit {edit.span}: {edit.text!r}" for edit in one.mend.edits]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
