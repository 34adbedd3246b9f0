"""What exposures cost: joining a run of the tests with 1,000 that await one, and writing down what is shown.

The store holds 10,000 patterns, made as in `made_up.py`. Lessons are shown for files of a made-up project, of which
a part is written on and tested. Each join happens in a process of its own, in which the database was opened before, as
it is where a run is recorded. See README.md beside this file.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from made_up import QUESTIONS, fill
from measure import machine, say, spread, table, write_json

FILES = 50
WRITTEN = (3, 20)
FUNCTION = '''
def step_{number}(values):
    """Work through the values."""
    found = [transform(value) for value in values if value is not None]
    return sorted(found, key=lambda each: (str(each), len(str(each))))
'''
OWNERS = 8
"""Symbols of mistakes that each new function uses."""


def lay_out(root: Path) -> None:
    """Write the project's files and a test for each."""
    (root / "app").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "app/__init__.py").write_text("")
    (root / "conftest.py").write_text("")
    for file in range(FILES):
        body = "".join(FUNCTION.format(number=number) for number in range(40))
        (root / f"app/part_{file}.py").write_text(f"import json\n\n\ndef transform(value):\n    return value\n{body}")
        tests = "".join(
            f"\n\ndef test_{number}():\n    assert part_{file}.step_{number}([1]) == [1]\n" for number in range(10)
        )
        (root / f"tests/test_part_{file}.py").write_text(f"from app import part_{file}\n{tests}")


def show(root: Path, count: int) -> list[float]:
    """Ask until `count` exposures await a run; return the milliseconds that writing them down adds to each answer."""
    from pytest_llmlearn import Memory, Query

    added: list[float] = []
    sessions = 0
    with Memory.open(root) as memory:
        while memory.effect().shown.awaiting < count:
            sessions += 1
            for file in range(FILES):
                question = QUESTIONS[(file + sessions) % len(QUESTIONS)]
                path = f"app/part_{file}.py"
                times = {}
                for channel in ("evaluate", "mcp"):  # the first one writes nothing down
                    query = Query(text=question, path=path, session=f"s-{sessions}", channel=channel, threshold=0)
                    started = time.perf_counter()
                    memory.recall(query)
                    times[channel] = 1000 * (time.perf_counter() - started)
                added.append(times["mcp"] - times["evaluate"])
    return added


def write_on(root: Path, files: Iterable[int]) -> None:
    """Add to these files a function that uses what the mistakes shown are of, and a test of it."""
    from pytest_llmlearn import Memory

    chance = random.Random(0)
    with Memory.open(root) as memory:
        symbols = sorted({symbol for pattern in memory.patterns(limit=2_000) for symbol in pattern.symbols})
    for file in files:
        owners = [symbol.rpartition(".")[0].rpartition(".")[2] or symbol for symbol in chance.sample(symbols, OWNERS)]
        path = root / f"app/part_{file}.py"
        used = "".join(f"    {owner}(values)\n" for owner in owners)
        path.write_text(f"{path.read_text()}\n\ndef new_step(values):\n{used}    return json.dumps(values)\n")
        test = root / f"tests/test_part_{file}.py"
        test.write_text(f"{test.read_text()}\n\ndef test_new():\n    assert part_{file}.new_step([1])\n")


def join(root: Path) -> dict[str, Any]:
    """Join one passing run of all tests; return the milliseconds, and how many exposures it judged."""
    from pytest_llmlearn import Memory
    from pytest_llmlearn.app.outcomes import Watched
    from pytest_llmlearn.domain.entry import Run

    now = datetime.now(UTC) + timedelta(minutes=1)
    run = Run(run_id="run", started=now, finished=now)
    passed = [f"tests/test_part_{file}.py::test_{number}" for file in range(FILES) for number in range(10)]
    passed += [f"tests/test_part_{file}.py::test_new" for file in range(WRITTEN[-1])]
    loaded = [f"app/part_{file}.py" for file in range(FILES)]
    with Memory.open(root) as memory:
        memory.record([])
        memory.import_history()
        started, busy = time.perf_counter(), time.process_time()
        done = memory.judge(
            run, passed=passed, occurrences=[], recording=None, loaded=loaded, watched=Watched(settled=True)
        )
        taken, busy = 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - busy)
    return {"ms": taken, "cpu": busy, "judged": done.judged, "awaiting": done.awaiting}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patterns", type=int, default=10_000, metavar="N", help="(%(default)s)")
    parser.add_argument("--exposures", type=int, default=1_000, metavar="N", help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the filled project there and use it again")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all figures there")
    parser.add_argument("--join", type=Path, metavar="DIR", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def joined(root: Path, base: Path, rounds: int) -> list[dict[str, Any]]:
    """Join a copy of the project, each in a process of its own."""
    found = []
    for number in range(rounds):
        copy = base / f"copy-{number}"
        shutil.copytree(root, copy)
        done = subprocess.run([sys.executable, __file__, "--join", copy], check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout))
        shutil.rmtree(copy)
        say(f"join {number + 1}/{rounds}: {found[-1]}")
    return found


def main() -> None:
    options = parse()
    if options.join is not None:
        print(json.dumps(join(options.join)))
        return
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmlearn-exposures-"))).resolve()
        root = (options.keep or base / "project").resolve()
        figures: dict[str, Any] = {"machine": machine()}
        if not (root / ".llmlearn").is_dir():
            lay_out(root)
            figures["filling"] = fill(root, options.patterns, options.seed)
        here = base / "here"
        shutil.copytree(root, here)
        added = show(here, options.exposures)
        figures["added to an answer (ms)"] = spread(added).to_dict()
        rows: list[Sequence[str]] = [("what", "ms", "judged")]
        rows.append(("written down on the way to an answer", spread(added).show("{:.1f}"), ""))
        before = 0
        for count in (0, *WRITTEN):
            write_on(here, range(before, count))
            before, name = count, f"{count} files written on"
            done = joined(here, base, options.rounds)
            rows.append((f"join, {name}", spread(each["ms"] for each in done).show("{:.1f}"), str(done[0]["judged"])))
            figures[f"join, {name} (ms)"] = spread(each["ms"] for each in done).to_dict()
        print(table(rows, title=f"\n== exposures, {options.exposures} awaiting a run, {options.patterns} patterns"))
        write_json(options.json, figures)


if __name__ == "__main__":
    main()
