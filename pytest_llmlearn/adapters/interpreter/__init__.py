"""The project's own interpreter: which it is, and what it tells of itself.

It is asked once, in a child process that runs none of the project's code; the answer is kept, and holds until the
interpreter, its environment or its folders of packages change. An interpreter that does not answer costs one sentence,
and nothing is known of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from pytest_llmlearn.domain.interpreter import Interpreter

SECONDS = 20.0
"""How long the interpreter may take to answer."""
_SCRIPT = Path(__file__).with_name("asked.py")
_INSPECTING = Path(__file__).with_name("inspected.py")
_BIN = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")


class Kept(Protocol):
    """A small file for the answer (`last_run.state_file.StateFile` is one)."""

    def read(self) -> dict[str, Any] | None: ...

    def write(self, values: Mapping[str, Any]) -> None: ...


class ProjectInterpreter:
    """The interpreter of the project at `root`.

    `named` is what the settings say: a path of an interpreter or of an environment's folder, relative to the root;
    empty: the active environment's, else that of `.venv` or `venv` in the root, else `ran`, the one that ran the tests
    last. Only where nobody knows that is it the one that runs this, which may live in an environment of its own.
    """

    def __init__(
        self, root: Path, environ: Mapping[str, str], *, named: str = "", ran: str = "", kept: Kept | None = None
    ) -> None:
        self._environ = environ
        self._kept = kept
        self.path = found(root, environ, named, ran)
        self.notices: list[str] = []

    def ask(self) -> Interpreter | None:
        """What it tells of itself; None where it does not answer, which `notices` then says."""
        kept = self._kept.read() if self._kept is not None else None
        stamps = kept.get("stamps") if kept is not None else None
        if kept is not None and kept.get("executable") == self.path and stamps and _stamps(stamps) == stamps:
            try:
                return Interpreter.from_wire(self.path, kept["told"])
            except (KeyError, TypeError, ValueError):  # written by another version, or damaged: it is asked anew
                pass
        try:
            told = self._told()
            interpreter = Interpreter.from_wire(self.path, told)
        except (OSError, subprocess.SubprocessError, KeyError, TypeError, ValueError) as error:
            self.notices.append(
                f"the project's interpreter {self.path} does not answer ({_said(error)}): "
                "what exists there is not known"
            )
            return None
        self._keep(told)
        return interpreter

    def inspect(self, module: str) -> dict[str, Any] | None:
        """Import a library module in a process of its own, and tell its `names` (None where it makes them while
        running) and the `signatures` of its callables; None where it cannot be imported within the limits."""
        try:
            told = self._run("-I", str(_INSPECTING), module)
        except (OSError, subprocess.SubprocessError, ValueError):  # whatever the library did: nothing is known of it
            return None
        return told if isinstance(told, dict) else None

    def _told(self) -> Any:
        return self._run("-I", "-S", str(_SCRIPT))

    def _run(self, *words: str) -> Any:
        environ = {name: value for name, value in self._environ.items() if not name.startswith(("PYTHON", "LLMLEARN"))}
        done = subprocess.run(
            [self.path, *words],
            cwd=_SCRIPT.parent,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        return json.loads(done.stdout)

    def _keep(self, told: Mapping[str, Any]) -> None:
        if self._kept is None:
            return
        places = [self.path, *_settings_of(self.path), *told.get("site", ())]
        stamps = _stamps(dict.fromkeys(places, 0))
        with suppress(OSError):  # no folder of ours yet, or none that may be written: it is asked again next time
            self._kept.write({"executable": self.path, "stamps": stamps, "told": dict(told)})


def found(root: Path, environ: Mapping[str, str], named: str = "", ran: str = "") -> str:
    """The path of the project's interpreter; it need not be there."""
    if named:
        path = root / Path(named).expanduser()
        return str(path.joinpath(*_BIN) if path.is_dir() else path)
    active = environ.get("VIRTUAL_ENV")
    for place in (*([Path(active)] if active else []), root / ".venv", root / "venv"):
        python = place.joinpath(*_BIN)
        if python.exists():
            return str(python)
    return ran or sys.executable


def _settings_of(python: str) -> list[str]:
    place = Path(python).parent
    return [str(folder / "pyvenv.cfg") for folder in (place, place.parent) if (folder / "pyvenv.cfg").exists()]


def _stamps(places: object) -> dict[str, int]:
    """When each of these was changed last (nanoseconds); 0 for what is not there."""
    stamps: dict[str, int] = {}
    for place in places if isinstance(places, dict) else ():
        try:
            stamps[place] = os.stat(place).st_mtime_ns  # noqa: PTH116 - names alone, no objects
        except (OSError, ValueError):
            stamps[place] = 0
    return stamps


def _said(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not within {SECONDS:.0f} seconds"
    if isinstance(error, subprocess.CalledProcessError):
        lines = (error.stderr or b"").decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else f"exit status {error.returncode}"
    return str(error.strerror or error) if isinstance(error, OSError) else "it told something else"
