"""Logging commands of Azure Pipelines.

https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands; what is escaped, and how, is as in
Microsoft's azure-pipelines-task-lib (`taskcommand.ts`). An agent looks for commands anywhere in a line.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmlearn.domain.annotation import Annotation, counted, one_each, ordered, said, worded

SHOWN = 8
DATA_LIMIT = 4_000


def commands(annotations: Sequence[Annotation], summary: str | None = None) -> list[str]:
    """One line each: the most recurrent mistakes, once each, and how many more there are.

    `summary` is the absolute path of a file in Markdown that the page of the run is to show.
    """
    each = one_each(ordered(annotations))
    lines = [_issue(one) for one in each[:SHOWN]]
    if each[SHOWN:]:
        lines.append(f"##vso[task.logissue type=warning]{data(f'llmlearn: {counted(each[SHOWN:], more=True)}')}")
    if summary is not None:
        lines.append(f"##vso[task.uploadsummary]{data(summary)}")
    return lines


def _issue(one: Annotation) -> str:
    properties = [("type", "warning")]
    if one.path:
        properties += [("sourcepath", one.path), ("linenumber", str(one.line))]
        properties.append(("columnnumber", str(one.column or 1)))
    properties.append(("code", one.rule_id))
    told = " ".join(part for part in (worded(one), said(one)) if part)
    stated = ";".join(f"{name}={value(text)}" for name, text in properties)
    return f"##vso[task.logissue {stated}]{data(told[:DATA_LIMIT])}"


def data(text: str) -> str:
    """What stands behind the bracket; a command inside it is none any more."""
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A").replace("##", "# #")


def value(text: str) -> str:
    """The value of a property."""
    return data(text).replace("]", "%5D").replace(";", "%3B")
