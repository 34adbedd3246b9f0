"""Who wrote a file by its attributes: `llm-generated` is a person's word, `linguist-generated` says less.

    app/made/**   llm-generated=claude-sonnet-5
    app/api.py    -llm-generated

git itself is asked what they amount to, once for each repository, and only where an attribute file speaks of it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from pytest_llmlearn.adapters.git.asking import Refused, Repository
from pytest_llmlearn.adapters.git.attribute_files import NAME, WORD, AttributeFiles, read
from pytest_llmlearn.adapters.git.repository import environment, toplevel
from pytest_llmlearn.adapters.git.standing import around
from pytest_llmlearn.domain.assistants import KNOWN, Roster
from pytest_llmlearn.domain.markers import CERTAIN, WEAK, program_wrote
from pytest_llmlearn.domain.provenance import Provenance

OURS, LINGUISTS = "llm-generated", "linguist-generated"
SECONDS = 5.0
"""How long one question to git may take."""
MAX_TRACKED = 20_000
"""Tracked Python files that a look for anything asks about."""
MAX_MODEL = 250
HEAD_BYTES = 16_384
_SILENT = "unspecified"
_YES = frozenset({"set", "true", "yes", "1"})
_NO = frozenset({"unset", "false", "no", "0"})


class AttributesReader:
    """Answers for whole files. `root` is the project's; it may lie within a repository, hold several, or none."""

    name = "attributes"

    def __init__(
        self, root: Path, *, environ: Mapping[str, str], roster: Roster = KNOWN, seconds: float = SECONDS
    ) -> None:
        self.root = root
        self.roster = roster
        self.seconds = seconds
        self.notices: list[str] = []
        self._environ = environment(environ)

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        """One answer for all lines of each of `paths` whose attributes have one."""
        answers: dict[str, Sequence[Provenance | None]] = {}
        for top, inside in self._by_repository(paths).items():
            asked = AttributeFiles(top=top, environ=self._environ).speaking(inside)
            for name, (ours, linguists) in self._attributes(top, asked).items():
                if ours == linguists == _SILENT:
                    continue
                content = read(top / name, limit=None)
                answer = self._answer(ours, linguists, content)
                if answer is not None:
                    lines = content.count(b"\n") + content.count(b"\r") + 1  # rather too many than too few
                    answers.update((path, [answer] * lines) for path in inside[name])
        return answers

    def says_anything(self) -> bool:
        """Whether an attribute says so of any Python file that the repository around the root tracks.

        Looks at `MAX_TRACKED` of them; submodules are not looked into.
        """
        top = toplevel(self.root)
        if top is None:
            return False
        files = AttributeFiles(top=top, environ=self._environ)
        here = Path(os.path.realpath(self.root))
        folder = _name(here.relative_to(top))
        paths = [*files.common(), *files.towards(folder), *files.nested(folder)]
        if not any(WORD in read(path) for path in paths):
            return False
        tracked = self._said(here, ["ls-files", "-z", "--cached", "--", "*.py"])
        names = [os.fsdecode(name) for name in tracked.split(b"\0") if name]
        answers = self.read(names[:MAX_TRACKED])
        return any(answer is not None and answer.generated for lines in answers.values() for answer in lines[:1])

    def standing(self) -> str:
        """A digest of the attribute files that matter and of who counts as an assistant; empty where none does.

        Those above the root and about all paths, and tracked ones below it, submodules' too. One below the root that
        is not tracked is looked for by `standing_of`.
        """
        digest = blake2b(self.roster.digest.encode("ascii"), digest_size=16)
        said = False
        here = Path(os.path.realpath(self.root))
        for top in around(here):
            files = AttributeFiles(top=top, environ=self._environ)
            folder = _name(here.relative_to(top)) if here.is_relative_to(top) else ""
            for path in dict.fromkeys((*files.common(), *files.towards(folder), *files.nested(folder))):
                content = read(path)
                said = said or WORD in content
                digest.update(b"%b\0%d\0%b" % (os.fsencode(path), len(content), content))
        return digest.hexdigest() if said else ""

    def standing_of(self, paths: Sequence[str]) -> Mapping[str, str]:
        """The attribute files in the folders from below the root down to each of the paths, tracked or not."""
        said: dict[str, bytes] = {"": b""}
        return {
            path: blake2b(content, digest_size=16).hexdigest()
            for path in paths
            if (content := self._said_below(path.rpartition("/")[0], said))
        }

    def _said_below(self, folder: str, said: dict[str, bytes]) -> bytes:
        """What the attribute files from below the root down to the folder hold; `said` is what is known of folders."""
        if folder not in said:
            above = self._said_below(folder.rpartition("/")[0], said)
            content = read(self.root / folder / NAME)
            said[folder] = b"%b%d\0%b" % (above, len(content), content) if above or content else b""
        return said[folder]

    def _answer(self, ours: str, linguists: str, content: bytes) -> Provenance | None:
        if ours.lower() in _NO or ours.lower() == "human":
            word = f"-{OURS}" if ours == "unset" else f"{OURS}={ours}"
            return Provenance(type="human", confidence=CERTAIN, evidence=f"{NAME}: {word}")
        if ours != _SILENT:
            model = None if ours.lower() in _YES else ours[:MAX_MODEL]
            word = f"{OURS}={model}" if model else OURS
            return Provenance(type="ai", model=model, confidence=CERTAIN, evidence=f"{NAME}: {word}")
        if linguists.lower() not in _YES:
            return None
        # It says generated, not by what; the head of the file may say that it was no model.
        if program_wrote(content[:HEAD_BYTES].decode("utf-8", "replace"), self.roster):
            return None
        return Provenance(type="ai", confidence=WEAK, evidence=f"{NAME}: {LINGUISTS}, which says not by what")

    def _by_repository(self, paths: Iterable[str]) -> dict[Path, dict[str, list[str]]]:
        """Repository, path from its top, the given paths that mean this file."""
        folders: dict[str, tuple[Path, str] | None] = {}
        found: dict[Path, dict[str, list[str]]] = {}
        for path in paths:
            folder, _, name = path.rpartition("/")
            if path.startswith("/") or name in ("", ".", "..") or "\0" in path:
                continue
            if folder not in folders:
                folders[folder] = self._place(folder)
            place = folders[folder]
            if place is not None:
                top, inside = place
                found.setdefault(top, {}).setdefault(inside + name, []).append(path)
        return found

    def _place(self, folder: str) -> tuple[Path, str] | None:
        """The repository of a folder below the root, and what goes before its files' names there."""
        if ".." in folder.split("/"):
            return None
        real = Path(os.path.realpath(self.root / folder))
        top = toplevel(real)
        if top is None:
            return None
        inside = _name(real.relative_to(top))
        return top, f"{inside}/" if inside else ""

    def _attributes(self, top: Path, names: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Both attributes of each of the names, as git has them."""
        if not names:
            return {}
        question = b"".join(os.fsencode(name) + b"\0" for name in names)
        said = self._said(top, ["check-attr", "--stdin", "-z", OURS, LINGUISTS], question).split(b"\0")
        found: dict[str, dict[str, str]] = {}
        for name, attribute, value in zip(said[0:-1:3], said[1:-1:3], said[2:-1:3], strict=True):
            found.setdefault(os.fsdecode(name), {})[os.fsdecode(attribute)] = value.decode("utf-8", "replace")
        return {name: (values[OURS], values[LINGUISTS]) for name, values in found.items()}

    def _said(self, folder: Path, words: list[str], question: bytes | None = None) -> bytes:
        """What git prints there; nothing where it cannot be had, which is noted."""
        deadline = time.monotonic() + self.seconds
        repository = Repository(top=folder, environ=self._environ, notice=self._notice, deadline=deadline)
        try:
            return repository.ask(words, question) or b""
        except Refused as refusal:
            self._notice(str(refusal))
            return b""

    def _notice(self, sentence: str) -> None:
        if sentence not in self.notices:
            self.notices.append(sentence)


def _name(folder: Path) -> str:
    """A folder from the top, with `/`; empty for the top itself."""
    return "" if folder == Path() else folder.as_posix()
