"""An index of vectors in Chroma, in a folder that one process opens at a time or on a server."""

from pytest_llmlearn.adapters.chroma_index.index import ChromaIndex
from pytest_llmlearn.adapters.chroma_index.places import Folder, Server

__all__ = ["ChromaIndex", "Folder", "Server"]
