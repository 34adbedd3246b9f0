"""Measure whether mistakes are seen while code is written, and write the section of docs/evaluation.md that says so.

    python benchmarks/edit_time.py --python ENVIRONMENT/bin/python    # three corpora: some four minutes
    python benchmarks/edit_time.py bia --section -                    # one of them, printed

`--python` is the interpreter that is asked what exists: one that has what the corpora's code imports. Every figure
comes from `llmlearn evaluate --edit-time --format json`, run in an empty folder. Nothing is searched by meaning, since
only matchers are looked at. `evaluation_page.py` keeps the section as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from corpora import corpora_folder

PAGE = Path(__file__).resolve().parent.parent / "docs" / "evaluation.md"
START, END = "<!-- edit time -->", "<!-- end of edit time -->"
CORPORA = ("classeval", "bia", "realclass")
HALVES = ("all", "odd", "even")
ASKED: Mapping[str, tuple[str, float]] = {
    "exact_repeats": ("at least", 0.60),
    "rule_repeats": ("at least", 0.25),
    "false_alarms": ("at most", 0.02),
}
"""Of all three corpora together, all tasks."""
TITLES = {
    "exact_repeats": "came exactly so before",
    "rule_repeats": "only the like came before",
    "new": "new",
    "false_alarms": "false alarms in passing generations",
}
Watched = dict[str, dict[str, Any]]


def measured(corpus: Path, split: str, python: str | None) -> dict[str, Watched]:
    """What the command says of one corpus, by tasks."""
    command = [sys.executable, "-m", "pytest_llmlearn.entrypoints.cli", "evaluate", str(corpus), "--split", split]
    command += ["--edit-time", "--retrievers", "ours", "--format", "json"]
    command += [word for half in HALVES for word in ("--tasks", half)]
    command += ["--python", python] if python else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LLMLEARN")}
    with tempfile.TemporaryDirectory() as empty:
        given = {**environment, "LLMLEARN_EMBEDDER": "none"}
        done = subprocess.run(command, cwd=empty, env=given, stdout=subprocess.PIPE, check=True)
    return {found["tasks"]["which"]: found["watched"] for found in json.loads(done.stdout)}


def summed(figures: Mapping[str, Mapping[str, Watched]], half: str, key: str) -> tuple[int, int]:
    """So many of so many, of all corpora."""
    found = [halves[half][key] for halves in figures.values()]
    return sum(one["count"] for one in found), sum(one["of"] for one in found)


def section(figures: Mapping[str, Mapping[str, Watched]]) -> Iterator[str]:
    """The section's lines, of figures by corpus and tasks."""
    yield START
    yield "## Mistakes seen while code is written"
    yield "Made by `python benchmarks/edit_time.py`; do not edit. Matchers look at the code of each generation before"
    yield "it runs, learned from those before it in the stream; what is counted is told in"
    yield "[evaluate.md](evaluate.md#--edit-time). The levels of shapes were chosen with both halves of the tasks in"
    yield "view."
    yield ""
    for key, (bound, asked) in ASKED.items():
        count, of = summed(figures, "all", key)
        share = count / of if of else 0.0
        missed = share < asked if bound == "at least" else share > asked
        told = f"- {TITLES[key]}: {count} of {of}, {share:.1%}; asked {bound} {asked:.0%}"
        yield told + (": **missed**" if missed else "")
    yield ""
    yield f"| | tasks | {' | '.join(TITLES.values())} |"
    yield f"|---|---|{'---|' * len(TITLES)}"
    for corpus, halves in figures.items():
        for half in HALVES:
            cells = [_cell(halves[half][key]["count"], halves[half][key]["of"]) for key in TITLES]
            yield f"| {corpus} | {half} | {' | '.join(cells)} |"
    for half in HALVES:
        cells = [_cell(*summed(figures, half, key)) for key in TITLES]
        yield f"| together | {half} | {' | '.join(cells)} |"
    yield END


def kept(page: Path = PAGE) -> list[str]:
    """The section as the page has it."""
    lines = page.read_text(encoding="utf-8").splitlines() if page.exists() else []
    if START not in lines or END not in lines:
        return []
    return lines[lines.index(START) : lines.index(END) + 1]


def _cell(count: int, of: int) -> str:
    return f"{count} of {of} ({count / of:.2f})" if of else "-"


def _placed(lines: list[str], new: list[str]) -> list[str]:
    """The page with this section instead, or before its first corpus."""
    if START in lines and END in lines:
        return [*lines[: lines.index(START)], *new, *lines[lines.index(END) + 1 :]]
    first = next((place for place, line in enumerate(lines) if line.startswith("## ")), len(lines))
    return [*lines[:first], *new, "", *lines[first:]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*", default=CORPORA)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--python", help="the interpreter that is asked what exists")
    parser.add_argument("--section", default=str(PAGE), help="the page, or - to print the section")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        unpack = [sys.executable, str(corpora_folder() / "materialise.py"), "unpack", folder]
        subprocess.run(unpack, check=True, stdout=subprocess.DEVNULL)
        figures = {name: measured(Path(folder, name), given.split, given.python) for name in given.corpora}
    lines = list(section(figures))
    if given.section == "-":
        print("\n".join(lines))
        return
    page = Path(given.section)
    page.write_text("\n".join(_placed(page.read_text(encoding="utf-8").splitlines(), lines)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
