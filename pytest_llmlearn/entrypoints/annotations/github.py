"""Workflow commands of GitHub Actions.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands. Of each level ten are shown a
step, and what is beyond is dropped without a word (actions/toolkit#734); the failures themselves are often errors of
another plug-in already, so these are warnings. A command has to begin its line.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmlearn.domain.annotation import Annotation, counted, one_each, ordered, said, title, worded

SHOWN = 8
"""Warnings of ours at most: two of the ten are left to others."""
DATA_LIMIT = 4_000
"""Characters of one message."""


def commands(annotations: Sequence[Annotation], *, summarised: bool = False) -> list[str]:
    """One line each: the most recurrent mistakes, once each, and how many more there are.

    `summarised` says that the job's summary lists them all.
    """
    each = one_each(ordered(annotations))
    lines = [_warning(one) for one in each[:SHOWN]]
    rest = each[SHOWN:]
    if rest:
        recurring = sum(one.recurring for one in rest)
        more = counted(rest, more=True)
        more += f", {recurring} of them recurring" if recurring else ", all new"
        where = "the job's summary lists them" if summarised else "`llmlearn patterns` lists them"
        lines.append(f"::notice title=llmlearn::{data(f'{more}: {where}')}")
    return lines


def _warning(one: Annotation) -> str:
    properties: list[tuple[str, str]] = []
    if one.path:
        properties += [("file", one.path), ("line", str(one.line)), ("endLine", str(one.end_line))]
        # Columns are refused where the lines differ.
        if one.column is not None and one.end_line == one.line:
            properties.append(("col", str(one.column)))
            if one.end_column is not None and one.end_column > one.column:
                properties.append(("endColumn", str(one.end_column)))
    properties.append(("title", f"llmlearn: {title(one)}"))
    told = "\n".join(part for part in (worded(one), said(one)) if part)
    return f"::warning {','.join(f'{name}={value(text)}' for name, text in properties)}::{data(told[:DATA_LIMIT])}"


def data(text: str) -> str:
    """What stands behind the second `::`."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def value(text: str) -> str:
    """The value of a property."""
    return data(text).replace(":", "%3A").replace(",", "%2C")
