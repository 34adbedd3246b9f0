"""How a replay's figures are printed: as JSON-ready builtins with stable keys, and as tables for people.

A share stands with its 95 % interval over tasks wherever there is room for it. What could not be measured is null, and
a dash in the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmlearn.app.evaluate import LINES, OPEN, OURS, Evaluation
from pytest_llmlearn.domain import edit_time, measures
from pytest_llmlearn.domain.measures import Figure, Resamples
from pytest_llmlearn.domain.replay import LEVELS, Level, Scored, chosen

FIRST = (1, 3, 5)
"""Among how many of the first lessons a hit is looked for."""
_OURS = (OURS, OPEN, LINES)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What was replayed and how: `title` of the stream, `mode` `any-task` or `cross-task`; `tasks` are those that are
    looked at, `halves` which ones; `without_meaning` says why nothing was searched by meaning, "" where it was, and
    `left_out` names the opponents that had to be left out for it."""

    title: str
    mode: str
    edit_time: bool
    limit: int
    threshold: float | None
    seed: int
    halves: str
    tasks: frozenset[str]
    all_tasks: int
    without_meaning: str = ""
    left_out: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of one retriever over the tasks that are looked at."""

    rows: Sequence[Scored]
    figures: Mapping[str, Figure]
    bins: Mapping[Level, Sequence[measures.Bin]]


def summarised(found: Evaluation, about: About) -> dict[str, Summary]:
    """Every retriever's figures, over the tasks that are looked at."""
    drawn = Resamples(about.tasks, seed=about.seed)
    summaries = {}
    for name, kept in found.rows.items():
        rows = list(chosen(kept, about.tasks))
        told = name in _OURS
        summaries[name] = Summary(
            rows=rows,
            figures={key: measures.figure(rows, measure, drawn) for key, measure in _measures(told).items()},
            bins={level: measures.bins(rows, level) for level in LEVELS} if told else {},
        )
    return summaries


def _measures(told: bool) -> dict[str, measures.Measure]:
    """The measures by key. Opponents are never silent and give no scores: what of theirs means nothing is left out."""
    kept: dict[str, measures.Measure] = {}
    for level in LEVELS:
        kept[f"ceiling_{level}"] = measures.ceiling(level)
        kept |= {f"recall@{first}_{level}": measures.recall(level, first) for first in FIRST}
        kept[f"repeats_found_{level}"] = measures.repeats_found(level, max(FIRST))
        kept[f"first_lesson_right_{level}"] = measures.first_right(level)
        kept[f"lessons_right_{level}"] = measures.lessons_right(level)
        if told:
            kept[f"brier_{level}"] = measures.brier(level)
    kept |= {
        "lessons": measures.lessons_shown(),
        "lessons_failing": measures.lessons_shown(False),
        "lessons_passing": measures.lessons_shown(True),
        "silent_passing": measures.silent(True),
    }
    if told:
        kept |= {"tokens_failing": measures.tokens_shown(False), "tokens_passing": measures.tokens_shown(True)}
    return kept


def evaluation(found: Evaluation, about: About) -> dict[str, Any]:
    """A replay as `llmlearn evaluate --format json` prints it. Keys may be added, never changed."""
    summaries = summarised(found, about)
    asked = summaries[OURS].rows if OURS in summaries else ()
    return {
        "stream": about.title,
        "mode": about.mode,
        "edit_time": about.edit_time,
        "limit": about.limit,
        "threshold": about.threshold,
        "tasks": {"which": about.halves, "count": len(about.tasks), "of": about.all_tasks},
        "seed": about.seed,
        "generations": found.attempts,
        "asked": len(asked),
        "failing": sum(not row.passed for row in asked),
        "unasked": found.unasked,
        "patterns": found.patterns,
        "lines_judged": LINES in found.rows,
        "watched": _watched(found, about),
        "recall_kept": _kept(summaries),
        "retrievers": {name: _summary(summary) for name, summary in summaries.items()},
        "notices": [*found.notices, *_notices(found, about)],
    }


def _watched(found: Evaluation, about: About) -> dict[str, Any] | None:
    """What was seen in code before it ran: of the failures that came before, those whose line was told, and the passing
    attempts in which anything was."""
    if not found.watched:
        return None
    rows = [row for row in found.watched if row.task in about.tasks]
    kinds = {
        "exact_repeats": edit_time.caught(rows, "exact"),
        "rule_repeats": edit_time.caught(rows, "rule"),
        "new": edit_time.caught(rows, "new"),
        "false_alarms": edit_time.false_alarms(rows),
    }
    return {
        key: {"value": _rounded(one.share), "count": one.count, "of": one.of} for key, one in kinds.items()
    }  # fmt: skip


def _watched_lines(found: Evaluation, about: About) -> Iterable[str]:
    said = _watched(found, about)
    if said is None:
        return
    told = {key: f"{one['count']} of {one['of']} ({_plain(one['value'])})" for key, one in said.items()}
    yield (
        f"seen in the code before it ran, on the failing line or beside it: {told['exact_repeats']} failures that came "
        f"exactly so before, {told['rule_repeats']} of which only the like did, {told['new']} new ones; false alarms "
        f"in {told['false_alarms']} generations that pass"
    )
    yield ""


def _summary(summary: Summary) -> dict[str, Any]:
    calibration = {
        level: {
            "ece": _rounded(measures.calibration_error(found)),
            "bins": [
                {
                    "low": one.low,
                    "high": one.high,
                    "count": one.count,
                    "score": _rounded(one.score) if one.count else None,
                    "right": _rounded(one.right) if one.count else None,
                }
                for one in found
            ],
        }
        for level, found in summary.bins.items()
    }
    values: dict[str, Any] = {"figures": {key: _figure(found) for key, found in summary.figures.items()}}
    if calibration:
        values["calibration"] = calibration
        values["risk_coverage"] = [
            {
                "threshold": one.threshold,
                "answered": _rounded(one.answered),
                "lessons": _rounded(one.lessons),
                "lessons_right": _rounded(one.right),
                "recall": _rounded(one.recall),
                "silent_passing": _rounded(one.silent_passing),
            }
            for one in measures.risk_coverage(summary.rows, "rule", max(FIRST))
        ]
    return values


def _figure(found: Figure) -> dict[str, float | None]:
    parts = {"value": found.value, "low": found.low, "high": found.high, "count": found.count, "of": found.of}
    return {key: _rounded(part) for key, part in parts.items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _kept(summaries: Mapping[str, Summary]) -> float | None:
    """The share of the recall with the threshold off that is left with it, at rule level."""
    key = f"recall@{max(FIRST)}_rule"
    shares = [summaries[name].figures[key].value for name in (OURS, OPEN) if name in summaries]
    return _rounded(shares[0] / shares[1]) if len(shares) == 2 and shares[0] is not None and shares[1] else None


def _notices(found: Evaluation, about: About) -> list[str]:
    told = []
    if found.unasked:
        told.append(f"{found.unasked} generations have no code to ask with; they were learned from all the same")
    if about.edit_time and LINES not in found.rows:
        told.append("lines are not judged yet: nothing here knows a learned mistake by sight; the text alone was asked")
    if about.without_meaning:
        names = f" and {', '.join(about.left_out)} left out" if about.left_out else ""
        told.append(f"nothing was searched by meaning{names}: {about.without_meaning}")
    return told


def evaluation_lines(found: Evaluation, about: About) -> list[str]:
    """A replay for people."""
    summaries = summarised(found, about)
    if OURS not in summaries:
        return ["nothing was asked", *_notices(found, about)]
    ours = summaries[OURS]
    failing = sum(not row.passed for row in ours.rows)
    tasks = f"{len(about.tasks)} tasks"
    if about.halves != "all":
        tasks = f"the {about.halves} {len(about.tasks)} of {about.all_tasks} tasks"
    asked = "asked with the code just written" if about.edit_time else "asked before the code is there"
    lines = [
        f"{about.title}, {about.mode}, {asked}",
        f"{len(ours.rows)} questions of {tasks}, {failing} of generations that fail; "
        f"{found.patterns} patterns in the end",
        "a failure was seen before in "
        + ", ".join(f"{_share(ours.figures[f'ceiling_{level}'])} ({level} level)" for level in LEVELS)
        + " of the failing: no retriever can find more",
        "",
        *_watched_lines(found, about),
        *_recalls(summaries),
        "",
        *_silence(summaries),
    ]
    kept = _kept(summaries)
    if kept is not None:
        lines += ["", f"with the threshold on, {kept:.0%} of the recall with it off is kept"]
    if OPEN in summaries:
        lines += ["", *_coverage(summaries[OPEN].rows)]
    lines += ["", *_calibration(ours, "as shown")]
    if OPEN in summaries:
        lines += ["", *_calibration(summaries[OPEN], "threshold off")]
    told = [*found.notices, *_notices(found, about)]
    return [*lines, *(["", *told] if told else [])]


def _recalls(summaries: Mapping[str, Summary]) -> Iterable[str]:
    head = ["recall: a lesson names a failure", "@1", "@3", "@5", "interval", "of repeats", "exact @1", "@3", "@5"]
    rows = []
    for name, summary in summaries.items():
        of = summary.figures
        fifth = of["recall@5_rule"]
        rows.append(
            [
                name,
                *(_share(of[f"recall@{first}_rule"]) for first in FIRST),
                _interval(fifth),
                _share(of["repeats_found_rule"]),
                *(_share(of[f"recall@{first}_exact"]) for first in FIRST),
            ]
        )
    return _table(head, rows)


def _silence(summaries: Mapping[str, Summary]) -> Iterable[str]:
    head = [
        "silence",
        "first right",
        "all right",
        "interval",
        "lessons",
        "failing",
        "passing",
        "silent passing",
        "tokens",
    ]
    rows = []
    for name, summary in summaries.items():
        of = summary.figures
        tokens = [of.get(f"tokens_{which}") for which in ("failing", "passing")]
        rows.append(
            [
                name,
                _share(of["first_lesson_right_rule"]),
                _share(of["lessons_right_rule"]),
                _interval(of["lessons_right_rule"]),
                *(_share(of[key], 2) for key in ("lessons", "lessons_failing", "lessons_passing")),
                _share(of["silent_passing"]),
                "/".join(_share(one, 0) for one in tokens) if None not in tokens else "-",
            ]
        )
    return _table(head, rows)


def _coverage(rows: Sequence[Scored]) -> Iterable[str]:
    head = ["at a threshold of", "answered", "lessons", "all right", "recall@5", "silent passing"]
    table = measures.risk_coverage(rows, "rule", max(FIRST))
    return _table(
        head,
        [
            [
                f"{one.threshold:.2f}",
                _plain(one.answered),
                _plain(one.lessons, 2),
                _plain(one.right),
                _plain(one.recall),
                _plain(one.silent_passing),
            ]
            for one in table
        ],
    )


def _calibration(summary: Summary, which: str) -> Iterable[str]:
    error = measures.calibration_error(summary.bins["rule"])
    yield (
        f"scores, {which}: Brier {_share(summary.figures['brier_rule'])}, "
        f"calibration error {_plain(error)} (rule level); "
        f"{_share(summary.figures['brier_exact'])}, "
        f"{_plain(measures.calibration_error(summary.bins['exact']))} (exact level)"
    )
    head = ["score", "lessons", "mean score", "right"]
    yield from _table(
        head,
        [
            [f"{one.low:.1f} to {one.high:.1f}", str(one.count), _plain(one.score), _plain(one.right)]
            for one in summary.bins["rule"]
            if one.count
        ],
    )


def _share(found: Figure | None, digits: int = 3) -> str:
    return _plain(found.value if found is not None else None, digits)


def _plain(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _interval(found: Figure) -> str:
    return "-" if found.low is None or found.high is None else f"{found.low:.3f}-{found.high:.3f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Columns as wide as they must be: the first to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        first, *rest = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *rest]).rstrip()
