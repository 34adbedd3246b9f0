"""The store on SQLite: one file, `.llmlearn/state/memory.db`, below the project's root.

`store` speaks the port's language, `database` minds the file and its connections, `rows` asks, `writing` changes
(`texts`: the long ones), `folder` lays out what is around the file. The schema is in `adapters.migrations`.
"""

from pytest_llmlearn.adapters.sqlite_store.store import SqliteStore

__all__ = ["SqliteStore"]
