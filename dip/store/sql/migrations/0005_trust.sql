-- Companies, agents, outside authorities, users with powers, and the activity log (5.7, 5.8.1, 8.3, 8.4).
CREATE TABLE company (
    number TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- roles: all that are in force, the first is the main one; optional_roles: those of them that were signed up for.
-- lost_channels: those that it may not receive any more, since its roles changed.
-- left_at: since when it takes no part any more; its name is kept for what stands in the archive.
CREATE TABLE participant_of_company (
    dip_id TEXT PRIMARY KEY,
    company TEXT NOT NULL,
    mpid TEXT NOT NULL,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,
    optional_roles TEXT NOT NULL,
    optional_channels TEXT NOT NULL,
    lost_channels TEXT NOT NULL,
    api_key_digest TEXT NOT NULL,
    since INTEGER NOT NULL,
    left_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO participant_of_company
-- Who had a channel so far that has become optional has signed up for it.
SELECT dip_id, '', mpid, name, roles, '[]',
    CASE WHEN roles LIKE '%"MDR"%' THEN '["IF-006","IF-008","IF-024","IF-026"]' ELSE '[]' END, '[]',
    api_key_digest, since, NULL FROM participant;
DROP TABLE participant;
ALTER TABLE participant_of_company RENAME TO participant;
CREATE INDEX participant_by_company ON participant (company);

-- The roles that a participant is qualified for, as the central feed says; without a row here a role is in force.
-- market_role: the industry's code of the role, '' where none was given. effective_to is exclusive.
CREATE TABLE qualification (
    dip_id TEXT NOT NULL,
    role TEXT NOT NULL,
    market_role TEXT NOT NULL,
    effective_from INTEGER,
    effective_to INTEGER,
    PRIMARY KEY (dip_id, role)
) STRICT, WITHOUT ROWID;

-- origin: issued by this environment's authority; of an outside one (its fingerprint in `authority`); or made for a
-- drill (`drill` says which), never to be used.
CREATE TABLE certificate_of_origin (
    fingerprint TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    use TEXT NOT NULL CHECK (use IN ('tls', 'signing', 'encryption', 'dip-encryption')),
    pem TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    revoked_at INTEGER,
    private_key BLOB,
    origin TEXT NOT NULL CHECK (origin IN ('issued', 'outside', 'drill')),
    authority TEXT NOT NULL,
    drill TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO certificate_of_origin
SELECT fingerprint, holder, use, pem, not_before, not_after, revoked_at, private_key, 'issued', '', '' FROM certificate;
DROP TABLE certificate;
ALTER TABLE certificate_of_origin RENAME TO certificate;
CREATE INDEX certificate_by_holder ON certificate (holder, use);

-- Authorities that are not this environment's: trusted ones, whose certificates participants may bring, and those of
-- other environments, known so that a refusal can name them.
CREATE TABLE outside_authority (
    fingerprint TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('trusted', 'environment')),
    environment TEXT NOT NULL,
    pem TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    author TEXT NOT NULL,
    removed_at INTEGER
) STRICT, WITHOUT ROWID;

-- Who acts for whom in which role. encrypts: messages are encrypted to the agent's certificate.
CREATE TABLE agency (
    principal TEXT NOT NULL,
    role TEXT NOT NULL,
    agent TEXT NOT NULL,
    assigned_at INTEGER NOT NULL,
    encrypts INTEGER NOT NULL CHECK (encrypts IN (0, 1)),
    author TEXT NOT NULL,
    withdrawn_at INTEGER,
    withdrawn_by TEXT,
    PRIMARY KEY (principal, role, agent, assigned_at)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX agency_in_force ON agency (principal, role) WHERE withdrawn_at IS NULL;
CREATE INDEX agency_by_agent ON agency (agent, assigned_at);

-- powers: a JSON list. company: NULL for the DIP's own people. dip_ids: a JSON list; NULL for all of the company.
-- certificate: the fingerprint of the client certificate that logs the user in.
CREATE TABLE user_with_powers (
    name TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    powers TEXT NOT NULL,
    company TEXT,
    dip_ids TEXT,
    must_change INTEGER NOT NULL CHECK (must_change IN (0, 1)),
    certificate TEXT,
    made_at INTEGER NOT NULL,
    author TEXT NOT NULL,
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO user_with_powers
SELECT name, password_hash, '["administrator"]', NULL, NULL, 0, NULL, made_at, 'first start', NULL FROM user;
DROP TABLE user;
ALTER TABLE user_with_powers RENAME TO user;
CREATE UNIQUE INDEX user_by_certificate ON user (certificate) WHERE certificate IS NOT NULL;

-- Everybody logs in again.
DROP TABLE session;
-- certificate: the fingerprint of the client certificate that began it; NULL where a password did.
CREATE TABLE session (
    token_digest BLOB PRIMARY KEY,
    user TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    form_token TEXT NOT NULL,
    last_used INTEGER NOT NULL,
    certificate TEXT
) STRICT, WITHOUT ROWID;

-- Every request in and out, each record chained to the one before by its hash; never changed (5.8.1, FS-45).
CREATE TABLE activity (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    record BLOB NOT NULL
) STRICT;

-- What of it moved on into files of the archive. hash: of the last record; digest: SHA-256 of the file; seal: of this row
-- and those before.
CREATE TABLE activity_file (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    digest BLOB NOT NULL,
    seal BLOB NOT NULL,
    removed_at INTEGER
) STRICT;

CREATE TRIGGER activity_unchanged BEFORE UPDATE ON activity
BEGIN SELECT RAISE(ABORT, 'the activity log is never changed'); END;
CREATE TRIGGER activity_kept BEFORE DELETE ON activity
WHEN OLD.id > (SELECT COALESCE(MAX(last), 0) FROM activity_file)
BEGIN SELECT RAISE(ABORT, 'the activity log is kept until it stands in the archive'); END;
CREATE TRIGGER activity_file_unchanged
BEFORE UPDATE OF number, name, first, last, first_at, last_at, hash, digest, seal ON activity_file
BEGIN SELECT RAISE(ABORT, 'the activity log is never changed'); END;
CREATE TRIGGER activity_file_kept BEFORE DELETE ON activity_file
BEGIN SELECT RAISE(ABORT, 'the activity log is never changed'); END;
