-- Messages are found by their senders' references, and by MPAN, through keys that are written many at once (5.4, 5.5.14).
DROP VIEW journal;

CREATE TABLE message_by_key (
    id INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL UNIQUE,
    correlation_id TEXT,
    interface TEXT NOT NULL,
    event TEXT NOT NULL,
    sender TEXT NOT NULL,
    sender_role TEXT NOT NULL,
    reference TEXT NOT NULL,
    envelope_reference TEXT,
    mpan_digest BLOB,
    received_at INTEGER NOT NULL,
    protected INTEGER NOT NULL CHECK (protected IN (0, 1)),
    archive_until INTEGER NOT NULL,
    exchange INTEGER NOT NULL,
    checked_us INTEGER NOT NULL,
    addressed TEXT NOT NULL CHECK (addressed IN ('SentToTopic', 'Failed')),
    addressing TEXT NOT NULL
) STRICT;
INSERT INTO message_by_key
SELECT id, transaction_id, correlation_id, interface, event, sender, sender_role, reference, envelope_reference,
    mpan_digest, received_at, protected, archive_until, exchange, checked_us, addressed, addressing
FROM message;
DROP TABLE message;
ALTER TABLE message_by_key RENAME TO message;
CREATE INDEX message_by_correlation ON message (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX message_by_interface ON message (interface, id);
CREATE INDEX message_by_sender ON message (sender, id);
CREATE INDEX message_by_archive_end ON message (archive_until);

-- A message is found by its sender's reference and by its MPAN through a key of six bytes of either. Keys come in no
-- order: each would touch a page of its own, so they are gathered, and move on in many together.
CREATE TABLE message_key (
    key INTEGER NOT NULL,
    message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    PRIMARY KEY (key, message)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_key_gathered (
    key INTEGER NOT NULL,
    message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    PRIMARY KEY (key, message)
) STRICT, WITHOUT ROWID;

INSERT INTO message_key
SELECT reference_key(reference), id FROM message
UNION ALL
SELECT mpan_key(mpan_digest), id FROM message WHERE mpan_digest IS NOT NULL
ORDER BY 1, 2;

-- Every stage of a message's way, in order by exchange and number.
CREATE VIEW journal AS
SELECT m.id AS message, m.exchange, 0 AS number, m.received_at AS at, 'Inbound' AS stage, 'GoodToGo' AS status,
    NULL AS status_code, NULL AS recipient, m.checked_us AS duration_us, NULL AS detail, NULL AS delivery
FROM message m
UNION ALL
SELECT m.id, m.exchange, 1, m.received_at, 'Addressing', m.addressed, NULL, NULL, 0, m.addressing, NULL FROM message m
UNION ALL
SELECT d.message, d.exchange, d.id, d.settled_at,
    CASE WHEN d.status_message IS NULL THEN 'Outbound' ELSE 'StatusMessage' END, 'Delivered',
    e.status, l.recipient, e.duration_us, e.note, d.id
FROM delivery d JOIN exchange e ON e.id = d.exchange JOIN lane l ON l.id = d.lane WHERE d.state = 'delivered'
UNION ALL
SELECT message, exchange, number, at, stage, status, status_code, recipient, duration_us, detail, delivery
FROM journal_entry;
