"""A report as people read it: nothing of it is markup but what is ours, and nothing is asked for from elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from pytest_llmlearn.domain.effect import Exposure, effect
from pytest_llmlearn.domain.report import (
    Helped,
    Known,
    Listed,
    Mended,
    Mistake,
    Period,
    Repair,
    Report,
    Share,
    Week,
    Words,
)
from pytest_llmlearn.entrypoints.reporting.drawing import scale, trend
from pytest_llmlearn.entrypoints.reporting.html import html
from pytest_llmlearn.entrypoints.reporting.markdown import markdown
from pytest_llmlearn.entrypoints.reporting.style import DARK, LIGHT
from tests.builders import at

HOSTILE = (
    "</style><script>alert(1)</script><img src=http://x.invalid/a onerror=b> "
    "[a](http://x.invalid) @all | ``` \u202e\x1b[31m\ud800"
)
VOID = {"meta", "link", "br", "line", "rect"}


def a_mistake(text: str = "async.never-awaited", **changes: Any) -> Mistake:
    """A mistake all of whose words are this one."""
    known = Known(
        rule_id=text, category=text, severity="critical", recurring=True, seen=7, first_seen=at(0), models=(text,)
    )
    values: dict[str, Any] = {"times": 4, "failures": 9, "last_seen": at(0), "paths": (text,) * 9}
    words = Words(because=text, lesson=f"{text}!", failed=text, passed=text)
    return Mistake(fingerprint="1:a", known=known, words=words, **{**values, **changes})


def a_report(text: str = "some text", *, each: int = 1, rest: int = 0, **changes: Any) -> Report:
    """A report with something of everything, in which every text is this one."""
    fix = Repair(fingerprint="1:a", difference=text, bad=text, good=text, verified=2, time=at(0))
    shown = effect(
        [Exposure(fingerprint="1:a", outcome="avoided")] * 9 + [Exposure(fingerprint="1:a", outcome="recurred")]
    )
    helped = Helped(fingerprint="1:a", rule_id=text, effect=shown, words=Words(lesson=text))
    share = Share(name=text, mistakes=3, recurring=1, times=4)
    weeks = [Week(monday=at(days=7 * n).date(), new=n, again=2 * n) for n in range(4)]
    values: dict[str, Any] = {
        "runs": 3, "times": 4, "failures": 9, "weeks": tuple(weeks), "weeks_before": 2,
        "recurring": Listed(items=(a_mistake(text),) * each, rest=rest),
        "new": Listed(items=(a_mistake(text),) * each, rest=rest),
        **dict.fromkeys(("models", "categories", "files"), Listed(items=(share,) * each, rest=rest)),
        "mended": Listed(items=(Mended(rule_id=text, repair=fix),) * each, rest=rest),
        "helped": Listed(items=(helped,) * each),
        "period": Period(since=at(0), until=at(days=27)),
    }  # fmt: skip
    return Report(project=text, made=at(days=28), **{**values, **changes})


class Page(HTMLParser):
    """The elements of a page in order, each with its attributes, and the texts; what is not closed is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_hostile_texts_are_only_shown() -> None:
    """No element, attribute or address comes from a text; the same elements stand there as of a tame report."""
    page, tame = Page(html(a_report(HOSTILE))), Page(html(a_report("tame")))
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in tame.elements}
    assert not {"script", "img", "iframe", "a", "form", "object"} & {tag for tag, _ in page.elements}
    assert [style for attributes in page.elements for style in attributes[1] if style.startswith("on")] == []
    assert "\u202e" not in html(a_report(HOSTILE))
    assert any("<script>" in text for _, text in page.texts)


def test_the_page_asks_for_nothing() -> None:
    """It forbids itself all requests and scripts, and names no other place."""
    page = Page(html(a_report()))
    policies = [meta["content"] for meta in page.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies[0] is not None and policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert [link["href"] for link in page.named("link")] == ["data:,"]
    assert not any(name in ("src", "href", "action") for tag, all in page.elements if tag != "link" for name in all)
    style = next(text for tag, text in page.texts if tag == "style")
    assert "url(" not in style and "@import" not in style


def test_the_page_can_be_heard() -> None:
    """One first heading, no level is skipped; tables have captions and scopes, the drawing words."""
    page = Page(html(a_report()))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(page.named("table")) == len(page.named("caption")) == 5
    assert all(header.get("scope") in ("col", "row") for header in page.named("th"))
    (drawing,) = page.named("svg")
    assert drawing["role"] == "img" and "4 weeks" in str(drawing["aria-label"])
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    labels = [section["aria-labelledby"] for section in page.named("section")]
    assert sorted(str(one) for one in labels) == sorted(str(one) for one in ids) and len(ids) == len(set(ids))
    assert page.named("html") == [{"lang": "en"}]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_stand_out(colours: dict[str, str]) -> None:
    """By 4.5 to 1 from whatever they stand on: WCAG 2.2, 1.4.3."""
    texts = ("ink", "muted", "again", "new", "good")
    pairs = [(text, behind) for text in texts for behind in ("page", "paper", "sunk")]
    pairs.append(("paper", "again"))  # a critical mistake is marked the other way round
    faint = [(*pair, found) for pair in pairs if (found := _contrast(*(colours[one] for one in pair))) < 4.5]
    assert faint == []


def _contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("write", [markdown, html])
def test_an_empty_period_is_one_sentence(write: Any) -> None:
    """With its days."""
    empty = Report(project="shop", made=at(days=28), period=Period(since=at(0), until=at(days=27)))
    text = write(empty)
    assert "No mistakes were seen, repaired or avoided from 2026-03-01 to 2026-03-28." in text
    assert "| " not in text and "<table" not in text
    if write is markdown:
        assert text.count("\n") == 1


def test_what_a_report_is_of_is_told() -> None:
    """A run by its id and time, the latest runs by their number."""
    run = Period(since=at(0), until=at(1), runs=("4f2a",), kind="run")
    runs = Period(since=at(0), until=at(days=1), runs=("a", "b"), kind="runs")
    assert "run 4f2a, 2026-03-01T12:00Z. 2 mistakes: 1 recurring and 1 new." in markdown(a_report(period=run))
    assert "the latest 2 runs, 2026-03-01 to 2026-03-02. 2 mistakes in 3 runs" in markdown(a_report(period=runs))
    nobody = Report(project="shop", made=at(0), period=replace(runs, runs=()))
    assert markdown(nobody) == "No run has recorded any mistake yet.\n"


def test_markdown_says_it_all() -> None:
    """Every section, with what was left out."""
    text = markdown(a_report(rest=1_234))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    assert headings == [
        "Mistakes in some text", "Recurring", "New", "By model", "By category", "By file", "By week", "Repaired",
        "some text", "Lessons that were shown",
    ]  # fmt: skip
    assert "| 4× | async.never-awaited" not in text and "| 4× | some text<br>some text, critical<br>" in text
    assert "seen 7 times since 2026-03-01, by some text" in text
    assert text.count("… and 1,234 mistakes more.") == 3 and "… and 1,234 categories more." in text
    assert "avoided 9 of 10 times (90 %, 60 % to 98 %)" in text
    assert "Before that: 2 weeks." in text


def test_hostile_texts_are_no_markdown() -> None:
    """They open no tag, table cell, link or fence; code stays inside its own."""
    text = markdown(a_report(HOSTILE))
    outside = re.sub(r"(?ms)^(`{3,})python\n.*?^\1$", "", text)
    assert "<script" not in text and "http://" not in outside and "@all" not in outside
    rows = [line for line in outside.split("\n") if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4, 5}
    assert re.search(r"(?<!\\)\[a\]", outside) is None


def test_a_summary_has_room_for_it() -> None:
    """Even of the longest texts in every list, a half of what GitHub shows of a step."""
    long = a_report("`é|" * 5_000, each=20, rest=9_980)
    assert len(markdown(long).encode()) < 1_048_576 / 2
    assert len(html(long).encode()) < 1_048_576


def test_bars_stand_on_one_another() -> None:
    """What is new on what was seen before, within the drawing; a week without either has none."""
    drawn = trend([Week(monday=at(0).date(), new=3, again=5), Week(monday=at(days=7).date())], "title")
    bars = re.findall(r'class="bar-(\w+)" x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', drawn)
    assert bars == [("again", "37.50", "62.50"), ("new", "0.00", "37.50")]


@pytest.mark.parametrize("most", [0, 1, 2, 3, 9, 10, 11, 99, 100, 101, 999, 1_001, 123_456, 10**12])
def test_an_axis_ends_near_the_highest_bar(most: int) -> None:
    """Even, so that its middle is a whole number, and never more than twice as high."""
    end = scale(most)
    assert most <= end <= max(2 * most, 2) and end % 2 == 0
