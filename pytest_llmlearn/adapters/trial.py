"""The project's tests, run in a process of its own by the project's own interpreter, and what they said.

The copy of the project is imported, not the project itself, even where that is installed to be edited in place: its
folders on the interpreter's path are named first as they are in the copy.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pytest_llmlearn.app.ports.trial import Tried
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.errors import CannotHeal

SECONDS = 300.0
"""How long the tests may take at one commit."""
TELLING = "pytest_llmlearn.entrypoints.telling"
TELL = "_LLMLEARN_TELL"
"""Names the file in which the tests' process tells what it saw; one underscore before what settings begin with."""
_PATHS = "import json, sys; print(json.dumps([sys.path, sys.prefix]))"
_NO_TESTS = (4, 5)  # pytest's exit status where what was named is not there, or nothing was collected


class ChildTrial:
    """`ports.Trial` for copies of the project at `root`; `python` is its interpreter, found by itself for None."""

    def __init__(self, root: Path, environ: Mapping[str, str], *, python: str | None = None, seconds: float = SECONDS):
        self._root = Path(os.path.realpath(root))
        self._environ = {
            name: value for name, value in environ.items() if not name.startswith(("LLMLEARN", "PYTEST_", "GIT_"))
        }
        self._python = python or interpreter(root, environ)
        self._seconds = seconds
        self._paths: list[str] | None = None

    def __call__(self, root: Path, tests: Sequence[str]) -> Tried:
        """What these tests (ids or files) say in the copy at `root`; of files, those that are there.

        Raises:
            CannotHeal: they could not be run, or not within the time.
        """
        tests = [one for one in tests if "::" in one or (root / one).exists()]
        if not tests:
            return Tried(found=False)
        with tempfile.TemporaryDirectory(prefix="llmlearn-tell-") as folder:
            told = Path(folder) / "told.json"
            code, output = self._run(root, tests, told)
            try:
                seen = json.loads(told.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                if code in _NO_TESTS and "unrecognized arguments" not in output and "Error importing" not in output:
                    return Tried(found=False)
                raise CannotHeal(self._why(output)) from None
        if code in _NO_TESTS and not seen["occurrences"]:
            return Tried(found=False)
        return Tried(
            passed=frozenset(seen["passed"]),
            failed=frozenset(seen["failed"]),
            skipped=frozenset(seen["skipped"]),
            occurrences=tuple(Occurrence.from_wire(one) for one in seen["occurrences"]),
        )

    def _run(self, root: Path, tests: Sequence[str], told: Path) -> tuple[int, str]:
        environ = {
            **self._environ,
            "LLMLEARN": "0",
            TELL: str(told),
            "PYTHONPATH": os.pathsep.join(self._path(root)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        words = [self._python, "-m", "pytest", "-p", TELLING, "-p", "no:cacheprovider", *tests]
        try:
            process = subprocess.Popen(
                words,
                cwd=root,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise CannotHeal(f"{self._python} could not be started: {error.strerror or error}") from None
        try:
            output, _ = process.communicate(timeout=self._seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            raise CannotHeal(f"the tests took longer than {self._seconds:.0f} seconds, and were stopped") from None
        except BaseException:  # raised again: the tests alone would be left behind
            _end(process)
            raise
        return process.returncode, output.decode("utf-8", "replace")

    def _path(self, root: Path) -> list[str]:
        """The copy's folders first, then what the user's own PYTHONPATH names outside the project."""
        own = [str(root), *([str(root / "src")] if (root / "src").is_dir() else [])]
        copied = [str(root / path) for path in self._own_paths() if (root / path).is_dir()]
        given = [path for path in self._environ.get("PYTHONPATH", "").split(os.pathsep) if path]
        outside = [path for path in given if not Path(os.path.realpath(path)).is_relative_to(self._root)]
        return list(dict.fromkeys([*copied, *own, *outside]))

    def _own_paths(self) -> list[str]:
        """The folders of the project on its interpreter's path, from its root; not those of an environment in it."""
        if self._paths is None:
            try:
                asked = [self._python, "-c", _PATHS]
                done = subprocess.run(
                    asked, cwd=self._root, env=self._environ, capture_output=True, timeout=30, check=True
                )
                paths, prefix = json.loads(done.stdout)
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                raise CannotHeal(f"{self._python} does not answer: {error}") from None
            real = [Path(os.path.realpath(path)) for path in paths if path]
            environment = Path(os.path.realpath(prefix))
            self._paths = [
                path.relative_to(self._root).as_posix()
                for path in real
                if path.is_relative_to(self._root)
                and not (path.is_relative_to(environment) and environment != self._root)
            ]
        return self._paths

    def _why(self, output: str) -> str:
        if "No module named pytest_llmlearn" in output or f'Error importing plugin "{TELLING}"' in output:
            return f"pytest-llmlearn is not installed for {self._python}, which runs the project's tests"
        if "No module named pytest" in output:
            return f"there is no pytest for {self._python}; name the project's interpreter with --python"
        last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "it ended without a word")
        return f"pytest could not run the tests: {last[:200]}"


def interpreter(root: Path, environ: Mapping[str, str]) -> str:
    """The project's own interpreter: of the active environment, else of one in its folder, else this one."""
    folder = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    active = environ.get("VIRTUAL_ENV")
    for place in (*([Path(active)] if active else []), root / ".venv", root / "venv"):
        python = place.joinpath(*folder)
        if python.exists():
            return str(python)
    return sys.executable


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the tests' process and what it started, and let go of its pipe."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # it ended meanwhile
            os.killpg(process.pid, signal.SIGKILL)  # its own session: nobody else is in that group
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
