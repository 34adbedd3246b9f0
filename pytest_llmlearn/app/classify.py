"""Ask every detector, one by one, each in a guard; the gravest finding first; nothing is dropped in silence."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pytest_llmlearn.domain.finding import CATEGORIES, SEVERITIES, UNKNOWN, Finding, gravest_first
from pytest_llmlearn.domain.occurrence import SCANS, Occurrence
from pytest_llmlearn.hookspecs import Detector, Evidence

log = logging.getLogger(__name__)


class Classifier:
    """All registered detectors. `faults` holds one sentence for each detector that raised, for people to read."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = detectors
        self.faults: dict[str, str] = {}

    def findings(self, occurrence: Occurrence, evidence: Evidence) -> tuple[Finding, ...]:
        """What the detectors say, gravest first; never empty: `runtime.unknown` is an answer too."""
        found: list[Finding] = []
        for detector in self._detectors:
            try:
                found += map(_checked, detector.detect(occurrence, evidence))
            except Exception as error:  # a detector may be anyone's; the user's test run is not its hostage
                log.warning("detector %r failed on %s", detector.name, occurrence.nodeid, exc_info=True)
                self.faults.setdefault(
                    detector.name,
                    f"detector {detector.name!r} failed ({type(error).__name__}: {str(error)[:120]}, on "
                    f"{occurrence.nodeid[:120]}); "
                    "what it would have found is missing",
                )
        if occurrence.source in SCANS:
            # The rule has spoken: what else is wrong with the code, no failure has shown.
            found = [one for one in found if one.rule_id == occurrence.facts.get("rule")]
        return gravest_first(found) or (
            Finding(rule=UNKNOWN, confidence=0.1, fields={"exception": occurrence.short_exception}),
        )


def _checked(finding: Finding) -> Finding:
    """The finding, if its rule speaks our words; the store would refuse the whole run for it."""
    if finding.severity not in SEVERITIES:
        raise ValueError(f"severity {finding.severity!r} is none of {', '.join(SEVERITIES)}")
    if finding.category not in CATEGORIES:
        raise ValueError(f"rule {finding.rule_id!r} begins with none of {', '.join(CATEGORIES)}")
    return finding
