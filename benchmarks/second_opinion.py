"""Who wrote each line of a repository, by git alone: a second opinion to hold the product's answer against.

Two commands decide everything: `git blame --line-porcelain` says which commit a line is from, `git log` what that
commit says of its author. Nothing of the package is imported, and the table below was written from the documented
habits of assistants, not from the package's: an error that both make would have to be made twice.

    python benchmarks/second_opinion.py REPOSITORY [PATH ...] [--json FILE]
"""

import argparse
import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Accounts, whole and lower case. A domain decides nothing: the people of a vendor write from it too.
ACCOUNTS = {
    "noreply@anthropic.com": "Claude",
    "claude@anthropic.com": "Claude",
    "cursoragent@cursor.com": "Cursor",
    "ai@cursor.sh": "Cursor",
    "grok@x.ai": "Cursor",
    "noreply@openai.com": "Codex",
    "codex@openai.com": "Codex",
    "gemini-cli-agent@google.com": "Gemini",
    "noreply@opencode.ai": "opencode",
    "amp@ampcode.com": "Amp",
    "noreply@cline.bot": "Cline",
    "noreply@codeium.com": "Windsurf",
    "noreply@pi.dev": "Pi",
    "noreply@aider.chat": "aider",
    "aider@aider.chat": "aider",
}
# Shared mailboxes: the assistant's only under the assistant's name.
SHARED_ACCOUNTS = {"opensource@block.xyz": "Goose", "noreply@amazon.com": "Amazon Q Developer"}
HOSTED_LOGINS = {
    "copilot": "Copilot",
    "copilot-swe-agent[bot]": "Copilot",
    "devin-ai-integration[bot]": "Devin",
    "google-labs-jules[bot]": "Jules",
    "factory-droid[bot]": "Droid",
    "claude[bot]": "Claude",
}
HOSTED_ADDRESS = re.compile(r"^(?:\d+\+)?([^@\s]+)@users\.noreply\.github\.com$", re.IGNORECASE)

TOOL_NAMES = (
    "claude code|claude|cursor ai|cursor agent|cursor|github copilot|copilot|copilot autofix powered by ai|codex cli|"
    "codex|gemini cli agent|gemini cli|gemini|opencode|amp|goose|cline|windsurf|amazon q developer|amazon q|pi|aider|"
    "devin ai|devin|jules|droid|chatgpt"
)
TOOL = re.compile(rf"^(?:{TOOL_NAMES})$", re.IGNORECASE)
# With a number a family's name is a model's, and nobody's own.
MODEL = re.compile(
    r"\b(?:claude[- ](?:(?:opus|sonnet|haiku|instant)[- ])?v?\d[\w.\-]*"
    r"|claude[- ](?:opus|sonnet|haiku)(?:[- ]\d[\w.\-]*)?"
    r"|(?:opus|sonnet|haiku)[- ]\d[\w.\-]*|claude-[a-z]+-\d[\w.\-]*|gpt[- ]?\d[\w.\-]*|o[134](?:-[a-z]+)?\b"
    r"|gemini[- ]\d[\w.\-]*"
    r"|grok[- ]\d[\w.\-]*|deepseek[- ][\w.\-]+|qwen[\w.\-]+|codestral[\w.\-]*|llama[- ]?\d[\w.\-]*|kimi[- ][\w.\-]+"
    r"|glm-\d[\w.\-]*)",
    re.IGNORECASE,
)
UNMISTAKABLE = re.compile(
    r"^(?:claude code|cursor agent|github copilot|copilot autofix powered by ai|gemini cli(?: agent)?"
    r"|amazon q developer|devin ai|codex cli)\b",
    re.IGNORECASE,
)
SUFFIX = re.compile(r"^.*\S \(([^()]+)\)$")
SIGNED = re.compile(
    r"^(co-authored-by|assisted-by|generated-by|ai-assisted-by|ai-assisted|ai-model|ai-session|ai-lines|signed-off-by"
    r"|claude-session|claude-generated-by|amp-thread-id)[ \t]*:[ \t]*(.*)$",
    re.IGNORECASE,
)
FOOTER = re.compile(r"^(?:\U0001f916\s*)?Generated with \[?(Claude Code|Cursor|Codex|Copilot|opencode)\b")
# What generates code without a model.
GENERATORS = re.compile(
    r"^(?:protoc|buf|swagger|openapi|antlr|thrift|cookiecutter|autoconf|automake|sqlc|copier|pip-compile|renovate|"
    r"dependabot|update|release|cargo|npm|yarn)\b",
    re.IGNORECASE,
)
ROBOTS = re.compile(r"\[bot\]$|-robot$|^renovate$|^dependabot$", re.IGNORECASE)
NO_MODEL = {"", "unknown", "default", "<synthetic>", "auto"}
UNCOMMITTED = "0" * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What is held of a line: `human`, `ai` or `unknown`, the model if one is named, and why in a few words."""

    type: str
    model: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What a commit says of who made it, names and addresses after `.mailmap`."""

    sha: str
    author: str
    author_address: str
    committer: str
    committer_address: str
    message: str


def git(repository: Path, *words: str) -> bytes:
    """Return the output of a git command; raises subprocess.CalledProcessError where git refuses."""
    return subprocess.run(
        ["git", "-C", str(repository), "-c", "core.quotepath=off", *words], check=True, capture_output=True
    ).stdout


def commits(repository: Path) -> dict[str, Commit]:
    """Return every commit that HEAD reaches."""
    if not git(repository, "rev-list", "-n1", "--all"):
        return {}
    text = git(repository, "log", "HEAD", "--format=%H%x00%aN%x00%aE%x00%cN%x00%cE%x00%B%x00%x01")
    found = {}
    for entry in text.decode("utf-8", "replace").split("\0\1\n"):
        if entry.strip():
            sha, author, author_address, committer, committer_address, message = entry.split("\0")[:6]
            found[sha] = Commit(
                sha=sha,
                author=author,
                author_address=author_address,
                committer=committer,
                committer_address=committer_address,
                message=message,
            )
    return found


def account(name: str, address: str) -> str | None:
    """Return the assistant whose account this is, or None for a person's or anyone else's."""
    address = address.strip().lower()
    if address in ACCOUNTS:
        return ACCOUNTS[address]
    if address in SHARED_ACCOUNTS:
        tool = SHARED_ACCOUNTS[address]
        return tool if name.lower().startswith(tool.lower().split()[0]) else None
    hosted = HOSTED_ADDRESS.match(address)
    if hosted and hosted[1] in HOSTED_LOGINS:
        return HOSTED_LOGINS[hosted[1]]
    if name.lower() in HOSTED_LOGINS and name.endswith("[bot]"):
        return HOSTED_LOGINS[name.lower()]
    unmistakable = UNMISTAKABLE.match(name)
    if unmistakable:
        return unmistakable[0]
    named = MODEL.search(name)
    # The model must begin the name, or stand in brackets behind a tool: "Jane, who likes GPT-4" is Jane.
    if named and (named.start() == 0 or TOOL.match(name[: named.start()].rstrip(" (:/"))):
        return named[0]
    if not address and TOOL.match(name):
        return name
    return None


def model_in(text: str) -> str | None:
    """Return the one model that a name or value speaks of; None for none, and for several."""
    text = re.sub(r"\s*\(1M context\)", "", text, flags=re.IGNORECASE).strip().strip("\"'")
    inner = re.search(r"\(([^()]*)\)", text)
    if inner and TOOL.match(text[: inner.start()].strip() or "-"):
        text = inner[1].split("=")[0].removeprefix("cli/")
    # "Anthropic Claude Opus 4", "Cursor Grok 4.5": who sells it is no part of the model's name.
    sold = re.match(r"^(?:Anthropic|Cursor|OpenAI|Google)\s+(?=\S)", text, re.IGNORECASE)
    if sold and (MODEL.match(text[sold.end() :]) or TOOL.match(text[sold.end() :])):
        text = text[sold.end() :]
    if text.lower() in NO_MODEL or text.endswith("[bot]") or TOOL.match(text):
        return None
    return None if len(set(MODEL.findall(text))) > 1 else text


def _named(name: str) -> str | None:
    """The model in a committing account's own name, which is a login as a rule."""
    return model_in(name) if MODEL.search(name) else None


def signature(key: str, value: str) -> tuple[bool, str | None]:
    """Return whether a trailer names an assistant that wrote, and the model it names."""
    key = key.lower()
    found = re.match(r"^(.*?)\s*<([^<>]*)>", value)
    name, address = (found[1], found[2]) if found else (value.strip(), "")
    if key in ("ai-session", "claude-session", "amp-thread-id", "ai-lines"):
        return bool(value.strip()), None
    if key in ("ai-model", "claude-generated-by"):
        return bool(value.strip()), model_in(value)
    if key in ("co-authored-by", "signed-off-by"):
        return (True, model_in(name)) if account(name, address) else (False, None)
    if account(name, address):
        return True, model_in(_after_colon(name))
    if address or not name or GENERATORS.match(name):
        return False, None
    if key in ("assisted-by", "ai-assisted-by", "ai-assisted"):
        agent = re.match(r"^([\w.\-]+):(\S+)", value)
        if agent is None:
            return TOOL.match(name) is not None, None
        return True, model_in(_after_colon(name))
    return True, model_in(name)


def _after_colon(name: str) -> str:
    agent = re.match(r"^([\w.\-]+):(\S+)", name)
    # What begins with a model of its own, `qwen2.5-coder:32b`, is one name with a size behind it.
    if agent is None or (MODEL.fullmatch(agent[1]) and not MODEL.match(agent[2])):
        return name
    return agent[2]


def judge(commit: Commit) -> Opinion:
    """Return who wrote what a commit brought, by its author, then its committer, then its message."""
    signed = list(_signatures(commit.message))
    models = {model for _, model in signed if model}
    named = models.pop() if len(models) == 1 else None
    tool = account(commit.author, commit.author_address)
    suffix = SUFFIX.match(commit.author)
    if tool:
        return Opinion(type="ai", model=named or _named(commit.author), why="author")
    # Tools write themselves in small letters; with a capital it is an employer.
    if suffix and ((suffix[1].islower() and TOOL.match(suffix[1])) or MODEL.match(suffix[1])):
        return Opinion(type="ai", model=named or model_in(suffix[1]), why="author's suffix")
    # A suffix on the committer alone says who committed, not who wrote; only an account of its own says more.
    if account(commit.committer, commit.committer_address):
        return Opinion(type="ai", model=named or _named(commit.committer), why="committer")
    if signed:
        return Opinion(type="ai", model=named, why=signed[0][0])
    if commit.message.startswith("aider: "):
        return Opinion(type="ai", why="subject, weak")
    if ROBOTS.search(commit.author):
        return Opinion(type="unknown", why="a robot that is no assistant")
    return Opinion(type="human", why="nothing names an assistant")


def _signatures(message: str) -> Iterator[tuple[str, str | None]]:
    """Yield (what it is, model) of each line of a message that names an assistant, wherever it stands."""
    lines = re.sub(r"\r?\n[ \t]+(?=\S)", " ", message).splitlines()
    for line in lines[1:]:
        at = SIGNED.match(line)
        if at:
            wrote, model = signature(at[1], at[2].strip())
            if wrote:
                yield at[1].lower(), model
        elif FOOTER.match(line):
            yield "footer", None


def blamed(repository: Path, path: str) -> list[str]:
    """Return the commit of each line of the working file; zeros for what is not committed."""
    with tempfile.NamedTemporaryFile("w", suffix=".revs") as ignored:
        ignored.write("".join(f"{sha}\n" for sha in _ignored(repository)))
        ignored.flush()
        text = git(repository, "blame", "--line-porcelain", "--ignore-revs-file", ignored.name, "--", path)
    # A line of the file begins with a tab; the first line of a group is the only one that begins with a hash.
    shas, current = [], ""
    for line in text.split(b"\n"):
        if line.startswith(b"\t"):
            shas.append(current)
        elif re.match(rb"^[0-9a-f]{40} \d+ \d+", line):
            current = line[:40].decode()
    return shas


@cache
def _ignored(repository: Path) -> tuple[str, ...]:
    """The commits that `.git-blame-ignore-revs` names and the repository has; git refuses a file with any other."""
    file = repository / ".git-blame-ignore-revs"
    if not file.is_file():
        return ()
    shas = re.findall(r"^\s*([0-9a-f]{40})\b", file.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return tuple(
        sha
        for sha in shas
        if subprocess.run(["git", "-C", str(repository), "cat-file", "-e", sha], capture_output=True).returncode == 0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """The opinions on one repository at its HEAD and working tree."""

    repository: Path
    by_commit: dict[str, Opinion]
    cut: frozenset[str]

    @classmethod
    def of(cls, repository: Path) -> "SecondOpinion":
        """Read the whole history once."""
        shallow = repository / git(repository, "rev-parse", "--git-path", "shallow").decode().strip()
        cut = shallow.read_text().split() if shallow.is_file() else []
        return cls(
            repository=repository,
            by_commit={sha: judge(commit) for sha, commit in commits(repository).items()},
            cut=frozenset(cut),
        )

    def lines(self, path: str) -> list[Opinion]:
        """Return the opinion on each line of the working file at `path`, from line 1 on."""
        opinions = []
        for sha in blamed(self.repository, path):
            if sha == UNCOMMITTED:
                opinions.append(Opinion(type="unknown", why="not committed"))
            elif sha in self.cut:
                # Where history is cut, the oldest commit there is answers for all that went before it.
                opinions.append(Opinion(type="unknown", why="history is cut here"))
            else:
                opinions.append(self.by_commit[sha])
        return opinions

    def tracked(self) -> list[str]:
        """Return the paths of the text files that git tracks and that are there."""
        text = git(self.repository, "grep", "-I", "-l", "-z", "", "--", ".")
        return sorted(path for path in text.decode("utf-8", "surrogateescape").split("\0") if path)


def main(arguments: Iterable[str] | None = None) -> None:
    """Print lines by type and model, and write every line's opinion where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(None if arguments is None else list(arguments))
    opinion = SecondOpinion.of(asked.repository)
    counts: Counter[tuple[str, str]] = Counter()
    written = {}
    for path in asked.paths or opinion.tracked():
        lines = opinion.lines(path)
        counts.update((line.type, line.model or "") for line in lines)
        written[path] = [[line.type, line.model, line.why] for line in lines]
    for (kind, model), count in sorted(counts.items()):
        print(f"{count:8d}  {kind:8s} {model}")
    if asked.json:
        asked.json.write_text(json.dumps(written), encoding="utf-8")


if __name__ == "__main__":
    main()
