"""The terminal section: what was learned, in at most ten lines, the frame's included.

Assistants read the terminal too, so this is the first delivery: each line names the place and the lesson.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pytest_llmlearn.app.heal import Healed
from pytest_llmlearn.app.record import Recording
from pytest_llmlearn.app.scan import Scanned
from pytest_llmlearn.domain.entry import Counted, Entry
from pytest_llmlearn.domain.finding import SEVERITIES
from pytest_llmlearn.domain.lesson import times

LINE_LIMIT = 9
"""Lines below the section's title."""
NOTICE_LIMIT = 2
WAYS_TO_SAY = (
    "no LLM-written code is known in this repository, so nothing was recorded. Say which it is by one of:",
    "  `# llmlearn: generated=MODEL` in the first lines of a file, or `llmlearn mark PATH --model MODEL`",
    '  generated = ["src/made/**"] under [tool.llmlearn] in pyproject.toml',
    "  a commit trailer: `Co-Authored-By: MODEL <noreply@anthropic.com>`, `Assisted-by: TOOL:MODEL`",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the section, and pytest's markup for it."""

    text: str
    markup: dict[str, bool] = field(default_factory=dict)


def lines(
    recording: Recording | None,
    notices: Sequence[str],
    *,
    silent_repository: bool,
    verbosity: int,
    healed: Healed | None = None,
) -> list[Line]:
    """The section's lines: none where nothing failed or was fixed; under `-q` the lessons and fixes alone; under `-qq`
    a single line."""
    said = [Line(text=f"llmlearn: {quotable_notice(notice)}", markup={"yellow": True}) for notice in notices]
    fixed = _fixed(healed)
    if recording is None:
        room = LINE_LIMIT - min(len(said), NOTICE_LIMIT)
        return [*fixed[:1], *said][:1] if verbosity <= -2 else [*_within(fixed, room, "fixes"), *said[:NOTICE_LIMIT]]
    if silent_repository:
        ways = [Line(text=text) for text in WAYS_TO_SAY]
        return [*said[:NOTICE_LIMIT], *(ways[:1] if verbosity <= -2 else [*ways, *fixed[:2]])]
    head = Line(text=headline(recording))
    if verbosity <= -2:
        return [Line(text=f"llmlearn: {head.text}")]
    lessons = _lessons(recording)
    room = LINE_LIMIT - 1 - min(len(said), NOTICE_LIMIT)
    # What failed comes first; a fix needs one line, or none where there is no room.
    fixed = fixed[: max(1, room - len(lessons))] if len(fixed) > 1 else fixed
    frame = [head] if verbosity >= 0 else []
    return [*frame, *_within(lessons, room - len(fixed), "patterns"), *fixed, *said[:NOTICE_LIMIT]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanLines:
    """What a scan has to say in the section."""

    headline: str = ""
    lessons: tuple[Line, ...] = ()
    fixes: tuple[Line, ...] = ()
    notices: tuple[str, ...] = ()


def scan_lines(found: Scanned) -> ScanLines:
    """What a scan found in LLM-written code, and what was mended; nothing where there is nothing to say."""
    pairs = _patterns(found.recording) if found.recording is not None else []
    shown = [pair for pair in pairs if not pair[1].hidden]
    new = sum(counted.new for _, counted in pairs)
    laid = sum(entry.scope in ("generated", "other") for entry in found.recording.entries) if found.recording else 0
    headline = ""
    if laid:
        # What an earlier scan found before its author was known is in no file that was looked at now.
        where = _count(found.looked, "changed file") if found.looked else "code scanned before"
        headline = f"the scan found {_count(laid, 'mistake')} in {where}: "
        headline += f"{_count(new, 'new pattern')}, {len(pairs) - new} seen before"
        headline += f", {len(pairs) - len(shown)} of them not shown" if len(shown) < len(pairs) else ""
    broken = [problem for problem in found.problems if problem.path is None]
    return ScanLines(
        headline=headline,
        lessons=tuple(_lessons(found.recording)) if found.recording is not None else (),
        fixes=tuple(_fixed(Healed(fixes=found.fixes))),
        notices=tuple(problem.message for problem in broken),
    )


def with_scan(shown: Sequence[Line], scan: ScanLines, *, verbosity: int) -> list[Line]:
    """The section's lines with those of a scan in the room that is left; its headline is always there."""
    told = [Line(text=scan.headline)] if scan.headline and verbosity >= 0 else []
    if verbosity <= -2:
        return [*shown, *(Line(text=f"llmlearn: {scan.headline}") for _ in (1,) if scan.headline)][:1]
    rest = [*scan.lessons, *scan.fixes]
    room = max(LINE_LIMIT - len(told), 0)
    kept = [*shown]
    if told and len(kept) > room - 1:
        kept = [*kept[: max(room - 2, 0)], Line(text="… and more: llmlearn patterns")]
    return [*kept, *told, *_within(rest, max(room - len(kept), 1), "scan")] if rest else [*kept, *told]


def _within(shown: list[Line], room: int, command: str) -> list[Line]:
    """As many as fit, and how to see the others."""
    if len(shown) <= room:
        return shown
    return [*shown[: room - 1], Line(text=f"… and {len(shown) - room + 1} more: llmlearn {command}")]


def _fixed(healed: Healed | None) -> list[Line]:
    mined = healed.fixes if healed is not None else ()
    said = (
        f"fixed: {' '.join(part for part in (one.path, one.qualname) if part)} — {one.fix.difference}"
        f" (seen {times(one.seen)})"
        for one in mined
    )
    # Two mistakes that one repair mended read alike.
    return [Line(text=text, markup={"green": True}) for text in dict.fromkeys(said)]


def headline(recording: Recording) -> str:
    """How many failures were laid on LLM-written code, and which of them are new."""
    pairs = _patterns(recording)
    new = sum(counted.new for _, counted in pairs)
    laid = sum(entry.scope == "generated" and not entry.flaky for entry in recording.entries)
    other = sum(entry.scope == "other" for entry in recording.entries)
    apart = sum(entry.scope in ("environment", "test") for entry in recording.entries)
    parts = [f"{_count(laid, 'failure')} laid on LLM-written code"]
    if other:
        parts.append(f"{other} on other code")
    text = " and ".join(parts)
    if pairs:
        text += f": {_count(new, 'new pattern')}, {len(pairs) - new} seen before"
    hidden = sum(counted.hidden for _, counted in pairs)
    text += f", {hidden} of them not shown" if hidden else ""
    rest = [f"{apart} not caused by it (environment or test)"] if apart else []
    rest += [f"{recording.unlaid} elsewhere{_nobodys(recording.unknown)}"] if recording.unlaid else []
    return text + (f"; {', '.join(rest)}" if rest else "")


def _nobodys(unknown: Sequence[str]) -> str:
    """What to do about code of which nobody is known to have written it, such as what is not committed yet."""
    if not unknown:
        return ""
    more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
    return f" (not known who wrote {unknown[0]}{more}: commit it, or say it with `llmlearn mark`)"


def _patterns(recording: Recording) -> list[tuple[Entry, Counted]]:
    """Each counted pattern of the run once: most often seen first, then the gravest."""
    found: dict[str, tuple[Entry, Counted]] = {}
    for entry, counted in zip(recording.entries, recording.counted, strict=True):
        if entry.scope in ("generated", "other") and not entry.flaky:
            before = found.get(counted.fingerprint)
            # The first entry tells whether the pattern was there before, the last one how often it is now.
            kept = before[1].before if before else counted.before
            found[counted.fingerprint] = (before[0] if before else entry, replace(counted, before=kept))
    return sorted(
        found.values(),
        key=lambda pair: (pair[1].new, -pair[1].after, SEVERITIES.index(pair[0].severity), pair[0].path or ""),
    )


def _lessons(recording: Recording) -> list[Line]:
    shown = []
    for entry, counted in _patterns(recording):
        if counted.hidden:  # who muted a lesson, or has not written the code yet, has nothing to learn from it
            continue
        often = f", {'' if counted.new else 'seen '}{times(counted.after)}" if counted.after > 1 else ""
        label = f"{'new' if counted.new else 'again'}{often}"
        place = f"{entry.path}:{entry.line}" if entry.path else "?"
        markup = {"yellow": True} if counted.new else {"red": True}
        shown.append(Line(text=f"{label}: {place} [{entry.rule_id}] {entry.lesson}", markup=markup))
    # Two messages at one place may be two patterns with one lesson: nobody needs to read it twice.
    return list({line.text: line for line in shown}.values())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def quotable_notice(text: str) -> str:
    """A notice on one line, cut where it is long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 300 else flat[:299] + "…"
