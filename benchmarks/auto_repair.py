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
from collections.abc import Iterable, Iterator, Sequence
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
PARTNERS = 3
"""Passing generations that are tried for a fix."""
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
            frames.append(
                Frame(path=test, line=int(told[0]), function=function, statement=lines[int(told[0]) - 1].strip())
            )
        place = one.get("last_generated_frame") or {}
        if one["in_generated"] and place.get("line"):
            code = record["code"].splitlines()
            statement = code[place["line"] - 1].strip() if place["line"] <= len(code) else ""
            frames.append(
                Frame(
                    path=f"{record['module']}.py", line=place["line"], function=place["func"] or "", statement=statement
                )
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
    """The fix that memory mines where a passing generation, of those up to `seq`, is put in its place: the one most
    like it of which a fix comes at all, of the three most alike."""
    others = [one for one in corpus.passing.get(failed.task, ()) if one["model"] != failed.model and one["seq"] < seq]
    for good in sorted(others, key=lambda one: (statements.whole(code, one["code"]), one["seq"]))[:PARTNERS]:
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        (root / failed.red.path).write_bytes(good["code"].encode("utf-8", "replace"))
        if failed.red.test_path:
            (root / failed.red.test_path).write_bytes(corpus.tests[failed.task].encode("utf-8", "replace"))
        healing = Judge(surroundings(root), redact).judge(failed.red, Green(time=NOW))
        if healing.fix is not None:
            return healing.fix, good["model"]
    return None


@dataclass(slots=True)
class Mined:
    """What was mined so far of one corpus, remembered in `keep`: mistakes by generation, fixes by mistake and time."""

    corpus: Corpus
    keep: Path
    known: dict[str, list[Failed]]
    fixes: dict[tuple[int, str, str, int], tuple[Fix, str] | None]

    @classmethod
    def read(cls, corpus: Corpus, keep: Path) -> Mined:
        file = keep / f"{corpus.name}.pickle"
        known, fixes = pickle.loads(file.read_bytes()) if file.exists() else ({}, {})
        return cls(corpus=corpus, keep=keep, known=known, fixes=fixes)

    def write(self) -> None:
        (self.keep / f"{self.corpus.name}.pickle").write_bytes(pickle.dumps((self.known, self.fixes)))

    def failed(self, record: Any, outcome: Any) -> list[Failed]:
        if record["id"] not in self.known:
            self.known[record["id"]] = failed_of(self.corpus, record, outcome, self.keep / "root")
        return self.known[record["id"]]

    def fix(self, failed: Failed, seq: int, code: str) -> tuple[Fix, str] | None:
        passing = sum(one["seq"] < seq for one in self.corpus.passing.get(failed.task, ()))
        key = (failed.seq, failed.red.unit, repr(failed.exact), passing)
        if key not in self.fixes:
            self.fixes[key] = healed(failed, self.corpus, seq, self.keep / "root", code)
        return self.fixes[key]


def tries(
    corpus: Corpus, records: Sequence[Any], outcomes: dict[str, Any], keep: Path, level: str
) -> tuple[list[Try], Counter[str]]:
    """What is offered for each failing generation, by what was learned before it."""
    mined = Mined.read(corpus, keep)
    counts: Counter[str] = Counter()
    learned: dict[Signature, list[tuple[Failed, str]]] = defaultdict(list)
    found: list[Try] = []
    for number, record in enumerate(records):
        outcome = outcomes[record["id"]]
        if outcome["status"] != "fail":
            continue
        everything = mined.failed(record, outcome)
        for failed in everything:
            counts["mistakes"] += 1
            fixes: dict[str, tuple[Fix, Failed]] = {}
            for earlier, code in learned[getattr(failed, level)]:
                if (earlier.model, earlier.task) == (failed.model, failed.task):
                    continue
                fix = mined.fix(earlier, failed.seq, code)
                if fix is not None:
                    seen = fixes[fix[0].digest][0].verified if fix[0].digest in fixes else 0
                    fixes[fix[0].digest] = (replace(fix[0], verified=seen + 1, last_seen=NOW), earlier)
            counts["with a fix"] += bool(fixes)
            made = mend(record["code"], conflicts(fix for fix, _ in fixes.values()), failed.span)
            if made is not None:
                fix, earlier = fixes[made.digest]
                text = applied(record["code"], made.edits)
                found.append(Try(failed=failed, mend=made, fix=fix, taught=(earlier.task, earlier.model), text=text))
        for failed in everything:
            learned[getattr(failed, level)].append((failed, record["code"]))
        if number % 50 == 0:
            say(f"{corpus.name}: {number} of {len(records)}, {len(found)} offered")
            mined.write()
    mined.write()
    return found, counts


def conflicts(fixes: Iterable[Fix]) -> list[Fix]:
    """The fixes as the store tells them: those are conflicting that change the same code in different ways."""
    known = list(fixes)
    goods: dict[str, set[str]] = defaultdict(set)
    for fix in known:
        goods[fix.bad].add(fix.good)
    return [replace(fix, conflicting=len(goods[fix.bad]) > 1) for fix in known]


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
        words = [
            yard.python,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:llm_learn",
            "--timeout=10",
            "--rootdir",
            folder,
            f"--junitxml={junit}",
        ]
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
        case.get("name") or "": "failed"
        if any(child.tag in ("failure", "error", "skipped") for child in case)
        else "passed"
        for case in ElementTree.parse(junit).iter("testcase")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*", metavar="CORPUS", help=f"of {', '.join(CORPORA)} (default: all)")
    parser.add_argument("--split", default="dev")
    parser.add_argument(
        "--level", default="rule", choices=("rule", "exact"), help="how near a mistake must be (%(default)s)"
    )
    parser.add_argument(
        "--python", type=Path, default=Path(sys.executable), help="the interpreter the code is run with"
    )
    parser.add_argument("--unpacked", type=Path, metavar="DIR", help="corpora that are unpacked already")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="remember there what was mined and run")
    parser.add_argument("--list", type=int, default=0, metavar="N", help="tries printed")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all figures there")
    options = parser.parse_args()
    if not network_can_be_cut():
        sys.exit("not run: `unshare -rn` does not work here, and nobody has read this code: it gets no network")
    with ExitStack() as stack:
        keep = (
            options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmlearn-repair-")))
        ).resolve()
        yard = Yard(
            python=options.python.absolute(), cases=keep / "cases", out=keep / "out", home=keep / "home", seconds=60.0
        )
        for folder in (yard.cases, yard.out, yard.home):
            folder.mkdir(parents=True, exist_ok=True)
        unpacked = options.unpacked
        if unpacked is None:
            import subprocess

            unpacked = keep / "corpora"
            if not unpacked.exists():
                words = [sys.executable, corpora_folder() / "materialise.py", "unpack", unpacked]
                subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        rows = [("corpus", "mistakes", "with a fix", "tries", "edits", "repaired", "rate", "")]
        figures: dict[str, Any] = {}
        every: list[Try] = []
        for name in options.corpora or CORPORA:
            done, counts = corpus_tries(unpacked / name, options, yard, keep)
            every += done
            figures[name] = row(done, counts)
            rows.append((name, str(counts["mistakes"]), str(counts["with a fix"]), *told(done)))
            for one in done[: options.list]:
                print(shown(one))
        rows.append(("all", "", "", *told(every)))
        figures["all"] = row(every, Counter())
        print(table(rows, title="\n== auto-repair: fixes tried on later generations with the same mistake"))
        write_json(options.json, figures)


def corpus_tries(folder: Path, options: argparse.Namespace, yard: Yard, keep: Path) -> tuple[list[Try], Counter[str]]:
    corpus = healing_cases.read(folder, options.split)
    healing_cases.give_example_data(corpus, yard)
    records = sorted(
        map(json.loads, (folder / f"replay_{options.split}.jsonl").open(encoding="utf-8")), key=lambda one: one["seq"]
    )
    outcomes = {
        one["id"]: one for one in map(json.loads, (folder / f"outcomes_{options.split}.jsonl").open(encoding="utf-8"))
    }
    modules = {record["task_id"]: record["module"] for record in records}
    found, counts = tries(corpus, records, outcomes, keep, options.level)
    done = []
    for number, one in enumerate(found):
        done.append(judged(one, corpus, modules[one.failed.task], yard, keep))
        if number % 20 == 0:
            say(f"{corpus.name}: run {number} of {len(found)}")
    return done, counts


def told(done: Sequence[Try]) -> tuple[str, str, str, str, str]:
    passed = sum(one.passed for one in done)
    if len(done) < ENOUGH:
        said = "too few to judge"
    else:
        said = "as asked" if passed / len(done) >= ASKED else f"asked {ASKED:.0%}"
    edits = len({one.text for one in done})
    return str(len(done)), str(edits), str(passed), f"{passed / len(done):.0%}" if done else "-", said


def row(done: Sequence[Try], counts: Counter[str]) -> dict[str, Any]:
    return {
        **counts,
        "tries": len(done),
        "edits": len({one.text for one in done}),
        "repaired": sum(one.passed for one in done),
    }


def shown(one: Try) -> str:
    failed = one.failed
    said = "repaired" if one.passed else "NOT"
    lines = [f"--- {said} {failed.task} {failed.model} {failed.nodeid} {failed.rule} (from {one.taught})"]
    lines += ["bad:", one.fix.bad, "good:", one.fix.good]
    lines += [f"edit {edit.span}: {edit.text!r}" for edit in one.mend.edits]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
