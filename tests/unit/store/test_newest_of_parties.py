"""A participant's newest messages are found without a walk through what came later, and as a plain look finds them."""

import json
import sqlite3
from collections.abc import Iterator

import pytest

from dip.market.drawing import chance
from dip.store.queries import parse, sql_text

QUERIES = parse(sql_text("pages.sql"))
PARTIES = ("2300000001", "2300000002", "2200000001", "1400000001")
CHANNELS = ("IF-021", "IF-031", "IF-036")
MESSAGES = 400
ABOVE = 2**63 - 1


class Traffic:
    """Messages in a database, some queued again later; what a plain look finds among them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        drawing = chance("newest of parties")
        lanes = {(party, channel): [number, 1] for number, (party, channel) in enumerate(self._pairs(), 1)}
        self.messages: list[tuple[int, str, str]] = []
        self.addressed: dict[int, set[str]] = {}
        delivery = 0

        def queued(message: int, recipient: str, channel: str, requeue: int | None) -> None:
            nonlocal delivery
            delivery += 1
            lane = lanes[recipient, channel]
            connection.execute(
                "INSERT INTO delivery (id, message, lane, sequence, queued_at, requeue) VALUES (?, ?, ?, ?, 0, ?)",
                (delivery, message, lane[0], lane[1], requeue),
            )
            lane[1] += 1

        for number in range(1, MESSAGES + 1):
            sender, channel = drawing.choice(PARTIES), drawing.choice(CHANNELS)
            connection.execute(
                "INSERT INTO message (id, transaction_id, interface, event, sender, sender_role, reference, received_at"
                ", protected, archive_until, exchange, checked_us, addressed, addressing)"
                " VALUES (?, ?, ?, '', ?, '', '', 0, 0, 0, 0, 0, 'SentToTopic', '')",
                (number, f"T-{number}", channel, sender),
            )
            self.messages.append((number, channel, sender))
            others = [one for one in PARTIES if one != sender]
            self.addressed[number] = set(drawing.sample(others, drawing.randrange(3)))
            for recipient in sorted(self.addressed[number]):
                queued(number, recipient, channel, None)
            if number % 7 == 0:
                again, its_channel, _ = drawing.choice(self.messages)
                for recipient in sorted(self.addressed[again]):
                    queued(again, recipient, its_channel, 1)
        connection.executemany(
            "INSERT INTO lane VALUES (?, ?, ?, ?)",
            [(lane, party, channel, following) for (party, channel), (lane, following) in lanes.items()],
        )

    def plain(self, parties: set[str], before: int, interface: str | None, sender: str | None, limit: int) -> list[int]:
        fitting = [
            number
            for number, channel, its_sender in self.messages
            if number < before
            and (its_sender in parties or self.addressed[number] & parties)
            and interface in (None, channel)
            and sender in (None, its_sender)
        ]
        return sorted(fitting, reverse=True)[:limit]

    def found(self, parties: set[str], before: int, interface: str | None, sender: str | None, limit: int) -> list[int]:
        given = {
            "parties": json.dumps(sorted(parties)),
            "before": before,
            "interface": interface,
            "sender": sender,
            "limit": limit,
        }
        return [row[0] for row in self.connection.execute(QUERIES["newest_of_parties"], given)]

    @staticmethod
    def _pairs() -> list[tuple[str, str]]:
        return [(party, channel) for party in PARTIES for channel in CHANNELS]


@pytest.fixture(scope="module")
def traffic() -> Iterator[Traffic]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(sql_text("schema.sql"))
    yield Traffic(connection)
    connection.close()


@pytest.mark.parametrize("before", [ABOVE, MESSAGES, 390, 201, 200, 199, 17, 2, 1])
@pytest.mark.parametrize("interface", [None, "IF-031", "IF-909"])
@pytest.mark.parametrize("sender", [None, "2300000001", "1400000001"])
def test_the_newest_messages_of_parties_are_those_of_a_plain_look(
    traffic: Traffic, before: int, interface: str | None, sender: str | None
) -> None:
    for parties in ({"2300000001"}, {"2200000001", "1400000001"}, {"2500000001"}):
        for limit in (1, 10, MESSAGES):
            wanted = parties, before, interface, sender, limit
            assert traffic.found(*wanted) == traffic.plain(*wanted)


@pytest.mark.parametrize("interface", [None, "IF-031", "IF-909"])
def test_the_newest_messages_of_a_sender_are_those_of_a_plain_look(traffic: Traffic, interface: str | None) -> None:
    for before in (ABOVE, 200, 1):
        given = {"sender": "2300000001", "interface": interface, "before": before, "limit": 10}
        found = [row[0] for row in traffic.connection.execute(QUERIES["newest_of_sender"], given)]
        sent = [
            number
            for number, channel, sender in traffic.messages
            if sender == "2300000001" and number < before and interface in (None, channel)
        ]
        assert found == sorted(sent, reverse=True)[:10]
