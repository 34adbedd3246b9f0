"""Are fixes mined from red to green: in real generations, after repairs of one statement, and never from tests alone?

Every case is a repository of its own: a module that fails is run under `pytest --llm-learn`, replaced by one that
passes, and run again. What `llmlearn` then says of it is held against counts of our own. The code is nobody's to
trust: each run has no network, bounded memory and a total time. See README.md beside this file.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import healing_cases as cases
import planted
import statements
import weaker
from confinement import network_can_be_cut
from corpora import CORPORA, ENTRY_POINT, corpora_folder, plugins
from healing_cases import Case, Corpus, Done, Record, Yard
from healing_counts import Counts, pair_counts, single_counts, test_counts
from healing_time import times
from measure import machine, say, table, write_json

PARTS = ("pairs", "single", "tests", "time")
OURS = Corpus(name="ours", folder=Path(), tests={"shelf": "", "rounding": ""}, failing={}, passing={})


def single_cases(corpora: Sequence[Corpus], yard: Yard, wanted: int, most: int) -> list[Case]:
    """Cases of one wrong statement, each checked by running: `wanted` of a kind, of as many tasks as there are."""
    found: list[Case] = []
    number = 0
    for corpus in corpora:
        by_kind: dict[str, list[Case]] = defaultdict(list)
        for record in cases.in_turn(corpus.passing):
            for kind, edits in _by_kind(planted.planted(record["code"])).items():
                # A text of many edits would be the source of all cases: one or two of each, from its middle.
                for edit in edits[len(edits) // 3 :][:2]:
                    by_kind[kind].append(_of(corpus, record, edit))
        both = {task: records for task, records in corpus.failing.items() if corpus.passing.get(task)}
        for record in cases.in_turn(both):
            good = min(corpus.passing[record["task_id"]], key=lambda one: statements.whole(record["code"], one["code"]))
            for edit in list(planted.repaired(record["code"], good["code"]))[:2]:
                by_kind[edit.kind].append(_of(corpus, record, edit))
        for kind, entries in by_kind.items():
            distinct = list({(entry.task, entry.planted, entry.meant): entry for entry in entries}.values())
            # Of these both sides are not known yet, so more have to be tried.
            many = 5 if kind == planted.REPAIRED else 1
            taken = 0
            for case in distinct[: most * many]:
                if taken < wanted * many and _goes_green(case, yard):
                    found.append(replace(case, name=f"single-{number:03}", known=_known(number)))
                    number += 1
                    taken += 1
        say(f"{corpus.name}: {len(found)} mistakes of one statement so far")
    for edit in planted.missing_awaits():
        case = cases.case_of(
            replace(OURS, tests={"shelf": planted.AWAITING_TEST}),
            {"task_id": "shelf", "module": "shelf", "model": "none", "id": edit.unit},
            name=f"single-{number:03}", number=number, red=edit.red, green=edit.green, kind=edit.kind,
            planted=edit.planted, meant=edit.meant, culprit=edit.unit,
        )  # fmt: skip
        found.append(replace(case, known=_known(number)))
        number += 1
    return found


def _goes_green(case: Case, yard: Yard) -> bool:
    """Whether a test fails by the mistake, and passes without it."""
    (red,) = cases.tries([replace(case, name="red")], yard)
    failing = [nodeid for nodeid, how in red.items() if how == "failed"]
    if not failing:
        return False
    (green,) = cases.tries([replace(case, name="green", red=case.green)], yard)
    return any(cases.passes(green, nodeid) for nodeid in failing)


def _known(number: int) -> cases.Known:
    return "trailer" if number % 2 == 0 else "marker" if number % 4 == 1 else "glob"


def _by_kind(edits: Iterable[planted.Edit]) -> dict[str, list[planted.Edit]]:
    found: dict[str, list[planted.Edit]] = defaultdict(list)
    for edit in edits:
        found[edit.kind].append(edit)
    return found


def _of(corpus: Corpus, record: Record, edit: planted.Edit) -> Case:
    return cases.case_of(
        corpus, record, name="", number=0, red=edit.red, green=edit.green, kind=edit.kind, planted=edit.planted,
        meant=edit.meant, culprit=edit.unit,
    )  # fmt: skip


def test_cases(done: Sequence[Done], yard: Yard, count: int) -> list[tuple[Case, weaker.Weaker]]:
    """Cases of which only the test is changed, from pairs that turned green: each kind in its turn."""
    found: list[tuple[Case, weaker.Weaker]] = []
    taken: Counter[str] = Counter()
    rows: list[list[tuple[Case, weaker.Weaker]]] = []
    for one in done:
        nodeid = next((nodeid for nodeid in sorted(one.healed) if "::" in nodeid), None)
        line = _line_of(yard.out / f"{one.case.name}-red.jsonl", nodeid) if nodeid else None
        if nodeid is None or line is None:
            continue
        changes = list(weaker.weaker(one.case.test, nodeid, line))
        rows.append([(replace(one.case, culprit=nodeid), change) for change in changes])
    number = 0
    while rows and len(found) < count:
        rows = [row for row in rows if row]
        for row in rows:
            # What was taken least often so far, so that all kinds come.
            best = min(row, key=lambda entry: taken[entry[1].kind])
            row.remove(best)
            case, change = best
            taken[change.kind] += 1
            code, how = weaker.trivially(case.red, number)
            real = number % 5 == 4 and change.runs
            green, how = (case.green, "code repaired besides") if real else (code, how)
            name = f"tests-{number:03}"
            changed = replace(case, name=name, green=green, green_test=change.text, kind=f"{change.kind}, {how}")
            found.append((changed, change))
            number += 1
            if len(found) >= count:
                break
        if not any(rows):
            break
    for kind, parameters, runs in weaker.fewer_cases():
        test = weaker.PARAMETRISED.format(cases=weaker.FULL)
        case = cases.case_of(
            replace(OURS, tests={"rounding": test}),
            {"task_id": "rounding", "module": "rounding", "model": "none", "id": kind},
            name=f"tests-{number:03}", number=number, red=weaker.ROUNDING, green=weaker.ROUNDING, kind=kind,
            green_test=weaker.PARAMETRISED.format(cases=parameters), culprit="test_rounding.py::test_rounded[high]",
        )  # fmt: skip
        found.append((case, weaker.Weaker(kind=kind, text=case.green_test, runs=runs)))
        number += 1
    return found


def _line_of(log: Path, nodeid: str) -> int | None:
    """Where in its own file a test failed: the innermost entry of the traceback there."""
    file = nodeid.partition("::")[0]
    for text in log.read_text(encoding="utf-8", errors="replace").splitlines():
        report = json.loads(text) if text.endswith("}") else {}
        longrepr = report.get("longrepr")
        if report.get("nodeid") != nodeid or report.get("outcome") != "failed" or not isinstance(longrepr, dict):
            continue
        entries = longrepr.get("reprtraceback", {}).get("reprentries", [])
        places = [entry["data"].get("reprfileloc") or {} for entry in entries]
        found = [place["lineno"] for place in places if str(place.get("path", "")).endswith(file)]
        if found:
            return int(found[-1])
    return None


def show(title: str, counts: Counts, limit: int) -> None:
    rows = [("measured", "count", "share", "even tasks", "asked", "")]
    print(table([*rows, *(count.row(name) for name, count in counts.items())], title=f"\n== {title}"))
    for name, count in counts.items():
        if count.missed and not name.startswith("  "):
            print(f"  not {name}: {len(count.missed)}")
            for sentence in count.missed[:limit]:
                print(f"        {sentence}")
            if len(count.missed) > limit:
                print(f"        ... and {len(count.missed) - limit} more (--list, --json)")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*", metavar="CORPUS", help=f"of {', '.join(CORPORA)} (default: all)")
    parser.add_argument("--parts", default=",".join(PARTS), help="of %(default)s; `tests` needs `pairs`")
    parser.add_argument("--pairs", type=int, default=60, metavar="N", help="of each corpus (%(default)s)")
    parser.add_argument("--planted", type=int, default=3, metavar="N", help="of each kind and corpus (%(default)s)")
    parser.add_argument("--tests", type=int, default=40, metavar="N", help="changes of tests alone (%(default)s)")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="the interpreter under test")
    parser.add_argument("--jobs", type=int, default=1, choices=(1, 2), help="cases at a time (%(default)s)")
    parser.add_argument("--unpacked", type=Path, metavar="DIR", help="corpora that are unpacked already")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep repositories, stores and reports there")
    parser.add_argument("--list", type=int, default=15, metavar="N", help="names printed of a kind (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write all figures and all names there")
    options = parser.parse_args(arguments)
    options.parts = options.parts.split(",")
    if wrong := set(options.corpora) - set(CORPORA) | set(options.parts) - set(PARTS):
        parser.error(f"not known: {', '.join(sorted(wrong))}")
    return options


def main() -> None:
    options = parse()
    pack = corpora_folder()
    if not network_can_be_cut():
        sys.exit("not run: `unshare -rn` does not work here, and nobody has read this code: it gets no network")
    if missing := {ENTRY_POINT, "pytest_reportlog"} - plugins(options.python):
        sys.exit(f"{options.python} lacks the pytest plug-ins {', '.join(sorted(missing))}")
    with ExitStack() as stack:
        keep = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmlearn-heal-")))
        base = keep.resolve()
        yard = Yard(
            python=options.python.absolute(),
            cases=base / "cases",
            out=base / "out",
            home=base / "home",
            jobs=options.jobs,
        )
        for folder in (yard.cases, yard.out, yard.home):
            folder.mkdir(parents=True, exist_ok=True)
        unpacked = options.unpacked or base / "corpora"
        if not unpacked.exists():
            words = [sys.executable, pack / "materialise.py", "unpack", unpacked]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        figures = measured(
            options, yard, [cases.read(unpacked / name, options.split) for name in options.corpora or CORPORA]
        )
        write_json(options.json, {"machine": machine(), **figures})


def measured(options: argparse.Namespace, yard: Yard, corpora: Sequence[Corpus]) -> dict[str, Any]:
    """Every part that was asked for, in order, each shown when it is done."""
    figures: dict[str, Any] = {}

    def keep(title: str, counts: Counts) -> None:
        show(title, counts, options.list)
        figures[title] = {name: count.to_dict() for name, count in counts.items()}

    def healed(chosen: Sequence[Case], word: str) -> list[Done]:
        return cases.in_parallel(lambda case: cases.heal(case, yard), chosen, yard.jobs, word)

    for corpus in corpora:
        cases.give_example_data(corpus, yard)
    if "pairs" in options.parts:
        everything: list[Done] = []
        for corpus in corpora:
            say(f"{corpus.name}: pairs")
            done = healed(cases.pairs(corpus, options.pairs), "pairs")
            everything += done
            counts = Counts()
            pair_counts(counts, done)
            keep(f"{corpus.name}: a failing generation, then a passing one", counts)
        counts = Counts()
        pair_counts(counts, everything)
        keep("all: a failing generation, then a passing one", counts)
        if "tests" in options.parts:
            chosen = test_cases(everything, yard, options.tests)
            counts = Counts()
            test_counts(
                counts, list(zip(healed([case for case, _ in chosen], "tests"), [w for _, w in chosen], strict=True))
            )
            keep("only the test was changed", counts)
    if "single" in options.parts:
        say("repairs of one statement")
        counts = Counts()
        single_counts(counts, healed(single_cases(corpora, yard, options.planted, 3 * options.planted), "single"))
        keep("one statement repaired", counts)
    if "time" in options.parts:
        figures["time"] = times(yard)
    return figures


if __name__ == "__main__":
    main()
