"""Which distributions a project's own metadata asks for.

Sources: pyproject.toml (PEP 621, PEP 735 groups, build requirements, Poetry's tables), requirements files,
setup.cfg, and the strings of setup.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pytest_llmlearn.adapters.surroundings.files import SourceFiles, value_at

_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def canonical(name: str) -> str:
    """A distribution's name as indexes compare it: lower case, runs of `-`, `_` and `.` as one `-` (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(files: SourceFiles) -> frozenset[str]:
    """Canonical names of the distributions asked for."""
    found = set(_pyproject(files.settings))
    for entry in files.listing(files.root):
        if re.fullmatch(r".*requirements.*\.(txt|in)|constraints\.txt", entry):
            found.update(_requirements((files.read(files.root / entry) or "").splitlines()))
    for entry in files.listing(files.root / "requirements"):
        found.update(_requirements((files.read(files.root / "requirements" / entry) or "").splitlines()))
    for block in re.findall(r"^[\w-]+\s*=\s*\n((?:[ \t]+.*\n?)+)", _text(files, "setup.cfg"), re.MULTILINE):
        found.update(_requirements(block.splitlines()))
    found.update(_requirements(re.findall(r"['\"]([A-Za-z0-9._-]+)", _text(files, "setup.py"))))
    return frozenset(found)


def _text(files: SourceFiles, name: str) -> str:
    return files.read(files.root / name) or "" if name in files.listing(files.root) else ""


def _pyproject(settings: Mapping[str, object]) -> Iterator[str]:
    lists = [value_at(settings, "project", "dependencies"), value_at(settings, "build-system", "requires")]
    for table in (value_at(settings, "project", "optional-dependencies"), value_at(settings, "dependency-groups")):
        lists.extend(table.values() if isinstance(table, Mapping) else ())
    for entries in lists:
        if isinstance(entries, list):
            yield from _requirements(entry for entry in entries if isinstance(entry, str))
    poetry = value_at(settings, "tool", "poetry")
    groups = value_at(poetry, "group")
    tables = [value_at(poetry, "dependencies"), value_at(poetry, "dev-dependencies")]
    tables += [value_at(group, "dependencies") for group in (groups.values() if isinstance(groups, Mapping) else ())]
    for table in tables:
        yield from (canonical(str(name)) for name in (table if isinstance(table, Mapping) else ()))


def _requirements(lines: Iterable[str]) -> set[str]:
    return {canonical(match.group(1)) for line in lines if (match := _REQUIREMENT.match(line))}
