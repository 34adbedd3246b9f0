"""What lessons are made of beside their patterns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmlearn.domain.fix import Fix
    from pytest_llmlearn.domain.lesson import Rewording
    from pytest_llmlearn.domain.pattern import Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one pattern beside itself.

    `contexts` are most frequent first. `reworded` is what a person wrote last, None where nobody did or it was taken
    back.
    """

    contexts: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    reworded: Rewording | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a person wrote in place of the template's words, and when (aware, UTC)."""

    rewording: Rewording
    time: datetime


class Lessons(Protocol):
    """Contexts, rewordings and what came of lessons. In the same file as the store, and as safe."""

    def known(self, fingerprints: Collection[str]) -> Mapping[str, Known]:
        """What is known of each of these patterns; those that are not there are left out."""
        ...

    def contexts(self, fingerprint: str) -> Mapping[str, int]:
        """In how many functions with distinct code the mistake was made in each context; most frequent first."""
        ...

    def versions(self, fingerprint: str) -> Sequence[Version]:
        """All that people wrote of it, the oldest first. A version without any part took the words before it back."""
        ...

    def reword(
        self, fingerprint: str, parts: Mapping[str, str | None], time: datetime, *, afresh: bool = False
    ) -> None:
        """Keep a new version: the one before it with these parts, or with `afresh` these parts alone.

        A part that is None is the template's. Where that changes nothing, no version is kept.

        Raises:
            UnknownPattern: there is none with exactly this fingerprint.
        """
        ...

    def frequent(self, frequency: int, limit: int) -> Sequence[Pattern]:
        """Shown patterns that are active or enforced and were seen so often, most often first."""
        ...
