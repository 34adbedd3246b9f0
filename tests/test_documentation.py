"""The pages know of one another, and of every command."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from pytest_llmlearn.entrypoints.cli import main

PROJECT = Path(__file__).resolve().parent.parent
PAGES = sorted((PROJECT / "docs").glob("*.md"))
COMMANDS = PROJECT / "docs" / "commands.md"
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def commands() -> list[str]:
    """Every command of `llmlearn`, those of a group with its name before theirs."""
    found = []
    for name, command in main.commands.items():
        if isinstance(command, click.Group):
            found += [f"{name} {below}" for below in command.commands]
        else:
            found.append(name)
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented(command: str) -> None:
    """On the page of the commands, as it is typed."""
    assert re.search(rf"llmlearn {command}\b", COMMANDS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", [page.name for page in PAGES if page != COMMANDS])
def test_every_page_is_found_from_the_commands_and_the_readme(page: str) -> None:
    """Nobody looks for what is not linked."""
    assert f"({page}" in COMMANDS.read_text(encoding="utf-8")
    assert f"(docs/{page}" in (PROJECT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [PROJECT / "README.md", *PAGES], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Those to files of the repository."""
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
