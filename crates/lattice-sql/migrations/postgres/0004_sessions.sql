INSERT INTO schema_versions (version, needs) VALUES (4, 2);

-- Sessions of browsers: a person's, or of whoever has a key, by the hash of its text. Of the text that the browser shows only a hash is kept.
CREATE TABLE sessions (
    hash BYTEA NOT NULL PRIMARY KEY,
    tenant TEXT,
    issuer TEXT,
    subject TEXT,
    key_hash BYTEA,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
