"""Keys of either kind do for every use: the algorithm follows from the key (contract, Messages; 8.4)."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from dip.participants.files import SECRET, write_file
from dip.security.certificate_requests import signing_request
from dip.security.keys import PrivateKey, to_pem
from dip.security.pki import CertificateUse
from tests.conftest import Serve
from tests.integration.duties.desk import Desk, desk
from tests.support.platform import Platform, sample

SUPPLIER, REGISTRATION = "2300000001", "2200000001"
KINDS: dict[str, Callable[[], PrivateKey]] = {
    "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA 3072": lambda: rsa.generate_private_key(65537, 3072),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
}


async def bring(platform: Platform, office: Desk, holder: str, kind: str) -> None:
    """Have a participant use keys of a kind for everything that it has keys for."""
    folder = platform.dip.directory / "participants" / holder
    for use in (CertificateUse.TLS, CertificateUse.SIGNING, CertificateUse.ENCRYPTION):
        key = KINDS[kind]()
        order = {"use": use.value, "csr": signing_request(key, holder).decode()}
        made = await office.do(f"participants/{holder}/certificates", order, 201)
        assert made["key"] == kind
        write_file(folder / f"{use.value}.key", to_pem(key), SECRET)


@pytest.mark.requirement("FS-06", "FS-07", "FS-68")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_goes_from_key_to_key(serve: Serve, kind: str) -> None:
    async with serve() as platform, desk(platform) as office:
        for holder in (SUPPLIER, REGISTRATION):
            await bring(platform, office, holder, kind)
        webhook = await platform.listener(REGISTRATION, "IF-031")
        supplier = await platform.client(SUPPLIER)
        message = sample("if-031")
        assert (await supplier.send("IF-031", [message])).all_accepted
        received = await webhook.next(10)
        assert received.encrypted
        assert received.custom == message["payload"]["CustomBlock"]


@pytest.mark.requirement("FS-68")
async def test_an_encryption_renewal_overlaps_in_both_directions(serve: Serve) -> None:
    """What was encrypted to the earlier key of the DIP is still opened; what goes out is encrypted to the newest."""
    async with serve() as platform, desk(platform) as office:
        supplier = await platform.client(SUPPLIER)
        webhook = await platform.listener(REGISTRATION, "IF-031")
        await office.do(f"participants/{SUPPLIER}/certificates/renew", {"use": "dip-encryption"}, 201)
        await office.do(f"participants/{REGISTRATION}/certificates/renew", {"use": "encryption"}, 201)
        assert (await supplier.send("IF-031", [sample("if-031")])).all_accepted
        await webhook.next(10)
        renewed = await platform.client(SUPPLIER)
        assert (await renewed.send("IF-031", [sample("if-031")])).all_accepted
        await webhook.next(10)
