"""What both formats of a report say, in the same words. No text is escaped yet; each format does it in its own way."""

from __future__ import annotations

from datetime import UTC, datetime

from pytest_llmlearn.domain.effect import Effect
from pytest_llmlearn.domain.lesson import safe, times
from pytest_llmlearn.domain.report import NOBODY, Mistake, Report, Share, Week

NAMED = 3
"""Models and files that are named of many."""
NAME_LIMIT = 120
"""Characters of a name."""
SENTENCE_LIMIT = 400


def moment(time: datetime) -> str:
    """A time in UTC, ISO 8601, to the minute: `2026-03-01T12:00Z`."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def day(time: datetime) -> str:
    """A day in UTC, ISO 8601."""
    return f"{time.astimezone(UTC):%Y-%m-%d}"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 run`, `2 runs`, `10,000 runs`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def span(report: Report) -> str:
    """What the report is of: `2026-02-01 to 2026-03-01`, `run 4f2a, 2026-03-01T12:00Z`."""
    period = report.period
    if period.kind == "run":
        return f"run {safe(period.runs[0] if period.runs else '', NAME_LIMIT)}, {moment(period.since)}"
    between = f"{day(period.since)} to {day(period.until)}"
    if period.kind == "runs":
        count = len(period.runs or ())
        return f"the latest {plural(count, 'run')}, {between}" if count != 1 else f"the latest run, {between}"
    return between


def nothing(report: Report) -> str:
    """The sentence that an empty report is."""
    period = report.period
    if period.kind == "runs" and not period.runs:
        return "No run has recorded any mistake yet."
    if period.kind == "run":
        return f"No mistakes are known of {span(report)}."
    return f"No mistakes were seen, repaired or avoided from {day(period.since)} to {day(period.until)}."


def headline(report: Report) -> str:
    """The whole in a sentence or two."""
    told = []
    if report.mistakes:
        new, recurring = report.new.total, report.recurring.total
        kinds = [f"{recurring:,} recurring" if recurring else "", f"{new:,} new" if new else ""]
        where = f" in {plural(report.runs, 'run')}" if report.period.kind != "run" else ""
        told.append(f"{plural(report.mistakes, 'mistake')}{where}: {' and '.join(filter(None, kinds))}.")
    else:
        told.append("No mistake was seen.")
    if report.mended.total:
        told.append(f"{plural(report.mended.total, 'mistake was', 'mistakes were')} repaired.")
    return " ".join(told)


def seen(mistake: Mistake) -> str:
    """How often, since when and by whom."""
    known = mistake.known
    text = f"seen {times(known.seen)}"
    if known.first_seen is not None:
        text += f" since {day(known.first_seen)}"
    by = named(tuple(name for name in known.models if name != NOBODY))
    return f"{text}, by {by}" if by else text


def named(names: tuple[str, ...]) -> str:
    """The first of these, and how many more."""
    shown = [safe(name, NAME_LIMIT) for name in names[:NAMED]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def marks(mistake: Mistake) -> list[str]:
    """What else is known of it, in single words."""
    known = mistake.known
    told = [safe(known.category, NAME_LIMIT), known.severity]
    return [*told, *(["enforced"] if known.enforced else []), *(["committed"] if known.committed else [])]


def rest(count: int, one: str, many: str = "") -> str:
    """How much of a list is not shown; "" for none of it."""
    return f"… and {plural(count, one, many)} more." if count else ""


def share_name(share: Share) -> str:
    """The name of a model, a category or a file."""
    return "not known" if share.name == NOBODY else safe(share.name, NAME_LIMIT)


def week(one: Week) -> str:
    """The week by its Monday."""
    return one.monday.isoformat()


def outcome(effect: Effect) -> str:
    """What came of showing a lesson: `avoided 9 of 12 times (75 %, 47 to 91 %)`; no rate of few cases."""
    rate = effect.success_rate_after_injection
    text = f"avoided {rate.count:,} of {plural(rate.of, 'time')}"
    return (
        f"{text} ({rate.rate:.0%}, {rate.low:.0%} to {rate.high:.0%})".replace("%", "\N{NO-BREAK SPACE}%")
        if rate.enough
        else text
    )


def verdict(effect: Effect) -> str:
    """Whether it helps, against what was held back."""
    held = effect.held.opportunities
    if not held:
        return "not compared: none was held back"
    return {"helped": "helps", "harmed": "harms", "inconclusive": "not certain yet"}[effect.comparison.verdict]
