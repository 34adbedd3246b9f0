"""Write the tables of weights and constants into docs/recall.md, from where they are declared."""

from __future__ import annotations

from pathlib import Path

from pytest_llmlearn.app import likely, meaning, recall, weighing
from pytest_llmlearn.domain import bounds, chance, guidance, request, similarity

PAGE = Path(__file__).resolve().parent.parent / "docs" / "recall.md"


def weights() -> str:
    """Every part of a chance, with what a unit of it adds to the log-odds."""
    rows = [f"| `{name}` | {chance.ABOUT[name]} | {weight:+.2f} |" for name, weight in chance.WEIGHTS.items()]
    return "\n".join(["| part | what is measured | weight |", "|---|---|---|", *rows, ""])


def constants() -> str:
    """What else decides, with its value."""
    grave = ", ".join(f"{name} {value:+.1f}" for name, value in weighing.GRAVE.items())
    values = {
        "threshold, unless it is set": bounds.DEFAULT_THRESHOLD,
        "requests that are looked up by words; by meaning": f"{likely.LIKE}; {meaning.NEAREST_REQUESTS}",
        "likeness from which on a request supports what was made under it": likely.NEAREST_BAR,
        "cosine below which two requests are not alike": request.MEANING_FLOOR,
        "likeness at which a request is as surely the same as not": chance.SAME_MIDDLE,
        "power by which the likeness of another request counts": chance.NEAR_POWER,
        "kins that are looked at for being frequent": likely.COMMON,
        "patterns by words, at most": recall.CANDIDATES,
        "words of a question that weigh": guidance.QUERY_TERMS,
        "score by words from which on a question speaks of a mistake": weighing.SPEAKS,
        "what less than that is worth, of itself": weighing.CHANCE_WORDS,
        "words of a question from which on a word in common is worth less": weighing.SHORT,
        "similarity from which on a mistake is near in meaning; what it is worth alone": (
            f"{similarity.BAR}; {weighing.MEANING_SHARE}"
        ),
        "what a file lifts of what words left open": weighing.CONTEXT_SHARE,
        "files beside one that are looked into": recall.SIBLINGS,
        "severity": grave,
        "recency, at most": f"-{weighing.OLD}",
        "confidence, at most": f"±{0.5 * weighing.FOUNDED:g}",
        "avoided when shown, from so many exposures on": f"±{0.5 * weighing.EFFECT:g}, {weighing.MEASURED}",
        "what the file imports": f"+{weighing.LIBRARIES}",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in values.items()), ""])


def written(page: str) -> str:
    """The page with both tables as they are now."""
    for name, table in (("weights", weights()), ("constants", constants())):
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = page.partition(start)
        _, _, after = rest.partition(end)
        page = f"{before}{start}{table}{end}{after}"
    return page


def main() -> None:
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
