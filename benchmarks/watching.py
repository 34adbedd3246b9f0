"""How much work a keystroke is, with a thousand learned matchers.

    python benchmarks/watching.py [--lines N ...] [--matchers N] [--keystrokes N] [--json PATH]

Files are put together of the code that models wrote for the corpora (LLMLEARN_CORPORA), patterns are made of calls,
attributes and assignments in other parts of that code. Somebody types at random places, which breaks the syntax most of
the time. Times are of one thread's processor. See README.md beside this file.
"""

import argparse
import ast
import copy
import random
import time
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path

from measure import machine, say, table, write_json
from typed_code import file_of, generated, keystrokes

from pytest_llmlearn.adapters.parser import TolerantParser
from pytest_llmlearn.app.watch import Looked, Watch
from pytest_llmlearn.domain.matcher import Matcher, Trials
from pytest_llmlearn.domain.matchers.api import Api
from pytest_llmlearn.domain.matchers.awaiting import Awaiting
from pytest_llmlearn.domain.matchers.pattern import atoms_of, compiled
from pytest_llmlearn.domain.matchers.shape import Shapes
from pytest_llmlearn.domain.matchers.text import Text
from pytest_llmlearn.domain.matchers.undefined import Undefined
from pytest_llmlearn.errors import BadPattern

SEED = 20


class Fixed:
    """Matchers that do not change."""

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        self._matchers = matchers

    def kept(self, *, candidates: bool = False) -> Sequence[Matcher]:
        return self._matchers

    def put(self, matchers: Collection[Matcher]) -> None:
        raise AssertionError("nothing is learned here")

    def tried(self, trials: Mapping[str, Trials], code: str) -> None:
        raise AssertionError("nothing is learned here")

    def revision(self) -> int:
        return 1


def patterns(texts: Sequence[str], count: int, dice: random.Random) -> list[str]:
    """Patterns of what stands in code: a call with some of its arguments any, an attribute, a statement.

    As those that are learned they are rare in code: each is seen at most twice in some 2,000 lines of other code.
    """
    found: dict[str, None] = {}
    sample = TolerantParser().parse(file_of(2_000, list(texts), dice)).body
    shapes = [Shapes() for _ in sample]
    while len(found) < count:
        nodes = [
            node
            for node in ast.walk(ast.parse(dice.choice(texts)))
            if isinstance(node, ast.Call | ast.Subscript | ast.BinOp | ast.Assign | ast.Return | ast.Attribute)
        ]
        for node in dice.sample(nodes, min(3, len(nodes))):
            text = _loosened(node, dice)
            try:
                pattern = compiled(text)
            except BadPattern:
                continue
            if len(atoms_of(text)) >= 2 and text not in found:
                places = (
                    match for shape, node in zip(shapes, sample, strict=True) for match in shape.matches(pattern, node)
                )
                if len(list(islice(places, 3))) < 3:
                    found[text] = None
    return list(found)[:count]


def _loosened(node: ast.AST, dice: random.Random) -> str:
    node = copy.deepcopy(node)
    names: dict[str, str] = {}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and dice.random() < 0.5:
            inner.args, inner.keywords = [ast.Constant(...)], []
        elif isinstance(inner, ast.Name) and dice.random() < 0.6:
            inner.id = names.setdefault(inner.id, f"META{len(names)}")
    return ast.unparse(node).replace("META", "$X")


def watch_of(matchers: Sequence[Matcher]) -> Watch:
    return Watch(Fixed(matchers), TolerantParser(), (Shapes(), Api(), Undefined(), Awaiting(), Text()))


def looked(watch: Watch, text: str) -> tuple[float, Looked]:
    started = time.thread_time()
    seen = watch.look("file.py", text)
    return (time.thread_time() - started) * 1000, seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--matchers", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--keystrokes", type=int, default=300)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    dice = random.Random(SEED)
    texts = generated()
    say(f"{len(texts)} texts")
    half = len(texts) // 2
    rows = [["lines", "matchers", "first look", "median", "p95", "largest", "seen"]]
    figures: dict[str, object] = {"machine": machine()}
    for count in options.matchers:
        known = [
            Matcher(fingerprint=str(n), rule_id="r", kind="shape", body={"pattern": text}, atoms=atoms_of(text))
            for n, text in enumerate(patterns(texts[:half], count, dice))
        ]
        for lines in options.lines:
            text = file_of(lines, texts[half:], dice)
            watch = watch_of(known)
            first, seen = looked(watch, text)
            times = []
            for typed in keystrokes(text, options.keystrokes, dice):
                taken, _ = looked(watch, typed)
                times.append(taken)
            times.sort()
            at = {"median": times[len(times) // 2], "p95": times[int(len(times) * 0.95)], "largest": times[-1]}
            figures[f"{lines} lines, {count} matchers"] = {"first": first, **at, "seen": len(seen.sightings)}
            rows.append(
                [
                    str(text.count("\n")),
                    str(count),
                    *(f"{ms:.1f}" for ms in (first, *at.values())),
                    str(len(seen.sightings)),
                ]
            )
            say(" ".join(rows[-1]))
    print(table(rows, title="milliseconds of work for a look"))
    write_json(options.json, figures)


if __name__ == "__main__":
    main()
