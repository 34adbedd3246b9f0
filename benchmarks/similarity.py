"""What similarity is worth with every embedder that can be used here, on the labelled pairs that come with the package.

    python benchmarks/similarity.py [EMBEDDER ...] [--json PATH]

Without a name: minilm and hashing; any setting of an embedder may be named (`sentence-transformers:FOLDER`,
`openai:URL#MODEL`). Each is calibrated anew on the tuning half; figures are of the half held out. Then the questions of
tests/data/off_topic.txt are asked of all the mistakes that the pairs describe: how many have one that is similar?
See README.md beside this file.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measure import machine, say, table, write_json

from pytest_llmlearn.adapters.embedders import choose
from pytest_llmlearn.adapters.embedders.calibrations import labelled_pairs
from pytest_llmlearn.app.calibrate import Calibrated, calibrate
from pytest_llmlearn.app.ports.vectors import Embedder
from pytest_llmlearn.domain.similarity import BAR, Calibration
from pytest_llmlearn.errors import LlmlearnError

OFF_TOPIC = Path(__file__).resolve().parent.parent / "tests" / "data" / "off_topic.txt"


def questions() -> dict[str, list[str]]:
    """The questions of the file by the heading they stand under."""
    found: dict[str, list[str]] = {}
    under = ""
    for line in OFF_TOPIC.read_text(encoding="utf-8").splitlines():
        if line.startswith("# ["):
            under = line[3:-1]
        elif line and not line.startswith("#"):
            found.setdefault(under, []).append(line)
    return found


def mistakes() -> list[str]:
    """What the pairs say of mistakes: their second texts, but those of prompts."""
    return list(dict.fromkeys(pair.other for pair in labelled_pairs() if pair.form != "prompt"))


def answered(embedder: Embedder, curve: Calibration) -> dict[str, float]:
    """Of the questions under each heading, the share that has a similar mistake."""
    known = embedder.embed(mistakes())
    shares = {}
    for heading, asked in questions().items():
        nearest = (known @ embedder.embed(asked).T).max(axis=0)
        shares[heading] = sum(curve.similarity(float(cosine)) >= BAR for cosine in nearest) / len(asked)
    return shares


def row(found: Calibrated, shares: dict[str, float], seconds: float) -> list[str]:
    """One embedder's line of the table."""
    held = found.held_out
    figures = (held.auc, *(held.auc_of[kind] for kind in ("near miss", "same category", "unrelated")))
    rest = (held.precision, held.recall, held.brier, held.ece, *shares.values())
    cut = f"{found.curve.cosine(BAR):.3f}"
    return [found.embedder, cut, *(f"{one:.3f}" for one in figures), *(f"{one:.2f}" for one in rest), f"{seconds:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embedders", nargs="*", default=("minilm", "hashing"), metavar="EMBEDDER")
    parser.add_argument("--json", type=Path, metavar="PATH")
    options = parser.parse_args()
    head = ["embedder", f"cosine of {BAR:.2f}", "AUC", "near miss", "same category", "unrelated"]
    rows = [[*head, "precision", "recall", "Brier", "ECE", *questions(), "seconds"]]
    figures: dict[str, Any] = {"machine": machine(), "embedders": {}}
    for setting in options.embedders:
        try:
            embedder = choose(setting)
            if embedder is None:
                continue
            began = time.perf_counter()
            found = calibrate(embedder, labelled_pairs())
            seconds = time.perf_counter() - began
            shares = answered(embedder, found.curve)
        except LlmlearnError as error:
            say(f"{setting} is left out: {error}")
            continue
        rows.append(row(found, shares, seconds))
        figures["embedders"][setting] = {**asdict(found), "off_topic": shares, "seconds": seconds}
    held = sum(pair.held_out for pair in labelled_pairs())
    print(table(rows, title=f"\n== {held} pairs held out; questions off topic against {len(mistakes())} mistakes"))
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
