"""What state the Python code of a working tree is in: its commit, and what differs from it.

Other files do not make it another state: runs of tests write reports and caches beside the code.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pytest_llmlearn.adapters.git.differing import asked
from pytest_llmlearn.adapters.git.repository import environment, head_commit
from pytest_llmlearn.domain.recurring import code_state
from pytest_llmlearn.errors import BadInput

_OWN = ".llmlearn/"


def state_of(root: Path) -> str | None:
    """The state of the code below `root`, as `domain.recurring.code_state` names it; None without a commit, or where
    git does not answer."""
    commit = head_commit(root)
    if commit is None:
        return None
    given = environment(os.environ)
    try:
        names = asked(root, ["diff", "--name-only", "-z", "--relative", "--no-renames", "HEAD", "--", "*.py"], given)
        names += asked(root, ["ls-files", "-z", "--others", "--exclude-standard", "--", "*.py"], given)
    except BadInput:  # what differs is not known, so the commit does not tell the state
        return None
    return code_state(commit, _contents(root, names))


def _contents(root: Path, names: list[str]) -> Iterator[tuple[str, bytes | None]]:
    for name in dict.fromkeys(names):
        if not name.startswith(_OWN):
            try:
                yield name, (root / name).read_bytes()
            except OSError:  # deleted
                yield name, None
