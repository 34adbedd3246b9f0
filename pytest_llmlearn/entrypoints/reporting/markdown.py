"""A report as Markdown, also for a job's summary: short, for every list is cut. Nothing of it reads as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_llmlearn.domain.cleaning import clean
from pytest_llmlearn.domain.lesson import fenced, safe
from pytest_llmlearn.domain.report import Listed, Mistake, Report, Share
from pytest_llmlearn.entrypoints.annotations.summary import plain
from pytest_llmlearn.entrypoints.reporting import wording
from pytest_llmlearn.entrypoints.reporting.wording import SENTENCE_LIMIT, rest

CODE_LIMIT = 2_000
"""Characters of one piece of code."""
FIXES = 10
"""Repairs that are shown as code."""


def markdown(report: Report) -> str:
    """The whole page; of an empty report one sentence."""
    if report.empty:
        return f"{plain(wording.nothing(report))}\n"
    lines = [f"# Mistakes in {plain(report.project)}", "", f"{plain(wording.span(report))}. {wording.headline(report)}"]
    lines += _mistakes("Recurring", report.recurring)
    lines += _mistakes("New", report.new)
    lines += _shares("By model", "model", report.models)
    lines += _shares("By category", "category", report.categories)
    lines += _shares("By file", "file", report.files)
    lines += _weeks(report)
    lines += _mended(report)
    lines += _helped(report)
    lines += ["", f"Made at {wording.moment(report.made)} by `llmlearn report`."]
    return "\n".join(lines) + "\n"


def _table(heading: str, columns: Sequence[str], rows: Iterable[Sequence[str]], more: str = "") -> list[str]:
    lines = ["", f"## {heading}", "", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return [*lines, *(["", more] if more else [])]


def _mistakes(heading: str, listed: Listed[Mistake]) -> list[str]:
    if not listed.total:
        return []
    more = rest(listed.rest, "mistake")
    return _table(
        heading,
        ("in this period", "mistake", "known", "what to do instead"),
        [
            (
                f"{one.times:,}×",
                f"{plain(one.known.rule_id)}<br>{plain(', '.join(wording.marks(one)))}"
                + (f"<br>{plain(_paths(one))}" if one.paths else ""),
                plain(wording.seen(one)),
                plain(safe(one.words.lesson or one.words.because, SENTENCE_LIMIT)),
            )
            for one in listed.items
        ],
        more,
    )


def _paths(one: Mistake) -> str:
    return wording.named(one.paths)


def _shares(heading: str, what: str, listed: Listed[Share]) -> list[str]:
    if not listed.total:
        return []
    return _table(
        heading,
        (what, "mistakes", "recurring", "pieces of code"),
        [
            (plain(wording.share_name(one)), f"{one.mistakes:,}", f"{one.recurring:,}", f"{one.times:,}")
            for one in listed.items
        ],
        rest(listed.rest, what, "categories" if what == "category" else ""),
    )


def _weeks(report: Report) -> list[str]:
    if len(report.weeks) < 2:
        return []
    return _table(
        "By week",
        ("week of", "seen before", "new"),
        [(wording.week(one), f"{one.again:,}", f"{one.new:,}") for one in report.weeks],
        f"Before that: {wording.plural(report.weeks_before, 'week')}." if report.weeks_before else "",
    )


def _mended(report: Report) -> list[str]:
    if not report.mended.total:
        return []
    lines = ["", "## Repaired"]
    for one in report.mended.items[:FIXES]:
        fix = one.repair
        told = f": {plain(safe(fix.difference, SENTENCE_LIMIT))}" if fix.difference else ""
        lines += ["", f"### {plain(one.rule_id)}", "", f"{wording.day(fix.time)}{told}."]
        lines += ["", "Failed:", "", *_code(fix.bad), "", "Passed:", "", *_code(fix.good)]
    more = rest(report.mended.total - min(FIXES, len(report.mended.items)), "mistake")
    return [*lines, *(["", more] if more else [])]


def _code(text: str) -> list[str]:
    return fenced(clean(text[:CODE_LIMIT]))


def _helped(report: Report) -> list[str]:
    if not report.helped.total:
        return []
    return _table(
        "Lessons that were shown",
        ("lesson", "afterwards", "against lessons held back"),
        [
            (
                f"{plain(one.rule_id)}<br>{plain(safe(one.words.lesson or one.words.because, SENTENCE_LIMIT))}",
                plain(wording.outcome(one.effect)),
                wording.verdict(one.effect),
            )
            for one in report.helped.items
        ],
        rest(report.helped.rest, "lesson"),
    )
