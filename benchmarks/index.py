"""What finding the nearest vectors costs: time, memory, disk, the first build, and what recording pays for it.

The stores are made up: patterns with three facets each, and vectors mixed of those that all-MiniLM-L6-v2 makes of the
project's own sentences, so that they lie as vectors of texts do (without its weights: of random ones whose numbers
become smaller in the same way). Every index answers in a process of its own. See README.md beside this file.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy
from measure import ROOT, clean_environment, machine, say, spread, table, write_json

from pytest_llmlearn.adapters import embedders
from pytest_llmlearn.adapters.embedders.calibrations import labelled_pairs
from pytest_llmlearn.adapters.exact_index import ExactIndex, ExactScan
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports.vectors import Filter, VectorIndex, VectorStore
from pytest_llmlearn.domain.entry import Entry, Run
from pytest_llmlearn.domain.fingerprint import Fingerprint
from pytest_llmlearn.errors import LlmlearnError

EMBEDDER = "mixed"
WIDTH = 384
FACETS = 3
MODELS = ("claude-opus-4.5", "gpt-5.1", "gemini-3-pro", "qwen3-coder")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHUNK = 500
"""Failures recorded, and texts embedded, in one transaction."""
QUESTIONS = 120
LIMIT = 20


def main() -> None:
    """Fill a store for each size, and let each index answer from it."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("--vectors", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="sizes of the index")
    words.add_argument("--indexes", nargs="+", default=["exact", "scan", "chroma"], choices=["exact", "scan", "chroma"])
    words.add_argument("--keep", type=Path, help="keep the stores in this folder, and take those that are there")
    words.add_argument("--json", type=Path, help="write all figures to this file")
    words.add_argument("--answer", nargs=2, metavar=("INDEX", "STORE"), help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.answer:
        print(json.dumps(answered(given.answer[0], Path(given.answer[1]))))
        return
    folder = given.keep or Path(tempfile.mkdtemp(prefix="llmlearn-index-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        figures = measured(folder, given.vectors, given.indexes)
    finally:
        if given.keep is None:
            shutil.rmtree(folder)
    report(figures)
    write_json(given.json, {"machine": machine(), "sizes": figures})


def measured(folder: Path, sizes: Sequence[int], indexes: Sequence[str]) -> list[dict[str, Any]]:
    """The figures of each size."""
    numpy.save(folder / "seed.npy", seed())
    figures = []
    for size in sizes:
        root = folder / f"{size}"
        kept = root / "figures.json"
        if not kept.exists():
            say(f"filling a store with {size} vectors")
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            kept.write_text(json.dumps(filled(root, size)), encoding="utf-8")
        found: dict[str, Any] = {"vectors": size, **json.loads(kept.read_text(encoding="utf-8")), "indexes": {}}
        for index in indexes:
            say(f"{index} at {size}")
            command = [sys.executable, __file__, "--answer", index, str(root)]
            env = clean_environment(
                folder, PYTHONPATH=str(ROOT), OMP_NUM_THREADS=os.environ.get("OMP_NUM_THREADS", "2")
            )
            done = subprocess.run(command, env=env, capture_output=True, text=True)
            if done.returncode:
                say(f"{index} cannot answer: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
                continue
            found["indexes"][index] = json.loads(done.stdout)
        figures.append(found)
    return figures


# Filling


def seed() -> Any:
    """Vectors as a model makes them of the project's own sentences; of as many random ones without its weights."""
    try:
        model = embedders.choose("minilm")
        assert model is not None
        sentences = sorted({text for pair in labelled_pairs() for text in (pair.one, pair.other)})
        return model.embed(sentences)
    except LlmlearnError as error:
        say(f"random vectors: {error}")
        made = numpy.random.default_rng(0).standard_normal((400, WIDTH)) * numpy.arange(1, WIDTH + 1) ** -0.6
        return (made / numpy.linalg.norm(made, axis=1, keepdims=True)).astype(numpy.float32)


def mixed(kinds: Any, count: int, chance: Any) -> Any:
    """Vectors near one of these, with some of the difference of two others, and a little of their own."""
    one, two, three = (kinds[chance.integers(0, len(kinds), count)] for _ in range(3))
    own = chance.standard_normal((count, WIDTH)) / numpy.sqrt(WIDTH)
    made = one + 0.5 * (two - three) + 0.1 * own
    return (made / numpy.linalg.norm(made, axis=1, keepdims=True)).astype(numpy.float32)


def entry(number: int) -> Entry:
    """A failure of a function of its own."""
    name = f"load_{number % 97}_of_{number}"
    exact = f"1:{number:032x}"
    return Entry(
        nodeid=f"tests/test_part_{number % 40}.py::test_{name}",
        when="call",
        source="test",
        time=NOON + timedelta(seconds=number),
        exception="TypeError",
        message=f"{name}() missing 1 required positional argument: 'session_{number % 13}'",
        path=f"app/part_{number % 40}.py",
        line=number % 200 + 1,
        function=name,
        statement=f"return {name}(rows)",
        rule_id="type.call-arguments",
        category=("type", "async", "import", "runtime")[number % 4],
        severity="major",
        fingerprint=Fingerprint(exact=exact, symbol=f"{exact}s", rule="type.call-arguments", category="type"),
        unit=f"app.part_{number % 40}:{name}",
        unit_hash=f"b2:{number:032x}",
        model=MODELS[number % len(MODELS)],
        tool=None,
        provenance="ai",
        confidence=1.0,
        scope="generated",
        chosen_by="frame",
        lesson=f"Give {name} its session, which it does not have by itself.",
        symbols=(f"part_{number % 40}.{name}",),
        snippet=f"def {name}(rows, session):\n    kept = [row for row in rows if row]\n    return {name}(rows)\n",
        words=f"load part session argument call missing type {name.replace('_', ' ')}",
        contexts=("sqlite access", "json")[: number % 3],
        flaky=False,
        findings=(),
        held=(),
    )


def filled(root: Path, size: int) -> dict[str, Any]:
    """Record patterns and give all their facets a vector; what each cost."""
    store, patterns = SqliteStore(root), -(-size // FACETS)
    times = [recorded(store, start, min(CHUNK, patterns - start)) for start in range(0, patterns, CHUNK)]
    vectors, chance = store.vectors(), numpy.random.default_rng(1)
    kinds = numpy.load(root.parent / "seed.npy")
    started, waiting, kept = time.perf_counter(), 0.0, 0
    while True:
        before = time.perf_counter()
        texts = vectors.waiting(EMBEDDER, CHUNK)
        waiting += time.perf_counter() - before
        if not texts:
            break
        vectors.put(EMBEDDER, WIDTH, list(zip(texts, mixed(kinds, len(texts), chance), strict=True)))
        kept += len(texts)
    build = time.perf_counter() - started
    store.upkeep().compact()
    size_of = store.statistics().bytes
    again = [again_recorded(store, start, min(CHUNK, patterns - start)) for start in range(0, patterns, CHUNK)]
    store.close()
    return {
        "patterns": patterns,
        "kept": kept,
        "record_ms": spread(times).to_dict(),
        "record_bare_ms": bare(root / "bare", min(patterns, 2_000)),
        "record_again_ms": spread(again).to_dict(),
        "build_s": build,
        "find_texts_s": waiting,
        "bytes_a_hundred": size_of / patterns * 100,
    }


def recorded(store: SqliteStore, first: int, count: int) -> float:
    """Milliseconds for each new pattern."""
    return _recorded(store, [entry(number) for number in range(first, first + count)], f"first-{first}")


def again_recorded(store: SqliteStore, first: int, count: int) -> float:
    """Milliseconds for each pattern that is there, with its vectors, and is seen again in the same code."""
    return _recorded(store, [entry(number) for number in range(first, first + count)], f"again-{first}")


def bare(root: Path, patterns: int) -> dict[str, float]:
    """The same as `recorded` in a store without the triggers that follow what is embedded."""
    root.mkdir()
    store = SqliteStore(root)
    _recorded(store, [entry(10**9)], "makes the tables")

    def without(db: Any) -> None:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            if name.startswith(("facets_", "vectors_")):
                db.execute(f"DROP TRIGGER {name}")

    store._file.write(without)
    times = [recorded(store, start, min(CHUNK, patterns - start)) for start in range(0, patterns, CHUNK)]
    store.close()
    return spread(times).to_dict()


def _recorded(store: SqliteStore, entries: Sequence[Entry], name: str) -> float:
    run = Run(run_id=name, started=NOON, finished=NOON, command="pytest", failed=len(entries))
    started = time.perf_counter()
    store.record(run, entries)
    return (time.perf_counter() - started) / len(entries) * 1_000


# Answering


def answered(kind: str, root: Path) -> dict[str, Any]:
    """Load the index and ask it, in this process."""
    store = SqliteStore(root)
    vectors = store.vectors()
    before = time.perf_counter()
    index = made(kind, vectors, root)
    index.catch_up()
    load = time.perf_counter() - before
    if kind == "chroma":  # once more, from what it keeps on disk
        index.close()
        before = time.perf_counter()
        index = made(kind, vectors, root)
        index.catch_up()
    loaded = time.perf_counter() - before
    chance = numpy.random.default_rng(2)
    questions = mixed(numpy.load(root.parent / "seed.npy"), QUESTIONS, chance)
    judge = ExactScan(vectors, EMBEDDER)
    judge.catch_up()
    found: dict[str, Any] = {"first_load_s": load, "load_s": loaded, "memory_mb": memory() - judge_size(judge)}
    for name, where in (("plain", None), ("model", Filter(model=MODELS[1])), ("category", Filter(categories=rare()))):
        times, hits, wanted = [], 0, 0
        for number, question in enumerate(questions):
            started = time.perf_counter()
            near = index.nearest("mistakes", question, LIMIT, where)
            times.append((time.perf_counter() - started) * 1_000)
            if number % 12 == 0:
                right = {one.key for one in judge.nearest("mistakes", question, LIMIT, where)}
                hits, wanted = hits + len(right & {one.key for one in near}), wanted + len(right)
        found[name] = {"ms": spread(times).to_dict(), "worst_ms": max(times), "recall": hits / wanted}
    index.close()
    store.close()
    return found


def made(kind: str, vectors: VectorStore, root: Path) -> VectorIndex:
    """The index of that kind."""
    if kind == "chroma":
        from pytest_llmlearn.bootstrap.indexes import chroma
        from pytest_llmlearn.settings import Settings

        return chroma(root, Settings(), vectors, EMBEDDER, WIDTH)
    return ExactIndex(vectors, EMBEDDER) if kind == "exact" else ExactScan(vectors, EMBEDDER)


def rare() -> frozenset[str]:
    return frozenset({"runtime"})


def memory() -> float:
    """Megabytes that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def judge_size(judge: ExactScan) -> float:
    """Megabytes that the judge holds: they are not the index's."""
    return sum(part.vectors.nbytes + part.rows.nbytes for parts in judge._scanned.values() for part in parts) / 1e6


def report(figures: Sequence[dict[str, Any]]) -> None:
    """Two small tables."""
    head = [
        "vectors",
        "record ms",
        "without",
        "seen again ms",
        "build s",
        "of it finding texts",
        "kB a hundred patterns",
    ]
    rows = [
        [
            f"{one['vectors']}",
            f"{one['record_ms']['median']:.2f}",
            f"{one['record_bare_ms']['median']:.2f}",
            f"{one['record_again_ms']['median']:.2f}",
            f"{one['build_s']:.1f}",
            f"{one['find_texts_s']:.1f}",
            f"{one['bytes_a_hundred'] / 1_000:.0f}",
        ]
        for one in figures
    ]
    print(table([head, *rows], title="The store"))
    head = ["vectors", "index", "load s", "ms", "worst", "one model", "one category", "recall", "memory MB"]
    rows = [
        [
            f"{one['vectors']}",
            name,
            f"{index['load_s']:.2f}",
            f"{index['plain']['ms']['median']:.2f}",
            f"{index['plain']['worst_ms']:.1f}",
            f"{index['model']['ms']['median']:.2f}",
            f"{index['category']['ms']['median']:.2f}",
            f"{min(index[kind]['recall'] for kind in ('plain', 'model', 'category')):.3f}",
            f"{index['memory_mb']:.0f}",
        ]
        for one in figures
        for name, index in one["indexes"].items()
    ]
    print(table([head, *rows], title="The 20 nearest"))


if __name__ == "__main__":
    main()
