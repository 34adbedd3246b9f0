"""What the client sets: the project's settings, by the names that they have everywhere.

They come as `initializationOptions` and as the section `llmlearn` of `workspace/configuration`; those of the section
are put over the others. What cannot be used is told in one sentence and left out, whoever set it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_llmlearn.errors import SettingError
from pytest_llmlearn.settings import Settings

SECTION = "llmlearn"
WHERE = "the editor's configuration"
_CLIENTS_OWN = frozenset({"trace", "path", "command", "args", "env", "enable"})
"""Keys of the section that editors' extensions use for themselves."""


def given(options: object) -> dict[str, Any]:
    """The settings in what a client sent, which may be the section or hold it; null stands for nothing."""
    if not isinstance(options, Mapping):
        return {}
    section = options.get(SECTION)
    if isinstance(section, Mapping):
        options = section
    return {str(key): value for key, value in options.items() if value is not None and str(key) not in _CLIENTS_OWN}


def settings_with(root: Path, environ: Mapping[str, str], options: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """The settings in force for the project at `root`, and a sentence for each that cannot be used."""
    wrong: list[str] = []
    left = dict(options)
    while True:
        try:
            return Settings.load(root, environ, left, WHERE), wrong
        except SettingError as error:
            wrong.append(str(error))
            key = getattr(error, "key", None)
            if str(error).startswith(WHERE) and key in left:
                del left[key]
                continue
        try:
            # The project's own settings are what is wrong: without them, but with the editor's.
            return Settings.load(Path("/nowhere"), {}, left, WHERE), wrong
        except SettingError as error:
            wrong.append(str(error))
            return Settings(), wrong
