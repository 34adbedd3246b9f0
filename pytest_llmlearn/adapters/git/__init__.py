"""git, read only: who wrote a line by its history, where a repository begins, which commit it is at.

Nothing here writes, fetches, asks or waits without an end; what hooks set for another repository is not looked at.
"""

from __future__ import annotations

from pytest_llmlearn.adapters.git.blame import GitBlame
from pytest_llmlearn.adapters.git.repository import head_commit, toplevel

__all__ = ["GitBlame", "head_commit", "toplevel"]
