"""Patterns of code, written as Semgrep writes them, to trees that can be compared with code.

`$X` stands for one expression, name, argument's name or attribute, the same each time; `$_` for any; `...` for any
more arguments, elements, parameters or statements; `"..."` for any string. One expression matches wherever it stands,
statements match statements that stand together. Semgrep's pattern syntax:
https://semgrep.dev/docs/writing-rules/pattern-syntax
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.tree import Node
from pytest_llmlearn.errors import BadPattern

LONGEST = 20_000
"""Characters of a pattern; a longer one was not made of a mistake."""
_META = "_llm_meta_"
_DOTS = "_llm_dots"
_TOKEN = re.compile(
    r"""(?P<string>(?:[rRbBuUfF]{1,2})?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''
         |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
      |(?P<comment>\#[^\n]*)|(?P<dots>\.\.\.)|(?P<meta>\$[A-Z_][A-Z0-9_]*)|(?P<open>[(\[{])|(?P<close>[)\]}])
      |(?P<word>\w+)|(?P<space>\s+)|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_FIELD = re.compile(r"\{[^{}]*\$[A-Z_][^{}]*")
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A pattern that was read. `nodes` is one expression, or the statements."""

    text: str
    nodes: tuple[Node, ...]
    is_expression: bool


@lru_cache(maxsize=20_000)
def compiled(text: str) -> Pattern:
    """The pattern of that text; kept, for the same ones are asked of every piece of code.

    Raises:
        BadPattern: it cannot be read as Python with metavariables.
    """
    if len(text) > LONGEST:
        raise BadPattern(text[:60] + "…", f"longer than {LONGEST} characters")
    if _META in text or _DOTS in text:
        raise BadPattern(text, f"{_META} and {_DOTS} are names of its reader's own")
    try:
        nodes = syntax.nodes(_as_python(text.strip("\r\n")))
    except SyntaxError as error:
        raise BadPattern(text, error.msg) from error
    except (syntax.TooDeep, RecursionError, MemoryError) as error:
        raise BadPattern(text, "nested too deeply") from error
    if not nodes or all(is_dots(node) for node in nodes):
        raise BadPattern(text, "it matches everything")
    if len(nodes) == 1 and nodes[0].kind == "Expr":
        only = nodes[0].children[0][1]
        if metavariable(only) is not None:
            raise BadPattern(text, "it matches everything")
        return Pattern(text=text, nodes=(only,), is_expression=True)
    return Pattern(text=text, nodes=nodes, is_expression=False)


def metavariable(node: Node) -> str | None:
    """The metavariable (`$X`) that an expression or a statement of a pattern is, if it is one."""
    if node.kind == "Expr":
        node = node.children[0][1]
    return named(node.text) if node.kind == "Name" else None


def named(text: str) -> str | None:
    """The metavariable that an identifier of a pattern is, if it is one."""
    return "$" + text[len(_META) :] if text.startswith(_META) else None


def is_dots(node: Node) -> bool:
    """Whether a node of a pattern is `...`."""
    if node.kind in ("Expr", "Starred", "keyword"):
        if node.kind == "keyword" and node.text:
            return False
        node = node.children[0][1]
    return (node.kind == "Constant" and node.text == "Ellipsis") or node.text == _DOTS


def metavariables_of(text: str) -> frozenset[str]:
    """The metavariables that a pattern speaks of.

    Raises:
        BadPattern: as `compiled`.
    """
    found = set()
    for node in _all(compiled(text).nodes):
        name = named(node.text)
        if name is not None:
            found.add(name)
    return frozenset(found)


@lru_cache(maxsize=20_000)
def atoms_of(text: str) -> frozenset[str]:
    """Identifiers and literals (as `repr` writes them) all of which stand in whatever the pattern matches, or in what
    the imports of its file say of the names there.

    Raises:
        BadPattern: as `compiled`.
    """
    found: set[str] = set()
    for node in _all(compiled(text).nodes):
        if node.kind == "Constant":
            if node.text not in ("'...'", "Ellipsis", "True", "False", "None"):
                found.add(node.text)
        elif node.text and named(node.text) is None and node.text != _DOTS:
            found.update(_WORD.findall(node.text) if node.kind not in _OPERATED else ())
    return frozenset(word for word in found if _META not in word)


_OPERATED = frozenset({"BinOp", "UnaryOp", "BoolOp", "Compare", "AugAssign", "FormattedValue", "comprehension"})


def _all(nodes: tuple[Node, ...]) -> Iterator[Node]:
    pending = list(nodes)
    while pending:
        node = pending.pop()
        yield node
        # A piece of a string that is formatted may be cut otherwise in the code that is looked at.
        pending.extend(child for _, child in node.children if node.kind != "JoinedStr" or child.kind != "Constant")


def _as_python(text: str) -> str:
    """The pattern as Python that parses: metavariables as names, `...` as what may stand there."""
    out: list[str] = []
    brackets: list[str] = []
    before = earlier = ""
    for token in _TOKEN.finditer(text):
        kind, word = token.lastgroup, token[0]
        if kind == "comment":
            continue
        if kind == "open":
            called = word == "(" and (before[-1:].isidentifier() or before in (")", "]")) and before not in _NOT_CALLED
            brackets.append(word if not called else "def" if earlier == "def" else "call")
        elif kind == "close" and brackets:
            brackets.pop()
        elif kind == "string" and word[:2].rstrip("\"'").lower().strip("r") == "f":
            word = _FIELD.sub(lambda field: field[0].replace("$", _META), word)
        elif kind == "meta":
            word = _META + word[1:]
        elif kind == "dots" and brackets:
            if brackets[-1] == "call":
                word = "*" + _DOTS
            elif brackets[-1].startswith("def"):  # `…=…` is marked: after a parameter with a default comes no bare one
                word = _DOTS + brackets[-1][3:]
            elif brackets[-1] == "{":
                word = "**" + _DOTS
        elif word == "=" and brackets and brackets[-1] == "def":
            brackets[-1] = "def=..."
        out.append(word)
        if kind != "space":
            before, earlier = word, before
    return "".join(out)


_NOT_CALLED = frozenset(
    {"in", "is", "and", "or", "not", "if", "else", "elif", "for", "while", "return", "yield", "await", "lambda"}
    | {"assert", "del", "with", "case", "match", "except", "raise", "import", "from"}
)
"""Words after which a parenthesis calls nothing."""
