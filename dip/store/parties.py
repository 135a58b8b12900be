"""Participants, certificates and webhooks, in SQLite."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from dip.ground.clock import microseconds, moment
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.participant import CertificateOrigin, HeldCertificate, Participant
from dip.security.pki import CertificateUse
from dip.store.agencies import SqliteAgencies
from dip.store.queries import queries
from dip.store.records import EndpointSetting, Webhook
from dip.store.writer import Writer


class SqliteParties:
    """PartyStore over SQLite."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self.agencies = SqliteAgencies(writer, reading)
        self._writer = writer
        self._reading = reading

    def participants(self) -> Sequence[Participant]:
        """Every participant."""
        return [
            Participant(
                dip_id=DipId(dip_id),
                mpid=mpid,
                name=name,
                roles=msgspec.json.decode(roles, type=tuple[RoleCode, ...]),
                api_key_digest=api_key_digest,
                since=moment(since),
                company=company,
                optional_roles=msgspec.json.decode(optional_roles, type=tuple[RoleCode, ...]),
                optional_channels=msgspec.json.decode(optional_channels, type=tuple[str, ...]),
                lost_channels=msgspec.json.decode(lost_channels, type=tuple[str, ...]),
                left_at=moment(left_at) if left_at is not None else None,
            )
            for (
                dip_id,
                mpid,
                name,
                roles,
                api_key_digest,
                since,
                company,
                optional_roles,
                optional_channels,
                lost_channels,
                left_at,
            ) in self._reading.execute(queries()["participants"])
        ]

    def certificates(self) -> Sequence[HeldCertificate]:
        """Every certificate; private keys are still sealed."""
        return [
            HeldCertificate(
                fingerprint=fingerprint,
                holder=DipId(holder),
                use=CertificateUse(use),
                pem=pem,
                not_before=moment(not_before),
                not_after=moment(not_after),
                revoked_at=moment(revoked_at) if revoked_at is not None else None,
                private_key=private_key,
                origin=CertificateOrigin(origin),
                authority=authority,
                drill=drill,
                authority_removed_at=moment(removed_at) if removed_at is not None else None,
            )
            for (
                fingerprint,
                holder,
                use,
                pem,
                not_before,
                not_after,
                revoked_at,
                private_key,
                origin,
                authority,
                drill,
                removed_at,
            ) in self._reading.execute(queries()["certificates"])
        ]

    async def save_parties(self, participants: Iterable[Participant], certificates: Iterable[HeldCertificate]) -> None:
        """Add or change participants and certificates; private keys must be sealed already."""
        people = [participant_row(one) for one in participants]
        held = [certificate_row(one) for one in certificates]

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(queries()["save_participant"], people)
            connection.executemany(queries()["save_certificate"], held)

        await self._writer.ask(job)

    async def replace_drills(self, holder: DipId, certificates: Iterable[HeldCertificate]) -> None:
        """Forget the certificates that were made for a participant's drills, and keep these in their place."""
        held = [certificate_row(one) for one in certificates]

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["forget_drills"], (holder,))
            connection.executemany(queries()["save_certificate"], held)

        await self._writer.ask(job)

    def webhooks(self) -> Sequence[Webhook]:
        """Every webhook."""
        return [Webhook(*row) for row in self._reading.execute(queries()["webhooks"])]

    async def save_webhook(self, webhook: Webhook, at: datetime) -> None:
        """Set a webhook; a later one replaces the earlier."""
        row = (
            webhook.recipient,
            webhook.channel,
            webhook.url,
            webhook.max_message_count,
            webhook.max_payload_kb,
            microseconds(at),
        )

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["save_webhook"], row)

        await self._writer.ask(job)

    async def remove_webhook(self, recipient: str, channel: str) -> None:
        """Withdraw a webhook; what waits stays."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["remove_webhook"], (recipient, channel))

        await self._writer.ask(job)

    async def remove_webhooks(self, recipient: str, channels: Iterable[str] | None) -> None:
        """Withdraw a recipient's webhooks; what waits stays. channels: None for all, with their addresses' settings."""
        rows = None if channels is None else [(recipient, channel) for channel in channels]

        def job(connection: sqlite3.Connection) -> None:
            if rows is not None:
                connection.executemany(queries()["remove_webhook"], rows)
            else:
                connection.execute(queries()["remove_webhooks_of"], (recipient,))
                connection.execute(queries()["remove_endpoints_of"], (recipient,))

        await self._writer.ask(job)

    def endpoint_settings(self) -> Sequence[EndpointSetting]:
        """How addresses are served that have settings of their own."""
        found = []
        for row in self._reading.execute(queries()["endpoints"]):
            columns = dict(zip(EndpointSetting.__struct_fields__, row, strict=True))
            columns["told"] = columns["told"].split()
            found.append(msgspec.convert(columns, EndpointSetting, strict=False))
        return found

    async def save_endpoint_setting(self, setting: EndpointSetting) -> None:
        """Say how an address is to be served."""
        row = list(msgspec.structs.astuple(setting))
        row[-1] = " ".join(setting.told)

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["save_endpoint"], row)

        await self._writer.ask(job)


def participant_row(participant: Participant) -> tuple[object, ...]:
    """A participant as `save_participant` takes it."""
    return (
        participant.dip_id,
        participant.mpid,
        participant.name,
        msgspec.json.encode(participant.roles).decode(),
        participant.api_key_digest,
        microseconds(participant.since),
        participant.company,
        msgspec.json.encode(participant.optional_roles).decode(),
        msgspec.json.encode(participant.optional_channels).decode(),
        msgspec.json.encode(participant.lost_channels).decode(),
        microseconds(participant.left_at) if participant.left_at is not None else None,
    )


def certificate_row(held: HeldCertificate) -> tuple[object, ...]:
    """A certificate as `save_certificate` takes it."""
    return (
        held.fingerprint,
        held.holder,
        held.use.value,
        held.pem,
        microseconds(held.not_before),
        microseconds(held.not_after),
        microseconds(held.revoked_at) if held.revoked_at is not None else None,
        held.private_key,
        held.origin.value,
        held.authority,
        held.drill,
    )
