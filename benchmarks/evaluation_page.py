"""Measure recall on the corpora, and write the page that says how good it is: docs/evaluation.md, bad figures included.

    python benchmarks/evaluation_page.py --jobs 2                  # three corpora, all modes: about ten minutes
    python benchmarks/evaluation_page.py bia --modes any-task --page - --json figures.json

Every figure comes from `llmlearn evaluate --format json`, run in an empty folder, so that no project's settings count.
Of all tasks and of the odd-numbered ones alone: constants are to be chosen on the others. `--from FIGURES.json` writes
the page anew from figures kept before.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import edit_time
from corpora import corpora_folder

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "evaluation.md"
CORPORA = ("classeval", "bia", "realclass")
MODES: Mapping[str, Sequence[str]] = {
    "any-task": (),
    "cross-task": ("--cross-task",),
    "edit time": ("--edit-time", "--retrievers", "ours"),
}
HALVES = ("all", "odd")
OURS, OPEN = "ours", "ours, threshold off"
ASKED: Mapping[tuple[str, str], float] = {
    ("classeval", "any-task"): 0.74,
    ("classeval", "cross-task"): 0.18,
    ("bia", "any-task"): 0.56,
    ("bia", "cross-task"): 0.17,
    ("realclass", "any-task"): 0.76,
    ("realclass", "cross-task"): 0.69,
}
"""Recall@5 at rule level with the threshold off that is asked for, over all tasks."""
RIGHT: Mapping[str, float] = {"classeval": 0.25, "bia": 0.13, "realclass": 0.35}
"""Of all lessons shown with the threshold on, any-task, the share that must name a failure that comes."""
KEPT, SHOWN, CALIBRATED = 0.9, 3.0, 0.08
"""Of that recall the share that the threshold must leave; lessons a question and calibration error at most."""

Figures = dict[str, Any]


def evaluated(corpus: Path, split: str, mode: str, jobs: int) -> dict[str, Figures]:
    """What the command says of one corpus, by tasks, and how many seconds it took."""
    command = [sys.executable, "-m", "pytest_llmlearn.entrypoints.cli", "evaluate", str(corpus), "--split", split]
    command += [*MODES[mode], "--jobs", str(jobs), "--format", "json"]
    command += [word for halves in HALVES for word in ("--tasks", halves)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LLMLEARN")}
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(command, cwd=empty, env=environment, stdout=subprocess.PIPE, check=True)
    seconds = round(time.monotonic() - begun, 1)
    return {found["tasks"]["which"]: {**found, "seconds": seconds} for found in json.loads(done.stdout)}


def page(figures: Mapping[str, Mapping[str, Mapping[str, Figures]]], about: Mapping[str, str]) -> Iterator[str]:
    """The page's lines, of figures by corpus, mode and tasks."""
    yield "# How good recall is"
    yield ""
    yield "Made by `python benchmarks/evaluation_page.py`; do not edit. Past generations of real models are replayed in"
    yield "their order: ask with the request, score, then learn what failed. How, and what each word means, is told in"
    yield "[evaluate.md](evaluate.md). *Odd* are the odd-numbered tasks alone: constants may be chosen on the others."
    yield "Intervals are of 95 % over tasks. What was asked for and is not reached is marked **missed**."
    yield ""
    yield f"{about['python']}, {about['system']}; pytest-llmlearn {about['version']}; split `{about['split']}`."
    if section := edit_time.kept():
        yield ""
        yield from section
    for corpus, modes in figures.items():
        whole = next(iter(modes.values()))["all"]
        yield ""
        yield f"## {corpus}"
        yield (
            f"{whole['generations']} generations of {whole['tasks']['of']} tasks, {whole['failing']} of them failing, "
            f"{whole['patterns']} patterns in the end."
        )
        for mode, halves in modes.items():
            yield ""
            yield f"### {corpus}, {mode}"
            yield from _wanted(corpus, mode, halves["all"])
            yield ""
            yield from _recall(halves)
            yield ""
            yield from _silence(halves)
            if mode != "edit time":
                yield ""
                yield from _coverage(halves["all"])
                yield ""
                yield from _calibration(halves["all"])
            told = halves["all"]["notices"]
            if told:
                yield ""
                yield from (f"- {notice}" for notice in told)
            yield ""
            yield f"Measured in {halves['all']['seconds']:.0f} s."


def _wanted(corpus: str, mode: str, found: Figures) -> Iterator[str]:
    """What was asked for, and whether it is met."""
    asked = ASKED.get((corpus, mode))
    if asked is None:
        return
    off = _value(found, OPEN, "recall@5_rule")
    yield f"- recall@5, rule level, threshold off: {_number(off)}, asked {asked}{_missed(off is None or off < asked)}"
    if mode != "any-task":
        return
    kept, shown = found["recall_kept"], _value(found, OURS, "lessons")
    right, error = _value(found, OURS, "lessons_right_rule"), found["retrievers"][OURS]["calibration"]["rule"]["ece"]
    yield f"- of it kept with the threshold on: {_number(kept)}, asked {KEPT}{_missed(kept is None or kept < KEPT)}"
    yield f"- lessons a question: {_number(shown)}, at most {SHOWN}{_missed(shown is None or shown > SHOWN)}"
    yield (
        f"- lessons shown that name a failure that comes: {_number(right)}, asked {RIGHT[corpus]}"
        f"{_missed(right is None or right < RIGHT[corpus])}"
    )
    yield f"- calibration error: {_number(error)}, at most {CALIBRATED}{_missed(error is None or error > CALIBRATED)}"


def _missed(missed: bool) -> str:
    return ": **missed**" if missed else ""


def _recall(halves: Mapping[str, Figures]) -> Iterator[str]:
    yield "| recall | tasks | @1 | @3 | @5 | interval | of repeats | exact @1 | @3 | @5 |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name, found in halves.items():
        ceilings = [found["retrievers"][OURS]["figures"][f"ceiling_{level}"]["value"] for level in ("rule", "exact")]
        yield f"| *what repeats at all* | {name} | | | {_number(ceilings[0])} | | | | | {_number(ceilings[1])} |"
    for retriever in next(iter(halves.values()))["retrievers"]:
        for name, found in halves.items():
            fifth = found["retrievers"][retriever]["figures"]["recall@5_rule"]
            cells = [_number(_value(found, retriever, f"recall@{first}_rule")) for first in (1, 3, 5)]
            cells += [_interval(fifth), _number(_value(found, retriever, "repeats_found_rule"))]
            cells += [_number(_value(found, retriever, f"recall@{first}_exact")) for first in (1, 3, 5)]
            yield _row([retriever, name, *cells])


def _silence(halves: Mapping[str, Figures]) -> Iterator[str]:
    head = ("silence", "tasks", "first right", "all right", "lessons", "failing", "passing", "silent passing")
    yield _row([*head, "tokens failing", "passing"])
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for retriever in next(iter(halves.values()))["retrievers"]:
        for name, found in halves.items():
            keys = ("first_lesson_right_rule", "lessons_right_rule", "lessons", "lessons_failing", "lessons_passing")
            cells = [_number(_value(found, retriever, key)) for key in (*keys, "silent_passing")]
            cells += [_number(_value(found, retriever, f"tokens_{which}"), 0) for which in ("failing", "passing")]
            yield _row([retriever, name, *cells])


def _coverage(found: Figures) -> Iterator[str]:
    yield "| at a threshold of | answered | lessons | all right | recall@5 | silent passing |"
    yield "|---|---|---|---|---|---|"
    keys = ("answered", "lessons", "lessons_right", "recall", "silent_passing")
    for one in found["retrievers"][OPEN]["risk_coverage"]:
        yield _row([f"{one['threshold']:.2f}", *(_number(one[key]) for key in keys)])


def _calibration(found: Figures) -> Iterator[str]:
    for name in (OURS, OPEN):
        of = found["retrievers"][name]
        yield (
            f"Scores of *{name}*: Brier {_number(of['figures']['brier_rule']['value'])}, calibration error "
            f"{_number(of['calibration']['rule']['ece'])} (rule level)."
        )
        yield ""
        yield "| score | lessons | mean score | right |"
        yield "|---|---|---|---|"
        for one in of["calibration"]["rule"]["bins"]:
            if one["count"]:
                span = f"{one['low']:.1f} to {one['high']:.1f}"
                yield _row([span, str(one["count"]), _number(one["score"]), _number(one["right"])])
        if name == OURS:
            yield ""


def _value(found: Figures, retriever: str, key: str) -> float | None:
    known: Mapping[str, Any] = found["retrievers"][retriever]["figures"].get(key) or {}
    return known.get("value")


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(found: Mapping[str, Any]) -> str:
    return "-" if found["low"] is None else f"{found['low']:.3f}-{found['high']:.3f}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _about(split: str) -> dict[str, str]:
    from pytest_llmlearn import __version__

    return {
        "python": f"Python {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "version": __version__,
        "split": split,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="*", default=list(CORPORA))
    parser.add_argument("--split", default="dev")
    parser.add_argument("--modes", default=",".join(MODES), help="with commas between")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--page", default=str(PAGE), help="where to write it; - for standard output")
    parser.add_argument("--json", type=Path, help="keep all figures there")
    parser.add_argument("--from", dest="kept", type=Path, help="figures kept before, instead of measuring")
    arguments = parser.parse_args()
    if arguments.kept is not None:
        known = json.loads(arguments.kept.read_text(encoding="utf-8"))
        figures, about = known["figures"], known["about"]
    else:
        figures, about = {}, _about(arguments.split)
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "corpora"
            unpack = [sys.executable, str(corpora_folder() / "materialise.py"), "unpack", str(data)]
            subprocess.run(unpack, check=True, stdout=subprocess.DEVNULL)
            for corpus in arguments.corpus:
                for mode in arguments.modes.split(","):
                    print(f"{corpus}, {mode}", file=sys.stderr)
                    found = evaluated(data / corpus, arguments.split, mode, arguments.jobs)
                    figures.setdefault(corpus, {})[mode] = found
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({"about": about, "figures": figures}, indent=1), encoding="utf-8")
    text = "\n".join(page(figures, about)) + "\n"
    if arguments.page == "-":
        print(text, end="")
    else:
        Path(arguments.page).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
