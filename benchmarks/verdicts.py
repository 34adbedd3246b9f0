"""What a replay of a corpus proves: pytest's own report of a run held against what was learned from it.

Pure functions over the failing reports, the lists that `llmlearn occurrences` and `llmlearn patterns` print, and
the layout gen/<model>/test_<module>.py beside gen/<model>/<module>.py. A deviation is a sentence that names the
test; a share is a figure. What a word of the lists means is decided in the first functions only.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from reports import Failing

Listed = Mapping[str, Any]  # an element of one of the two lists

# Figures that are to be reached: at least (+) or at most (-) this much.
TARGETS: Mapping[str, tuple[str, float]] = {
    "plain: captured": ("+", 1.0),
    "n2: captured": ("+", 1.0),
    "culprit is the generated module": ("+", 0.99),
    "rule unknown": ("-", 0.01),
    "told apart": ("-", 0.05),
    "model named as in the commit": ("+", 1.0),
    "same plain and with -n 2": ("+", 1.0),
    "bytes an occurrence": ("-", 2560),
    "bytes a pattern": ("-", 3072),
}
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")
WHENS = {"collection": "collect", "call": "call", "setup": "setup", "teardown": "teardown", "collect": "collect"}


def key_of(occurrence: Listed) -> tuple[str, str]:
    """Return the test's id and when it failed, in pytest's own words."""
    when = str(occurrence["when"])
    return str(occurrence["nodeid"]), WHENS.get(when, when)


def told_apart(occurrence: Listed) -> bool:
    """Say whether the failure was judged not to be caused by the generated code."""
    return str(occurrence["scope"]) != "generated"


def unknown(occurrence: Listed) -> bool:
    return str(occurrence["rule_id"]).rpartition(".")[2] == "unknown"


def of_a_passing_test(occurrence: Listed) -> bool:
    """Say whether it came from a warning or a log record, which no failing report stands for."""
    never_reported = {"never-awaited", "task-exception-lost", "gather-not-awaited"}
    return (
        str(occurrence["when"]) not in WHENS
        or str(occurrence["exception"]).endswith("Warning")
        or str(occurrence["rule_id"]).rpartition(".")[2] in never_reported
    )


def module_under_test(nodeid: str) -> str:
    """Return the generated module of a test's id: gen/M/test_x.py::t is of gen/M/x.py."""
    file = PurePosixPath(nodeid.partition("::")[0])
    return str(file.with_name(file.name.removeprefix("test_")))


def model_of(nodeid: str) -> str:
    """Return the model, which is the folder below gen."""
    return PurePosixPath(nodeid.partition("::")[0]).parts[1]


@dataclass(slots=True, kw_only=True)
class Verdict:
    """Figures by name, and deviations by kind, each a list of sentences."""

    figures: dict[str, Any] = field(default_factory=dict)
    deviations: dict[str, list[str]] = field(default_factory=dict)

    def against(self, kind: str, sentences: Iterable[str]) -> None:
        """Add deviations of a kind; a kind without any is kept, for it was looked for."""
        self.deviations.setdefault(kind, []).extend(sentences)


def reached(figures: Mapping[str, Any]) -> dict[str, str]:
    """Return for each target that was measured whether it is reached, with the figure."""
    found: dict[str, str] = {}
    for name, (direction, bound) in TARGETS.items():
        figure = figures.get(name)
        if figure is not None:
            met = figure >= bound if direction == "+" else figure <= bound
            sign = ">=" if direction == "+" else "<="
            found[name] = f"{'reached' if met else 'MISSED'}: {figure} (to be {sign} {bound})"
    return found


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def capture(verdict: Verdict, arm: str, failing: Sequence[Failing], occurrences: Sequence[Listed]) -> None:
    """Hold every failing report against the occurrences of the same runs: each once, and nothing else."""
    # Every xdist worker collects, and reports, a file that cannot be collected: it is one failure all the same.
    collected = {one.key for one in failing if one.key[1] == "collect"}
    expected = Counter([*collected, *(one.key for one in failing if one.key[1] != "collect")])
    got = Counter(map(key_of, occurrences))
    beside = {key_of(one) for one in occurrences if of_a_passing_test(one)} - set(expected)
    verdict.figures[f"{arm}: failing reports"] = expected.total()
    verdict.figures[f"{arm}: occurrences"] = got.total()
    verdict.figures[f"{arm}: occurrences of passing tests"] = sum(got[key] for key in beside)
    verdict.figures[f"{arm}: captured"] = share((expected & got).total(), expected.total())
    verdict.against(f"{arm}: failed and was not captured", _keys(expected - got))
    extra = got - expected
    verdict.against(
        f"{arm}: captured and did not fail so, or captured twice",
        _keys(Counter({key: n for key, n in extra.items() if key not in beside})),
    )
    verdict.figures[f"{arm}: passing tests with an occurrence"] = _keys(Counter({key: got[key] for key in beside}))


def _keys(counts: Counter[tuple[str, str]]) -> list[str]:
    return [f"{nodeid} ({when})" + (f" x{n}" if n > 1 else "") for (nodeid, when), n in sorted(counts.items())]


def attribution(verdict: Verdict, occurrences: Sequence[Listed]) -> None:
    """Where the failures were laid, by what rule, and on which model."""
    count = len(occurrences)
    elsewhere = [one for one in occurrences if one["path"] != module_under_test(one["nodeid"])]
    verdict.figures["culprit is the generated module"] = share(count - len(elsewhere), count)
    verdict.against(
        "the culprit is not the generated module",
        (f"{one['nodeid']}: {one['path']}:{one['line']} by {one['chosen_by']}" for one in elsewhere),
    )
    verdict.figures["chosen by"] = dict(Counter(str(one["chosen_by"]) for one in occurrences).most_common())
    nameless = [one for one in occurrences if unknown(one)]
    verdict.figures["rule unknown"] = share(len(nameless), count)
    verdict.against(
        "rule unknown", (f"{one['nodeid']}: {one['exception']}: {str(one['message'])[:100]!r}" for one in nameless)
    )
    verdict.figures["rules"] = dict(Counter(str(one["rule_id"]) for one in occurrences).most_common())
    apart = [one for one in occurrences if told_apart(one)]
    verdict.figures["told apart"] = share(len(apart), count)
    verdict.against(
        "told apart as not caused by the generated code",
        (f"{one['nodeid']}: {one['scope']}, {one['rule_id']}: {str(one['message'])[:100]!r}" for one in apart),
    )
    wrong = Counter((model_of(one["nodeid"]), str(one["model"])) for one in occurrences)
    right = sum(n for (expected, got), n in wrong.items() if expected == got)
    verdict.figures["model named as in the commit"] = share(right, count)
    verdict.against("another model named", (f"{a}: {b} ({n} times)" for (a, b), n in sorted(wrong.items()) if a != b))


def sameness(
    verdict: Verdict,
    plain: Sequence[Listed],
    spread: Sequence[Listed],
    plain_failing: Sequence[Failing],
    spread_failing: Sequence[Failing],
) -> None:
    """Compare a plain run with one over two workers, apart from tests that themselves failed otherwise."""
    own, other = _reasons(plain_failing), _reasons(spread_failing)
    fickle = {key for key in own.keys() | other.keys() if own.get(key) != other.get(key)}
    verdict.figures["tests that fail otherwise with -n 2"] = sorted(f"{nodeid} ({when})" for nodeid, when in fickle)
    one = Counter(_identity(item) for item in plain if key_of(item) not in fickle)
    two = Counter(_identity(item) for item in spread if key_of(item) not in fickle)
    verdict.figures["same plain and with -n 2"] = share((one & two).total(), max(one.total(), two.total()))
    verdict.against("only plain", (" ".join(item) for item in sorted((one - two).elements())))
    verdict.against("only with -n 2", (" ".join(item) for item in sorted((two - one).elements())))


def _reasons(failing: Iterable[Failing]) -> dict[tuple[str, str], Counter[str]]:
    reasons: dict[tuple[str, str], Counter[str]] = {}
    for one in failing:
        # An address differs between any two runs, which makes no other failure of it.
        reasons.setdefault(one.key, Counter())[ADDRESS.sub("0x", one.reason)] += 1
    return reasons


def _identity(one: Listed) -> tuple[str, ...]:
    nodeid, when = key_of(one)
    return nodeid, when, f"{one['path']}:{one['line']}", str(one["rule_id"]), str(one["fingerprint"])


def repetition(
    verdict: Verdict, before: Sequence[Listed], after: Sequence[Listed], new_keys: set[tuple[str, str]]
) -> None:
    """Compare the patterns before and after a second identical run; `new_keys` failed in the second alone."""
    old = {one["fingerprint"]: one for one in before}
    verdict.figures["patterns"] = len(before)
    verdict.figures["frequency"] = sum(one["frequency"] for one in before)
    verdict.figures["frequency after a second run"] = sum(one["frequency"] for one in after)
    verdict.figures["raw count"] = sum(one["raw_count"] for one in before)
    verdict.figures["raw count after a second run"] = sum(one["raw_count"] for one in after)
    verdict.figures["failed in the second run alone"] = _keys(Counter(new_keys))
    verdict.against(
        "frequency grew with a second identical run",
        (
            f"{one['fingerprint']} {one['rule_id']} {one['path']}:{one['line']}: "
            f"{old[one['fingerprint']]['frequency'] if one['fingerprint'] in old else 'new'} -> {one['frequency']}"
            for one in after
            if one["fingerprint"] not in old or one["frequency"] > old[one["fingerprint"]]["frequency"]
        ),
    )


def published(
    verdict: Verdict, occurrences: Sequence[Listed], failing: Sequence[Failing], outcomes: Sequence[Listed]
) -> None:
    """Compare with what the corpus's authors measured, one process a file: for information, not for judgement.

    `outcomes` are failures of outcomes_<split>.jsonl with `nodeid` made relative to the root.
    """
    measured = {(one["nodeid"], one["when"]): one for one in outcomes}
    seen = {one.key for one in failing}
    by_key = {key_of(one): one for one in occurrences}
    common = sorted(by_key.keys() & measured.keys())
    types = [key for key in common if _bare(by_key[key]["exception"]) == _bare(measured[key]["exc_type"])]
    placed = [key for key in common if measured[key]["in_generated"] and measured[key].get("last_generated_frame")]
    lines = [key for key in placed if by_key[key]["line"] == measured[key]["last_generated_frame"]["line"]]
    verdict.figures["published failures that fail here"] = share(len(seen & measured.keys()), len(measured))
    verdict.figures["published: same exception"] = share(len(types), len(common))
    verdict.figures["published: same line, where a generated frame was last"] = share(len(lines), len(placed))
    verdict.figures["published: other exception"] = dict(
        Counter(
            f"{measured[key]['exc_type']} / {by_key[key]['exception']}" for key in common if key not in set(types)
        ).most_common(20)
    )
    verdict.figures["published: other line"] = [
        f"{key[0]}: {measured[key]['last_generated_frame']['line']} / {by_key[key]['line']} {by_key[key]['rule_id']}"
        for key in placed
        if key not in set(lines)
    ]


def _bare(exception: object) -> str:
    """Return an exception's name without its module, and one word for what pytest itself raises."""
    name = str(exception).rpartition(".")[2]
    return {"XPASS(strict)": "Failed"}.get(name, name)
