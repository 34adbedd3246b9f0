"""What a Python interpreter has of itself, before any of the project's code runs in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """`search_path` are the folders that it imports from, those of `.pth` files included, without the current one.

    `stdlib` and `builtin_modules` are names of modules; `builtin_names` what every module can name without binding it.
    `compiled` maps standard modules without source, and those it has loaded
    anyway, to their public names, `classes` maps (module, then class) to the
    attributes of standard classes. `version` is (major, minor).
    """

    executable: str
    version: tuple[int, int]
    search_path: tuple[str, ...]
    stdlib: frozenset[str]
    builtin_modules: frozenset[str]
    builtin_names: frozenset[str]
    compiled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    classes: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)

    @classmethod
    def from_wire(cls, executable: str, told: Mapping[str, Any]) -> Interpreter:
        """What the interpreter at that path told of itself.

        Raises:
            KeyError, TypeError, ValueError: it told something else.
        """
        major, minor = told["version"]
        return cls(
            executable=executable,
            version=(int(major), int(minor)),
            search_path=tuple(_words(told["search_path"])),
            stdlib=frozenset(_words(told["stdlib"])),
            builtin_modules=frozenset(_words(told["builtin_modules"])),
            builtin_names=frozenset(_words(told["builtin_names"])),
            compiled={module: frozenset(_words(names)) for module, names in told["compiled"].items()},
            classes={
                module: {name: frozenset(_words(members)) for name, members in classes.items()}
                for module, classes in told["classes"].items()
            },
        )


def _words(values: Any) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("a list of words was expected")
    return values
