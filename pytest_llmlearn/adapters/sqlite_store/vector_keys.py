"""Facets by their keys: for an index that was told keys, and wants to know what is kept under them now."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks


def facets_of(connection: sqlite3.Connection, keys: Sequence[str]) -> Iterator[int]:
    """The rows of the facets that have these keys, in any order. What is no key, or nobody's, has none."""
    asked: list[bytes] = []
    told: set[tuple[str, str]] = set()
    repaired: set[tuple[str, str]] = set()
    for key in keys:
        kind, _, rest = key.partition(":")
        if kind == "prompt":
            with suppress(ValueError):  # no key of ours: nobody's
                asked.append(bytes.fromhex(rest))
        elif kind == "fix":
            digest, _, fingerprint = rest.partition("@")
            repaired.add((fingerprint, digest))
        else:
            told.add((rest, kind))
    statement = "SELECT f.id FROM prompts AS q JOIN facets AS f ON f.prompt = q.id WHERE q.digest IN ({})"
    yield from (row for (row,) in in_chunks(connection, statement, asked))
    statement = """SELECT f.id, m.fingerprint, f.kind FROM patterns AS m JOIN facets AS f ON f.pattern = m.id
                   WHERE f.fix IS NULL AND m.fingerprint IN ({})"""
    yield from _among(connection, statement, told)
    statement = """SELECT f.id, m.fingerprint, x.digest FROM patterns AS m JOIN fixes AS x ON x.pattern = m.id
                   JOIN facets AS f ON f.fix = x.id WHERE m.fingerprint IN ({})"""
    yield from _among(connection, statement, repaired)


def _among(connection: sqlite3.Connection, statement: str, wanted: set[tuple[str, str]]) -> Iterator[int]:
    fingerprints = sorted({fingerprint for fingerprint, _ in wanted})
    yield from (row for row, *named in in_chunks(connection, statement, fingerprints) if tuple(named) in wanted)
