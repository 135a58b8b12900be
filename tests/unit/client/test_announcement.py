"""The announcement that a publisher sends is what the channels ask for, and the same for the same publication."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from dip.channels.registry import Registry, load
from dip.client import Publication, Publisher, Uploaded, Variant, issue_time
from dip.client.announcement import announcement, reference
from dip.ground.assets import asset
from dip.messages.identifiers import EventCode

pytestmark = pytest.mark.requirement("FS-36", "FS-39")
ISSUED = datetime(2026, 3, 21, 19, 5, 7, 250_000, tzinfo=UTC)
PUBLISHER = Publisher(channel="IF-047", event="ISD", sender="2700000001", role="ISD", environment="DEV")
PUBLICATION = Publication(description="ISD", version="1.1.1", issued=ISSUED)
HERE = Variant(
    uri="http://127.0.0.1:8080/publications/IF-047/isd.csv.gz/1.1.1",
    version="1.1.1",
    name="isd.csv.gz",
    format="CSV",
    delivery_format="GZIP",
    size=12,
    sha256="ab" * 32,
)
OUTSIDE = Variant(uri="https://files.example/isd.zip", version="1.1.1", name="isd.zip", delivery_format="ZIP")
REFERENCE = re.compile(r"S-((IF|REP)-)?\d{3}[A-B]?-[0-9a-fA-F]{10}-[A-Z]{3,5}-\d{8}-[a-zA-Z0-9]+")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(asset("channels"), specification_items=True)


def made(publisher: Publisher = PUBLISHER, *variants: Variant) -> dict[str, Any]:
    message = announcement(publisher, PUBLICATION, list(variants or (HERE, OUTSIDE)), sent_at=ISSUED)
    payload: dict[str, Any] = message["payload"]
    return payload


@pytest.mark.parametrize(
    ("channel", "event"), [("IF-047", "ISD"), ("IF-048", "TransitionalMDD"), ("IF-049", "UMSStandingData")]
)
def test_the_message_has_the_form_of_its_channel(registry: Registry, channel: str, event: str) -> None:
    payload = made(msgspec.structs.replace(PUBLISHER, channel=channel, event=event))
    found = registry.find(channel)
    assert found is not None
    assert found.events[EventCode(f"[{event}]")].format.explain(payload) == []
    assert PUBLISHER.role in found.senders


def test_each_variant_tells_its_address_and_of_what_is_here_size_and_digest() -> None:
    here, outside = made()["CustomBlock"]["P02List"]
    assert here["distributionDeliveryURI"] == HERE.uri
    assert here["additionalInformation"] == f"size=12; sha-256={'ab' * 32}"
    assert (here["distributionVariantID"], outside["distributionVariantID"]) == ("1", "2")
    assert (here["distributionVariantFormat"], here["distributionDeliveryFormat"]) == ("CSV", "GZIP")
    assert outside["distributionDeliveryURI"] == OUTSIDE.uri
    assert outside["additionalInformation"] is None


def test_a_name_that_is_longer_than_the_item_takes_is_cut() -> None:
    long = msgspec.structs.replace(HERE, name="n" * 80)
    assert made(PUBLISHER, long)["CustomBlock"]["P02List"][0]["distributionVariantName"] == "n" * 50


def test_the_reference_has_its_form_and_says_who_published_when() -> None:
    found = reference(PUBLISHER, PUBLICATION, [HERE])
    assert REFERENCE.fullmatch(found) and len(found) <= 200
    assert found.startswith("S-IF-047-2700000001-ISD-20260321-")


def test_the_reference_is_the_same_where_only_the_address_of_the_portal_changed() -> None:
    moved = msgspec.structs.replace(HERE, uri=HERE.uri.replace("8080", "8081"))
    assert reference(PUBLISHER, PUBLICATION, [HERE]) == reference(PUBLISHER, PUBLICATION, [moved])


@pytest.mark.parametrize(
    ("publication", "variants"),
    [
        (PUBLICATION, [HERE]),
        (PUBLICATION, [OUTSIDE, HERE]),
        (PUBLICATION, [msgspec.structs.replace(HERE, sha256="cd" * 32), OUTSIDE]),
        (PUBLICATION, [msgspec.structs.replace(HERE, description="For suppliers"), OUTSIDE]),
        (PUBLICATION, [HERE, msgspec.structs.replace(OUTSIDE, uri="https://files.example/other.zip")]),
        (msgspec.structs.replace(PUBLICATION, version="1.1.2"), [HERE, OUTSIDE]),
        (msgspec.structs.replace(PUBLICATION, issued=ISSUED + timedelta(days=1)), [HERE, OUTSIDE]),
    ],
)
def test_the_reference_is_another_one_where_anything_else_changed(
    publication: Publication, variants: list[Variant]
) -> None:
    assert reference(PUBLISHER, publication, variants) != reference(PUBLISHER, PUBLICATION, [HERE, OUTSIDE])


def test_without_a_date_a_publication_was_issued_when_its_newest_file_was_written() -> None:
    now = ISSUED + timedelta(days=3)
    files = [Uploaded("", 1, "", ISSUED), Uploaded("", 1, "", ISSUED - timedelta(days=1))]
    assert issue_time(files, now) == ISSUED
    assert issue_time([], now) == datetime(2026, 3, 24, tzinfo=UTC)
