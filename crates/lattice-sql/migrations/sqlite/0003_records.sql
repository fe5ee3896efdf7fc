INSERT INTO schema_versions (version, needs) VALUES (3, 2);

-- What is administered. Whatever is not searched for stands in the document.
CREATE TABLE records (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    lookup TEXT,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;
CREATE UNIQUE INDEX records_by_lookup ON records (kind, lookup) WHERE lookup IS NOT NULL;
CREATE INDEX records_by_tenant ON records (kind, tenant, id);
CREATE INDEX records_by_owner ON records (kind, owner, id);

-- Hashes of the texts of keys.
CREATE TABLE key_secrets (
    hash BLOB NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL,
    expires_at INTEGER
) STRICT;
CREATE INDEX key_secrets_by_key ON key_secrets (key_id);

CREATE TABLE key_uses (
    key_id TEXT NOT NULL PRIMARY KEY,
    used_at INTEGER NOT NULL
) STRICT;

-- One row: whoever changes a record takes it first, so that there is one change at a time.
CREATE TABLE revisions (
    id INTEGER PRIMARY KEY,
    changes INTEGER NOT NULL,
    callers INTEGER NOT NULL,
    settings INTEGER NOT NULL
) STRICT;
INSERT INTO revisions (id, changes, callers, settings) VALUES (1, 0, 0, 0);

-- The log of the administration: a line for each change, numbered without gaps.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    object_id TEXT NOT NULL,
    detail BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_tenant ON audit (tenant, number);
CREATE INDEX audit_by_actor ON audit (actor, number);
CREATE INDEX audit_by_object ON audit (object, object_id, number);

-- Answers to requests that may come again.
CREATE TABLE repeatable (
    name BLOB NOT NULL PRIMARY KEY,
    request BLOB NOT NULL,
    answer BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX repeatable_by_expiry ON repeatable (expires_at);

-- Whoever belongs to no other tenant belongs to this one.
INSERT INTO records (kind, id, tenant, owner, lookup, name, status, created_at, updated_at, version, document)
VALUES ('tenant', 'default', 'default', '', NULL, 'Default', 'active', CAST(strftime('%s', 'now') AS INTEGER), CAST(strftime('%s', 'now') AS INTEGER), 1, x'7B7D');

-- Lines are added to the log and never changed.
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END;
