"""The pages of certificates, as a person uses them (FS-57, FS-58, FS-68)."""

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

import aiohttp
import msgspec
import pytest
from argon2 import PasswordHasher
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.security.certificate_requests import signing_request
from dip.security.keys import new_tls_key
from dip.store.users import User
from tests.conftest import Serve
from tests.integration.duties.desk import desk
from tests.support.platform import Platform

SUPPLIER, OTHER = "2300000001", "2200000001"
PAGE = f"/participants/{SUPPLIER}/certificates"
NAME, PASSWORD = "kestrel", "a-long-enough-password-of-Kestrel"


class Browser:
    """Somebody who is logged in to the portal."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def page(self, path: str, status: int = 200) -> str:
        """A page."""
        async with self._session.get(path, headers={"Accept": "text/html"}) as answer:
            assert answer.status == status, await answer.text()
            return unescape(await answer.text())

    async def send(self, path: str, status: int = 200, file: bytes | None = None, **fields: Any) -> str:
        """A form of a page with its token; the page that it leads to."""
        token = re.search(r'name="form_token" value="([^"]+)"', await self.page(path if status != 404 else "/"))
        form = aiohttp.FormData({**fields, "form_token": token[1] if token else ""})
        if file is not None:
            form.add_field("file", file, filename="mine.csr")
        async with self._session.post(path, data=form, headers={"Accept": "text/html"}) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return unescape(text)


@asynccontextmanager
async def logged_in(platform: Platform, *powers: str, company: str | None = None) -> AsyncIterator[Browser]:
    """A new user with these powers; with a company, of the supplier alone."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    user = User(
        name=NAME,
        password_hash=cheap.hash(PASSWORD),
        powers=powers,
        company=company,
        dip_ids=(DipId(SUPPLIER),) if company else None,
        made_at=platform.dip.clock.wall(),
        author="test",
    )
    await platform.dip.store.users.save_user(user)
    if company:
        known = platform.dip.participants
        supplier = known.value.get(DipId(SUPPLIER))
        assert supplier is not None
        people = [msgspec.structs.replace(supplier, company=company), *(one for one in known.value if one != supplier)]
        known.value = Participants(people, known.value.certificates())
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(platform.dip.portal_url, cookie_jar=jar) as session:
        async with session.post("/login", data={"name": NAME, "password": PASSWORD}, allow_redirects=False) as answer:
            assert answer.status == 303
        yield Browser(session)


def fingerprints(page: str) -> list[str]:
    """Of every certificate on a page, in order."""
    return re.findall(r'class="fingerprint"[^>]*>([0-9a-f]{64})<', page)


@pytest.mark.requirement("FS-57", "FS-68")
async def test_a_signing_request_becomes_a_certificate_pasted_or_as_a_file(serve: Serve) -> None:
    async with serve() as platform, logged_in(platform, "certificates") as browser:
        for brought in ("pasted", "file"):
            csr = signing_request(new_tls_key(), SUPPLIER)
            given: dict[str, Any] = {"csr": csr.decode()} if brought == "pasted" else {}
            page = await browser.send(PAGE, file=csr if brought == "file" else b"", **given, use="tls", do="issue")
            assert "The certificate for tls is issued" in page
            assert "tls.key" not in page
        page = await browser.page(PAGE)
        assert page.count(">overlapping<") == 2
        (folder,) = (platform.dip.directory / "participants").glob(SUPPLIER)
        assert not (folder / "tls.key").exists()


@pytest.mark.requirement("FS-57", "FS-68")
async def test_a_key_that_the_dip_makes_is_offered_once(serve: Serve) -> None:
    async with serve() as platform, logged_in(platform, "certificates") as browser:
        page = await browser.send(PAGE, use="signing", do="make")
        found = re.search(r'href="data:application/x-pem-file;base64,([^"]+)" download="signing.key"', page)
        assert found is not None
        key = load_pem_private_key(base64.b64decode(found[1]), None)
        (folder,) = (platform.dip.directory / "participants").glob(SUPPLIER)
        certificate = x509.load_pem_x509_certificate((folder / "signing.pem").read_bytes())
        assert key.public_key() == certificate.public_key()
        assert "PRIVATE KEY" not in await browser.page(PAGE)
        assert "PRIVATE KEY" not in platform.log.getvalue()
        kept = await browser.send(PAGE, use="dip-encryption", do="make")
        assert "The certificate for dip-encryption is issued" in kept
        assert "PRIVATE KEY" not in kept


@pytest.mark.requirement("FS-57", "FS-68")
async def test_a_certificate_is_revoked_after_a_second_click_and_stands_there_as_revoked(serve: Serve) -> None:
    async with serve() as platform, logged_in(platform, "certificates") as browser:
        page = await browser.page(PAGE)
        first = fingerprints(page)[0]
        assert "There is no way back" in page
        page = await browser.send(PAGE, do=f"revoke {first}")
        assert ">revoked<" in page
        assert "revocation list" in page
        again = await browser.send(PAGE, status=404, do=f"revoke {'0' * 64}")
        assert "has no certificate with this fingerprint" in again
        async with aiohttp.ClientSession() as session, session.get(f"{platform.dip.portal_url}/crl") as answer:
            assert len(x509.load_der_x509_crl(await answer.read())) == 1


@pytest.mark.requirement("FS-57")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"use": "tls", "do": "issue"}, "Paste a signing request"),
        ({"use": "tls", "do": "issue", "csr": "nonsense"}, "No certificate signing request in PEM form"),
        ({"use": "everything", "do": "make"}, "expected one of the uses"),
    ],
)
async def test_what_can_not_be_issued_is_explained_on_the_page(serve: Serve, fields: dict[str, Any], said: str) -> None:
    async with serve() as platform, logged_in(platform, "certificates") as browser:
        assert said in await browser.send(PAGE, status=400, **fields)


@pytest.mark.requirement("FS-57", "FS-58")
async def test_a_certificate_is_downloaded(serve: Serve) -> None:
    async with serve() as platform, logged_in(platform, "support") as browser:
        first = fingerprints(await browser.page(PAGE))[0]
        text = await browser.page(f"{PAGE}/{first}.pem")
        assert len(x509.load_pem_x509_certificates(text.encode())) == 2
        assert await browser.page("/certificates/ca.pem") == (platform.dip.directory / "ca.pem").read_text()
        await browser.page(f"/participants/{OTHER}/certificates/{first}.pem", status=404)
        assert 'name="do"' not in await browser.page(PAGE)


@pytest.mark.requirement("FS-58", "FS-68")
async def test_all_certificates_are_listed_by_their_end_and_filtered(serve: Serve) -> None:
    async with serve() as platform, logged_in(platform, "certificates") as browser, desk(platform) as office:
        count = len((await office.ask("certificates"))["items"])
        assert count == 4 * (len(platform.dip.participants.value) - 1)
        page = await browser.page("/certificates")
        assert f"{count} certificates" in page
        assert "After these" in page
        assert "4 certificates" in await browser.page(f"/certificates?holder={SUPPLIER}")
        assert "1 certificate," in await browser.page(f"/certificates?holder={SUPPLIER}&use=tls")
        assert "No certificate fits" in await browser.page("/certificates?state=revoked")
        first = await office.ask("certificates?limit=3")
        second = await office.ask(f"certificates?limit=3&next={first['next']}")
        listed = [(one["notAfter"], one["fingerprint"]) for one in first["items"] + second["items"]]
        assert listed == sorted(listed)
        assert len(set(listed)) == 6
        for wrong in ("state=good", "use=all", "limit=0", "next=x"):
            assert (await office.ask(f"certificates?{wrong}", 400))["code"] == "bad_request"
        issuing, root = (await office.ask("platform/authority"))["items"][::-1]
        assert issuing["fingerprint"] in page
        assert root["fingerprint"] in page


@pytest.mark.requirement("FS-58", "FS-68")
async def test_the_dips_own_are_renewed_by_a_button_and_the_earlier_revoked(serve: Serve) -> None:
    async with serve() as platform, logged_in(platform, "certificates") as browser, desk(platform) as office:
        before = {one["use"]: one["fingerprint"] for one in (await office.ask("platform/certificates"))["items"]}
        page = await browser.send("/certificates", do="renew signing")
        assert "The DIP uses its new certificate" in page
        assert page.count(">in use<") == 2
        refused = await browser.send("/certificates", status=409, do=f"revoke {before['tls']}")
        assert "Renew it first" in refused
        assert "The earlier certificate is revoked" in await browser.send(
            "/certificates", do=f"revoke {before['signing']}"
        )


@pytest.mark.requirement("FS-57", "FS-58")
async def test_a_company_manages_the_certificates_of_its_own_alone(serve: Serve) -> None:
    async with serve() as platform, logged_in(platform, "company-certificates", company="01234567") as browser:
        assert "Make key and certificate" in await browser.page(PAGE)
        assert "is issued" in await browser.send(PAGE, use="tls", do="make")
        await browser.page(f"/participants/{OTHER}/certificates", status=404)
        await browser.send(f"/participants/{OTHER}/certificates", status=404, use="tls", do="make")
        page = await browser.page("/certificates")
        assert "5 certificates" in page
        assert OTHER not in page
        assert "The DIP's own" not in page
        await browser.send("/certificates", status=403, do="renew tls")
        await browser.page("/participants/0000000001/certificates", status=404)


@pytest.mark.requirement("FS-57", "FS-68")
async def test_what_expires_soon_is_said_on_top_of_the_page(serve: Serve) -> None:
    async with serve(certificate_warning_days="400") as platform, logged_in(platform, "support") as browser:
        page = await browser.page(PAGE)
        assert page.count("nothing follows it") == 4
        assert page.count(">expires soon<") == 4
