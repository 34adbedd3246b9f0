"""What `Memory` says of rules that enforce what was learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_llmlearn.errors import BadInput, UnknownPattern

if TYPE_CHECKING:
    from pytest_llmlearn.app.graduate import Graduated, Graduation, Which
    from pytest_llmlearn.app.ports.rules import LearnedRules


class RulesOfMemory:
    """The part of `Memory` around rules."""

    _graduation: Graduation
    _learned_rules: LearnedRules

    def rules(self, which: Which = "enforced") -> Graduated:
        """Semgrep rules of what recurs and holds: of enforced patterns, and of those whose matcher was right often
        enough; with `active` of all active ones, with `all` of candidates too. Each is checked by running Semgrep;
        those that it refuses, or whose test fails, are left out with a sentence why. Nothing is written.

        Raises:
            ScannerUnavailable: there is no Semgrep to check them, or it cannot be used.
            StoreError: what was learned cannot be read.
        """
        return self._graduation.graduate(which)

    def graduate(self, graduated: Graduated) -> None:
        """Write the rules into `.llmlearn/rules/learned.yml`: their lessons are told no more, `llmlearn scan` finds
        what they are about.

        Raises:
            OSError: it cannot be written.
        """
        self._graduation.write(graduated)

    def enforced_by_rule(self) -> Sequence[str]:
        """The fingerprints of the patterns that the project's file of rules enforces."""
        return sorted(self._learned_rules.read().enforced)

    def take_back_rule(self, fingerprint: str) -> str:
        """Take the rule of the pattern whose fingerprint is, or begins with, this one out of the file: its lesson is
        told again, and `rules` makes it no more. The whole fingerprint.

        Raises:
            BadInput: no rule enforces one that is named so.
            UnknownPattern: several do.
            OSError: the file cannot be written.
        """
        names = self.enforced_by_rule()
        found = [one for one in names if one == fingerprint] or [one for one in names if one.startswith(fingerprint)]
        if not found:
            raise BadInput(f"no rule enforces a pattern {fingerprint!r}; `llmlearn rules list` lists those that are")
        if len(found) > 1:
            raise UnknownPattern(fingerprint, found)
        self._graduation.take_back(found[0])
        return found[0]
