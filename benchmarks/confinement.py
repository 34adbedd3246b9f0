"""Running code that nobody has read: bounded memory, bounded files, bounded time, and no network.

The network is taken away with `unshare -rn`; where the system does not allow that, `network_can_be_cut` says so
and the caller decides. Nothing here protects the file system: run on a tree that may be lost.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MEMORY = 8 << 30  # numpy and its threads reserve addresses generously
FILE_SIZE = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Confined:
    """How a confined process ended: its exit status (None when it was killed for its time), and seconds taken."""

    status: int | None
    seconds: float


def network_can_be_cut() -> bool:
    """Say whether a process without a network can be started here."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0


def confined(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    output: Path,
    memory: int = MEMORY,
) -> Confined:
    """Run `command` without a network, with at most `memory` bytes of addresses, for at most `timeout` seconds.

    Standard output and error go to the file `output`. When the time is over the whole process group is killed.
    """
    # The shell sets the limits rather than a hook between fork and exec, which threads would make unsafe.
    limits = f'ulimit -c 0; ulimit -f {FILE_SIZE // 512}; ulimit -v {memory // 1024} || :; exec "$@"'
    words = ["unshare", "-rn", "sh", "-c", limits, "sh", *(str(word) for word in command)]
    started = time.monotonic()
    with output.open("wb") as sink:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status: int | None
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            # Also after a good end: what a test left running must not run on beside the next one.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return Confined(status=status, seconds=time.monotonic() - started)
