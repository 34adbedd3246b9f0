"""One piece of code that does not parse, with the statements left out that Python stumbles over.

A statement that is left out leaves `pass` behind, a head with a body below it a condition of its own; both are taken
out of the tree again, so that what stood under the head stands where the head stood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import zip_longest

from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.tree import Node, Span

TRIES = 16
"""How often Python is asked of one piece before all of it is given up."""
_GAP = "_llm_gap_"
_HEAD = re.compile(
    r"(?:async\s+)?(?P<word>def|class|if|elif|else|for|while|try|except|finally|with|match|case)\b(?!\s*=)"
)
_BODIES = frozenset({"body", "orelse", "finalbody", "handlers", "cases"})
_STAND_INS = {
    "except": f"except {_GAP}:", "elif": f"elif {_GAP}:", "else": "else:", "finally": "finally:", "try": "try:"
}  # fmt: skip
_TOKEN = re.compile(
    r"""#[^\r\n]*|\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\Z)|'''(?:\\.|[^\\])*?(?:'''|\Z)
      |"(?:\\.|[^"\\\r\n])*"?|'(?:\\.|[^'\\\r\n])*'?|[(\[{]|[)\]}]|\r\n?|\n""",
    re.VERBOSE | re.DOTALL,
)
_CODE = re.compile(r"^\s*(?:(?:async\s+)?(?:def|for|with)|class|return|if|while|raise|try|self\.\w+ =)\b[^\"']*", re.M)
_ON_LINE = re.compile(r"on line (\d+)")


@dataclass(slots=True)
class _Mending:
    """The lines as they stand now. `gone` are those left out, `fillers` those where a `pass` was put in, `bare` those
    after which a body is missing."""

    lines: list[str]
    gone: set[int] = field(default_factory=set)
    fillers: set[int] = field(default_factory=set)
    bare: set[int] = field(default_factory=set)

    def leave_out(self, error: SyntaxError) -> bool:
        """Take out what the error is laid on; False where nothing is left to take out."""
        message = error.msg or ""
        at = self._code_at(min(max((error.lineno or 1) - 1, 0), len(self.lines) - 1))
        if "expected an indented block" in message:
            return self._fill(message, at)
        if "unexpected indent" in message or "unindent does not match" in message:
            return self._dedent(at)
        start = self._blamed(at)
        if start in self.gone:
            if not self.lines[start].strip():
                start = at
            if start in self.gone:
                return self._blank(start)
        self._take(start)
        return True

    def _code_at(self, at: int) -> int:
        while at > 0 and not self.lines[at].strip():
            at -= 1
        return at

    def _fill(self, message: str, at: int) -> bool:
        """Give a head that lost its body one."""
        found = _ON_LINE.search(message)
        head = int(found[1]) - 1 if found else at
        if not 0 <= head < len(self.lines) or head in self.fillers:
            return self._blank(at)
        if head in self.gone:
            return self._blank(head)
        end = head
        while end < at and not _without_comment(self.lines[end]).endswith(":"):
            end += 1
        line = _without_comment(self.lines[end])
        if not line.endswith(":"):
            return self._blank(at)
        self.lines[end] = line + " pass" + _end(self.lines[end])
        self.fillers |= {head, end}
        self.bare.add(end)
        return True

    def _dedent(self, at: int) -> bool:
        """Take out what is indented under nothing: what followed a line that was left out, or one line."""
        above = at - 1
        while above >= 0 and not self.lines[above].strip() and above not in self.gone:
            above -= 1
        if above >= 0 and above in self.gone:
            deep = _indent(self.lines[above]) if self.lines[above].strip() else _indent(self.lines[at]) - 1
            end = at
            while end < len(self.lines) and (not self.lines[end].strip() or _indent(self.lines[end]) > deep):
                self._blank(end)
                end += 1
            return True
        return self._blank(at)

    def _blank(self, at: int) -> bool:
        if not self.lines[at].strip():
            return False
        self.gone.add(at)
        self.lines[at] = _end(self.lines[at])
        return True

    def _blamed(self, at: int) -> int:
        """The line where the statement begins that breaks line `at`: a bracket or a string was opened there."""
        opened: list[int] = []
        line = 0
        for token in _TOKEN.finditer("".join(self.lines)):
            word = token[0]
            if line > at:
                break
            if word in ("\n", "\r\n", "\r"):
                line += 1
            elif word in ("(", "[", "{"):
                opened.append(line)
            elif word in (")", "]", "}"):
                if opened:
                    opened.pop()
            elif word[:3] in ('"""', "'''"):
                more = len(syntax.lines(word + "x")) - 1
                if more and line < at and line + more >= at - 3 and _CODE.search(word):
                    return line  # a string that swallowed code was opened by mistake, or is not closed yet
                line += more
        return opened[0] if opened and opened[0] < at else at

    def _take(self, start: int) -> None:
        line = self.lines[start]
        indent = line[: len(line) - len(line.lstrip())]
        head = _HEAD.match(line.lstrip())
        end = start
        depth = _depth(line)
        if head:
            for further in range(start + 1, min(start + 30, len(self.lines))) if depth > 0 else ():
                text = _without_comment(self.lines[further])
                if text.strip()[:1] in (")", "]", "}") and text.endswith(":"):
                    end = further
                    break
                if _HEAD.match(text.strip()):
                    break
        elif depth > 0:
            deep = _indent(line)
            while end + 1 < len(self.lines):
                text = self.lines[end + 1]
                if text.strip() and _indent(text) <= deep:
                    if text.strip()[:1] in (")", "]", "}"):
                        end += 1
                    break
                end += 1
        below = next((text for text in self.lines[end + 1 :] if text.strip()), "")
        if head and _indent(below) > _indent(line):
            stand_in = _STAND_INS.get(head["word"], f"if {_GAP}:")
            if stand_in == line.strip():
                stand_in = f"if {_GAP}:"
        else:
            stand_in = "pass"
        for further in range(start, end + 1):
            self._blank(further)
        self.lines[start] = indent + stand_in + _end(line)
        self.gone.add(start)


def mended(text: str, first: int) -> tuple[tuple[Node, ...], tuple[Span, ...]]:
    """The statements of a piece that does not parse, and what had to be left out; its first line is `first`."""
    mending = _Mending(syntax.lines(text))
    original = list(mending.lines)
    for _ in range(TRIES):
        try:
            found = syntax.nodes("".join(mending.lines), first)
        except SyntaxError as error:
            if not mending.leave_out(error):
                break
        except (syntax.TooDeep, RecursionError, MemoryError):
            break
        else:
            fillers = {first + line for line in mending.gone | mending.fillers}
            nodes = tuple(one for node in found for one in _cleared(node, fillers))
            return nodes, _spans(original, mending.gone | mending.bare, first)
    return (), (whole(original, first),)


def whole(lines: list[str], first: int) -> Span:
    """The span of all of these lines."""
    if not lines:
        return Span(first, 0, first, 0)
    return Span(first, 0, first + len(lines) - 1, len(lines[-1].rstrip("\r\n")))


def _spans(lines: list[str], gone: set[int], first: int) -> tuple[Span, ...]:
    """Lines next to one another as one gap."""
    spans: list[Span] = []
    for line in sorted(gone):
        end = len(lines[line].rstrip("\r\n"))
        if spans and spans[-1].end_line == first + line - 1:
            spans[-1] = Span(spans[-1].line, 0, first + line, end)
        else:
            spans.append(Span(first + line, 0, first + line, end))
    return tuple(spans)


def _cleared(node: Node, fillers: set[int]) -> tuple[Node, ...]:
    """The statement without what stood in for others; several where it was such a head itself."""
    children: list[tuple[str, Node]] = []
    for role, child in node.children:
        if role not in _BODIES:
            children.append((role, child))
            continue
        if child.kind == "ExceptHandler" and child.span.line in fillers:
            under = [node for its, node in child.children if its == "body"]
            children += [("body", one) for node in under for one in _cleared(node, fillers)]
            continue
        children += [(role, one) for one in _cleared(child, fillers)]
    if node.span.line in fillers:
        if node.kind == "Pass":
            return ()
        if node.kind == "If" and any(role == "test" and child.text == _GAP for role, child in children):
            return tuple(child for role, child in children if role != "test")
    if any(one[1] is not other[1] for one, other in zip_longest(children, node.children, fillvalue=("", None))):
        node.children = tuple(children)
    return (node,)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t\f"))


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _without_comment(line: str) -> str:
    """The line up to a comment; strings are told from comments."""
    for token in _TOKEN.finditer(line):
        if token[0].startswith("#"):
            return line[: token.start()].rstrip()
    return line.rstrip()


def _depth(line: str) -> int:
    """How many brackets are open at the line's end."""
    words = [token[0] for token in _TOKEN.finditer(line)]
    return sum(word in ("(", "[", "{") for word in words) - sum(word in (")", "]", "}") for word in words)
