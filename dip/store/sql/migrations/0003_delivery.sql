-- Deliveries that are handed out, given up, withdrawn, and sent again (5.5.8 to 5.5.11).
DROP VIEW journal;

-- `own`: a step of the DIP's own, such as a dead letter; it keeps its place in the order of the journal.
CREATE TABLE exchange_with_own (
    id INTEGER PRIMARY KEY,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out', 'own')),
    at INTEGER NOT NULL,
    party TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    signature TEXT NOT NULL,
    signature_date TEXT NOT NULL,
    signing_certificate TEXT NOT NULL,
    tls_certificate TEXT NOT NULL,
    status INTEGER,
    answer BLOB,
    note TEXT,
    duration_us INTEGER NOT NULL
) STRICT;
INSERT INTO exchange_with_own SELECT * FROM exchange;
DROP TABLE exchange;
ALTER TABLE exchange_with_own RENAME TO exchange;

ALTER TABLE status_message ADD COLUMN origin TEXT NOT NULL DEFAULT '0000000001';
ALTER TABLE status_message ADD COLUMN digest BLOB;
CREATE UNIQUE INDEX status_message_by_digest ON status_message (message, digest) WHERE digest IS NOT NULL;

ALTER TABLE delivery ADD COLUMN replay INTEGER NOT NULL DEFAULT 0 CHECK (replay IN (0, 1));
ALTER TABLE delivery ADD COLUMN requeue INTEGER;
CREATE UNIQUE INDEX delivery_by_sequence ON delivery (lane, sequence);
CREATE INDEX delivery_leased ON delivery (lane, id) WHERE state = 'leased';
CREATE INDEX delivery_dead ON delivery (id, lane) WHERE state = 'dead';
-- What is sent again stands out of the order of time; the rest of a lane stands in it.
CREATE INDEX delivery_replayed ON delivery (lane, queued_at)
    WHERE state = 'waiting' AND replay = 1 AND set_aside_until IS NULL;
CREATE INDEX message_by_archive_end ON message (archive_until);

CREATE TABLE journal_entry_of_delivery (
    message INTEGER NOT NULL REFERENCES message (id),
    exchange INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('Inbound', 'MPANUpdateQueue', 'Addressing', 'Outbound', 'StatusMessage')),
    status TEXT NOT NULL CHECK (status IN (
        'GoodToGo', 'InboundRuleFailure', 'InternalServerError', 'Exception', 'OK', 'SentToTopic', 'Failed',
        'Delivered', 'DeliveryFailure', 'RejectedByRecipient', 'Retrying', 'RetriesExhausted',
        'UnknownDeliveryStatus', 'Paused', 'Leased', 'Requeued', 'QueuedAgain', 'Withdrawn')),
    status_code INTEGER,
    recipient TEXT,
    duration_us INTEGER NOT NULL,
    detail TEXT,
    delivery INTEGER,
    PRIMARY KEY (message, exchange, number)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_entry_of_delivery
SELECT j.*, (SELECT d.id FROM delivery d JOIN lane l ON l.id = d.lane
    WHERE d.message = j.message AND l.recipient = j.recipient
        AND (l.channel = 'statusmessage') = (j.stage = 'StatusMessage'))
FROM journal_entry j;
DROP TABLE journal_entry;
ALTER TABLE journal_entry_of_delivery RENAME TO journal_entry;

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

-- Messages that a recipient asked to be sent to it again (5.5.11). `upto`: the sequence number of the last one that the
-- request covers; `position`: of the last one dealt with. `request` is sealed, for it may name an MPAN.
CREATE TABLE requeue (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    recipient TEXT NOT NULL,
    channel TEXT NOT NULL,
    at INTEGER NOT NULL,
    request BLOB NOT NULL,
    position INTEGER NOT NULL,
    upto INTEGER NOT NULL,
    total INTEGER NOT NULL,
    processed INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL CHECK (status IN ('Processing', 'Completed', 'Failed', 'PartialCompletion')),
    ended_at INTEGER
) STRICT;
CREATE INDEX requeue_by_recipient ON requeue (recipient, channel, id);
CREATE INDEX requeue_running ON requeue (id) WHERE status = 'Processing';

-- How one address is to be served, where that differs from the settings (FS-15, FS-31).
CREATE TABLE endpoint (
    recipient TEXT NOT NULL,
    url TEXT NOT NULL,
    for_status INTEGER NOT NULL CHECK (for_status IN (0, 1)),
    name TEXT NOT NULL,
    message_count INTEGER,
    payload_kb INTEGER,
    calls_in_flight INTEGER,
    calls_a_second REAL,
    retry_first_s REAL,
    retry_longest_s REAL,
    retry_jitter REAL,
    pause_after INTEGER,
    held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)),
    told TEXT NOT NULL,
    PRIMARY KEY (recipient, url, for_status)
) STRICT, WITHOUT ROWID;

-- What somebody should look at, from when it was noticed until it was over (5.11.4).
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    cleared_at INTEGER,
    detail TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX alarm_open ON alarm (kind, subject) WHERE cleared_at IS NULL;
