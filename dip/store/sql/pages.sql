-- name: newest
-- Message numbers, newest first, below a key.
SELECT m.id FROM message m WHERE m.id < :before ORDER BY m.id DESC LIMIT :limit;

-- name: newest_of_interface
-- Message numbers of one channel, newest first, below a key.
SELECT m.id FROM message m WHERE m.interface = :interface AND m.id < :before
ORDER BY m.id DESC LIMIT :limit;

-- name: newest_of_sender
-- Message numbers of one sender, of one channel where that is given, newest first, below a key.
SELECT * FROM (SELECT m.id FROM message m WHERE :interface IS NULL AND m.sender = :sender AND m.id < :before
    ORDER BY m.id DESC LIMIT :limit)
UNION ALL
SELECT * FROM (SELECT m.id FROM message m
    WHERE :interface IS NOT NULL AND m.sender = :sender AND m.interface = :interface AND m.id < :before
    ORDER BY m.id DESC LIMIT :limit);

-- name: newest_of_parties
-- Message numbers that some participants (a JSON array) sent or were addressed, newest first, below a key; of one
-- channel and one sender where those are given. As much as a page needs is read of each sender and of each lane: what
-- was addressed stands in a lane in the order of receipt, so where a page begins is found by halving. Deliveries of
-- requeues stand behind, they are left out.
WITH RECURSIVE party AS MATERIALIZED (SELECT value AS dip_id FROM json_each(:parties)), bound AS MATERIALIZED (
    SELECT coalesce(min(b.id), 1 << 62) AS id FROM delivery b
    WHERE b.message = (SELECT min(n.message) FROM delivery n WHERE n.message >= :before)
), half (lane, low, high) AS (
    SELECT l.id, CASE WHEN (SELECT id FROM bound) = 1 << 62 THEN l.next_sequence ELSE 0 END, l.next_sequence FROM lane l
    WHERE l.recipient IN (SELECT dip_id FROM party) AND l.channel <> 'statusmessage'
        AND (:interface IS NULL OR l.channel = :interface)
        AND (:sender IS NULL OR EXISTS (
            SELECT 1 FROM message s WHERE s.sender = :sender AND s.interface = l.channel))
    UNION ALL
    SELECT lane,
        CASE WHEN (SELECT d.id FROM delivery d INDEXED BY delivery_by_sequence
            WHERE d.lane = half.lane AND d.sequence >= (low + high) / 2 ORDER BY d.sequence LIMIT 1)
            < (SELECT id FROM bound)
            THEN (low + high) / 2 + 1 ELSE low END,
        CASE WHEN (SELECT d.id FROM delivery d INDEXED BY delivery_by_sequence
            WHERE d.lane = half.lane AND d.sequence >= (low + high) / 2 ORDER BY d.sequence LIMIT 1)
            < (SELECT id FROM bound)
            THEN high ELSE (low + high) / 2 END
    FROM half WHERE low < high
), known AS (
    SELECT own.value AS id FROM party p, json_each(CASE WHEN :interface IS NULL THEN (
        SELECT json_group_array(id) FROM (SELECT m.id FROM message m WHERE m.sender = p.dip_id AND m.id < :before
            ORDER BY m.id DESC LIMIT :limit))
    ELSE (SELECT json_group_array(id) FROM (SELECT m.id FROM message m
            WHERE m.sender = p.dip_id AND m.interface = :interface AND m.id < :before ORDER BY m.id DESC LIMIT :limit))
    END) own WHERE :sender IS NULL OR p.dip_id = :sender
    UNION
    SELECT a.value FROM half h, json_each((SELECT json_group_array(message) FROM (
        SELECT d.message FROM delivery d INDEXED BY delivery_by_sequence
        WHERE d.lane = h.lane AND d.sequence < h.high AND +d.message < :before AND d.requeue IS NULL
            AND d.status_message IS NULL
            AND (:sender IS NULL OR (SELECT m.sender FROM message m WHERE m.id = d.message) = :sender)
        ORDER BY d.sequence DESC LIMIT :limit))) a
    WHERE h.low >= h.high
)
SELECT id FROM known ORDER BY id DESC LIMIT :limit;

-- name: newest_of_mpan
-- Message numbers of one MPAN (by digest) that fit the other filters, newest first, below a key. Each of the two tables of
-- keys is read in order, as far as a page needs.
SELECT * FROM (SELECT m.id FROM message_key_gathered k CROSS JOIN message m ON m.id = k.message
    WHERE k.key = :mpan_key AND k.message < :before AND m.mpan_digest = :mpan_digest
        AND (:interface IS NULL OR +m.interface = :interface) AND (:sender IS NULL OR +m.sender = :sender)
        AND (:parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties)) OR EXISTS (
            SELECT 1 FROM delivery d CROSS JOIN lane l ON l.id = d.lane
            WHERE d.message = m.id AND d.status_message IS NULL
                AND l.recipient IN (SELECT value FROM json_each(:parties))))
    ORDER BY k.message DESC LIMIT :limit)
UNION ALL
SELECT * FROM (SELECT m.id FROM message_key k CROSS JOIN message m ON m.id = k.message
    WHERE k.key = :mpan_key AND k.message < :before AND m.mpan_digest = :mpan_digest
        AND (:interface IS NULL OR +m.interface = :interface) AND (:sender IS NULL OR +m.sender = :sender)
        AND (:parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties)) OR EXISTS (
            SELECT 1 FROM delivery d CROSS JOIN lane l ON l.id = d.lane
            WHERE d.message = m.id AND d.status_message IS NULL
                AND l.recipient IN (SELECT value FROM json_each(:parties))))
    ORDER BY k.message DESC LIMIT :limit)
ORDER BY 1 DESC LIMIT :limit;

-- name: newest_of_correlation
-- Message numbers of one workflow (5.5.5) that fit the other filters, newest first, below a key.
SELECT m.id FROM message m
WHERE m.correlation_id = :correlation_id AND m.id < :before
    AND (:interface IS NULL OR +m.interface = :interface) AND (:sender IS NULL OR +m.sender = :sender)
    AND (:mpan_digest IS NULL OR +m.mpan_digest = :mpan_digest)
    AND (:reference IS NULL OR +m.reference = :reference)
    AND (:transaction_id IS NULL OR +m.transaction_id = :transaction_id)
    AND (:parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties)) OR EXISTS (
        SELECT 1 FROM delivery d CROSS JOIN lane l ON l.id = d.lane
        WHERE d.message = m.id AND d.status_message IS NULL
            AND l.recipient IN (SELECT value FROM json_each(:parties))))
ORDER BY m.id DESC LIMIT :limit;

-- name: newest_of_transaction
-- The message with this transaction id, when it fits the other filters.
SELECT m.id FROM message m
WHERE m.transaction_id = :transaction_id AND m.id < :before
    AND (:interface IS NULL OR +m.interface = :interface) AND (:sender IS NULL OR +m.sender = :sender)
    AND (:mpan_digest IS NULL OR +m.mpan_digest = :mpan_digest)
    AND (:reference IS NULL OR +m.reference = :reference)
    AND (:parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties)) OR EXISTS (
        SELECT 1 FROM delivery d CROSS JOIN lane l ON l.id = d.lane
        WHERE d.message = m.id AND d.status_message IS NULL
            AND l.recipient IN (SELECT value FROM json_each(:parties))))
LIMIT :limit;

-- name: newest_of_reference
-- Message numbers under one sender's reference, whoever sent it and on whatever channel, newest first, below a key.
SELECT m.id FROM (SELECT message FROM message_key WHERE key = :reference_key AND message < :before
    UNION ALL SELECT message FROM message_key_gathered WHERE key = :reference_key AND message < :before) k
CROSS JOIN message m ON m.id = k.message
WHERE m.reference = :reference
    AND (:interface IS NULL OR +m.interface = :interface) AND (:sender IS NULL OR +m.sender = :sender)
    AND (:mpan_digest IS NULL OR +m.mpan_digest = :mpan_digest)
    AND (:parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties)) OR EXISTS (
        SELECT 1 FROM delivery d CROSS JOIN lane l ON l.id = d.lane
        WHERE d.message = m.id AND d.status_message IS NULL
            AND l.recipient IN (SELECT value FROM json_each(:parties))))
ORDER BY m.id DESC LIMIT :limit;

-- name: rows
-- Messages by number (a JSON array), newest first, with their deliveries counted by state, and their status messages.
-- parties: who asks (a JSON array); a sender sees all, another one what is its own.
SELECT m.id, m.received_at, m.interface, m.event, m.sender, m.sender_role, m.reference, m.transaction_id,
    m.correlation_id,
    (SELECT json_group_object(c.state, c.many) FROM (
        SELECT d.state, count(*) AS many FROM delivery d
        WHERE d.message = m.id AND d.status_message IS NULL AND (:parties IS NULL
            OR m.sender IN (SELECT value FROM json_each(:parties))
            OR (SELECT l.recipient FROM lane l WHERE l.id = d.lane) IN (SELECT value FROM json_each(:parties)))
        GROUP BY d.state) c),
    (SELECT count(*) FROM status_message s WHERE s.message = m.id AND (:parties IS NULL
        OR m.sender IN (SELECT value FROM json_each(:parties)) OR s.origin IN (SELECT value FROM json_each(:parties))
        OR s.recipient IN (SELECT value FROM json_each(:parties))))
FROM message m WHERE m.id IN (SELECT value FROM json_each(:numbers)) ORDER BY m.id DESC;

-- name: one_message
-- One message by transaction id, whether it is archived, and the call that brought it.
SELECT m.id, m.received_at, m.interface, m.event, m.sender, m.sender_role, m.reference, m.transaction_id,
    m.correlation_id, m.envelope_reference, m.protected, m.archive_until,
    EXISTS (SELECT 1 FROM archive a WHERE a.message = m.id),
    e.at, e.party, e.method, e.url, e.content_hash, e.signature, e.signature_date, e.signing_certificate,
    e.tls_certificate, e.status, e.duration_us, e.note
FROM message m JOIN exchange e ON e.id = m.exchange WHERE m.transaction_id = ?;

-- name: known_to
-- The transaction id under a sender's reference on a channel: of a participant's own message, else of the newest one
-- addressed to it.
SELECT m.transaction_id FROM (SELECT message FROM message_key WHERE key = :reference_key
    UNION ALL SELECT message FROM message_key_gathered WHERE key = :reference_key) k
CROSS JOIN message m ON m.id = k.message
WHERE m.reference = :reference AND m.interface = :interface AND (m.sender = :party OR EXISTS (
    SELECT 1 FROM delivery d JOIN lane l ON l.id = d.lane
    WHERE d.message = m.id AND d.status_message IS NULL AND l.recipient = :party))
ORDER BY m.sender = :party DESC, m.id DESC LIMIT 1;

-- name: deliveries_of
-- The deliveries of one message, its own and those of status messages about it.
SELECT l.recipient, l.channel, d.state, d.sequence, d.attempts, d.queued_at, d.settled_at, d.hidden,
    d.status_message
FROM delivery d JOIN lane l ON l.id = d.lane WHERE d.message = ? ORDER BY d.id;

-- name: journal_of
-- The journal of one message; address, status, time and note of a call where the stage was a call out; last, who made
-- the call where that was not the participant itself: its agent.
SELECT j.at, j.stage, j.status, j.status_code, j.recipient, j.duration_us, j.detail, e.method, e.url, e.status,
    e.duration_us, e.note, (SELECT c.party FROM exchange c JOIN message m ON m.id = j.message
        WHERE c.id = j.exchange AND c.direction <> 'own' AND c.party <> coalesce(j.recipient, m.sender))
FROM journal j LEFT JOIN exchange e ON e.id = j.exchange AND e.direction = 'out'
WHERE j.message = ? ORDER BY j.exchange, j.number;

-- name: statuses_of
-- The status messages about one message (5.5.9), and how their delivery stands.
SELECT s.at, s.code, s.recipient,
    (SELECT d.state FROM delivery d WHERE d.message = s.message AND d.status_message = s.id ORDER BY d.id DESC LIMIT 1),
    s.origin
FROM status_message s WHERE s.message = ? ORDER BY s.id;

-- name: kept_about
-- What the archive keeps of one MPAN (by digest), of these events of channels (a JSON array of pairs), newest first,
-- below a key.
SELECT m.id, m.interface, m.event
FROM (SELECT message FROM message_key WHERE key = :mpan_key AND message < :before
    UNION ALL SELECT message FROM message_key_gathered WHERE key = :mpan_key AND message < :before) k
CROSS JOIN message m ON m.id = k.message
WHERE m.mpan_digest = :mpan_digest AND EXISTS (
    SELECT 1 FROM json_each(:kinds) k
    WHERE json_extract(k.value, '$[0]') = +m.interface AND json_extract(k.value, '$[1]') = +m.event)
ORDER BY m.id DESC LIMIT :limit;

-- name: queues
-- Lanes in which something waits or is handed out: how much, since when, and how many dead letters they have; counted
-- in the partial indexes alone. parties: whose lanes (a JSON array); NULL: everybody's.
SELECT l.recipient, l.channel, sum(w.many), sum(w.aside), min(d.queued_at), sum(w.leased), coalesce(max(c.many), 0)
FROM (
    SELECT lane, count(*) AS many, 0 AS aside, 0 AS leased, min(id) AS oldest FROM delivery
    WHERE state = 'waiting' AND set_aside_until IS NULL GROUP BY lane
    UNION ALL
    SELECT lane, count(*), count(*), 0, min(id) FROM delivery
    WHERE state = 'waiting' AND set_aside_until IS NOT NULL GROUP BY lane
    UNION ALL
    SELECT lane, 0, 0, count(*), NULL FROM delivery INDEXED BY delivery_leased WHERE state = 'leased' GROUP BY lane
) w JOIN lane l ON l.id = w.lane LEFT JOIN delivery d ON d.id = w.oldest LEFT JOIN (
    SELECT lane, count(*) AS many FROM delivery INDEXED BY delivery_dead WHERE state = 'dead' GROUP BY lane
) c ON c.lane = l.id
WHERE :parties IS NULL OR l.recipient IN (SELECT value FROM json_each(:parties))
GROUP BY l.id ORDER BY l.recipient, l.channel;

-- name: ages
-- Every lane in which something waits, with the time since when its oldest has been waiting; a few steps into indexes
-- for each lane.
SELECT number, recipient, channel, since FROM (
    SELECT l.id AS number, l.recipient, l.channel, (SELECT min(since) FROM (
        SELECT since FROM (
            SELECT d.queued_at AS since FROM delivery d INDEXED BY delivery_waiting
            WHERE d.lane = l.id AND d.state = 'waiting' AND d.set_aside_until IS NULL AND d.replay = 0
            ORDER BY d.id LIMIT 1)
        UNION ALL
        SELECT min(d.queued_at) FROM delivery d INDEXED BY delivery_replayed
        WHERE d.lane = l.id AND d.state = 'waiting' AND d.replay = 1 AND d.set_aside_until IS NULL
        UNION ALL
        SELECT min(d.queued_at) FROM delivery d INDEXED BY delivery_set_aside
        WHERE d.lane = l.id AND d.state = 'waiting' AND d.set_aside_until IS NOT NULL)) AS since
    FROM lane l)
WHERE since IS NOT NULL;

-- name: dead_by_lane
-- How many dead letters each recipient has of each channel, and the number of the last delivery among them.
SELECT l.recipient, l.channel, c.many, c.last
FROM (SELECT lane, count(*) AS many, max(id) AS last FROM delivery INDEXED BY delivery_dead
    WHERE state = 'dead' GROUP BY lane) c JOIN lane l ON l.id = c.lane;

-- name: dead_letters
-- Dead letters that fit, below a key, newest first; the filters are optional. parties: who asks (a JSON array), and
-- sees what it sent or should have got.
SELECT d.id, m.transaction_id, m.interface, m.event, m.sender, l.recipient, l.channel, m.reference, m.correlation_id,
    d.queued_at, d.settled_at, d.attempts, d.state, j.status, j.detail, d.message, d.lane
FROM delivery d INDEXED BY delivery_dead CROSS JOIN lane l ON l.id = d.lane CROSS JOIN message m ON m.id = d.message
LEFT JOIN journal_entry j ON j.message = d.message AND j.exchange = d.exchange AND j.delivery = d.id
WHERE d.state = 'dead' AND d.id < :before AND (:recipient IS NULL OR l.recipient = :recipient)
    AND (:channel IS NULL OR l.channel = :channel) AND (:sender IS NULL OR m.sender = :sender)
    AND (:since IS NULL OR d.settled_at >= :since) AND (:until IS NULL OR d.settled_at < :until)
    AND (:reason IS NULL OR j.status = :reason)
    AND (:parties IS NULL OR l.recipient IN (SELECT value FROM json_each(:parties))
        OR m.sender IN (SELECT value FROM json_each(:parties)))
ORDER BY d.id DESC LIMIT :limit;

-- name: dead_letters_in_order
-- The same in order of receipt, behind a key; parties: whose queues (a JSON array).
SELECT d.id, m.transaction_id, m.interface, m.event, m.sender, l.recipient, l.channel, m.reference, m.correlation_id,
    d.queued_at, d.settled_at, d.attempts, d.state, j.status, j.detail, d.message, d.lane
FROM delivery d INDEXED BY delivery_dead CROSS JOIN lane l ON l.id = d.lane CROSS JOIN message m ON m.id = d.message
LEFT JOIN journal_entry j ON j.message = d.message AND j.exchange = d.exchange AND j.delivery = d.id
WHERE d.state = 'dead' AND d.id > :after AND (:recipient IS NULL OR l.recipient = :recipient)
    AND (:channel IS NULL OR l.channel = :channel) AND (:sender IS NULL OR m.sender = :sender)
    AND (:since IS NULL OR d.settled_at >= :since) AND (:until IS NULL OR d.settled_at < :until)
    AND (:reason IS NULL OR j.status = :reason)
    AND (:parties IS NULL OR l.recipient IN (SELECT value FROM json_each(:parties)))
ORDER BY d.id LIMIT :limit;

-- name: dead_letter
-- A delivery that is, or once was, a dead letter, with its present state.
SELECT d.id, m.transaction_id, m.interface, m.event, m.sender, l.recipient, l.channel, m.reference, m.correlation_id,
    d.queued_at, d.settled_at, d.attempts, d.state, j.status, j.detail, d.message, d.lane
FROM delivery d CROSS JOIN lane l ON l.id = d.lane CROSS JOIN message m ON m.id = d.message
LEFT JOIN journal_entry j ON j.message = d.message AND j.exchange = d.exchange AND j.delivery = d.id
WHERE d.id = ?;

-- name: balance
-- For a span of messages, by recipient and channel: what was accepted for it, and where it stands, as the journal tells
-- it; first the sums, with the number of deliveries that are wrong, then the deliveries that are wrong, with their
-- message. Accepted: once for each recipient that the message's Addressing entry names, once for each status message,
-- once more for each time that it was queued again. Where a delivery stands: what its last entry says; an outcome
-- without an entry of its own is an arrival. Wrong: one that is missing, there twice, or in another state than told.
WITH span AS MATERIALIZED (
    SELECT id, interface, addressing FROM message WHERE id BETWEEN :first AND :last
), noted AS MATERIALIZED (
    SELECT message, exchange, number, stage, status, recipient, delivery FROM journal_entry
    WHERE message BETWEEN :first AND :last AND delivery IS NOT NULL
), said AS MATERIALIZED (
    SELECT delivery, max(exchange) AS exchange, status FROM noted GROUP BY delivery
), counted AS (
    SELECT s.id AS message, json_extract(r.value, '$.dipId') AS recipient, s.interface AS channel, 1 AS accepted,
        NULL AS told, NULL AS state
    FROM span s, json_each(s.addressing, '$.recipients') r GROUP BY 1, 2
    UNION ALL
    SELECT message, recipient, 'statusmessage', 1, NULL, NULL FROM status_message
    WHERE message BETWEEN :first AND :last
    UNION ALL
    SELECT n.message, n.recipient, CASE n.stage WHEN 'StatusMessage' THEN 'statusmessage' ELSE s.interface END, 1, NULL,
        NULL
    FROM noted n JOIN span s ON s.id = n.message WHERE n.status = 'QueuedAgain'
    UNION ALL
    SELECT d.message, l.recipient, l.channel, 0, CASE
        WHEN d.exchange > coalesce(j.exchange, 0) THEN 'delivered'
        WHEN j.status = 'Leased' THEN 'leased'
        WHEN j.status = 'RejectedByRecipient' THEN 'rejected'
        WHEN j.status IN ('DeliveryFailure', 'RetriesExhausted') THEN 'dead'
        WHEN j.status = 'Withdrawn' THEN 'withdrawn'
        ELSE 'waiting' END, d.state
    FROM delivery d INDEXED BY delivery_by_message JOIN lane l ON l.id = d.lane LEFT JOIN said j ON j.delivery = d.id
    WHERE d.message BETWEEN :first AND :last
), held AS MATERIALIZED (
    SELECT message, recipient, channel, sum(accepted) AS accepted, count(told) AS found,
        total(told = 'waiting') AS waiting, total(told = 'leased') AS leased, total(told = 'delivered') AS delivered,
        total(told = 'rejected') AS rejected, total(told = 'dead') AS dead, total(told = 'withdrawn') AS withdrawn,
        total(told <> state) AS other
    FROM counted GROUP BY message, recipient, channel
)
SELECT NULL AS message, recipient, channel, sum(accepted), sum(found), total(waiting), total(leased), total(delivered),
    total(rejected), total(dead), total(withdrawn), total(other)
FROM held GROUP BY recipient, channel
UNION ALL
SELECT coalesce((SELECT m.transaction_id FROM message m WHERE m.id = h.message), 'message ' || h.message), recipient,
    channel, accepted, found, waiting, leased, delivered, rejected, dead, withdrawn, other
FROM held h WHERE accepted <> found OR other > 0;

-- name: nobody_to_reach
-- How many messages of a span were for nobody.
SELECT count(*) FROM message
WHERE id BETWEEN ? AND ? AND coalesce(json_array_length(addressing, '$.recipients'), 0) = 0;

-- name: span
-- The numbers of the first message behind a number, and of the last message of all.
SELECT (SELECT min(id) FROM message WHERE id > ?), (SELECT max(id) FROM message);

-- name: alarms
-- Alarms below a key, newest first; those that go on, those that are over, or all. parties: those about some
-- participants (a JSON array), with whose DIP id the subject begins. kind, about: of one kind, about one participant.
-- No more are kept than the setting alarm_kept_most.
SELECT id, kind, subject, raised_at, updated_at, cleared_at, detail, rule, acknowledged_at, acknowledged_by, note
FROM alarm
WHERE (:before IS NULL OR id < :before) AND (:is_open IS NULL OR (cleared_at IS NULL) = :is_open)
    AND (:kind IS NULL OR kind = :kind)
    AND (:about IS NULL OR substr(subject, 1, instr(subject || ' ', ' ') - 1) = :about)
    AND (:parties IS NULL
        OR substr(subject, 1, instr(subject || ' ', ' ') - 1) IN (SELECT value FROM json_each(:parties)))
ORDER BY id DESC LIMIT :limit;

-- name: transactions_of
-- The transaction ids of these messages (a JSON array of numbers), as far as the parties sent them or were addressed.
SELECT m.id, m.transaction_id FROM message m
WHERE m.id IN (SELECT value FROM json_each(:numbers))
    AND (:parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties)) OR EXISTS (
        SELECT 1 FROM delivery d CROSS JOIN lane l ON l.id = d.lane
        WHERE d.message = m.id AND d.status_message IS NULL
            AND l.recipient IN (SELECT value FROM json_each(:parties))));

-- name: appointment_run_names
-- The names of these imports and pulls (a JSON array of numbers), as far as they are remembered.
SELECT id, name FROM appointment_run WHERE id IN (SELECT value FROM json_each(:numbers));

-- name: publications
-- Publications that fit, the newest first, below a number.
SELECT p.* FROM publication p
WHERE p.id < :before AND (:channel IS NULL OR p.channel = :channel)
    AND (:since IS NULL OR p.announced_at >= :since) AND (:until IS NULL OR p.announced_at < :until)
    AND (:text IS NULL OR instr(lower(coalesce(p.description, '')), lower(:text)) > 0
        OR instr(lower(coalesce(p.version, '')), lower(:text)) > 0 OR EXISTS (
        SELECT 1 FROM distribution_variant v LEFT JOIN payload l ON l.id = v.payload
        WHERE v.publication = p.id AND (instr(lower(v.name), lower(:text)) > 0 OR instr(lower(v.version), lower(:text)) > 0
            OR instr(lower(coalesce(v.description, '')), lower(:text)) > 0 OR instr(lower(coalesce(l.name, '')), lower(:text)) > 0)))
ORDER BY p.id DESC LIMIT :limit;

-- name: variants_of_publications
-- What these publications (a JSON array of numbers) say of payloads, each with its payload where that is here.
SELECT v.*, l.* FROM distribution_variant v LEFT JOIN payload l ON l.id = v.payload
WHERE v.publication IN (SELECT value FROM json_each(:numbers)) ORDER BY v.publication, v.number;

-- name: variants_of_payloads
-- What was said last of these payloads (a JSON array of numbers).
SELECT v.* FROM distribution_variant v WHERE v.payload IN (SELECT value FROM json_each(:payloads))
ORDER BY v.publication, v.number;

-- name: transactions_of_publications
-- The transaction ids of these publications (a JSON array of numbers), each with its number.
SELECT p.id, p.transaction_id FROM publication p WHERE p.id IN (SELECT value FROM json_each(:numbers));

-- name: payload_series
-- The names of a channel's payloads, behind a name, each with how many are there and the id of the one published last.
SELECT l.name, count(*), (SELECT n.id FROM payload n WHERE n.channel = l.channel AND n.name = l.name
    AND n.state = 'published' ORDER BY n.publication DESC, n.id DESC LIMIT 1)
FROM payload l WHERE l.channel = :channel AND l.state = 'published' AND l.name > :after
    AND (:text IS NULL OR instr(lower(l.name), lower(:text)) > 0)
GROUP BY l.name ORDER BY l.name LIMIT :limit;

-- name: payloads
-- These payloads (a JSON array of numbers).
SELECT * FROM payload WHERE id IN (SELECT value FROM json_each(:payloads));

-- name: payload_versions
-- Versions of a name that were published, the newest first, below a place in that order.
SELECT * FROM payload l WHERE l.channel = :channel AND l.name = :name AND l.publication IS NOT NULL
    AND (l.publication, l.id) < (:publication, :payload)
    AND (:version IS NULL OR l.version = :version)
    AND (:begins IS NULL OR substr(l.version, 1, length(:begins)) = :begins)
    AND (:since IS NULL OR l.published_at >= :since) AND (:until IS NULL OR l.published_at < :until)
    AND (:removed OR l.state = 'published')
ORDER BY l.publication DESC, l.id DESC LIMIT :limit;

-- name: removed_payloads
-- What was removed of a channel, or of all, the last first, below a place in that order.
SELECT * FROM payload WHERE state = 'removed' AND (:channel IS NULL OR channel = :channel)
    AND (removed_at, id) < (:at, :payload) ORDER BY removed_at DESC, id DESC LIMIT :limit;

-- name: throughput
-- What passed from one time to another, by bucket of so many seconds, and by channel, party and outcome where asked.
SELECT at - at % :bucket AS begins, CASE WHEN :by_channel THEN channel END AS for_channel,
    CASE WHEN :by_party THEN party END AS for_party, outcome,
    sum(count), sum(timed), sum(sum_us), min(CASE WHEN timed THEN least_us END), max(CASE WHEN timed THEN most_us END),
    sum(late_0), sum(late_1), sum(late_2), sum(late_3), sum(late_4), sum(late_5),
    sum(late_6), sum(late_7), sum(late_8), sum(late_9), sum(late_10), sum(late_11),
    sum(late_12), sum(late_13), sum(late_14), sum(late_15), sum(late_16), sum(late_17),
    sum(late_18), sum(late_19)
FROM throughput
WHERE span = :span AND side = :side AND at >= :since AND at < :until
    AND (:channels IS NULL OR channel IN (SELECT value FROM json_each(:channels)))
    AND (:senders IS NULL
        OR CASE side WHEN 'pair' THEN substr(party, 1, instr(party, ' ') - 1) ELSE party END
        IN (SELECT value FROM json_each(:senders)))
    AND (:recipients IS NULL OR substr(party, instr(party, ' ') + 1) IN (SELECT value FROM json_each(:recipients)))
    AND (:outcomes IS NULL OR outcome IN (SELECT value FROM json_each(:outcomes)))
GROUP BY begins, for_channel, for_party, outcome ORDER BY begins, for_channel, for_party, outcome LIMIT :limit;

-- name: throughput_count
-- How much passed from a second to another, of a channel and a party or of all ('' for each): whole hours, and the minutes
-- before first_hour and from last_hour on. outcomes: a JSON array.
SELECT coalesce(sum(count), 0) FROM throughput
WHERE (
        (span = 60 AND at >= :since AND at < :first_hour)
        OR (span = 3600 AND at >= :first_hour AND at < :last_hour)
        OR (span = 60 AND at >= :last_hour AND at < :until)
    )
    AND side = :side AND outcome IN (SELECT value FROM json_each(:outcomes))
    AND (:channel = '' OR channel = :channel) AND (:party = '' OR party = :party);

-- name: first_received_from
-- The number behind which there is nothing received before a time; found by halving, for numbers grow with time.
WITH RECURSIVE half (low, high) AS (
    SELECT (SELECT min(id) FROM message), (SELECT max(id) + 1 FROM message)
    UNION ALL
    SELECT
        CASE WHEN (SELECT m.received_at FROM message m WHERE m.id >= (low + high) / 2 ORDER BY m.id LIMIT 1) < :at
            THEN (low + high) / 2 + 1 ELSE low END,
        CASE WHEN (SELECT m.received_at FROM message m WHERE m.id >= (low + high) / 2 ORDER BY m.id LIMIT 1) < :at
            THEN high ELSE (low + high) / 2 END
    FROM half WHERE low < high
)
SELECT low FROM half WHERE low >= high;

-- name: sent_of_messages
-- What was sent on of messages (a JSON array of numbers), and of status messages about them, with how it ended; the newest
-- first. parties: who asks (a JSON array); a sender sees all, another one what is its own.
SELECT d.message, l.recipient, d.state, d.attempts, d.queued_at, d.settled_at,
    d.requeue IS NOT NULL OR d.replay, s.code, s.origin, s.at,
    (SELECT group_concat(DISTINCT json_extract(r.value, '$.role')) FROM json_each(m.addressing, '$.recipients') r
        WHERE json_extract(r.value, '$.dipId') = l.recipient),
    j.status_code
FROM json_each(:numbers) n CROSS JOIN message m ON m.id = n.value
    CROSS JOIN delivery d INDEXED BY delivery_by_message ON d.message = m.id CROSS JOIN lane l ON l.id = d.lane
    LEFT JOIN status_message s ON s.id = d.status_message
    LEFT JOIN journal_entry j ON j.message = d.message AND j.exchange = d.exchange AND j.delivery = d.id
WHERE :parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties))
    OR l.recipient IN (SELECT value FROM json_each(:parties)) OR s.origin IN (SELECT value FROM json_each(:parties))
ORDER BY d.id DESC LIMIT :limit;

-- name: incidents
-- Incidents below a key, newest first; those that are closed, those that are not, or all; of a priority, or of each.
-- company and parties (a JSON array): those of the company, for no participant or one of the parties, and those that
-- everybody may read; NULL for all. overdue_at: those that are escalated, or were to be resolved by then and are not.
SELECT id, title, description, channels, impact, urgency, priority, state, company, participant, raised_by, raised_by_company,
    raised_at, due_at, changed_at, version, owner, team, root_cause, resolution, notice, transaction_id, alarm, resolved_at,
    confirmed_at, confirmed_by, closed_at, review
FROM incident
WHERE id < :before AND (:is_closed IS NULL OR (state = 'closed') = :is_closed)
    AND (:priority IS NULL OR priority = :priority)
    AND (:company IS NULL OR notice IS NOT NULL OR (company = :company
        AND (participant IS NULL OR participant IN (SELECT value FROM json_each(:parties)))))
    AND (:overdue_at IS NULL OR state = 'escalated' OR (state IN ('open', 'assigned') AND due_at < :overdue_at))
ORDER BY id DESC LIMIT :limit;

-- name: incident_entries
-- The history of an incident below a key, newest first.
SELECT number, at, author, kind, way, person, text, changes FROM incident_entry
WHERE incident = :incident AND number < :before ORDER BY number DESC LIMIT :limit;

-- name: related_incidents
-- The numbers of the incidents that have to do with one, newest first.
SELECT other FROM incident_relation WHERE incident = :incident ORDER BY other DESC LIMIT :limit;

-- name: addresses_of_users
-- Where users who can log in are written to, with their powers.
SELECT u.name, a.mail, u.powers FROM user_address a JOIN user u ON u.name = a.user WHERE u.disabled_at IS NULL;

-- name: newest_of_interfaces
-- Message numbers of some channels (a JSON array), newest first, from a number, below a key: as much as a page needs of each.
SELECT k.value FROM json_each(:interfaces) i, json_each((SELECT json_group_array(id) FROM (
    SELECT m.id FROM message m WHERE m.interface = i.value AND m.id >= :first AND m.id < :before
    ORDER BY m.id DESC LIMIT :limit))) k
ORDER BY k.value DESC LIMIT :limit;

-- name: newest_of_envelope
-- Of so many messages below a key, from a number: the last number looked at, how many there were, and those with an envelope
-- reference, of one sender where that is given.
SELECT min(id), count(*), json_group_array(id) FILTER (
    WHERE envelope_reference = :envelope AND (:sender IS NULL OR sender = :sender))
FROM (SELECT m.id, m.envelope_reference, m.sender FROM message m WHERE m.id >= :first AND m.id < :before
    ORDER BY m.id DESC LIMIT :scan);

-- name: around_of_mpans
-- Message numbers of some MPANs on both sides of a message: wanted is a JSON array of pairs, an MPAN's key and a message's
-- number. Keys may collide: who asks compares digests.
SELECT DISTINCT n.value FROM json_each(:wanted) w, json_each((SELECT json_group_array(message) FROM (
    SELECT * FROM (SELECT message FROM (
        SELECT message FROM message_key WHERE key = json_extract(w.value, '$[0]') AND message < json_extract(w.value, '$[1]')
        UNION ALL SELECT message FROM message_key_gathered
            WHERE key = json_extract(w.value, '$[0]') AND message < json_extract(w.value, '$[1]'))
        ORDER BY message DESC LIMIT :back)
    UNION ALL
    SELECT * FROM (SELECT message FROM (
        SELECT message FROM message_key WHERE key = json_extract(w.value, '$[0]') AND message >= json_extract(w.value, '$[1]')
        UNION ALL SELECT message FROM message_key_gathered
            WHERE key = json_extract(w.value, '$[0]') AND message >= json_extract(w.value, '$[1]'))
        ORDER BY message LIMIT :on)))) n;

-- name: of_correlations
-- Message numbers of some workflows (a JSON array of correlation ids), the first so many of each.
SELECT n.value FROM json_each(:correlations) c, json_each((SELECT json_group_array(id) FROM (
    SELECT m.id FROM message m WHERE m.correlation_id = c.value ORDER BY m.id LIMIT :limit))) n;

-- name: flow_messages
-- Messages by number (a JSON array) of some channels (a JSON array), in order of receipt, as the flow reports need them;
-- the last columns: deliveries that came to nothing, whether nobody could be reached, whether the parties know it.
SELECT m.id, m.received_at, m.interface, m.event, m.sender, m.sender_role, m.reference, m.transaction_id,
    m.correlation_id, m.envelope_reference, m.mpan_digest,
    (SELECT count(*) FROM delivery d CROSS JOIN lane l ON l.id = d.lane
        WHERE d.message = m.id AND d.status_message IS NULL AND d.state IN ('rejected', 'dead', 'withdrawn')
            AND (:parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties))
                OR l.recipient IN (SELECT value FROM json_each(:parties)))),
    m.addressed = 'Failed',
    :parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties)) OR EXISTS (
        SELECT 1 FROM delivery d CROSS JOIN lane l ON l.id = d.lane
        WHERE d.message = m.id AND d.status_message IS NULL
            AND l.recipient IN (SELECT value FROM json_each(:parties)))
FROM message m WHERE m.id IN (SELECT value FROM json_each(:numbers))
    AND +m.interface IN (SELECT value FROM json_each(:interfaces)) ORDER BY m.id;

-- name: sealed_of
-- Archived messages by number (a JSON array), sealed, as far as they are not larger than so many bytes.
SELECT a.message, m.transaction_id, a.sealed FROM archive a JOIN message m ON m.id = a.message
WHERE a.message IN (SELECT value FROM json_each(:numbers)) AND length(a.sealed) <= :most;

-- name: audit_rows
-- Messages by number (a JSON array), newest first, with the answer to the sender's call and every recipient's state, the
-- last where it was queued again. parties: who asks (a JSON array); a sender sees all, another one what is its own.
SELECT m.id, m.received_at, m.interface, m.event, m.sender, m.sender_role, m.reference, m.transaction_id,
    m.correlation_id, m.envelope_reference, (SELECT e.status FROM exchange e WHERE e.id = m.exchange),
    m.addressed = 'SentToTopic',
    (SELECT json_group_array(json_array(s.recipient, s.state)) FROM (
        SELECT l.recipient, d.state FROM delivery d CROSS JOIN lane l ON l.id = d.lane
        WHERE d.message = m.id AND d.status_message IS NULL AND (:parties IS NULL
            OR m.sender IN (SELECT value FROM json_each(:parties))
            OR l.recipient IN (SELECT value FROM json_each(:parties)))
            AND NOT EXISTS (SELECT 1 FROM delivery f WHERE f.message = d.message AND f.lane = d.lane AND f.id > d.id
                AND f.status_message IS NULL)
        ORDER BY l.recipient) s)
FROM message m WHERE m.id IN (SELECT value FROM json_each(:numbers))
    AND (:parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties)) OR EXISTS (
        SELECT 1 FROM delivery d CROSS JOIN lane l ON l.id = d.lane
        WHERE d.message = m.id AND d.status_message IS NULL
            AND l.recipient IN (SELECT value FROM json_each(:parties))))
ORDER BY m.id DESC;

-- name: newest_of_sender_and_interfaces
-- Of so many messages of one sender below a key, from a number: the last number looked at, how many there were, and those
-- of some channels (a JSON array).
SELECT min(id), count(*), json_group_array(id) FILTER (WHERE interface IN (SELECT value FROM json_each(:interfaces)))
FROM (SELECT m.id, m.interface FROM message m WHERE m.sender = :sender AND m.id >= :first AND m.id < :before
    ORDER BY m.id DESC LIMIT :scan);

-- name: longest_queues
-- The recipients whose oldest waiting message waits longest: since when, in how many lanes, how much (counted up to a
-- bound), and for how many recipients something waits; a few steps into indexes for each lane. parties: whose lanes (a
-- JSON array); NULL: everybody's.
WITH lane_age AS MATERIALIZED (
    SELECT l.id, l.recipient, (SELECT min(since) FROM (
        SELECT since FROM (
            SELECT d.queued_at AS since FROM delivery d INDEXED BY delivery_waiting
            WHERE d.lane = l.id AND d.state = 'waiting' AND d.set_aside_until IS NULL AND d.replay = 0
            ORDER BY d.id LIMIT 1)
        UNION ALL
        SELECT min(d.queued_at) FROM delivery d INDEXED BY delivery_replayed
        WHERE d.lane = l.id AND d.state = 'waiting' AND d.replay = 1 AND d.set_aside_until IS NULL
        UNION ALL
        SELECT min(d.queued_at) FROM delivery d INDEXED BY delivery_set_aside
        WHERE d.lane = l.id AND d.state = 'waiting' AND d.set_aside_until IS NOT NULL)) AS since
    FROM lane l WHERE :parties IS NULL OR l.recipient IN (SELECT value FROM json_each(:parties))
), waits AS MATERIALIZED (
    SELECT recipient, min(since) AS since, count(*) AS lanes FROM lane_age WHERE since IS NOT NULL GROUP BY recipient
), worst AS MATERIALIZED (
    SELECT recipient, since, lanes FROM waits ORDER BY since, recipient LIMIT :limit
)
SELECT w.recipient, w.since, w.lanes,
    min(:counted,
        (SELECT count(*) FROM (SELECT 1 FROM lane_age l CROSS JOIN delivery d INDEXED BY delivery_waiting
            ON d.lane = l.id AND d.state = 'waiting' AND d.set_aside_until IS NULL
            WHERE l.recipient = w.recipient AND l.since IS NOT NULL LIMIT :counted))
        + (SELECT count(*) FROM (SELECT 1 FROM lane_age l CROSS JOIN delivery d INDEXED BY delivery_set_aside
            ON d.lane = l.id AND d.state = 'waiting' AND d.set_aside_until IS NOT NULL
            WHERE l.recipient = w.recipient AND l.since IS NOT NULL LIMIT :counted))),
    (SELECT count(*) FROM waits)
FROM worst w ORDER BY w.since, w.recipient;

-- name: newest_failures
-- The newest status messages about messages, each with its message: what was rejected or given up. parties: who asks (a
-- JSON array), and sees those about what it sent, those for it and those from it; the newest of everybody's are looked
-- at, as many as `scan` says.
SELECT told.at, told.code, told.recipient, told.origin, m.transaction_id, m.interface, m.event, m.sender
FROM (SELECT f.id, f.at, f.code, f.recipient, f.origin, f.message FROM status_message f
    WHERE f.id < :before AND f.message IS NOT NULL ORDER BY f.id DESC LIMIT :scan) told
CROSS JOIN message m ON m.id = told.message
WHERE :parties IS NULL OR m.sender IN (SELECT value FROM json_each(:parties))
    OR told.recipient IN (SELECT value FROM json_each(:parties)) OR told.origin IN (SELECT value FROM json_each(:parties))
ORDER BY told.id DESC LIMIT :limit;
