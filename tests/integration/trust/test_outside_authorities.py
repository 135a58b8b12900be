"""Authorities that are not this environment's: trusted, brought certificates of, removed; other environments (8.4)."""

import asyncio
import shutil
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from dip.security.keys import new_rsa_key, new_tls_key, to_pem
from dip.security.pki import Authority, CertificateUse
from tests.conftest import Serve
from tests.integration.delivery.conftest import send
from tests.integration.duties.desk import Desk, desk
from tests.integration.trust.presenting import (
    BOTH,
    REGISTRATION,
    SUPPLIER,
    OutsideAuthority,
    attempts,
    call,
    webhook,
)
from tests.support.platform import Platform, sample
from tests.support.waiting import until

OTHER_SUPPLIER = "2300000002"
PURPOSES = {"tls": BOTH}
USAGES = {"tls": "digital_signature", "signing": "digital_signature", "encryption": "key_encipherment"}


async def trusted(office: Desk, authority: OutsideAuthority, status: int = 201, **order: str) -> Any:
    """What the DIP says to an authority that it shall trust."""
    return await office.do("authorities", {"certificate": authority.pem, **order}, status=status)


async def brought(office: Desk, use: str, chain: Path, status: int = 201, holder: str = SUPPLIER) -> Any:
    """What the DIP says to a certificate that a participant brings."""
    order = {"use": use, "certificate": _text(chain)}
    return await office.do(f"participants/{holder}/certificates", order, status=status)


def written(authority: OutsideAuthority, folder: Path, use: str, **options: Any) -> Path:
    """A certificate of an outside authority, fit for its use."""
    fitting: dict[str, Any] = {"usage": USAGES[use], "purposes": PURPOSES.get(use, ()), "rsa_key": use != "tls"}
    return authority.write(folder / f"{use}.pem", SUPPLIER, **{**fitting, **options})


def _text(file: Path) -> str:
    return file.read_text()


def foreign(folder: Path, environment: str = "SIT") -> Authority:
    """Another environment's authority, with the supplier's certificates of it in the folder."""
    now = datetime.now(UTC)
    authority = Authority.create(environment, now)
    folder.mkdir(parents=True, exist_ok=True)
    for use, key in ((CertificateUse.TLS, new_tls_key()), (CertificateUse.SIGNING, new_rsa_key())):
        leaf = authority.issue(use, SUPPLIER, key.public_key(), now=now)
        is_tls = use is CertificateUse.TLS
        (folder / f"{use}.pem").write_bytes(authority.chain(leaf) if is_tls else leaf.public_bytes(Encoding.PEM))
        (folder / f"{use}.key").write_bytes(to_pem(key))
    return authority


@pytest.mark.requirement("FS-68", "FS-66", "FS-07")
async def test_certificates_of_a_trusted_authority_are_good_at_once_and_refused_at_once_when_it_is_removed(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve(profile="live") as platform, desk(platform) as office:
        outside = OutsideAuthority()
        own = shutil.copytree(platform.dip.directory / "participants" / SUPPLIER, tmp_path / "own")
        tls, signing = (written(outside, tmp_path / "outside", use) for use in ("tls", "signing"))
        with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
            await call(platform, tls=tls)
        added = await trusted(office, outside, name="Faster switching")
        assert (added["kind"], added["name"], added["author"]) == ("trusted", "Faster switching", "admin.token")
        unknown = await call(platform, tls=tls)
        assert (unknown.status, "is to be brought first" in unknown.help) == (401, True)
        assert (await call(platform, signing=signing)).status == 401
        held = await brought(office, "tls", tls)
        await brought(office, "signing", signing)
        assert (await call(platform, tls=tls, signing=signing)).status == 201
        assert held["origin"] == "outside"
        assert await brought(office, "tls", tls) == held
        removed = await office.delete(f"authorities/{added['fingerprint']}")
        assert removed["removedAt"] is not None
        refusals = (
            await call(platform, tls=tls, signing=own / "signing.pem"),
            await call(platform, tls=own / "tls.pem", signing=signing),
        )
        for refused in refusals:
            assert (refused.status, refused.code) == (403, "MSG1000")
            assert "is of an outside authority that is not trusted any more" in refused.help
        await brought(office, "signing", signing, status=400)
        assert (await office.ask("authorities"))["items"] == []
        assert (await call(platform, tls=own / "tls.pem", signing=own / "signing.pem")).status == 201
    async with serve(profile="live") as platform, desk(platform) as office:
        assert (await call(platform, tls=tls, signing=signing)).status == 403
        await trusted(office, outside)
        assert (await call(platform, tls=tls, signing=signing)).status == 201


@pytest.mark.requirement("FS-68", "FS-08")
async def test_messages_are_encrypted_to_the_certificate_that_was_brought_until_its_authority_is_removed(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve() as platform, desk(platform) as office:
        outside = OutsideAuthority()
        added = await trusted(office, outside)
        # Older than the one that the DIP issued: it counts from when it was brought.
        chain = written(outside, tmp_path, "encryption", begins=timedelta(days=-100))
        held = await brought(office, "encryption", chain)
        participants, now = platform.dip.participants.value, platform.dip.clock.wall()
        assert participants.current(SUPPLIER, CertificateUse.ENCRYPTION, now).fingerprint == held["fingerprint"]
        await office.delete(f"authorities/{added['fingerprint']}")
        participants = platform.dip.participants.value
        current = participants.current(SUPPLIER, CertificateUse.ENCRYPTION, now)
        assert current.fingerprint != held["fingerprint"]
        assert participants.encryptor(SUPPLIER) is participants.encryptor(SUPPLIER, now)


@pytest.mark.requirement("FS-66", "FS-68")
async def test_a_webhook_may_show_a_certificate_of_a_trusted_authority_and_no_more_once_it_is_removed(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve(profile="live", retry_first_s=0.05) as platform, desk(platform) as office:
        outside = OutsideAuthority()
        chain = written(outside, tmp_path, "tls")
        async with webhook(platform, chain) as calls:
            ((_, first, _),) = await send(platform)
            assert (await until(lambda: attempts(platform, first)))[0][0] == "Retrying"
            assert calls == []
            added = await trusted(office, outside)
            await until(lambda: calls)
            await office.delete(f"authorities/{added['fingerprint']}")
            ((_, second, _),) = await send(platform)
            state, note = (await until(lambda: attempts(platform, second)))[0]
            assert (state, len(calls)) == ("Retrying", 1)
            assert "unable to get local issuer certificate" in note


@pytest.mark.requirement("FS-66", "FS-68")
async def test_a_webhook_whose_certificate_was_revoked_is_sent_nothing_more(serve: Serve) -> None:
    async with serve(profile="live", retry_first_s=0.05) as platform, desk(platform) as office:
        folder = platform.dip.directory / "participants" / REGISTRATION
        async with webhook(platform, folder / "tls.pem") as calls:
            await send(platform)
            await until(lambda: calls)
            (held,) = platform.dip.participants.value.held_by(
                platform.credentials(REGISTRATION).identity.dip_id, CertificateUse.TLS
            )
            await office.delete(f"participants/{REGISTRATION}/certificates/{held.fingerprint}")
            ((_, transaction, _),) = await send(platform)
            state, note = (await until(lambda: attempts(platform, transaction)))[0]
            assert (state, len(calls)) == ("Retrying", 1)
            assert f"The server certificate of {REGISTRATION} was revoked at" in note


@pytest.mark.requirement("FS-60", "FS-68")
async def test_a_certificate_of_another_environment_is_refused_and_both_are_named(serve: Serve, tmp_path: Path) -> None:
    async with serve(profile="live") as platform, desk(platform) as office:
        authority = foreign(tmp_path / "sit")
        signed = await call(platform, signing=tmp_path / "sit" / "signing.pem")
        assert (signed.status, signed.code) == (403, "MSG1000")
        assert "The signing certificate was issued for SIT; this is DEV." in signed.help
        with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
            await call(platform, tls=tmp_path / "sit" / "tls.pem")
        order = {"certificate": (authority.root_pem + authority.issuing_pem).decode(), "kind": "environment"}
        added = await office.do("authorities", order, status=201)
        assert added["environment"] == "SIT"
        connected = await call(platform, tls=tmp_path / "sit" / "tls.pem")
        assert (connected.status, connected.code) == (403, "MSG1000")
        assert "The client certificate was issued for SIT; this is DEV." in connected.help
        refused = await brought(office, "signing", tmp_path / "sit" / "signing.pem", status=400)
        assert refused["code"] == "certificate_refused"
        order = {"certificate": (authority.root_pem + authority.issuing_pem).decode(), "kind": "trusted"}
        await office.delete(f"authorities/{added['fingerprint']}")
        assert "authority of the environment SIT" in (await office.do("authorities", order, status=400))["detail"]


@pytest.mark.requirement("FS-60")
async def test_a_webhook_of_another_environment_is_sent_nothing_though_its_authority_is_known(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve(profile="live", retry_first_s=0.05) as platform, desk(platform) as office:
        authority, key, now = foreign(tmp_path), new_tls_key(), datetime.now(UTC)
        order = {"certificate": authority.root_pem.decode(), "kind": "environment"}
        await office.do("authorities", order, status=201)
        leaf = authority.issue(
            CertificateUse.TLS, REGISTRATION, key.public_key(), now=now, names=("127.0.0.1", "localhost")
        )
        (tmp_path / "server.pem").write_bytes(authority.chain(leaf))
        (tmp_path / "server.key").write_bytes(to_pem(key))
        async with webhook(platform, tmp_path / "server.pem") as calls:
            ((_, transaction, _),) = await send(platform)
            assert (await until(lambda: attempts(platform, transaction)))[0][0] == "Retrying"
            assert calls == []


REFUSED_CERTIFICATES: Mapping[str, tuple[str, dict[str, Any], str]] = {
    "expired": ("tls", {"days": -1}, "it expired at"),
    "not yet valid": ("tls", {"begins": timedelta(days=2)}, "bring it then"),
    "no client authentication": ("tls", {"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "clientAuth"),
    "wrong usage for TLS": ("tls", {"usage": "key_encipherment"}, "keyUsage digitalSignature"),
    "wrong usage for signing": ("signing", {"usage": "key_encipherment"}, "digitalSignature or contentCommitment"),
    "wrong usage for encryption": ("encryption", {"usage": "digital_signature"}, "keyUsage keyEncipherment"),
    "an authority's own": ("signing", {"ca": True}, "expected the participant's own first"),
}


@pytest.mark.requirement("FS-68")
@pytest.mark.parametrize("name", REFUSED_CERTIFICATES)
async def test_a_certificate_that_does_not_fit_is_not_taken(serve: Serve, tmp_path: Path, name: str) -> None:
    use, options, expected = REFUSED_CERTIFICATES[name]
    async with serve() as platform, desk(platform) as office:
        outside = OutsideAuthority()
        await trusted(office, outside)
        refused = await brought(office, use, written(outside, tmp_path, use, **options), status=400)
        assert expected in refused["detail"]
        assert refused["code"] == "certificate_refused"


@pytest.mark.requirement("FS-68")
async def test_a_certificate_has_one_holder_and_one_use_and_a_chain_up_to_a_trusted_root(
    serve: Serve, tmp_path: Path
) -> None:
    async with serve() as platform, desk(platform) as office:
        outside = OutsideAuthority()
        chain = written(outside, tmp_path, "signing")
        unknown = await brought(office, "signing", chain, status=400)
        assert "nothing here, and no authority that is trusted, issued it" in unknown["detail"]
        await trusted(office, outside)
        bare = written(outside, tmp_path / "bare", "signing", chained=False)
        await brought(office, "signing", bare)
        await brought(office, "signing", chain)
        assert "Another participant" in (await brought(office, "signing", chain, 409, OTHER_SUPPLIER))["detail"]
        assert "held for signing" in (await brought(office, "tls", chain, status=409))["detail"]
        await brought(office, "dip-encryption", chain, status=400)
        both = {"use": "tls", "csr": "x", "certificate": "y"}
        await office.do(f"participants/{SUPPLIER}/certificates", both, status=400)
        key = chain.with_suffix(".key").read_text()
        order = {"use": "signing", "certificate": key + chain.read_text()}
        disclosed = await office.do(f"participants/{SUPPLIER}/certificates", order, status=400)
        assert "it has been disclosed" in disclosed["detail"]
        assert not (platform.dip.directory / "participants" / SUPPLIER / "signing.key").exists()


REFUSED_AUTHORITIES: Mapping[str, tuple[dict[str, Any], str]] = {
    "expired": ({"days": -1}, "it expired at"),
    "no authority": ({"ca": False}, "basicConstraints CA:TRUE"),
    "short key": ({"bits": 1024}, "RSA of 2048 to 4096 bits"),
}


@pytest.mark.requirement("FS-68")
@pytest.mark.parametrize("name", REFUSED_AUTHORITIES)
async def test_an_authority_that_can_not_be_trusted_is_not_added(serve: Serve, name: str) -> None:
    options, expected = REFUSED_AUTHORITIES[name]
    async with serve() as platform, desk(platform) as office:
        refused = await trusted(office, OutsideAuthority(**options), status=400)
        assert expected in refused["detail"]
        assert refused["code"] == "authority_refused"


@pytest.mark.requirement("FS-68")
async def test_authorities_are_added_once_listed_and_removed_by_page_and_call(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        outside = OutsideAuthority("Faster")
        for pem in ("", "no PEM at all", _leafless(outside)):
            await office.do("authorities", {"certificate": pem}, status=400)
        own = (platform.dip.directory / "ca.pem").read_text()
        assert "own authority" in (await office.do("authorities", {"certificate": own}, status=400))["detail"]
        await office.do("authorities", {"certificate": outside.pem, "kind": "environment"}, status=400)
        await trusted(office, outside)
        await trusted(office, outside, status=409)
        (listed,) = (await office.ask("authorities"))["items"]
        assert listed["subject"] == "CN=Faster root"
        assert "CN=Faster root" in await office.page("/authorities")
        await office.send_form("/authorities", do="remove", fingerprint=listed["fingerprint"])
        assert "None. Only certificates that this environment issued" in await office.page("/authorities")
        await office.delete(f"authorities/{listed['fingerprint']}", status=404)
        again = await office.send_form("/authorities", do="add", certificate=outside.pem, kind="trusted", name="Again")
        assert "Again" in again
        wrong = await office.send_form("/authorities", do="add", certificate="nothing", kind="trusted")
        assert "Nothing was changed" in wrong


def _leafless(authority: OutsideAuthority) -> str:
    """The issuing certificate without its root."""
    return authority.issuing.public_bytes(Encoding.PEM).decode()


@pytest.mark.requirement("FS-68")
async def test_messages_flow_while_authorities_come_and_go(serve: Serve, tmp_path: Path) -> None:
    async with serve(profile="live") as platform, desk(platform) as office:
        registration = await platform.listener(REGISTRATION, "IF-031")
        client = await platform.client(SUPPLIER)

        async def sending() -> int:
            for _ in range(20):
                assert (await client.send("IF-031", [sample("if-031")])).all_accepted
            return 20

        task = asyncio.create_task(sending())
        for number in range(4):
            added = await trusted(office, OutsideAuthority(f"Outside {number}"))
            await office.delete(f"authorities/{added['fingerprint']}")
        for _ in range(await task):
            await registration.next(5)
        known = {one.subject.rfc4514_string() for one in x509.load_pem_x509_certificates(_kept(platform))}
        assert {f"CN=Outside {number} root" for number in range(4)} <= known


def _kept(platform: Platform) -> bytes:
    """The PEM of every authority that was ever known."""
    return "".join(one.pem for one in platform.dip.store.authorities.all()).encode()
