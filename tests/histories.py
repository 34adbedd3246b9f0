"""Repositories made by real git, in which the answer to "who wrote this line?" is known by hand.

Every commit has its own fixed date, and no setting of whoever runs the tests is looked at: equal calls make equal
commit ids. `traps` builds one commit for each entry of `signed_commits.SIGNED`, and the histories in which lines
move, are merged, reformatted and renamed, noted by git-ai, traced, or not committed yet.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from signed_commits import ADA, AI, CLAUDE, HUMAN, ROBIN, SIGNED, UNKNOWN, Line, ai


@dataclass(slots=True, kw_only=True)
class Repository:
    """A repository that is being written; `expected` grows with it: path -> each line as it must be told."""

    root: Path
    expected: dict[str, list[Line]] = field(default_factory=dict)
    at_most: dict[str, float] = field(default_factory=dict)
    clock: int = 1_750_000_000

    @classmethod
    def begin(cls, root: Path) -> Repository:
        """An empty repository at `root`."""
        root.mkdir(parents=True, exist_ok=True)
        made = cls(root=root)
        made.git("init", "-q", "-b", "main")
        return made

    def git(self, *words: str, **environment: str) -> str:
        """Run git; its output without the last newline. Raises subprocess.CalledProcessError where it refuses."""
        apart = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        apart |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **environment}
        done = subprocess.run(["git", *words], cwd=self.root, env=apart, check=True, capture_output=True)
        return done.stdout.decode().removesuffix("\n")

    def write(self, path: str, text: str | bytes) -> None:
        """Write a file of the working tree."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(
        self,
        files: Mapping[str, str | bytes],
        message: str = "Change it",
        *,
        author: str = ROBIN,
        committer: str = ROBIN,
        when: int | None = None,
    ) -> str:
        """Write these files and commit all; the commit's id. `when` is in seconds since 1970, else a minute later."""
        self.clock += 60
        for path, text in files.items():
            self.write(path, text)
        self.git("add", "-A")
        self._sealed("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message,
                     author=author, committer=committer, when=when)  # fmt: skip
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str, *words: str, author: str = ROBIN) -> None:
        """Merge a branch with a commit of its own; raises where git leaves a conflict."""
        self.clock += 60
        self._sealed("merge", "-q", "--no-ff", "-m", f"Merge {branch}", *words, branch, author=author, committer=author)

    def _sealed(self, *words: str, author: str, committer: str, when: int | None = None) -> None:
        environment: dict[str, str] = {}
        for role, who in (("AUTHOR", author), ("COMMITTER", committer)):
            name, _, rest = who.partition(" <")
            environment |= {
                f"GIT_{role}_NAME": name,
                f"GIT_{role}_EMAIL": rest.removesuffix(">"),
                f"GIT_{role}_DATE": f"{self.clock if when is None else when} +0000",
            }
        self.git(*words, **environment)

    def note(self, commit: str, text: str, ref: str = "refs/notes/ai") -> None:
        """Leave a note on a commit."""
        self.write(".git/note", text)
        identity = {f"GIT_{role}_{part}": "robin" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        self.git("notes", f"--ref={ref}", "add", "-f", "-F", ".git/note", commit, **identity)

    def expect(self, path: str, *lines: Line) -> None:
        """Say of every line of a file who wrote it."""
        self.expected[path] = list(lines)


def lines(*names: str) -> str:
    """A text of one statement a name, all different."""
    return "".join(f"{name} = {len(name)}  # {name}\n" for name in names)


def signed(repository: Repository) -> None:
    """One commit and one file for each entry of `SIGNED`."""
    for one in SIGNED:
        path = f"signed/{one.name}.py"
        repository.commit(
            {path: lines(f"{one.name}_first", f"{one.name}_second")},
            one.message,
            author=one.author,
            committer=one.committer,
        )
        repository.expect(path, one.expected, one.expected)
        repository.at_most[path] = one.at_most


def moved(repository: Repository) -> None:
    """Lines that moved: edited, renamed, merged, reformatted, joined by the mailmap, not yet committed."""
    commit, expect = repository.commit, repository.expect
    opus = ai("Claude Opus 4.6")
    by_claude = f"Add it\n\n{CLAUDE}"

    commit({"edited.py": lines("a", "b", "c", "d")}, by_claude)
    commit({"edited.py": lines("a", "b_by_hand", "c", "d", "e_by_hand")})
    expect("edited.py", opus, HUMAN, opus, opus, HUMAN)

    commit({"old_name.py": lines("first", "second", "third", "fourth", "fifth", "sixth")}, by_claude)
    (repository.root / "old_name.py").unlink()
    commit({"deep/new name.py": lines("first", "second", "third", "by_hand", "fifth", "sixth")}, "Rename it")
    expect("deep/new name.py", opus, opus, opus, HUMAN, opus, opus)

    commit({"reformatted.py": "def f( a ):\n    return( a )\n"}, by_claude)
    by_person = commit({"reformatted.py": "def f(a):\n    return (a)\n"}, "Format")
    expect("reformatted.py", opus, opus)
    commit({"human_reformatted.py": "def g( b ):\n    return( b )\n"})
    by_model = commit({"human_reformatted.py": "def g(b):\n    return (b)\n"}, f"Format\n\n{CLAUDE}")
    expect("human_reformatted.py", HUMAN, HUMAN)
    # git itself refuses a list with a commit that it lacks; comments and such lines cost nothing but themselves.
    commit({".git-blame-ignore-revs": f"# formatting\n{by_person}  # ruff\n{by_model}\n{'ab' * 20}\n"}, "Name them")

    commit({"by_alias.py": lines("alias", "of")}, author="Work Machine <agent-7@internal.example>")
    expect("by_alias.py", AI, AI)
    commit({".mailmap": "Cursor <cursoragent@cursor.com> <agent-7@internal.example>\n"}, "Say who that is")

    commit({"merged.py": lines("top", "space_1", "space_2", "space_3", "bottom")})
    repository.git("checkout", "-q", "-b", "side")
    commit({"merged.py": lines("top_by_model", "space_1", "space_2", "space_3", "bottom")}, by_claude)
    repository.git("checkout", "-q", "main")
    commit({"merged.py": lines("top", "space_1", "space_2", "space_3", "bottom_by_codex")},
           "Change it\n\nCo-authored-by: Codex <noreply@openai.com>")  # fmt: skip
    repository.merge("side")
    expect("merged.py", opus, HUMAN, HUMAN, HUMAN, AI)

    commit({"both.py": lines("shared")})
    repository.git("checkout", "-q", "-b", "other")
    commit({"both.py": lines("shared", "theirs")}, by_claude)
    repository.git("checkout", "-q", "main")
    commit({"both.py": lines("shared", "ours")})
    repository.merge("other", "-X", "ours")
    expect("both.py", HUMAN, HUMAN)

    # What other programs take for the end of a line, and git does not.
    odd = 'page = "\x0c"\nnext_line = "\x85"\nseparator = "\u2028 and \u2029"\nfiles = "\x1c\x1d"\nlast = 1'
    commit({"odd_ends.py": odd}, by_claude)
    expect("odd_ends.py", opus, opus, opus, opus, opus)
    commit({"windows.py": b"one = 1\r\ntwo = 2\r\n"}, by_claude)
    expect("windows.py", opus, opus)
    commit({"latin.py": b"# -*- coding: latin-1 -*-\nname = 'caf\xe9'\n"}, by_claude)
    expect("latin.py", opus, opus)
    commit({"größe/naïve.py": lines("width")}, by_claude)
    expect("größe/naïve.py", opus)
    commit({"empty.py": ""}, by_claude)
    expect("empty.py")
    commit({"[a]*?.py": lines("glob"), ":(top)x.py": lines("magic")}, by_claude)
    expect("[a]*?.py", opus)
    expect(":(top)x.py", opus)

    future = repository.clock + 60 * 365 * 86_400
    commit({"tomorrow.py": lines("later")}, by_claude, when=future)
    expect("tomorrow.py", opus)


def noted(repository: Repository) -> None:
    """git-ai's notes: sessions, prompts, people, what is left out, and notes that are none of its own."""
    five = lines("one", "two", "three", "four", "five")
    at = repository.commit({"noted.py": five, "my noted.py": five}, "Change both")
    known = {
        "s_c9883b05a2487d": {"agent_id": {"tool": "cursor", "id": "6ef2", "model": "claude-sonnet-4-5-20250514"}},
        "s_00000000000001": {"agent_id": {"tool": "claude", "id": "7", "model": "<synthetic>"}},
        "s_00000000000002": {"agent_id": {"tool": "codex", "id": "8", "model": '"gpt-5.2-codex"'}},
    }
    told = {
        "schema_version": "authorship/3.0.0",
        "git_ai_version": "1.4.5",
        "base_commit_sha": at,
        "prompts": {"abcd1234abcd1234": {"agent_id": {"tool": "amp", "id": "T-1", "model": "claude-opus-4-5"}}},
        "humans": {"h_31dce776f88375": {"author": ADA}},
        "sessions": known,
    }
    listed = (
        "noted.py\n  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-2\n  h_31dce776f88375 3\n  s_00000000000001::t_1 5\n"
        '"my noted.py"\n  abcd1234abcd1234 1,3\n  s_ffffffffffffff::t_2 2\n  s_00000000000002::t_3 5\n'
    )
    repository.note(at, f"{listed}---\n{json.dumps(told)}\n")
    sonnet = ai("claude-sonnet-4-5-20250514")
    # A line that the note leaves out is of unknown origin, not a person's.
    repository.expect("noted.py", sonnet, sonnet, HUMAN, UNKNOWN, AI)
    repository.expect("my noted.py", ai("claude-opus-4-5"), AI, ai("claude-opus-4-5"), UNKNOWN, ai("gpt-5.2-codex"))
    other = repository.commit({"reviewed.py": lines("seen")}, f"Add it\n\n{CLAUDE}")
    repository.note(other, "Looks good to me\n---\nnot JSON {\n")
    repository.expect("reviewed.py", ai("Claude Opus 4.6"))


def traced(repository: Repository) -> None:
    """Agent Trace records: at the revision, before the edit, with paths of all kinds, stale, and not JSON at all."""
    before = repository.git("rev-parse", "HEAD")
    five = lines("alpha", "beta", "gamma", "delta", "epsilon")
    names = ["traced.py", "traced_early.py", "sub/traced_back.py", "traced_absolute.py", "traced_stale.py"]
    # Recorded right after the commit that brings the lines, and half a minute before it.
    early, late = repository.clock + 30, repository.clock + 61
    at = repository.commit({name: five.replace(" = ", f"_{number} = ") for number, name in enumerate(names)})
    model = "claude-opus-4-5-20251101"
    records: Sequence[object] = [
        _record(at, late, "traced.py", model, [(2, 3)]),
        _record(before, early, "traced_early.py", model, [(1, 5)]),
        _record(at, late, "sub\\traced_back.py", model, [(1, 1)]),
        _record(at, late, str(repository.root / "traced_absolute.py"), model, [(5, 5)]),
        _record(at, late, "/etc/passwd", model, [(1, 9)]),
        _record(at, late, "../outside.py", model, [(1, 9)]),
        # Beyond the end, upside down, and of a revision that nobody has.
        _record(at, late, "traced_stale.py", model, [(40, 60), (4, 2)]),
        _record("0123456789" * 4, late, "traced_stale.py", model, [(1, 5)]),
        [],
        {"version": "0.1.0", "files": "none"},
    ]
    text = "".join(json.dumps(record) + "\n" for record in records)
    repository.write(".agent-trace/traces.jsonl", f'{{"version": "0.1.0", "files": [\n{text}\x00\x01 not JSON\n')
    traced_line = ai(model)
    repository.expect("traced.py", HUMAN, traced_line, traced_line, HUMAN, HUMAN)
    repository.expect("traced_early.py", *[traced_line] * 5)
    repository.expect("sub/traced_back.py", traced_line, *[HUMAN] * 4)
    repository.expect("traced_absolute.py", *[HUMAN] * 4, traced_line)
    repository.expect("traced_stale.py", *[HUMAN] * 5)


def _record(revision: str, time: int, path: str, model: str, ranges: Sequence[tuple[int, int]]) -> dict[str, object]:
    return {
        "version": "1.0",
        "id": "550e8400-e29b-41d4-a716-446655440000",
        "timestamp": datetime.fromtimestamp(time, UTC).isoformat(),
        "vcs": {"type": "git", "revision": revision},
        "tool": {"name": "cursor", "version": "2.4.0"},
        "files": [
            {
                "path": path,
                "conversations": [
                    {
                        "contributor": {"type": "ai", "model_id": f"anthropic/{model}"},
                        "ranges": [{"start_line": first, "end_line": last} for first, last in ranges],
                    }
                ],
            }
        ],
    }


def uncommitted(repository: Repository) -> None:
    """What is not committed yet, at the end of everything: lines of a known file, and a file of its own."""
    repository.commit({"begun.py": lines("committed_1", "committed_2")}, f"Add it\n\n{CLAUDE}")
    repository.write("begun.py", lines("committed_1", "new_line", "committed_2"))
    repository.expect("begun.py", ai("Claude Opus 4.6"), UNKNOWN, ai("Claude Opus 4.6"))
    repository.write("untracked.py", lines("nobody", "knows"))
    repository.expect("untracked.py", UNKNOWN, UNKNOWN)


def traps(root: Path) -> Repository:
    """All of it in one repository at `root`; takes a second or two."""
    repository = Repository.begin(root)
    for part in (signed, moved, noted, traced, uncommitted):
        part(repository)
    return repository
