"""Rules that enforce what was learned: where they are kept, and what checks them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmlearn.domain.graduation import Graduate
    from pytest_llmlearn.domain.rule_file import RuleFile


class LearnedRules(Protocol):
    """The project's file of rules, which is committed."""

    @property
    def name(self) -> str:
        """Its path from the project's root."""
        ...

    def read(self) -> RuleFile:
        """The rules as they are now; none where there is no file, or it cannot be read."""
        ...

    def write(self, rules: RuleFile) -> None:
        """Put these rules in its place.

        Raises:
            OSError: it cannot be written.
        """
        ...


class RuleTests(Protocol):
    """What says whether rules can be used, and do what their tests say."""

    def failing(self, rules: Sequence[Graduate]) -> Mapping[str, str]:
        """Those of the rules that are refused or fail their tests, by name, each with a sentence why.

        Raises:
            ScannerUnavailable: there is no such program, or it cannot be used.
        """
        ...
