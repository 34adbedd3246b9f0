"""What a person asks and says of who wrote the code: of one file, of a folder, of the whole repository.

Every path is checked to lie within the project before anything is read or written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_llmlearn.app.ports import Clock, Marks
from pytest_llmlearn.app.provenance import Origins, Told
from pytest_llmlearn.domain import marks as marking
from pytest_llmlearn.domain import rollup, source
from pytest_llmlearn.domain.cleaning import flat
from pytest_llmlearn.domain.marks import Mark
from pytest_llmlearn.domain.rollup import FileAccount
from pytest_llmlearn.domain.tally import Summary
from pytest_llmlearn.errors import BadInput, BadPath

NAME_LENGTH = 250


class Inquiry:
    """Questions on provenance, and a person's answers, for the project at `root`.

    `files` lists its Python files, `patient` has the history wait for as long as whole repositories take.
    """

    def __init__(
        self,
        root: Path,
        *,
        origins: Origins,
        text_of: Callable[[str], str | None],
        files: Callable[[], Sequence[str]],
        marks: Marks,
        clock: Clock,
        patient: Callable[[], None],
    ) -> None:
        self._root = root
        self._origins = origins
        self._text_of = text_of
        self._files = files
        self._marks = marks
        self._clock = clock
        self._patient = patient

    def of_file(self, path: str, *, keep: bool = False) -> FileAccount:
        """Who wrote the lines, functions and classes of one file, and the file as a whole.

        Raises:
            BadInput: the path leads outside the project, to nothing, or to a file that is no text.
        """
        inside, text = self._source(path)
        self._patient()
        return rollup.account(inside, text, self._origins.of(inside, keep=keep))

    def summary(self, path: str | None = None, *, keep: bool = False, told: Told | None = None) -> Summary:
        """The counts of the project's Python files, or of those at and below `path`.

        Raises:
            BadInput: the path leads outside the project, or to nothing.
        """
        inside = self.within(path) if path is not None else "."
        if not (self._root / inside).exists():
            raise BadInput(f"{path} does not exist")
        below = "" if inside == "." else f"{inside}/"
        chosen = [file for file in self._files() if file.startswith(below) or file == inside]
        self._patient()
        return Summary(files=self._origins.tallies(chosen, keep=keep, told=told))

    def mark(
        self,
        path: str,
        *,
        lines: tuple[int, int] | None = None,
        model: str | None = None,
        human: bool = False,
        by: str | None = None,
    ) -> Mark:
        """Write down a person's word: `lines` (from 1, both included; all by default) are by `model`, or by a human.

        Raises:
            BadInput: not exactly one of `model` and `human`, no such file in the project, or no such lines in it.
            OSError: it cannot be written.
        """
        if (model is None) == (not human):
            raise BadInput("say who wrote it: either a model's name, or that it was a human")
        name = flat(model, NAME_LENGTH).strip() if model is not None else None
        if name == "":
            raise BadInput("the model needs a name")
        return self._said(path, lines, "human" if human else "ai", model=name, by=by)

    def unmark(self, path: str, *, lines: tuple[int, int] | None = None, by: str | None = None) -> Mark:
        """Take back what was said of these lines, by default of the whole file, whether or not it is there still.

        Raises:
            BadInput: nothing was said of that file, the path leads outside, or there are no such lines in it.
            OSError: it cannot be written.
        """
        inside = self.within(path)
        if not self._marks.of(inside):
            raise BadInput(f"nothing is marked in {inside}")
        if lines is not None:
            return self._said(path, lines, "withdrawn", by=by)
        return self._add(Mark(path=inside, type="withdrawn", time=self._clock(), by=by))

    def python_files(self, paths: Sequence[str]) -> list[str]:
        """The files among these paths, and the Python files of the folders, as paths from the root, each once.

        Raises:
            BadPath: one leads outside the project, or to nothing.
        """
        found: dict[str, None] = {}
        for path in paths:
            inside = self.within(path)
            target = self._root / inside
            if not target.exists():
                raise BadPath(f"{path} does not exist")
            if target.is_dir():
                below = "" if inside == "." else f"{inside}/"
                found.update(dict.fromkeys(file for file in self._files() if file.startswith(below)))
            else:
                found[inside] = None
        return list(found)

    def within(self, path: str) -> str:
        """A path from the root with `/`, from an absolute one or from one relative to the root.

        Raises:
            BadPath: it leads outside the project, or is no name that a file can have.
        """
        try:
            # Where folders are not separated so, a backslash may belong to the name.
            spelled = path if (self._root / path).exists() else path.replace("\\", "/")
            target = Path(os.path.normpath(self._root / spelled))
            real = target.resolve()
            top = self._root.resolve()
        except (OSError, ValueError, RuntimeError) as error:  # a NUL in the name, a loop of links
            raise BadPath(f"{path!r} is no path: {error}") from error
        if not real.is_relative_to(top):
            raise BadPath(f"{path} lies outside the project {self._root}")
        for root in (self._root, top):
            if target.is_relative_to(root):
                return target.relative_to(root).as_posix()
        return real.relative_to(top).as_posix()

    def _said(
        self,
        path: str,
        lines: tuple[int, int] | None,
        type: marking.MarkType,
        *,
        model: str | None = None,
        by: str | None = None,
    ) -> Mark:
        inside, text = self._source(path)
        written = source.lines_of(text)
        length = len(written) - (not written[-1])
        start, end = lines if lines is not None else (1, length)
        if not length:
            raise BadInput(f"{inside} is empty")
        if not 1 <= start <= end <= length:
            raise BadInput(f"{inside} has the lines 1 to {length}, not {start} to {end}")
        return self._add(
            marking.mark(inside, written[:length], (start, end), type, time=self._clock(), model=model, by=by)
        )

    def _add(self, mark: Mark) -> Mark:
        self._marks.add(mark)
        self._origins.forget()
        return mark

    def _source(self, path: str) -> tuple[str, str]:
        inside = self.within(path)
        target = self._root / inside
        if not target.exists():
            raise BadInput(f"{path} does not exist")
        if target.is_dir():
            raise BadInput(f"{path} is a folder, not a file")
        text = self._text_of(inside)
        if text is None or "\0" in text:
            raise BadInput(f"{path} cannot be read as source text: it is binary, too large, or in another encoding")
        return inside, text
