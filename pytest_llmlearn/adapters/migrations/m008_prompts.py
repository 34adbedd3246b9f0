"""Step 8: the requests under which mistakes were made, so that a like request finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database


def m008_prompts(db: Database) -> None:
    # One request leads to many mistakes, and one mistake comes of many requests: each text stands once. `digest` is of
    # its normal form, so that a request asked again is found without searching. Words are stemmed before they are
    # stored, as those of patterns are. `count` is of recordings: a request that fails fifteen tests in one run failed
    # once. prompt_models counts the requests themselves, those that came to nothing bad too: the denominators.
    execute(
        db,
        """
        CREATE TABLE prompts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            digest BLOB NOT NULL UNIQUE,
            text_id INTEGER NOT NULL REFERENCES occurrence_texts(id),
            words TEXT NOT NULL,
            last_asked TEXT NOT NULL
        );
        CREATE VIRTUAL TABLE prompt_words USING fts5(
            words, content='prompts', content_rowid='id', tokenize='unicode61 remove_diacritics 0');
        CREATE VIRTUAL TABLE prompt_vocabulary USING fts5vocab(prompt_words, row);
        CREATE TRIGGER prompt_words_added AFTER INSERT ON prompts BEGIN
            INSERT INTO prompt_words (rowid, words) VALUES (new.id, new.words);
        END;
        CREATE TRIGGER prompt_words_removed AFTER DELETE ON prompts BEGIN
            INSERT INTO prompt_words (prompt_words, rowid, words) VALUES ('delete', old.id, old.words);
        END;

        CREATE TABLE pattern_prompts (
            prompt INTEGER NOT NULL REFERENCES prompts(id) ON DELETE CASCADE,
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            model TEXT NOT NULL,
            count INTEGER NOT NULL,
            last_seen TEXT NOT NULL,
            PRIMARY KEY (prompt, pattern, model)
        ) WITHOUT ROWID;
        CREATE INDEX pattern_prompts_by_pattern ON pattern_prompts (pattern);

        CREATE TABLE prompt_models (
            prompt INTEGER NOT NULL REFERENCES prompts(id) ON DELETE CASCADE,
            model TEXT NOT NULL,
            failed INTEGER NOT NULL DEFAULT 0,
            passed INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (prompt, model)
        ) WITHOUT ROWID;
        """,
    )
