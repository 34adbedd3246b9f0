"""What `Memory` says of who wrote the code, and takes down of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.app.provenance import Origins, Told
from pytest_llmlearn.domain.marks import Mark
from pytest_llmlearn.domain.rollup import FileAccount
from pytest_llmlearn.domain.tally import Summary

if TYPE_CHECKING:
    from pytest_llmlearn.app.inquiry import Inquiry


class ProvenanceOfMemory:
    """The part of `Memory` around provenance."""

    _inquiry: Inquiry
    _origins: Origins

    def provenance(self, path: str, *, keep: bool = False) -> FileAccount:
        """Who wrote a file: its lines, functions and classes, and the whole; `path` is absolute or from the root.

        `keep` remembers the answer even where `.llmlearn/` has to be made for it.

        Raises:
            BadInput: the path leads outside the project, to nothing, or to a file that is no text.
        """
        return self._inquiry.of_file(path, keep=keep)

    def provenance_summary(self, path: str | None = None, *, keep: bool = False, told: Told | None = None) -> Summary:
        """How much of the project's Python files, or of those at or below `path`, is whose.

        `keep` is as for `provenance`; `told` hears how many files are done, and of how many.

        Raises:
            BadInput: the path leads outside the project, or to nothing.
        """
        return self._inquiry.summary(path, keep=keep, told=told)

    def mark(
        self,
        path: str,
        *,
        lines: tuple[int, int] | None = None,
        model: str | None = None,
        human: bool = False,
        by: str | None = None,
    ) -> Mark:
        """Say who wrote a file, or `lines` of it (from 1, both included): a model, or a human. Wins over all else.

        Raises:
            BadInput: not exactly one of `model` and `human`, no such file in the project, or no such lines in it.
            OSError: it cannot be written.
        """
        return self._inquiry.mark(path, lines=lines, model=model, human=human, by=by)

    def unmark(self, path: str, *, lines: tuple[int, int] | None = None, by: str | None = None) -> Mark:
        """Take back what was said of a file, or of `lines` of it.

        Raises:
            BadInput: nothing was said of that file, or there are no such lines in it.
            OSError: it cannot be written.
        """
        return self._inquiry.unmark(path, lines=lines, by=by)

    def forget_provenance(self) -> None:
        """Erase what was found out of who wrote the code. It is found out again when it is asked for."""
        self._origins.clear()

    @property
    def knows_generated_code(self) -> bool:
        """Whether anything in the repository is known to be a model's."""
        return self._origins.anywhere()
