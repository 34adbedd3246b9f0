"""Step 2: finding patterns by words and by symbols."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database


def m002_search(db: Database) -> None:
    # The words are stemmed before they are stored, so the tokenizer must leave them as they are. The index follows
    # patterns.words by triggers, and only when the words change: a recurrence costs no re-indexing.
    execute(
        db,
        """
        CREATE VIRTUAL TABLE pattern_words USING fts5(
            words, content='patterns', content_rowid='id', tokenize='unicode61 remove_diacritics 0');
        CREATE VIRTUAL TABLE pattern_vocabulary USING fts5vocab(pattern_words, row);
        INSERT INTO pattern_words (pattern_words) VALUES ('rebuild');

        CREATE TRIGGER pattern_words_added AFTER INSERT ON patterns BEGIN
            INSERT INTO pattern_words (rowid, words) VALUES (new.id, new.words);
        END;
        CREATE TRIGGER pattern_words_removed AFTER DELETE ON patterns BEGIN
            INSERT INTO pattern_words (pattern_words, rowid, words) VALUES ('delete', old.id, old.words);
        END;
        CREATE TRIGGER pattern_words_changed AFTER UPDATE OF words ON patterns WHEN old.words IS NOT new.words BEGIN
            INSERT INTO pattern_words (pattern_words, rowid, words) VALUES ('delete', old.id, old.words);
            INSERT INTO pattern_words (rowid, words) VALUES (new.id, new.words);
        END;

        CREATE TABLE pattern_symbols (
            symbol TEXT NOT NULL,
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            PRIMARY KEY (symbol, pattern)
        ) WITHOUT ROWID;
        CREATE INDEX pattern_symbols_by_pattern ON pattern_symbols (pattern);
        """,
    )
    # The last part of a dotted name stands beside the whole: a question says `np.asscalar` or only `asscalar`.
    names = [
        (name, pattern)
        for pattern, symbols in db.execute("SELECT id, symbols FROM patterns").fetchall()
        for symbol in json.loads(symbols)
        for name in {symbol, symbol.rpartition(".")[2]}
    ]
    db.conn.executemany("INSERT OR IGNORE INTO pattern_symbols (symbol, pattern) VALUES (?, ?)", names)
