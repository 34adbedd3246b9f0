"""How the page looks: light and dark as the reader has it, on a phone, on a desk and on paper.

Texts stand out from what is behind them by 4.5 to 1 at least (WCAG 2.2, 1.4.3); nothing is told by colour alone.
"""

from __future__ import annotations

LIGHT = {
    "page": "#f5f4f0",
    "paper": "#ffffff",
    "sunk": "#f2f0ea",
    "ink": "#1c1b19",
    "muted": "#5b5852",
    "line": "#dedad1",
    "again": "#a8321f",
    "new": "#2b5f8a",
    "good": "#23653f",
    "mark": "#f3e3df",
}
DARK = {
    "page": "#141518",
    "paper": "#1d1f23",
    "sunk": "#25282d",
    "ink": "#ecebe7",
    "muted": "#aeaba3",
    "line": "#373a41",
    "again": "#f58a78",
    "new": "#86bce8",
    "good": "#86cfa4",
    "mark": "#412a27",
}


def _set(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


STYLE = (
    f":root {{ color-scheme: light dark; {_set(LIGHT)} }}\n"
    f"@media (prefers-color-scheme: dark) {{ :root {{ {_set(DARK)} }} }}\n"
    """\
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main, header, footer { max-width: 66rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); }
header { padding-top: clamp(2rem, 6vw, 4rem); }
h1, h2, h3 { line-height: 1.2; margin: 0; text-wrap: balance; }
h1 { font-size: clamp(1.9rem, 5vw, 2.9rem); letter-spacing: -.025em; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; letter-spacing: -.012em; }
h3 { font-size: 1rem; }
p { margin: 0; }
a { color: inherit; }
code, pre, .rule { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono",
  monospace; }
.eyebrow, .span, .hint, .more, footer { color: var(--muted); }
.eyebrow { font-size: .85rem; font-weight: 600; letter-spacing: .04em; margin-bottom: .6rem; }
.span { margin-top: .5rem; }
.lead { font-size: clamp(1.1rem, 2.4vw, 1.3rem); line-height: 1.45; margin-top: 1.4rem; max-width: 44rem; }
.hint { font-size: .92rem; margin-top: .3rem; max-width: 46rem; }
.more { font-size: .92rem; margin-top: .9rem; }
main > section { margin-top: clamp(2.4rem, 6vw, 3.6rem); }
.figures { display: grid; grid-template-columns: repeat(5, 1fr); gap: 1px; margin: 2rem 0 0;
  background: var(--line); border: 1px solid var(--line); border-radius: .8rem; overflow: hidden; }
.figures div { background: var(--paper); padding: 1rem clamp(.7rem, 2vw, 1.2rem) 1.1rem; display: flex;
  flex-direction: column-reverse; }
.figures dt { color: var(--muted); font-size: .9rem; }
.figures dd { margin: 0; font-size: 2rem; font-weight: 650; line-height: 1.15; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.again { color: var(--again); } .new { color: var(--new); } .good { color: var(--good); }
.panel { background: var(--paper); border: 1px solid var(--line); border-radius: .8rem; margin-top: 1.1rem; }
figure.panel { margin-inline: 0; padding: 1.2rem clamp(.9rem, 3vw, 1.5rem) 1.1rem; }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; font-size: .9rem; color: var(--muted); margin-bottom: 1rem; }
.key span::before { content: ""; display: inline-block; width: .8em; height: .8em; border-radius: .15em;
  margin-right: .45em; border: 2px solid var(--again); background: var(--again); vertical-align: -.05em; }
.key span + span::before { border-color: var(--new);
  background: color-mix(in srgb, var(--new) 25%, var(--paper)); }
.chart { display: grid; grid-template-columns: auto 1fr; column-gap: .7rem; font-size: .8rem; color: var(--muted);
  font-variant-numeric: tabular-nums; }
.chart .up { display: flex; flex-direction: column; justify-content: space-between; text-align: right;
  margin: -.6em 0; line-height: 1.2; }
.chart svg { display: block; width: 100%; height: clamp(8rem, 24vw, 12rem); overflow: visible; }
.chart .along { grid-column: 2; display: flex; justify-content: space-between; margin-top: .5rem; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .bar-again { fill: var(--again); stroke: var(--again); stroke-width: 1.5; }
svg .bar-new { fill: color-mix(in srgb, var(--new) 25%, var(--paper)); stroke: var(--new); stroke-width: 1.5; }
ol.cards { list-style: none; margin: 1.1rem 0 0; padding: 0; display: grid; gap: .8rem; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: .8rem; margin: 0; display: grid;
  grid-template-columns: 5.4rem minmax(0, 1fr); overflow: hidden; }
.count { padding: 1.15rem .5rem; text-align: center; background: var(--sunk); color: var(--muted); font-size: .78rem;
  line-height: 1.25; }
.count b { display: block; font-size: 1.65rem; font-weight: 650; line-height: 1.15; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.body { padding: 1.05rem clamp(.9rem, 3vw, 1.4rem) 1.15rem; min-width: 0; }
.rule { overflow-wrap: anywhere; font-weight: 650; }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .35rem .7rem; }
.marks { display: flex; flex-wrap: wrap; gap: .35rem; margin: 0; padding: 0; list-style: none; font-size: .78rem; }
.marks li { border: 1px solid var(--line); border-radius: 1rem; padding: .05rem .6rem; color: var(--muted); }
.marks .critical { background: var(--again); border-color: var(--again); color: var(--paper); font-weight: 600; }
.marks .major { border-color: var(--again); color: var(--again); }
.marks .enforced { border-color: var(--ink); color: var(--ink); font-weight: 600; }
.instead { margin-top: .55rem; font-size: 1.04rem; overflow-wrap: anywhere; }
.because, .meta { margin-top: .35rem; color: var(--muted); font-size: .92rem; overflow-wrap: anywhere; }
.meta code { font-size: .94em; }
.instead code, .because code, td code, th code { font-size: .9em; background: var(--sunk); border-radius: .25rem;
  padding: .08em .3em; }
details { margin-top: .8rem; font-size: .92rem; }
summary { cursor: pointer; color: var(--muted); width: fit-content; border-radius: .3rem; }
summary:hover { color: var(--ink); }
:focus-visible { outline: 2px solid var(--new); outline-offset: 3px; }
.codes { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: .8rem;
  margin-top: .8rem; }
.codes figure { margin: 0; min-width: 0; }
.codes figcaption { font-size: .82rem; font-weight: 600; margin-bottom: .3rem; }
pre { margin: 0; padding: .75rem .9rem; background: var(--sunk); border-radius: .5rem;
  border-left: 3px solid var(--line); overflow-x: auto; font-size: .84rem; line-height: 1.5; tab-size: 4; }
.failed pre { border-left-color: var(--again); } .failed figcaption { color: var(--again); }
.passed pre { border-left-color: var(--good); } .passed figcaption { color: var(--good); }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.1rem;
  margin-top: 1.1rem; align-items: start; }
.tables .panel { margin: 0; } .wide { grid-column: 1 / -1; }
.panel.scroll, .tables .panel { overflow-x: auto; padding: .3rem clamp(.9rem, 3vw, 1.4rem) .7rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 650; padding: .8rem 0 .5rem; }
th, td { text-align: right; padding: .5rem 0 .5rem 1rem; border-top: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
th:first-child { padding-left: 0; overflow-wrap: anywhere; font-weight: 500; min-width: 9rem; }
thead th { border-top: 0; color: var(--muted); font-weight: 500; font-size: .84rem; }
.bar { display: block; height: .35rem; margin-top: .4rem; border-radius: .2rem; background: var(--sunk);
  overflow: hidden; }
.bar span { display: block; height: 100%; background: var(--muted); border-radius: .2rem; }
footer { margin-top: 4rem; padding-bottom: 3rem; font-size: .85rem; }
@media (max-width: 34rem) {
  .card { grid-template-columns: 1fr; }
  .count { display: flex; gap: .5rem; align-items: baseline; justify-content: flex-start; text-align: left;
    padding: .45rem .9rem; }
  .count b { font-size: 1.15rem; } .count br { display: none; }
  .figures { grid-template-columns: 1fr 1fr; } .figures dd { font-size: 1.6rem; }
  .figures div:last-child:nth-child(odd) { grid-column: 1 / -1; }
  th, td { padding-left: .6rem; }
}
@media print {
  :root { color-scheme: light; """
    + _set({**LIGHT, "page": "#ffffff"})
    + """ }
  body { font-size: 10pt; } header { padding-top: 0; } main > section { margin-top: 1.6rem; }
  .card, .tables .panel, figure.panel { break-inside: avoid; } h2, .hint { break-after: avoid; }
  summary, .chart + details { display: none; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .bar span, .count, svg, .marks li, .key span::before { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
)
