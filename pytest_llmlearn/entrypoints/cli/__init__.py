"""The face to people and scripts: the `llmlearn` command.

Exit status: 0 done (an answer of "nothing" is an answer), 1 an error said in one sentence, 2 wrong usage. Under
`--format json` nothing but the JSON goes to standard output.
"""

from __future__ import annotations

import os
import sys

import click

from pytest_llmlearn import __version__
from pytest_llmlearn.entrypoints.cli import (
    annotate,
    baseline,
    committed,
    daemon,
    effect,
    evaluate,
    fixes,
    fold,
    generations,
    index,
    learned,
    lessons,
    lifecycle,
    lsp,
    matchers,
    model,
    models,
    provenance,
    recall,
    report,
    rules,
    scan,
    states,
    upkeep,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="llmlearn")
@click.option(
    "--root",
    metavar="PATH",
    help="The project's root; without it LLMLEARN_ROOT, else the nearest folder upwards with .llmlearn/ or settings.",
)
@click.pass_context
def main(context: click.Context, root: str | None) -> None:
    """Lessons from the failures of LLM-written code, as `pytest --llm-learn` recorded them.

    Exit status: 0 done, 1 an error, 2 wrong usage.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    for stream in (sys.stdout, sys.stderr):
        # A lesson may quote any character; a terminal that lacks one must not end the command.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


for command in (
    recall.recall,
    daemon.daemon,
    learned.patterns,
    learned.show,
    lessons.lesson,
    committed.lessons,
    baseline.baseline,
    fold.fold,
    learned.occurrences,
    learned.ingest,
    scan.scan,
    rules.rules,
    lsp.lsp,
    annotate.annotate,
    report.report,
    states.approve,
    states.enforce,
    states.mute,
    provenance.provenance,
    provenance.mark,
    model.model,
    models.models,
    effect.effect,
    evaluate.evaluate,
    fixes.fixes,
    fixes.heal,
    matchers.matchers,
    generations.generation,
    generations.generations,
    generations.rate,
    generations.reopen,
    lifecycle.archive,
    lifecycle.restore,
    lifecycle.merge,
    lifecycle.split,
    lifecycle.forget,
    index.index,
    upkeep.audit,
    upkeep.maintain,
    upkeep.doctor,
    upkeep.clear,
    upkeep.demo,
):
    main.add_command(command)
