"""A report as one page for a browser: a single file, which asks for nothing from anywhere and runs nothing.

Every text is somebody's: it is cleaned, cut and escaped, and the page forbids itself scripts and requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from pytest_llmlearn.domain.cleaning import clean
from pytest_llmlearn.domain.lesson import safe
from pytest_llmlearn.domain.report import Helped, Listed, Mended, Mistake, Report, Share
from pytest_llmlearn.entrypoints.reporting import wording
from pytest_llmlearn.entrypoints.reporting.drawing import scale, trend
from pytest_llmlearn.entrypoints.reporting.style import STYLE
from pytest_llmlearn.entrypoints.reporting.wording import NAME_LIMIT, SENTENCE_LIMIT, plural, rest

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_CODE = re.compile(r"`([^`]+)`")
OPEN = 3
"""Recurring mistakes of which the code is not folded away."""
CODE_LIMIT = 4_000
"""Characters of one piece of code."""


def html(report: Report) -> str:
    """The whole page; of an empty report its head with one sentence."""
    project = _name(report.project)
    body = _header(report, project)
    if not report.empty:
        body += ["<main>"]
        body += _weeks(report)
        body += _mistakes(
            "recurring", "Recurring", "Seen in several states of the code, or committed as lessons.", report
        )
        body += _mistakes("new", "New", "Not seen often enough yet to be called recurring; the gravest first.", report)
        body += _mended(report.mended)
        body += _helped(report.helped)
        body += _shares(report)
        body += ["</main>"]
    made = wording.moment(report.made)
    body += [
        f'<footer><p>Made at <time datetime="{made}">{made}</time> by llmlearn report. Times are UTC.</p></footer>'
    ]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            '<link rel="icon" href="data:,">',
            f"<title>{project}: mistakes, {_name(wording.span(report))}</title>",
            f"<style>\n{STYLE}</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        ]
    )


def _header(report: Report, project: str) -> list[str]:
    lines = ["<header>", '<p class="eyebrow">Mistakes and what came of them</p>', f"<h1>{project}</h1>"]
    lines += [f'<p class="span">{_name(wording.span(report))}</p>']
    lead = wording.nothing(report) if report.empty else wording.headline(report)
    lines += [f'<p class="lead">{escape(lead)}</p>']
    if not report.empty:
        figures = [
            (report.recurring.total, "recurring", "again"),
            (report.new.total, "new", "new"),
            (report.mended.total, "repaired", "good"),
            (report.times, "pieces of code" if report.times != 1 else "piece of code", ""),
            (report.failures, "failures" if report.failures != 1 else "failure", ""),
        ]
        lines += ['<dl class="figures">']
        lines += [f'<div><dt>{what}</dt><dd class="{kind}">{count:,}</dd></div>' for count, what, kind in figures]
        lines += ["</dl>"]
    return [*lines, "</header>"]


def _weeks(report: Report) -> list[str]:
    weeks = report.weeks
    if len(weeks) < 2:
        return []
    end = scale(max(week.new + week.again for week in weeks))
    first, middle, last = (wording.week(weeks[place]) for place in (0, (len(weeks) - 1) // 2, -1))
    along = [first, middle, last] if len(weeks) > 2 else [first, last]
    label = f"Mistakes in each of {len(weeks)} weeks, {first} to {last}; the numbers are in the table below."
    lines = ['<section aria-labelledby="weeks">', '<h2 id="weeks">Week by week</h2>', '<figure class="panel">']
    lines += ['<figcaption class="key"><span>seen before</span><span>new that week</span></figcaption>']
    lines += [f'<div class="chart"><div class="up" aria-hidden="true"><span>{end:,}</span><span>{end // 2:,}</span>']
    lines += [f"<span>0</span></div>{trend(weeks, label)}"]
    lines += [f'<div class="along" aria-hidden="true">{"".join(f"<span>{one}</span>" for one in along)}</div></div>']
    rows = [(wording.week(one), f"{one.again:,}", f"{one.new:,}") for one in weeks]
    table = _table("Mistakes by week", ("week of", "seen before", "new"), rows)
    lines += ["<details><summary>The numbers</summary>", *table, "</details>"]
    if report.weeks_before:
        lines += [f'<p class="more">{plural(report.weeks_before, "week")} before that are not drawn.</p>']
    return [*lines, "</figure>", "</section>"]


def _mistakes(kind: str, heading: str, hint: str, report: Report) -> list[str]:
    listed = report.recurring if kind == "recurring" else report.new
    if not listed.total:
        return []
    lines = [f'<section aria-labelledby="{kind}">', f'<h2 id="{kind}">{heading}</h2>', f'<p class="hint">{hint}</p>']
    lines += [
        '<ol class="cards">',
        *(_card(one, unfolded=kind == "recurring" and place < OPEN) for place, one in enumerate(listed.items)),
        "</ol>",
    ]
    return [*lines, *_more(rest(listed.rest, "mistake")), "</section>"]


def _card(one: Mistake, *, unfolded: bool) -> str:
    words = one.words
    sentence = words.lesson or words.because
    because = words.because if words.lesson else ""
    what = "piece <br>of code" if one.times == 1 else "pieces <br>of code"
    marks = "".join(f'<li class="{_name(mark)}">{_name(mark)}</li>' for mark in wording.marks(one))
    places = ", ".join(f"<code>{_name(path)}</code>" for path in one.paths[: wording.NAMED])
    others = len(one.paths) - wording.NAMED
    places += f" and {others:,} more" if others > 0 else ""
    return "".join(
        [
            f'<li class="card"><p class="count"><b>{one.times:,}</b> {what}</p><div class="body">',
            f'<div class="head"><h3 class="rule">{_name(one.known.rule_id)}</h3>',
            f'<ul class="marks" aria-label="what it is">{marks}</ul></div>',
            f'<p class="instead">{_sentence(sentence)}</p>' if sentence else "",
            f'<p class="because">{_sentence(because)}</p>' if because and because != sentence else "",
            f'<p class="meta">{escape(_capital(wording.seen(one)))}{f" · {places}" if places else ""}</p>',
            _codes(words.failed, words.passed, "The code", unfolded=unfolded),
            "</div></li>",
        ]
    )


def _codes(failed: str, passed: str, summary: str, *, unfolded: bool = False) -> str:
    """Both as they are, side by side where there is room; folded away under `summary` where there is one."""
    shown = [
        f'<figure class="{kind}"><figcaption>{kind.capitalize()}</figcaption><pre tabindex="0"><code>'
        f"{escape(clean(code[:CODE_LIMIT]))}</code></pre></figure>"
        for kind, code in (("failed", failed), ("passed", passed))
        if code
    ]
    if not shown:
        return ""
    codes = f'<div class="codes">{"".join(shown)}</div>'
    return f"<details{' open' if unfolded else ''}><summary>{summary}</summary>{codes}</details>" if summary else codes


def _mended(listed: Listed[Mended]) -> list[str]:
    if not listed.total:
        return []
    lines = ['<section aria-labelledby="repaired">', '<h2 id="repaired">Repaired</h2>']
    lines += ['<p class="hint">With these changes a test that failed passes, or a scan finds nothing.</p>']
    lines += ['<ol class="cards">']
    for one in listed.items:
        fix = one.repair
        told = wording.day(fix.time)
        lines += [
            f'<li class="card"><p class="count"><b class="good">{fix.verified:,}×</b> verified</p><div class="body">',
            f'<h3 class="rule">{_name(one.rule_id)}</h3>',
            f'<p class="instead">{_sentence(_capital(fix.difference))}</p>' if fix.difference else "",
            f'<p class="meta"><time datetime="{told}">{told}</time></p>',
            _codes(fix.bad, fix.good, ""),
            "</div></li>",
        ]
    return [*lines, "</ol>", *_more(rest(listed.rest, "mistake")), "</section>"]


def _helped(listed: Listed[Helped]) -> list[str]:
    if not listed.total:
        return []
    lines = ['<section aria-labelledby="lessons">', '<h2 id="lessons">Lessons that were shown</h2>']
    lines += ['<p class="hint">What came of them where the mistake could have been made again.</p>']
    rows = [
        (
            f'<span class="rule">{_name(one.rule_id)}</span><br>{_sentence(one.words.lesson or one.words.because)}',
            escape(wording.outcome(one.effect)),
            escape(wording.verdict(one.effect)),
        )
        for one in listed.items
    ]
    columns = ("lesson", "afterwards", "against lessons held back")
    lines += ['<div class="panel scroll">', *_table("Lessons, most helpful first", columns, rows, text=True), "</div>"]
    return [*lines, *_more(rest(listed.rest, "lesson")), "</section>"]


def _shares(report: Report) -> list[str]:
    tables = [
        ("By model", "model", report.models, "", ""),
        ("By category", "category", report.categories, "categories", ""),
        ("By file", "file", report.files, "", " wide"),
    ]
    if not any(listed.total for _, _, listed, _, _ in tables):
        return []
    lines = ['<section aria-labelledby="where">', '<h2 id="where">Where they come from</h2>', '<div class="tables">']
    for caption, what, listed, many, wide in tables:
        if not listed.total:
            continue
        most = max(one.mistakes for one in listed.items)
        rows = [(_bar(one, most), f"{one.mistakes:,}", f"{one.recurring:,}", f"{one.times:,}") for one in listed.items]
        columns = (what, "mistakes", "recurring", "pieces of code")
        lines += [f'<div class="panel{wide}">', *_table(caption, columns, rows)]
        lines += [*_more(rest(listed.rest, what, many)), "</div>"]
    return [*lines, "</div>", "</section>"]


def _bar(one: Share, most: int) -> str:
    width = 100 * one.mistakes / most
    name = escape(wording.share_name(one))
    return f'{name}<span class="bar" aria-hidden="true"><span style="width:{width:.1f}%"></span></span>'


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, text: bool = False) -> list[str]:
    """Rows are ready to stand in the page; the first cell of each is its header. `text`: no cell is a number."""
    kind = ' class="text"' if text else ""
    head = "".join(f'<th scope="col"{kind}>{column}</th>' for column in columns)
    lines = [f"<table><caption>{caption}</caption>", f"<thead><tr>{head}</tr></thead>", "<tbody>"]
    for first, *others in rows:
        cells = "".join(f"<td{kind}>{cell}</td>" for cell in others)
        lines += [f'<tr><th scope="row">{first}</th>{cells}</tr>']
    return [*lines, "</tbody></table>"]


def _more(text: str) -> list[str]:
    return [f'<p class="more">{escape(text)}</p>'] if text else []


def _name(text: str) -> str:
    return escape(safe(text, NAME_LIMIT))


def _sentence(text: str) -> str:
    """What stands between backticks is code."""
    return _CODE.sub(r"<code>\1</code>", escape(safe(text, SENTENCE_LIMIT)))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
