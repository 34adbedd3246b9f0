"""The Semgrep program: where it is, and which version.

Found without starting it where that can be: with its own check for newer versions, `semgrep --version` takes minutes
where there is no network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pytest_llmlearn.errors import ScannerUnavailable

OLDEST = (1, 180)
NAME = "semgrep"
SECONDS = 20.0

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def find(environ: Mapping[str, str], named: str = "") -> str | None:
    """Its path: the one that is `named`; else beside this interpreter, where an environment that is not activated has
    it; else on PATH."""
    if named:
        return shutil.which(named, path=environ.get("PATH"))
    beside = Path(sys.executable).parent / NAME
    if beside.is_file() and os.access(beside, os.X_OK):
        return str(beside)
    return shutil.which(NAME, path=environ.get("PATH"))


def version(program: str, environ: Mapping[str, str]) -> str:
    """Its version, such as `1.182.0`.

    Raises:
        ScannerUnavailable: it does not say, or is too old.
    """
    told = _installed(program) or _asked(program, environ)
    numbers = _VERSION.search(told)
    if numbers is None:
        raise ScannerUnavailable(f"{program} does not say which version of Semgrep it is")
    if (int(numbers[1]), int(numbers[2])) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise ScannerUnavailable(
            f"Semgrep {numbers[0]} is too old, {wanted} or newer is needed: pip install -U 'semgrep>={wanted}'"
        )
    return numbers[0]


def _installed(program: str) -> str:
    """The version in the name of its distribution's folder, where it lies in an environment of Python's."""
    for found in (Path(program).absolute(), Path(os.path.realpath(program))):
        folders = sorted(found.parent.parent.glob("[Ll]ib/python3*/site-packages/semgrep-*.dist-info"))
        if len(folders) == 1:
            return folders[0].name.removeprefix("semgrep-").removesuffix(".dist-info")
    return ""


def _asked(program: str, environ: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            [program, "--experimental", "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ScannerUnavailable(f"{program} did not say its version within {SECONDS:.0f} seconds") from None
    except OSError as error:
        raise ScannerUnavailable(f"{program} cannot be started: {error.strerror or error}") from None
    return done.stdout
