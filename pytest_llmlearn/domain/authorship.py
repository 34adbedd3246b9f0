"""Which assistant wrote a commit, by its author, its committer and its message.

An author or a committer is an identity; a trailer is a claim of whoever wrote the message; a line in the middle of a
squashed body is a claim about one commit of several. Each is worth less than the one before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from pytest_llmlearn.domain.assistants import KNOWN, Roster
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.domain.signs import MAX_VALUE, Identity, Sign, credited, declared, identify, marked, tidy
from pytest_llmlearn.domain.tool_names import plain_name

VERSION = "2"
"""Of the rules of this module and of `signs`: others make older answers void."""

AUTHOR = 0.8
TRAILER = 0.6
BODY = 0.5
"""Of a trailer buried in the body, of several that contradict one another, and of a sentence."""
SUBJECT = 0.4

MAX_MESSAGE = 100_000
"""Characters looked at of a longer message: as many from its beginning and its end, where trailers stand."""
MAX_SIGNS = 50
MAX_EVIDENCE = 160
MAX_KNOWN = 4_000
"""Trailers, and pairs of author and committer, that are remembered."""

_TRAILER = re.compile(
    r"^[ \t]*(?P<key>co-?authored-by|co-developed-by|signed-off-by|assisted-by|generated-by|claude-generated-by|"
    r"(?:ai|llm)-(?:assisted|generated)(?:-by)?|ai-model|ai-session|ai-tool|made-with|claude-session|amp-thread-id|"
    r"replit-commit-author)[ \t]*:[ \t]*(?P<value>[^\r\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_SENTENCE = re.compile(r"^[^\w\r\n]*(?:generated|assisted)[ \t]+(?:with|by)[ \t]+(?P<value>[^\r\n]*)", re.I | re.M)
_PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
_MARK = re.compile(r".*?\s*\((?P<mark>[^()]+)\)\s*")
_HEADING = "Squashed commit of the following:"
_PULL_REQUEST = re.compile(r"\(#\d+\)\s*$")
_BULLET = re.compile(r"^\* ", re.MULTILINE)
_CREDITED = re.compile(r"^[ \t]*co-?authored-by[ \t]*:([^<\r\n]*)", re.IGNORECASE | re.MULTILINE)
_PEOPLE = frozenset({"co-authored-by", "coauthored-by", "co-developed-by", "signed-off-by"})
# Trailers whose mere presence is the sign, whatever they hold.
_SESSIONS = {"claude-session": "claude", "amp-thread-id": "amp", "ai-session": None}


Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    sign: Sign
    confidence: float
    evidence: str


def authorship(author: Identity, committer: Identity, message: str, roster: Roster = KNOWN) -> Provenance | None:
    """The assistant that wrote one commit: `Authors.of`, of which see."""
    return Authors(roster).of(author, committer, message)


class Authors:
    """Which assistants wrote commits, as far as `roster` knows them. Who was looked up once is not looked up again."""

    def __init__(self, roster: Roster = KNOWN) -> None:
        self._roster = roster
        self._people: dict[tuple[Identity, Identity], _Claim | None] = {}
        self._trailers: dict[tuple[str, str], list[Sign]] = {}

    def of(self, author: Identity, committer: Identity, message: str) -> Provenance | None:
        """The assistant that wrote a commit, with the model where one is named; None where nobody names one.

        The confidence is `AUTHOR` for an author or committer that is one, `TRAILER` for a trailer of the message's last
        paragraph, `BODY` for one further up, for several that differ, for any trailer of several commits that were
        squashed into one, and for a sentence such as *Generated with Claude Code*; `SUBJECT` for a subject that begins
        with `aider:`.
        """
        said = [*self._said(_cut(message))]
        by = self._identified(author, committer)
        if by is not None:
            model = by.sign.model
            if model is None:
                models = {claim.sign.model for claim in said if claim.sign.tool in (by.sign.tool, None)} - {None}
                model = models.pop() if len(models) == 1 else None
            return _provenance(by.sign.tool, model, by.confidence, by.evidence)
        if said:
            return _together(said)
        if message[:6].lower() == "aider:":
            return _provenance("aider", None, SUBJECT, f"subject {tidy(message.splitlines()[0])}")
        return None

    def _identified(self, author: Identity, committer: Identity) -> _Claim | None:
        pair = author, committer
        if pair not in self._people:
            _make_room(self._people)
            self._people[pair] = _by_identity(author, committer, self._roster)
        return self._people[pair]

    def _said(self, message: str) -> Iterator[_Claim]:
        """The claims of the trailers, wherever they stand, and of sentences."""
        end = len(message.rstrip())
        last = 0
        for gap in _PARAGRAPH.finditer(message, 0, end):
            last = gap.end()
        unsure = _is_squashed(message)
        count = 0
        for match in _TRAILER.finditer(message):
            for sign in self._claimed(match["key"].lower(), match["value"][:MAX_VALUE].strip()):
                evidence = f"trailer {match['key']}: {_without_address(match['value'])}"
                confidence = TRAILER if match.start() >= last and not unsure else BODY
                yield _Claim(sign=sign, confidence=confidence, evidence=evidence)
                count += 1
            if count >= MAX_SIGNS:
                return
        for match in _SENTENCE.finditer(message):
            credit = credited(match["value"], self._roster)
            if credit is not None and credit.tool is not None:
                yield _Claim(sign=credit, confidence=BODY, evidence=f"message: {tidy(match[0])}")
                return

    def _claimed(self, key: str, value: str) -> list[Sign]:
        """Whom one trailer names."""
        if (key, value) not in self._trailers:
            _make_room(self._trailers)
            self._trailers[key, value] = [*_claimed(key, value, self._roster)]
        return self._trailers[key, value]


def _by_identity(author: Identity, committer: Identity, roster: Roster) -> _Claim | None:
    sign = identify(author, roster)
    if sign is not None:
        return _Claim(sign=sign, confidence=AUTHOR, evidence=f"author {tidy(author.name)}")
    mark = _MARK.fullmatch(author.name[:MAX_VALUE])
    sign = marked(mark["mark"], roster) if mark else None
    if mark and sign is not None:
        return _Claim(sign=sign, confidence=AUTHOR, evidence=f"author marked ({mark['mark']})")
    # A mark such as `(aider)` on the committer alone is none: the tool committed what a person had written.
    sign = identify(committer, roster)
    return _Claim(sign=sign, confidence=AUTHOR, evidence=f"committer {tidy(committer.name)}") if sign else None


def _cut(message: str) -> str:
    if len(message) <= 2 * MAX_MESSAGE:
        return message
    return f"{message[:MAX_MESSAGE]}\n{message[-MAX_MESSAGE:]}"


def _is_squashed(message: str) -> bool:
    """Whether the message is of several commits made one, with the trailers of all of them at its end.

    Told by git's own heading of a squash; or by a subject that ends in a pull request's number, as GitHub writes it,
    over a body that lists commits with `*`, or credits several who are not the same. The squash of a single commit
    keeps that commit's message, and its trailer is worth what it was.
    """
    if _HEADING in message:
        return True
    subject, _, body = message.partition("\n")
    if _PULL_REQUEST.search(subject[-MAX_VALUE:]) is None:
        return False
    return len(_BULLET.findall(body)) > 1 or len({tidy(who).lower() for who in _CREDITED.findall(body)}) > 1


def _make_room(known: dict[Key, Value]) -> None:
    # Whoever leafs through a long history of endless trailers shall not keep them all.
    if len(known) >= MAX_KNOWN:
        known.clear()


def _claimed(key: str, value: str, roster: Roster) -> Iterable[Sign]:
    """Whom one trailer names."""
    if key in _SESSIONS:
        return [Sign(tool=_SESSIONS[key])] if value else []
    if key == "replit-commit-author":
        return [Sign(tool="replit")] if value.lower() in ("agent", "assistant") else []
    if key not in _PEOPLE:
        found = declared(value, roster, any_token=key in ("generated-by", "ai-model"), any_agent=key == "assisted-by")
        # Whoever gives this trailer at all names a model by it, whatever it is called.
        named = plain_name(value) if key == "ai-model" and not found else None
        return [Sign(model=named)] if named else found
    name, _, address = value.partition("<")
    email = address.partition(">")[0]
    sign = identify(Identity(name=name, email=email), roster)
    if sign is not None:
        return [sign]
    # One line may name several models, and no person is called by several names with versions in them.
    several = declared(name, roster)
    return several if len(several) > 1 else []


def _together(claims: list[_Claim]) -> Provenance:
    """One answer of several claims: what they agree on, and less sure where they do not."""
    tools = {claim.sign.tool for claim in claims} - {None}
    models = {claim.sign.model for claim in claims} - {None}
    surest = max(claims, key=lambda claim: claim.confidence)
    agree = len(tools) <= 1 and len(models) <= 1
    tool = tools.pop() if len(tools) == 1 else None
    model = models.pop() if len(models) == 1 else None
    return _provenance(tool, model, surest.confidence if agree else min(surest.confidence, BODY), surest.evidence)


def _without_address(value: str) -> str:
    # Evidence is stored and shown; an address is personal, and says no more than the name beside it.
    return tidy(re.sub(r"<[^<>]*>", "", value[:MAX_VALUE]))


def _provenance(tool: str | None, model: str | None, confidence: float, evidence: str) -> Provenance:
    return Provenance(type="ai", model=model, tool=tool, confidence=confidence, evidence=evidence[:MAX_EVIDENCE])
