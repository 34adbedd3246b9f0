"""Detectors and readers of provenance, brought by plug-ins: our own through the same hooks as anyone's.

A plug-in that raises is logged and left out; the others are not its hostages.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pluggy

    from pytest_llmlearn.hookspecs import Detector, Project, ProvenanceReader

BUILT_IN = ("async_misuse", "imports", "syntax", "type_errors", "logic", "runtime", "security")
"""Modules of `pytest_llmlearn.detectors`, in the order in which they are asked."""
READERS = ("marks", "markers", "agent_trace", "git_ai", "git", "session")
"""Modules of `pytest_llmlearn.adapters` that know who wrote a line, the earlier before the later where equally sure."""
ENTRY_POINTS = "llmlearn"

log = logging.getLogger(__name__)


def readers(project: Project, plugins: Iterable[object] = ()) -> list[ProvenanceReader]:
    """Every reader of provenance: the built-in ones, those of installed plug-ins, then those of `plugins`."""
    found: list[ProvenanceReader] = []
    built_in = [import_module(f"pytest_llmlearn.adapters.{name}") for name in READERS]
    _each_alone(
        (*built_in, *_installed(), *plugins),
        lambda hook: hook.llmlearn_register_provenance(register=found.append, project=project),
        "could not register its readers of provenance",
    )
    return found


def detectors(plugins: Iterable[object] = ()) -> list[Detector]:
    """Every detector: the built-in ones, those of installed plug-ins, then those of `plugins`."""
    found: list[Detector] = []
    built_in = [import_module(f"pytest_llmlearn.detectors.{name}") for name in BUILT_IN]
    _each_alone(
        (*built_in, *_installed(), *plugins),
        lambda hook: hook.llmlearn_register_detectors(register=found.append),
        "could not register its detectors",
    )
    return found


def _installed() -> Sequence[object]:
    """The plug-ins that installed distributions bring by an entry point of our group."""
    return _installed_along(tuple(sys.path))


@cache
def _installed_along(path: tuple[str, ...]) -> Sequence[object]:
    """Those that are found along `path`, which is `sys.path`: to look through all distributions takes milliseconds."""
    from pytest_llmlearn import hookspecs

    installed = _plugin_manager(hookspecs.PROJECT)
    installed.load_setuptools_entrypoints(ENTRY_POINTS)
    return tuple(installed.get_plugins())


@cache
def _hooks() -> ModuleType:
    """The hooks alone: pluggy looks at every name of what it is given, each time, and the module has many more."""
    from pytest_llmlearn import hookspecs

    alone = ModuleType(hookspecs.__name__)
    vars(alone).update({name: hook for name, hook in vars(hookspecs).items() if name.startswith("llmlearn_")})
    return alone


def _each_alone(plugins: Iterable[object], call: Callable[[Any], object], failed: str) -> None:
    """Call a hook of each plug-in. One that raises is logged and left out; the others are not its hostages."""
    from pytest_llmlearn import hookspecs

    alone: pluggy.PluginManager | None = None
    # The same one may come twice, and may be of a class whose instances cannot be hashed.
    for plugin in {id(plugin): plugin for plugin in plugins}.values():
        if alone is None:
            alone = _plugin_manager(hookspecs.PROJECT)
            alone.add_hookspecs(_hooks())
        try:
            # One raising implementation voids a whole pluggy call, so each plug-in gets a call of its own.
            alone.register(plugin)
            call(alone.hook)
            alone.unregister(plugin)
        except Exception:  # a plug-in may be anyone's
            log.exception("%r %s", plugin, failed)
            alone = None  # what became of it in there, nobody knows


def _plugin_manager(project: str) -> pluggy.PluginManager:
    """pluggy's manager, which also takes our hooks unmarked: their prefix is ours, as pytest does with its own."""
    import pluggy

    class Manager(pluggy.PluginManager):
        def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
            if not name.startswith("llmlearn_"):
                return None
            marked = super().parse_hookimpl_opts(plugin, name)
            return marked if marked is not None else {} if callable(getattr(plugin, name, None)) else None

    return Manager(project)
