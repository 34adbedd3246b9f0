"""Step 8: the requests under which mistakes were made, and how often each kin of mistake was made by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute
from pytest_llmlearn.domain.kin import kin

if TYPE_CHECKING:
    from sqlite_utils import Database


def m008_prompts(db: Database) -> None:
    # One request leads to many mistakes, and one mistake comes of many requests: each text stands once. `digest` is of
    # its normal form, so that a request asked again is found without searching. Words are stemmed before they are
    # stored, as those of patterns are. `count` is of recordings: a request that fails fifteen tests in one run failed
    # once. prompt_models counts the requests themselves, those that came to nothing bad too: the denominators.
    # attempts counts the same for all ('all', ''), for each kin of mistake, each exception, and each kin's requests.
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

        CREATE TABLE attempts (
            kind TEXT NOT NULL CHECK (kind IN ('all', 'kin', 'exception', 'requests')),
            name TEXT NOT NULL,
            model TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (kind, name, model)
        ) WITHOUT ROWID;
        CREATE INDEX attempts_by_model ON attempts (kind, model, count DESC);

        ALTER TABLE patterns ADD COLUMN kin TEXT NOT NULL DEFAULT '';
        CREATE INDEX patterns_by_kin ON patterns (kin, frequency DESC, last_seen DESC);
        """,
    )
    # Of what was recorded before: each code in which a mistake was counted was one attempt.
    rows = db.execute(
        """SELECT p.id, p.exception, t.text, p.rule_id, (
               SELECT o.nodeid FROM occurrences AS o WHERE o.pattern = p.id ORDER BY o.id DESC LIMIT 1)
           FROM patterns AS p JOIN occurrence_texts AS t ON t.id = p.message_id"""
    ).fetchall()
    kins = [
        (kin(exception, message, nodeid or "", asserted=rule == "logic.assertion-mismatch"), pattern)
        for pattern, exception, message, rule, nodeid in rows
    ]
    db.conn.executemany("UPDATE patterns SET kin = ? WHERE id = ?", kins)
    db.execute(
        """INSERT INTO attempts SELECT 'kin', p.kin, m.model, sum(m.count) FROM pattern_models AS m
           JOIN patterns AS p ON p.id = m.pattern WHERE m.count > 0 GROUP BY p.kin, m.model"""
    )
    db.execute(
        """INSERT INTO attempts SELECT 'exception', substr(name, 1, instr(name, ':') - 1), model, sum(count)
           FROM attempts WHERE kind = 'kin' GROUP BY 2, 3"""
    )
    db.execute("INSERT INTO attempts SELECT 'all', '', model, sum(count) FROM attempts WHERE kind = 'kin' GROUP BY 3")
