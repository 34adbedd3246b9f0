"""Which module was meant by the name of one that is not there: its successor, the project's own, or the nearest."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from pytest_llmlearn.detectors.known_names import REMOVED_MODULES
from pytest_llmlearn.hookspecs import Evidence

_POPULAR = """
aiohttp altair bs4 boto3 celery click cryptography cv2 dask django fastapi flask gensim httpx hypothesis jax jinja2
joblib keras lightgbm loguru lxml matplotlib mypy networkx nltk numba numpy openai openpyxl pandas paramiko PIL
plotly polars psutil psycopg2 pydantic pygame pymongo pytest redis requests rich scipy scrapy seaborn selenium
setuptools sklearn spacy sqlalchemy starlette streamlit sympy tensorflow torch torchvision tqdm transformers typer
urllib3 uvicorn werkzeug xgboost yaml
"""
POPULAR: Final = frozenset(_POPULAR.split())
"""Import names that are suggested even where they are not installed, and before others that are as near."""

_PLAIN = """
api app base client common config configuration constants controllers core data database db errors exceptions
helper helpers interfaces lib logger logic main misc model models module mymodule package project schema schemas
server service services settings shared src tools types util utilities utils validators views
"""
PLAIN_WORDS: Final = frozenset(_PLAIN.split())
"""Words that name a part of some project; whoever imports one supposes it in this project."""


def gone(name: str) -> str | None:
    """What to use in place of a module that went away, or of one inside it."""
    parts = name.split(".")
    return next(
        (
            REMOVED_MODULES[key]
            for size in range(len(parts), 0, -1)
            if (key := ".".join(parts[:size])) in REMOVED_MODULES
        ),
        None,
    )


def own_elsewhere(last: str, name: str, evidence: Evidence) -> str | None:
    """The project's own module that was meant, where only the path to it is wrong."""
    parts = name.split(".")
    for candidate in (".".join(parts[1:]), last):
        if candidate and candidate != name and evidence.surroundings.own_module(candidate, evidence.path):
            return candidate
    return None


def nearest(name: str, evidence: Evidence) -> str | None:
    """The module nearest to a dotted name; None where none is a slip of the hand away."""
    if "." not in name:
        return _nearest_top(name, evidence)
    parent, _, last = name.rpartition(".")
    near = get_close_matches(last, evidence.surroundings.names(parent) or (), n=1, cutoff=0.75)
    return f"{parent}.{near[0]}" if near else None


def _nearest_top(name: str, evidence: Evidence) -> str | None:
    surroundings = evidence.surroundings
    present = {entry for entry in surroundings.modules() if not entry.startswith("_")}
    candidates = present if name in PLAIN_WORDS else present | POPULAR
    found = []
    for candidate in candidates - {name}:
        allowed = 1 if min(len(candidate), len(name)) < 6 else 2
        if abs(len(candidate) - len(name)) > allowed or candidate.endswith(name):
            continue
        slips = distance(name.lower(), candidate.lower())
        if slips <= allowed and (
            name not in PLAIN_WORDS or surroundings.own_module(candidate, evidence.path) is not None
        ):
            found.append((slips, candidate not in POPULAR, candidate))
    return min(found)[2] if found else None


def distance(left: str, right: str) -> int:
    """Letters to insert, drop or replace, or neighbours to swap, until one is the other (Damerau, Levenshtein)."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        above, row, before_last = row, [i], before
        for j, b in enumerate(right, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]
