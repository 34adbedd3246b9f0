"""Which parser sees most of code that is broken while it is typed, and what does it cost?

    python benchmarks/parsing.py [--states N] [--json PATH]

Our own tolerant reading by Python's `ast`, beside parso and tree-sitter where they are installed (`pip install parso
tree-sitter tree-sitter-python`). Files are put together of the code that models wrote for the corpora
(LLMLEARN_CORPORA), one line of each is broken. Counted are the simple statements outside of it which a parser
finds where it finds them in whole code, and those that it finds where it finds none there. See README.md beside
this file.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from measure import machine, say, table, write_json
from typed_code import WAYS, broken, file_of, generated

from pytest_llmlearn.adapters.parser import TolerantParser
from pytest_llmlearn.domain.tree import Node

SEED = 7
COMPOUND = frozenset(
    {"FunctionDef", "AsyncFunctionDef", "ClassDef", "If", "For", "AsyncFor", "While", "With", "AsyncWith", "Try"}
    | {"TryStar", "Match", "ExceptHandler"}
)
Place = tuple[int, int, int, int]
"""Where a statement stands: lines from 1, columns from 0."""


def ours(text: str) -> set[Place]:
    def walk(node: Node) -> Iterator[Place]:
        if node.kind not in COMPOUND and node.kind != "match_case":
            yield (node.span.line, node.span.column, node.span.end_line, node.span.end_column)
            return
        for role, child in node.children:
            if role in ("body", "orelse", "finalbody", "handlers", "cases") and child.kind != "Constant":
                yield from walk(child)

    return {place for node in TolerantParser().parse(text).body for place in walk(node)}


def with_parso() -> Callable[[str], set[Place]]:
    import parso

    grammar = parso.load_grammar()

    def places(text: str) -> set[Place]:
        def walk(node: Any) -> Iterator[Place]:
            if node.type == "simple_stmt":
                for child in node.children:
                    if child.type not in ("newline", "operator", "error_leaf"):
                        yield (*child.start_pos, *child.end_pos)
            elif hasattr(node, "children"):
                for child in node.children:
                    yield from walk(child)

        return set(walk(grammar.parse(text, cache=False, diff_cache=False)))

    return places


def with_tree_sitter() -> Callable[[str], set[Place]]:
    import tree_sitter
    import tree_sitter_python

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))

    def places(text: str) -> set[Place]:
        found = set()
        pending = [parser.parse(text.encode()).root_node]
        while pending:
            node = pending.pop()
            stands = node.parent is not None and node.parent.type in ("module", "block") and not node.has_error
            head = any(child.type in ("block", ":") for child in node.children)
            if stands and not head and node.type != "comment":
                found.add((node.start_point[0] + 1, node.start_point[1], node.end_point[0] + 1, node.end_point[1]))
                continue
            pending.extend(node.children)
        return found

    return places


def parsers() -> dict[str, Callable[[str], set[Place]]]:
    found: dict[str, Callable[[str], set[Place]]] = {"ours": ours}
    for name, make in (("parso", with_parso), ("tree-sitter", with_tree_sitter)):
        try:
            found[name] = make()
        except ImportError:
            say(f"{name} is not installed and is left out")
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--states", type=int, default=40, help="broken states for each way of breaking")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    texts = [text for text in generated() if text.isascii() and "\t" not in text and "\f" not in text]
    contenders = parsers()
    rows = [["broken by", *(f"{name}: seen, wrong" for name in contenders)]]
    figures: dict[str, Any] = {"machine": machine()}
    for way in WAYS:
        dice = random.Random(f"{SEED} {way}")
        seen: Counter[str] = Counter()
        wrong: Counter[str] = Counter()
        total: Counter[str] = Counter()
        for _ in range(chosen.states):
            text = file_of(120, texts, dice)
            state = broken(text, way, dice)
            if state is None:
                continue
            more = state.text.count("\n") - text.count("\n")
            for name, places in contenders.items():
                intact = {
                    (line + more * (line > state.line), column, end + more * (end > state.line), last)
                    for line, column, end, last in places(text)
                    if not line <= state.line <= end
                }
                total[name] += len(intact)
                found = places(state.text)
                seen[name] += len(found & intact)
                odd = found - intact
                wrong[name] += sum(1 for first, _, last, _ in odd if not first <= state.line + more <= last + more)
        rows.append([way, *(f"{seen[name] / total[name]:.1%}, {wrong[name] / total[name]:.2%}" for name in contenders)])
        figures[way] = {
            name: {"seen": seen[name] / total[name], "wrong": wrong[name] / total[name]} for name in contenders
        }
        say(" ".join(rows[-1]))
    print(table(rows, title="intact statements seen, statements that are none"))
    rows = [["lines", *contenders]]
    for lines in (1_000, 10_000):
        text = file_of(lines, texts, random.Random(SEED))
        state = broken(text, "half a line", random.Random(SEED))
        assert state is not None
        times = {}
        for name, places in contenders.items():
            started = time.thread_time()
            places(state.text)
            times[name] = (time.thread_time() - started) * 1000
        figures[f"{lines} lines"] = times
        rows.append([str(lines), *(f"{taken:.0f} ms" for taken in times.values())])
    print(table(rows, title="one reading of a broken text, anew, with a walk over its statements"))
    write_json(chosen.json, figures)


if __name__ == "__main__":
    main()
