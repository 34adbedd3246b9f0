"""What of ours is what in Chroma: names of collections, ids, documents, metadata, and filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_llmlearn.app.ports.vectors import Filter, Kept, Space

COLLECTIONS: Mapping[Space, str] = {
    "mistakes": "llm_mistakes",
    "fixes": "successful_fixes",
    "prompts": "llm_prompts",
}


def metadata(kept: Kept) -> dict[str, Any]:
    """What one can filter by in Chroma. A value of None takes the key away from a record that had it: a list may not
    be empty."""
    return {
        "owner": kept.owner or None,
        "facet": kept.facet,
        "category": kept.category or None,
        "state": kept.state or None,
        "severity": kept.severity or None,
        "frequency": kept.frequency,
        "models": list(kept.models) or None,
    }


def document(kept: Kept) -> str | None:
    """The text, in Chroma too; but not what people asked: nobody searches for its words there, and erasing it from the
    store should not leave it in another file."""
    return (kept.document or None) if kept.space != "prompts" else None


def where_clause(where: Filter, space: Space) -> dict[str, Any] | None:
    """The same filter in Chroma's words; None where all may pass.

    Form: https://docs.trychroma.com/docs/querying-collections/metadata-filtering
    """
    parts: list[dict[str, Any]] = []
    if where.model is not None:
        parts.append({"models": {"$contains": where.model}})
    if space != "prompts":
        parts += [
            {key: {"$in": sorted(values)}}
            for key, values in (("category", where.categories), ("state", where.states))
            if values
        ]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"$and": parts}
