"""What may not stand in the log does not, whatever the form of the answer that carries it."""

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from dip.activity.events import RECEIVED, SENT, Event
from dip.activity.masking import MASKED, Masker
from dip.activity.records import Recorder
from dip.channels.registry import load
from dip.ground.assets import asset

pytestmark = pytest.mark.requirement("FS-45")
MPAN = "1200000000001"
PERSONAL = load(asset("channels"), specification_items=True).personal_keys


def digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()[:16]


MARK = f"mpan:{digest(MPAN).hex()}"
MASKER = Masker(personal=lambda: PERSONAL, digest=digest)


def masked(content: Any, *, ours: bool = True) -> Any:
    found = MASKER.json(msgspec.json.encode(content), ours=ours)
    assert found is not None
    return msgspec.json.decode(found)


def recorded(event: Event, body_bytes: int = 1000) -> Any:
    recorder = Recorder(masker=MASKER, environment="DEV", version="1", body_bytes=body_bytes)
    return msgspec.json.decode(recorder.text(event, 1))


def answered(body: bytes, media: str = "application/json", name: str = RECEIVED) -> Event:
    return Event(
        name=name,
        uid="0" * 32,
        began=0,
        method="GET",
        url=URL("https://example.org/"),
        status=200,
        body=body,
        media=media,
    )


@pytest.mark.parametrize("key", sorted(PERSONAL))
def test_every_item_that_the_dictionary_marks_is_masked(key: str) -> None:
    for value in ("SECRET-VALUE", 12345, ["SECRET-VALUE"], {"a": "SECRET-VALUE"}):
        found = masked({"payload": {"deep": [{key: value, key.upper(): value}]}})
        assert found == {"payload": {"deep": [{key: MASKED, key.upper(): MASKED}]}}


@pytest.mark.parametrize("ours", [True, False])
def test_messages_that_an_answer_carries_lose_their_custom_block_and_their_mpan(ours: bool) -> None:
    common = {"S0": {"interfaceID": "IF-031"}, "M0": {"MPANCore": MPAN, "distributorDIPID": "2500000001"}}
    element = {"payload": {"CommonBlock": common, "CustomBlock": {"B022": {"postcode": "AB1 2CD"}}}, "signature": "x"}
    expected = {
        "payload": {
            "CommonBlock": {
                "S0": {"interfaceID": "IF-031"},
                "M0": {"MPANCore": MARK, "distributorDIPID": "2500000001"},
            },
            "CustomBlock": MASKED,
        },
        "signature": "x",
    }
    assert masked([element], ours=ours) == [expected]
    assert masked([{**element, "unknown": MPAN}], ours=ours) == [{**expected, "unknown": MARK}]
    assert masked({"messages": [element]}, ours=ours) == {"messages": [expected]}


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("help_", [f"about {MPAN}.", f"{MPAN}", f"é\n{MPAN}", f"a {MPAN} and {MPAN}"])
def test_an_mpan_in_the_ids_of_a_standard_response_is_a_digest(ours: bool, help_: str) -> None:
    if ours and "\n" in help_:
        help_ = help_.replace("\n", " ")
    body = {"messageArray": [{"transactionID": "T-1", "senderUniqueReference": help_}], "timestamp": "x"}
    assert masked(body, ours=ours)["messageArray"][0]["senderUniqueReference"] == help_.replace(MPAN, MARK)


def entry(message: str | None, help_: str | None = "Sam Doe, 19a Lane", ticket: str | None = None) -> dict[str, Any]:
    return {"transactionID": "T-1", "message": message, "help": help_, "serviceTicketURL": ticket}


@pytest.mark.requirement("FS-45", "FS-65")
def test_our_own_refusal_says_its_code_and_not_what_it_quotes() -> None:
    refused, taken = entry("MSG1001 - Schema Failure"), entry("MSG0000 - Success", "IF-018: set.")
    found = masked({"messageArray": [refused, taken], "timestamp": "x"}, ours=True)
    assert found == {"messageArray": [{**refused, "help": MASKED}, taken], "timestamp": "x"}


@pytest.mark.requirement("FS-45", "FS-65")
@pytest.mark.parametrize("wrapped", [True, False])
def test_of_what_a_participant_says_the_code_is_kept_and_no_word(wrapped: bool) -> None:
    said = [entry("RCP0000 - Sam Doe", ticket="https://x.example/sam"), entry("Sam Doe"), entry(None, None)]
    kept = [entry("RCP0000", MASKED, MASKED), entry(MASKED, MASKED), entry(None, None)]
    found = masked({"messageArray": said}, ours=False) if wrapped else masked(said)
    assert found == ({"messageArray": kept} if wrapped else kept)


@pytest.mark.requirement("FS-45", "FS-65")
def test_a_sentence_about_a_message_and_its_sub_text_are_masked() -> None:
    assert masked('/0/payload/CustomBlock/B013: expected text, found "Sam Doe"') == MASKED
    assert masked([{"payload": {"CommonBlock": {"S1": {"subText": "Sam Doe"}}}}]) == [
        {"payload": {"CommonBlock": {"S1": {"subText": MASKED}}}}
    ]


def test_an_mpan_that_is_written_with_escapes_is_found() -> None:
    body = b'{"messageArray":[{"transactionID":"' + "".join(f"\\u{ord(digit):04x}" for digit in MPAN).encode() + b'"}]}'
    found = MASKER.json(body, ours=False)
    assert found is not None
    assert msgspec.json.decode(found) == {"messageArray": [{"transactionID": MARK}]}


@given(st.text(alphabet="0123456789abcdefGHx -.", max_size=60))
def test_bytes_and_texts_are_masked_alike(text: str) -> None:
    body = msgspec.json.encode({"messageArray": [{"transactionID": text}]})
    found = MASKER.json(body, ours=True)
    assert found is not None
    assert msgspec.json.decode(found)["messageArray"][0]["transactionID"] == MASKER.text(text)


@pytest.mark.parametrize(
    "text",
    [
        "01A2020000000000001B30",
        "12000000000012",
        "120000000000",
        "T-IF-031-2300000001-SUP-20261122-01A202E53E09A84CB63A3",
    ],
)
def test_an_identifier_stays_as_it_is(text: str) -> None:
    assert MASKER.text(text) == text


def test_numbers_keys_and_private_keys_are_masked() -> None:
    found = masked({MPAN: 1, "n": int(MPAN), "pem": "-----BEGIN PRIVATE KEY-----\nx", "apiKey": "k", "form_token": "t"})
    assert found == {MARK: 1, "n": MARK, "pem": MASKED, "apiKey": MASKED, "form_token": MASKED}


def test_addresses_are_masked() -> None:
    event = Event(name=RECEIVED, uid="0" * 32, began=0, method="GET", status=200)
    event.url = URL(f"/admin/api/mpans/%31{MPAN[1:]}?at={MPAN}&mpan=12 00000000001&token=abc&postcode=AB1&next=7")
    attributes = recorded(event)["Attributes"]
    assert attributes["url.path"] == f"/admin/api/mpans/{MARK}"
    assert attributes["url.query"].startswith(f"at={MARK}&mpan={MARK}&token={MASKED}&")
    assert attributes["url.query"].endswith("&next=7")


def test_what_the_query_of_a_webhook_says_is_its_own() -> None:
    event = Event(name=SENT, uid="0" * 32, began=0, method="POST", status=200)
    event.url = URL(f"https://example.org/in/{MPAN}?code=key&x=1")
    assert recorded(event)["Attributes"]["url.full"] == f"https://example.org/in/{MARK}?code={MASKED}&x={MASKED}"


def test_a_long_body_is_cut_with_size_and_hash_of_the_whole() -> None:
    body = msgspec.json.encode({"text": "é" * 3000})
    found = recorded(answered(body), 1000)
    assert found["Body"] == body[:1000].decode("utf-8", "ignore")
    assert found["Attributes"]["http.response.body.size"] == len(body)
    assert found["Attributes"]["dip.body.cut"] is True
    assert found["Attributes"]["dip.body.sha256"] == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("head", ["payload", "originalTransaction"])
def test_of_many_messages_the_first_are_kept_masked(head: str) -> None:
    message = {"payload": {"CommonBlock": {"M0": {"MPANCore": MPAN}}, "CustomBlock": {"secret": MPAN}}}
    first = message if head == "payload" else {"originalTransaction": {"transactionID": "T-1"}, **message}
    body = msgspec.json.encode([first] * 100)
    found = recorded(answered(body), 1000)
    assert found["Body"].startswith('[{"payload":')
    # The last one may be cut.
    assert found["Body"].count(MARK) >= found["Body"].count(MASKED) > 3
    assert MPAN not in found["Body"]
    assert found["Attributes"]["dip.body.cut"] is True
    assert found["Attributes"]["dip.body.sha256"] == hashlib.sha256(body).hexdigest()


def test_messages_that_look_like_others_within_are_not_kept() -> None:
    within = [{"x": 1}, *({"payload": MPAN} for _ in range(300))]
    body = msgspec.json.encode([{"payload": {"CommonBlock": {}, "CustomBlock": {"list": within}}}])
    found = recorded(answered(body), 1000)
    assert "Body" not in found
    assert found["Attributes"]["dip.body.sha256"] == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    ("body", "media", "name"),
    [
        (b"<p>", "text/html", RECEIVED),
        (b"mpan,role", "text/csv", RECEIVED),
        (b"not json " + MPAN.encode(), "json", SENT),
        (b"[" * 5000, "json", SENT),
        (b"\xff", "json", SENT),
    ],
)
def test_what_is_no_json_leaves_size_and_hash(body: bytes, media: str, name: str) -> None:
    found = recorded(answered(body, media, name))
    assert "Body" not in found
    assert found["Attributes"]["http.response.body.size"] == len(body)
    assert found["Attributes"]["dip.body.sha256"] == hashlib.sha256(body).hexdigest()


def test_a_body_on_several_lines_stands_on_one() -> None:
    body = b'{"messageArray": [\r\n {"transactionID": "T-1",\n "help": null}\n]}'
    recorder = Recorder(masker=MASKER, environment="DEV", version="1", body_bytes=1000)
    text = recorder.text(answered(body, "json", SENT), 1)
    assert b"\n" not in text
    assert msgspec.json.decode(text)["Body"] == msgspec.json.decode(body)


def test_a_trace_of_the_caller_is_taken_over() -> None:
    event = answered(b"{}")
    event.traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    assert (recorded(event)["TraceId"], recorded(event)["SpanId"]) == ("a" * 32, "b" * 16)
    event.traceparent = f"00-{MPAN}-x-01"
    assert "TraceId" not in recorded(event)
