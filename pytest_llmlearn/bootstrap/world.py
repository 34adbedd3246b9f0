"""What exists in the project and in its own interpreter, put together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_llmlearn.adapters.interpreter import ProjectInterpreter
from pytest_llmlearn.adapters.last_run.ran_by import RanByFile
from pytest_llmlearn.adapters.last_run.seen_modules import SeenModulesFile
from pytest_llmlearn.adapters.last_run.state_file import StateFile
from pytest_llmlearn.adapters.surroundings.existing import ExistingWorld
from pytest_llmlearn.bootstrap.late import Late
from pytest_llmlearn.settings import Settings

_ANSWER = "interpreter.json"
_READ = "libraries.json"
_VERSION = 1


class LateWorld(Late):
    """The world, made when it is first asked, and made anew after it was told to forget: the interpreter, its packages
    and the project's files may all be others by then."""

    def forget(self) -> None:
        self.drop()


def world(root: Path, settings: Settings, environ: Mapping[str, str]) -> ExistingWorld:
    """The world of the project at `root`, as recognisers ask it; its interpreter is asked here, at most once."""
    kept = StateFile(root, _ANSWER, _VERSION)
    ran = RanByFile(root).read()
    interpreter = ProjectInterpreter(root, environ, named=settings.python, ran=ran, kept=kept)
    return ExistingWorld(
        root,
        interpreter.ask(),
        SeenModulesFile(root).read,
        interpreter.notices,
        StateFile(root, _READ, _VERSION),
        interpreter.inspect if settings.inspect_imports else None,
    )
