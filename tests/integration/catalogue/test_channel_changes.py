"""Channels changed by the administration API: checked, versioned, kept, compared, undone (5.3)."""

from typing import Any

import msgspec
import pytest
import yaml

from dip.ground.errors import SetupRefused
from dip.store.catalogue import CatalogueVersion
from tests.conftest import Serve
from tests.integration.catalogue.office import (
    METER_SERVICE,
    REGISTRATION,
    SUPPLIER,
    Office,
    message_for,
    office,
    renamed,
    shipped,
)
from tests.integration.delivery.conftest import Receive, send
from tests.support.platform import changed, sample

FAULTY = """\
id: IF-931
template: pattern-a
name: Faulty
publication: PUB-931
category: 77
senders: [SUP, NOBODY]
routing: {primary: [REGS], secondary: [], always: []}
correlation: sometimes
events:
  DSApp: {meaning: Appoint}
formats:
  DSApp:
    custom: [B999]
"""


async def versions(desk: Office, channel: str) -> list[tuple[int, int | None, bool]]:
    """Number, base and whether it removed the channel, of every version, newest first."""
    said = await desk.ask("GET", f"/{channel}/versions")
    return [(one["version"], one["base"], one["removed"]) for one in said.body["items"]]


@pytest.mark.requirement("FS-11", "FS-10")
async def test_a_new_channel_takes_its_first_message_right_after_the_answer(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform, office(platform) as desk:
        said = await desk.put("IF-930", renamed("IF-930"))
        assert said.status == 201
        assert (said.body["version"], said.headers["ETag"]) == (1, '"1"')
        registration = await receive(platform, REGISTRATION, "IF-930")
        client = await platform.client(SUPPLIER)
        result = await client.send("IF-930", [message_for("IF-930")])
        assert await registration.received(1) == [one.reference for one in result.accepted]


async def test_a_definition_may_come_as_json(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        definition = yaml.load(renamed("IF-930"), yaml.CSafeLoader)
        assert (await desk.ask("PUT", "/IF-930", json=definition)).status == 201
        kept = (await desk.ask("GET", "/IF-930")).body["definition"]
        assert yaml.load(kept, yaml.CSafeLoader) == definition


@pytest.mark.requirement("FS-11")
async def test_a_faulty_definition_is_refused_with_every_fault_and_changes_nothing(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        before = platform.dip.registry.value
        said = await desk.put("IF-930", FAULTY)
        assert said.status == 400
        assert said.body["code"] == "definition_refused"
        places = {(one["file"], one["line"]) for one in said.body["faults"]}
        assert {("interfaces/IF-930.yaml", line) for line in (1, 5, 6, 8, 13)} <= places
        assert all(one["column"] > 0 and one["reason"] for one in said.body["faults"])
        assert platform.dip.registry.value is before
        assert (await desk.ask("GET", "/IF-930/versions")).status == 404


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id: IF-930\n  name: [", "mapping values are not allowed"),
        ("", "the file is empty"),
        ("- a\n", "expected keys and values"),
        ("id: IF-930\nsenders: &all [SUP]\noptional_roles: *all\n", "aliases are not used"),
        ("id: " + "[" * 40 + "]" * 40, "nested deeper than 30"),
        ("# " + "x" * 300_000, "expected at most 256 kB"),
    ],
    ids=["no YAML", "empty", "a list", "an alias", "deep", "large"],
)
async def test_a_text_that_is_no_definition_is_refused_with_its_place(serve: Serve, text: str, reason: str) -> None:
    async with serve() as platform, office(platform) as desk:
        said = await desk.put("IF-930", text)
        assert said.status == 400
        assert any(reason in one["reason"] for one in said.body["faults"]), said.body


@pytest.mark.parametrize("channel", ["if-930", "all", "statusmessage", "IF-" + "9" * 30, "IF-930%2F.."])
async def test_an_id_that_no_channel_can_have_is_refused(serve: Serve, channel: str) -> None:
    async with serve() as platform, office(platform) as desk:
        assert (await desk.put(channel, renamed("IF-930"))).status in {400, 404}


@pytest.mark.requirement("FS-11", "FS-10")
async def test_changes_outlive_a_restart(serve: Serve) -> None:
    async with serve(profile="live") as platform, office(platform) as desk:
        assert (await desk.put("IF-930", renamed("IF-930"))).status == 201
        assert (await desk.ask("DELETE", "/IF-036")).status == 204
        assert (await desk.ask("POST", "/IF-031/senders", json={"add": ["MSS"]})).status == 200
    async with serve(profile="live") as platform, office(platform) as desk:
        client = await platform.client(SUPPLIER)
        assert (await client.send("IF-930", [message_for("IF-930")])).all_accepted
        assert (await desk.ask("GET", "/IF-036")).status == 404
        again = (await desk.ask("GET", "/IF-031")).body
        assert (again["senders"], again["version"]) == (["MSS", "SUP"], 1)
        assert await versions(desk, "IF-036") == [(1, 0, True), (0, None, False)]


@pytest.mark.requirement("FS-11")
async def test_senders_are_added_and_struck(serve: Serve) -> None:
    async with serve(profile="live") as platform, office(platform) as desk:
        meter_service = await platform.client(METER_SERVICE)
        role = platform.credentials(METER_SERVICE).identity.role
        message = changed(sample("if-031"), "CommonBlock.S1.senderDIPID", METER_SERVICE)
        message = changed(message, "CommonBlock.S1.senderRoleID", role)
        assert (await meter_service.send("IF-031", [message])).status == 403
        said = await desk.ask("POST", "/IF-031/senders", json={"add": [role]})
        assert role in said.body["senders"]
        assert (await meter_service.send("IF-031", [message])).all_accepted
        await desk.ask("POST", "/IF-031/senders", json={"remove": [role]})
        late = changed(message, "CommonBlock.S1.senderUniqueReference", "S-IF-031-1200000001-MSS-20260321-2")
        assert (await meter_service.send("IF-031", [late])).status == 403
        definition = (await desk.ask("GET", "/IF-031")).body["definition"]
        assert definition == shipped("IF-031")


@pytest.mark.requirement("FS-11")
async def test_a_recipient_added_by_class_gets_the_next_message(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform, office(platform) as desk:
        market_wide = next(one for one in platform.dip.participants.value if "MDS" in one.roles)
        added = await desk.ask("POST", "/IF-031/recipients", json={"add": [{"role": "MDS", "class": "always"}]})
        assert added.status == 200, added.body
        receiver = await receive(platform, market_wide.dip_id, "IF-031")
        ((reference, _, _),) = await send(platform)
        assert await receiver.received(1) == [reference]
        struck = await desk.ask("POST", "/IF-031/recipients", json={"remove": [{"role": "MDS"}]})
        assert struck.body["recipients"] == ["REGS"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/IF-031/senders", {"add": ["NOBODY"]}),
        ("/IF-031/senders", {"plus": ["MSS"]}),
        ("/IF-031/recipients", {"add": [{"role": "MSS"}]}),
        ("/IF-031/recipients", {"add": [{"role": "MSS", "class": "fourth"}]}),
        ("/IF-031/undo", {"version": 7}),
        ("/IF-031/undo", {"version": -1}),
        ("/IF-031/undo", {}),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(serve: Serve, path: str, body: Any) -> None:
    async with serve() as platform, office(platform) as desk:
        assert (await desk.ask("POST", path, json=body)).status == 400
        assert await versions(desk, "IF-031") == [(0, None, False)]


@pytest.mark.requirement("FS-11")
async def test_versions_are_compared_and_undone(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        await desk.put("IF-031", shipped("IF-031").replace("category: 2", "category: 1"))
        said = await desk.ask("GET", "/IF-031/diff")
        assert (said.body["from"], said.body["to"]) == (0, 1)
        assert "-category: 2\n+category: 1" in said.body["text"]
        assert "~ IF-031 category: 2 -> 1" in said.body["items"]
        assert (await desk.ask("GET", "/IF-031")).body["encrypted"] is False
        undone = await desk.ask("POST", "/IF-031/undo", json={"version": 0, "reason": "Too open"})
        assert (undone.body["version"], undone.body["category"]) == (2, 2)
        assert await versions(desk, "IF-031") == [(2, 0, False), (1, 0, False), (0, None, False)]
        assert (await desk.ask("GET", "/IF-031/diff?from=0&to=2")).body["text"] == ""
        assert (await desk.ask("GET", "/IF-031/diff?from=0&to=9")).status == 404


async def test_a_removal_is_undone_and_what_was_new_is_undone_to_nothing(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        await desk.ask("DELETE", "/IF-031")
        assert (await desk.ask("POST", "/IF-031/undo", json={"version": 0})).status == 200
        await desk.put("IF-930", renamed("IF-930"))
        assert (await desk.ask("POST", "/IF-930/undo", json={"version": 0})).status == 204
        assert (await desk.ask("GET", "/IF-930")).status == 404
        assert await versions(desk, "IF-930") == [(2, 0, True), (1, 0, False)]


async def test_a_change_of_something_that_was_changed_meanwhile_is_refused(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        seen = await desk.ask("GET", "/IF-031")
        text = seen.body["definition"]
        assert (await desk.put("IF-031", text + "# one\n", **{"If-Match": seen.headers["ETag"]})).status == 200
        assert (await desk.put("IF-031", text + "# two\n", **{"If-Match": seen.headers["ETag"]})).status == 409
        assert (await desk.ask("DELETE", "/IF-031", headers={"If-Match": '"0"'})).status == 409


async def test_the_same_definition_again_is_no_version(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        assert (await desk.put("IF-031", shipped("IF-031"))).body["version"] == 0
        assert await versions(desk, "IF-031") == [(0, None, False)]


async def test_who_made_a_change_and_why_stands_beside_it(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        await desk.ask("PUT", "/IF-930?reason=A%20trial", text=renamed("IF-930"))
        (one,) = (await desk.ask("GET", "/IF-930/versions")).body["items"]
        assert (one["by"], one["reason"]) == ("admin.token", "A trial")


@pytest.mark.requirement("FS-11", "FS-26")
async def test_what_waits_goes_out_under_the_definition_it_came_in_with(serve: Serve, receive: Receive) -> None:
    async with serve(profile="spec") as platform, office(platform) as desk:
        ((first, _, _),) = await send(platform)
        hidden = "obfuscation: {REGS: [CustomBlock.B071.contractReferenceDataService]}\n"
        changed_text = shipped("IF-031").replace("category: 2", "category: 1") + hidden
        assert (await desk.put("IF-031", changed_text)).status == 200
        client = await platform.client(SUPPLIER)
        later = await client.send("IF-031", [sample("if-031")], encrypt=False)
        assert later.all_accepted, later
        registration = await receive(platform, REGISTRATION, "IF-031")
        assert await registration.received(2) == [first, later.accepted[0].reference]
        before, after = (element["payload"]["CustomBlock"] for call in registration.calls for element in call.elements)
        assert isinstance(before, str)
        opened = msgspec.json.decode(registration.credentials.decryptor.decrypt(before))
        assert "contractReferenceDataService" in opened["B071"]
        assert "contractReferenceDataService" not in after["B071"]


@pytest.mark.requirement("FS-11")
async def test_what_waits_on_a_removed_channel_is_delivered(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform, office(platform) as desk:
        ((reference, _, _),) = await send(platform)
        assert (await desk.ask("DELETE", "/IF-031?reason=Over")).status == 204
        # A webhook for a channel that there no longer is can't be set; `all` of the spec profile can.
    async with serve(profile="spec") as platform:
        registration = await receive(platform, REGISTRATION, "all")
        assert await registration.received(1) == [reference]


async def test_a_stored_change_that_no_longer_fits_is_named_at_the_next_start(serve: Serve) -> None:
    async with serve() as platform:
        old = CatalogueVersion(
            name="interfaces/IF-930.yaml",
            version=1,
            at=platform.dip.clock.now(),
            author="admin",
            text=renamed("IF-930").replace("category: 2", "category: 77"),
            base=0,
            reason="An earlier release had this category",
        )
        await platform.dip.store.catalogue.add_version(old)
    with pytest.raises(SetupRefused, match=r"IF-930.yaml version 1(.|\n)*no security category 77"):
        async with serve():
            pass


@pytest.mark.requirement("FS-10", "FS-21")
async def test_what_a_channel_says_about_appointments_is_changed_and_shown(serve: Serve) -> None:
    async with serve() as platform, office(platform) as desk:
        first = (await desk.ask("GET", "/IF-009")).body
        rules = {one["code"]: one["appointments"] for one in first["eventDetails"]}
        assert rules["[MPANReconnection]"] == ["resume * from CustomBlock.B098.reconnectionEffectiveFromDate"]
        refused = await desk.put("IF-009", shipped("IF-009").replace("{resume: '*'", "{resume: [SUP]"))
        assert refused.status == 400
        assert "expected '*': all that ended together goes on" in str(refused.body)
        definition = yaml.safe_load(shipped("IF-009"))
        del definition["appointments"]["MPANReconnection"]
        said = await desk.ask("PUT", "/IF-009", json=definition)
        assert said.status == 200, said.body
        assert {one["code"]: len(one["appointments"]) for one in said.body["eventDetails"]} == {
            "[CSSDeRegistration]": 1,
            "[MPANDisconnection]": 1,
            "[MPANReconnection]": 0,
        }
        found = (await desk.ask("GET", "/IF-009/diff?from=0&to=1")).body
        assert any("[MPANReconnection] appointments: resume" in item for item in found["items"])
