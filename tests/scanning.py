"""A program that stands in for Semgrep: it answers at once, and misbehaves as it is told."""

from __future__ import annotations

import sys
from pathlib import Path

# It flags each line with `execute(f`, as one of our rules does, and `yaml.load(`, as a user's rule might.
_PROGRAM = """\
#!{python} -IS
import json, os, sys, time
words = sys.argv[1:]
how = os.environ.get("FAKE_SEMGREP", "")
if "--version" in words:
    print("1.99.0" if how == "old" else "1.182.0")
    sys.exit(0)
with open({log!r}, "a") as log:
    log.write(json.dumps(words) + "\\n")
if how == "hang":
    if os.fork() == 0:
        time.sleep(600)
    time.sleep(600)
if how == "slow":
    time.sleep(1.5)
if how == "crash" or how == "half" and "--experimental" in words:
    sys.exit("Fatal error: exception Stack_overflow")
if how == "memory":
    sys.stderr.write("Fatal error: Not enough heap memory to reserve minor heaps")
    sys.stderr.flush()
    os.abort()
if how == "garbage":
    print("<html>")
    sys.exit(0)
configs = [words[at + 1] for at, word in enumerate(words) if word == "--config"]
users = [config for config in configs if "detectors" not in config]
if users and open(users[0]).read() == "bad":
    print(json.dumps({{"results": [], "errors": [{{"type": "SemgrepError", "message": "invalid configuration"}}]}}))
    sys.exit(7)
needle, check, cwe = ("yaml.load(", "rules.my-yaml", "CWE-502: Deserialization") if users else (
    "execute(f", "x.sql-built-from-parts", "CWE-89")
results, errors = [], []
for path in words[words.index("--") + 1:]:
    text = open(path, errors="replace").read()
    if "def (" in text:
        errors.append({{"type": ["PartialParsing", []], "path": path, "message": "Syntax error", "level": "warn"}})
    for number, line in enumerate(text.splitlines(), 1):
        if needle in line and not line.endswith("# nosemgrep"):
            results.append({{"check_id": check, "path": path, "start": {{"line": number, "col": 5}},
                "end": {{"line": number, "col": 9}}, "extra": {{"message": "A value is put into SQL.",
                "severity": "ERROR", "metadata": {{"category": "security", "cwe": [cwe], "owasp": ["A03"],
                "confidence": "MEDIUM", "fix": "Use parameterized queries."}}}}}})
print(json.dumps({{"version": "1.182.0", "results": results, "errors": errors, "paths": {{}}}}))
"""


class FakeSemgrep:
    """The program, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.program = folder / "semgrep"
        self._log = folder / "asked.log"
        self.program.write_text(_PROGRAM.format(python=sys.executable, log=str(self._log)), encoding="utf-8")
        self.program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        """The command lines so far, but for those that ask for the version."""
        return self._log.read_text(encoding="utf-8").splitlines() if self._log.exists() else []
