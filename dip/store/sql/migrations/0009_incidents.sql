-- Incidents, where users are written to, and which maintenance they were told of (5.13.5, 7.3, 7.4).
CREATE TABLE incident (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    channels TEXT NOT NULL,
    impact TEXT NOT NULL CHECK (impact IN ('low', 'medium', 'high')),
    urgency TEXT NOT NULL CHECK (urgency IN ('low', 'medium', 'high')),
    priority INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 4),
    state TEXT NOT NULL CHECK (state IN ('open', 'assigned', 'escalated', 'resolved', 'closed')),
    company TEXT,
    participant TEXT,
    raised_by TEXT NOT NULL,
    raised_by_company TEXT,
    raised_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    owner TEXT,
    team TEXT,
    root_cause TEXT NOT NULL,
    resolution TEXT NOT NULL,
    notice TEXT,
    transaction_id TEXT,
    alarm INTEGER,
    resolved_at INTEGER,
    confirmed_at INTEGER,
    confirmed_by TEXT,
    closed_at INTEGER,
    review TEXT
) STRICT;
CREATE INDEX incident_unfinished ON incident (company, id) WHERE state <> 'closed';

CREATE TABLE incident_entry (
    incident INTEGER NOT NULL REFERENCES incident (id),
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('change', 'contact')),
    way TEXT CHECK (way IN ('phone', 'mail', 'page')),
    person TEXT NOT NULL,
    text TEXT NOT NULL,
    changes TEXT NOT NULL,
    PRIMARY KEY (incident, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE incident_relation (
    incident INTEGER NOT NULL REFERENCES incident (id),
    other INTEGER NOT NULL REFERENCES incident (id),
    PRIMARY KEY (incident, other)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER incident_never_reopened BEFORE UPDATE ON incident WHEN OLD.state = 'closed'
BEGIN SELECT RAISE(ABORT, 'a closed incident is never changed'); END;
CREATE TRIGGER incident_entry_unchanged BEFORE UPDATE ON incident_entry
BEGIN SELECT RAISE(ABORT, 'the history of an incident is never changed'); END;
CREATE TRIGGER incident_entry_kept BEFORE DELETE ON incident_entry
BEGIN SELECT RAISE(ABORT, 'the history of an incident is never changed'); END;

CREATE TABLE user_address (
    user TEXT PRIMARY KEY,
    mail TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE maintenance_told (
    channel TEXT PRIMARY KEY,
    starts INTEGER NOT NULL,
    ends INTEGER,
    reason TEXT NOT NULL,
    begun INTEGER NOT NULL CHECK (begun IN (0, 1))
) STRICT, WITHOUT ROWID;
