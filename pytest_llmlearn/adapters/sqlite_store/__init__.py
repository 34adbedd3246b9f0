"""The store and the ledger on SQLite: one file, `.llmlearn/state/memory.db`, below the project's root.

`store` and `ledger` speak the ports' language, `database` minds the file and its connections, `rows` and
`generation_rows` ask, `writing` changes (`texts`: the long ones), `folder` lays out what is around the file. The schema
is in `adapters.migrations`.
"""

from pytest_llmlearn.adapters.sqlite_store.ledger import SqliteLedger
from pytest_llmlearn.adapters.sqlite_store.store import SqliteStore

__all__ = ["SqliteLedger", "SqliteStore"]
