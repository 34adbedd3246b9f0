"""Parsing, where the interpreter's own parser stumbles over what runs in its midst."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from pytest_llmlearn.domain import parsing
from pytest_llmlearn.domain.source import parse

_real = ast.parse


def stumbling(times: int) -> Callable[..., ast.AST]:
    """`ast.parse` that raises SystemError at its first `times` calls."""
    left = [times]

    def stumble(text: str, mode: str = "exec") -> ast.AST:
        if left[0]:
            left[0] -= 1
            raise SystemError("AST constructor recursion depth mismatch (before=4, after=5)")
        return _real(text, mode=mode)

    return stumble


def test_a_stumbling_parser_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is wrong with the text: the second answer is taken."""
    monkeypatch.setattr(ast, "parse", stumbling(1))
    assert ast.unparse(parsing.module("once = 1")) == "once = 1"
    monkeypatch.setattr(ast, "parse", stumbling(1))
    assert ast.unparse(parsing.expression("once")) == "once"
    monkeypatch.setattr(ast, "parse", stumbling(1))
    assert parse("stumbled = 'once'") is not None


def test_a_parser_that_stumbles_twice_is_not_asked_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the text counts as one that does not parse."""
    for ask in (parsing.module, parsing.expression):
        monkeypatch.setattr(ast, "parse", stumbling(2))
        with pytest.raises(SyntaxError, match="recursion depth mismatch"):
            ask("twice")
    monkeypatch.setattr(ast, "parse", stumbling(2))
    assert parse("stumbled = 'twice'") is None
