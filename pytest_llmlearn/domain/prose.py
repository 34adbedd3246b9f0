"""Text of the answer around the code, told from code: prose, Markdown fences, chat markers, shell commands."""

from __future__ import annotations

import keyword
import re

_MARKER = re.compile(
    r"^\s*(?:`{1,3}(?!`)|~~~)|<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>|^\s*</?(?:s|code|pre|think|answer)>"
    r"|^\s*(?:User|Assistant|Human|AI|System):"
)
_LISTED = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+(?=\S+ +\S)")
_SHELL = re.compile(r"^\s*(?:\$ +)?(?:pip3?|conda|poetry|uv|python3?|npm|apt-get|pytest|cd|git)\s+[\w./-]+")
_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_STRING = re.compile(r"\"[^\"]*\"|(?<![A-Za-z])'[^']*'(?![A-Za-z])")
_KEYWORDS = frozenset(word.lower() for word in (*keyword.kwlist, *keyword.softkwlist, "print"))
_COMMON_WORDS = """
a an the this that these those it its here there i you we they he she your our my their to of by on at into be are
was were will would can could should must may have has had do does did using use used based following below above
please sure note let let's here's i'm don't i'll it's which what how when where then than more each every provided
provide complete code function class method implementation example explanation step steps first next finally returns
takes defines checks creates assuming assume so but also only both all any some no
"""
_ENGLISH = frozenset(_COMMON_WORDS.split())


def is_prose(line: str) -> bool:
    """Whether a line of a file is text that belongs around the code."""
    stripped = line.strip()
    if not stripped or stripped.startswith(("#", "@", '"""', "'''", '"', ">>>")):
        return False
    if _MARKER.search(stripped) or _SHELL.match(stripped):
        return True
    text = _STRING.sub(" ", stripped.partition("  #")[0])
    listed = _LISTED.match(text)
    if listed:
        text = text[listed.end() :]
    run = longest = english = 0
    previous_end = -1
    for match in _WORD.finditer(text):
        word = match.group().lower()
        gap = text[previous_end : match.start()] if previous_end >= 0 else ""
        joined = " " in gap and not gap.strip(" ,:;*`(")
        run = run + 1 if joined and word not in _KEYWORDS else 1
        longest = max(longest, run)
        english += word in _ENGLISH
        previous_end = match.end()
    return longest >= 3 and english >= 1 and (english >= 2 or listed is not None or longest >= 4)


def prose_told(line: str) -> str:
    """What kind of text it is; never the text itself, for a lesson ends up in a prompt."""
    stripped = line.strip()
    if stripped.startswith(("`", "~~~")):
        return "a Markdown fence"
    if _MARKER.search(stripped):
        return "a chat marker"
    return "a shell command" if _SHELL.match(stripped) else "an English sentence"
