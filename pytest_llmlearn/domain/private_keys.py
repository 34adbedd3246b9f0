"""Private keys, whatever their kind and however their lines end.

A key is found by its first line and hidden as far as its lines look like a key's, so that a key cut off before its end
goes too, and code that only mentions a key's first line stays.
"""

import re

from pytest_llmlearn.domain.secret_shapes import MASK

__all__ = ["hide_private_keys"]

_KEY_HEAD = re.compile(
    r"-----? ?BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?(?: ?-----?)?|PuTTY-User-Key-File-[0-9]:"
)
_GLUE = r"(?:\\{1,4}[nrt]|[\s\"'`,+()|>\\]|\b[rbufRBUF]{1,2}(?=[\"']))"
# One piece of a key: a run of base64 that nothing but glue may follow, or one of the headers of PEM (RFC 1421), OpenPGP
# and PuTTY. A run of 24 may be followed by a space (keys flattened to one line); a shorter one, which might be a word,
# must end its line or its literal.
_KEY_BODY = re.compile(
    rf"(?:{_GLUE}*+"
    r"(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID|Encryption|Public-Lines|Private-Lines|Private-MAC"
    r"|Key-Derivation|Argon2-\w{1,12}|ssh-\w{1,12})\b[^\n\"'\\]*+"
    r"|[A-Za-z0-9+/=]{24,}+"
    r"|(?!(?:pass|return|break|continue|raise|try|True|False|None)\b)[A-Za-z0-9+/=]++"
    r"(?=[ \t]*(?:\\{1,4}[nrt]|[\r\n\"'`]|-----|\Z))))*+"
)
_KEY_TAIL = re.compile(rf"{_GLUE}*+-----? ?END (?:[A-Z0-9]{{1,12}} ){{0,4}}PRIVATE KEY(?: BLOCK)?(?: ?-----?)?")
_LINE_EDGES = re.compile(r"[ \t]*(?:[rbufRBUF]{0,2}[\"'`]{1,3})?")


def hide_private_keys(text: str) -> str:
    """The text with every line of a PEM, OpenSSH, OpenPGP or PuTTY private key replaced by `MASK`.

    The number of lines stays, and so do the quotes around literals that a key is spread over. A key whose END line
    is missing is hidden as far as its lines look like one.
    """
    if "PRIVATE KEY" not in text and "PuTTY-User-Key-File" not in text:
        return text
    pieces: list[str] = []
    done = 0
    while (head := _KEY_HEAD.search(text, done)) is not None:
        body = _KEY_BODY.match(text, head.end())
        end = body.end() if body is not None else head.end()
        tail = _KEY_TAIL.match(text, end)
        if tail is not None:
            end = tail.end()
        pieces += (text[done : head.start()], "\n".join(map(_hide_line, text[head.start() : end].split("\n"))))
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _hide_line(line: str) -> str:
    """One line of a key: its indentation and the quotes and brackets at its edges stay."""
    edge = _LINE_EDGES.match(line)
    start = edge.end() if edge is not None else 0
    end = len(line.rstrip(" \t\r\"'`,)\\"))
    return line[:start] + MASK + line[end:] if end > start else line
