"""Taking messages in: one job of the writer for each request (5.4 idempotent write, 5.5.4)."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from dip.messages.identifiers import CorrelationId, TransactionId
from dip.store.counters import Counters
from dip.store.keys import mpan_key, reference_key, write_keys
from dip.store.publications import write_publication
from dip.store.queries import queries
from dip.store.records import Arrival, NewMessage, NewUpdate, Outcome, Taken, Verdict, Waiting
from dip.store.rows import Row, StatusRows, exchange_row, insert_many
from dip.store.throughput import Passage, Side


def take_in(connection: sqlite3.Connection, counters: Counters, arrival: Arrival) -> Taken:
    """Commit what is new of a request; the answer is made within the transaction, so that it is evidence too."""
    keys = [reference_key(message.reference) for message in arrival.messages]
    verdicts = _judge(connection, arrival.messages, keys)
    outcomes: list[Outcome]
    new: list[tuple[NewMessage, int]] = []
    if arrival.none_taken or (arrival.all_or_nothing and any(found is not None for found in verdicts)):
        outcomes = [found or Outcome(Verdict.LEFT, None, None, None) for found in verdicts]
    else:
        outcomes = []
        number = counters.message
        for message, key, found in zip(arrival.messages, keys, verdicts, strict=True):
            if found is not None:
                outcomes.append(found)
                continue
            number += 1
            new.append((message, key))
            outcomes.append(Outcome(Verdict.NEW, number, message.transaction_id, message.correlation_id))
    _adopt_first_of_body(outcomes, verdicts, arrival.messages)
    status, answer = arrival.conclude(outcomes)
    _count_refused(counters, arrival, outcomes)
    counters.exchange += 1
    arrival.exchange.status = status
    arrival.exchange.answer = arrival.seal(answer)
    connection.execute(queries()["add_exchange"], exchange_row(counters.exchange, arrival.exchange))
    lanes, fresh = _insert(connection, counters, new) if new else (frozenset[int](), {})
    return Taken(status, answer, outcomes, lanes, fresh)


def _count_refused(counters: Counters, arrival: Arrival, outcomes: Sequence[Outcome]) -> None:
    """Count what is not taken: refused before, or a reference that came with other content."""
    at, tallies = arrival.exchange.at, counters.tallies
    for channel, sender in arrival.refused:
        tallies.count(at, channel, Side.SENDER, sender, Passage.REFUSED)
    for message, outcome in zip(arrival.messages, outcomes, strict=True):
        if outcome.verdict is Verdict.DIFFERENT:
            tallies.count(at, message.interface, Side.SENDER, message.sender, Passage.REFUSED)


def _judge(connection: sqlite3.Connection, messages: Sequence[NewMessage], keys: Sequence[int]) -> list[Outcome | None]:
    """For each message None when it is new, else what it repeats; a repeat within the body counts too.

    keys: of the messages' references.
    """
    listed = msgspec.json.encode(keys).decode()
    known: dict[tuple[str, str, str], Row] = {
        row[:3]: row[3:] for row in connection.execute(queries()["known_references"], (listed,))
    }
    first: dict[tuple[str, str, str], NewMessage] = {}
    found: list[Outcome | None] = []
    for message in messages:
        key = (message.sender, message.interface, message.reference)
        row = known.get(key)
        if row is not None:
            found.append(_compare_stored(connection, message, row))
        elif key in first:
            earlier = first[key]
            same = message.same_content(earlier.transaction_id, earlier.sealed)
            found.append(
                Outcome(
                    Verdict.SAME if same else Verdict.DIFFERENT,
                    None,
                    earlier.transaction_id,
                    earlier.correlation_id,
                )
            )
        else:
            first[key] = message
            found.append(None)
    return found


def _compare_stored(connection: sqlite3.Connection, message: NewMessage, row: Row) -> Outcome:
    id_, transaction_id, correlation_id = row
    sealed = connection.execute(queries()["archived"], (id_,)).fetchone()
    if sealed is None and message.publication is not None:
        digest = connection.execute(queries()["publication_digest"], (id_,)).fetchone()
        same = digest is not None and digest[0] == message.publication.content_digest
    else:
        same = sealed is not None and message.same_content(transaction_id, sealed[0])
    return Outcome(
        Verdict.SAME if same else Verdict.DIFFERENT,
        id_,
        TransactionId(transaction_id),
        CorrelationId(correlation_id) if correlation_id is not None else None,
    )


def _adopt_first_of_body(
    outcomes: Sequence[Outcome], verdicts: Sequence[Outcome | None], messages: Sequence[NewMessage]
) -> None:
    """Where the whole body is left, a repeat within it names no transaction: there is none."""
    left = {messages[index].transaction_id for index, outcome in enumerate(outcomes) if outcome.verdict is Verdict.LEFT}
    if not left:
        return
    for outcome, verdict in zip(outcomes, verdicts, strict=True):
        if verdict is not None and outcome.message is None and outcome.transaction_id in left:
            outcome.transaction_id = None
            outcome.correlation_id = None


def _insert(
    connection: sqlite3.Connection, counters: Counters, new: Iterable[tuple[NewMessage, int]]
) -> tuple[frozenset[int], dict[int, list[Waiting]]]:
    """Write new messages, each with the key of its reference; the lanes with something new, and what is new there."""
    exchange = counters.exchange
    messages: list[Row] = []
    archive: list[Row] = []
    deliveries: list[Row] = []
    keys: list[tuple[int, int]] = []
    updates: list[Row] = []
    fresh: defaultdict[int, list[Waiting]] = defaultdict(list)
    statuses = StatusRows(counters)
    for message, key in new:
        counters.message += 1
        number = counters.message
        protected = 1 if message.protected else 0
        messages.append(
            (
                number,
                message.transaction_id,
                message.correlation_id,
                message.interface,
                message.event,
                message.sender,
                message.sender_role,
                message.reference,
                message.envelope_reference,
                message.mpan_digest,
                message.received_at,
                protected,
                message.archive_until,
                exchange,
                message.checked_us,
                message.addressed,
                message.addressing,
            )
        )
        archive.append((number, message.sealed))
        at, sender, took = message.received_at, message.sender, message.checked_us
        counters.tallies.count(at, message.interface, Side.SENDER, sender, Passage.TAKEN, took)
        keys.append((key, number))
        if message.mpan_digest is not None:
            keys.append((mpan_key(message.mpan_digest), number))
        for delivery in message.deliveries:
            counters.delivery += 1
            lane, sequence = counters.place(delivery.recipient, message.interface)
            hidden = msgspec.json.encode(delivery.hidden).decode() if delivery.hidden else None
            deliveries.append((counters.delivery, number, lane, sequence, hidden, message.received_at))
            fresh[lane].append(
                Waiting(
                    counters.delivery,
                    number,
                    None,
                    sequence,
                    0,
                    hidden,
                    protected,
                    message.received_at,
                    message.reference,
                    message.transaction_id,
                    message.correlation_id,
                    message.sender,
                    lane,
                )
            )
        if message.publication is not None:
            about = number, message.transaction_id, message.interface, message.event, message.sender
            write_publication(connection, message.publication, about, message.received_at)
        if message.update is not None:
            updates.append(_update_row(number, message.update, message.received_at))
        for status in message.statuses:
            statuses.add(number, status, message.received_at)
    counters.write(connection)
    insert_many(connection, "add_message", messages)
    insert_many(connection, "add_archive", archive)
    write_keys(connection, keys)
    insert_many(connection, "add_delivery", deliveries)
    insert_many(connection, "add_appointment_update", updates)
    statuses.write(connection)
    counters.write_moved(connection)
    return frozenset(fresh.keys() | statuses.lanes), fresh


def _update_row(number: int, update: NewUpdate, known_at: int) -> Row:
    return number, msgspec.json.encode(update.mpans).decode(), msgspec.msgpack.encode(update.changes), known_at
