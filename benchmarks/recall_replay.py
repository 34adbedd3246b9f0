"""Would what was learned so far have named the next mistake? The corpora's replay protocol through the public API.

For each published generation in its fixed order: ask with the prompt and the model, score the first five lessons
against what then failed, learn the failures. Only *any-task* is replayed: another attempt at the same task may be
there. Reports recall beside silence: how often a passing generation got lessons, and how right the first one was.

Run where the product is installed:  python benchmarks/recall_replay.py classeval bia realclass
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpora import corpora_folder

from pytest_llmlearn import Memory, Occurrence, Query

Signature = tuple[str, str]
SHOWN = 5


def normal(message: str) -> str:
    first = (message or "").split("\n")[0]
    first = re.sub(r"0x[0-9a-f]+", "X", first)
    first = re.sub(r"(/[^\s:'\"]+)+", "P", first)
    return re.sub(r"\d+", "N", first)[:160]


def signature(failure: dict[str, Any]) -> Signature:
    """The protocol's rule-level signature: exception and message without what varies; for asserts the test's name."""
    exception = failure.get("exc_type") or "fail"
    if exception.split(".")[-1] in ("AssertionError", "Failed") or exception == "XPASS(strict)":
        node = (failure.get("nodeid") or "").split("::")[-1].split("[")[0]
        return ("assert", re.sub(r"_?\d+$", "", node))
    return (exception, re.sub(r"'[^']*'", "Q", normal(failure.get("message") or "")))


def occurrence(record: dict[str, Any], failure: dict[str, Any]) -> Occurrence:
    """A published failure as it is handed in."""
    place = failure.get("last_generated_frame") or {}
    exception = failure.get("exc_type") or "Failed"
    return Occurrence.from_dict(
        {
            "nodeid": failure["nodeid"],
            "when": failure["when"],
            "exception": exception,
            "mro": failure.get("exc_mro") or [exception],
            "message": failure.get("message") or "",
            "path": f"{record['module']}.py",
            "line": place.get("line"),
            "function": place.get("func"),
            "statement": None,
            "code": record["code"],
            "model": record["model"],
            "prompt": record["prompt"],
            "task": record["task_id"],
        }
    )


@dataclass(slots=True)
class Tally:
    """What one replay counted."""

    failing: int = 0
    passing: int = 0
    repeats: int = 0
    hits: int = 0
    first_right: int = 0
    first_shown: int = 0
    shown_failing: list[int] = field(default_factory=list)
    shown_passing: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        return {
            "generations": self.failing + self.passing,
            "failing": self.failing,
            "ceiling": self.repeats / max(self.failing, 1),
            "recall@5": self.hits / max(self.failing, 1),
            "precision of the first lesson": self.first_right / max(self.first_shown, 1),
            "lessons a failing generation": statistics.fmean(self.shown_failing or [0]),
            "lessons a passing generation": statistics.fmean(self.shown_passing or [0]),
            "passing generations in silence": sum(not n for n in self.shown_passing) / max(self.passing, 1),
            "tokens a generation": statistics.fmean(self.tokens or [0]),
        }


def records(corpus: Path, split: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    outcomes = {}
    with (corpus / f"outcomes_{split}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            outcome = json.loads(line)
            outcomes[outcome["id"]] = outcome
    with (corpus / f"replay_{split}.jsonl").open(encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    for record in sorted(found, key=lambda record: int(record["seq"])):
        if record["id"] in outcomes:
            yield record, outcomes[record["id"]]


def replay(corpus: Path, split: str, threshold: float | None) -> Tally:
    tally = Tally()
    seen: dict[str, collections.Counter[Signature]] = collections.defaultdict(collections.Counter)
    known: set[Signature] = set()
    with tempfile.TemporaryDirectory() as folder, Memory.open(folder) as memory:
        for record, outcome in records(corpus, split):
            path = f"{record['module']}.py"
            guidance = memory.recall(
                Query(text=record["prompt"], model=record["model"], path=path, threshold=threshold)
            )
            failed = {signature(failure) for failure in outcome["failures"]}
            told = [seen[match.pattern.fingerprint].most_common(1)[0][0] for match in guidance.matches[:SHOWN]]
            tally.tokens.append(guidance.tokens)
            if outcome["status"] == "pass":
                tally.passing += 1
                tally.shown_passing.append(len(told))
            else:
                tally.failing += 1
                tally.repeats += bool(failed & known)
                tally.hits += bool(failed & set(told))
                tally.shown_failing.append(len(told))
            if told:
                tally.first_shown += 1
                tally.first_right += told[0] in failed
            fingerprints = memory.record([occurrence(record, failure) for failure in outcome["failures"]])
            for fingerprint, failure in zip(fingerprints, outcome["failures"], strict=True):
                seen[fingerprint][signature(failure)] += 1
            known |= failed
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="*", default=["classeval", "bia", "realclass"])
    parser.add_argument("--split", default="dev")
    parser.add_argument("--threshold", type=float, help="instead of the default")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "corpora"
        unpack = [sys.executable, str(corpora_folder() / "materialise.py"), "unpack", str(data)]
        subprocess.run(unpack, check=True, stdout=subprocess.DEVNULL)
        for name in arguments.corpus:
            figures[name] = replay(data / name, arguments.split, arguments.threshold).figures()
            print(name)
            for key, value in figures[name].items():
                print(f"    {key:32s} {value:.3f}" if value != int(value) else f"    {key:32s} {int(value)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
