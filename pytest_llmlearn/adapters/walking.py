"""Which files a project holds where no version history says so: its folders are walked."""

from __future__ import annotations

import os
from pathlib import Path

# Written by installers and builds, or huge: nobody's own code.
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist"})


def files(root: Path, ending: str) -> list[str]:
    """The files below `root` with that ending, as paths from it with `/`, sorted.

    Hidden folders, environments, and folders that builds and installers write are left out, and so are links.
    """
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if name not in _SKIPPED and not name.startswith(".") and not Path(folder, name, "pyvenv.cfg").exists()
        ]
        paths = (Path(folder, name) for name in names if name.endswith(ending))
        found += [path.relative_to(root).as_posix() for path in paths if not path.is_symlink()]
    return sorted(found)
