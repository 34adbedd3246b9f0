"""Code as it is while it is typed: real model-written files, edits at random places, and broken states of them."""

import ast
import io
import json
import os
import random
import re
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measure import ROOT

CORPORA = ("classeval", "bia", "realclass")
WAYS = ("half a line", "half a word", "bracket gone", "bracket open", "quote open", "docstring open", "colon gone")
"""How code is broken while it is typed."""


def generated() -> list[str]:
    """The code that models wrote for the corpora, each text once, whole by Python's own parser."""
    pack = Path(os.environ.get("LLMLEARN_CORPORA", ROOT.parent / "shared" / "corpora")) / "dev.tar.xz"
    if not pack.is_file():
        sys.exit(f"no corpora: {pack} is not there; set LLMLEARN_CORPORA to the folder that holds it")
    texts: dict[str, None] = {}
    with tarfile.open(pack) as archive:
        for member in archive:
            if member.name.endswith("replay_dev.jsonl") and any(name in member.name for name in CORPORA):
                stream = archive.extractfile(member)
                assert stream is not None
                for line in io.TextIOWrapper(stream, encoding="utf-8"):
                    texts[json.loads(line).get("code") or ""] = None
    return [text for text in texts if text.strip() and _parses(text)]


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def file_of(lines: int, texts: list[str], dice: random.Random) -> str:
    """A file of about that many lines, of several texts: imports first, then their functions and classes."""
    imports: dict[str, None] = {}
    bodies: list[str] = []
    count = 0
    while count < lines:
        text = dice.choice(texts)
        own = text.splitlines(keepends=True)
        for statement in ast.parse(text).body:
            first = min([statement.lineno, *(node.lineno for node in getattr(statement, "decorator_list", []))])
            piece = "".join(own[first - 1 : statement.end_lineno]).rstrip("\n") + "\n"
            if isinstance(statement, ast.Import | ast.ImportFrom):
                imports[piece] = None
            elif ";" not in piece and not (isinstance(statement, ast.Expr) and piece[:1] in "\"'"):
                bodies.append(piece)
                count += piece.count("\n") + 2
        if not own:
            break
    return "".join(imports) + "\n\n" + "\n\n".join(bodies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A text in which one line was broken, and how."""

    text: str
    line: int
    way: str


def broken(text: str, way: str, dice: random.Random) -> Broken | None:
    """The text broken in that way in one of its lines of code; None where no such line was met."""
    lines = text.splitlines(keepends=True)
    for _ in range(200):
        number = dice.randrange(len(lines))
        line = lines[number]
        code = line.rstrip("\r\n")
        if not code.strip() or code.lstrip().startswith(("#", '"', "'")):
            continue
        changed = _break(code, way, dice)
        if changed is not None and changed != code:
            lines[number] = changed + line[len(code) :]
            return Broken(text="".join(lines), line=number + 1, way=way)
    return None


def _break(code: str, way: str, dice: random.Random) -> str | None:
    indent = len(code) - len(code.lstrip())
    if way == "half a line":
        return code[: dice.randrange(indent + 1, len(code) + 1)]
    if way == "half a word":
        words = list(re.finditer(r"[^\W\d]\w{2,}", code))
        word = dice.choice(words) if words else None
        return word and code[: word.start() + dice.randrange(1, len(word[0]))] + " " + code[word.end() :]
    if way in ("bracket gone", "bracket open"):
        places = [place for place, character in enumerate(code) if character in (")]}" if way[-1] == "n" else "([{")]
        if way == "bracket gone":
            places = [place for place, character in enumerate(code) if character in "()[]{}"]
        place = dice.choice(places) if places else None
        return None if place is None else code[:place] + code[place + 1 :]
    if way == "quote open":
        place = dice.randrange(indent, len(code) + 1)
        return code[:place] + '"' + code[place:]
    if way == "docstring open":
        return code + "\n" + " " * (indent + 4) + '"""' if code.endswith(":") else None
    return code[:-1] if code.endswith(":") else None


def keystrokes(text: str, count: int, dice: random.Random) -> Iterator[str]:
    """The text as it is while somebody types: words put in at random places, character by character, then taken out."""
    typed = ("result = compute(value, key=1)", "if x is None:", "for item in items:", "self.total += len(x)", 'print("')
    done = 0
    while done < count:
        lines = text.splitlines(keepends=True)
        number = dice.randrange(len(lines))
        indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())].rstrip("\n")
        word = dice.choice(typed)
        for end in range(1, len(word) + 1):
            if done == count:
                return
            yield "".join([*lines[:number], indent + word[:end] + "\n", *lines[number:]])
            done += 1
