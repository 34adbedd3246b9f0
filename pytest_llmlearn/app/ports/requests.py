"""What was asked before, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmlearn.domain.request import Counts, Made, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Kindred:
    """As much of a pattern as tells which one of its kin fits best, and whether it may come. `same_model` says that the
    asking model was seen making it."""

    fingerprint: str
    kin: str
    frequency: int
    symbols: tuple[str, ...] = ()
    same_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What is known of mistakes that a question may lead to.

    `made` are those under the requests asked for, `everything` counts all attempts, `kins` those of each kin that
    matters here, `exceptions` those of each exception. `shown` has, for each kin, patterns that may be shown, the most
    frequent first, and all that `made` names.
    """

    everything: Counts
    made: Sequence[Made] = ()
    kins: Mapping[str, Counts] = field(default_factory=dict)
    exceptions: Mapping[str, Counts] = field(default_factory=dict)
    shown: Mapping[str, Sequence[Kindred]] = field(default_factory=dict)


class Requests(Protocol):
    """Remembered requests. In the same file as the store, and as safe."""

    def rarity(self, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        """How many requests there are, and in how many of them each stemmed word stands."""
        ...

    def like(self, digest: bytes, terms: Sequence[str], keys: Sequence[str], limit: int) -> list[Request]:
        """The request of this digest, those with these keys, and at most `limit` others that share rare words."""
        ...

    def experience(
        self,
        requests: Sequence[str],
        kins: Sequence[str],
        model: str | None,
        *,
        common: int,
        only: bool = False,
        near: Collection[str] | None = None,
    ) -> Experience:
        """What came of these requests, of these kins, and of the `common` most frequent ones of `model` and of all.

        `only` leaves out what `model` was never seen doing. Of what came of requests that are not among those `near`,
        only what is of a kin that matters otherwise is told.
        """
        ...
