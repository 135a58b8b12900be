-- Appointments in two times, one row for each MPAN; changes from messages wait in a queue of their own.
CREATE TABLE holder (
    id INTEGER PRIMARY KEY,
    role TEXT NOT NULL,
    dip_id TEXT NOT NULL,
    UNIQUE (role, dip_id)
) STRICT;

CREATE TABLE mpan (
    mpan INTEGER PRIMARY KEY,
    history BLOB NOT NULL
) STRICT;

INSERT INTO holder (role, dip_id) SELECT DISTINCT role, dip_id FROM appointment ORDER BY role, dip_id;
INSERT INTO mpan (mpan, history)
SELECT a.mpan, packed_history(json_group_array(
    json_array(h.id, a.role, a.dip_id, a.effective_from, a.effective_to, a.known_at)))
FROM appointment a JOIN holder h ON h.role = a.role AND h.dip_id = a.dip_id
GROUP BY a.mpan ORDER BY a.mpan;
DROP TABLE appointment;

CREATE TABLE appointment_update (
    message INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
    mpans TEXT NOT NULL,
    changes BLOB NOT NULL,
    known_at INTEGER NOT NULL,
    fault TEXT,
    failed_at INTEGER
) STRICT;
CREATE INDEX appointment_update_waiting ON appointment_update (message) WHERE fault IS NULL;
CREATE INDEX appointment_update_failed ON appointment_update (message) WHERE fault IS NOT NULL;

CREATE TABLE appointment_run (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'failed', 'stopped')),
    place TEXT,
    since TEXT,
    as_of INTEGER,
    rows INTEGER NOT NULL DEFAULT 0,
    accepted INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    reason TEXT
) STRICT;

CREATE TABLE appointment_rejection (
    run INTEGER NOT NULL REFERENCES appointment_run (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    line INTEGER NOT NULL,
    sealed_mpan BLOB NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
