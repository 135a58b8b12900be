"""`python run.py registration serve`: a process of its own over a real data directory, called as the DIP calls it."""

import io
import json
import re
from pathlib import Path

import pytest

from dip.ground.log import make_log
from dip.messages.identifiers import DIP, DipId
from dip.registration.errors import RegistrationServiceFailed
from dip.registration.service_certificate import service_refusal
from dip.registration.service_client import PulledPage, RegistrationServiceClient
from dip.security.keys import from_der, to_pem
from dip.security.pki import CertificateUse
from dip.security.tls import client_context
from tests.conftest import Serve
from tests.support.platform import Platform
from tests.support.process import ROOT, finished, started

SERVICE, OTHER, SUPPLIER = "2200000001", "2200000002", "2300000001"
SEED = ROOT / "data" / "seed" / "mpans.csv"
pytestmark = pytest.mark.requirement("FS-35")


async def pull(platform: Platform, url: str, service: str = SERVICE) -> list[PulledPage]:
    """Every page, asked for as the platform asks: with its own client certificate."""
    dip = platform.dip
    root = (dip.directory / "ca.pem").read_bytes()
    (held,) = (
        one
        for one in dip.participants.value.certificates()
        if one.holder == DIP and one.use is CertificateUse.TLS and one.private_key
    )
    tls = client_context(held.pem.encode(), to_pem(from_der(held.private_key or b"")), root)
    refusal = service_refusal(dip.participants, DipId(service), clock=dip.clock, environment=dip.settings.environment)
    client = RegistrationServiceClient(
        DipId(service), url, tls=tls, refusal=refusal, settings=dip.settings, log=make_log(io.StringIO())
    )
    async with client:
        return [page async for page in client.pages(limit=10)]


async def test_the_dip_pulls_from_the_service_that_a_command_serves(serve: Serve) -> None:
    async with serve() as platform:
        folder = platform.dip.directory / "participants" / SERVICE
        options = "--participant", folder, "--file", SEED, "--fault", "503:every=3,retry-after=0", "--delay-ms", "1"
        async with started("registration", "serve", *options) as running:
            ready = await running.ready()
            pages = await pull(platform, ready["url"])
            with pytest.raises(RegistrationServiceFailed, match=f"is of {SERVICE}, not of {OTHER}"):
                await pull(platform, ready["url"], OTHER)
            ended = await running.stop()
    assert (ended.code, ended.stderr) == (0, "")
    told = [one.mpan for page in pages for one in page.page.mpans]
    seeded = {line.partition(",")[0] for line in SEED.read_text().splitlines()[1:]}
    assert told == sorted(seeded)
    assert ready["mpans"] == len(seeded)


async def test_who_is_no_registration_service_is_not_asked(serve: Serve) -> None:
    async with serve() as platform:
        folder = platform.dip.directory / "participants" / SUPPLIER
        async with started("registration", "serve", "--participant", folder, "--file", SEED) as running:
            ready = await running.ready()
            with pytest.raises(RegistrationServiceFailed, match=f"{SUPPLIER} does not hold the role REGS"):
                await pull(platform, ready["url"], SUPPLIER)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--participant", "FOLDER", "--file", "none.csv"), "none.csv can't be read: No such file"),
        (("--participant", "FOLDER", "--file", "bad.csv"), "line 2: expected 13 digits"),
        (("--participant", "nobody", "--file", str(SEED)), "tls.pem can't be read"),
        (("--participant", "FOLDER", "--file", str(SEED), "--ca", "bad.csv"), "can't be used together"),
        (("--participant", "FOLDER", "--file", str(SEED), "--fault", "never"), "expected KIND:every=N"),
        (("--participant", "FOLDER", "--file", str(SEED), "--host", "192.0.2.1"), "Can't listen on 192.0.2.1"),
    ],
)
async def test_what_can_not_be_served_ends_with_2_and_one_sentence(
    laid_out: Path, tmp_path: Path, words: tuple[str, ...], reason: str
) -> None:
    (tmp_path / "bad.csv").write_text("mpan,role,dip_id,effective_from,effective_to\nx\n")
    folder = laid_out / "participants" / SERVICE
    arguments = [str(folder) if word == "FOLDER" else word for word in words]
    ended = await finished("registration", "serve", *arguments, directory=tmp_path)
    assert (ended.code, ended.stdout) == (2, "")
    assert reason in ended.stderr and "Traceback" not in ended.stderr
    assert json.dumps(ended.stderr).count("\\n") == 1 and not re.search("[0-9]{13}", ended.stderr)
