"""What a tool says it changed, in one breath, as a list.

An item ends where a sentence or a line does, at a semicolon, and at a comma after which another deed begins; the commas
within a deed ("retries, with a cap and a pause") part nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_IRREGULAR = (
    "built|brought|broke|cut|did|drew|found|gave|got|held|kept|let|made|put|ran|rebuilt|rewrote|set|shrank|split|spread"
    "|swept|took|threw|undid|wrote"
)
_PLAIN = (
    "add|adjust|allow|apply|change|clean|convert|create|delete|disable|drop|enable|ensure|extract|fix|handle|improve"
    "|inline|introduce|make|merge|move|refactor|remove|rename|replace|restore|return|rewrite|simplify|split|switch|turn"
    "|update|use|validate|wrap|write"
)
_TOLD = (
    "added|adjusted|applied|changed|cleaned|converted|corrected|created|deleted|disabled|dropped|enabled|enhanced"
    "|ensured|extended|extracted|fixed|implemented|improved|increased|inlined|introduced|merged|moved|optimi[sz]ed"
    "|reduced|refactored|removed|renamed|replaced|restored|simplified|switched|turned|tweaked|updated|wrapped"
)
# After a comma a capital tells a deed from one more of its parts; in lower case only the plainest words do: "a cached,
# sorted list" is one thing.
_DEED = (
    rf"(?:[A-Z][a-z]{{2,}}ed\b|(?i:{_IRREGULAR})\b(?!\s*[,.;]|\s+of\b)"
    rf"|(?:{'|'.join(word.capitalize() for word in _PLAIN.split('|'))})\b|(?:{_TOLD})\b)"
)
_COMMA = re.compile(rf"\s*,\s+(?:and\s+|then\s+)*(?={_DEED})")
_STOP = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bcf)(?<!\bvs)[.!?;](?=\s)\s+|[.!?;]\s*\Z|[。！？；]\s*")
_LABEL = re.compile(r"^\s*(?:(?:all|applied|my|the)\s+)*changes?(?:\s+(?:applied|made))?\s*:\s*", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")


def items(text: str) -> list[str]:
    """The deeds that `text` tells, in order; blank ones are left out."""
    return [item for line in text.splitlines() for item in _of_line(_BULLET.sub("", _LABEL.sub("", line)))]


def _of_line(line: str) -> Iterator[str]:
    for sentence in _sentences(line):
        for part in _COMMA.split(sentence):
            if item := part.strip(" \t,;"):
                yield item


def _sentences(line: str) -> Iterator[str]:
    """A stop ends a sentence where none in lower case goes on: names have stops in them, and so have numbers."""
    start = 0
    for stop in _STOP.finditer(line):
        following = line[stop.end() : stop.end() + 1]
        if not following.islower() or stop.group()[0] in ";；":
            yield line[start : stop.start()]
            start = stop.end()
    yield line[start:]
