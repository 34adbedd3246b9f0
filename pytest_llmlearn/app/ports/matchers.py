"""Where matchers are kept, with how they did."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmlearn.domain.matcher import Matcher, Trials


class Matchers(Protocol):
    """The matchers of a store, in the same file as the patterns, and as safe.

    Matchers of patterns that are muted, retired, quarantined or archived are not answered.
    """

    def kept(self, *, candidates: bool = False) -> Sequence[Matcher]:
        """The matchers of active and enforced patterns that have proved themselves, with `candidates` those of
        candidates too; merged ones speak for the pattern they were merged into. Surest first, each with the confidence
        that its trials give it."""
        ...

    def every(self, fingerprint: str | None = None) -> Sequence[Matcher]:
        """Those that are held back too, of candidates as well: of one pattern, or of all."""
        ...

    def shapes_among(self, words: Collection[str]) -> Sequence[Matcher]:
        """Of all of them the shapes whose names are all among these words: no other stands in code of these."""
        ...

    def put(self, matchers: Collection[Matcher]) -> Sequence[Matcher]:
        """Write matchers down; one that is known already only gains what its trials add. Those that were not known."""
        ...

    def tried(self, trials: Mapping[str, Trials], code: str) -> None:
        """Add what a piece of code (by its digest) said of matchers, by their keys; the same code counts once."""
        ...

    def proved(self, hits: Mapping[str, int]) -> None:
        """Set in how many of the project's passing files each of these matchers fires now, by their keys."""
        ...

    def revision(self) -> int:
        """A number that moves whenever `kept` may answer otherwise."""
        ...
