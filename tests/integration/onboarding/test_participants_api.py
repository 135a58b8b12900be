"""Participants over the administration API: added, changed, signed up, with keys of their own (FS-41, FS-43)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.conftest import Serve
from tests.integration.duties.desk import Desk, desk
from tests.integration.routing.traffic import appoint, appointment, made_up, queued_for, send
from tests.support.platform import Platform, changed, sample

NEW = {"mpid": "NEWS", "name": "New Supply", "roles": ["SUP"]}
RETRIEVER = "1600000001"
OPTIONAL = ["IF-006", "IF-008", "IF-024", "IF-026"]


@asynccontextmanager
async def calling(platform: Platform) -> AsyncIterator[Any]:
    """Calls of the administration API with any method."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    async with aiohttp.ClientSession(platform.dip.portal_url, headers={"Authorization": f"Bearer {token}"}) as session:

        async def call(method: str, path: str, order: Any = None, status: int = 200) -> Any:
            async with session.request(method, f"/admin/api/participants{path}", json=order) as answer:
                assert answer.status == status, await answer.text()
                return await answer.json(content_type=None) if await answer.read() else None

        yield call


@pytest.mark.requirement("FS-43", "FS-58")
async def test_a_participant_is_added_with_folder_key_and_channels(serve: Serve) -> None:
    async with serve(api_key_required=True) as platform, calling(platform) as call:
        made = await call("POST", "", {**NEW, "company": "10000001", "companyName": "New Group"}, 201)
        assert (made["dipId"], made["company"], made["companyName"]) == ("2300000003", "10000001", "New Group")
        assert "IF-031" in made["channels"]["sends"]
        assert made["channels"]["offered"] == []
        folder = platform.dip.directory / "participants" / "2300000003"
        assert sorted(path.name for path in folder.iterdir()) == [
            *("dip-encryption.pem", "encryption.key", "encryption.pem", "participant.json"),
            *("signing.key", "signing.pem", "tls.key", "tls.pem"),
        ]
        message = changed(sample("if-031"), "CommonBlock.S1.senderDIPID", "2300000003")
        assert await queued_for(platform, await send(platform, message))
        assert (await call("GET", "/2300000003"))["apiKey"] is None
        await call("POST", "", {**NEW, "dipId": "2300000003"}, 409)


@pytest.mark.requirement("FS-43")
async def test_a_new_api_key_voids_the_old_one(serve: Serve) -> None:
    async with serve(api_key_required=True) as platform, calling(platform) as call:
        before = await platform.client("2300000001")
        after = await call("PATCH", "/2300000001", {"newApiKey": True})
        assert after["apiKey"]
        assert (await before.call("GET", "/dip-channel/IF-001/messages/2300000001")).status == 401
        renewed = await platform.client("2300000001")
        assert renewed.credentials.identity.api_key == after["apiKey"]
        assert (await renewed.call("GET", "/dip-channel/IF-001/messages/2300000001")).status == 204


def _request() -> str:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "anything")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()


@pytest.mark.requirement("FS-43", "FS-58")
async def test_a_participant_may_bring_its_own_keys(serve: Serve) -> None:
    async with serve() as platform, calling(platform) as call:
        made = await call("POST", "", {**NEW, "csr": {"tls": _request(), "signing": _request()}}, 201)
        folder = platform.dip.directory / "participants" / made["dipId"]
        assert sorted(path.name for path in folder.glob("*.key")) == ["encryption.key"]
        refusal = await call("POST", "", {**NEW, "csr": {"dip-encryption": _request()}}, 400)
        assert "/csr" in refusal["detail"]
        await call("POST", "", {**NEW, "csr": {"tls": "no request"}}, 400)


@pytest.mark.requirement("FS-43")
@pytest.mark.parametrize(
    ("order", "places"),
    [
        ({**NEW, "mpid": "short", "roles": ["KING", "DIP"]}, ["/mpid", "/roles/0", "/roles/1"]),
        ({**NEW, "roles": []}, ["/roles"]),
        ({**NEW, "dipId": "../../../x"}, ["/dipId"]),
        ({**NEW, "dipId": "0000000001"}, ["/dipId"]),
        ({**NEW, "name": " ", "company": "a b"}, ["/name", "/company"]),
        ({**NEW, "optionalRoles": ["REGS"]}, ["/optionalRoles/0", "MDR, MRS"]),
        ({**NEW, "optionalChannels": ["IF-006", "IF-031"]}, ["/optionalChannels/0", "/optionalChannels/1"]),
        ({**NEW, "colour": "red"}, ["colour"]),
    ],
)
async def test_a_bad_order_is_refused_with_every_place(serve: Serve, order: Any, places: list[str]) -> None:
    async with serve() as platform, calling(platform) as call:
        refusal = await call("POST", "", order, 400)
        assert all(place in refusal["detail"] for place in places), refusal
        assert len(platform.dip.participants.value) == 26


@pytest.mark.requirement("FS-43")
async def test_names_and_roles_change_and_unknown_participants_are_not_found(serve: Serve) -> None:
    async with serve() as platform, calling(platform) as call:
        order = {"mpid": "KEST", "name": "Kestrel", "roles": ["SUP", "LDSO"], "company": "20000001", "companyName": "K"}
        after = await call("PATCH", "/2300000001", order)
        assert (after["mpid"], after["name"], after["roles"], after["companyName"]) == (
            *("KEST", "Kestrel", ["SUP", "LDSO"], "K"),
        )
        assert platform.credentials("2300000001").identity.mpid == "KEST"
        assert (await call("PATCH", "/2300000001", {}))["roles"] == ["SUP", "LDSO"]
        for method in ("GET", "PATCH", "DELETE"):
            await call(method, "/9999999999", {} if method == "PATCH" else None, 404)
        await call("DELETE", "/0000000001", status=400)
        await call("PATCH", "/2300000001", {"roles": []}, 400)


@pytest.mark.requirement("FS-40", "FS-68")
async def test_who_left_gets_no_certificate_until_it_comes_back(serve: Serve) -> None:
    async with serve() as platform, calling(platform) as call:
        (signing,) = await _of_use(call, "signing")
        await call("DELETE", "/2300000001", status=204)
        for path in ("certificates", "certificates/renew"):
            said = await call("POST", f"/2300000001/{path}", {"use": "tls"}, 400)
            assert "takes no part any more" in said["detail"]
        assert (await _of_use(call, "signing"))[0]["revokedAt"] is not None
        await call("DELETE", f"/2300000001/certificates/{signing['fingerprint']}")
        await call("POST", "", {**NEW, "dipId": "2300000001"}, 201)
        await call("POST", "/2300000001/certificates", {"use": "tls"}, 201)


async def _of_use(call: Any, use: str) -> list[dict[str, Any]]:
    found = (await call("GET", "/2300000001/certificates"))["items"]
    return [one for one in found if one["use"] == use]


async def _notified(platform: Platform, mpan: str) -> list[str]:
    """Who gets an IF-024 about an MPAN."""
    message = made_up(platform, "IF-024", "[SN-Vacant]", "2300000001", "SUP")
    message = changed(message, "CommonBlock.M0.MPANCore", mpan)
    return await queued_for(platform, await send(platform, message))


@pytest.mark.requirement("FS-41")
async def test_an_optional_channel_reaches_only_who_signed_up(serve: Serve) -> None:
    async with serve(profile="live") as platform, calling(platform) as call, desk(platform) as office:
        mpan = "2099999999999"
        await appoint(platform, mpan, appointment("SDS", "1400000001"), appointment("MDR", RETRIEVER))
        seeded = await call("GET", f"/{RETRIEVER}")
        assert seeded["optionalChannels"] == seeded["channels"]["offered"] == OPTIONAL
        assert await _notified(platform, mpan) == ["1400000001", RETRIEVER]
        fewer = await call("PATCH", f"/{RETRIEVER}", {"optionalChannels": ["IF-006"]})
        assert "IF-024" not in fewer["channels"]["receives"]
        assert await _notified(platform, mpan) == ["1400000001"]
        assert await _withdrawn(office, RETRIEVER) == 1
        client = await platform.client(RETRIEVER)
        refused = await client.call("GET", f"/dip-channel/IF-024/messages/{RETRIEVER}")
        assert refused.status == 403
        assert b"optional" in refused.body
        await call("PATCH", f"/{RETRIEVER}", {"optionalChannels": OPTIONAL})
        assert await _notified(platform, mpan) == ["1400000001", RETRIEVER]
        assert await _withdrawn(office, RETRIEVER) == 1


async def _withdrawn(office: Desk, recipient: str) -> int:
    sheet = await office.ask("balance")
    assert sheet["balanced"]
    return sum(one["withdrawn"] for one in sheet["items"] if one["recipient"] == recipient)


@pytest.mark.requirement("FS-41")
async def test_an_optional_role_is_signed_up_for_and_stays_beside_the_others(serve: Serve) -> None:
    async with serve() as platform, calling(platform) as call:
        after = await call("PATCH", "/1400000001", {"optionalRoles": ["MDR"], "optionalChannels": ["IF-026"]})
        assert (after["roles"], after["optionalRoles"]) == (["SDS", "MDR"], ["MDR"])
        assert "IF-061" in after["channels"]["receives"]
        # As a data service it has the channel anyway; as a meter data retriever because it signed up.
        assert after["optionalChannels"] == ["IF-026"]
        changed_roles = await call("PATCH", "/1400000001", {"roles": ["ADS"]})
        assert changed_roles["roles"] == ["ADS", "MDR"]
        gone = await call("PATCH", "/1400000001", {"optionalRoles": []})
        assert (gone["roles"], gone["optionalChannels"]) == (["ADS"], [])
