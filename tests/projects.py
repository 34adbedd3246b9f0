"""Temporary projects for tests of the whole: git, pytest and the command line, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOREIGN = (
    "AGENT", "AI_AGENT", "ANTIGRAVITY", "AUGMENT", "BUILDKITE", "CLAUDE", "CLINE", "CODEX", "COPILOT", "CURSOR",
    "GEMINI", "GITHUB_", "GITLAB_", "GIT_", "LLMLEARN", "OPENCODE", "PYTEST_", "REPL_ID", "TF_BUILD",
)  # fmt: skip
"""Variables that lead git, pytest or us to another project, or speak of an assistant or a CI."""
WITHOUT_WEIGHTS = {"LLMLEARN_EMBEDDER": "none"}
"""A process that answers one question would load a model for it; who tests that asks for an embedder."""
MODULES = {"pytest": "pytest", "llmlearn": "pytest_llmlearn.entrypoints.cli"}


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what is foreign to a temporary project, and with `more`."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}, **more}


@dataclass
class Project:
    """A project at `root`; `environ` joins the environment of everything that is run in it."""

    root: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def write(self, files: Mapping[str, str]) -> Project:
        """Texts by their paths from the root."""
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return self

    def git(self, *words: str) -> str:
        """Git's answer, as a person who commits."""
        person = ["-c", "user.name=Robin", "-c", "user.email=robin@example.org", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", "-C", str(self.root), *person, *words],
            check=True, capture_output=True, text=True, env=clean_environment(), stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.stdout

    def commit(self, message: str) -> Project:
        """Everything, into a repository that is made where there is none."""
        if not (self.root / ".git").exists():
            self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self

    def start(self, *words: str, folder: str = ".", **environ: str) -> subprocess.Popen[str]:
        """`pytest …` or `llmlearn …` or `python …`, running; pytest without the scan, unless that is asked for."""
        if words[0] == "pytest" and not any(word.startswith("--llm-learn-scan") for word in words):
            words = (*words, "--llm-learn-scan=off")
        command = [*words[1:]] if words[0] == "python" else ["-m", MODULES[words[0]], *words[1:]]
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=self.root / folder,
            env=clean_environment(**{**WITHOUT_WEIGHTS, **self.environ, **environ}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, folder: str = ".", **environ: str) -> subprocess.CompletedProcess[str]:
        """The same, done."""
        process = self.start(*words, folder=folder, **environ)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def json(self, *words: str, folder: str = ".") -> Any:
        """What the command line answers under `--format json`."""
        done = self.run("llmlearn", *words, "--format", "json", folder=folder)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def database(self) -> Path:
        """The database, whether or not it is there."""
        return self.root / ".llmlearn" / "state" / "memory.db"
