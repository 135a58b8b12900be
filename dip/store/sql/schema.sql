-- The whole schema as it stands; the migrations produce the same (a test compares).
-- Moments are microseconds since 1970 UTC. An MPAN stands in clear in the tables of appointments alone.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE company (
    number TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- roles: all that are in force, the first is the main one; optional_roles: those of them that were signed up for.
-- lost_channels: those that it may not receive any more, since its roles changed.
-- left_at: since when it takes no part any more; its name is kept for what stands in the archive.
CREATE TABLE "participant" (
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
CREATE TABLE "certificate" (
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
CREATE INDEX certificate_by_holder ON certificate (holder, use);

CREATE TABLE data_key (
    id INTEGER PRIMARY KEY,
    purpose TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;

-- powers: a JSON list. company: NULL for the DIP's own people. dip_ids: a JSON list; NULL for all of the company.
-- certificate: the fingerprint of the client certificate that logs the user in.
CREATE TABLE "user" (
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
CREATE UNIQUE INDEX user_by_certificate ON user (certificate) WHERE certificate IS NOT NULL;

-- certificate: the fingerprint of the client certificate that began it; NULL where a password did.
CREATE TABLE session (
    token_digest BLOB PRIMARY KEY,
    user TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    form_token TEXT NOT NULL,
    last_used INTEGER NOT NULL,
    certificate TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook (
    recipient TEXT NOT NULL,
    channel TEXT NOT NULL,
    url TEXT NOT NULL,
    max_message_count INTEGER,
    max_payload_kb INTEGER,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (recipient, channel)
) STRICT, WITHOUT ROWID;

-- Who holds which role, by the number that histories use for it.
CREATE TABLE holder (
    id INTEGER PRIMARY KEY,
    role TEXT NOT NULL,
    dip_id TEXT NOT NULL,
    UNIQUE (role, dip_id)
) STRICT;

-- Everything that was ever known of an MPAN's appointments (dip/appointments/packing.py).
CREATE TABLE mpan (
    mpan INTEGER PRIMARY KEY,
    history BLOB NOT NULL
) STRICT;

-- What messages say about appointments, until it is applied; with a fault: what could not be, and why.
-- mpans: a JSON array; changes: as MessagePack (dip/appointments/changes.py).
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

-- An import of a file, or a pull from a registration service. place: where it goes on after a crash.
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

-- The first rows that a run rejected, and why.
CREATE TABLE appointment_rejection (
    run INTEGER NOT NULL REFERENCES appointment_run (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    line INTEGER NOT NULL,
    sealed_mpan BLOB NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

-- Others refer to it by number without a foreign key: it is swept by its age, when nothing can refer to it any more.
-- `own`: a step of the DIP's own, such as a dead letter; it keeps its place in the order of the journal.
CREATE TABLE "exchange" (
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

CREATE TABLE "message" (
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
CREATE INDEX message_by_correlation ON message (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX message_by_interface ON message (interface, id);
CREATE INDEX message_by_sender ON message (sender, id);
CREATE INDEX message_by_sender_and_interface ON message (sender, interface, id);
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

CREATE TABLE archive (
    message INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE lane (
    id INTEGER PRIMARY KEY,
    recipient TEXT NOT NULL,
    channel TEXT NOT NULL,
    next_sequence INTEGER NOT NULL,
    UNIQUE (recipient, channel)
) STRICT;

CREATE TABLE status_message (
    id INTEGER PRIMARY KEY,
    message INTEGER REFERENCES message (id),
    recipient TEXT NOT NULL,
    code TEXT NOT NULL,
    at INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    origin TEXT NOT NULL DEFAULT '0000000001',
    digest BLOB
) STRICT;
CREATE INDEX status_message_by_message ON status_message (message);
CREATE UNIQUE INDEX status_message_by_digest ON status_message (message, digest) WHERE digest IS NOT NULL;

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES message (id),
    status_message INTEGER REFERENCES status_message (id),
    lane INTEGER NOT NULL REFERENCES lane (id),
    sequence INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'leased', 'delivered', 'rejected', 'dead', 'withdrawn')),
    hidden TEXT,
    queued_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    set_aside_until INTEGER,
    settled_at INTEGER,
    exchange INTEGER,
    replay INTEGER NOT NULL DEFAULT 0 CHECK (replay IN (0, 1)),
    requeue INTEGER
) STRICT;
CREATE INDEX delivery_by_message ON delivery (message);
CREATE INDEX delivery_waiting ON delivery (lane, id) WHERE state = 'waiting' AND set_aside_until IS NULL;
CREATE INDEX delivery_set_aside ON delivery (lane, set_aside_until)
    WHERE state = 'waiting' AND set_aside_until IS NOT NULL;
CREATE UNIQUE INDEX delivery_by_sequence ON delivery (lane, sequence);
CREATE INDEX delivery_leased ON delivery (lane, id) WHERE state = 'leased';
CREATE INDEX delivery_dead ON delivery (id, lane) WHERE state = 'dead';
-- What is sent again stands out of the order of time; the rest of a lane stands in it.
CREATE INDEX delivery_replayed ON delivery (lane, queued_at)
    WHERE state = 'waiting' AND replay = 1 AND set_aside_until IS NULL;

-- What went as it should is told by the rows above; only what did not has an entry of its own.
CREATE TABLE "journal_entry" (
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

-- What was changed of the catalogue while it served, laid over its files (5.3). Without text: removed.
CREATE TABLE catalogue_version (
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    text TEXT,
    base INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

-- A channel's maintenance, under way or announced (5.13.5). Without an end: until somebody ends it.
CREATE TABLE channel_pause (
    channel TEXT PRIMARY KEY,
    starts INTEGER NOT NULL,
    ends INTEGER CHECK (ends > starts),
    author TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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
    detail TEXT NOT NULL,
    rule TEXT NOT NULL DEFAULT '',
    acknowledged_at INTEGER,
    acknowledged_by TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX alarm_open ON alarm (kind, subject, rule) WHERE cleared_at IS NULL;

-- Thresholds beside those of the settings. threshold: seconds, messages or days, by kind; recipient, channel: '' for all.
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

-- Which alarms a user is told of, and where. kinds, channels: JSON arrays, empty for all; about: a DIP id, '' for all.
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

-- Pattern B (5.6). A payload is published when a message announced it; publication: the number of that message, which may be
-- forgotten before it. sha256: of the whole, as its sender says until all of it came. received: bytes that are on disk.
-- Its file is named by its id, which is never given twice.
CREATE TABLE payload (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    upload TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    sender TEXT NOT NULL,
    media_type TEXT NOT NULL,
    compression TEXT CHECK (compression IN ('gzip', 'zip')),
    size INTEGER NOT NULL,
    unpacked_size INTEGER,
    sha256 BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('receiving', 'whole', 'published', 'removed')),
    received INTEGER NOT NULL DEFAULT 0,
    begun_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    publication INTEGER,
    published_at INTEGER,
    removed_at INTEGER,
    removed_why TEXT,
    UNIQUE (channel, name, version)
) STRICT;
CREATE INDEX payload_unpublished ON payload (changed_at) WHERE state IN ('receiving', 'whole');
CREATE INDEX payload_published ON payload (channel, name, publication, id) WHERE state = 'published';
CREATE INDEX payload_removed ON payload (removed_at) WHERE state = 'removed';

CREATE TABLE publication (
    id INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    event TEXT NOT NULL,
    sender TEXT NOT NULL,
    description TEXT,
    version TEXT,
    issued TEXT,
    announced_at INTEGER NOT NULL,
    content_digest BLOB NOT NULL,
    content_held INTEGER NOT NULL DEFAULT 1 CHECK (content_held IN (0, 1))
) STRICT;
CREATE INDEX publication_by_channel ON publication (channel, id);
CREATE INDEX publication_by_time ON publication (announced_at);
CREATE INDEX publication_with_content ON publication (id) WHERE content_held = 1;

CREATE TABLE distribution_variant (
    publication INTEGER NOT NULL REFERENCES publication (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    payload INTEGER REFERENCES payload (id),
    uri TEXT NOT NULL,
    variant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    version TEXT NOT NULL,
    issued TEXT NOT NULL,
    format TEXT,
    delivery_format TEXT,
    information TEXT,
    PRIMARY KEY (publication, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX distribution_variant_by_payload ON distribution_variant (payload) WHERE payload IS NOT NULL;

-- Written in the commit of what it counts: all three spans, at seconds since 1970 of business time. side: the party sent
-- the messages, or got them. timed: those whose time is known; late_n: how many of these took up to the n-th bound.
CREATE TABLE throughput (
    span INTEGER NOT NULL CHECK (span IN (60, 3600, 86400)),
    side TEXT NOT NULL CHECK (side IN ('sender', 'recipient', 'pair', 'every sender', 'every recipient')),
    at INTEGER NOT NULL,
    channel TEXT NOT NULL,
    party TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    timed INTEGER NOT NULL,
    sum_us INTEGER NOT NULL,
    least_us INTEGER NOT NULL,
    most_us INTEGER NOT NULL,
    late_0 INTEGER NOT NULL,
    late_1 INTEGER NOT NULL,
    late_2 INTEGER NOT NULL,
    late_3 INTEGER NOT NULL,
    late_4 INTEGER NOT NULL,
    late_5 INTEGER NOT NULL,
    late_6 INTEGER NOT NULL,
    late_7 INTEGER NOT NULL,
    late_8 INTEGER NOT NULL,
    late_9 INTEGER NOT NULL,
    late_10 INTEGER NOT NULL,
    late_11 INTEGER NOT NULL,
    late_12 INTEGER NOT NULL,
    late_13 INTEGER NOT NULL,
    late_14 INTEGER NOT NULL,
    late_15 INTEGER NOT NULL,
    late_16 INTEGER NOT NULL,
    late_17 INTEGER NOT NULL,
    late_18 INTEGER NOT NULL,
    late_19 INTEGER NOT NULL,
    PRIMARY KEY (span, side, at, channel, party, outcome)
) STRICT, WITHOUT ROWID;

-- What users reported, until the one who raised it confirmed that it is resolved (7.3). company: the number of the company
-- that it concerns, NULL for the DIP's own; notice: what everybody may read; priority follows from impact and urgency.
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

-- Every change of an incident and every contact about it; never changed. changes: before and after, by field (JSON).
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

-- Where a user is written to.
CREATE TABLE user_address (
    user TEXT PRIMARY KEY,
    mail TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The maintenance of channels that users were written to about (5.13.5). begun: that it began was told as well.
CREATE TABLE maintenance_told (
    channel TEXT PRIMARY KEY,
    starts INTEGER NOT NULL,
    ends INTEGER,
    reason TEXT NOT NULL,
    begun INTEGER NOT NULL CHECK (begun IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Pages with their conditions that users keep under a name (FS-54). sealed: name and address, for either may tell an MPAN.
CREATE TABLE saved_view (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    shared INTEGER NOT NULL CHECK (shared IN (0, 1)),
    made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX saved_view_by_user ON saved_view (user);
