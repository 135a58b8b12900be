"""What people do about certificates: bring a request, take the certificate away, trust an authority, make a drill."""

import asyncio
import zipfile

import pytest
from cryptography import x509

from dip.security.certificate_requests import signing_request
from dip.security.keys import new_tls_key
from tests.browser.office import Office
from tests.integration.trust.presenting import OutsideAuthority

pytestmark = pytest.mark.asyncio(loop_scope="module")
SUPPLIER = "2300000001"


@pytest.mark.requirement("FS-57", "FS-68")
async def test_somebody_brings_a_signing_request_and_takes_the_certificate_away(office: Office) -> None:
    async with office.sitting() as desk:
        page, key = desk.page, new_tls_key()
        await desk.open(f"/participants/{SUPPLIER}")
        await (
            page.get_by_role("navigation", name="Participant", exact=True)
            .get_by_role("link", name="Certificates")
            .click()
        )
        await page.get_by_label("Use").first.select_option("tls")
        await page.get_by_label("Signing request (PKCS#10, PEM)").fill(signing_request(key, SUPPLIER).decode())
        await desk.press("Issue")
        await desk.sees_heading("The certificate for tls is issued")
        async with page.expect_download() as waiting:
            await desk.go("Download tls.pem")
        path = await (await waiting.value).path()
        (leaf, *_) = x509.load_pem_x509_certificates(await asyncio.to_thread(path.read_bytes))
        assert leaf.public_key() == key.public_key()


@pytest.mark.requirement("FS-57", "FS-68")
async def test_somebody_finds_certificates_and_has_the_dip_renew_its_own(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Participants", "Certificates")
        await page.get_by_label("Holder").select_option(SUPPLIER)
        await page.get_by_label("Use").select_option("signing")
        await desk.press("Search")
        await desk.sees("1 certificate,")
        await desk.press("Renew")
        await desk.sees("The DIP uses its new certificate from now on.")


@pytest.mark.requirement("FS-57", "FS-68")
async def test_somebody_trusts_an_outside_authority_and_removes_it(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Participants", "Authorities")
        await page.get_by_label("Name, for people").fill("Harrier Trust")
        await page.get_by_label("Root certificate in PEM").fill(OutsideAuthority("Harrier").pem)
        await desk.press("Add it")
        await desk.sees("The authority is known from now on.")
        await desk.press("Remove Harrier Trust")
        await desk.sees("The authority was removed.")


@pytest.mark.requirement("FS-57", "FS-68")
async def test_somebody_makes_a_drill_and_takes_it_away(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Participants", "Drills")
        await page.get_by_label("Participant", exact=True).select_option(SUPPLIER)
        await desk.press("Make a set")
        await desk.sees_heading(f"Certificate drills of {SUPPLIER}")
        async with page.expect_download() as waiting:
            await desk.go("Download it with its keys")
        path = await (await waiting.value).path()
        assert await asyncio.to_thread(zipfile.is_zipfile, path)
