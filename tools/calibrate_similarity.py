"""Fit the calibration of an embedder to the labelled pairs, and print how good it is on those it was not fitted to.

    python tools/calibrate_similarity.py [EMBEDDER ...] [--worst N] [--json]

Without a name: minilm and hashing, whose constants domain/similarity.py ships. `--worst` lists the pairs of the tuning
half that similarity gets most wrong (the held-out half is not for looking at).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from pytest_llmlearn.adapters.embedders import choose
from pytest_llmlearn.adapters.embedders.calibrations import labelled_pairs
from pytest_llmlearn.app.calibrate import calibrate, cosines
from pytest_llmlearn.app.ports.vectors import Embedder
from pytest_llmlearn.domain.calibrating import KINDS, Figures
from pytest_llmlearn.domain.similarity import BAR, Calibration

SHIPPED = ("minilm", "hashing")


def table(of: dict[str, Figures]) -> str:
    """Figures side by side, as Markdown."""
    rows: list[tuple[str, list[str]]] = [("pairs", [str(one.pairs) for one in of.values()])]
    rows.append(("AUC", [f"{one.auc:.3f}" for one in of.values()]))
    against = [kind for kind in KINDS if any(kind in one.auc_of for one in of.values())]
    rows += [(f"AUC against *{kind}*", [f"{one.auc_of[kind]:.3f}" for one in of.values()]) for kind in against]
    rows += [
        (f"precision at {BAR:.2f}", [f"{one.precision:.2f}" for one in of.values()]),
        (f"recall at {BAR:.2f}", [f"{one.recall:.2f}" for one in of.values()]),
    ]
    rows += [(f"reach {BAR:.2f} of *{kind}*", [f"{one.shown[kind]:.2f}" for one in of.values()]) for kind in KINDS]
    rows += [
        ("Brier", [f"{one.brier:.3f}" for one in of.values()]),
        ("ECE", [f"{one.ece:.3f}" for one in of.values()]),
    ]
    lines = [f"| | {' | '.join(of)} |", "|---|" + "---|" * len(of)]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows)])


def worst(embedder: Embedder, curve: Calibration, count: int) -> list[dict[str, Any]]:
    """The pairs of the tuning half whose similarity is furthest from their label."""
    pairs = [pair for pair in labelled_pairs() if not pair.held_out]
    found = [(curve.similarity(cosine), pair) for cosine, pair in zip(cosines(embedder, pairs), pairs, strict=True)]
    found.sort(key=lambda one: -abs(one[0] - one[1].same))
    return [{"similarity": round(likely, 3), **asdict(pair)} for likely, pair in found[:count]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embedders", nargs="*", default=SHIPPED, metavar="EMBEDDER")
    parser.add_argument("--worst", type=int, default=0, metavar="N")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for setting in options.embedders:
        embedder = choose(setting)
        if embedder is None:
            continue
        found = calibrate(embedder, labelled_pairs())
        curve = found.curve
        if options.json:
            print(json.dumps(asdict(found)))
            continue
        print(f'"{found.embedder}": Calibration(slope={curve.slope:.2f}, middle={curve.middle:.3f}),')
        print(f"{BAR:.2f} is a cosine of {curve.cosine(BAR):.3f}\n")
        print(table({"tuning": found.tuning, "held out": found.held_out}), "\n")
        for one in worst(embedder, curve, options.worst):
            print(json.dumps(one, ensure_ascii=False))


if __name__ == "__main__":
    main()
