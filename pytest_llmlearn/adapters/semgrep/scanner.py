"""Semgrep, out of process: our rules, then a user's own, over the files that are named.

It is never asked to go to the network: no metrics, no check for versions, rules from files. Its faster engine is asked
first, and the plain one where that gives no answer. Whatever becomes of it is one sentence.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from pytest_llmlearn.adapters.semgrep import program
from pytest_llmlearn.adapters.semgrep.answer import check_of, read
from pytest_llmlearn.app.ports.scan import Answer, Looked, Problem
from pytest_llmlearn.domain.flaw import rule_ids
from pytest_llmlearn.errors import ScannerUnavailable

VERSION = "1"
"""Of what is made of Semgrep's answers: another one makes what is remembered void."""
AUDIT = "audit.yml"
PIECE = 250
"""Files given to one process where somebody watches."""
MOST = 4_000
"""Files given to one process at all: a command line is not endless."""
FILE_SECONDS = 10
"""What one rule may take over one file."""
SPACE = 4 * 2**30
"""Bytes of address space; what it uses of them is less than a tenth."""
BYTES = 2_000_000
"""Of the largest file that is looked at."""

_RULES = Path(__file__).parent.parent.parent / "detectors" / "rules"
_OF_THE_RUN = ("COVERAGE_", "COV_CORE_", "PYTEST_", "SEMGREP_")
_NOT_ITS = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")
_RULE = re.compile(r"""^\s*(?:-\s+)?["']?id["']?\s*:\s*["']?([\w.-]+)""", re.MULTILINE)
"""A rule's name in a file of rules; one that is written in another way is not known to have been asked."""
_REGISTRY = ("p/", "r/", "http://", "https://", "auto", "supply-chain", "policy")


class SemgrepScanner:
    """`ports.Scanner` for the project at `root`.

    `program` is Semgrep's path, where it is not to be looked for. `configs` are a user's own: files, folders, or names
    of a registry. `audit` takes the rules of low confidence too. `seconds` is how long one run of Semgrep may take.
    """

    def __init__(
        self,
        root: Path,
        environ: Mapping[str, str],
        *,
        program: str = "",
        configs: Sequence[str] = (),
        audit: bool = False,
        seconds: float = 300.0,
    ) -> None:
        self._root = root
        self._given = environ
        self._named = program
        self._configs = tuple(configs)
        self._audit = audit
        self._seconds = seconds
        self._jobs = 1

    def terms(self) -> str:
        """A digest of the rules, the program and its version.

        Raises:
            ScannerUnavailable: there is no Semgrep, or it is too old.
        """
        digest = blake2b(f"{VERSION}\0{self._version}".encode(), digest_size=12)
        for config in (*map(str, self._own), *self._configs):
            digest.update(f"\0{Path(config).name if config in map(str, self._own) else config}\0".encode())
            for file in _files(self._root / config):
                digest.update(file.read_bytes())
        return digest.hexdigest()

    def scan(self, paths: Sequence[str], looked: Looked | None = None, *, jobs: int = 1) -> Answer:
        """What our rules and the user's say of these files.

        Raises:
            ScannerUnavailable: our own could not be asked. What is wrong with the user's is a problem of the answer.
        """
        self._jobs = jobs
        size = PIECE if looked is not None else MOST
        answers = []
        asked = []
        if looked is not None:
            looked(0, len(paths))
        for start in range(0, len(paths), size):
            some = paths[start : start + size]
            piece = [self._asked([*map(str, self._own)], some, own=True), *self._users(some)]
            answers += piece
            asked.append(frozenset().union(*(one.asked for one in piece)))
            if looked is not None:
                looked(min(start + size, len(paths)), len(paths))
        return Answer(
            flaws=tuple(dict.fromkeys(flaw for one in answers for flaw in one.flaws)),
            partial=frozenset().union(*(one.partial for one in answers)),
            unheard=frozenset().union(*(one.unheard for one in answers)),
            problems=tuple(dict.fromkeys(problem for one in answers for problem in one.problems)),
            asked=frozenset.intersection(*asked) if asked else frozenset(),
            hidden=frozenset().union(*(one.hidden for one in answers)),
        )

    @cached_property
    def _program(self) -> str:
        found = program.find(self._given, self._named)
        if found is None and self._named:
            raise ScannerUnavailable(f"there is no program {self._named} (setting scan_program)", missing=True)
        if found is None:
            raise ScannerUnavailable(
                "Semgrep is not installed (pip install 'pytest-llmlearn[security]')",
                missing=True,
            )
        return found

    @cached_property
    def _version(self) -> str:
        with tempfile.TemporaryDirectory(prefix="llmlearn-") as scratch:
            return program.version(self._program, self._environ(Path(scratch), own=True))

    @cached_property
    def _own(self) -> Sequence[Path]:
        return tuple(path for path in sorted(_RULES.glob("*.yml")) if self._audit or path.name != AUDIT)

    def _users(self, paths: Sequence[str]) -> Iterator[Answer]:
        """By themselves: what is wrong with them must not cost what ours find."""
        for config in self._configs:
            known = config.startswith(_REGISTRY)
            if not known and not (self._root / config).exists():
                yield Answer(problems=(Problem(message=f"there are no rules at {config} (setting scan_configs)"),))
                continue
            try:
                found = self._asked([config], paths, own=False)
            except ScannerUnavailable as error:
                yield Answer(problems=(Problem(message=f"the rules of {config} were not heard: {error}"),))
                continue
            yield found

    def _asked(self, configs: Sequence[str], paths: Sequence[str], *, own: bool) -> Answer:
        said = ""
        for experimental in (True, False):
            status, printed, said = self._run(configs, paths, own=own, experimental=experimental)
            answer = read(printed, paths) if status in (0, 1, 2, 3, 7) else None
            if answer is None:
                continue
            whole = [problem for problem in answer.problems if problem.path is None and problem.rule is None]
            if own and status not in (0, 1) and whole:
                said = whole[0].message  # it answers that it could not
                continue
            if not own and status == 7:
                told = "; ".join(problem.message for problem in answer.problems[:2])
                return Answer(problems=(Problem(message=f"the rules of {configs[0]} cannot be used: {told}"),))
            return replace(answer, asked=self._named_in(configs) - _failed(answer))
        raise ScannerUnavailable(f"Semgrep {self._version} failed{_because(said, status)}; nothing was scanned")

    def _named_in(self, configs: Sequence[str]) -> frozenset[str]:
        """What the findings of these rules can be called; of rules that are in no file here nothing is known."""
        files = [file for config in configs for file in _files(self._root / config)]
        named = [found for file in files for found in _RULE.findall(file.read_text("utf-8", "replace"))]
        return frozenset().union(*(rule_ids(check_of(one)) for one in named))

    def _run(
        self, configs: Sequence[str], paths: Sequence[str], *, own: bool, experimental: bool
    ) -> tuple[int, str, str]:
        """Status, what it printed, and what it said beside that."""
        command = [self._program, "scan", *(("--experimental",) if experimental else ())]
        command += ["--metrics=off", "--disable-version-check", "--quiet", "--json", "--jobs", str(max(self._jobs, 1))]
        command += ["--timeout", str(FILE_SECONDS), "--max-target-bytes", str(BYTES)]
        command += [word for config in configs for word in ("--config", config)]
        with (
            tempfile.TemporaryDirectory(prefix="llmlearn-") as scratch,
            # Files, not pipes: a child that outlives it could keep a pipe open, and us waiting.
            open(f"{scratch}/out", "wb+") as out,  # noqa: PTH123
            open(f"{scratch}/err", "wb+") as err,  # noqa: PTH123
        ):
            try:
                process = subprocess.Popen(
                    [*command, "--", *paths],
                    cwd=self._root,
                    env=self._environ(Path(scratch), own=own),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=os.name == "posix",
                )
            except OSError as error:
                raise ScannerUnavailable(f"{self._program} cannot be started: {error.strerror or error}") from None
            _bound(process.pid)
            if self._jobs == 0:
                _let_others_first(process.pid)
            try:
                process.wait(self._seconds)
            except subprocess.TimeoutExpired:
                raise ScannerUnavailable(
                    f"Semgrep did not end within {self._seconds:.0f} seconds (setting scan_seconds) and was stopped"
                ) from None
            finally:
                _end(process)
            for file in (out, err):
                file.seek(0)
            printed, said = (file.read().decode("utf-8", "replace") for file in (out, err))
            return process.returncode, printed, said

    def _environ(self, scratch: Path, *, own: bool) -> dict[str, str]:
        kept = {
            name: value
            for name, value in self._given.items()
            if name not in _NOT_ITS and not (name.startswith(_OF_THE_RUN) and (own or not name.startswith("SEMGREP_")))
        }
        return {
            **kept,
            "SEMGREP_SEND_METRICS": "off",
            "SEMGREP_ENABLE_VERSION_CHECK": "0",
            "SEMGREP_SETTINGS_FILE": str(scratch / "settings.yml"),
            "SEMGREP_LOG_FILE": str(scratch / "semgrep.log"),
            "SEMGREP_VERSION_CACHE_PATH": str(scratch / "version"),
            "NO_COLOR": "1",
            "PYTHONUTF8": "1",
        }


def _failed(answer: Answer) -> frozenset[str]:
    """The rules that could not be asked of any file."""
    failed = [problem.rule for problem in answer.problems if problem.rule is not None and problem.path is None]
    return frozenset().union(*map(rule_ids, failed))


def _files(config: Path) -> Iterable[Path]:
    with contextlib.suppress(OSError):  # gone or not to be read: Semgrep itself will say so
        if config.is_file():
            return [config]
        if config.is_dir():
            return sorted(file for file in config.rglob("*") if file.suffix in (".yml", ".yaml") and file.is_file())
    return []


def _because(said: str, status: int) -> str:
    """Why, as far as it tells."""
    if status in (-9, 137) or "heap memory" in said or "Out_of_memory" in said or "Out of memory" in said:
        return ": it ran out of memory"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f" (status {status})" + (f": {' '.join(lines[-1].split())[:200]}" if lines else "")


def _bound(pid: int) -> None:
    try:
        import resource

        resource.prlimit(pid, resource.RLIMIT_AS, (SPACE, SPACE))
    except (ImportError, AttributeError, OSError, ValueError):  # not on this system, over already, or bound lower
        return


def _let_others_first(pid: int) -> None:
    """The lowest priority that the system has."""
    with contextlib.suppress(OSError, AttributeError):  # not everywhere, and not in every container
        os.setpriority(os.PRIO_PROCESS, pid, 19)
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of it is left, its children included."""
    if process.poll() is None and os.name == "posix":
        with contextlib.suppress(OSError):  # just ended by itself
            os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + 1.0
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
    if os.name == "posix":
        with contextlib.suppress(OSError):  # the group is empty
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()
    process.wait()
