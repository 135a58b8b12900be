"""Certificates that are wrong on purpose: what the page says of each is what happens, over real TLS (8.4)."""

import io
import ssl
import stat
import zipfile
from pathlib import Path

import pytest
from cryptography import x509

from dip.http.portal.drill_table import ENCRYPTION, ROWS, Expected, shown
from dip.participants.presented import Drill
from dip.security.pki import CertificateUse, common_name_of
from tests.conftest import Serve
from tests.integration.delivery.conftest import send
from tests.integration.duties.desk import desk
from tests.integration.trust.presenting import (
    REGISTRATION,
    SUPPLIER,
    attempts,
    call,
    webhook,
)
from tests.support.platform import Platform
from tests.support.waiting import until

KINDS = len(Drill)
USES = 3


async def set_of(platform: Platform, dip_id: str = SUPPLIER) -> Path:
    """Where a new set of a participant lies."""
    async with desk(platform) as office:
        await office.do(f"participants/{dip_id}/drills", status=201)
    return platform.dip.directory / "participants" / dip_id / "drills"


def words(expected: Expected, folder: Path, holder: str) -> str:
    """What the table says, about this set."""
    named = x509.load_pem_x509_certificate((folder / "wrong-name" / "tls.pem").read_bytes())
    return shown(expected, {"holder": holder, "other": common_name_of(named), "here": "DEV", "there": "SIT"})


@pytest.mark.requirement("FS-68", "FS-60", "FS-66")
async def test_a_client_sees_of_each_kind_what_the_table_says(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        folder = await set_of(platform)
        for row in ROWS.values():
            expected, chain = row.client, folder / row.kind / "tls.pem"
            if expected.status is None:
                with pytest.raises(ssl.SSLError) as ended:
                    await call(platform, tls=chain)
                assert words(expected, folder, SUPPLIER).lower() in str(ended.value).lower().replace("_", " ")
                await until(lambda: "client_certificate_refused_by_tls" in platform.log.getvalue())
                continue
            answer = await call(platform, tls=chain)
            taken = expected.status < 300
            assert answer.status == (201 if taken else expected.status), (row.kind, answer)
            assert words(expected, folder, SUPPLIER) in answer.help or taken, row.kind
            assert answer.code == (expected.code or "MSG0000"), row.kind
        assert (await call(platform)).status == 201


@pytest.mark.requirement("FS-68", "FS-60", "FS-07")
async def test_a_signature_with_each_kind_is_answered_as_the_table_says(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        folder = await set_of(platform)
        for row in ROWS.values():
            expected = row.signing
            answer = await call(platform, signing=folder / row.kind / "signing.pem")
            assert expected.status is not None
            taken = expected.status < 300
            assert answer.status == (201 if taken else expected.status), (row.kind, answer)
            assert words(expected, folder, SUPPLIER) in answer.help or taken, row.kind
            assert answer.code == (expected.code or "MSG0000"), row.kind


@pytest.mark.requirement("FS-68", "FS-66")
@pytest.mark.parametrize("kind", list(Drill))
async def test_a_webhook_that_shows_each_kind_gets_what_the_table_says(serve: Serve, kind: Drill) -> None:
    async with serve(profile="live", retry_first_s=0.05) as platform:
        folder = await set_of(platform, REGISTRATION)
        expected = ROWS[kind].server
        async with webhook(platform, folder / kind / "tls.pem") as calls:
            ((_, transaction, _),) = await send(platform)
            state, note = (await until(lambda: attempts(platform, transaction)))[0]
            assert state == expected.state, note
            assert words(expected, folder, REGISTRATION) in note
            assert bool(calls) == (expected.state == "Delivered")


@pytest.mark.requirement("FS-68", "FS-08")
async def test_the_dip_neither_decrypts_nor_encrypts_with_any_of_them(serve: Serve) -> None:
    async with serve() as platform:
        folder = await set_of(platform)
        before = platform.dip.participants.value.encryptor(SUPPLIER, platform.dip.clock.wall())
        for kind in Drill:
            answer = await call(platform, encrypted=folder / kind / "encryption.pem")
            assert answer.status == ENCRYPTION.status
            assert ENCRYPTION.words in answer.help
        assert platform.dip.participants.value.encryptor(SUPPLIER, platform.dip.clock.wall()) is before
        held = platform.dip.participants.value.held_by(SUPPLIER, CertificateUse.ENCRYPTION)
        assert [one.drill for one in held] == [""]


@pytest.mark.requirement("FS-68")
async def test_an_alarm_tells_of_the_one_that_is_about_to_expire(serve: Serve) -> None:
    async with serve(alarm_check_s=0.05) as platform, desk(platform) as office:
        await set_of(platform)

        async def raised() -> bool:
            found = (await office.ask("alarms?state=open"))["items"]
            told = [one["subject"] for one in found if one["kind"] == "certificate_expires"]
            return bool(told) and all(subject.startswith(f"{SUPPLIER} drill within") for subject in told)

        await until(raised)


@pytest.mark.requirement("FS-68")
async def test_a_set_is_listed_and_downloaded_with_its_keys_and_a_further_one_replaces_it(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        assert (await office.ask(f"participants/{SUPPLIER}/drills"))["items"] == []
        await office.ask(f"participants/{SUPPLIER}/drills.zip", status=404)
        first = await office.do(f"participants/{SUPPLIER}/drills", status=201)
        listed = await office.ask(f"participants/{SUPPLIER}/drills")
        assert listed == first
        assert len({one["fingerprint"] for one in listed["items"]}) == KINDS * USES
        token = (platform.dip.directory / "admin.token").read_text().strip()
        client = office._session
        async with client.get(f"/admin/api/participants/{SUPPLIER}/drills.zip") as answer:
            assert answer.content_type == "application/zip"
            names = zipfile.ZipFile(io.BytesIO(await answer.read())).namelist()
        assert token not in names
        assert {one["file"] for one in listed["items"]} <= set(names)
        assert {one["file"].replace(".pem", ".key") for one in listed["items"]} <= set(names)
        folder = platform.dip.directory / "participants" / SUPPLIER / "drills"
        assert {stat.S_IMODE(key.stat().st_mode) for key in folder.rglob("*.key")} == {0o600}
        second = await office.do(f"participants/{SUPPLIER}/drills", status=201)
        assert await office.ask(f"participants/{SUPPLIER}/drills") == second
        known = [one for one in platform.dip.participants.value.certificates() if one.drill]
        assert len(known) == KINDS * USES
        await office.do("participants/9999999999/drills", status=404)
        await office.do("participants/0000000001/drills", status=400)


@pytest.mark.requirement("FS-68")
async def test_a_revoked_one_stands_in_the_revocation_list(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        folder = await set_of(platform)
        async with office._session.get("/crl") as answer:
            listed = x509.load_der_x509_crl(await answer.read())
        revoked = x509.load_pem_x509_certificate((folder / "revoked" / "tls.pem").read_bytes())
        good = x509.load_pem_x509_certificate((folder / "about-to-expire" / "tls.pem").read_bytes())
        assert listed.get_revoked_certificate_by_serial_number(revoked.serial_number) is not None
        assert listed.get_revoked_certificate_by_serial_number(good.serial_number) is None


@pytest.mark.requirement("FS-68")
async def test_the_page_says_of_each_kind_what_the_table_says(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        general = await office.page("/drills")
        await set_of(platform)
        own = await office.page(f"/drills/{SUPPLIER}")
        for row in ROWS.values():
            assert f'id="{row.kind}"' in general
            assert row.title in own
        assert "The client certificate of your DIP id expired at" in general
        assert f"The client certificate of {SUPPLIER} expired at" in own
        assert "was issued for SIT; this is DEV." in own
        assert f"/admin/api/participants/{SUPPLIER}/drills.zip" in own


@pytest.mark.requirement("FS-68")
async def test_what_the_dip_knows_of_a_set_survives_a_restart(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        folder = await set_of(platform)
    async with serve(profile="live") as platform:
        answer = await call(platform, tls=folder / "wrong-environment" / "tls.pem")
        assert (answer.status, "was issued for SIT; this is DEV" in answer.help) == (403, True)
        again = await set_of(platform)
        assert (await call(platform, tls=again / "wrong-environment" / "tls.pem")).status == 403
        async with desk(platform) as office:
            assert len((await office.ask("authorities"))["items"]) == 1
