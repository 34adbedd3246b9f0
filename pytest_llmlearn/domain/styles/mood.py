"""A lesson's sentence turned into a directive, or into a statement that commands no one.

Sentences begin with what to do ("Await it: …"), with what not to do ("Do not await it: …"), or state a fact that ends
in what to do ("None came where a list is needed: check for None first"). What begins otherwise is no sentence whose
mood can be told: a directive then asks to bear it in mind, a statement quotes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

VERBS = frozenset(
    re.findall(
        r"\w+",
        "accept acquire add allow annotate append apply assert assign avoid await bind break build cache call "
        "cast catch change check choose clean close collect compare compute configure convert copy count create "
        "declare decide decode define delete derive disable document drop enable encode ensure enter escape "
        "expect explain express fetch find fix flush follow format freeze generate get give guard hand handle "
        "hash have hold implement import increase indent index inherit initialise initialize inject insert "
        "install iterate join keep leave let limit list load lock log look make mark match measure merge mock "
        "move name note normalise normalize obtain open override parse pass patch pin prefer prepare preserve "
        "print promise provide put query quote raise read rebuild reduce refuse register reject release remember "
        "remove rename repeat replace report request require reset resolve respect restore retry return reuse "
        "round run sanitise sanitize save schedule send separate set sort specify split start state stop store "
        "strip subclass supply suppose switch take tell test throw treat trim try turn unpack update use validate "
        "verify wait work wrap write yield ",
    )
)
"""Verbs with which a lesson begins. One that is missing costs the sentence its mood and nothing else."""
_FINITE = frozenset(("is", "are", "was", "were", "has", "had", "does", "did", "of", "fails", "failed", "must"))
"""Words before which the first word is a noun after all: `Input of zero …`, `Import fails …`."""

_WORD = re.compile(r"[A-Za-z]+")
_NOT = re.compile(r"(?:do not|don't|never) +", re.IGNORECASE)
_ALWAYS = re.compile(r"always +", re.IGNORECASE)
_PLACED = re.compile(r"(In|Inside|For|Under|With) ('[^']*'|`[^`]*`|\w+),? (?=\w)")
_ADVICE = re.compile(r": (?=[A-Za-z])")
_NEW_SENTENCE = re.compile(r"[.!?] +(?=[A-Za-z])")
_FACT = re.compile(r"(?:None|An?|The) |['`]|[\w.]+(?:Error|Exception|Warning|Interrupt)\b")
"""How a fact may begin that is stated as it is; of any other beginning nobody knows whether it commands."""
_SHOUTS = re.compile(
    r"\b(?:ALWAYS|NEVER|MUST|SHALL|SHOULD|CRITICAL|IMPORTANT|WARNING|ATTENTION|URGENT|STOP|IGNORE|OVERRIDE|NOTICE|NOW"
    r"|NOT|ONLY|ALL|DO|YOU|SYSTEM|INSTRUCTIONS?|PREVIOUS|IMMEDIATELY|REQUIRED|FORBIDDEN|PLEASE)\b"
)
_BANGS = re.compile(r"!+(?=[\s'\"”)]|$)")
_DOUBLE = re.compile(r"[\"“”„]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Advice:
    """What a sentence asks for: `action` begins with its verb in small letters, `fact` is what the sentence said first.

    `negative` where it says what not to do.
    """

    action: str
    negative: bool = False
    fact: str = ""


def directive(sentence: str, *, security: bool = False) -> str:
    """The sentence as a directive: `ALWAYS …`, for mistakes of security also `NEVER …`; "" for no sentence."""
    whole = opened(sentence)
    if not whole:
        return ""
    advice = _advice(whole)
    if advice is None:
        return f"ALWAYS bear in mind: {whole}"
    reason = f" ({advice.fact})" if advice.fact else ""
    if not advice.negative:
        return f"ALWAYS {advice.action}{reason}"
    return f"NEVER {advice.action}{reason}" if security else f"ALWAYS take care not to {advice.action}{reason}"


def statement(sentence: str) -> str:
    """The sentence as a statement of what is on record, without a command and without shouting; "" for none."""
    whole = quiet(opened(sentence))
    if not whole:
        return ""
    advice = None if _commands_later(whole) else _advice(whole)
    if advice is None or (advice.fact and not _FACT.match(advice.fact)):
        return f"The lesson on record reads {quoted(whole)}."
    remedy = f"remedy on record is {'not ' if advice.negative else ''}to {advice.action}"
    return f"{advice.fact}; the {remedy}." if advice.fact else f"The {remedy}."


def quoted(text: str) -> str:
    """Text as somebody's words, between quotation marks that it does not hold."""
    return f'"{_DOUBLE.sub(chr(39), quiet(opened(text)))}"'


def quiet(text: str) -> str:
    """Text without words that shout and without exclamation marks."""
    return _BANGS.sub(".", _SHOUTS.sub(lambda found: found.group().lower(), text))


def _advice(whole: str) -> _Advice | None:
    direct = _action(whole)
    if direct is not None:
        return direct
    placed = _PLACED.match(whole)
    if placed is not None:
        inner = _action(whole[placed.end() :])
        if inner is not None:
            where = f"{placed.group(1).lower()} {placed.group(2)}"
            return _Advice(action=f"{inner.action}, {where}", negative=inner.negative)
    for colon in _ADVICE.finditer(whole):
        inner = _action(whole[colon.end() :])
        if inner is not None:
            return _Advice(action=inner.action, negative=inner.negative, fact=whole[: colon.start()])
    return None


def _action(text: str) -> _Advice | None:
    """What a text that begins with a verb asks for; None for any other text."""
    refusal = _NOT.match(text)
    rest = text[refusal.end() :] if refusal is not None else text
    insistence = _ALWAYS.match(rest)
    rest = rest[insistence.end() :] if insistence is not None else rest
    words = _WORD.findall(rest[:80])
    first = _WORD.match(rest)
    if first is None or first.group().lower() not in VERBS or (len(words) > 1 and words[1] in _FINITE):
        return None
    return _Advice(action=rest[0].lower() + rest[1:], negative=refusal is not None)


def _commands_later(whole: str) -> bool:
    """Whether a later sentence of the text commands: "to await it. Then run …" would be half a statement."""
    return any(True for _ in _NEW_SENTENCE.finditer(whole))


def opened(sentence: str) -> str:
    """A sentence without its end."""
    return sentence.rstrip(".!?… ")
