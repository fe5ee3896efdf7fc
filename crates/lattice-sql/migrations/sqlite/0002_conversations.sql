INSERT INTO schema_versions (version, needs) VALUES (2, 2);

ALTER TABLE responses ADD COLUMN conversation TEXT;

-- `ttl` is in seconds from the last change; `expires_at` is what follows from it.
CREATE TABLE conversations (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ttl INTEGER,
    expires_at INTEGER,
    next_position INTEGER NOT NULL,
    metadata BLOB NOT NULL
) STRICT;
CREATE INDEX conversations_by_expiry ON conversations (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE conversation_items (
    conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    item BLOB NOT NULL,
    PRIMARY KEY (conversation_id, position)
) STRICT;
CREATE INDEX conversation_items_by_id ON conversation_items (id, conversation_id, position);
