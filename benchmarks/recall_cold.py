"""How long `llmlearn recall` takes from process start to end on a store of 10,000 patterns.

The store is filled through the public API with made-up but plausible mistakes. Rounds are interleaved: each
question once, and beside them an interpreter that does nothing. See README.md beside this file.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from measure import clean_environment, machine, say, spread, table, timed, write_json

MODELS = ("claude-opus-4.5", "gpt-5.1", "gemini-3-pro", "qwen3-coder", "deepseek-v3.2")
AREAS = (
    "billing",
    "catalog",
    "checkout",
    "delivery",
    "identity",
    "inventory",
    "ledger",
    "mailing",
    "pricing",
    "profile",
    "report",
    "scheduler",
    "search",
    "session",
    "storage",
    "tariff",
    "telemetry",
    "upload",
    "wallet",
    "webhook",
)
VERBS = (
    "apply",
    "build",
    "cancel",
    "collect",
    "compute",
    "convert",
    "create",
    "decode",
    "delete",
    "encode",
    "export",
    "fetch",
    "filter",
    "format",
    "import",
    "index",
    "load",
    "merge",
    "normalize",
    "parse",
    "publish",
    "refresh",
    "render",
    "reserve",
    "resolve",
    "save",
    "send",
    "split",
    "sync",
    "update",
    "validate",
    "verify",
)
NOUNS = (
    "address",
    "basket",
    "batch",
    "booking",
    "budget",
    "channel",
    "coupon",
    "customer",
    "discount",
    "document",
    "event",
    "image",
    "invoice",
    "label",
    "message",
    "order",
    "page",
    "parcel",
    "payment",
    "permission",
    "price",
    "quota",
    "receipt",
    "record",
    "refund",
    "route",
    "schema",
    "shipment",
    "snapshot",
    "ticket",
    "token",
    "user",
)
PACKAGES = ("requests", "httpx", "sqlalchemy", "pandas", "numpy", "pydantic", "fastapi", "redis", "aiohttp", "boto3")
QUESTIONS = (
    "write an async endpoint that loads a user",
    "parse the invoice rows of a csv file into records and sum the discount",
    "def refresh_token(session, user): renew the token and save it",
    "fix the failing test of checkout: KeyError 'coupon' in apply_coupon",
    "export all shipments of a customer with pandas, grouped by route, as an excel document " * 6,
    "a haiku about the sea",
)


def mistakes(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield `count` occurrences in the shape that `Occurrence.from_dict` takes, each of another function."""
    chance = random.Random(seed)
    places = [(area, verb, noun) for area in AREAS for verb in VERBS for noun in NOUNS]
    chance.shuffle(places)
    for number in range(count):
        area, verb, noun = places[number % len(places)]
        round_ = number // len(places)
        unit = f"{verb}_{noun}" + (f"_v{round_ + 1}" if round_ else "")
        other = chance.choice(NOUNS)
        exception, bases, message, statement = _failure(chance, verb, noun, other)
        path = f"app/{area}/{noun}.py"
        lines = [
            "import json",
            "",
            "",
            f"def {unit}({noun}, {other}_id=None):",
            f'    """Here we {verb} the {noun}."""',
            f"    known = json.loads({noun}.text)",
            f"    {statement}",
            "    return known",
        ]
        yield {
            "nodeid": f"tests/test_{area}.py::test_{unit}",
            "when": "call",
            "exception": exception,
            "mro": [exception, *bases, "Exception", "BaseException"],
            "message": message,
            "path": path,
            "line": 7,
            "function": unit,
            "statement": statement,
            "code": "\n".join(lines) + "\n",
            "model": chance.choice(MODELS),
            "prompt": f"{verb} the {noun} of the {area}",
        }


def _failure(chance: random.Random, verb: str, noun: str, other: str) -> tuple[str, list[str], str, str]:
    """Return exception, its own bases, message and statement of one made-up mistake."""
    attribute, package = f"{chance.choice(VERBS)}_{other}", chance.choice(PACKAGES)
    return chance.choice(
        [
            ("AttributeError", [], f"'{noun.title()}' object has no attribute '{attribute}'", f"{noun}.{attribute}()"),
            ("AttributeError", [], f"'NoneType' object has no attribute '{other}'", f"known = {noun}.{verb}().{other}"),
            (
                "TypeError",
                [],
                f"{verb}_{noun}() got an unexpected keyword argument '{other}'",
                f"known = {verb}_{noun}({other}=known)",
            ),
            (
                "TypeError",
                [],
                f"unsupported operand type(s) for +: 'int' and '{other.title()}'",
                f"known = known + {other}",
            ),
            ("KeyError", ["LookupError"], f"'{other}_{noun}'", f"known = known['{other}_{noun}']"),
            (
                "ImportError",
                [],
                f"cannot import name '{attribute}' from '{package}'",
                f"from {package} import {attribute}",
            ),
            (
                "ModuleNotFoundError",
                ["ImportError"],
                f"No module named '{package}_{other}'",
                f"import {package}_{other}",
            ),
            ("NameError", [], f"name '{attribute}' is not defined", f"known = {attribute}(known)"),
            ("ValueError", [], f"invalid {other} for {noun}: expected {verb} first", f"raise ValueError({other}_id)"),
            (
                "AssertionError",
                [],
                f"assert {chance.randrange(9)} == {chance.randrange(10, 99)}",
                f"known = len(known.{other})",
            ),
        ]
    )


def fill(root: Path, count: int, seed: int) -> dict[str, Any]:
    """Fill the store of `root` until it holds `count` patterns; return what that took.

    Ends the program where three times as many occurrences do not make so many patterns.
    """
    from pytest_llmlearn import Memory, Occurrence  # imported here: --help and a missing install need no traceback

    seen: set[str] = set()
    used, batch = 0, []
    started = time.perf_counter()
    with Memory.open(root) as memory:
        for values in mistakes(3 * count, seed):
            batch.append(Occurrence.from_dict(values))
            used += 1
            if len(batch) == 500 or len(seen) + len(batch) >= count:
                seen.update(memory.record(batch))
                batch = []
                say(f"{used} occurrences, {len(seen)} patterns, {time.perf_counter() - started:.1f} s")
            if len(seen) >= count:
                break
    if len(seen) < count:
        sys.exit(f"{used} occurrences made only {len(seen)} patterns: different mistakes meet in one fingerprint")
    return {
        "patterns": len(seen),
        "occurrences": used,
        "seconds to record": round(time.perf_counter() - started, 2),
    }


def warm(root: Path, questions: Sequence[str], rounds: int) -> dict[str, Any]:
    """Return the milliseconds of a recall in a process that already runs."""
    from pytest_llmlearn import Memory, Query

    times: list[float] = []
    with Memory.open(root) as memory:
        for _ in range(rounds):
            for question in questions:
                started = time.perf_counter()
                memory.recall(Query(text=question))
                times.append(1000 * (time.perf_counter() - started))
    return spread(times).to_dict()


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patterns", type=int, default=10_000, metavar="N", help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--text", action="append", help="a question; may be given often; replaces the built-in ones")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the filled store there and use it again")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all figures there")
    return parser.parse_args(arguments)


def main() -> None:
    options = parse()
    command = shutil.which("llmlearn", path=str(Path(sys.executable).parent)) or shutil.which("llmlearn")
    if command is None:
        sys.exit(f"no llmlearn beside {sys.executable}: install the project into this environment")
    questions = options.text or list(QUESTIONS)
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmlearn-recall-"))).resolve()
        home = base / "home"
        home.mkdir()
        root = (options.keep or base / "project").resolve()
        figures: dict[str, Any] = {"machine": machine()}
        if not (root / ".llmlearn").is_dir():
            root.mkdir(parents=True, exist_ok=True)
            subprocess.run(["git", "init", "-q", str(root)], check=True)
            figures["filling"] = fill(root, options.patterns, options.seed)
        env = clean_environment(home)
        answers = base / "answer.json"
        arms: dict[str, list[str]] = {"an idle interpreter": [sys.executable, "-c", "pass"]}
        arms |= {question: [command, "recall", "--format", "json", question] for question in questions}
        times: dict[str, list[float]] = {arm: [] for arm in arms}
        found: dict[str, str] = dict.fromkeys(arms, "")
        for number in range(options.rounds + 1):
            for arm, words in arms.items():
                done = timed(words, cwd=root, env=env, output=answers)
                if done.status != 0:
                    sys.exit(f"{words} ended with {done.status}: {answers.read_text(errors='replace')[-2000:]}")
                if number:  # the first round warms the disk
                    times[arm].append(1000 * done.wall)
                elif arm in questions:
                    answer = json.loads(answers.read_text(encoding="utf-8"))
                    found[arm] = "abstained" if answer["abstained"] else f"{len(answer['matches'])} matches"
            say(f"round {number}/{options.rounds}")
        rows: list[Sequence[str]] = [("question", "ms", "answer")]
        for arm, taken in times.items():
            rows.append((arm[:70], spread(taken).show("{:.0f}"), found[arm]))
        print(table(rows, title=f"\n== cold recall, median of {options.rounds} rounds [95 % interval]"))
        figures["cold (ms)"] = {arm: spread(taken).to_dict() for arm, taken in times.items()}
        figures["answers"] = found
        figures["all questions (ms)"] = spread(t for q in questions for t in times[q]).to_dict()
        figures["in a running process (ms)"] = warm(root, questions, 3)
        print(f"  in a running process: {figures['in a running process (ms)']['median']:.1f} ms")
        print(f"  filling: {figures.get('filling', 'the store was kept from before')}")
        write_json(options.json, figures)


if __name__ == "__main__":
    main()
