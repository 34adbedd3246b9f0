"""How long an answer takes beside embedding the question alone: in a warm process, and from a cold start.

The memory is made up (`made_up.py`) and filled through the public API. Embedding its texts would take hours: a few
hundred get the vectors of all-MiniLM-L6-v2, the others such as lie near these. Questions are embedded for real, and
each is asked in a pair with its embedding alone. See README.md beside this file.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from made_up import LEAST, MODELS, MOST, QUESTIONS, World, fill
from measure import ROOT, clean_environment, machine, say, spread, table, timed, write_json

CENTRES = 64
"""Texts of each facet that are embedded for real."""
PAGE = 2_000
"""Texts that get their vectors together."""
WORDS = 20
ROUNDS = 30
"""Questions of each kind."""
ASKED = {
    "long": {10_000: "≤ 1.3 x", 100_000: "≤ 2 x"},
    "short": {10_000: "≤ 8 ms more", 100_000: "≤ 25 ms more"},
}


def main() -> None:
    """Fill a memory for each size, and ask it."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("--patterns", type=int, nargs="+", default=[10_000], metavar="N", help="%(default)s")
    words.add_argument("--parts", nargs="+", default=["warm", "cold"], choices=["warm", "cold"])
    words.add_argument("--rounds", type=int, default=ROUNDS, help="questions of each kind (%(default)s)")
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--keep", type=Path, help="keep the memories in this folder, and take those that are there")
    words.add_argument("--json", type=Path, help="write all figures to this file")
    words.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.answer:
        print(json.dumps(answered(given.answer, given.rounds, given.seed)))
        return
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmlearn-recall-"))).resolve()
        folder = (given.keep or base).resolve()
        figures = [measured(folder / f"{size}", size, base, given) for size in given.patterns]
    for one in figures:
        report(one)
    write_json(given.json, {"machine": machine(), "sizes": figures})


def measured(root: Path, size: int, base: Path, given: argparse.Namespace) -> dict[str, Any]:
    """The figures of one size."""
    kept = root / "filling.json"
    if not kept.exists():
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        kept.write_text(json.dumps({**fill(root, size, given.seed), **embedded(root)}), encoding="utf-8")
    found: dict[str, Any] = {"size": size, "filling": json.loads(kept.read_text(encoding="utf-8"))}
    env = environment(base)
    if "warm" in given.parts:
        say(f"a warm process at {size}")
        command = [sys.executable, __file__, "--answer", str(root), "--rounds", str(given.rounds)]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"the process that answers ended with {done.returncode}")
        found["warm"] = json.loads(done.stdout)
    if "cold" in given.parts:
        say(f"cold processes at {size}")
        found["cold"] = cold(root, env, base, given.rounds // 2)
    return found


def environment(base: Path) -> dict[str, str]:
    """A clean one, that still knows where the weights are."""
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    threads = os.environ.get("OMP_NUM_THREADS", "1")
    return clean_environment(base, PYTHONPATH=str(ROOT), XDG_DATA_HOME=data, OMP_NUM_THREADS=threads)


# Filling


def embedded(root: Path) -> dict[str, Any]:
    """Give every text a vector; return what that took, and what is on disk afterwards."""
    from index import mixed

    from pytest_llmlearn.adapters import embedders
    from pytest_llmlearn.adapters.sqlite_store import SqliteStore

    import numpy  # isort: skip

    model = embedders.choose("minilm")
    assert model is not None
    store, chance = SqliteStore(root), numpy.random.default_rng(1)
    vectors, centres, kept = store.vectors(), dict[str, Any](), 0
    started = time.perf_counter()
    while texts := vectors.waiting(model.name, PAGE):
        for facet in dict.fromkeys(one.facet for one in texts):
            some = [one for one in texts if one.facet == facet]
            made = None
            if facet not in centres:
                centres[facet] = model.embed([one.text for one in some[:CENTRES]])
                made = list(zip(some, centres[facet], strict=False))
                some = some[CENTRES:]
            others = mixed(centres[facet], len(some), chance)
            vectors.put(model.name, model.dimension, [*(made or ()), *zip(some, others, strict=True)])
        kept += len(texts)
        say(f"{kept} vectors, {time.perf_counter() - started:.1f} s")
    took = time.perf_counter() - started
    store.upkeep().compact()
    size, patterns = store.statistics().bytes, store.statistics().patterns
    store.close()
    return {"vectors": kept, "s to keep the vectors": round(took, 1), "MB a hundred patterns": size / patterns / 1e4}


# Answering


class Counted:
    """An embedder that counts the texts it is asked for."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.calls = inner, 0
        self.name, self.dimension = inner.name, inner.dimension

    def embed(self, texts: Sequence[str]) -> Any:
        self.calls += len(texts)
        return self.inner.embed(texts)


def questions(count: int, seed: int) -> dict[str, list[str]]:
    """Questions that nobody asked before: long ones, of which every fourth is near an earlier one, and short ones."""
    world = World(seed)  # the same requests first, so that there is something to be near to
    for _ in range(1_000):
        list(world.mistakes(world.request()))
    world.chance = random.Random(f"questions {seed}")
    return {
        "long": [world.request(MOST).text for _ in range(count)],
        "short": [world.question(WORDS) for _ in range(count)],
        "middle": [world.request(LEAST).text for _ in range(count)],
    }


def answered(root: Path, rounds: int, seed: int) -> dict[str, Any]:
    """Ask in this process; each question in a pair with its embedding alone."""
    from pytest_llmlearn import Memory, Query
    from pytest_llmlearn.adapters import embedders
    from pytest_llmlearn.domain import facets

    counted = Counted(embedders.choose("minilm"))
    counted.inner.embed(["loads the model"])
    found: dict[str, Any] = {"MB with the model alone": memory_mb()}
    with Memory.open(root, embedder=counted, warm=True, patient=True) as memory:
        ask = lambda text, model: memory.recall(Query(text=text, model=model))  # noqa: E731
        first = clocked(lambda: ask("what is asked first waits until the index is there", None))
        found["first question (s)"] = {"wall": first[1], "processor": first[0]}
        found["MB after the first question"] = memory_mb()
        chance = random.Random(seed)
        asked = questions(rounds, seed)
        for kind, texts in asked.items():
            alone, whole, shown = [], [], 0
            for text in texts:
                model = chance.choice((None, *MODELS))
                steps = {
                    "alone": lambda text=text: counted.inner.embed([facets.asked(text)]),
                    "whole": lambda text=text, model=model: ask(text, model),
                }
                told = {name: clocked(steps[name]) for name in chance.sample(sorted(steps), 2)}
                alone.append(told["alone"])
                whole.append(told["whole"])
                shown += not told["whole"][2].abstained
            found[kind] = compared(alone, whole) | {"answered": shown, "asked": len(texts)}
        counted.calls, before = 0, [request_of(memory, number) for number in range(1, rounds + 1)]
        found["seen before"] = {
            kind: spread(1_000 * clocked(lambda text=text: ask(text, None))[0] for text in texts).to_dict()
            for kind, texts in {"a request": before, "a question": asked["long"], "a short one": asked["short"]}.items()
        } | {"embedded": counted.calls}
        found["MB at the end"] = memory_mb()
        found["most MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return found


def request_of(memory: Any, number: int) -> str:
    """The text of the remembered request in that row."""
    statement = "SELECT t.text FROM prompts AS q JOIN occurrence_texts AS t ON t.id = q.text_id WHERE q.id = ?"
    return str(memory._store._file.ask(lambda connection: connection.execute(statement, (number,)).fetchone()[0], ""))


def clocked(step: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds of processor time, seconds, and what came of it."""
    started, worked = time.perf_counter(), time.process_time()
    answer = step()
    return time.process_time() - worked, time.perf_counter() - started, answer


def compared(alone: Sequence[tuple[Any, ...]], whole: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Ratios and differences of the pairs, by processor time and by the clock."""
    found: dict[str, Any] = {}
    for at, name in ((0, "processor"), (1, "wall")):
        pairs = [(one[at], other[at]) for one, other in zip(alone, whole, strict=True)]
        found[name] = {
            "embedding (ms)": spread(1_000 * one for one, _ in pairs).to_dict(),
            "recall (ms)": spread(1_000 * other for _, other in pairs).to_dict(),
            "ratio": spread(other / one for one, other in pairs).to_dict(),
            "more (ms)": spread(1_000 * (other - one) for one, other in pairs).to_dict(),
        }
    return found


def memory_mb() -> float:
    """Megabytes that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


# From a cold start


def cold(root: Path, env: dict[str, str], base: Path, rounds: int) -> dict[str, Any]:
    """From the start of the process to its end; an idle interpreter beside it."""
    command = shutil.which("llmlearn", path=str(Path(sys.executable).parent)) or shutil.which("llmlearn")
    if command is None:
        sys.exit(f"no llmlearn beside {sys.executable}: install the project into this environment")
    arms: dict[str, list[str]] = {"an idle interpreter": [sys.executable, "-c", "pass"]}
    arms |= {question: [command, "recall", "--format", "json", question] for question in QUESTIONS}
    arms["without vectors"] = [command, "recall", "--format", "json", QUESTIONS[1]]
    output = base / "answer.json"
    times: dict[str, list[Any]] = {arm: [] for arm in arms}
    answers: dict[str, str] = {}
    for number in range(rounds + 1):
        for arm, words in arms.items():
            more = {"LLMLEARN_EMBEDDER": "none"} if arm == "without vectors" else {}
            done = timed(words, cwd=root, env={**env, **more}, output=output)
            if done.status != 0:
                sys.exit(f"{words} ended with {done.status}: {output.read_text(errors='replace')[-2000:]}")
            if number:  # the first round warms the disk
                times[arm].append(done)
            elif len(words) > 3 and words[1] == "recall":
                answer = json.loads(output.read_text(encoding="utf-8"))
                answers[arm] = "abstained" if answer["abstained"] else f"{len(answer['matches'])} matches"
        say(f"round {number}/{rounds}")
    return {
        arm: {
            "wall (ms)": spread(1_000 * one.wall for one in taken).to_dict(),
            "processor (ms)": spread(1_000 * one.cpu for one in taken).to_dict(),
            "answer": answers.get(arm, ""),
        }
        for arm, taken in times.items()
    }


def report(figures: dict[str, Any]) -> None:
    """Small tables, with what is asked for beside them."""
    size, filling = figures["size"], figures["filling"]
    print(f"\n== {size} patterns")
    for name, value in filling.items():
        print(f"  {name}: {value:.3g}" if isinstance(value, float) else f"  {name}: {value}")
    if warm := figures.get("warm"):
        rows = [("question", "clock", "embedding ms", "recall ms", "ratio", "ms more", "asked for")]
        for kind in ("long", "middle", "short"):
            for clock in ("processor", "wall"):
                told = warm[kind][clock]
                shown = [f"{told[name]['median']:.2f}" for name in ("embedding (ms)", "recall (ms)", "ratio")]
                rows.append((kind, clock, *shown, show(told["more (ms)"]), ASKED.get(kind, {}).get(size, "")))
        print(table(rows, title="a warm process, medians of pairs"))
        seen = warm["seen before"]
        print(
            f"  asked before (ms of processor): { ({kind: show(seen[kind]) for kind in seen if kind != 'embedded'}) }"
        )
        print(f"  texts embedded for these: {seen['embedded']}")
        print(f"  first question, the index made meanwhile (s): {warm['first question (s)']}")
        print(f"  MB: { ({name: round(value) for name, value in warm.items() if 'MB' in name}) }")
    if found := figures.get("cold"):
        rows = [("question", "wall ms", "processor ms", "answer")]
        rows += [
            (arm[:70], show(told["wall (ms)"], "{:.0f}"), show(told["processor (ms)"], "{:.0f}"), told["answer"])
            for arm, told in found.items()
        ]
        print(table(rows, title="from a cold start, median [95 % interval]"))


def show(told: dict[str, float], form: str = "{:.2f}") -> str:
    return f"{form.format(told['median'])} [{form.format(told['low'])}, {form.format(told['high'])}]"


if __name__ == "__main__":
    main()
