"""What a dotted name in a piece stands for, and where on its way something is known to be missing."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmlearn.domain.matchers.reading import Reading
from pytest_llmlearn.domain.matchers.view import View, World

_SOURCES = ("src", "lib")
"""Folders that are no packages, from which a project's own modules are imported."""
_STEPS = 8
_OF_THE_PLATFORM = frozenset(
    {"sys", "os", "signal", "socket", "select", "time", "ctypes", "asyncio", "errno", "codecs", "stat"}
)
"""Modules that have other names on other systems, or at other times: code that asks for them may know why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A step of a dotted name that leads nowhere: `name` of `module`, or of the class `of` in it.

    `step` counts from the first part; 0 is the top-level module itself. `told` is False where the world cannot tell,
    and the module's text does not have the name: enough for what was learned to be missing.
    """

    module: str
    name: str
    step: int
    of: str = ""
    told: bool = True


def resolved(parts: tuple[str, ...], scope: int, found: Reading, view: View) -> str | None:
    """The dotted name that a chain stands for, through the file's imports; None where something else binds it."""
    if not parts or parts[0] in view.bound or parts[0] in found.ambiguous or found.binding(parts[0], scope) is not None:
        return None
    target = view.imports.get(parts[0])
    if target is None:
        return None
    return absolute(".".join((target, *parts[1:])), view.path)


def absolute(name: str, path: str) -> str | None:
    """The name without leading dots, as a file at `path` means it; None where they lead out of the project."""
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    folders = path.split("/")[:-1]
    if folders[:1] and folders[0] in _SOURCES:
        folders = folders[1:]
    if level > len(folders):
        return None
    base = folders[: len(folders) - level + 1]
    return ".".join((*base, name.lstrip("."))).strip(".")


def first_missing(name: str, view: View, world: World) -> Missing | None:
    """Where an absolute dotted name leads nowhere; None where it does not, or where that is not known."""
    parts = name.split(".")
    if world.own_module(parts[0], view.path) is None and world.installed(parts[0]) is False:
        return Missing(module=parts[0], name="", step=0)
    module = parts[0]
    for step in range(1, min(len(parts), _STEPS)):
        part = parts[step]
        has = None if part.startswith("_") else world.has(module, part)
        if has is False:
            return Missing(module=module, name=part, step=step, told=not _is_of_the_platform(module))
        if has is None and not world.is_module(f"{module}.{part}"):
            unheard = not part.startswith("_") and world.mentions(module, part) is False
            return Missing(module=module, name=part, step=step, told=False) if unheard else None
        if world.is_module(f"{module}.{part}"):
            module = f"{module}.{part}"
            continue
        asked = parts[step + 1] if step + 1 < len(parts) else "_"
        members = None if asked.startswith("_") else world.members(module, part)
        if members is not None and asked not in members:
            return Missing(module=module, name=asked, step=step + 1, of=part)
        return None
    return None


def _is_of_the_platform(module: str) -> bool:
    return module in _OF_THE_PLATFORM or module.startswith("_")


def split(name: str, world: World) -> tuple[str, str]:
    """A dotted name as its longest module and what is left."""
    parts = name.split(".")
    size = 1
    while size < len(parts) - 1 and world.is_module(".".join(parts[: size + 1])):
        size += 1
    return ".".join(parts[:size]), ".".join(parts[size:])
