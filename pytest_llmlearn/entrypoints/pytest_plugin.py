"""The face to pytest: options, and the plug-in objects where learning was asked for.

Every pytest run of an environment imports this module, so it imports nothing of ours before learning is asked for.
Nothing here may break, slow or change the outcome of the run that it watches.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_llmlearn.settings import Root, Settings

OBSERVER = "llmlearn-observe"
COLLECTOR = "llmlearn-collect"
LEARNER = "llmlearn-learn"
_WRITTEN = {
    "sarif": "as SARIF 2.1.0",
    "codequality": "for GitLab's Code Quality",
    "rdjson": "for reviewdog",
    "summary": "as Markdown",
    "events": "as JSON lines, for `llmlearn fold`",
}
"""Files that a run can write of what it recorded, by the names of their options and settings."""
_REPORTS = ("xmlpath", "report_log", "json_report")
"""Options of pytest, pytest-reportlog and pytest-json-report by which properties of tests are written down."""
_UNUSABLE = pytest.StashKey[str]()
"""Why learning is off although the settings speak of it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("llmlearn", "learn from the failures of LLM-written code")
    group.addoption(
        "--llm-learn",
        action="store_true",
        default=None,
        dest="llm_learn",
        help="learn from failures laid on LLM-written code, and say what was learned",
    )
    group.addoption(
        "--no-llm-learn", action="store_false", dest="llm_learn", help="do not learn, whatever the settings say"
    )
    group.addoption(
        "--llm-learn-scope",
        choices=("generated", "all"),
        default=None,
        dest="llm_learn_scope",
        help="learn; record failures laid on LLM-written code only (the default), or all of them, marked",
    )
    group.addoption(
        "--llm-learn-store",
        metavar="PATH",
        default=None,
        dest="llm_learn_store",
        help="learn; the project's root, where .llmlearn/ lies or is made",
    )
    group.addoption(
        "--llm-learn-scan",
        choices=("auto", "on", "off"),
        default=None,
        dest="llm_learn_scan",
        help="scan LLM-written code with Semgrep beside the tests: where it is installed (auto, the default), "
        "in any case (on; learn), or not",
    )
    group.addoption(
        "--llm-learn-annotate",
        choices=("auto", "github", "gitlab", "azure", "buildkite", "none"),
        default=None,
        dest="llm_learn_annotate",
        help="mark the lines of what is recorded for this CI (learn), for the one that runs the tests (auto, the "
        "default), or for none",
    )
    group.addoption(
        "--llm-learn-fail-on",
        metavar="SORTS",
        default=None,
        dest="llm_learn_fail_on",
        help="learn; fail although the tests pass where one of these sorts of mistakes is seen in LLM-written code: "
        "recurring, security, enforced (several with commas between them)",
    )
    for name, what in _WRITTEN.items():
        group.addoption(
            f"--llm-learn-{name}",
            metavar="PATH",
            default=None,
            dest=f"llm_learn_{name}",
            help=f"learn; write what is recorded {what} to this file",
        )


class _OwnModules:
    """Finds our own modules as Python does by itself, with the bytecode that was compiled when they were installed.

    pytest compiles the modules of plug-ins anew, to rewrite their assertions; ours hold none. It keeps the result,
    but not where PYTHONDONTWRITEBYTECODE is set, as in most containers: there every run would pay for it.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, path) if name.startswith("pytest_llmlearn.") else None


def pytest_configure(config: pytest.Config) -> None:
    if not _may_be_asked(config):
        return
    sys.meta_path.insert(0, _OwnModules)
    config.add_cleanup(lambda: sys.meta_path.remove(_OwnModules))
    from pytest_llmlearn.errors import SettingError
    from pytest_llmlearn.settings import Settings

    try:
        root = _root(config)
        overrides = {
            "enabled": _asked(config),
            "scope": config.option.llm_learn_scope,
            "scan": config.option.llm_learn_scan,
            "annotate": config.option.llm_learn_annotate,
            "fail_on": config.option.llm_learn_fail_on,
            **_files(config),
        }
        settings = Settings.load(root.path, os.environ, overrides)
    except (SettingError, OSError) as error:
        if _asked(config) or os.environ.get("LLMLEARN", "0") not in ("", "0"):
            raise pytest.UsageError(f"llmlearn: {error}") from None
        config.stash[_UNUSABLE] = str(error)  # nobody asked in so many words: a line, not the end of the run
        return
    if settings.enabled:
        _register(config, root, settings)


def _may_be_asked(config: pytest.Config) -> bool:
    """Whether learning could be on: told without importing anything of ours."""
    asked = _asked(config)
    if asked is not None:
        return asked
    if any(name.startswith("LLMLEARN") for name in os.environ):
        return True
    start = _start(config)
    return any(_mentions_us(folder / "pyproject.toml") for folder in (start, *start.parents))


def _asked(config: pytest.Config) -> bool | None:
    """What the command line says of learning; None for nothing. Who says how to learn wants it."""
    if config.option.llm_learn is not None:
        return bool(config.option.llm_learn)
    how = config.option.llm_learn_scope or config.option.llm_learn_store or config.option.llm_learn_scan == "on"
    how = how or config.option.llm_learn_annotate in ("github", "gitlab", "azure", "buildkite")
    how = how or config.option.llm_learn_fail_on
    return True if how or any(_files(config).values()) else None


def _files(config: pytest.Config) -> dict[str, str | None]:
    """The files to write, as the command line names them: seen from the folder in which it was given."""
    given = {name: getattr(config.option, f"llm_learn_{name}") for name in _WRITTEN}
    return {name: str(config.invocation_params.dir / path) if path else None for name, path in given.items()}


def _mentions_us(pyproject: Path) -> bool:
    try:
        return b"llmlearn" in pyproject.read_bytes()
    except OSError:
        return False


def _start(config: pytest.Config) -> Path:
    """Where the search for the project's root begins: the current folder, as the command line has it."""
    here = config.invocation_params.dir
    return here if here.is_relative_to(config.rootpath) else config.rootpath


def _root(config: pytest.Config) -> Root:
    from pytest_llmlearn.settings import Root, find_root

    return find_root(
        _start(config),
        os.environ,
        config.option.llm_learn_store,
        lambda: Root(path=config.rootpath, why="pytest's rootdir"),
    )


def _register(config: pytest.Config, root: Root, settings: Settings) -> None:
    from pytest_llmlearn.entrypoints.loaded import NAME, Loaded
    from pytest_llmlearn.entrypoints.observe import Observer

    config.pluginmanager.register(Observer(config, root.path), OBSERVER)
    loaded = Loaded(config, root.path)
    config.pluginmanager.register(loaded, NAME)
    if any(config.getoption(name, None) for name in _REPORTS):
        from pytest_llmlearn.entrypoints.properties import Properties

        config.pluginmanager.register(Properties(config, root, settings))  # after the observer, whose word it takes
    if hasattr(config, "workerinput"):
        return  # an xdist worker: it observes; the controller collects and writes
    from pytest_llmlearn.entrypoints.collect import Collector
    from pytest_llmlearn.entrypoints.learn import Learner

    collector = Collector(config, root.path)
    config.pluginmanager.register(collector, COLLECTOR)
    config.pluginmanager.register(Learner(config, root, settings, collector, loaded), LEARNER)


def pytest_report_header(config: pytest.Config) -> str | None:
    unusable = config.stash.get(_UNUSABLE, None)
    if unusable is not None:
        return f"llmlearn: does not learn: {unusable}"
    learner: Any = config.pluginmanager.get_plugin(LEARNER)
    return learner.header() if learner is not None else None
