-- What each version of the schema needs: the lowest version that a program has to know to work with it. A version that only adds
-- what older programs do not look at needs no more than the one before it did.
CREATE TABLE schema_versions (
    version BIGINT PRIMARY KEY,
    needs BIGINT NOT NULL
);
INSERT INTO schema_versions (version, needs) VALUES (1, 1);

-- Written when the store was away and is tried again: one row, replaced.
CREATE TABLE probe (
    id BIGINT PRIMARY KEY,
    filler BYTEA NOT NULL
);

-- Times are seconds since 1970, UTC. What is large stands last, so that a search does not read over it.
CREATE TABLE responses (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    parent TEXT,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    frame_at BIGINT NOT NULL,
    state BYTEA NOT NULL,
    input BYTEA NOT NULL,
    output BYTEA NOT NULL,
    frame BYTEA NOT NULL
);
CREATE INDEX responses_by_parent ON responses (parent) WHERE parent IS NOT NULL;
CREATE INDEX responses_by_expiry ON responses (expires_at) WHERE expires_at IS NOT NULL;

-- Ids of items that do not show which response they belong to.
CREATE TABLE foreign_items (
    tenant TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    item_id TEXT NOT NULL,
    response_id TEXT NOT NULL REFERENCES responses (id) ON DELETE CASCADE,
    PRIMARY KEY (tenant, issuer, subject, item_id, response_id)
);
CREATE INDEX foreign_items_by_response ON foreign_items (response_id);
