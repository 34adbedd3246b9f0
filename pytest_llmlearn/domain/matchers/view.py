"""What a recogniser sees: one piece of a file, and what the rest of the file and its interpreter say about names in it.

Pieces are the statements at the top of a file; those that were not touched since the last look are not looked at again,
so a recogniser may use nothing but its view.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pytest_llmlearn.domain.matcher import Kind, Matcher, Sighting
from pytest_llmlearn.domain.tree import Node


class World(Protocol):
    """What exists in the project and its interpreter; None where it is not known. Nothing is imported to answer."""

    def installed(self, module: str) -> bool | None: ...

    def own_module(self, module: str, near: str | None = None) -> str | None: ...

    def names(self, module: str) -> Collection[str] | None: ...

    def signature(self, module: str, qualname: str) -> Any | None: ...

    def is_coroutine_function(self, name: str, near: str) -> bool | None: ...

    def is_coroutine(self, module: str, qualname: str) -> bool | None:
        """Whether calling that function of a module makes a coroutine."""
        ...

    def has(self, module: str, name: str) -> bool | None:
        """Whether a module has an attribute of that name, a submodule included; it may not begin with `_`."""
        ...

    def mentions(self, module: str, name: str) -> bool | None:
        """Whether the name is written in the module's stub or source, or in any way where that is not the whole."""
        ...

    def is_module(self, module: str) -> bool | None:
        """Whether a dotted name is a module where it is imported, and nothing else of that name."""
        ...

    def takes(self, module: str, qualname: str, keyword: str, *, bare: bool = False) -> bool | None:
        """Whether a callable takes an argument by that keyword; with `bare` as it is written under its decorators."""
        ...

    def members(self, module: str, qualname: str) -> Collection[str] | None:
        """The attributes of a class, with those of its bases."""
        ...

    def version(self, module: str) -> str | None:
        """The version of the distribution that brings the top-level module."""
        ...

    def builtin_names(self) -> Collection[str] | None:
        """What every module of that interpreter can name without binding it."""
        ...

    def python(self) -> tuple[int, int] | None:
        """The interpreter's version."""
        ...

    def forget(self) -> None:
        """What was found may have changed: look again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One piece of the file at `path`: a statement at its top, or a stretch that could not be read.

    `node` is the statement; of a stretch that could not be read a node of the kind `Gap` without children. `text` is
    the piece's own text; `last` says that it is the file's last piece.
    `imports` are the names that imports anywhere in the file bind, with what they stand for (`np` → `numpy`,
    `rank` → `skimage.filters.rank`, `helpers` → `.helpers` where it is relative); `bound` all names that anything but
    an import binds anywhere in the file. `stars` says that some are not known: the file imports `*`, or a part of it
    could not be read. `settled` says that nobody is typing in it: what is cut off was left so.
    """

    path: str
    node: Node
    text: str
    imports: Mapping[str, str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    stars: bool = False
    settled: bool = False
    last: bool = False
    world: World | None = None


class Recogniser(Protocol):
    """Reads the matchers of one kind."""

    @property
    def kind(self) -> Kind: ...

    def sightings(self, matcher: Matcher, view: View) -> Iterable[Sighting]:
        """Where the matcher fires in this piece."""
        ...
