INSERT INTO schema_versions (version, needs) VALUES (3, 2);

-- What is administered. Whatever is not searched for stands in the document.
CREATE TABLE records (
    kind TEXT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    tenant TEXT NOT NULL,
    owner TEXT NOT NULL,
    lookup TEXT,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    document BYTEA NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX records_by_lookup ON records (kind, lookup) WHERE lookup IS NOT NULL;
CREATE INDEX records_by_tenant ON records (kind, tenant, id);
CREATE INDEX records_by_owner ON records (kind, owner, id);

-- Hashes of the texts of keys.
CREATE TABLE key_secrets (
    hash BYTEA NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX key_secrets_by_key ON key_secrets (key_id);

CREATE TABLE key_uses (
    key_id TEXT NOT NULL PRIMARY KEY,
    used_at BIGINT NOT NULL
);

-- One row: whoever changes a record takes it first, so that there is one change at a time.
CREATE TABLE revisions (
    id BIGINT PRIMARY KEY,
    changes BIGINT NOT NULL,
    callers BIGINT NOT NULL,
    settings BIGINT NOT NULL
);
INSERT INTO revisions (id, changes, callers, settings) VALUES (1, 0, 0, 0);

-- The log of the administration: a line for each change, numbered without gaps.
CREATE TABLE audit (
    number BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    tenant TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    object_id TEXT NOT NULL,
    detail BYTEA NOT NULL
);
CREATE INDEX audit_by_tenant ON audit (tenant, number);
CREATE INDEX audit_by_actor ON audit (actor, number);
CREATE INDEX audit_by_object ON audit (object, object_id, number);

-- Answers to requests that may come again.
CREATE TABLE repeatable (
    name BYTEA NOT NULL PRIMARY KEY,
    request BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX repeatable_by_expiry ON repeatable (expires_at);

-- Whoever belongs to no other tenant belongs to this one.
INSERT INTO records (kind, id, tenant, owner, lookup, name, status, created_at, updated_at, version, document)
VALUES ('tenant', 'default', 'default', '', NULL, 'Default', 'active', EXTRACT(EPOCH FROM now())::bigint, EXTRACT(EPOCH FROM now())::bigint, 1, '\x7B7D'::bytea);

-- Lines are added to the log and never changed.
CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the log is only added to'; END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to();
