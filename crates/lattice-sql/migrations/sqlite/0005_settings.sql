INSERT INTO schema_versions (version, needs) VALUES (5, 2);

-- How many changes were of settings, such as limits.
ALTER TABLE revisions ADD COLUMN settings INTEGER NOT NULL DEFAULT 0;
