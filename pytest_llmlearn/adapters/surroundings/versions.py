"""Which version of a distribution brings a module: told by the folders that installers leave beside the packages.

Source: the core metadata's `NAME-VERSION.dist-info` folders, with `top_level.txt` or `RECORD` in them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pytest_llmlearn.adapters.surroundings.files import SourceFiles
from pytest_llmlearn.adapters.surroundings.metadata import canonical

_ENDINGS = (".dist-info", ".egg-info")


class Versions:
    """The distributions in the folders of a search path; each folder is listed once, and read where it must be."""

    def __init__(self, files: SourceFiles, search_path: Sequence[str]) -> None:
        self._files = files
        self._folders = [Path(folder) for folder in search_path]
        self._known: Mapping[str, tuple[str, str]] | None = None
        self._asked: dict[str, tuple[str, str] | None] = {}

    def of(self, module: str) -> tuple[str, str] | None:
        """Name (as indexes write it) and version of the distribution that brings a top-level module, if any."""
        if module not in self._asked:
            self._asked[module] = self._named(module) or self._all().get(module)
        return self._asked[module]

    def _named(self, module: str) -> tuple[str, str] | None:
        """The distribution of the module's own name: most are."""
        for folder in self._folders:
            for entry in self._files.listing(folder):
                found = _split(entry)
                if found is not None and found[0] == canonical(module) and module in self._files.children(folder):
                    return found
        return None

    def _all(self) -> Mapping[str, tuple[str, str]]:
        if self._known is None:
            known: dict[str, tuple[str, str]] = {}
            for folder in self._folders:
                for entry in sorted(self._files.listing(folder)):
                    found = _split(entry)
                    for top in self._tops(folder / entry) if found is not None else ():
                        known.setdefault(top, found or ("", ""))
            self._known = known
        return self._known

    def _tops(self, folder: Path) -> set[str]:
        told = self._files.read(folder / "top_level.txt")
        if told is not None:
            return set(told.split())
        record = self._files.read(folder / "RECORD") or ""
        firsts = {line.partition(",")[0].partition("/")[0] for line in record.splitlines()}
        return {first.partition(".")[0] for first in firsts if not first.endswith(_ENDINGS)}


def _split(entry: str) -> tuple[str, str] | None:
    if not entry.endswith(_ENDINGS):
        return None
    name, _, version = entry.rpartition(".")[0].partition("-")
    version = version.partition("-")[0]
    return (canonical(name), version) if version else None


def versions_of(root: Path, search_path: Sequence[str], modules: Collection[str]) -> Mapping[str, str]:
    """The versions of the distributions that bring these top-level modules; those without are left out."""
    versions = Versions(SourceFiles(root, search_path), search_path)
    found = {module: versions.of(module) for module in modules}
    return {module: one[1] for module, one in found.items() if one is not None}
