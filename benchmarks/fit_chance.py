"""Fit the weights of `domain/chance.py` to streams of past generations: one set for all of them.

Replays each stream as `llmlearn evaluate` does, any-task and cross-task, and writes down what is measured of every kin
that could have been shown, and whether it came. Then a logistic regression is fitted to all streams together, and to
the even-numbered tasks alone, by Newton's method with a ridge; printed are the weights, and what they come to.

    python benchmarks/fit_chance.py FOLDER... --features features.pkl     # replay, keep what was measured, fit
    python benchmarks/fit_chance.py --features features.pkl               # fit again
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_llmlearn.app.scratch import Learned
from pytest_llmlearn.bootstrap.scratch import embedder, scratches
from pytest_llmlearn.domain import chance
from pytest_llmlearn.domain.replay import Attempt, Seen, signature
from pytest_llmlearn.entrypoints.replay_stream import read
from pytest_llmlearn.settings import Settings

Numbers = NDArray[np.float64]
NAMES = tuple(chance.WEIGHTS)
RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: the features of every kin that could be shown, whether it came, and what kind of question it is."""

    stream: str
    cross: bool
    task: str
    failed: bool
    features: Numbers
    came: Numbers
    kins: tuple[str, ...]


def measured(stream: str, cross: bool, scratch: Any, seen: Seen, attempt: Attempt) -> Asked:
    """What the memory measures for this attempt's prompt."""
    recall = scratch._memory._recall
    if scratch._behind and scratch._embedding is not None:
        scratch._embedding.catch_up()
        scratch._behind = False
    meant = recall._meaning.of(attempt.prompt)
    outlook = recall._likely.outlook(attempt.prompt, attempt.model, meant, ())
    failed = {signature(failure, "rule") for failure in attempt.failures}
    chances = outlook.chances
    rows = [[part.value for part in one.parts] for one in chances.values()]
    came = [
        seen.stands_for(one.pattern.fingerprint, "rule", attempt.task if cross else None) in failed
        for one in chances.values()
    ]
    return Asked(
        stream, cross, attempt.task, not attempt.passed, np.array(rows, float).reshape(len(rows), len(NAMES)),
        np.array(came, float), tuple(chances),
    )  # fmt: skip


def any_task(stream: str, attempts: Sequence[Attempt], opened: Any) -> tuple[list[Asked], list[Learned]]:
    seen, found, journal = Seen(), [], []
    with opened() as scratch:
        for attempt in attempts:
            found.append(measured(stream, False, scratch, seen, attempt))
            learned = scratch.learn(attempt)
            seen.learn(attempt.task, learned.laid)
            journal.append(learned)
    return found, journal


def left_out(stream: str, journal: Sequence[Learned], opened: Any, task: str) -> list[Asked]:
    seen, found = Seen(), []
    with opened() as scratch:
        for learned in journal:
            if learned.attempt.task == task:
                found.append(measured(stream, True, scratch, seen, learned.attempt))
            else:
                scratch.repeat(learned)
                seen.learn(learned.attempt.task, learned.laid)
    return found


_given: tuple[str, Sequence[Learned], Any] | None = None


def _begin(stream: str, journal: Sequence[Learned], meant: bool) -> None:
    global _given
    settings = Settings()
    _given = (stream, journal, scratches(settings, embedder(settings)[0] if meant else None))


def _one(task: str) -> list[Asked]:
    assert _given is not None
    stream, journal, opened = _given
    return left_out(stream, journal, opened, task)


def replay(folders: Sequence[Path], split: str, jobs: int, meant: bool) -> Iterator[Asked]:
    settings = Settings()
    known = embedder(settings)[0] if meant else None
    for folder in folders:
        attempts = list(read(folder, split))
        found, journal = any_task(folder.name, attempts, scratches(settings, known))
        yield from found
        tasks = sorted({attempt.task for attempt in attempts})
        with ProcessPoolExecutor(jobs, get_context("spawn"), _begin, (folder.name, journal, meant)) as pool:
            for rows in pool.map(_one, tasks):
                yield from rows
        print(f"{folder.name}: {len(attempts)} generations, {len(tasks)} tasks", flush=True)


def fit(asked: Sequence[Asked]) -> Numbers:
    told = [one for one in asked if len(one.came)]
    features, came = np.concatenate([one.features for one in told]), np.concatenate([one.came for one in told])
    weights = np.zeros(len(NAMES))
    ridge = np.eye(len(NAMES)) * RIDGE
    ridge[NAMES.index("intercept")] = 0.0
    for _ in range(40):
        likely = 1.0 / (1.0 + np.exp(-features @ weights))
        gradient = features.T @ (likely - came) + ridge @ weights
        curvature = (features * (likely * (1 - likely))[:, None]).T @ features + ridge + np.eye(len(NAMES)) * 1e-9
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def figures(asked: Sequence[Asked], weights: Numbers, threshold: float) -> dict[str, float]:
    failing = [one for one in asked if one.failed]
    hits = kept = shown = right = 0
    for one in asked:
        if not len(one.came):
            continue
        likely = 1.0 / (1.0 + np.exp(-one.features @ weights))
        order = np.argsort(-likely, kind="stable")[:5]
        hits += bool(one.failed and one.came[order].any())
        told = order[likely[order] >= threshold]
        kept += bool(one.failed and one.came[told].any())
        shown += len(told)
        right += int(one.came[told].sum())
    return {
        "recall@5": hits / max(len(failing), 1),
        "kept": kept / max(hits, 1),
        "shown": shown / max(len(asked), 1),
        "right": right / max(shown, 1),
    }


def halves(asked: Sequence[Asked]) -> Mapping[int, list[Asked]]:
    """Tasks by their number in the order of their names within each stream: even, odd."""
    order: dict[str, list[str]] = {}
    for one in asked:
        order.setdefault(one.stream, []).append(one.task)
    number = {(stream, task): n for stream, tasks in order.items() for n, task in enumerate(sorted(set(tasks)))}
    return {half: [one for one in asked if number[one.stream, one.task] % 2 == half] for half in (0, 1)}


def report(label: str, asked: Sequence[Asked], weights: Numbers, threshold: float) -> None:
    print(label)
    for stream in dict.fromkeys(one.stream for one in asked):
        for cross in (False, True):
            found = figures([one for one in asked if (one.stream, one.cross) == (stream, cross)], weights, threshold)
            told = "  ".join(f"{key} {value:.3f}" for key, value in found.items())
            print(f"    {stream:12s} {'cross-task' if cross else 'any-task  '}  {told}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="*", type=Path)
    parser.add_argument("--features", type=Path, required=True, help="where what was measured is kept")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--threshold", type=float, default=0.04)
    parser.add_argument("--words-alone", action="store_true", help="without vectors")
    arguments = parser.parse_args()
    if arguments.folder:
        asked = list(replay(arguments.folder, arguments.split, arguments.jobs, not arguments.words_alone))
        arguments.features.write_bytes(pickle.dumps(asked))
    asked = pickle.loads(arguments.features.read_bytes())
    report("as they are", asked, np.array([chance.WEIGHTS[name] for name in NAMES]), arguments.threshold)
    everything = fit(asked)
    report("fitted to all", asked, everything, arguments.threshold)
    half = halves(asked)
    report("fitted to the even tasks, on the odd ones", half[1], fit(half[0]), arguments.threshold)
    report("fitted to all, on the odd ones", half[1], everything, arguments.threshold)
    print("WEIGHTS = {")
    for name, weight in zip(NAMES, everything, strict=True):
        print(f'    "{name}": {weight:.2f},')
    print("}")


if __name__ == "__main__":
    main()
