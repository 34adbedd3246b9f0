"""What `Memory` scans for mistakes that no test need show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlearn.app.inquiry import Inquiry
    from pytest_llmlearn.app.ports.scan import Looked
    from pytest_llmlearn.app.record import Recording
    from pytest_llmlearn.app.scan import Scanned, Scanning
    from pytest_llmlearn.domain.entry import Run
    from pytest_llmlearn.domain.occurrence import Occurrence

    RecordRun = Callable[[Run, Sequence[Occurrence]], Recording]


class ScanOfMemory:
    """The part of `Memory` around scanning."""

    _inquiry: Inquiry
    _scanning: Callable[[RecordRun], Scanning]

    if TYPE_CHECKING:

        def record_run(self, run: Run, occurrences: Sequence[Occurrence]) -> Recording: ...

    def scan(
        self,
        paths: Sequence[str] | None = None,
        *,
        accept: bool = False,
        make: bool = False,
        looked: Looked | None = None,
        jobs: int = 1,
    ) -> Scanned:
        """Scan files and folders, absolute or from the root, whoever wrote them; without any all LLM-written files.

        What is as it was at its last scan is not looked at again. With `accept` what is found in these files, and no
        more, is accepted from now on: recorded it is not, and later scans leave it out. `make` remembers what was
        scanned even where `.llmlearn/` has to be made for it; `looked` hears how many files were looked at;
        `jobs` processors may be kept busy, with 0 one while nobody else wants it.

        Raises:
            ScannerUnavailable: Semgrep is missing, too old, hangs or crashes; nothing was written.
            BadInput: a path leads outside the project or to nothing, or the baseline cannot be read.
            StoreError: what was found cannot be written.
            OSError: what was scanned, or accepted, cannot be noted.
        """
        files = None if paths is None else self._inquiry.python_files(paths)
        return self._scanning(self.record_run).run(files, accept=accept, make=make, looked=looked, jobs=jobs)

    def forget_scans(self) -> None:
        """Scan every file once more the next time.

        Raises:
            OSError: what is remembered cannot be removed.
        """
        self._scanning(self.record_run).forget()
