"""What a test run saw of library modules that it had imported anyway.

It is evidence for what source and stubs do not tell, and holds only for the version of the distribution that was seen:
of another version nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MODULES = 200
"""Modules kept at most, those seen last."""
NAMES = 4_000
"""Names kept of one module at most: one with more counts as not told whole."""
LACKS = 100
"""Missing names, and refused arguments, kept of one module at most."""
LENGTH = 100
"""Characters of a name at most; longer ones are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenModule:
    """One module. `names` are its public ones, None where it was not told whole; `lacks` those that it was seen not
    to have. `refuses` maps callables (qualified names in it) to keywords that they were seen not to take; `takes` maps
    them to the parameters that they have, `**` among them where they take any.
    """

    version: str
    names: frozenset[str] | None = None
    lacks: frozenset[str] = frozenset()
    refuses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    takes: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def with_more(self, other: SeenModule) -> SeenModule:
        """What both say; of another version only what the other says."""
        if other.version != self.version:
            return other
        return replace(
            self,
            names=other.names if other.names is not None else self.names,
            lacks=frozenset(sorted(self.lacks | other.lacks)[:LACKS]),
            refuses=_joined(self.refuses, other.refuses),
            takes={**self.takes, **other.takes},
        )

    def to_wire(self) -> dict[str, Any]:
        """Builtins only, fit for JSON."""
        return {
            "version": self.version,
            "names": sorted(self.names) if self.names is not None else None,
            "lacks": sorted(self.lacks),
            "refuses": {name: sorted(words) for name, words in sorted(self.refuses.items())},
            "takes": {name: sorted(words) for name, words in sorted(self.takes.items())},
        }

    @classmethod
    def from_wire(cls, values: Mapping[str, Any]) -> SeenModule:
        """The inverse of `to_wire`, and of what an observer tells; what is too long is left out.

        Raises:
            KeyError, TypeError, ValueError: it is neither.
        """
        if not isinstance(values, Mapping):
            raise TypeError("a mapping was expected")
        names = values.get("names")
        return cls(
            version=str(values["version"]),
            names=_words(names) if names is not None and len(names) <= NAMES else None,
            lacks=frozenset(sorted(_words(values.get("lacks", ())))[:LACKS]),
            refuses={str(name): _words(words) for name, words in [*dict(values.get("refuses", {})).items()][:LACKS]},
            takes={str(name): _words(words) for name, words in [*dict(values.get("takes", {})).items()][:LACKS]},
        )


class SeenModules:
    """All modules that were seen, by their dotted names."""

    def __init__(self, modules: Mapping[str, SeenModule]) -> None:
        self.modules = modules

    def names(self, module: str, version: str | None) -> frozenset[str] | None:
        """The public names of a module, where its distribution still is of the version that was seen."""
        seen = self._of(module, version)
        return seen.names if seen is not None else None

    def has(self, module: str, name: str, version: str | None) -> bool | None:
        """Whether the module has that name."""
        seen = self._of(module, version)
        if seen is None:
            return None
        if name in seen.lacks:
            return False
        return name in seen.names if seen.names is not None else None

    def takes(self, module: str, qualname: str, keyword: str, version: str | None) -> bool | None:
        """Whether a callable of the module takes that keyword."""
        seen = self._of(module, version)
        if seen is None:
            return None
        if keyword in seen.refuses.get(qualname, ()):
            return False
        parameters = seen.takes.get(qualname)
        return None if parameters is None else keyword in parameters or "**" in parameters

    def joined(self, told: Iterable[tuple[str, SeenModule]]) -> SeenModules:
        """With what another run saw; of too many modules those seen first are forgotten."""
        modules = dict(self.modules)
        for name, seen in told:
            before = modules.pop(name, None)
            modules[name] = before.with_more(seen) if before is not None else seen
        return SeenModules(dict(list(modules.items())[-MODULES:]))

    def _of(self, module: str, version: str | None) -> SeenModule | None:
        seen = self.modules.get(module)
        return seen if seen is not None and version is not None and seen.version == version else None


def _joined(one: Mapping[str, frozenset[str]], two: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    both = {name: one.get(name, frozenset()) | two.get(name, frozenset()) for name in {**one, **two}}
    return dict(list(both.items())[-LACKS:])


def _words(values: Any) -> frozenset[str]:
    if isinstance(values, str):
        raise TypeError("a list of words was expected")
    return frozenset(word for word in values if isinstance(word, str) and len(word) <= LENGTH)
