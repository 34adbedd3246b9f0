"""The `llmlearn` command's first look: a plain `recall` that a daemon answers, answered before anything is loaded.

Everything else, and whatever is not plain, is for the commands in `cli`, which say and print the same.
"""

from __future__ import annotations

import os
import sys

from pytest_llmlearn.entrypoints import asking_daemon

TYPE_CHECKING = False  # typing alone would cost a third of the start
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_FORMATS = ("text", "json", "context", "prompt", "markdown")
_WITH_VALUE = ("--path", "--model", "--limit", "--budget", "--threshold", "--format")
_NUMBERS = {"--limit": (int, 1, 10), "--budget": (int, 0, 1 << 62), "--threshold": (float, 0, 1)}
_FLAGS = ("--compact", "--explain")
_SESSIONS = ("CLAUDE_CODE_SESSION_ID", "CODEX_THREAD_ID")
_FOLDER = ".llmlearn"


def main() -> None:
    """Run the command as `sys.argv` says."""
    words = sys.argv[1:]
    if words[:1] == ["lsp"]:
        from pytest_llmlearn.entrypoints import becoming

        sys.exit(becoming.server(words[1:], os.environ))
    if os.name == "posix" and "recall" in words and asking_daemon.wanted(os.environ):
        asked = plain(words)
        if asked is not None and _answered(asked):
            return
    from pytest_llmlearn.entrypoints.cli import main as commands

    commands()


def plain(words: Sequence[str]) -> dict[str, Any] | None:
    """What a plain `[--root PATH] recall TEXT [OPTIONS]` asks for, by the options' names; None for anything else.

    Nothing is said to be wrong here: what cannot be understood at once is left to the command.
    """
    found: dict[str, Any] = {}
    texts: list[str] = []
    rest = list(words)
    if rest and rest[0].partition("=")[0] == "--root":
        name, equals, value = rest.pop(0).partition("=")
        if not equals and not rest:
            return None
        found["--root"] = value if equals else rest.pop(0)
    if not rest or rest.pop(0) != "recall":
        return None
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in _FLAGS:
            found[word] = True
        elif name in _WITH_VALUE and (equals or rest):
            found[name] = value if equals else rest.pop(0)
        elif word.startswith("-") and word != "-":
            return None
        else:
            texts.append(word)
    if len(texts) != 1:
        return None
    found["TEXT"] = texts[0]
    style = found.setdefault("--format", "text")
    if style not in _FORMATS or ("--explain" in found and style not in ("text", "json")):
        return None
    try:
        for name, (read, low, high) in _NUMBERS.items():
            if name in found:
                number = found[name] = read(found[name])
                if not low <= number <= high:
                    return None
    except ValueError:
        return None
    return found


def root_of(named: str | None, environ: Mapping[str, str]) -> str | None:
    """The project's root as `settings.find_root` finds it, where a folder tells; None where more has to be read."""
    value = named or environ.get("LLMLEARN_ROOT")
    if value:
        if "~" in value:
            return None
        path = os.path.join(os.getcwd(), value).rstrip("/")
        return os.path.dirname(path) if os.path.basename(path) == _FOLDER else path
    folder = os.getcwd()
    while True:
        if os.path.isdir(os.path.join(folder, _FOLDER)):
            return folder
        if os.path.exists(os.path.join(folder, "pyproject.toml")):
            with open(os.path.join(folder, "pyproject.toml"), "rb") as file:
                if b"llmlearn" in file.read():
                    return None
        if os.path.dirname(folder) == folder:
            return None
        folder = os.path.dirname(folder)


def relative(path: str, root: str) -> str:
    """`path`, given from the current folder, as the store names it: from the root, with `/`."""
    whole, base = (
        [part for part in name.split("/") if part not in ("", ".")] for name in (os.path.join(os.getcwd(), path), root)
    )
    if whole[: len(base)] == base:
        return "/".join(whole[len(base) :]) or "."
    short = [part for part in path.split("/") if part not in ("", ".")]
    return ("/" if path.startswith("/") else "") + "/".join(short) or "."


def _answered(asked: Mapping[str, Any]) -> bool:
    """Ask the daemon and print what it says; False where it is not there, and nothing was printed."""
    from pytest_llmlearn.daemon import client

    try:
        root = root_of(asked.get("--root"), os.environ)
    except OSError:  # the current folder has gone, or a file cannot be read: the command says what is wrong
        return False
    if root is None or client.pointer(root) is None:
        return False
    text = asked["TEXT"]
    if text == "-":
        from io import StringIO

        text = sys.stdin.read()
        sys.stdin = StringIO(text)  # for the command, should nobody answer
    session = None
    if any(os.environ.get(name) for name in _SESSIONS):
        from pytest_llmlearn.domain.sessions import session_id

        session = session_id(os.environ)
    style = asked["--format"]
    told = asking_daemon.recalled(
        root,
        os.environ,
        {
            "text": text,
            "path": relative(asked["--path"], root) if asked.get("--path") else None,
            "model": asked.get("--model"),
            "limit": asked.get("--limit"),
            "budget": asked.get("--budget"),
            "threshold": asked.get("--threshold"),
            "session": session,
            "channel": "command",
            "style": "text" if style == "json" else style,
            "compact": "--compact" in asked,
        },
    )
    if told is None:
        return False
    _print(told, style, asked)
    return True


def _print(told: Mapping[str, Any], style: str, asked: Mapping[str, Any]) -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        compact, explain = "--compact" in asked, "--explain" in asked
        sys.stdout.write(_plain(printed(told["guidance"], style, compact=compact, explain=explain)))
        sys.stdout.flush()
        for notice in told["notices"]:
            sys.stderr.write(f"llmlearn: {notice}\n")
    except BrokenPipeError:
        # Whoever read has left; Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def printed(guidance: Mapping[str, Any], style: str, *, compact: bool = False, explain: bool = False) -> str:
    """What `llmlearn recall --format STYLE` prints for an answer as builtins."""
    if style == "json":
        import json

        return json.dumps(guidance, indent=2, ensure_ascii=False) + "\n"
    if style != "text":
        text = str(guidance["text"])
        return f"{text}\n" if text else ""
    from pytest_llmlearn.entrypoints.printing_guidance import guidance_lines

    return "\n".join(guidance_lines(guidance, compact=compact, explain=explain)) + "\n"


def _plain(text: str) -> str:
    """The text as it may be written there: escapes are for terminals."""
    if "\x1b" not in text or (sys.stdout.isatty() and not os.environ.get("NO_COLOR")):
        return text
    text = text.replace("\x1b[1m", "").replace("\x1b[0m", "")
    if "\x1b" in text:
        import re

        text = re.sub(r"\x1b\[[;?0-9]*[a-zA-Z]", "", text)
    return text


if __name__ == "__main__":
    main()
