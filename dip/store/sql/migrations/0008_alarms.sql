-- Alarms that are acknowledged; rules that raise further ones; what each user wants to be told (5.11.4).
DROP INDEX alarm_open;
ALTER TABLE alarm ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE alarm ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE alarm ADD COLUMN acknowledged_by TEXT NOT NULL DEFAULT '';
ALTER TABLE alarm ADD COLUMN note TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX alarm_open ON alarm (kind, subject, rule) WHERE cleared_at IS NULL;

CREATE TABLE alarm_rule (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN (
        'latency', 'queue_age', 'dead_letters', 'throughput', 'endpoint_paused', 'certificate_expires'
    )),
    threshold REAL NOT NULL,
    period_s REAL,
    recipient TEXT NOT NULL DEFAULT '',
    channel TEXT NOT NULL DEFAULT '',
    in_force INTEGER NOT NULL CHECK (in_force IN (0, 1)),
    changed_at INTEGER NOT NULL,
    author TEXT NOT NULL
) STRICT;

CREATE TABLE alarm_subscription (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    way TEXT NOT NULL CHECK (way IN ('mail', 'webhook', 'page')),
    target TEXT NOT NULL,
    kinds TEXT NOT NULL,
    channels TEXT NOT NULL,
    about TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX alarm_subscription_by_user ON alarm_subscription (user);
