"""Users of a whole server: the first administrator, client certificates over TLS, MPANs."""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dip.messages.identifiers import DipId
from tests.conftest import Serve
from tests.support.platform import Platform

EVERYWHERE = str(IPv4Address(0))
"""An address to listen on that is not loopback, so that the portal speaks HTTPS."""
PAGE = {"Accept": "text/html"}
SUPPLIER = "2300000001"
NEW = "quite another word"


@asynccontextmanager
async def browser(
    platform: Platform, *, certificate: tuple[Path, Path] | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser; certificate: the one that it shows, and its key."""
    context = ssl.create_default_context(cafile=platform.dip.directory / "ca.pem")
    if certificate is not None:
        context.load_cert_chain(*certificate)
    url = platform.dip.portal_url.replace(EVERYWHERE, "127.0.0.1")
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(url, connector=connector, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


@asynccontextmanager
async def office(platform: Platform) -> AsyncIterator[aiohttp.ClientSession]:
    """The administration API by its token."""
    token = (platform.dip.directory / "admin.token").read_text()
    async with browser(platform) as session:
        session.headers["Authorization"] = f"Bearer {token}"
        yield session


async def log_in(session: aiohttp.ClientSession, name: str, password: str) -> int:
    async with session.post("/login", data={"name": name, "password": password}, allow_redirects=False) as answer:
        return answer.status


async def form_token(session: aiohttp.ClientSession) -> str:
    async with session.get("/account/password", headers=PAGE) as answer:
        found = re.search(r'name="form_token" value="([^"]+)"', await answer.text())
        assert found is not None
        return found[1]


@pytest.mark.requirement("FS-67")
async def test_the_first_administrators_password_is_changed_and_its_file_goes(serve: Serve) -> None:
    async with serve() as platform, browser(platform) as session:
        file = platform.dip.directory / "admin.password"
        assert await log_in(session, "admin", file.read_text()) == 303
        async with session.get("/messages", headers=PAGE, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/account/password")
        form = {"form_token": await form_token(session), "old": file.read_text(), "new": NEW, "again": NEW}
        async with session.post("/account/password", data=form, allow_redirects=False) as answer:
            assert answer.status == 303
        assert not file.exists()
        async with session.get("/messages", headers=PAGE, allow_redirects=False) as answer:
            assert answer.status == 200
    async with serve() as platform, browser(platform) as session:
        assert not (platform.dip.directory / "admin.password").exists()
        assert await log_in(session, "admin", NEW) == 303


@pytest.mark.requirement("FS-50")
async def test_an_mpan_is_shown_to_those_alone_who_are_responsible_for_it(serve: Serve) -> None:
    async with serve() as platform, office(platform) as token:
        companies = {one.dip_id: one.company for one in platform.dip.participants.value}
        # The supplier now, the one until 2026, and a registration service of other MPANs.
        for dip_id, expected in ((SUPPLIER, 200), ("2300000002", 404), ("2200000002", 404)):
            order = {"name": f"of-{dip_id}", "powers": ["read-only"], "company": companies[DipId(dip_id)]}
            async with token.post("/admin/api/users", json=order) as made:
                password = (await made.json())["password"]
            async with browser(platform) as session:
                assert await log_in(session, f"of-{dip_id}", password) == 303
                change = {"form_token": await form_token(session), "old": password, "new": NEW, "again": NEW}
                async with session.post("/account/password", data=change, allow_redirects=False) as answer:
                    assert answer.status == 303
                async with session.get("/admin/api/mpans/2000056535971") as answer:
                    assert answer.status == expected, dip_id


def signing_request(folder: Path) -> tuple[str, Path]:
    """A signing request (PEM), and the file of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    file = folder / "user.key"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return request.public_bytes(Encoding.PEM).decode(), file


@pytest.mark.requirement("FS-67")
async def test_a_client_certificate_logs_its_user_in_until_it_is_revoked(serve: Serve, tmp_path: Path) -> None:
    async with (
        serve(host=EVERYWHERE, portal_client_certificates=True) as platform,
        office(platform) as token,
    ):
        async with token.post("/admin/api/users", json={"name": "pat", "powers": ["support"]}) as answer:
            password = (await answer.json())["password"]
        csr, key = signing_request(tmp_path)
        async with token.post("/admin/api/users/pat/certificate", json={"csr": csr}) as answer:
            assert answer.status == 201, await answer.text()
            made = await answer.json()
        chain = tmp_path / "user.pem"
        chain.write_text(made["pem"])
        common_name = x509.load_pem_x509_certificate(made["pem"].encode()).subject.rfc4514_string()
        assert "CN=pat" in common_name
        async with browser(platform, certificate=(chain, key)) as session:
            async with session.get("/login?next=/docs", allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/docs")
                cookie = answer.headers["Set-Cookie"]
                assert "Secure" in cookie and "HttpOnly" in cookie
            async with session.get("/admin/api/messages") as answer:
                assert answer.status == 403, "the password is still one that others know"
            change = {"form_token": await form_token(session), "old": password, "new": NEW, "again": NEW}
            async with session.post("/account/password", data=change, allow_redirects=False) as answer:
                assert answer.status == 303
        async with browser(platform, certificate=(chain, key)) as session:
            async with session.get("/messages", headers=PAGE) as answer:
                assert (answer.status, answer.url.path) == (200, "/messages")
            async with session.post(
                "/logout", data={"form_token": await form_token(session)}, allow_redirects=False
            ) as answer:
                assert answer.headers["Location"] == "/login?out=1"
            async with session.get("/login?out=1", headers=PAGE, allow_redirects=False) as answer:
                assert answer.status == 200
            async with session.get("/messages", headers=PAGE) as answer:
                assert answer.url.path == "/messages"
            async with token.patch("/admin/api/users/pat", json={"certificate": None}) as answer:
                assert answer.status == 200
            async with session.get("/messages", headers=PAGE) as answer:
                assert answer.url.path == "/login"
        async with token.patch("/admin/api/users/pat", json={"certificate": made["fingerprint"]}) as answer:
            assert answer.status == 200
        async with (
            browser(platform, certificate=(chain, key)) as session,
            session.get("/login", headers=PAGE) as answer,
        ):
            assert answer.url.path == "/login", "it was revoked when it was taken away"


@pytest.mark.requirement("FS-67")
async def test_a_participants_certificate_logs_in_a_user_of_its_company(serve: Serve) -> None:
    async with (
        serve(host=EVERYWHERE, portal_client_certificates=True) as platform,
        office(platform) as token,
    ):
        participants = platform.dip.participants.value
        folder = platform.dip.directory / "participants" / SUPPLIER
        certificate = x509.load_pem_x509_certificate((folder / "tls.pem").read_bytes())
        fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":")
        company = next(one.company for one in participants if one.dip_id == SUPPLIER)
        order = {"name": "kes", "powers": ["company-messages"], "company": company, "certificate": fingerprint}
        async with token.post("/admin/api/users", json={**order, "company": "09000002"}) as answer:
            assert answer.status == 400
        async with browser(platform, certificate=(folder / "tls.pem", folder / "tls.key")) as session:
            async with session.get("/login", headers=PAGE, allow_redirects=False) as answer:
                assert answer.status == 200, "it is nobody's yet"
            async with token.post("/admin/api/users", json=order) as answer:
                assert answer.status == 201
            async with session.get("/login", headers=PAGE, allow_redirects=False) as answer:
                assert answer.status == 303
            url = f"/admin/api/participants/{SUPPLIER}/certificates/{fingerprint.replace(':', '')}"
            async with token.delete(url) as answer:
                assert answer.status == 200
            async with session.get("/account/password", headers=PAGE, allow_redirects=False) as answer:
                assert answer.status == 303
                assert answer.headers["Location"].startswith("/login")


@pytest.mark.requirement("FS-67")
async def test_nobody_is_asked_for_a_certificate_unless_the_setting_says_so(serve: Serve) -> None:
    async with serve(host="0.0.0.0") as platform:  # noqa: S104 - HTTPS beside loopback alone
        folder = platform.dip.directory / "participants" / SUPPLIER
        async with (
            browser(platform, certificate=(folder / "tls.pem", folder / "tls.key")) as session,
            session.get("/login", headers=PAGE, allow_redirects=False) as answer,
        ):
            assert answer.status == 200
