"""A message announces payloads: checked against what was uploaded, told to everybody, never archived (5.6)."""

import sqlite3

import msgspec
import pytest

from dip.messages.identifiers import DIP
from dip.messages.standard_response import code_of
from dip.store.publication_records import PayloadState, PublicationFilter
from tests.conftest import Serve
from tests.integration.publications.announcements import (
    CONTENT,
    CUSTOM,
    PUBLISHER,
    READERS,
    announce,
    announcement,
    uploaded,
    uri_of,
)
from tests.support.platform import changed
from tests.support.waiting import until


@pytest.mark.requirement("FS-36", "FS-39")
async def test_an_announcement_reaches_everybody_with_address_version_date_size_and_digest(serve: Serve) -> None:
    async with serve() as platform:
        listeners = [await platform.listener(reader) for reader in READERS]
        payload = await uploaded(platform)
        result = await announce(platform, announcement(uri_of(platform), "https://files.example/isd.zip"))
        assert [code_of(entry.message) for entry in result.entries] == ["MSG0000"]
        for listener in listeners:
            received = await listener.next()
            here, outside = received.custom["P02List"]
            assert here["distributionDeliveryURI"] == uri_of(platform)
            assert here["distributionVariantVersionID"] == "1.1.1"
            assert here["distributionVariantPublicationDate"] == "2026-03-01T00:00:00+00:00"
            assert here["additionalInformation"] == f"size={len(CONTENT)}; sha-256={payload.sha256.hex()}"
            assert outside["distributionDeliveryURI"] == "https://files.example/isd.zip"
            assert outside["additionalInformation"] is None
        (publication,) = await platform.dip.store.publications.publications(PublicationFilter())
        assert (publication.description, publication.version) == ("ISD", "7")
        states = [variant.held and variant.held.state for variant in publication.variants]
        assert states == [PayloadState.PUBLISHED, None]


@pytest.mark.requirement("FS-36")
async def test_an_announcement_of_what_is_not_there_is_refused_by_its_pointer(serve: Serve) -> None:
    async with serve() as platform:
        await uploaded(platform, is_whole=False)
        await uploaded(platform, version="2", sender="2700000009")
        cases = [
            (announcement(uri_of(platform)), "0 of its 28 bytes are here"),
            (announcement(uri_of(platform, "9"), version="9"), "upload it first"),
            (announcement(uri_of(platform, "2"), version="2"), "upload it first"),
            (announcement(uri_of(platform, "latest"), version="latest"), "another word than 'latest'"),
            (announcement(uri_of(platform, "1.1.1", "..%2Fsecret")), "name: expected 1 to 100 characters"),
            (announcement(uri_of(platform, channel="IF-048")), "uploaded for IF-047"),
            (announcement(f"{platform.dip.portal_url}/login"), "/publications/ and channel, name and version"),
        ]
        for message, expected in cases:
            result = await announce(platform, message)
            (entry,) = result.entries
            assert (result.status, code_of(entry.message)) == (400, "MSG1000")
            assert "/0/payload/CustomBlock/P02List/0/distributionDeliveryURI" in (entry.help or "")
            assert expected in (entry.help or "")
        assert await platform.dip.store.publications.publications(PublicationFilter()) == []


@pytest.mark.requirement("FS-36")
async def test_what_the_sender_says_of_a_payload_has_to_be_right(serve: Serve) -> None:
    async with serve() as platform:
        payload = await uploaded(platform)
        uri, digest = uri_of(platform), payload.sha256.hex()
        wrong = [
            (announcement(uri, information=f"sha-256={'0' * 64}"), "additionalInformation", digest),
            (announcement(uri, information="size=1"), "additionalInformation", "size=28"),
            (announcement(uri, information="x" * 1990), "additionalInformation", "written behind them"),
            (announcement(uri, version="1.1.2"), "distributionVariantVersionID", "1.1.1"),
            (announcement(uri, uri), "distributionDeliveryURI", "each payload once"),
        ]
        for message, item, expected in wrong:
            (entry,) = (await announce(platform, message)).entries
            assert code_of(entry.message) == "MSG1000"
            assert item in (entry.help or "")
            assert expected in (entry.help or "")
        right = announcement(uri, information=f"Tables for suppliers, SHA-256: see sha-256={digest.upper()}")
        assert code_of((await announce(platform, right)).entries[0].message) == "MSG0000"
        (publication,) = await platform.dip.store.publications.publications(PublicationFilter())
        assert (publication.variants[0].information or "").endswith(f"{digest.upper()}; size=28")


@pytest.mark.requirement("FS-36", "FS-38")
async def test_the_content_goes_when_everybody_has_it_and_a_repeat_is_still_a_repeat(serve: Serve) -> None:
    async with serve() as platform:
        listener = await platform.listener(READERS[0])
        await uploaded(platform)
        message = announcement(uri_of(platform))
        first = await announce(platform, message)
        transaction = (await listener.next()).transaction_id
        directory = platform.dip.directory

        def held() -> int:
            with sqlite3.connect(f"file:{directory / 'dip.sqlite'}?mode=ro", uri=True) as connection:
                return int(connection.execute("SELECT count(*) FROM archive").fetchone()[0])

        assert held() == 1
        # Those without a webhook still have to fetch it.
        await platform.dip.duties.retention.sweep()
        assert await platform.dip.store.publications.sweep_contents(10) == 0
        for participant in platform.dip.participants.value:
            if participant.dip_id not in (READERS[0], PUBLISHER, DIP):
                client = await platform.client(participant.dip_id)
                pulled = await client.pull("IF-047")
                await client.acknowledge("IF-047", pulled.entries, lease=pulled.lease)
        await until(lambda: platform.dip.store.publications.sweep_contents(10))
        assert held() == 0
        again = await announce(platform, message)
        assert again.entries[0].transaction_id == first.entries[0].transaction_id == transaction
        different = changed(message, f"{CUSTOM}.P01.publicationVersionID", "8")
        assert code_of((await announce(platform, different)).entries[0].message) == "MSG1006"
        assert len(await platform.dip.store.publications.publications(PublicationFilter())) == 1


@pytest.mark.requirement("FS-36")
async def test_blocks_beside_the_variants_go_out_byte_for_byte(serve: Serve) -> None:
    async with serve() as platform:
        await uploaded(platform)
        listener = await platform.listener(READERS[0])
        message = announcement(uri_of(platform))
        message["payload"][CUSTOM]["P01"]["publicationDescription"] = "Ä/\u2028 \\ISD"
        await announce(platform, message)
        received = (await listener.next()).custom
        assert received["P01"] == message["payload"][CUSTOM]["P01"]
        assert msgspec.json.encode(received["P02List"][0]).startswith(b'{"distributionVariantID":"1"')
