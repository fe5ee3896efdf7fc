INSERT INTO schema_versions (version, needs) VALUES (4, 2);

-- Sessions of browsers: a person's, or of whoever has a key, by the hash of its text. Of the text that the browser shows only a hash is kept.
CREATE TABLE sessions (
    hash BLOB NOT NULL PRIMARY KEY,
    tenant TEXT,
    issuer TEXT,
    subject TEXT,
    key_hash BLOB,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
