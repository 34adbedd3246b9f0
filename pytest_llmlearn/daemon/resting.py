"""How a process that lives on beside others' work is set up: few threads, and no long pauses.

Only the process itself may do so, in its own `main`: never a library in somebody else's.
"""

from __future__ import annotations

from collections.abc import MutableMapping

LIBRARIES = ("OMP", "OPENBLAS", "MKL")
GARBAGE = (700, 10, 100)
"""Python's thresholds for looking for garbage, of which the last is 10 by itself. What a warm memory remembers is much
and is no garbage: looking through all of it stops an answer for 30 to 100 milliseconds, so that it is done a tenth as
often. What is thrown away goes at once all the same, but for what holds itself in a circle."""


def one_thread(environ: MutableMapping[str, str]) -> None:
    """Have numbers computed in one thread, unless the user said otherwise; before what computes them is loaded.

    What is compared is small, and threads that wait for one another in a busy machine take ten times as long.
    """
    for library in LIBRARIES:
        environ.setdefault(f"{library}_NUM_THREADS", "1")
