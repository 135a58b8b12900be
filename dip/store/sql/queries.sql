-- name: known_references
-- The messages that may stand under any of these keys of references (a JSON array).
WITH wanted (key) AS MATERIALIZED (SELECT value FROM json_each(?))
SELECT m.sender, m.interface, m.reference, m.id, m.transaction_id, m.correlation_id
FROM wanted w CROSS JOIN message_key k ON k.key = w.key CROSS JOIN message m ON m.id = k.message
UNION ALL
SELECT m.sender, m.interface, m.reference, m.id, m.transaction_id, m.correlation_id
FROM wanted w CROSS JOIN message_key_gathered k ON k.key = w.key CROSS JOIN message m ON m.id = k.message;

-- name: add_key
-- A key of a new message.
INSERT INTO message_key_gathered (key, message) VALUES (?, ?);

-- name: move_keys_on
-- Keys that were gathered move on together, in order.
INSERT INTO message_key SELECT key, message FROM message_key_gathered ORDER BY key, message;

-- name: forget_gathered
-- Nothing is gathered any more.
DELETE FROM message_key_gathered;

-- name: keyed
-- What these messages (a JSON array of numbers) are found by.
SELECT id, reference, mpan_digest FROM message WHERE id IN (SELECT value FROM json_each(?));

-- name: forget_key
-- A key of a message.
DELETE FROM message_key WHERE key = ? AND message = ?;

-- name: forget_gathered_key
-- A key of a message that was not moved on yet.
DELETE FROM message_key_gathered WHERE key = ? AND message = ?;

-- name: archived
-- The sealed content of one message.
SELECT sealed FROM archive WHERE message = ?;

-- name: archived_many
-- The sealed contents of these messages (a JSON array of ids), with the transaction ids they are bound to.
SELECT m.id, m.transaction_id, a.sealed FROM message m JOIN archive a ON a.message = m.id
WHERE m.id IN (SELECT value FROM json_each(?));

-- name: last_ids
-- Where the counters of the one writer stand.
SELECT (SELECT coalesce(max(id), 0) FROM message), (SELECT coalesce(max(id), 0) FROM exchange),
       (SELECT coalesce(max(id), 0) FROM delivery), (SELECT coalesce(max(id), 0) FROM status_message),
       (SELECT coalesce(max(id), 0) FROM lane);

-- name: add_exchange
-- One HTTP call in or out, kept for non-repudiation (5.5.1).
INSERT INTO exchange (id, direction, at, party, method, url, content_hash, signature, signature_date,
    signing_certificate, tls_certificate, status, answer, note, duration_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_message
-- What is known of a message without opening it.
INSERT INTO message (id, transaction_id, correlation_id, interface, event, sender, sender_role, reference,
    envelope_reference, mpan_digest, received_at, protected, archive_until, exchange, checked_us, addressed,
    addressing)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_archive
-- The message itself, sealed (5.2.2, 5.5.7).
INSERT INTO archive (message, sealed) VALUES (?, ?);

-- name: add_delivery
-- One message for one recipient, waiting in its lane.
INSERT INTO delivery (id, message, lane, sequence, hidden, queued_at) VALUES (?, ?, ?, ?, ?, ?);

-- name: add_status_delivery
-- One status message for its recipient, waiting in its lane.
INSERT INTO delivery (id, message, status_message, lane, sequence, queued_at) VALUES (?, ?, ?, ?, ?, ?);

-- name: add_status_message
-- A message back to a sender about one of its own (5.5.9).
INSERT INTO status_message (id, message, recipient, code, at, sealed, origin, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_journal_entry
-- A stage that did not go as it should; numbered within the exchange that it belongs to.
INSERT INTO journal_entry (message, exchange, number, at, stage, status, status_code, recipient, duration_us, detail,
    delivery)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: lanes
-- Every lane with its next sequence number.
SELECT id, recipient, channel, next_sequence FROM lane;

-- name: add_lane
-- A lane: one recipient's messages of one channel, or its status messages.
INSERT INTO lane (id, recipient, channel, next_sequence) VALUES (?, ?, ?, ?);

-- name: move_lanes
-- The next sequence numbers of lanes (a JSON array of pairs of lane and number).
UPDATE lane SET next_sequence = json_extract(moved.value, '$[1]')
FROM json_each(?) AS moved WHERE lane.id = json_extract(moved.value, '$[0]');

-- name: waiting
-- The next deliveries of a lane after one, in order of receipt.
SELECT d.id, d.message, d.status_message, d.sequence, d.attempts, d.hidden, m.protected, m.received_at, m.reference,
    m.transaction_id, m.correlation_id, m.sender, d.lane, d.replay
FROM delivery d JOIN message m ON m.id = d.message
WHERE d.lane = ?1 AND d.state = 'waiting' AND d.set_aside_until IS NULL AND d.id > ?2 ORDER BY d.id LIMIT ?3;

-- name: set_aside_due
-- The deliveries of a lane that were set aside and whose time has come.
SELECT d.id, d.message, d.status_message, d.sequence, d.attempts, d.hidden, m.protected, m.received_at, m.reference,
    m.transaction_id, m.correlation_id, m.sender, d.lane, d.replay
FROM delivery d JOIN message m ON m.id = d.message
WHERE d.lane = ?1 AND d.state = 'waiting' AND d.set_aside_until <= ?2 ORDER BY d.set_aside_until, d.id LIMIT ?3;

-- name: next_set_aside
-- When the next delivery of the lane that was set aside is due.
SELECT min(set_aside_until) FROM delivery WHERE lane = ? AND state = 'waiting' AND set_aside_until IS NOT NULL;

-- name: settle_delivered
-- These deliveries (a JSON array of ids) arrived; even one that was given up while its call was under way.
UPDATE delivery SET state = 'delivered', attempts = attempts + 1, settled_at = ?2, set_aside_until = NULL,
    exchange = ?3
WHERE id IN (SELECT value FROM json_each(?1)) AND state IN ('waiting', 'dead', 'withdrawn');

-- name: settle_one
-- A step of one delivery, as long as it is in one of the states (a JSON array) that it may be taken from.
UPDATE delivery SET state = ?2, settled_at = ?3, set_aside_until = ?4, exchange = ?5, attempts = attempts + ?7
WHERE id = ?1 AND state IN (SELECT value FROM json_each(?6));

-- name: revive
-- A delivery that was given up waits again, from now on, and says that it is a replay.
UPDATE delivery SET state = 'waiting', queued_at = ?2, settled_at = NULL, set_aside_until = NULL, replay = 1
WHERE id = ?1 AND state IN ('dead', 'withdrawn');

-- name: lanes_leased
-- The lanes in which something is handed out.
SELECT DISTINCT lane FROM delivery WHERE state = 'leased';

-- name: leased_of
-- The deliveries of a lane that are handed out, in order of receipt.
SELECT d.id, d.message, d.status_message, d.sequence, d.attempts, d.hidden, m.protected, m.received_at, m.reference,
    m.transaction_id, m.correlation_id, m.sender, d.lane, d.replay, d.state, d.exchange
FROM delivery d JOIN message m ON m.id = d.message WHERE d.lane = ?1 AND d.state = 'leased' ORDER BY d.id LIMIT ?2;

-- name: of_transactions
-- The deliveries of a lane for these transactions (a JSON array), the latest of each last.
SELECT d.id, d.message, d.status_message, d.sequence, d.attempts, d.hidden, m.protected, m.received_at, m.reference,
    m.transaction_id, m.correlation_id, m.sender, d.lane, d.replay, d.state, d.exchange
FROM message m CROSS JOIN delivery d INDEXED BY delivery_by_message ON d.message = m.id
WHERE m.transaction_id IN (SELECT value FROM json_each(?2)) AND d.lane = ?1 ORDER BY d.id;

-- name: overdue
-- The oldest of what waits in a lane since before a moment, what is sent again or was set aside too. The rest stands in
-- the order of time, so reading stops where it is not due yet.
SELECT d.id, d.message, d.status_message, d.sequence, d.attempts, d.hidden, m.protected, m.received_at, m.reference,
    m.transaction_id, m.correlation_id, m.sender, d.lane, d.replay, d.queued_at
FROM (
    SELECT id FROM (
        SELECT id, queued_at FROM delivery INDEXED BY delivery_waiting
        WHERE lane = ?1 AND state = 'waiting' AND set_aside_until IS NULL AND replay = 0 ORDER BY id LIMIT ?3)
    WHERE queued_at <= ?2
    UNION ALL
    SELECT * FROM (
        SELECT id FROM delivery INDEXED BY delivery_replayed
        WHERE lane = ?1 AND state = 'waiting' AND replay = 1 AND set_aside_until IS NULL AND queued_at <= ?2
        ORDER BY queued_at, id LIMIT ?3)
    UNION ALL
    SELECT * FROM (
        SELECT id FROM delivery INDEXED BY delivery_set_aside
        WHERE lane = ?1 AND state = 'waiting' AND set_aside_until IS NOT NULL AND queued_at <= ?2
        ORDER BY queued_at, id LIMIT ?3)
) o JOIN delivery d ON d.id = o.id JOIN message m ON m.id = d.message ORDER BY d.queued_at, d.id LIMIT ?3;

-- name: status_contents
-- The sealed status messages with these ids (a JSON array).
SELECT id, sealed FROM status_message WHERE id IN (SELECT value FROM json_each(?));

-- name: reportable
-- These messages (a JSON array of transaction ids), with who sent each for its sender, where it wasn't itself, and
-- everybody to whom it is addressed.
SELECT m.id, m.transaction_id, m.correlation_id, m.reference, m.sender, m.interface,
    (SELECT e.party FROM exchange e WHERE e.id = m.exchange AND e.direction = 'in' AND e.party <> m.sender),
    (SELECT json_group_array(DISTINCT l.recipient) FROM delivery d JOIN lane l ON l.id = d.lane
     WHERE d.message = m.id AND d.status_message IS NULL)
FROM message m WHERE m.transaction_id IN (SELECT value FROM json_each(?));

-- name: kept_messages
-- Which of these messages (a JSON array of ids) there are.
SELECT id FROM message WHERE id IN (SELECT value FROM json_each(?));

-- name: reported
-- By digest, what participants already reported about these messages (a JSON array of ids).
SELECT message, digest FROM status_message WHERE message IN (SELECT value FROM json_each(?)) AND digest IS NOT NULL;

-- name: agent_of
-- Who sent a message for its sender; nothing where that was itself.
SELECT e.party FROM message m JOIN exchange e ON e.id = m.exchange
WHERE m.id = ? AND e.direction = 'in' AND e.party <> m.sender;

-- name: correlation_known
-- Whether the DIP ever issued this correlation id.
SELECT 1 FROM message WHERE correlation_id = ? LIMIT 1;

-- name: read_meta
-- One fact about this data directory.
SELECT value FROM meta WHERE key = ?;

-- name: write_meta
-- One fact about this data directory.
INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- name: participants
-- Every participant.
SELECT dip_id, mpid, name, roles, api_key_digest, since, company, optional_roles, optional_channels, lost_channels,
    left_at
FROM participant ORDER BY dip_id;

-- name: save_participant
-- A participant, new or changed.
INSERT INTO participant (dip_id, mpid, name, roles, api_key_digest, since, company, optional_roles,
    optional_channels, lost_channels, left_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (dip_id) DO UPDATE SET mpid = excluded.mpid, name = excluded.name, roles = excluded.roles,
    api_key_digest = excluded.api_key_digest, company = excluded.company, optional_roles = excluded.optional_roles,
    optional_channels = excluded.optional_channels, lost_channels = excluded.lost_channels, left_at = excluded.left_at;

-- name: companies
-- Every company.
SELECT number, name, since FROM company ORDER BY number;

-- name: save_company
-- A company, new or with another name.
INSERT INTO company (number, name, since) VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET name = excluded.name;

-- name: qualifications
-- Every role that the central feed told of.
SELECT dip_id, role, market_role, effective_from, effective_to FROM qualification ORDER BY dip_id, role;

-- name: forget_qualifications
-- What the central feed told of a participant before.
DELETE FROM qualification WHERE dip_id = ?;

-- name: add_qualification
-- A role that the central feed tells of.
INSERT INTO qualification (dip_id, role, market_role, effective_from, effective_to) VALUES (?, ?, ?, ?, ?);

-- name: certificates
-- Every certificate that the DIP knows, keys sealed; and since when its outside authority is not trusted any more.
SELECT c.fingerprint, c.holder, c.use, c.pem, c.not_before, c.not_after, c.revoked_at, c.private_key, c.origin,
    c.authority, c.drill, a.removed_at
FROM certificate c LEFT JOIN outside_authority a ON a.fingerprint = c.authority;

-- name: save_certificate
-- A certificate, new or changed.
INSERT INTO certificate (fingerprint, holder, use, pem, not_before, not_after, revoked_at, private_key, origin,
    authority, drill)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO UPDATE SET revoked_at = excluded.revoked_at;

-- name: agencies_in_force
-- Who acts for whom now.
SELECT principal, role, agent, assigned_at, encrypts, author, withdrawn_at, withdrawn_by
FROM agency WHERE withdrawn_at IS NULL ORDER BY principal, role;

-- name: agencies_of_principal
-- Who acts for a participant, then who did, each newest first.
SELECT principal, role, agent, assigned_at, encrypts, author, withdrawn_at, withdrawn_by
FROM agency WHERE principal = ? ORDER BY withdrawn_at IS NOT NULL, assigned_at DESC, role LIMIT ?;

-- name: agencies_of_agent
-- For whom an agent acts, then for whom it did, each newest first.
SELECT principal, role, agent, assigned_at, encrypts, author, withdrawn_at, withdrawn_by
FROM agency WHERE agent = ? ORDER BY withdrawn_at IS NOT NULL, assigned_at DESC, principal, role LIMIT ?;

-- name: save_agency
-- An assignment, new or just withdrawn.
INSERT INTO agency (principal, role, agent, assigned_at, encrypts, author, withdrawn_at, withdrawn_by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (principal, role, agent, assigned_at) DO UPDATE
SET withdrawn_at = excluded.withdrawn_at, withdrawn_by = excluded.withdrawn_by;

-- name: forget_drills
-- The certificates that were made for a participant's drills.
DELETE FROM certificate WHERE holder = ? AND origin = 'drill';

-- name: outside_authorities
-- Every authority that is not this environment's own, removed ones too.
SELECT fingerprint, name, kind, environment, pem, added_at, author, removed_at
FROM outside_authority ORDER BY added_at, fingerprint;

-- name: save_outside_authority
-- An outside authority, new, or added again after it was removed.
INSERT INTO outside_authority (fingerprint, name, kind, environment, pem, added_at, author, removed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO UPDATE SET name = excluded.name, kind = excluded.kind,
    environment = excluded.environment, pem = excluded.pem, added_at = excluded.added_at, author = excluded.author,
    removed_at = excluded.removed_at;

-- name: data_keys
-- The wrapped keys that seal what is stored.
SELECT id, purpose, wrapped, made_at FROM data_key ORDER BY id;

-- name: add_data_key
-- A wrapped key.
INSERT INTO data_key (id, purpose, wrapped, made_at) VALUES (?, ?, ?, ?);

-- name: replace_data_key
-- A data key, wrapped under another master key.
UPDATE data_key SET wrapped = ? WHERE id = ?;

-- name: user
-- One user of the portal.
SELECT name, password_hash, powers, company, dip_ids, must_change, certificate, made_at, author, disabled_at
FROM user WHERE name = ?;

-- name: user_by_certificate
-- The user whom a client certificate logs in.
SELECT name, password_hash, powers, company, dip_ids, must_change, certificate, made_at, author, disabled_at
FROM user WHERE certificate = ?;

-- name: users
-- Every user of the portal.
SELECT name, password_hash, powers, company, dip_ids, must_change, certificate, made_at, author, disabled_at
FROM user ORDER BY name;

-- name: save_user
-- A user of the portal, new or changed.
INSERT INTO user (name, password_hash, powers, company, dip_ids, must_change, certificate, made_at, author, disabled_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, powers = excluded.powers,
    company = excluded.company, dip_ids = excluded.dip_ids, must_change = excluded.must_change,
    certificate = excluded.certificate, disabled_at = excluded.disabled_at;

-- name: remove_user
-- A user leaves; its sessions are ended before.
DELETE FROM user WHERE name = ?;

-- name: end_sessions_of
-- Every log-in of a user ends.
DELETE FROM session WHERE user = ?;

-- name: session
-- A session by the digest of its token.
SELECT user, form_token, last_used, certificate FROM session WHERE token_digest = ?;

-- name: begin_session
-- A log-in, as long as the user is still as the log-in found it.
INSERT INTO session (token_digest, user, form_token, last_used, certificate)
SELECT ?1, name, ?3, ?4, ?6 FROM user
WHERE name = ?2 AND disabled_at IS NULL AND CASE WHEN ?6 IS NULL THEN password_hash = ?5 ELSE certificate = ?6 END;

-- name: note_session
-- A session was used again; one that has ended stays so.
UPDATE session SET last_used = ?2 WHERE token_digest = ?1;

-- name: end_session
-- A log-out.
DELETE FROM session WHERE token_digest = ?;

-- name: sweep_sessions
-- Sessions that nobody used since.
DELETE FROM session WHERE last_used < ?;

-- name: webhooks
-- Every webhook.
SELECT recipient, channel, url, max_message_count, max_payload_kb FROM webhook;

-- name: save_webhook
-- A webhook; a later one replaces the earlier.
INSERT INTO webhook (recipient, channel, url, max_message_count, max_payload_kb, set_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (recipient, channel) DO UPDATE SET url = excluded.url, max_message_count = excluded.max_message_count,
    max_payload_kb = excluded.max_payload_kb, set_at = excluded.set_at;

-- name: remove_webhook
-- A webhook withdrawn; what waits stays.
DELETE FROM webhook WHERE recipient = ? AND channel = ?;

-- name: remove_webhooks_of
-- Every webhook of a recipient withdrawn.
DELETE FROM webhook WHERE recipient = ?;

-- name: remove_endpoints_of
-- The own settings of a recipient's addresses forgotten.
DELETE FROM endpoint WHERE recipient = ?;

-- name: endpoints
-- How addresses are served that have settings of their own.
SELECT recipient, url, for_status, name, message_count, payload_kb, calls_in_flight, calls_a_second, retry_first_s,
    retry_longest_s, retry_jitter, pause_after, held, told FROM endpoint;

-- name: save_endpoint
-- How an address is served; a later word replaces the earlier.
INSERT OR REPLACE INTO endpoint (recipient, url, for_status, name, message_count, payload_kb, calls_in_flight,
    calls_a_second, retry_first_s, retry_longest_s, retry_jitter, pause_after, held, told)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: holders
-- Every holder with its number.
SELECT id, role, dip_id FROM holder;

-- name: add_holder
-- A number for a holder; it may have been written already by a transaction that was told as failed.
INSERT OR IGNORE INTO holder (id, role, dip_id) VALUES (?, ?, ?);

-- name: root_page
-- The page with which a table's tree begins.
SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?;

-- name: history
-- Everything known of an MPAN's appointments.
SELECT history FROM mpan WHERE mpan = ?;

-- name: save_history
-- Everything known of an MPAN's appointments, anew.
INSERT OR REPLACE INTO mpan (mpan, history) VALUES (?, ?);

-- name: mpans_from
-- MPANs in order, from one on.
SELECT mpan FROM mpan WHERE mpan >= ? ORDER BY mpan LIMIT ?;

-- name: add_appointment_update
-- What a message says about appointments, to be applied.
INSERT INTO appointment_update (message, mpans, changes, known_at) VALUES (?, ?, ?, ?);

-- name: appointment_updates_waiting
-- What waits to be applied, in order of receipt, behind a message.
SELECT message, mpans, changes, known_at FROM appointment_update
WHERE fault IS NULL AND message > ? ORDER BY message LIMIT ?;

-- name: appointment_updates_failed
-- What could not be applied, newest first, before a message: with its transaction, channel, event and sender.
SELECT u.message, u.mpans, u.changes, u.known_at, u.fault, u.failed_at, m.transaction_id, m.interface, m.event, m.sender
FROM appointment_update u JOIN message m ON m.id = u.message
WHERE u.fault IS NOT NULL AND u.message < ? ORDER BY u.message DESC LIMIT ?;

-- name: appointment_updates_failed_by_sender
-- How many of the newest updates that could not be applied each sender has, by channel and event.
SELECT m.sender, m.interface, m.event, count(*)
FROM (SELECT message FROM appointment_update WHERE fault IS NOT NULL ORDER BY message DESC LIMIT ?) u
JOIN message m ON m.id = u.message
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- name: count_appointment_updates
-- How much waits to be applied, and how much could not be.
SELECT (SELECT count(*) FROM appointment_update INDEXED BY appointment_update_waiting WHERE fault IS NULL),
    (SELECT count(*) FROM appointment_update INDEXED BY appointment_update_failed WHERE fault IS NOT NULL);

-- name: forget_appointment_update
-- An update that was applied, or that an administrator gave up.
DELETE FROM appointment_update WHERE message = ?;

-- name: forget_appointment_updates
-- Updates that were applied (a JSON array of messages).
DELETE FROM appointment_update WHERE message IN (SELECT value FROM json_each(?));

-- name: fail_appointment_update
-- Why an update could not be applied.
UPDATE appointment_update SET fault = ?, failed_at = ? WHERE message = ?;

-- name: retry_appointment_update
-- An update that could not be applied waits again; known as of then.
UPDATE appointment_update SET fault = NULL, failed_at = NULL, known_at = ? WHERE message = ? AND fault IS NOT NULL;

-- name: journal_appointment_updates
-- What became of the updates of messages (a JSON array), in their journal; a second attempt takes the place of the first.
INSERT OR REPLACE INTO journal_entry (message, exchange, number, at, stage, status, duration_us, detail)
SELECT m.id, m.exchange, 2, ?2, 'MPANUpdateQueue', ?3, max(0, ?2 - m.received_at), ?4
FROM json_each(?1) listed CROSS JOIN message m ON m.id = listed.value;

-- name: add_appointment_run
-- A new import or pull.
INSERT INTO appointment_run (id, name, source, state, place, since, as_of, started_at, changed_at)
VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?);

-- name: last_appointment_run
-- The number of the last run.
SELECT coalesce(max(id), 0) FROM appointment_run;

-- name: appointment_run
-- A run by its name.
SELECT id, name, source, state, place, since, as_of, rows, accepted, unchanged, rejected, started_at, changed_at, reason
FROM appointment_run WHERE name = ?;

-- name: appointment_runs
-- The newest runs.
SELECT id, name, source, state, place, since, as_of, rows, accepted, unchanged, rejected, started_at, changed_at, reason
FROM appointment_run ORDER BY id DESC LIMIT ?;

-- name: advance_appointment_run
-- How far a run has come.
UPDATE appointment_run SET state = ?2, place = ?3, as_of = ?4, rows = ?5, accepted = ?6, unchanged = ?7, rejected = ?8,
    changed_at = ?9, reason = ?10
WHERE id = ?1;

-- name: add_appointment_rejection
-- A row that a run rejected.
INSERT OR REPLACE INTO appointment_rejection (run, number, line, sealed_mpan, reason) VALUES (?, ?, ?, ?, ?);

-- name: appointment_rejections
-- The rows that a run rejected, as far as they are kept, behind a number.
SELECT number, line, sealed_mpan, reason FROM appointment_rejection WHERE run = ? AND number > ? ORDER BY number LIMIT ?;

-- name: forget_appointment_runs
-- Runs that are older than the newest so many.
DELETE FROM appointment_run WHERE state <> 'running' AND id <= (SELECT max(id) FROM appointment_run) - ?;

-- name: forget_appointment_rejections
-- The rejected rows of runs that are gone.
DELETE FROM appointment_rejection WHERE run NOT IN (SELECT id FROM appointment_run);

-- name: outlived
-- The next messages, behind an archive time and number, whose archive time is over; the last column says whether
-- something still waits for one of them.
SELECT m.archive_until, m.id, EXISTS (
    SELECT 1 FROM delivery d WHERE d.message = m.id AND d.state IN ('waiting', 'leased'))
    OR EXISTS (SELECT 1 FROM appointment_update u WHERE u.message = m.id AND u.fault IS NULL)
FROM message m INDEXED BY message_by_archive_end
WHERE m.archive_until <= ?1 AND (m.archive_until, m.id) > (?2, ?3)
ORDER BY m.archive_until, m.id LIMIT ?4;

-- name: forget_journal
-- The journal entries of these messages (a JSON array of ids).
DELETE FROM journal_entry WHERE message IN (SELECT value FROM json_each(?));

-- name: forget_updates
-- What of these messages could not be applied to the MPAN table.
DELETE FROM appointment_update WHERE message IN (SELECT value FROM json_each(?));

-- name: forget_deliveries
-- The deliveries of these messages.
DELETE FROM delivery WHERE message IN (SELECT value FROM json_each(?));

-- name: forget_status_messages
-- The status messages about these messages.
DELETE FROM status_message WHERE message IN (SELECT value FROM json_each(?));

-- name: forget_archive
-- The archived content of these messages.
DELETE FROM archive WHERE message IN (SELECT value FROM json_each(?));

-- name: forget_messages
-- These messages.
DELETE FROM message WHERE id IN (SELECT value FROM json_each(?));

-- name: forget_exchanges
-- The oldest calls, as far as they were made before a moment.
DELETE FROM exchange WHERE id IN (SELECT id FROM exchange ORDER BY id LIMIT ?2) AND at < ?1;

-- name: forget_requeues
-- Some requeues that ended before a moment.
DELETE FROM requeue WHERE id IN (SELECT id FROM requeue WHERE ended_at < ?1 ORDER BY id LIMIT ?2);

-- name: forget_alarms
-- Some alarms that were over before a moment, or are over and further back than so many.
DELETE FROM alarm WHERE id IN (
    SELECT id FROM alarm
    WHERE cleared_at < ?1 OR (cleared_at IS NOT NULL AND id <= (SELECT max(id) FROM alarm) - ?3) ORDER BY id LIMIT ?2);

-- name: catalogue_latest
-- The last version of every part of the catalogue that was ever changed.
SELECT v.name, v.version, v.at, v.author, v.text, v.base, v.reason FROM catalogue_version v
WHERE v.version = (SELECT max(w.version) FROM catalogue_version w WHERE w.name = v.name) ORDER BY v.name;

-- name: catalogue_versions
-- The versions of one part of the catalogue, newest first.
SELECT name, version, at, author, text, base, reason FROM catalogue_version WHERE name = ? ORDER BY version DESC;

-- name: add_catalogue_version
-- A further version of a part of the catalogue.
INSERT INTO catalogue_version (name, version, at, author, text, base, reason) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: pauses
-- Every pause of a channel, under way or announced.
SELECT channel, starts, ends, author, reason FROM channel_pause ORDER BY starts, channel;

-- name: save_pause
-- A pause of a channel; a later one replaces the earlier.
INSERT INTO channel_pause (channel, starts, ends, author, reason) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (channel) DO UPDATE SET starts = excluded.starts, ends = excluded.ends, author = excluded.author,
    reason = excluded.reason;

-- name: remove_pause
-- A pause that is over.
DELETE FROM channel_pause WHERE channel = ?;

-- name: newest_sequence
-- The number that the next delivery of a lane will get.
SELECT next_sequence FROM lane WHERE id = ?;

-- name: sent_when
-- The first delivery of a lane behind a sequence number, with the latest and the earliest time that it may stem from.
SELECT d.sequence,
    CASE WHEN d.requeue IS NULL THEN coalesce(s.at, m.received_at) ELSE d.queued_at END,
    CASE WHEN d.requeue IS NULL THEN coalesce(s.at, m.received_at) ELSE coalesce(r.at, 0) END
FROM (SELECT * FROM delivery INDEXED BY delivery_by_sequence WHERE lane = ?1 AND sequence > ?2
    ORDER BY sequence LIMIT 1) d
JOIN message m ON m.id = d.message LEFT JOIN status_message s ON s.id = d.status_message
LEFT JOIN requeue r ON r.id = d.requeue;

-- name: sent_in_order
-- The deliveries of a lane behind a sequence number; the last column tells those as addressed from those of a requeue.
SELECT d.sequence, d.id, d.message, d.status_message, d.hidden, d.state, m.protected, coalesce(s.at, m.received_at),
    m.transaction_id, m.correlation_id, m.reference, m.event, m.mpan_digest, d.requeue IS NULL
FROM delivery d INDEXED BY delivery_by_sequence CROSS JOIN message m ON m.id = d.message
LEFT JOIN status_message s ON s.id = d.status_message
WHERE d.lane = ?1 AND d.sequence > ?2 ORDER BY d.sequence LIMIT ?3;

-- name: sent_of_transactions
-- The same for these transactions alone (a JSON array).
SELECT d.sequence, d.id, d.message, d.status_message, d.hidden, d.state, m.protected, coalesce(s.at, m.received_at),
    m.transaction_id, m.correlation_id, m.reference, m.event, m.mpan_digest, d.requeue IS NULL
FROM message m CROSS JOIN delivery d INDEXED BY delivery_by_message ON d.message = m.id
LEFT JOIN status_message s ON s.id = d.status_message
WHERE m.transaction_id IN (SELECT value FROM json_each(?4)) AND d.lane = ?1 AND d.sequence > ?2
ORDER BY d.sequence LIMIT ?3;

-- name: sent_of_mpan
-- The same for the messages about one MPAN (by digest) alone.
SELECT d.sequence, d.id, d.message, d.status_message, d.hidden, d.state, m.protected, coalesce(s.at, m.received_at),
    m.transaction_id, m.correlation_id, m.reference, m.event, m.mpan_digest, d.requeue IS NULL
FROM (SELECT message FROM message_key WHERE key = ?5 UNION ALL SELECT message FROM message_key_gathered WHERE key = ?5) k
CROSS JOIN message m ON m.id = k.message AND m.mpan_digest = ?4
CROSS JOIN delivery d INDEXED BY delivery_by_message ON d.message = m.id
LEFT JOIN status_message s ON s.id = d.status_message
WHERE d.lane = ?1 AND d.sequence > ?2 ORDER BY d.sequence LIMIT ?3;

-- name: requeue_under_way
-- Whether a recipient's requeue of a channel is still running.
SELECT 1 FROM requeue WHERE recipient = ? AND channel = ? AND status = 'Processing' LIMIT 1;

-- name: add_requeue
-- A requeue that begins; its number is that of the call that asked for it.
INSERT INTO requeue (id, name, recipient, channel, at, request, position, upto, total, status)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: requeues_running
-- The requeues that are not at their end, in order.
SELECT id, name, recipient, channel, at, request, position, upto, total, processed, status, ended_at
FROM requeue INDEXED BY requeue_running WHERE status = 'Processing' ORDER BY id;

-- name: requeues_of
-- The last requeues of a recipient and channel, newest first.
SELECT id, name, recipient, channel, at, request, position, upto, total, processed, status, ended_at
FROM requeue WHERE recipient = ?1 AND channel = ?2 AND (?3 IS NULL OR name = ?3) ORDER BY id DESC LIMIT ?4;

-- name: requeues_newest
-- The last requeues of some recipients (a JSON array), or of everybody, newest first, below a number.
SELECT id, name, recipient, channel, at, request, position, upto, total, processed, status, ended_at
FROM requeue WHERE id < ?1 AND (?3 IS NULL OR recipient IN (SELECT value FROM json_each(?3))) ORDER BY id DESC LIMIT ?2;

-- name: requeue_stands
-- How far a requeue is.
SELECT position, status FROM requeue WHERE id = ?;

-- name: count_requeue
-- How many deliveries a requeue covers.
UPDATE requeue SET total = ?2 WHERE id = ?1;

-- name: move_requeue
-- A requeue went on.
UPDATE requeue SET position = ?2, processed = processed + ?3 WHERE id = ?1;

-- name: end_requeue
-- A requeue that came to its end, or to nothing.
UPDATE requeue SET status = ?2, ended_at = ?3 WHERE id = ?1;

-- name: copies_of
-- For each of these deliveries (a JSON array of ids, as addressed): whether it or a repetition of it is on its way,
-- and the last one that was given up. An announcement whose content is gone, since everybody had it, is none of them.
SELECT a.id, a.message, a.status_message, a.hidden,
    max(o.state IN ('waiting', 'leased')), max(CASE WHEN o.state IN ('dead', 'withdrawn') THEN o.id END)
FROM delivery a CROSS JOIN delivery o INDEXED BY delivery_by_message
    ON o.message = a.message AND o.lane = a.lane AND o.status_message IS a.status_message
WHERE a.id IN (SELECT value FROM json_each(?)) AND (a.status_message IS NOT NULL
    OR NOT EXISTS (SELECT 1 FROM publication p WHERE p.id = a.message AND p.content_held = 0))
GROUP BY a.id ORDER BY a.id;

-- name: add_replayed_delivery
-- A delivery made by a requeue: the same message once more, saying that it is a replay.
INSERT INTO delivery (id, message, status_message, lane, sequence, hidden, queued_at, replay, requeue)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: alarms_open
-- The alarms that are not over.
SELECT id, kind, subject, raised_at, updated_at, cleared_at, detail, rule, acknowledged_at, acknowledged_by, note
FROM alarm WHERE cleared_at IS NULL ORDER BY id;

-- name: add_alarm
-- An alarm that was raised.
INSERT INTO alarm (kind, subject, raised_at, updated_at, cleared_at, detail, rule) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: save_alarm
-- How an alarm stands now.
UPDATE alarm SET updated_at = ?2, cleared_at = ?3, detail = ?4, acknowledged_at = ?5, acknowledged_by = ?6, note = ?7
WHERE id = ?1;

-- name: alarm_rules
-- Every rule that raises alarms, by name.
SELECT id, name, kind, threshold, period_s, recipient, channel, in_force, changed_at, author FROM alarm_rule
ORDER BY name;

-- name: add_alarm_rule
-- A further rule.
INSERT INTO alarm_rule (name, kind, threshold, period_s, recipient, channel, in_force, changed_at, author)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: save_alarm_rule
-- A rule as it is from now on.
UPDATE alarm_rule SET name = ?2, kind = ?3, threshold = ?4, period_s = ?5, recipient = ?6, channel = ?7, in_force = ?8,
    changed_at = ?9, author = ?10
WHERE id = ?1;

-- name: remove_alarm_rule
-- A rule goes.
DELETE FROM alarm_rule WHERE id = ?;

-- name: alarm_subscriptions
-- What every user wants to be told of alarms.
SELECT id, user, way, target, kinds, channels, about, made_at FROM alarm_subscription ORDER BY id;

-- name: add_alarm_subscription
-- A user wants to be told of alarms; nothing where the user has gone.
INSERT INTO alarm_subscription (user, way, target, kinds, channels, about, made_at)
SELECT name, ?2, ?3, ?4, ?5, ?6, ?7 FROM user WHERE name = ?1;

-- name: remove_alarm_subscription
-- A user does not want it any more.
DELETE FROM alarm_subscription WHERE id = ?;

-- name: remove_alarm_subscriptions_of
-- A user leaves; what it wanted to be told goes with it.
DELETE FROM alarm_subscription WHERE user = ?;

-- name: add_activity
-- A record of the activity log, chained to the one before.
INSERT INTO activity (id, at, hash, record) VALUES (?, ?, ?, ?);

-- name: last_activity
-- The end of the chain: the last record at hand, or the last one of the last file.
SELECT id, at, hash FROM (SELECT * FROM (SELECT id, at, hash FROM activity ORDER BY id DESC LIMIT 1)
    UNION ALL SELECT * FROM (SELECT last, last_at, hash FROM activity_file ORDER BY number DESC LIMIT 1))
ORDER BY id DESC LIMIT 1;

-- name: oldest_activity
-- The number of the oldest record of the activity log at hand.
SELECT coalesce(min(id), 0) FROM activity;

-- name: activity_from
-- Records of the activity log from a number on, in order.
SELECT id, at, hash, record FROM activity WHERE id >= ? ORDER BY id LIMIT ?;

-- name: activity_before
-- Records of the activity log below a number, the newest first.
SELECT id, at, hash, record FROM activity WHERE id < ? ORDER BY id DESC LIMIT ?;

-- name: activity_files
-- What of the activity log moved on into files.
SELECT number, name, first, last, first_at, last_at, hash, digest, seal, removed_at FROM activity_file ORDER BY number;

-- name: add_activity_file
-- Records of the activity log stand in a file now.
INSERT INTO activity_file (number, name, first, last, first_at, last_at, hash, digest, seal, removed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: last_activity_seal
-- The seal of the last row of files; NULL before the first.
SELECT (SELECT seal FROM activity_file ORDER BY number DESC LIMIT 1);

-- name: forget_filed_activity
-- Records of the activity log that stand in a file, the oldest of them.
DELETE FROM activity WHERE id IN (SELECT id FROM activity
    WHERE id <= (SELECT coalesce(max(last), 0) FROM activity_file) ORDER BY id LIMIT ?);

-- name: remove_activity_file
-- A file of the activity log is gone for its age.
UPDATE activity_file SET removed_at = ? WHERE number = ?;

-- name: sealed_messages
-- Sealed messages from a number on, in order, with what they are bound to; NULL where one is missing. Announcements are
-- not archived: their content goes when everybody has them.
SELECT m.id, m.received_at, m.transaction_id, a.sealed FROM message m LEFT JOIN archive a ON a.message = m.id
WHERE m.id >= ? AND NOT EXISTS (SELECT 1 FROM publication p WHERE p.id = m.id AND p.content_held = 0)
ORDER BY m.id LIMIT ?;

-- name: sealed_status_messages
-- Sealed status messages from a number on, in order, with the transaction that they are bound to.
SELECT s.id, s.at, m.transaction_id, s.sealed FROM status_message s LEFT JOIN message m ON m.id = s.message
WHERE s.id >= ? ORDER BY s.id LIMIT ?;

-- name: sealed_answers
-- Sealed answers of calls from a number on, in order; all are bound to the same.
SELECT id, at, NULL, answer FROM exchange WHERE id >= ? ORDER BY id LIMIT ?;

-- name: last_sealed
-- Up to which number there are messages, status messages and calls.
SELECT (SELECT coalesce(max(id), 0) FROM message), (SELECT coalesce(max(id), 0) FROM status_message),
    (SELECT coalesce(max(id), 0) FROM exchange);

-- name: integrity
-- What SQLite finds wrong with the pages of the file; `ok` where nothing is.
PRAGMA integrity_check(1);

-- name: begin_payload
-- A payload whose upload begins.
INSERT INTO payload (upload, channel, name, version, sender, media_type, compression, size, sha256, state, begun_at,
    changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'receiving', ?10, ?10);

-- name: payload_by_address
-- The payload at an address, in whatever state.
SELECT * FROM payload WHERE channel = ? AND name = ? AND version = ?;

-- name: payload_by_upload
-- The payload of an upload.
SELECT * FROM payload WHERE upload = ?;

-- name: payload_by_id
-- A payload.
SELECT * FROM payload WHERE id = ?;

-- name: latest_payload
-- The payload of a name that was published last.
SELECT * FROM payload WHERE channel = ? AND name = ? AND state = 'published' ORDER BY publication DESC, id DESC LIMIT 1;

-- name: payload_ids
-- The payloads that have a file.
SELECT id FROM payload WHERE state <> 'removed';

-- name: uploads
-- What is not published yet, the one longest without a byte first.
SELECT * FROM payload WHERE state IN ('receiving', 'whole') ORDER BY changed_at, id LIMIT ?;

-- name: upload_totals
-- How many uploads are not whole, of one sender too; the bytes that are still to come.
SELECT count(*), coalesce(sum(sender = ?), 0), coalesce(sum(size - received), 0) FROM payload
WHERE state = 'receiving';

-- name: advance_payload
-- So many bytes of an upload are on disk for certain.
UPDATE payload SET received = ?2, changed_at = ?3 WHERE id = ?1 AND state = 'receiving';

-- name: complete_payload
-- All of a payload is on disk, and has the digest that its sender said.
UPDATE payload SET state = 'whole', received = size, unpacked_size = ?2, changed_at = ?3
WHERE id = ?1 AND state = 'receiving';

-- name: forget_upload
-- A payload that was never published is given up.
DELETE FROM payload WHERE id = ? AND state IN ('receiving', 'whole');

-- name: publish_payload
-- A message announces a payload.
UPDATE payload SET state = 'published', publication = ?2, published_at = ?3 WHERE id = ?1 AND state = 'whole';

-- name: remove_payload
-- A published payload is taken away; it stays listed.
UPDATE payload SET state = 'removed', removed_at = ?2, removed_why = ?3 WHERE id = ?1 AND state = 'published';

-- name: outlived_payloads
-- Published payloads of a channel beyond so many versions of their name, or published before a time; never the last one.
SELECT id, place FROM (
    SELECT id, published_at, row_number() OVER (PARTITION BY name ORDER BY publication DESC, id DESC) AS place
    FROM payload WHERE channel = ?1 AND state = 'published')
WHERE place > 1 AND (place > ?2 OR published_at < ?3) ORDER BY published_at, id LIMIT ?4;

-- name: forget_removed_payloads
-- Forget at most so many payloads that were removed before a time, and which no publication names any more.
DELETE FROM payload WHERE id IN (
    SELECT p.id FROM payload p WHERE p.state = 'removed' AND p.removed_at < ?1
        AND NOT EXISTS (SELECT 1 FROM distribution_variant v WHERE v.payload = p.id) LIMIT ?2);

-- name: add_publication
-- A message that announces something.
INSERT INTO publication (id, transaction_id, channel, event, sender, description, version, issued, announced_at,
    content_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_distribution_variant
-- What a publication says of one payload.
INSERT INTO distribution_variant (publication, number, payload, uri, variant_id, name, description, version, issued,
    format, delivery_format, information) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: publication_digest
-- The digest of what a message announced.
SELECT content_digest FROM publication WHERE id = ?;

-- name: settled_publications
-- At most so many messages that announced something, whose content is held and for which nothing waits or is dead.
SELECT p.id FROM publication p WHERE p.content_held = 1 AND NOT EXISTS (
    SELECT 1 FROM delivery d WHERE d.message = p.id AND d.state IN ('waiting', 'leased', 'dead')) LIMIT ?;

-- name: drop_publication_contents
-- The content of these messages (a JSON array of numbers) is not held any more.
UPDATE publication SET content_held = 0 WHERE id IN (SELECT value FROM json_each(?));

-- name: outlived_publications
-- At most so many publications of a channel before a time, none of whose payloads can still be read here.
SELECT id FROM publication p WHERE p.channel = ?1 AND p.announced_at < ?2 AND NOT EXISTS (
    SELECT 1 FROM distribution_variant v JOIN payload l ON l.id = v.payload
    WHERE v.publication = p.id AND l.state = 'published') ORDER BY p.id LIMIT ?3;

-- name: forget_publication_variants
-- What these publications (a JSON array of numbers) say of payloads.
DELETE FROM distribution_variant WHERE publication IN (SELECT value FROM json_each(?));

-- name: forget_publications
-- These publications (a JSON array of numbers).
DELETE FROM publication WHERE id IN (SELECT value FROM json_each(?));

-- name: add_throughput
-- What passed in a span of time, added to what passed in it before.
INSERT INTO throughput (span, side, at, channel, party, outcome, count, timed, sum_us, least_us, most_us,
    late_0, late_1, late_2, late_3, late_4, late_5, late_6, late_7, late_8, late_9,
    late_10, late_11, late_12, late_13, late_14, late_15, late_16, late_17, late_18, late_19)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (span, side, at, channel, party, outcome) DO UPDATE SET count = count + excluded.count,
    timed = timed + excluded.timed, sum_us = sum_us + excluded.sum_us,
    least_us = min(least_us, excluded.least_us), most_us = max(most_us, excluded.most_us),
    late_0 = late_0 + excluded.late_0, late_1 = late_1 + excluded.late_1, late_2 = late_2 + excluded.late_2,
    late_3 = late_3 + excluded.late_3, late_4 = late_4 + excluded.late_4, late_5 = late_5 + excluded.late_5,
    late_6 = late_6 + excluded.late_6, late_7 = late_7 + excluded.late_7, late_8 = late_8 + excluded.late_8,
    late_9 = late_9 + excluded.late_9, late_10 = late_10 + excluded.late_10, late_11 = late_11 + excluded.late_11,
    late_12 = late_12 + excluded.late_12, late_13 = late_13 + excluded.late_13, late_14 = late_14 + excluded.late_14,
    late_15 = late_15 + excluded.late_15, late_16 = late_16 + excluded.late_16, late_17 = late_17 + excluded.late_17,
    late_18 = late_18 + excluded.late_18, late_19 = late_19 + excluded.late_19;

-- name: settled_just_now
-- For the throughput: the deliveries (a JSON array of ids) that a call settled, with channel, sender, recipient and the
-- moment from which they waited. A status message has no sender here: it is about somebody's message, not of it.
SELECT d.id, l.channel, CASE WHEN d.status_message IS NULL THEN m.sender END, l.recipient,
    CASE WHEN d.replay OR d.status_message IS NOT NULL THEN d.queued_at ELSE m.received_at END
FROM delivery d JOIN lane l ON l.id = d.lane LEFT JOIN message m ON m.id = d.message
WHERE d.id IN (SELECT value FROM json_each(?1)) AND d.exchange = ?2;

-- name: forget_throughput
-- At most so many rows of a span before a time.
DELETE FROM throughput WHERE (span, side, at, channel, party, outcome) IN (
    SELECT span, side, at, channel, party, outcome FROM throughput
    WHERE span = ?1 AND side IN ('sender', 'recipient', 'pair', 'every sender', 'every recipient') AND at < ?2 LIMIT ?3);

-- name: incident
-- One incident.
SELECT id, title, description, channels, impact, urgency, priority, state, company, participant, raised_by, raised_by_company,
    raised_at, due_at, changed_at, version, owner, team, root_cause, resolution, notice, transaction_id, alarm, resolved_at,
    confirmed_at, confirmed_by, closed_at, review
FROM incident WHERE id = ?;

-- name: unfinished_incidents
-- How many incidents of a company (NULL: the DIP's own) are not closed, at most so many.
SELECT count(*) FROM (SELECT 1 FROM incident WHERE company IS ?1 AND state <> 'closed' LIMIT ?2);

-- name: add_incident
-- An incident that was raised.
INSERT INTO incident (id, title, description, channels, impact, urgency, priority, state, company, participant, raised_by, raised_by_company,
    raised_at, due_at, changed_at, version, owner, team, root_cause, resolution, notice, transaction_id, alarm, resolved_at,
    confirmed_at, confirmed_by, closed_at, review)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: save_incident
-- How an incident stands now.
UPDATE incident SET title = ?2, description = ?3, channels = ?4, impact = ?5, urgency = ?6, priority = ?7, state = ?8,
    company = ?9, participant = ?10, raised_by = ?11, raised_by_company = ?12, raised_at = ?13, due_at = ?14,
    changed_at = ?15, version = ?16, owner = ?17, team = ?18, root_cause = ?19, resolution = ?20, notice = ?21,
    transaction_id = ?22, alarm = ?23, resolved_at = ?24, confirmed_at = ?25, confirmed_by = ?26, closed_at = ?27,
    review = ?28
WHERE id = ?1;

-- name: add_incident_entry
-- A further entry in the history of an incident.
INSERT INTO incident_entry (incident, number, at, author, kind, way, person, text, changes)
SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM incident_entry WHERE incident = ?1;

-- name: relate_incidents
-- Two incidents have to do with each other.
INSERT INTO incident_relation (incident, other) VALUES (?1, ?2), (?2, ?1) ON CONFLICT DO NOTHING;

-- name: user_address
-- Where a user is written to.
SELECT mail FROM user_address WHERE user = ?;

-- name: save_user_address
-- Where a user is written to, new or changed.
INSERT INTO user_address (user, mail) VALUES (?, ?) ON CONFLICT (user) DO UPDATE SET mail = excluded.mail;

-- name: remove_user_address
-- A user is not written to any more.
DELETE FROM user_address WHERE user = ?;

-- name: maintenance_told
-- The maintenance that users were written to about.
SELECT channel, starts, ends, reason, begun FROM maintenance_told ORDER BY channel;

-- name: save_maintenance_told
-- Users are written to about the maintenance of a channel.
INSERT INTO maintenance_told (channel, starts, ends, reason, begun) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (channel) DO UPDATE SET starts = excluded.starts, ends = excluded.ends, reason = excluded.reason,
    begun = excluded.begun;

-- name: forget_maintenance_told
-- The maintenance of a channel is over, and users are told.
DELETE FROM maintenance_told WHERE channel = ?;

-- name: saved_views_of
-- The views that a user keeps, the oldest first.
SELECT id, user, sealed, shared, made_at FROM saved_view WHERE user = ? ORDER BY id;

-- name: shared_views
-- The views that colleagues of a user share, the newest first. 1: the user; 2: its company, NULL for the DIP; 3: most.
SELECT saved_view.id, saved_view.user, sealed, shared, saved_view.made_at FROM saved_view
JOIN user ON user.name = saved_view.user
WHERE shared = 1 AND user.company IS ?2 AND user.name <> ?1 ORDER BY saved_view.id DESC LIMIT ?3;

-- name: saved_view
-- A view, with the company of its user.
SELECT saved_view.id, saved_view.user, sealed, shared, saved_view.made_at, user.company FROM saved_view
JOIN user ON user.name = saved_view.user WHERE saved_view.id = ?;

-- name: add_saved_view
-- A user keeps a view, while it has fewer than ?5; nothing where there are so many or the user has gone.
INSERT INTO saved_view (user, sealed, shared, made_at) SELECT name, ?2, ?3, ?4 FROM user
WHERE name = ?1 AND (SELECT count(*) FROM saved_view WHERE user = ?1) < ?5;

-- name: change_saved_view
-- A user gives a view another name, or shares it or not.
UPDATE saved_view SET sealed = ?3, shared = ?4 WHERE id = ?1 AND user = ?2;

-- name: remove_saved_view
-- A user keeps a view no more.
DELETE FROM saved_view WHERE id = ? AND user = ?;

-- name: remove_saved_views_of
-- A user leaves; its views go with it.
DELETE FROM saved_view WHERE user = ?;
