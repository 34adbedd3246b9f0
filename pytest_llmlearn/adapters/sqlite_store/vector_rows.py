"""Vectors as the store answers with them: questions to an open connection, and rows as values.

Nothing here writes. A vector that is not of its embedder's length counts as not there, wherever it is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store import facet_rows, families, rows
from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks
from pytest_llmlearn.app.ports.vectors import Block, Embeddable, Facet, Kept, Named, Scanned, Space
from pytest_llmlearn.domain import facets
from pytest_llmlearn.domain.evolution import tier

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

LAST = 2**62
"""Above the row of any facet."""
PAGE = 4_096
"""Vectors read in one go: some three megabytes."""
_ORDER: tuple[Facet, ...] = ("prompt", "mistake", "fix", "context", "code")
"""What waits first: by the mistakes alone a pattern can be found already."""
_SPACES: dict[str, Space] = {"fix": "fixes", "prompt": "prompts"}
_FOUND = f"""
    CASE WHEN f.prompt IS NOT NULL THEN EXISTS (SELECT 1 FROM pattern_prompts AS a WHERE a.prompt = f.prompt)
         ELSE ({rows.SHOWN}) END"""
"""Whether a facet may be found: what it speaks of may be shown; of requests those that something failed under."""
_JOINED = """
    LEFT JOIN patterns AS m ON m.id = f.pattern
    LEFT JOIN patterns AS p ON p.id = coalesce(m.merged_into, m.id)
    LEFT JOIN fixes AS x ON x.id = f.fix
    LEFT JOIN prompts AS q ON q.id = f.prompt"""
_NAMED = "f.kind, m.fingerprint, x.digest, q.digest"
_READ = f"""SELECT {{}}, {_NAMED}, {_FOUND}, p.id, f.prompt, p.fingerprint, p.category, p.state, v.vector"""
ALL = f"""{_READ.format("v.id, 0")} FROM vectors AS v JOIN facets AS f ON f.id = v.facet {_JOINED}
    WHERE +v.embedder = ? AND v.id > ? ORDER BY v.id LIMIT {PAGE}"""
SINCE = f"""{_READ.format("f.id, f.revision")} FROM facets AS f {_JOINED}
    LEFT JOIN vectors AS v ON v.facet = f.id AND v.embedder = ?
    WHERE (f.revision, f.id) > (?, ?) ORDER BY f.revision, f.id LIMIT {PAGE}"""
_WHOLE = f"""{_READ.format("f.id, f.revision")}, p.severity, p.frequency, f.pattern, f.fix FROM facets AS f {_JOINED}
    LEFT JOIN vectors AS v ON v.facet = f.id AND v.embedder = ?"""
CHANGED = f"{_WHOLE} WHERE (f.revision, f.id) > (?, ?) ORDER BY f.revision, f.id LIMIT {PAGE}"
NAMED = f"{_WHOLE} WHERE f.id IN ({{}})"
"""With a question mark for each row of a facet."""
Row = tuple[Any, ...]
_BLOB = 12
"""Where a row of these has its vector."""


def row_of(connection: sqlite3.Connection, embedder: str) -> int:
    """The row of this embedder; 0, which none has, where it has no vectors."""
    found = connection.execute("SELECT id FROM embedders WHERE name = ?", (embedder,)).fetchone()
    return 0 if found is None else int(found[0])


def covered(connection: sqlite3.Connection, embedder: str) -> tuple[int, int]:
    """How many texts have a vector of this embedder, and how many there are to be found."""
    found = connection.execute(
        f"""SELECT coalesce(sum(v.id IS NOT NULL), 0), count(*) FROM facets AS f {_JOINED}
            LEFT JOIN vectors AS v ON v.facet = f.id AND v.embedder = ? AND v.digest = f.digest
            WHERE f.digest IS NOT NULL AND {_FOUND}""",
        (row_of(connection, embedder),),
    ).fetchone()
    new = connection.execute(
        f"""SELECT count(*) FROM facets_due AS d JOIN patterns AS m ON m.id = d.pattern
            JOIN patterns AS p ON p.id = coalesce(m.merged_into, m.id)
            WHERE {rows.SHOWN} AND NOT EXISTS (SELECT 1 FROM facets AS f WHERE f.pattern = m.id)"""
    ).fetchone()
    return int(found[0]), int(found[1] + new[0])


def waiting(connection: sqlite3.Connection, embedder: str, limit: int | None) -> list[Embeddable]:
    row = row_of(connection, embedder)
    # By the embedder of the last vector made: those of this one are skipped by the index, unless their text changed.
    others = connection.execute("SELECT NULL UNION ALL SELECT id FROM embedders WHERE id <> ?", (row,)).fetchall()
    found: list[Row] = []
    for kind in _ORDER:
        for (other,) in others:
            room = -1 if limit is None else limit - len(found)
            found += connection.execute(
                f"""SELECT f.id, f.pattern, f.fix, f.prompt, {_NAMED} FROM facets AS f {_JOINED}
                    WHERE f.embedder IS ? AND f.kind = ? AND f.digest IS NOT NULL AND {_FOUND} AND NOT EXISTS (
                        SELECT 1 FROM vectors AS v WHERE v.facet = f.id AND v.embedder = ? AND v.digest = f.digest)
                    ORDER BY f.id DESC LIMIT ?""",
                (other, kind, row, room),
            ).fetchall()
    return [*_embeddable(connection, found)]


def _embeddable(connection: sqlite3.Connection, found: Sequence[Row]) -> Iterator[Embeddable]:
    of_patterns = facet_rows.texts(connection, list(dict.fromkeys(row[1] for row in found if row[1] is not None)))
    of_prompts = facet_rows.requests(connection, [row[3] for row in found if row[3] is not None])
    for _, pattern, fix, prompt, *named in found:
        kind: Facet = named[0]
        text = of_prompts.get(prompt) if prompt is not None else of_patterns.get(pattern, {}).get((kind, fix))
        if text:
            yield Embeddable(
                key=_key(*named),
                space=_SPACES.get(kind, "mistakes"),
                facet=kind,
                text=text,
                digest=facets.digest(text).hex(),
            )


def _key(kind: str, fingerprint: str | None, fix: str | None, prompt: bytes | None) -> str:
    if prompt is not None:
        return f"prompt:{prompt.hex()}"
    return f"fix:{fix}@{fingerprint}" if fix is not None else f"{kind}:{fingerprint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows as they were read, with what belongs to them: models by patterns, and by prompts, the frequency of what was
    merged into patterns, and texts by the rows of facets."""

    rows: Sequence[Row]
    dimension: int
    of_patterns: Mapping[int, tuple[str, ...]]
    of_prompts: Mapping[int, tuple[str, ...]]
    merged: Mapping[int, int]
    documents: Mapping[int, str]


def page(connection: sqlite3.Connection, statement: str, embedder: str, last: Sequence[int]) -> Page | None:
    known = connection.execute("SELECT id, dimension FROM embedders WHERE name = ?", (embedder,)).fetchone()
    if known is None:
        return None
    values = (known[0], last[1]) if statement is ALL else (known[0], *last)
    found = connection.execute(statement, values).fetchall()
    if not found:
        return None
    if not all(row[_BLOB] is None or fits(row[_BLOB], known[1]) for row in found):
        found = [row if fits(row[_BLOB], known[1]) else (*row[:_BLOB], None, *row[_BLOB + 1 :]) for row in found]
    of_patterns, of_prompts, merged = _beside(connection, [row[7] for row in found], [row[8] for row in found])
    return Page(
        rows=found,
        dimension=known[1],
        of_patterns=of_patterns,
        of_prompts=of_prompts,
        merged=merged,
        documents=_documents(connection, found) if statement is CHANGED else {},
    )


def _beside(
    connection: sqlite3.Connection, patterns: Sequence[int | None], prompts: Sequence[int | None]
) -> tuple[dict[int, tuple[str, ...]], dict[int, tuple[str, ...]], dict[int, int]]:
    """The models of these patterns with those merged into them, those of these requests, and the merged's frequency."""
    roots = list(dict.fromkeys(row for row in patterns if row is not None))
    merged = families.merged(connection, roots)
    family = {**{root: root for root in roots}, **{one.id: root for root, many in merged.items() for one in many}}
    asked_with = "SELECT pattern, model FROM pattern_models WHERE pattern IN ({}) ORDER BY pattern, count DESC, model"
    asked_so = "SELECT DISTINCT prompt, model FROM pattern_prompts WHERE prompt IN ({}) ORDER BY prompt, model"
    return (
        _models(connection, asked_with, family),
        _models(connection, asked_so, {row: row for row in prompts if row is not None}),
        {root: sum(one.frequency for one in many) for root, many in merged.items()},
    )


def _models(connection: sqlite3.Connection, statement: str, groups: Mapping[int, int]) -> dict[int, tuple[str, ...]]:
    models: dict[int, dict[str, None]] = {}
    for row, model in in_chunks(connection, statement, list(groups)):
        models.setdefault(groups[row], {})[model] = None
    kept: dict[tuple[str, ...], tuple[str, ...]] = {}  # many have the same: one tuple stands for them all
    return {group: kept.setdefault(told, told) for group, of in models.items() for told in [tuple(of)]}


def _documents(connection: sqlite3.Connection, found: Sequence[Row]) -> dict[int, str]:
    shown = [row for row in found if row[6] and row[12] is not None]
    patterns = list(dict.fromkeys(row[15] for row in shown if row[15] is not None))
    of_patterns = facet_rows.texts(connection, patterns)
    of_prompts = facet_rows.requests(connection, [row[8] for row in shown if row[8] is not None])
    return {
        row[0]: of_prompts.get(row[8], "") if row[8] is not None else of_patterns[row[15]].get((row[2], row[16]), "")
        for row in shown
    }


def fits(blob: object, dimension: int) -> bool:
    """Whether it is a vector of that many numbers."""
    return isinstance(blob, bytes) and len(blob) == 2 * dimension


def damaged(connection: sqlite3.Connection, embedder: str) -> list[int]:
    """The rows of facets whose vector is none: of another length, or with what is no number."""
    import numpy

    known = connection.execute("SELECT id, dimension FROM embedders WHERE name = ?", (embedder,)).fetchone()
    found: list[int] = []
    last = 0
    while known is not None:
        some = connection.execute(
            f"SELECT id, facet, vector FROM vectors WHERE +embedder = ? AND id > ? ORDER BY id LIMIT {PAGE}",
            (known[0], last),
        ).fetchall()
        if not some:
            break
        last = some[-1][0]
        whole = [row for row in some if fits(row[2], known[1])]
        found += [row[1] for row in some if not fits(row[2], known[1])]
        vectors = numpy.frombuffer(b"".join(row[2] for row in whole), "<f2").reshape(len(whole), known[1])
        found += [row[1] for row, sound in zip(whole, _sound(vectors), strict=True) if not sound]
    return found


def _sound(vectors: NDArray[numpy.float16]) -> NDArray[numpy.bool_]:
    """Which rows are numbers throughout: by the bits of the exponent, a third of the time of numpy's own question."""
    sound: NDArray[numpy.bool_] = (vectors.view("<u2") & 0x7C00).max(axis=1) != 0x7C00
    return sound


def apart(connection: sqlite3.Connection) -> dict[Space, frozenset[int]]:
    """The rows of facets that are not of mistakes."""
    return {
        space: frozenset(row for (row,) in connection.execute(f"SELECT id FROM facets WHERE {kind} IS NOT NULL"))
        for kind, space in _SPACES.items()
    }


def scanned(connection: sqlite3.Connection, embedder: str, last: int) -> list[Row]:
    """The next vectors after that row of theirs, with the rows of their facets."""
    known = connection.execute("SELECT id, 2 * dimension FROM embedders WHERE name = ?", (embedder,)).fetchone()
    if known is None:
        return []
    return connection.execute(
        f"""SELECT id, facet, vector FROM vectors WHERE +embedder = ? AND id > ?
            AND typeof(vector) = 'blob' AND length(vector) = ? ORDER BY id LIMIT {PAGE}""",
        (known[0], last, known[1]),
    ).fetchall()


def by_space(found: Sequence[Row], apart: Mapping[Space, frozenset[int]]) -> Iterator[Scanned]:
    """These vectors as matrices, one for each space that there is."""
    import numpy

    _, facets_of, blobs = zip(*found, strict=True)
    rows_of = numpy.array(facets_of, dtype=numpy.int64)
    vectors: NDArray[numpy.float16] = numpy.frombuffer(b"".join(blobs), "<f2").reshape(len(found), -1)
    elsewhere = numpy.zeros(len(found), dtype=bool)
    for space, members in apart.items():
        known = numpy.fromiter(members, dtype=numpy.int64, count=len(members))
        here = numpy.isin(rows_of, known) if members else elsewhere
        if here is not elsewhere and here.any():
            elsewhere = elsewhere | here
            yield Scanned(space=space, rows=rows_of[here], vectors=vectors[here])
    if not elsewhere.any():
        yield Scanned(space="mistakes", rows=rows_of, vectors=vectors)
    elif not elsewhere.all():
        yield Scanned(space="mistakes", rows=rows_of[~elsewhere], vectors=vectors[~elsewhere])


def named(connection: sqlite3.Connection, facets: Sequence[int]) -> dict[int, Named]:
    """What these may be called; without those that may not be found."""
    statement = f"""SELECT f.id, {_NAMED}, p.id, f.prompt, p.fingerprint, p.category, p.state
                    FROM facets AS f {_JOINED} WHERE {_FOUND} AND f.digest IS NOT NULL AND f.id IN ({{}})"""
    found = list(in_chunks(connection, statement, facets))
    of_patterns, of_prompts, _ = _beside(connection, [row[5] for row in found], [row[6] for row in found])
    return {
        row[0]: Named(
            key=_key(*row[1:5]),
            owner=row[7] or "",
            category=row[8] or "",
            state=row[9] or "",
            models=of_prompts.get(row[6], ()) if row[6] is not None else of_patterns.get(row[5], ()),
        )
        for row in found
    }


def block(page: Page, space: Space, revision: int) -> Block | None:
    """Those of one space as columns; None where there are none."""
    import numpy

    found = [row for row in page.rows if _SPACES.get(row[2], "mistakes") == space]
    if not found:
        return None
    _, _, kinds, own, fixes, prompts, shown, roots, rows_of_prompts, owners, categories, states, blobs = zip(
        *found, strict=True
    )
    nothing = bytes(2 * page.dimension)
    numbers: NDArray[numpy.float16] = numpy.frombuffer(b"".join(blob or nothing for blob in blobs), "<f2")
    vectors = numbers.reshape(len(found), page.dimension)
    there = numpy.array([bool(may) and blob is not None for may, blob in zip(shown, blobs, strict=True)])
    return Block(
        space=space,
        revision=revision,
        keys=[*map(_key, kinds, own, fixes, prompts)],
        owners=[owner or "" for owner in owners],
        categories=[category or "" for category in categories],
        states=[state or "" for state in states],
        models=(
            [page.of_prompts.get(row, ()) for row in rows_of_prompts]
            if space == "prompts"
            else [page.of_patterns.get(root, ()) for root in roots]
        ),
        shown=there & _sound(vectors),
        vectors=vectors,
    )


def kept(page: Page, *, removals: bool) -> Iterator[Kept]:
    import numpy

    for row in page.rows:
        facet, revision, kind, own, fix, digest, shown, root, prompt, owner, category, state, blob = row[:13]
        severity, often = row[13:15]
        vector = numpy.frombuffer(blob, "<f2").astype(numpy.float32) if shown and blob is not None else None
        there = vector is not None and bool(numpy.isfinite(vector).all())
        if not there and not removals:
            continue
        frequency = (often or 0) + page.merged.get(root, 0)
        grave = "major" if severity == "minor" and tier(frequency) == "priority" else severity
        yield Kept(
            key=_key(kind, own, fix, digest),
            space=_SPACES.get(kind, "mistakes"),
            facet=kind,
            owner=owner or "",
            revision=revision,
            vector=vector if there else None,
            document=page.documents.get(facet, ""),
            category=category or "",
            state=state or "",
            severity=grave or "",
            frequency=frequency,
            models=page.of_prompts.get(prompt, ()) if prompt is not None else page.of_patterns.get(root, ()),
        )
