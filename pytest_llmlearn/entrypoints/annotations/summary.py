"""What a run recorded as a page of Markdown, for GitHub's job summary and whoever shows such pages.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands: at most 1 MiB a step, and more is
not shown at all; so what does not fit is left out and counted. Nothing of it reads as markup, a link or a mention.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_llmlearn.domain.annotation import Annotation, counted, distinct, ordered, remedy, said, title, worded
from pytest_llmlearn.domain.lesson import fenced, safe

LIMIT = 1_048_576
"""Bytes of a job summary, all steps' writers together."""
ROOM = 200
"""Bytes that are kept for the line that counts what was left out."""
FIXES = 50
"""Fixes that are shown as code."""

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|~#!&$])")
_LINK = re.compile(r"(?i)(?<=\bwww)\.|(?<=\bhttp):|(?<=\bhttps):|(?<=\bftp):|@")


def markdown(annotations: Sequence[Annotation], *, limit: int = LIMIT) -> str:
    """The page, of at most `limit` bytes of UTF-8; "" where not even its head fits."""
    each = distinct(ordered(annotations))
    page = _Page(limit)
    if not page.take(f"### llmlearn: {_headline(each)}\n"):
        return ""
    if each:
        table = page.take("\n| known | where | mistake | what to do instead |\n|---|---|---|---|\n", rows=True)
        shown = 0
        for one in each:
            if not table or not page.take(_row(one), rows=True):
                break
            shown += 1
        if shown < len(each):
            page.end(f"\n… and {len(each) - shown} more: `llmlearn patterns` lists them.\n")
        else:
            _fixes(page, each)
    return page.text


def _headline(each: Sequence[Annotation]) -> str:
    if not each:
        return "no mistakes of LLM-written code"
    fingerprints = {one.fingerprint: one.recurring for one in each}
    recurring = sum(fingerprints.values())
    new = len(fingerprints) - recurring
    told = [f"{recurring} recurring" if recurring else "", f"{new} new" if new else ""]
    _, _, mistakes = counted(each).partition(" ")
    return f"{' and '.join(part for part in told if part)} {mistakes}"


class _Page:
    """Text that never exceeds its limit, with room left to say so."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def take(self, piece: str, *, rows: bool = False) -> bool:
        """Whether there was room for it; `rows` leave some for the last line."""
        size = len(piece.encode("utf-8", "replace"))
        if size > self._left - (ROOM if rows else 0):
            return False
        self._left -= size
        self._pieces.append(piece)
        return True

    def end(self, piece: str) -> None:
        self.take(piece)


def _row(one: Annotation) -> str:
    known = title(one).removeprefix(f"{one.rule_id}, ")
    known += ", enforced" if one.enforced else ""
    place = f"{one.path}:{one.line}" if one.path else "?"
    mistake = plain(one.rule_id) + (f"<br>{plain(message)}" if (message := said(one)) else "")
    return f"| {plain(known)} | {plain(place)} | {mistake} | {plain(worded(one))} |\n"


def _fixes(page: _Page, each: Sequence[Annotation]) -> None:
    """The repairs as code, once each mistake."""
    fixed = {one.fingerprint: one for one in each if one.fix is not None and one.fix.good}
    if not fixed:
        return
    page.take("\n#### What repaired them\n", rows=True)
    for one in list(fixed.values())[:FIXES]:
        if one.fix is None or not remedy(one.fix):
            continue
        lines = [f"\n{plain(one.rule_id)}, {plain(one.path)}:"]
        lines += ["", "failed:", "", *fenced(one.fix.bad)] if one.fix.bad else []
        lines += ["", "passed:" if one.fix.verified else "instead:", "", *fenced(one.fix.good), ""]
        if not page.take("\n".join(lines), rows=True):
            return


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    flat = safe(text, 1_500)
    return _LINK.sub(lambda found: f"&#{ord(found.group())};", _MARKUP.sub(r"\\\1", flat))
