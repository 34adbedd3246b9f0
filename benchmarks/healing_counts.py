"""What a case that went from red to green proves: its verdicts and hunks held against counts of our own.

A figure is a count with what was asked of it; whatever falls short of it is kept as a sentence that names the case.
"""

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import healing_cases as cases
import statements
import weaker
from healing_cases import Case, Done, Record

LIMIT = 10
"""Statements of a unit that may differ for a fix to be asked for."""


@dataclass(slots=True, kw_only=True)
class Count:
    """How many of how many, by tasks of even places too, what was asked, and those that are not among them by name."""

    asked: float | None
    good: int = 0
    of: int = 0
    even_good: int = 0
    even_of: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, case: Case, reached: bool, why: str) -> None:
        self.good += reached
        self.of += 1
        if not case.odd:
            self.even_good += reached
            self.even_of += 1
        if not reached:
            self.missed.append(why)

    @property
    def ok(self) -> bool:
        return self.asked is None or (self.of > 0 and self.good / self.of >= self.asked)

    def row(self, name: str) -> tuple[str, ...]:
        share = f"{self.good / self.of:.1%}" if self.of else "-"
        even = f"{self.even_good / self.even_of:.1%}" if self.even_of else "-"
        asked = "" if self.asked is None else f"{self.asked:.0%}"
        return name, f"{self.good}/{self.of}", share, even, asked, "" if self.ok else "MISSED"

    def to_dict(self) -> dict[str, Any]:
        return {
            "good": self.good,
            "of": self.of,
            "even tasks": [self.even_good, self.even_of],
            "asked": self.asked,
            "ok": self.ok,
            "missed": self.missed,
        }


class Counts(dict[str, Count]):
    """Counts by what is counted, in the order in which they were first named."""

    def of(self, name: str, asked: float | None = None) -> Count:
        return self.setdefault(name, Count(asked=asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """One unit of one case on which failures were laid whose tests are green now, and what became of each."""

    done: Done
    unit: str
    occurrences: Sequence[Record]
    healings: Sequence[Record]

    @property
    def qualname(self) -> str:
        return self.unit.partition(":")[2]

    @property
    def changed(self) -> int | None:
        case = self.done.case
        # With the marker, as the lines of the occurrences are counted.
        return statements.changed(
            cases.shown(case, case.red), cases.shown(case, case.green), self.qualname, self.occurrences[0]["line"]
        )

    @property
    def verdicts(self) -> Counter[str]:
        return Counter(str(one["verdict"]) for one in self.healings)

    @property
    def fixes(self) -> list[Record]:
        return [one["fix"] for one in self.healings if one["verdict"] == "fix" and one.get("fix")]

    def told(self) -> str:
        case, first = self.done.case, self.occurrences[0]
        words = "; ".join(sorted({f"{one['verdict']}: {one['reason']}" for one in self.healings})) or "nothing recorded"
        counted = "gone" if self.changed is None else f"{self.changed} changed"
        fault = f" [{self.done.fault}]" if self.done.fault else ""
        return (
            f"{case.name} {case.task} {self.unit} ({counted}, {first['rule_id']}, by {first['chosen_by']}, "
            f"{case.kind}, {case.known}): {words}{fault}"
        )


def failing_units(done: Done) -> list[Failing]:
    """The units of a case with their occurrences and healings; only of tests that are green now."""
    found: dict[str, list[Record]] = defaultdict(list)
    for one in done.occurrences:
        if one["nodeid"] in done.healed and one["scope"] == "generated" and not one["flaky"]:
            found[str(one["unit"])].append(one)
    return [
        Failing(
            done=done,
            unit=unit,
            occurrences=entries,
            healings=[one for one in done.healings if one["unit"] == unit and one["nodeid"] in done.healed],
        )
        for unit, entries in found.items()
    ]


def bare(text: str) -> str:
    """Code without blanks, quotes, parentheses and comments that writing it anew may change."""
    text = re.sub(r"\s#[^'\"]*$", "", text.strip())
    return re.sub(r"[\s()]+", "", text.replace(",)", ")")).replace('"', "'").rstrip("…")


def holds(shown: str, statement: str) -> bool:
    """Whether a hunk's side shows a statement, whole or cut in its middle."""
    wanted = bare(statement)
    for line in shown.splitlines():
        parts = [bare(part) for part in line.split("…") if part.strip()]
        if parts and (bare(line) == wanted or ("…" in line and all(part in wanted for part in parts))):
            return True
        if len(wanted) > 12 and wanted in bare(line):  # one line of a statement of several, written on one
            return True
    return False


def pair_counts(counts: Counts, done: Sequence[Done]) -> None:
    """Measure the real pairs."""
    for one in done:
        counts.of("failed and turned green as recorded").add(
            one.case, bool(one.healed), f"{one.case.name} {one.case.task}: {_why_not_green(one)}"
        )
        counts.of("ran without a complaint", 1.0).add(one.case, not one.fault, f"{one.case.name}: {one.fault}")
        units = failing_units(one)
        if one.healed:
            counts.of("laid on generated code").add(
                one.case, bool(units), f"{one.case.name} {one.case.task}: no occurrence of a healed test"
            )
        for unit in units:
            _unit_counts(counts, unit)


def _why_not_green(done: Done) -> str:
    if "failed" not in done.red.values():
        return "nothing failed with the failing generation"
    return f"failed {sum(how == 'failed' for how in done.red.values())}, then {dict(Counter(done.green.values()))}"


def _unit_counts(counts: Counts, unit: Failing) -> None:
    case, changed, told = unit.done.case, unit.changed, unit.told()
    mined = bool(unit.fixes)
    if statements.parsed(case.red) is None:
        counts.of("red code does not parse: fix or rewritten, as it differs").add(
            case, mined == (changed is not None and changed <= LIMIT), told
        )
    elif changed is None:
        counts.of("the unit is gone: no fix").add(case, not mined, told)
    elif changed == 0 and mined:
        # The unit is as it was, but a name that it lacked is imported now.
        brought = [str(line) for fix in unit.fixes for line in fix["imports"]]
        before, after = statements.imports(case.red), statements.imports(case.green)
        added = bool(set(after) - set(before)) and all(fix["bad"] == fix["good"] for fix in unit.fixes)
        counts.of("only an import was missing: fix of that import", 1.0).add(case, bool(brought) and added, told)
    elif changed == 0:
        counts.of("the unit is as it was: no fix", 1.0).add(case, not mined, told)
    elif changed > LIMIT:
        counts.of(f"more than {LIMIT} differ: rewritten, no fix", 1.0).add(
            case, not mined and "rewritten" in unit.verdicts, told
        )
    else:
        counts.of(f"1 to {LIMIT} differ: fix mined", 0.9).add(case, mined, told)
        known = "committed" if case.known == "trailer" else "never committed"
        counts.of(f"  where the red code was {known}").add(case, mined, told)
        counts.of(f"  by {unit.occurrences[0]['chosen_by']}").add(case, mined, told)
        for one in unit.occurrences:
            fixes = [entry["fix"] for entry in unit.healings if entry["nodeid"] == one["nodeid"] and entry.get("fix")]
            if fixes:
                _hunk_counts(counts, unit, one, fixes[0])


def _hunk_counts(counts: Counts, unit: Failing, occurrence: Record, fix: Record) -> None:
    """Whether the hunk shows the line that failed, or, where none is known, something that differs."""
    case, line = unit.done.case, occurrence["line"]
    lines = cases.shown(case, case.red).splitlines()
    bad, good = str(fix["bad"]), str(fix["good"])
    said = (
        f"{case.name} {occurrence['nodeid'].partition('::')[2]}: {unit.unit}: {json.dumps(bad)} -> {json.dumps(good)}"
    )
    counts.of("hunk: five lines at most").add(case, max(bad.count("\n"), good.count("\n")) < 5, said)
    definition = re.match(r"\s*(async\s+def|def|class|@)", lines[line - 1]) if line and line <= len(lines) else None
    if line and line <= len(lines) and not definition and occurrence["chosen_by"] in ("frame", "statement"):
        written = _statement_at(cases.shown(case, case.red), line)
        reached = any(holds(bad, one) for one in written)
        counts.of("hunk: holds the statement that failed", 1.0).add(case, reached, f"{written[0]!r} not in {said}")
    else:
        changed = [*_only(case.red, case.green, unit.qualname)]
        shown = any(holds(side, text) for text in changed for side in (bad, good))
        counts.of("hunk: holds a statement that differs, where no line is known", 1.0).add(case, shown, said)


def _statement_at(text: str, line: int) -> list[str]:
    """The smallest statement around a line, as it is written and as Python writes it; the line alone of a head."""
    tree = statements.parsed(text)
    around = [
        node
        for node in (statements.statements(tree) if tree is not None else ())
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    smallest = min(around, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)
    if smallest is None or hasattr(smallest, "body"):
        return [text.splitlines()[line - 1]]
    return [ast.get_source_segment(text, smallest) or "", ast.unparse(smallest)]


def _only(red: str, green: str, qualname: str) -> Iterator[str]:
    """The statements of a unit that only one of two files has, as Python writes their first lines."""
    sides = [statements.units(text).get(qualname) or statements.parsed(text) for text in (red, green)]
    heads = [{statements.head(node): node for node in statements.statements(side)} if side else {} for side in sides]
    for mine, other in (heads, heads[::-1]):
        yield from (ast.unparse(node).splitlines()[0] for said, node in mine.items() if said not in other)


def single_counts(counts: Counts, done: Sequence[Done]) -> None:
    """Measure the repairs of one statement: mined, and shown as exactly that statement."""
    for one in done:
        case = one.case
        fixes = [entry["fix"] for entry in one.healings if entry["verdict"] == "fix" and entry.get("fix")]
        occurrences = [entry for entry in one.occurrences if entry["nodeid"] in one.healed]
        laid = "; ".join(sorted({f"{entry['unit']} by {entry['chosen_by']}" for entry in occurrences})) or "nowhere"
        verdicts = "; ".join(sorted({f"{entry['verdict']}: {entry['reason']}" for entry in one.healings})) or "nothing"
        told = (
            f"{case.name} {case.task} {case.kind} in {case.culprit or 'the imports'} ({case.known}): "
            f"{case.planted!r} -> {case.meant!r}: laid on {laid}: {verdicts} {one.fault}"
        )
        counts.of("fix mined", 0.9).add(case, bool(fixes), told)
        counts.of(f"  {case.kind}").add(case, bool(fixes), told)
        in_unit = any(entry["unit"].partition(":")[2] == case.culprit for entry in occurrences)
        counts.of("the culprit is the unit of the mistake").add(case, in_unit, told)
        if in_unit:
            counts.of("fix mined where it is", 0.9).add(case, bool(fixes), told)
        if fixes:
            exact = any(_exact(case, fix) for fix in fixes)
            shown = f"{json.dumps(fixes[0]['bad'])} -> {json.dumps(fixes[0]['good'])} {fixes[0]['imports']}"
            counts.of("hunk is exactly that statement", 0.9).add(case, exact, f"{told}: {shown}")


def _exact(case: Case, fix: Record) -> bool:
    """Whether what differs between the hunk's sides is the planted statement and the one that was meant."""
    gone, new = _apart(str(fix["bad"]), str(fix["good"])), _apart(str(fix["good"]), str(fix["bad"]))
    if case.kind == "missing import":
        return not gone and not new and list(fix["imports"]) == [case.meant]
    return bool(gone or new) and _says(gone, case.planted) and _says(new, case.meant)


def _apart(side: str, other: str) -> list[str]:
    """The lines of one side of a hunk that the other has not."""
    left = Counter(bare(line) for line in other.splitlines())
    left.subtract(bare(line) for line in side.splitlines())
    return [line for line in side.splitlines() if left[bare(line)] < 0]


def _says(lines: Sequence[str], statement: str) -> bool:
    """Whether lines are nothing, or the statement and no more; a long one may be cut in its middle."""
    whole = " ".join(statement.splitlines())
    if len(lines) == 1 and "…" in lines[0]:
        return holds(lines[0], whole)
    return not lines or bare("".join(lines)) == bare(whole)


def test_counts(counts: Counts, done: Sequence[tuple[Done, weaker.Weaker]]) -> None:
    """Measure the changes of tests: never a fix; recorded where the test still runs and is green."""
    for one, change in done:
        case = one.case
        mine = [entry for entry in one.healings if entry["nodeid"] == case.culprit]
        verdicts = "; ".join(sorted({f"{entry['verdict']}: {entry['reason']}" for entry in mine})) or "nothing recorded"
        told = f"{case.name} {case.task} {case.culprit.partition('::')[2]} {case.kind}: {verdicts} {one.fault}"
        silenced = one.red.get(case.culprit) == "failed" and one.green.get(case.culprit) != "failed"
        counts.of("silenced by the change, as meant").add(case, silenced, f"{told} ({one.green.get(case.culprit)})")
        if not silenced:
            continue
        fixed = any(entry["verdict"] == "fix" for entry in mine)
        counts.of("no fix", 1.0).add(case, not fixed, told)
        counts.of(f"  {change.kind}").add(case, not fixed, told)
        if one.green.get(case.culprit) == "passed" and mine_is_known(one):
            name = (
                "recorded as test-changed"
                if change.own
                else "in a function that the test calls: recorded as test-changed"
            )
            reached = any(entry["verdict"] == "test-changed" for entry in mine)
            counts.of(name, 1.0 if change.own else None).add(case, reached, told)


def mine_is_known(done: Done) -> bool:
    """Whether the failure of the case's test was laid on generated code, and so can have an end."""
    return any(one["nodeid"] == done.case.culprit and one["scope"] == "generated" for one in done.occurrences)
