"""A small environment: an authority, the DIP, two registration services, and files that they serve."""

import gzip
import os
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dip.ground.clock import Clock
from dip.messages.identifiers import DIP
from dip.security.pki import Authority, CertificateUse
from dip.security.tls import client_context
from dip.simulation.appointment_files import AppointmentFile, AppointmentFiles
from dip.simulation.registration_faults import RegistrationFault, RegistrationFaults
from dip.simulation.registration_service import RegistrationService, service_tls

SERVICE = "2200000001"
HEAD = "mpan,role,dip_id,effective_from,effective_to\n"
Row = tuple[int, str, str, str, str]
Serve = Callable[..., AbstractAsyncContextManager[RegistrationService]]


def mpan(number: int) -> str:
    """The nth invented MPAN."""
    return f"{2_000_000_000_000 + number * 7:013}"


def rows(first: int, last: int) -> str:
    """Rows of two appointments for each of some MPANs, with their head."""
    lines = [
        f"{mpan(number)},{role},2300000001,2024-01-01,{'' if role == 'SUP' else '2025-01-01'}\n"
        for number in range(first, last)
        for role in ("SUP", "MSS")
    ]
    return HEAD + "".join(lines)


class Environment:
    """Certificates under one root, and folders in the form of the contract."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.authority = Authority.create("DEV", Clock().wall())
        (directory / "ca.pem").write_bytes(self.authority.root_pem)
        self.folder = directory / "participants" / SERVICE
        self.folder.mkdir(parents=True)
        chain, key = self.issued(SERVICE)
        (self.folder / "tls.pem").write_bytes(chain)
        (self.folder / "tls.key").write_bytes(key)

    def issued(self, subject: str, authority: Authority | None = None) -> tuple[bytes, bytes]:
        """A certificate with its chain, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = authority or self.authority
        leaf = issuer.issue(
            CertificateUse.TLS, subject, key.public_key(), now=Clock().wall(), names=("localhost", "127.0.0.1")
        )
        return issuer.chain(leaf), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def calling(self, subject: str = DIP, authority: Authority | None = None) -> ssl.SSLContext:
        """The TLS context of a caller."""
        return client_context(*self.issued(subject, authority), self.authority.root_pem)

    def file(self, name: str, text: str, recorded_at: float | None = None) -> Path:
        """A file of appointments; packed where its name says so."""
        path = self.directory / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        if recorded_at is not None:
            os.utime(path, (recorded_at, recorded_at))
        return path


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment"))


@pytest.fixture
def serve(environment: Environment) -> Serve:
    """A registration service over files, in this process: `async with serve(path, faults=["503:every=2"])`."""

    @asynccontextmanager
    async def started(*paths: Path, faults: Sequence[str] = (), **options: Any) -> AsyncIterator[RegistrationService]:
        files = AppointmentFiles([AppointmentFile(path) for path in paths])
        tls, name = service_tls(environment.folder)
        chosen = RegistrationFaults([RegistrationFault.read(one) for one in faults])
        async with AsyncExitStack() as stack:
            stack.callback(files.close)
            service = RegistrationService(files, tls, environment=name, clock=Clock(), faults=chosen, **options)
            yield await stack.enter_async_context(service)

    return started


@pytest.fixture
async def session(environment: Environment) -> AsyncIterator[aiohttp.ClientSession]:
    """Calls as the DIP makes them."""
    connector = aiohttp.TCPConnector(ssl=environment.calling())
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as made:
        yield made
