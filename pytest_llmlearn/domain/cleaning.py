"""Text from anywhere, without what a terminal, a log or a model would obey instead of showing.

Invariant: pure, linear, total over `str`; `clean(clean(text)) == clean(text)`, and no line is added or lost but where a
carriage return ended one.
"""

from __future__ import annotations

import re

_ESCAPE_SEQUENCE = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")
# Control characters but tab and newline, separators that only some take for a line's end, marks that reorder text,
# halves of surrogate pairs, which no wire takes, and the tags that models read and people do not see.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """`text` with each unfit character replaced by U+FFFD; terminal colours and carriage returns go."""
    if text.isascii() and text.isprintable():
        return text
    if "\x1b" in text:
        text = _ESCAPE_SEQUENCE.sub("", text)
    return _UNFIT.sub("\ufffd", text.replace("\r\n", "\n"))


def flat(text: str, limit: int) -> str:
    """The first `limit` characters, cleaned, line ends and tabs as blanks: for names, paths and ids."""
    return clean(text[:limit]).replace("\n", " ").replace("\t", " ")
