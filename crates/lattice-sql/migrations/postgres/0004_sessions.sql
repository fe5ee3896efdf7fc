INSERT INTO schema_versions (version, needs) VALUES (4, 2);

-- Sessions of browsers: a person's by issuer and subject, or a key's. Of the text that the browser shows only a hash is kept.
CREATE TABLE sessions (
    hash BYTEA NOT NULL PRIMARY KEY,
    issuer TEXT,
    subject TEXT,
    key_id TEXT,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
