-- name: newest
-- Message numbers, newest first, below a key.
SELECT m.id FROM message m WHERE m.id < :before ORDER BY m.id DESC LIMIT :limit;

-- name: newest_of_interface
-- Message numbers of one channel, newest first, below a key.
SELECT m.id FROM message m WHERE m.interface = :interface AND m.id < :before
ORDER BY m.id DESC LIMIT :limit;

-- name: newest_of_sender
-- Message numbers of one sender, of one channel where that is given, newest first, below a key.
SELECT m.id FROM message m
WHERE m.sender = :sender AND m.id < :before AND (:interface IS NULL OR +m.interface = :interface)
ORDER BY m.id DESC LIMIT :limit;

-- name: newest_of_mpan
-- Message numbers of one MPAN (by digest) that fit the other filters, newest first, below a key.
SELECT m.id FROM message m
WHERE m.mpan_digest = :mpan_digest AND m.id < :before
    AND (:interface IS NULL OR +m.interface = :interface) AND (:sender IS NULL OR +m.sender = :sender)
ORDER BY m.id DESC LIMIT :limit;

-- name: newest_of_correlation
-- Message numbers of one workflow (5.5.5) that fit the other filters, newest first, below a key.
SELECT m.id FROM message m
WHERE m.correlation_id = :correlation_id AND m.id < :before
    AND (:interface IS NULL OR +m.interface = :interface) AND (:sender IS NULL OR +m.sender = :sender)
    AND (:mpan_digest IS NULL OR +m.mpan_digest = :mpan_digest)
    AND (:reference IS NULL OR +m.reference = :reference)
    AND (:transaction_id IS NULL OR +m.transaction_id = :transaction_id)
ORDER BY m.id DESC LIMIT :limit;

-- name: newest_of_transaction
-- The message with this transaction id, when it fits the other filters.
SELECT m.id FROM message m
WHERE m.transaction_id = :transaction_id AND m.id < :before
    AND (:interface IS NULL OR +m.interface = :interface) AND (:sender IS NULL OR +m.sender = :sender)
    AND (:mpan_digest IS NULL OR +m.mpan_digest = :mpan_digest)
    AND (:reference IS NULL OR +m.reference = :reference)
LIMIT :limit;

-- name: newest_of_reference
-- Message numbers under one sender's reference, whoever sent it and on whatever channel: steps from
-- one pair of sender and channel to the next within the unique index, and looks once in each.
WITH RECURSIVE pair (id, sender, interface) AS (
    SELECT id, sender, interface FROM (
        SELECT id, sender, interface FROM message ORDER BY sender, interface LIMIT 1)
    UNION ALL
    SELECT n.id, n.sender, n.interface FROM pair p JOIN message n ON n.id = coalesce(
        (SELECT f.id FROM message f WHERE f.sender = p.sender AND f.interface > p.interface
            ORDER BY f.interface LIMIT 1),
        (SELECT f.id FROM message f WHERE f.sender > p.sender ORDER BY f.sender, f.interface LIMIT 1))
)
SELECT m.id FROM pair p CROSS JOIN message m
    ON m.sender = p.sender AND m.interface = p.interface AND m.reference = :reference
WHERE m.id < :before AND (:interface IS NULL OR p.interface = :interface)
    AND (:sender IS NULL OR p.sender = :sender)
    AND (:mpan_digest IS NULL OR +m.mpan_digest = :mpan_digest)
ORDER BY m.id DESC LIMIT :limit;

-- name: rows
-- Messages by number (a JSON array), newest first, with their deliveries counted by state.
SELECT m.id, m.received_at, m.interface, m.event, m.sender, m.sender_role, m.reference, m.transaction_id,
    m.correlation_id,
    (SELECT json_group_object(c.state, c.many) FROM (
        SELECT d.state, count(*) AS many FROM delivery d
        WHERE d.message = m.id AND d.status_message IS NULL GROUP BY d.state) c),
    (SELECT count(*) FROM status_message s WHERE s.message = m.id)
FROM message m WHERE m.id IN (SELECT value FROM json_each(?)) ORDER BY m.id DESC;

-- name: one_message
-- One message by transaction id, with the call that brought it; the last column says whether it is archived.
SELECT m.id, m.received_at, m.interface, m.event, m.sender, m.sender_role, m.reference, m.transaction_id,
    m.correlation_id, m.envelope_reference, m.protected, m.archive_until,
    EXISTS (SELECT 1 FROM archive a WHERE a.message = m.id),
    e.at, e.party, e.method, e.url, e.content_hash, e.signature, e.signature_date, e.signing_certificate,
    e.tls_certificate, e.status, e.duration_us
FROM message m JOIN exchange e ON e.id = m.exchange WHERE m.transaction_id = ?;

-- name: deliveries_of
-- The deliveries of one message, its own and those of status messages about it.
SELECT l.recipient, l.channel, d.state, d.sequence, d.attempts, d.queued_at, d.settled_at, d.hidden,
    d.status_message
FROM delivery d JOIN lane l ON l.id = d.lane WHERE d.message = ? ORDER BY d.id;

-- name: journal_of
-- The journal of one message; address, status and time of a call where the stage was a call out.
SELECT j.at, j.stage, j.status, j.status_code, j.recipient, j.duration_us, j.detail, e.method, e.url, e.status,
    e.duration_us
FROM journal j LEFT JOIN exchange e ON e.id = j.exchange AND e.direction = 'out'
WHERE j.message = ? ORDER BY j.exchange, j.number;

-- name: statuses_of
-- The status messages about one message (5.5.9), and how their delivery stands.
SELECT s.at, s.code, s.recipient,
    (SELECT d.state FROM delivery d WHERE d.message = s.message AND d.status_message = s.id)
FROM status_message s WHERE s.message = ? ORDER BY s.id;

-- name: queues
-- Lanes in which something waits, how much and since when; counted in the two partial indexes alone.
SELECT l.recipient, l.channel, sum(w.many), sum(w.aside), min(d.queued_at)
FROM (
    SELECT lane, count(*) AS many, 0 AS aside, min(id) AS oldest FROM delivery
    WHERE state = 'waiting' AND set_aside_until IS NULL GROUP BY lane
    UNION ALL
    SELECT lane, count(*), count(*), min(id) FROM delivery
    WHERE state = 'waiting' AND set_aside_until IS NOT NULL GROUP BY lane
) w JOIN lane l ON l.id = w.lane JOIN delivery d ON d.id = w.oldest
GROUP BY l.id ORDER BY l.recipient, l.channel;
